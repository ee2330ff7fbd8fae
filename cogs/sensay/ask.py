"""``/sensay ask``: a question to a replica, and how long the answer took."""

import io
import time
from collections.abc import Mapping, Sequence
from typing import Final

import discord

from bot.discord.context import Context
from bot.discord.text import plain, quoted, quoted_lines
from bot.discord.theme import MAX_NAME_ON_CARD, Field, Tone, notice
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from bot.providers.base.integration import Choice
from cogs.sensay.replica import chosen_replica, client_of

MAX_QUESTION: Final = 2000
MAX_SHOWN: Final = 3500
"""UTF-16 units of an answer that the embed shows; an embed has 6,000 in all."""
MAX_ATTACHED: Final = 1024 * 1024
"""Bytes of an answer that is too long to be shown."""
_MAX_QUESTION_SHOWN: Final = 500
_FILE: Final = "answer.txt"


async def answer_of(
    ctx: Context, connection: Connection, replica: str, message: str, *, keep: bool
) -> tuple[discord.Embed, Sequence[discord.File]]:
    """Ask, and show the answer; an answer that does not fit is also attached.

    Raises InvalidInputError("replica"), ProviderError and RestartingError.
    """
    chosen = chosen_replica(ctx, connection, replica)
    client = client_of(ctx, connection)
    began = time.monotonic()
    completion = await ctx.cancel_on_shutdown(client.ask(chosen.id, message, _origin(ctx), keep=keep))
    seconds = time.monotonic() - began
    return show(chosen, message, completion.content, ctx.texts, seconds=seconds, kept=keep)


def show(
    replica: Choice, question: str, answer: str, texts: Texts, *, seconds: float, kept: bool
) -> tuple[discord.Embed, Sequence[discord.File]]:
    """Return the reply, and a file with the whole answer where the reply has only a part of it."""
    shown, complete = quoted_lines(answer, MAX_SHOWN)
    files = []
    if not complete:
        whole = answer.encode(errors="replace")
        capped = len(whole) > MAX_ATTACHED
        shown += "\n\n" + texts("sensay.ask.cut_twice" if capped else "sensay.ask.cut", file=_FILE)
        # A character cut in half at the end is left out.
        attached = whole[:MAX_ATTACHED].decode(errors="ignore").encode()
        files.append(discord.File(io.BytesIO(attached), _FILE))
    took = texts("sensay.ask.seconds", seconds=texts.number(seconds, 1))
    history = texts("sensay.ask.kept" if kept else "sensay.ask.not_kept")
    name = quoted(plain(replica.label, MAX_NAME_ON_CARD))
    if not shown:
        how = f"{texts('sensay.ask.empty_how')}\n{took} · {history}"
        return notice(texts, Tone.WARNING, "sensay.ask.empty", how=how, replica=name), files
    embed = notice(
        texts,
        Tone.GOOD,
        "sensay.ask.done",
        Field(texts("sensay.ask.question"), quoted_lines(question, _MAX_QUESTION_SHOWN)[0]),
        Field(texts("sensay.ask.took"), took, inline=True),
        Field(texts("sensay.ask.history"), history, inline=True),
        how=shown,
        symbol="💬",
        replica=name,
    )
    return embed, files


def _origin(ctx: Context) -> Mapping[str, str]:
    """Return what Sensay wants to know of a message in Discord. A command has no message, but an id."""
    interaction = ctx.interaction
    guild = interaction.guild
    return {
        "channel_id": str(interaction.channel_id or ""),
        "channel_name": str(getattr(interaction.channel, "name", None) or ""),
        "author_id": str(ctx.member.id),
        "author_name": ctx.member.display_name,
        "message_id": str(interaction.id),
        "created_at": interaction.created_at.isoformat(),
        "server_id": str(interaction.guild_id or ""),
        "server_name": "" if guild is None else guild.name,
    }
