"""What ``/integrations overview`` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.kit.integration import State
from bot.runtime.watched_words import fix, name, name_of, provider_name, symbol, tone, why, word
from bot.services.watching import Kind
from bot.ui.pages import page_of, pages_of
from bot.ui.text import length, listed
from bot.ui.theme import DESCRIPTION, Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.kit.provider import Provider
    from bot.services.watching import Check, Watched

_TROUBLES: Final = 1500
"""Characters for what is wrong with connections and providers: it must leave room for the integrations."""


def overview_embed(
    found: Sequence[Watched],
    page: int,
    troubles: Sequence[Watched],
    checks: Sequence[Check],
    providers: Mapping[str, Provider],
    texts: Texts,
    *,
    is_told: bool,
) -> discord.Embed:
    """List one page. found: of all pages; it and troubles worst first. is_told: whether there are alerts."""
    head = "\n\n".join(
        filter(
            None,
            [
                listed(("\n".join(_trouble(each, providers, texts)) for each in troubles), texts, _TROUBLES),
                _counted(found, texts) if found else texts("integrations.overview.none_yet"),
            ],
        )
    )
    # What stands on top is not said again of all that it keeps from being read.
    told = {(each.provider, each.connection) for each in troubles}
    lines = ("\n".join(_integration(each, told, providers, texts)) for each in page_of(found, page))
    body = listed(lines, texts, DESCRIPTION - length(head) - 2)
    worst = next(iter([*troubles, *found]))
    return card(
        tone(worst),
        texts("integrations.overview.title"),
        f"{head}\n\n{body}".strip(),
        fields=[
            *_last_check(checks, texts),
            Field(texts("next_step"), _next_step(found, troubles, texts, is_told=is_told)),
        ],
        footer=texts("pages.footer", page=page, last=pages_of(len(found))),
        symbol="📡",
    )


def empty_embed(checks: Sequence[Check], texts: Texts, *, connected: bool) -> discord.Embed:
    """Say that there is nothing to watch. connected: whether there are credentials at all."""
    kind = "none" if connected else "nothing"
    return card(
        Tone.QUIET,
        texts(f"integrations.overview.{kind}"),
        texts(f"integrations.overview.{kind}_why"),
        fields=[
            *_last_check(checks, texts),
            Field(texts("next_step"), texts(f"integrations.overview.{kind}_next")),
        ],
    )


def _counted(found: Sequence[Watched], texts: Texts) -> str:
    """Count what needs somebody, what works, and the rest, each under a word of its own."""
    stale = [each for each in found if each.is_stale]
    counts = {
        "attention": sum(
            each.state in {State.ERROR, State.DISCONNECTED} and not each.is_stale for each in found
        ),
        "unknown": sum(each.state is State.UNKNOWN for each in found),
        "stale": len(stale),
        "inactive": sum(each.state is State.INACTIVE and not each.is_stale for each in found),
        "connected": sum(each.state is State.CONNECTED and not each.is_stale for each in found),
    }
    said = (texts.plural(f"integrations.overview.{kind}", count) for kind, count in counts.items() if count)
    return f"**{' · '.join(said)}**"


def _trouble(trouble: Watched, providers: Mapping[str, Provider], texts: Texts) -> Iterator[str]:
    shown = f"{symbol(trouble)} **{name_of(trouble, providers)}**"
    yield " · ".join([shown, word(trouble, texts), when(trouble.changed_at)])
    is_refused = trouble.kind is Kind.CONNECTION and trouble.state is State.ERROR
    if not is_refused and (said := why(trouble, texts, providers)):
        yield said
    if todo := fix(trouble, texts, providers):
        yield f"↳ {todo}"


def _integration(
    watched: Watched, told: Collection[tuple[str, str]], providers: Mapping[str, Provider], texts: Texts
) -> Iterator[str]:
    parts = [
        f"{symbol(watched)} **{name(watched.label, watched.id)}**",
        word(watched, texts),
        provider_name(watched, providers),
        when(watched.changed_at),
    ]
    if watched.muted_until is not None:
        parts.append(f"🔕 {when(watched.muted_until)}")
    if watched.incident is not None and watched.incident.acknowledged_by is not None:
        parts.append(f"🙋 <@{watched.incident.acknowledged_by}>")
    yield " · ".join(parts)
    is_told = (watched.provider, watched.connection) in told or (watched.provider, "") in told
    if (watched.state is not State.UNKNOWN or not is_told) and (said := why(watched, texts, providers)):
        yield f"↳ {said}"


def _last_check(checks: Sequence[Check], texts: Texts) -> Iterator[Field]:
    """Yield when the connection was checked that has waited longest."""
    if checks:
        yield Field(texts("integrations.overview.checked"), when(min(check.checked_at for check in checks)))


def _next_step(found: Sequence[Watched], troubles: Sequence[Watched], texts: Texts, *, is_told: bool) -> str:
    if troubles:
        return texts("integrations.overview.troubles_next")
    if not is_told:
        return texts("integrations.overview.alerts_next")
    bad = found[0].state is not State.CONNECTED or found[0].is_stale
    return texts("integrations.overview.bad_next" if bad else "integrations.overview.good_next")
