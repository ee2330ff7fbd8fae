"""``/integrations overview``: everything that a server has connected, across providers, problems first."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import discord

from bot.discord.commands import MAX_CHOICE_LENGTH
from bot.discord.components import MAX_BUTTONS, PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.pages import REFRESH, check_page, page_buttons, page_of, pages_of
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import PageNumber
from bot.discord.text import clamp, code, length, listed
from bot.discord.theme import DESCRIPTION, TOTAL, Field, Tone, card, notice, when
from bot.features.alerts.incident_store import Kind
from bot.features.lookups.service import OverviewLookup
from bot.features.monitoring.service import GuildStatus, Watched
from bot.features.monitoring.store import CheckRow
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State
from bot.providers.base.provider import Provider
from cogs.alerts import undelivered_of
from cogs.alerts.board_rows import (
    GAP,
    agent_rows,
    counted,
    problems_first,
    title_of,
    trouble_line,
    worst_tone,
)
from cogs.connections import rotate_button
from cogs.integrations.status import read_status
from cogs.monitoring import LinkAllButton, candidate_fields, candidate_select, unlinked_of
from cogs.monitoring.formatting import fix, plain_name, symbol, told_apart, why, word

_FRESH_SECONDS: Final = 5.0
"""A check that is younger than this is not repeated, whoever asks for it."""
_TROUBLES_LENGTH: Final = 1500
"""Characters for the troubles of connections and providers, so that there is room for the integrations."""
_MAX_PAUSES: Final = 3
_MARGIN: Final = 200
"""Characters of title and footer, and of what commands grow by when they become links."""


class OverviewButton(PersistentButton):
    """Shows a page of the overview in the message: ``all`` as it was last checked, ``check`` as it is now."""

    route = "integrations:{how}:{page}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    how: Literal["all", "check"]
    page: PageNumber

    async def press(self, ctx: Context) -> None:
        """Show that page."""
        page = check_page(self.page)
        await acknowledge(ctx)
        await edit(ctx, *await read_overview(ctx, page, check=self.how == "check"))


class OverviewSelect(PersistentSelect):
    """Opens one integration in the overview's place."""

    route = "integrations:details"
    reads_only = True
    caption = "integrations.overview.placeholder"

    async def pick(self, ctx: Context, value: str) -> None:
        """Read it now."""
        await acknowledge(ctx)
        await edit(ctx, *await read_status(ctx, value))


async def read_overview(ctx: Context, page: int = 1, *, check: bool = False) -> Answer:
    """Build a page of the overview.

    check: read everything first; what was never checked is read in any case. Raises RestartingError.
    """
    services, guild_id, texts = ctx.services, ctx.guild_id, ctx.texts
    again = OverviewButton(texts=texts, how="check", page=page)
    ctx.offer_retry(again)
    known = await services.lookups.overview(guild_id)
    if _is_due(known, ctx.now, check=check):
        await ctx.cancel_on_shutdown(services.poller.check_guild(guild_id))
        known = await services.lookups.overview(guild_id)
    found = problems_first(told_apart(known.status.integrations, services.providers))
    status, checks = replace(known.status, integrations=found), known.states.checks
    candidates = told_apart(known.states.candidates, services.providers)
    problems = [line for each in undelivered_of(known.sending) for line in each.lines(ctx, fixes=False)]
    paused = services.poller.paused_until(guild_id)
    if not found and not status.troubles and not candidates and not paused:
        connected = bool(known.connections)
        return empty_embed(checks, texts, _undelivered(problems, texts), connected=connected), view_of(again)
    last = pages_of(len(found))
    # Integrations may have gone since the button was made.
    page = min(page, last)
    has_alerts = bool(known.sending.routes)
    shown = Overview(status, page, candidates, checks, problems, paused, has_alerts=has_alerts)
    embed = overview_embed(shown, services.providers, texts)

    def button(*, page: int, label: str, emoji: str, disabled: bool = False) -> OverviewButton:
        how: Literal["all", "check"] = "check" if emoji == REFRESH else "all"
        return OverviewButton(texts=texts, how=how, page=page, label=label, emoji=emoji, disabled=disabled)

    items: list[discord.ui.Item[Any]] = page_buttons(button, page, last, texts)
    if found:
        options = [
            discord.SelectOption(
                label=plain_name(each, MAX_CHOICE_LENGTH),
                value=each.key,
                description=clamp(word(each, texts), MAX_CHOICE_LENGTH),
                emoji=symbol(each),
            )
            for each in page_of(found, page)
        ]
        items.append(OverviewSelect(texts=texts, options=options))
    items += candidate_select(candidates, texts)
    if unlinked_of(found, known.linked):
        items.append(LinkAllButton(texts=texts))
    refused = [each for each in status.troubles if each.kind is Kind.CONNECTION and each.state is State.ERROR]
    items += [rotate_button(each.provider, each.connection, ctx) for each in refused[:MAX_BUTTONS]]
    return embed, view_of(*items)


def _is_due(known: OverviewLookup, now: int, *, check: bool) -> bool:
    """Tell whether to read: a connection was never checked, or ``check`` is set and a check is not fresh."""
    checks = {(each.provider, each.connection): each.checked_at for each in known.states.checks}
    if known.connections - checks.keys():
        return True
    oldest = min((checks[each] for each in known.connections), default=None)
    return check and oldest is not None and now - oldest >= _FRESH_SECONDS


@dataclass(frozen=True, slots=True)
class Overview:
    """What the overview shows.

    status: its integrations begin with the problems. page: of the integrations, counted from 1. candidates:
    the integrations that may run here. checks: the last check of each connection. undelivered: lines about
    what Discord does not take. paused: until when a provider wants no requests, by provider and connection.
    has_alerts: whether the server has a channel for alerts.
    """

    status: GuildStatus
    page: int
    candidates: Sequence[Watched]
    checks: Sequence[CheckRow]
    undelivered: Sequence[str]
    paused: Mapping[tuple[str, str], float]
    has_alerts: bool


def overview_embed(shown: Overview, providers: Mapping[str, Provider], texts: Texts) -> discord.Embed:
    """Show one page of the agents as the board does, after the troubles of connections and providers."""
    status, found = shown.status, shown.status.integrations
    last = pages_of(len(found))
    title, footer = title_of(found, texts), texts("pages.footer", page=shown.page, last=last)
    fields = [
        *_undelivered(shown.undelivered, texts),
        *candidate_fields(shown.candidates, providers, texts),
        Field(texts("next_step"), _next_step(shown, texts)),
    ]
    troubles = ("\n".join(_trouble(each, providers, texts)) for each in status.troubles)
    head = [
        counted(found, texts),
        listed(troubles, texts, _TROUBLES_LENGTH),
        *_paused(shown.paused, providers, texts),
    ]
    end = _last_check(shown.checks, texts)
    room = min(DESCRIPTION, TOTAL - _MARGIN - sum(length(part) for field in fields for part in field[:2]))
    room -= sum(length(part) + length(GAP) for part in (*head, end))
    body, squares = agent_rows(page_of(found, shown.page), status, texts, providers, room)
    return card(
        worst_tone([*status.troubles, *found]),
        title,
        GAP.join(filter(None, (*head, body, "\n".join(filter(None, (squares, end)))))),
        fields=fields,
        footer=footer if last > 1 else "",
        symbol="📡",
    )


def empty_embed(
    checks: Sequence[CheckRow], texts: Texts, problems: Iterable[Field] = (), *, connected: bool
) -> discord.Embed:
    """Say that there is nothing to watch. connected: whether the server has any credentials.

    problems: a field about what Discord does not take.
    """
    kind = "none" if connected else "nothing"
    key = f"integrations.overview.{kind}"
    how = "\n".join(filter(None, (texts(f"{key}_how"), _last_check(checks, texts))))
    return notice(texts, Tone.QUIET, key, *problems, how=how)


def _trouble(trouble: Watched, providers: Mapping[str, Provider], texts: Texts) -> Iterator[str]:
    """Yield the line of what is not well, the reason unless the state says it, and what to do."""
    yield trouble_line(trouble, texts, providers)
    is_refused = trouble.kind is Kind.CONNECTION and trouble.state is State.ERROR
    if not is_refused and (reason := why(trouble, texts, providers)):
        yield reason
    if todo := fix(trouble, texts, providers):
        yield f"↳ {todo}"


def _paused(
    paused: Mapping[tuple[str, str], float], providers: Mapping[str, Provider], texts: Texts
) -> Iterator[str]:
    """Say until when providers want no requests; the pauses that end last are left out if there are many."""
    for (slug, connection), until in sorted(paused.items(), key=lambda each: each[1])[:_MAX_PAUSES]:
        yield texts(
            "integrations.overview.paused",
            provider=providers[slug].name,
            name=code(connection),
            time=when(until, exact=True),
        )


def _undelivered(problems: Sequence[str], texts: Texts) -> Iterator[Field]:
    """Yield what Discord does not take."""
    if problems:
        yield Field(texts("integrations.overview.undelivered"), listed(problems, texts))


def _last_check(checks: Sequence[CheckRow], texts: Texts) -> str:
    """Say when the connection was checked whose check is the oldest; nothing where there was no check."""
    if not checks:
        return ""
    return texts("board.checked", time=when(min(check.checked_at for check in checks)))


def _next_step(shown: Overview, texts: Texts) -> str:
    found = shown.status.integrations
    if shown.status.troubles:
        return texts("integrations.overview.troubles_next")
    if shown.undelivered:
        return texts("integrations.overview.undelivered_next")
    if not found:
        return texts("belonging.maybe_next" if shown.candidates else "integrations.overview.troubles_next")
    if not shown.has_alerts:
        return texts("integrations.overview.alerts_next")
    bad = any(each.state is not State.CONNECTED or each.is_stale for each in found)
    return texts("integrations.overview.bad_next" if bad else "integrations.overview.good_next")
