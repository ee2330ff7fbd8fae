"""The embed of a board: a server's integrations by state, worst first, in lines that fit a phone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import discord

from bot.discord.sync import CommandLinks
from bot.discord.text import length, listed
from bot.discord.theme import DESCRIPTION, Tone, card, when
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from bot.providers.base.integration import DOWN_STATES, State
from bot.providers.base.provider import Provider
from cogs.monitoring.formatting import name_of, provider_name, symbol, tone, why, word


def board_embed(
    troubles: Sequence[Watched],
    integrations: Sequence[Watched],
    texts: Texts,
    providers: Mapping[str, Provider],
    links: CommandLinks,
) -> discord.Embed:
    """Return the embed of two sorted lists. A check that finds nothing new changes nothing in it."""
    head = listed((_trouble(each, texts, providers) for each in troubles), texts, DESCRIPTION // 4)
    more = links.link(texts("board.more" if integrations else "board.none"))
    room = DESCRIPTION - length(head) - length(more) - 4
    body = listed(_lines(integrations, texts, providers), texts, room)
    connected = sum(each.state is State.CONNECTED and not each.is_stale for each in integrations)
    return card(
        _tone([*troubles, *integrations]),
        texts("board.title", connected=connected, count=len(integrations)),
        "\n\n".join(part for part in (head, body, more) if part),
        footer=texts("board.footer"),
        symbol="📡",
    )


def _tone(shown: Iterable[Watched]) -> Tone:
    """Return the tone of what is worst; what is switched off on purpose is not worse than what works."""
    judged = sorted(
        (each for each in shown if each.state is not State.INACTIVE), key=lambda each: each.severity
    )
    return tone(judged[0]) if judged else Tone.QUIET


def _trouble(trouble: Watched, texts: Texts, providers: Mapping[str, Provider]) -> str:
    return _marked(
        trouble,
        f"{symbol(trouble)} **{name_of(trouble, providers)}** · {word(trouble, texts)}",
        trouble.changed_at,
    )


def _lines(integrations: Iterable[Watched], texts: Texts, providers: Mapping[str, Provider]) -> Iterator[str]:
    """Yield a line for each integration, the first of each state with a heading above it."""
    groups: dict[str, list[Watched]] = {}
    for each in integrations:
        groups.setdefault(f"{symbol(each)} **{word(each, texts)}**", []).append(each)
    gap = ""
    for heading, group in groups.items():
        top = f"{gap}{heading} · {len(group)}\n"
        for each in group:
            yield top + _line(each, texts, providers)
            top = ""
        gap = "\n"


def _line(watched: Watched, texts: Texts, providers: Mapping[str, Provider]) -> str:
    since = watched.changed_at
    if watched.is_stale and watched.answered_at is not None:
        since = watched.answered_at
    line = _marked(watched, f"{name_of(watched, providers)} · {provider_name(watched, providers)}", since)
    # A connected agent has a reason where it can answer in some of its channels only.
    is_explained = watched.state in {*DOWN_STATES, State.CONNECTED} and not watched.is_stale
    cause = why(watched, texts, providers) if is_explained else ""
    return f"{line}\n↳ {cause}" if cause else line


def _marked(watched: Watched, line: str, since: int) -> str:
    """Add since when it is so, and who looks after it and until when it is muted."""
    marks = ""
    if watched.incident is not None and watched.incident.acknowledged_by is not None:
        marks += f" · 🙋 <@{watched.incident.acknowledged_by}>"
    if watched.muted_until is not None:
        marks += f" · 🔕 {when(watched.muted_until)}"
    return f"{line} · {when(since)}{marks}"
