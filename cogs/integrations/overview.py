"""``/integrations overview``: everything that a server has connected, across providers, worst first."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import discord

from bot.discord.commands import MAX_CHOICE_LENGTH
from bot.discord.components import MAX_BUTTONS, PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.pages import REFRESH, check_page, page_buttons, page_of, pages_of
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import PageNumber
from bot.discord.text import clamp, code, length, listed
from bot.discord.theme import DESCRIPTION, Field, Tone, card, notice, when
from bot.features.alerts.incident_store import Kind
from bot.features.monitoring.service import Watched
from bot.features.monitoring.store import CheckRow
from bot.i18n.catalog import Texts
from bot.providers.base.integration import DOWN_STATES, State
from bot.providers.base.provider import Provider
from cogs.alerts import read_undelivered
from cogs.connections import rotate_button
from cogs.integrations.status import read_status
from cogs.monitoring import LinkAllButton, candidate_fields, candidate_select, unlinked
from cogs.monitoring.formatting import (
    fix,
    name,
    name_of,
    plain_name,
    provider_name,
    quiet_marks,
    symbol,
    told_apart,
    tone,
    why,
    word,
)

_FRESH_SECONDS: Final = 5.0
"""A check that is younger than this is not repeated, whoever asks for it."""
_TROUBLES_LENGTH: Final = 1500
"""Characters for the troubles of connections and providers, so that there is room for the integrations."""
_MAX_PAUSES: Final = 3

_GROUPS: Final = dict.fromkeys(DOWN_STATES, "attention")
"""How states are counted that are not counted by themselves."""


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
    if await _is_due(ctx, check=check):
        await ctx.cancel_on_shutdown(services.poller.check_guild(guild_id))
    troubles, found = await services.monitoring.troubles_and_integrations(guild_id)
    found = told_apart(found, services.providers)
    checks = await services.monitoring.checks(guild_id)
    candidates = told_apart(await services.monitoring.candidates(guild_id), services.providers)
    problems = [line for each in await read_undelivered(ctx) for line in each.lines(ctx, fixes=False)]
    paused = services.poller.paused_until(guild_id)
    if not found and not troubles and not candidates and not paused:
        connected = bool(await services.connections.names(guild_id))
        return empty_embed(checks, texts, _undelivered(problems, texts), connected=connected), view_of(again)
    last = pages_of(len(found))
    # Integrations may have gone since the button was made.
    page = min(page, last)
    has_alerts = bool(await services.alerts.routes(guild_id))
    shown = Overview(found, page, troubles, candidates, checks, problems, paused, has_alerts=has_alerts)
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
    if await unlinked(ctx):
        items.append(LinkAllButton(texts=texts))
    refused = [each for each in troubles if each.kind is Kind.CONNECTION and each.state is State.ERROR]
    items += [rotate_button(each.provider, each.connection, ctx) for each in refused[:MAX_BUTTONS]]
    return embed, view_of(*items)


async def _is_due(ctx: Context, *, check: bool) -> bool:
    """Tell whether to read: a connection was never checked, or ``check`` is set and a check is not fresh."""
    services = ctx.services
    connections = {(each.provider, each.name) for each in await services.connections.summaries(ctx.guild_id)}
    checks = {
        (each.provider, each.connection): each.checked_at
        for each in await services.monitoring.checks(ctx.guild_id)
    }
    if connections - checks.keys():
        return True
    oldest = min((checks[each] for each in connections), default=None)
    return check and oldest is not None and ctx.now - oldest >= _FRESH_SECONDS


@dataclass(frozen=True, slots=True)
class Overview:
    """What the overview shows.

    found, troubles: the integrations, and the connections and providers that are not well, both sorted, worst
    first. page: of the integrations, counted from 1. candidates: the integrations that may run here. checks:
    the last check of each connection. undelivered: lines about what Discord does not take. paused: until when
    a provider wants no requests, by provider and connection. has_alerts: whether the server has a channel for
    alerts.
    """

    found: Sequence[Watched]
    page: int
    troubles: Sequence[Watched]
    candidates: Sequence[Watched]
    checks: Sequence[CheckRow]
    undelivered: Sequence[str]
    paused: Mapping[tuple[str, str], float]
    has_alerts: bool


def overview_embed(shown: Overview, providers: Mapping[str, Provider], texts: Texts) -> discord.Embed:
    """List one page of the integrations, after the troubles and before those that may run here."""
    found, troubles = shown.found, shown.troubles
    head = "\n\n".join(
        filter(
            None,
            [
                listed(
                    ("\n".join(_trouble(each, providers, texts)) for each in troubles),
                    texts,
                    _TROUBLES_LENGTH,
                ),
                "\n".join(_paused(shown.paused, providers, texts)),
                _counted(found, texts) if found else texts("integrations.overview.none_yet"),
            ],
        )
    )
    # The trouble of a connection or provider is not repeated for each of its integrations.
    explained = {(each.provider, each.connection) for each in troubles}
    lines = (
        "\n".join(_integration(each, explained, providers, texts)) for each in page_of(found, shown.page)
    )
    body = listed(lines, texts, DESCRIPTION - length(head) - 2)
    worst = next(iter([*troubles, *found]), None)
    return card(
        Tone.QUIET if worst is None else tone(worst),
        texts("integrations.overview.title"),
        f"{head}\n\n{body}".strip(),
        fields=[
            *_undelivered(shown.undelivered, texts),
            *candidate_fields(shown.candidates, providers, texts),
            *_last_check(shown.checks, texts),
            Field(texts("next_step"), _next_step(shown, texts)),
        ],
        footer=texts("pages.footer", page=shown.page, last=pages_of(len(found))),
        symbol="📡",
    )


def empty_embed(
    checks: Sequence[CheckRow], texts: Texts, problems: Iterable[Field] = (), *, connected: bool
) -> discord.Embed:
    """Say that there is nothing to watch. connected: whether the server has any credentials.

    problems: a field about what Discord does not take.
    """
    kind = "none" if connected else "nothing"
    return notice(texts, Tone.QUIET, f"integrations.overview.{kind}", *problems, *_last_check(checks, texts))


def _counted(found: Sequence[Watched], texts: Texts) -> str:
    """Count the integrations by whether they need attention."""
    counts = Counter("stale" if each.is_stale else _GROUPS.get(each.state, each.state) for each in found)
    kinds = (kind for kind in ("attention", "unknown", "stale", "inactive", "connected") if counts[kind])
    parts = (texts.plural(f"integrations.overview.{kind}", counts[kind]) for kind in kinds)
    return f"**{' · '.join(parts)}**"


def _trouble(trouble: Watched, providers: Mapping[str, Provider], texts: Texts) -> Iterator[str]:
    shown = f"{symbol(trouble)} **{name_of(trouble, providers)}**"
    since = texts("board.since", time=when(trouble.changed_at))
    yield " · ".join([shown, word(trouble, texts), since])
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


def _integration(
    watched: Watched, explained: Collection[tuple[str, str]], providers: Mapping[str, Provider], texts: Texts
) -> Iterator[str]:
    parts = [
        f"{symbol(watched)} **{name(watched.label, watched.id)}**",
        word(watched, texts),
        provider_name(watched, providers),
        texts("board.since", time=when(watched.changed_at)),
        *quiet_marks(watched.muted_until, watched.maintenance_until, texts),
    ]
    if watched.incident is not None and watched.incident.acknowledged_by is not None:
        parts.append(f"🙋 {mention_member(watched.incident.acknowledged_by, texts)}")
    yield " · ".join(parts)
    connections = {(watched.provider, watched.connection), (watched.provider, "")}
    reason = why(watched, texts, providers)
    if reason and (watched.state is not State.UNKNOWN or connections.isdisjoint(explained)):
        yield f"↳ {reason}"


def _undelivered(problems: Sequence[str], texts: Texts) -> Iterator[Field]:
    """Yield what Discord does not take."""
    if problems:
        yield Field(texts("integrations.overview.undelivered"), listed(problems, texts))


def _last_check(checks: Sequence[CheckRow], texts: Texts) -> Iterator[Field]:
    """Yield when the connection was checked whose check is the oldest."""
    if checks:
        yield Field(texts("integrations.overview.checked"), when(min(check.checked_at for check in checks)))


def _next_step(shown: Overview, texts: Texts) -> str:
    found = shown.found
    if shown.troubles:
        return texts("integrations.overview.troubles_next")
    if shown.undelivered:
        return texts("integrations.overview.undelivered_next")
    if not found:
        return texts("belonging.maybe_next" if shown.candidates else "integrations.overview.troubles_next")
    if not shown.has_alerts:
        return texts("integrations.overview.alerts_next")
    bad = found[0].state is not State.CONNECTED or found[0].is_stale
    return texts("integrations.overview.bad_next" if bad else "integrations.overview.good_next")
