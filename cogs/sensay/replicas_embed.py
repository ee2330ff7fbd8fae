"""What ``/sensay replicas`` shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.ui.text import code, length, listed, quoted
from bot.ui.theme import DESCRIPTION, Field, Tone, card
from cogs.sensay.placement import Placement, run_and_seen
from cogs.sensay.replica import symbol_of, title_of, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import discord

    from bot.i18n.catalog import Texts
    from bot.providers.sensay.models import Replica


@dataclass(frozen=True, slots=True)
class Page:
    """One page of Sensay's list, as far as it is to be seen.

    total, last: how many replicas and pages there are, None where Sensay does not say. owner: whose replicas
    were asked for, or whose are marked; None where the credentials are not a user's. strangers: how many
    were left out because they are somebody else's.
    """

    replicas: tuple[Replica, ...]
    number: int
    total: int | None
    last: int | None
    search: str
    owner: str | None
    everyone: bool
    strangers: int
    placements: Mapping[str, Placement] = field(default_factory=dict)
    """By uuid, of those that this server connected itself."""


def page_embed(page: Page, texts: Texts) -> discord.Embed:
    """List one page of replicas, or say that there are none and what was looked for."""
    whose = "own"
    if page.everyone:
        whose = "everyone" if page.owner else "organization"
    scope = [texts(f"sensay.replicas.{whose}")]
    if page.search:
        scope.append(texts("sensay.replicas.searched", search=quoted(page.search)))
    if page.strangers:
        scope.append(texts.plural("sensay.replicas.strangers", page.strangers))
    if not page.replicas:
        return _empty(page, "\n".join(scope), texts)
    head = "\n".join(scope) + "\n\n"
    entries = ["\n".join(_entry(replica, page, texts)) for replica in page.replicas]
    title = (
        texts("sensay.replicas.title_uncounted")
        if page.total is None or page.strangers
        else texts.plural("sensay.replicas.title", page.total)
    )
    return card(
        Tone.INFO,
        title,
        head + listed(entries, texts, DESCRIPTION - length(head)),
        fields=[Field(texts("next_step"), texts("sensay.replicas.next"))],
        footer=_footer(page, texts),
        symbol="🗣️",
    )


def _empty(page: Page, scope: str, texts: Texts) -> discord.Embed:
    if page.strangers:
        title, step = texts("sensay.replicas.none_here"), texts("sensay.replicas.none_here_next")
    elif page.search:
        title = texts("sensay.replicas.none_found", search=quoted(page.search))
        step = texts("sensay.replicas.none_found_next")
    else:
        title, step = texts("sensay.replicas.none"), texts("sensay.replicas.none_next")
    footer = _footer(page, texts) if page.number > 1 or page.strangers else ""
    return card(Tone.QUIET, title, scope, fields=[Field(texts("next_step"), step)], footer=footer)


def _footer(page: Page, texts: Texts) -> str:
    if page.last is None:
        return texts("pages.footer_open", page=page.number)
    return texts("pages.footer", page=page.number, last=page.last)


def _entry(replica: Replica, page: Page, texts: Texts) -> Iterator[str]:
    state = replica.state
    name = f"{symbol_of(state)} **{title_of(replica)}**"
    yield " · ".join(
        [name, *([] if state is None else [texts("sensay.replicas.on_discord")]), word_of(state, texts)]
    )
    if tagline := quoted(replica.short_description or "", 100):
        yield tagline
    if seen := list(run_and_seen(replica, page.placements.get(replica.uuid or ""), texts)):
        yield " · ".join(seen)
    details = [code(replica.uuid, 50) if replica.uuid else texts("not_reported")]
    if page.everyone:
        details.append(_owner(replica, page.owner, texts))
    yield " · ".join(details)


def _owner(replica: Replica, owner: str | None, texts: Texts) -> str:
    if replica.owner_id is None:
        return texts("sensay.replicas.owner", owner=texts("not_reported"))
    if replica.owner_id == owner:
        return texts("sensay.replicas.yours")
    return texts("sensay.replicas.owner", owner=code(replica.owner_id, 50))
