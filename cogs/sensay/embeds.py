"""What ``/sensay`` replies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord

from bot.ui.components import view_of
from bot.ui.discord_token import PORTAL, application_id, invite_link
from bot.ui.text import code, quoted
from bot.ui.theme import Field, Tone, card

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.kit.integration import Choice


def connected(
    replica: Choice, token: str, guild_id: int, texts: Texts
) -> tuple[discord.Embed, discord.ui.View]:
    """Say that Sensay took the token, what happens now, and how the bot gets into the server."""
    application = application_id(token)
    invite = None if application is None else invite_link(application, guild_id)
    name = [quoted(replica.label)] if replica.label != replica.id else []
    embed = card(
        Tone.GOOD,
        texts("sensay.connect.done"),
        texts("sensay.connect.done_how"),
        fields=[
            Field(texts("sensay.replica"), "\n".join([*name, code(replica.id)])),
            Field(texts("sensay.connect.what_next"), texts("sensay.connect.what_next_text")),
            Field(
                texts("next_step"),
                texts("sensay.connect.invite", link=invite, portal=PORTAL)
                if invite
                else texts("sensay.connect.invite_by_hand", portal=PORTAL),
            ),
        ],
        footer=texts("sensay.connect.footer"),
    )
    link: discord.ui.Button[discord.ui.View] = discord.ui.Button(
        label=texts("sensay.connect.invite_button" if invite else "sensay.connect.portal_button"),
        url=invite or PORTAL,
    )
    return embed, view_of(link)
