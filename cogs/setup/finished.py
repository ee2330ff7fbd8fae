"""The last page of ``/setup``: what was set with a provider, and what can be done now."""

from collections.abc import Iterator
from typing import Final

import discord

from bot.discord.context import Context
from bot.discord.text import code
from bot.discord.theme import Field, Tone, card, when
from bot.i18n.catalog import Texts
from cogs.setup.embeds import BAD, agent_line, alert_channels
from cogs.setup.screen import Shown

_MAX_AGENTS: Final = 3


def finished(shown: Shown, ctx: Context) -> discord.Embed:
    """List connection, agents, alert channel and board, and say what comes next."""
    texts, failure = ctx.texts, shown.failure
    return card(
        Tone.GOOD if failure is None else Tone.BAD,
        texts("setup.finished.title", provider=shown.progress.provider.name),
        fields=[
            *_fields(shown, ctx),
            Field(texts("next_step"), _next_step(shown, texts) if failure is None else failure.fix),
        ],
        footer="" if failure is None else failure.footer,
    )


def _next_step(shown: Shown, texts: Texts) -> str:
    if not shown.test_link:
        return texts("setup.next.test")
    if shown.progress.board is None:
        return texts("setup.next.board")
    return texts.find(f"{shown.progress.provider.slug}.setup.done") or texts("setup.next.done")


def _fields(shown: Shown, ctx: Context) -> Iterator[Field]:
    texts, failure = ctx.texts, shown.failure
    for step, text in _parts(shown, ctx):
        name = texts("setup.finished.connection" if step == "check" else f"setup.step.{step}")
        if failure is not None and failure.step == step:
            yield Field(f"{BAD} {name}", failure.text)
        else:
            yield Field(name, text)


def _parts(shown: Shown, ctx: Context) -> Iterator[tuple[str, str]]:
    """Yield what was set, each with the step that it was set in."""
    texts, progress = ctx.texts, shown.progress
    if (summary := progress.summary) is not None:
        accepted = texts("setup.check.done", provider=progress.provider.name, time=when(summary.verified_at))
        yield "check", f"{code(summary.name)} · {accepted}"
    lines = [agent_line(each, ctx) for each in progress.agents[:_MAX_AGENTS]]
    if len(progress.agents) > _MAX_AGENTS:
        lines.append(texts.plural("list.more", len(progress.agents) - _MAX_AGENTS))
    yield "agents", "\n".join(lines)
    alerts = alert_channels(progress, texts)
    tested = texts("setup.alerts.tested", link=shown.test_link) if shown.test_link else ""
    yield "alerts", f"{alerts}\n{tested}".strip()
    yield "board", "\n".join(_board(shown, ctx))


def _board(shown: Shown, ctx: Context) -> Iterator[str]:
    texts, progress = ctx.texts, shown.progress
    if progress.board is None:
        yield texts("setup.board.none")
        return
    yield texts("setup.board.done", channel=f"<#{progress.board}>")
    for each in progress.undelivered:
        if each.route is None:
            yield from each.lines(ctx, fixes=True)
