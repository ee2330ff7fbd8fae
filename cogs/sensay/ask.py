"""``/sensay ask``: a question to a replica, and how long the answer took."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING, Final

import discord

from bot.providers.sensay import SensayProvider
from bot.ui.text import quoted, quoted_lines
from bot.ui.theme import Field, Tone, card
from cogs.sensay.choice import chosen_replica

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.i18n.catalog import Texts
    from bot.kit.integration import Choice
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection
    from bot.ui.components import Interaction

LONGEST_QUESTION: Final = 2000
ANSWER_SHOWN: Final = 3500
"""UTF-16 units; an embed has 6,000 in all."""
ANSWER_ATTACHED: Final = 1024 * 1024
"""Bytes of an answer that is too long to be shown."""
_QUESTION_SHOWN: Final = 500
_FILE: Final = "answer.txt"


async def answer_of(
    interaction: Interaction,
    bot: PatchbayBot,
    connection: Connection,
    replica: str,
    message: str,
    *,
    keep: bool,
) -> tuple[discord.Embed, discord.ui.View, Sequence[discord.File]]:
    """Ask, and show the answer; an answer that does not fit is also attached.

    Raises InvalidInputError("replica"), ProviderError and RestartingError.
    """
    chosen = chosen_replica(bot, connection, replica)
    client = bot.provider(SensayProvider).client(connection.credentials)
    began = time.monotonic()
    completion = await bot.unless_stopping(client.ask(chosen.id, message, _where(interaction), keep=keep))
    seconds = time.monotonic() - began
    texts = bot.catalog[interaction.locale.value]
    embed, files = show(chosen, message, completion.content, texts, seconds=seconds, kept=keep)
    return embed, discord.utils.MISSING, files


def show(
    replica: Choice, question: str, answer: str, texts: Texts, *, seconds: float, kept: bool
) -> tuple[discord.Embed, Sequence[discord.File]]:
    """Return the reply, and the file with the whole answer; none where the reply has all of it."""
    shown, complete = quoted_lines(answer, ANSWER_SHOWN)
    files = []
    if not complete:
        whole = answer.encode(errors="replace")
        capped = len(whole) > ANSWER_ATTACHED
        shown += "\n\n" + texts("sensay.ask.cut_twice" if capped else "sensay.ask.cut", file=_FILE)
        # A character cut in half at the end is left out.
        attached = whole[:ANSWER_ATTACHED].decode(errors="ignore").encode()
        files.append(discord.File(io.BytesIO(attached), _FILE))
    embed = card(
        Tone.GOOD if shown else Tone.WARNING,
        texts("sensay.ask.done" if shown else "sensay.ask.empty", replica=quoted(replica.label, 100)),
        shown or texts("sensay.ask.empty_why"),
        fields=[
            Field(texts("sensay.ask.question"), quoted_lines(question, _QUESTION_SHOWN)[0]),
            Field(
                texts("sensay.ask.took"),
                texts("sensay.ask.seconds", seconds=texts.number(seconds, 1)),
                inline=True,
            ),
            Field(
                texts("sensay.ask.history"),
                texts("sensay.ask.kept" if kept else "sensay.ask.not_kept"),
                inline=True,
            ),
            Field(texts("next_step"), texts("sensay.ask.next" if shown else "sensay.ask.empty_next")),
        ],
        symbol="💬" if shown else None,
    )
    return embed, files


def _where(interaction: Interaction) -> Mapping[str, str]:
    """Return what Sensay wants to know of a message in Discord; a command has none, but an id of its own."""
    guild = interaction.guild
    return {
        "channel_id": str(interaction.channel_id or ""),
        "channel_name": str(getattr(interaction.channel, "name", None) or ""),
        "author_id": str(interaction.user.id),
        "author_name": interaction.user.display_name,
        "message_id": str(interaction.id),
        "created_at": interaction.created_at.isoformat(),
        "server_id": str(interaction.guild_id or ""),
        "server_name": "" if guild is None else guild.name,
    }
