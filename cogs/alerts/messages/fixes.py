"""Says what to do about an incident, with a link to the place where that is done."""

from typing import Final

import discord

from bot.discord.access.agent_bots import bot_page, invite_link, permission_names
from bot.discord.diagnosis import DIAGNOSE
from bot.errors import ErasedSecretError, UnreadableSecretError
from bot.features.alerts.incident_store import Incident, Kind
from bot.features.monitoring.access import Access, AccessKind
from bot.i18n.catalog import Texts
from bot.providers.base.gateway_errors import known_code
from bot.providers.base.integration import State
from cogs.alerts.messages.rendering import AgentBot, Rendering
from cogs.monitoring.formatting import fix, provider_name

_CHANNEL_PERMISSIONS: Final = discord.Permissions(
    view_channel=True, send_messages=True, read_message_history=True
)


def fix_of(incident: Incident, rendering: Rendering) -> str:
    """Return what to do about an open incident."""
    texts, providers = rendering.texts, rendering.services.providers
    provider = provider_name(incident, providers)
    if incident.kind == Kind.PROVIDER:
        return texts("alerts.message.next_provider", provider=provider)
    if needs_credentials(incident):
        button = texts(_ROTATE)
        return texts("alerts.message.next_rotate", button=button, provider=provider)
    general = fix(incident, texts, providers)
    if incident.kind == Kind.CONNECTION:
        return general or texts("alerts.message.next_connection")
    bot = rendering.bot_of(incident)
    linked = _by_access(incident, bot, rendering) or _by_code(incident, bot, texts)
    return linked or general or texts("alerts.message.next_diagnose", button=texts(DIAGNOSE))


def shared_fix_of(incident: Incident, rendering: Rendering) -> str:
    """Return what to do about an open incident without its own buttons; empty if it takes one of them."""
    found = fix_of(incident, rendering)
    # Every text that names a button has its label in bold.
    own = (f"**{rendering.texts(key)}**" for key in (DIAGNOSE, _ROTATE))
    return "" if any(each in found for each in own) else found


_ROTATE: Final = "connections.rotate.button"
"""The key of the label of the button for new credentials."""


def needs_credentials(incident: Incident) -> bool:
    """Tell whether the incident is about a connection that new credentials would repair."""
    is_unreadable = incident.detail in {UnreadableSecretError.key, ErasedSecretError.key}
    return incident.kind == Kind.CONNECTION and (incident.state == State.ERROR or is_unreadable)


def _by_access(incident: Incident, bot: AgentBot, rendering: Rendering) -> str:
    access = Access.of(incident.detail) if incident.state in {State.BLOCKED, State.CONNECTED} else None
    return "" if access is None else fix_of_access(access, bot, rendering.guild_id, rendering.texts)


def fix_of_access(access: Access, bot: AgentBot, guild_id: int, texts: Texts) -> str:
    """Say how an agent is let in that Discord keeps from answering; nothing where its bot is not known."""
    if access.kind is AccessKind.ABSENT and bot.application_id is not None:
        return texts("alerts.fix.absent", link=invite_link(bot.application_id, guild_id))
    if bot.user_id is None:
        return ""
    member = f"<@{bot.user_id}>"
    if access.kind is AccessKind.TIMED_OUT:
        return texts("alerts.fix.timed_out", bot=member)
    if access.kind in {AccessKind.NO_CHANNEL, AccessKind.USABLE}:
        permissions = permission_names(_CHANNEL_PERMISSIONS, texts)
        return texts(f"alerts.fix.{access.kind}", bot=member, permissions=permissions)
    return ""


def _by_code(incident: Incident, bot: AgentBot, texts: Texts) -> str:
    """Say what to do about an error of which the provider's texts know the cause."""
    known = known_code(incident.detail) if incident.state in {State.ERROR, State.DISCONNECTED} else None
    if known is None:
        return ""
    page = bot_page(bot.application_id)
    return texts.find(f"{incident.provider}.code.{known}.step", page=page, button=texts(DIAGNOSE)) or ""
