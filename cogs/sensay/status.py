"""``/sensay status``: how one replica, or every replica that is on Discord, is doing there."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import discord

from bot.discord.access.agent_bots import application_of, bot_page
from bot.discord.components import PersistentButton, PersistentSelect
from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.pages import DETAILS, REFRESH, UP, check_page, page_buttons, page_of, pages_of
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.routes import ConnectionName, PageNumber
from bot.discord.text import code, quoted
from bot.discord.theme import MAX_NAME_ON_CARD, Field, StatusCard, Tone, card, notice, state_tone, when
from bot.errors import InvalidInputError
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from bot.providers.base.integration import Choice, State, read_uuid
from bot.providers.sensay.models import Replica
from cogs.connections import open_connection
from cogs.handover import unsettled_fields
from cogs.monitoring import belonging_buttons
from cogs.monitoring.formatting import why_access
from cogs.sensay.placement import Placement, placements_of, run_and_seen, state_here
from cogs.sensay.replica import (
    UUID_PATTERN,
    ReplicaUuid,
    chosen_replica,
    client_of,
    label_of,
    listed_line,
    symbol_of,
    title_of,
    told_apart,
    word_of,
)

_WORST_FIRST: Final = (State.BLOCKED, State.INACTIVE, State.UNKNOWN, State.CONNECTED)


class SensayOverviewButton(PersistentButton):
    """Reads a page of the overview into the message; also leads from a replica back to the overview."""

    route = "sensay:overview:{connection}:{page}"
    reads_only = True
    caption = "pages.up"
    symbol = UP

    connection: ConnectionName
    page: PageNumber

    async def press(self, ctx: Context) -> None:
        """Read that page now."""
        page = check_page(self.page)
        await acknowledge(ctx)
        opened = await open_connection(ctx, "sensay", self.connection)
        await edit(ctx, *await _read_overview(ctx, opened, page))


class SensayStatusButton(PersistentButton):
    """Reads the same replica again, into the same message."""

    route = "sensay:status:{connection}:{replica}"
    reads_only = True
    caption = "pages.refresh"
    symbol = REFRESH

    connection: ConnectionName
    replica: ReplicaUuid

    async def press(self, ctx: Context) -> None:
        """Read it now."""
        await _show_replica(ctx, self.connection, self.replica)


class SensayDetailsButton(PersistentButton):
    """Shows all that is known of a replica in the same message."""

    route = "sensay:more:{connection}:{replica}"
    reads_only = True
    caption = "status.details"
    symbol = DETAILS

    connection: ConnectionName
    replica: ReplicaUuid

    async def press(self, ctx: Context) -> None:
        """Read it now."""
        uuid = read_uuid(self.replica, "replica")
        await acknowledge(ctx)
        opened = await open_connection(ctx, "sensay", self.connection)
        await edit(ctx, *await _read_details(ctx, opened, uuid))


class SensayReplicaSelect(PersistentSelect):
    """Opens one replica of an overview, in its place."""

    route = "sensay:details:{connection}"
    reads_only = True
    caption = "sensay.overview.placeholder"

    connection: ConnectionName

    async def pick(self, ctx: Context, value: str) -> None:
        """Read that replica now."""
        await _show_replica(ctx, self.connection, value)


async def read_status(ctx: Context, connection: Connection, replica: str | None) -> Answer:
    """Ask Sensay and build the reply, about one replica or about all that are on Discord.

    Raises ProviderError, and InvalidInputError("replica", "unlisted").
    """
    if replica is None:
        return await _read_overview(ctx, connection, 1)
    return await _read_replica(ctx, connection, replica)


async def look_up_status(ctx: Context, connection: Connection, text: str) -> StatusCard:
    """Return a replica's status. Raises what ``read_status`` raises."""
    found, _ = await _look_up(ctx, connection, chosen_replica(ctx, connection, text))
    return found


async def _read_overview(ctx: Context, connection: Connection, page: int) -> Answer:
    texts = ctx.texts
    button = partial(SensayOverviewButton, texts=texts, connection=connection.name)
    ctx.offer_retry(button(page=page, label=texts("pages.refresh"), emoji=REFRESH))
    listed = await ctx.cancel_on_shutdown(client_of(ctx, connection).own_replicas(on_discord=True))
    ignored = await ctx.services.integrations.ignored(ctx.guild_id, "sensay")
    shown_here = (each for each in listed.items if each.uuid not in ignored)
    replicas = told_apart(sorted(shown_here, key=_severity))
    last = pages_of(len(replicas))
    # The list may have become shorter since the button was made.
    page = min(page, last)
    shown = page_of(replicas, page)
    placements = await placements_of(ctx, shown)
    embed = overview_embed(replicas, page, placements, ctx.services.clock(), texts, complete=listed.complete)
    view = view_of(*page_buttons(button, page, last, texts))
    if options := _options(shown, placements, texts):
        view.add_item(SensayReplicaSelect(texts=texts, connection=connection.name, options=options))
    return embed, view


async def _read_replica(ctx: Context, connection: Connection, text: str) -> Answer:
    texts = ctx.texts
    chosen = chosen_replica(ctx, connection, text)
    refresh = SensayStatusButton(texts=texts, connection=connection.name, replica=chosen.id)
    ctx.offer_retry(refresh)
    found, invite = await _look_up(ctx, connection, chosen)
    details = SensayDetailsButton(texts=texts, connection=connection.name, replica=chosen.id)
    overview = SensayOverviewButton(texts=texts, connection=connection.name, page=1)
    view = view_of(details, refresh, overview, *await belonging_buttons(ctx, "sensay", chosen.id))
    if invite is not None:
        view.add_item(discord.ui.Button(label=texts("sensay.status.invite_button"), url=invite))
    return found.embed(texts), view


async def _read_details(ctx: Context, connection: Connection, uuid: str) -> Answer:
    texts = ctx.texts
    place: dict[str, Any] = {"texts": texts, "connection": connection.name, "replica": uuid}
    refresh = SensayDetailsButton(**place, label=texts("pages.refresh"), emoji=REFRESH)
    ctx.offer_retry(refresh)
    found = await look_up_status(ctx, connection, uuid)
    back = SensayStatusButton(**place, label=texts("status.back"), emoji=UP)
    return found.embed(texts, details=True), view_of(refresh, back)


async def _look_up(ctx: Context, connection: Connection, chosen: Choice) -> tuple[StatusCard, str | None]:
    """Ask Sensay about one replica; return its status, and the link that invites an absent bot."""
    found = await ctx.cancel_on_shutdown(client_of(ctx, connection).look_up(chosen.id))
    replica = found.replica
    if replica is None and found.complete:
        raise InvalidInputError("unlisted")
    if replica is None:
        return beyond_card(chosen, ctx.services.clock(), ctx.texts), None
    placement = (await placements_of(ctx, [replica])).get(chosen.id)
    invite = placement.invite if placement is not None and replica.state is not None else None
    notes = await unsettled_fields(ctx, "sensay", chosen.id)
    return status_card(replica, placement, ctx.services.clock(), ctx.texts, notes=notes), invite


async def _show_replica(ctx: Context, connection: str, text: str) -> None:
    uuid = read_uuid(text, "replica")
    await acknowledge(ctx)
    opened = await open_connection(ctx, "sensay", connection)
    await edit(ctx, *await _read_replica(ctx, opened, uuid))


def _severity(replica: Replica) -> tuple[int, str]:
    return _WORST_FIRST.index(replica.state or State.UNKNOWN), (replica.name or "").casefold()


def _options(
    replicas: Iterable[Replica], placements: Mapping[str, Placement], texts: Texts
) -> list[discord.SelectOption]:
    """Return a menu entry for each replica; one whose id is no UUID has none, as nobody can ask about it."""
    return [
        discord.SelectOption(
            label=label_of(replica),
            value=replica.uuid,
            description=word_of(state, texts),
            emoji=symbol_of(state),
        )
        for replica, state in ((each, state_here(each, placements.get(each.uuid or ""))) for each in replicas)
        if replica.uuid and re.fullmatch(UUID_PATTERN, replica.uuid)
    ]


def overview_embed(
    replicas: Sequence[Replica],
    page: int,
    placements: Mapping[str, Placement],
    checked_at: float,
    texts: Texts,
    *,
    complete: bool,
) -> discord.Embed:
    """List one page of the replicas on Discord.

    replicas: those of all pages, worst first. placements: by UUID. checked_at: seconds since 1970.
    complete: False where Sensay may have more of them.
    """
    unlisted = [] if complete else [texts("sensay.overview.incomplete")]
    checked = Field(texts("sensay.status.checked"), when(checked_at))
    if not replicas:
        how = "\n".join([texts("sensay.overview.none_how"), *unlisted])
        return notice(texts, Tone.QUIET, "sensay.overview.none", checked, how=how)
    shown = [(replica, placements.get(replica.uuid or "")) for replica in page_of(replicas, page)]
    lines = [_line(replica, placement, texts) for replica, placement in shown]
    # Of other pages it is not known which bots Discord lets answer here.
    states = [replicas[0].state, *(state_here(replica, placement) for replica, placement in shown)]
    return card(
        state_tone(min((state or State.UNKNOWN for state in states), key=_WORST_FIRST.index)),
        texts.plural("sensay.overview.title", len(replicas)),
        "\n".join([*lines, "", *unlisted, texts("sensay.overview.how")]),
        fields=[checked, Field(texts("next_step"), texts("sensay.overview.next"))],
        footer=texts("pages.footer", page=page, last=pages_of(len(replicas))),
        symbol="🗣️",
    )


def _line(replica: Replica, placement: Placement | None, texts: Texts) -> str:
    state = state_here(replica, placement)
    name = f"{symbol_of(state)} **{title_of(replica)}**"
    return " · ".join([name, word_of(state, texts), *run_and_seen(replica, placement, texts)])


def status_card(
    replica: Replica,
    placement: Placement | None,
    checked_at: float,
    texts: Texts,
    *,
    notes: Sequence[Field] = (),
) -> StatusCard:
    """Show one replica.

    placement: None where it was not connected from here. checked_at: seconds since 1970. notes: see
    ``StatusCard``.
    """
    state = replica.state
    here = state_here(replica, placement)
    is_blocked = placement is not None and here is State.BLOCKED
    member = _here(state, placement, texts)
    return StatusCard(
        Tone.QUIET if here is None else state_tone(here),
        symbol_of(here),
        title_of(replica, MAX_NAME_ON_CARD),
        word_of(here, texts),
        _next_step(state, placement, texts),
        causes=[why_access(placement.access, texts)] if placement and is_blocked else [_means(state, texts)],
        # A blocked replica's cause says it already.
        here=[] if is_blocked or state is None else [member],
        notes=notes,
        details=lambda: list(_details(replica, placement, member, texts)),
        checked_at=checked_at,
    )


def beyond_card(replica: Choice, checked_at: float, texts: Texts) -> StatusCard:
    """Say that a replica was not found in the part of the list that is read."""
    return StatusCard(
        Tone.WARNING,
        symbol_of(State.UNKNOWN),
        texts("sensay.status.beyond"),
        word_of(State.UNKNOWN, texts),
        texts("sensay.status.beyond_next"),
        causes=[texts("sensay.status.beyond_how")],
        details=lambda: [Field(texts("sensay.replica"), code(replica.id))],
        checked_at=checked_at,
    )


def _means(state: State | None, texts: Texts) -> str:
    return texts(f"sensay.lists.{'none' if state is None else state}")


def _details(replica: Replica, placement: Placement | None, here: str, texts: Texts) -> Iterator[Field]:
    if tagline := quoted(replica.short_description or "", 300):
        yield Field(texts("sensay.status.tagline"), tagline)
    yield Field(texts("sensay.status.lists"), "\n".join(_listed(replica, texts)))
    yield Field(texts("sensay.status.here"), here)
    yield Field(texts("sensay.replica"), code(replica.uuid or ""))
    yield Field(texts("sensay.status.by"), _by(placement, texts))


def _listed(replica: Replica, texts: Texts) -> Iterator[str]:
    yield listed_line(replica.state, texts)
    if replica.discord_integration is not None:
        service = replica.discord_integration.service_name
        yield texts("sensay.status.service", name=code(service, 100) if service else texts("not_reported"))


def _membership(placement: Placement | None) -> str:
    """Return the last part of a key: whether the bot that was connected from here is in this server."""
    if placement is None:
        return "not_ours"
    if placement.bot_id is None:
        return "no_bot"
    return placement.standing


def _here(state: State | None, placement: Placement | None, texts: Texts) -> str:
    if state is None and placement is None:
        return texts("sensay.here.none")
    known = _membership(placement)
    if placement is None or placement.bot_id is None:
        return texts(f"sensay.here.{known}")
    # Discord shows a mention of somebody who is not in the server as an unknown user.
    bot = f"<@{placement.bot_id}>" if placement.member else code(str(placement.bot_id))
    key = "absent_by_hand" if known == "absent" and placement.invite is None else known
    return texts(f"sensay.here.{key}", bot=bot, link=placement.invite or "", time=placement.until)


def _by(placement: Placement | None, texts: Texts) -> str:
    if placement is None or placement.placed is None:
        return texts("sensay.status.not_ours")
    placed = placement.placed
    return f"{mention_member(placed.placed_by, texts)} · {when(placed.placed_at, exact=True)}"


def _next_step(state: State | None, placement: Placement | None, texts: Texts) -> str:
    if state is None:
        return texts("sensay.next.none")
    if state is State.INACTIVE:
        application = application_of(placement.bot_id if placement else None)
        return texts("sensay.next.inactive", portal=bot_page(application))
    if state is State.UNKNOWN:
        return texts("sensay.next.unknown")
    if placement is None or placement.bot_id is None:
        return texts("sensay.next.bot_unknown", portal=bot_page(None))
    if not placement.member and placement.invite is None:
        by_hand = "preflight.invite_by_hand" if placement.member is False else "sensay.next.bot_unknown"
        return texts(by_hand, portal=bot_page(None))
    return texts(f"sensay.next.{placement.standing}", link=placement.invite or "")
