"""Posts an alert that tells of nothing, the way that real ones go, to see whether they would arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import discord

from bot.kit.integration import State
from bot.monitors.messenger import ChannelRefusedError, Notice, NotSentError
from bot.runtime.alert_messages import AlertMessages
from bot.services.watching import Incident, Kind
from bot.ui.components import Interaction, guild_of

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.alerts import Route


class Trial(NamedTuple):
    """What became of it. link: to the message, empty where there is none.

    refused: ``forbidden``, ``not_found`` or ``unsent``, empty where it was posted.
    """

    link: str = ""
    refused: str = ""


async def post_trial(interaction: Interaction, bot: PatchbayBot, route: Route) -> Trial:
    """Post one where the route leads, and mention whom it names."""
    guild_id = guild_of(interaction)
    texts = _texts(bot, guild_id)
    incident = Incident(
        guild_id=guild_id,
        number=0,
        kind=Kind.INTEGRATION,
        provider=next(iter(bot.providers)),
        id="test",
        connection="",
        label=texts("alerts.test.label"),
        state=State.DISCONNECTED,
        detail="",
        opened_at=int(interaction.created_at.timestamp()),
    )
    notice = Notice(route.channel_id, incident, None, route.role_id, texts("alerts.test.reference"))
    try:
        message_id = await _TrialMessages(bot, interaction.user.id).post(notice)
    except ChannelRefusedError as refused:
        return Trial(refused=refused.why)
    except NotSentError:
        return Trial(refused="unsent")
    return Trial(link=f"https://discord.com/channels/{guild_id}/{route.channel_id}/{message_id}")


class _TrialMessages(AlertMessages):
    """Messages that say that they are a test, and whose buttons are there to be seen."""

    def __init__(self, bot: PatchbayBot, member_id: int) -> None:
        super().__init__(bot)
        self._member_id = member_id

    def _shown(self, notice: Notice) -> tuple[discord.Embed, discord.ui.View]:
        embed, view = super()._shown(notice)
        texts = _texts(self._bot, notice.incident.guild_id)
        embed.description = texts("alerts.test.message", member=f"<@{self._member_id}>")
        for child in view.children:
            button = child.item if isinstance(child, discord.ui.DynamicItem) else child
            if isinstance(button, discord.ui.Button):
                button.disabled = True
        return embed, view


def _texts(bot: PatchbayBot, guild_id: int) -> Texts:
    """Return the texts in the server's language: whoever reads an alert has not asked for it."""
    guild = bot.get_guild(guild_id)
    return bot.catalog["" if guild is None else guild.preferred_locale.value]
