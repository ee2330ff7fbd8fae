"""How integrations are doing, as members are told: worst first, what is out of date, and who is meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.errors import NoIncidentError, NotWatchedError
from bot.kit.integration import State
from bot.services.watching import Kind, WatchService
from bot.store.connections import ConnectionRow, ConnectionStore
from bot.store.watching import CheckRow, IncidentRow, WatchedRow, WatchStore

if TYPE_CHECKING:
    from bot.store.database import Database
    from bot.store.watching import Ledger
    from tests.services.pace import Clock

GUILD, OTHER, MEMBER = 1102345678901234567, 1102345678999999999, 298765432109870001
NOW = 1_700_000_000
INTERVAL = 60
ROW = WatchedRow(
    GUILD, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.CONNECTED, "", changed_at=NOW
)


@pytest.fixture
def watched(database: Database) -> WatchStore:
    """The rows below the service."""
    return WatchStore(database)


@pytest.fixture
def watching(watched: WatchStore, clock: Clock) -> WatchService:
    """The service, with a check each minute."""
    return WatchService(watched, clock, INTERVAL, 90)


async def put(watched: WatchStore, *rows: WatchedRow | CheckRow | IncidentRow) -> None:
    """Store what was found."""

    async def work(ledger: Ledger) -> None:
        for row in rows:
            if isinstance(row, WatchedRow):
                await ledger.put(row)
            elif isinstance(row, CheckRow):
                assert await ledger.check(row)
            else:
                await ledger.open(row, announce_at=None)

    await watched.transact(work)


async def answered(database: Database, watched: WatchStore, ago: int, name: str = "default") -> None:
    """Give a connection, whose provider answered so many seconds ago and not since."""
    row = ConnectionRow(GUILD, "toolzz", name, b"sealed", set_by=1, set_at=1, verified_at=1)
    assert await ConnectionStore(database).insert(row)
    await put(watched, CheckRow(GUILD, "toolzz", name, NOW - ago, NOW - ago, ""))
    await put(watched, CheckRow(GUILD, "toolzz", name, NOW, None, "timeout"))


async def test_the_worst_comes_first(database: Database, watched: WatchStore, watching: WatchService) -> None:
    """By state, what is out of date behind what could not be found out, and then by name."""
    await answered(database, watched, 0)
    await answered(database, watched, 9999, "old")
    rows = [
        *(replace(ROW, id=state, label=state, state=state) for state in State),
        replace(ROW, id="old", label="old", connection="old", state=State.ERROR),
        replace(ROW, id="Z", label="a Zebra", state=State.ERROR),
        replace(ROW, kind=Kind.CONNECTION, id="default", label="default", state=State.ERROR),
    ]
    await put(watched, *rows, replace(ROW, guild_id=OTHER, id="theirs", state=State.ERROR))
    found = await watching.integrations(GUILD)
    assert [each.id for each in found] == [
        "Z", "error", "disconnected", "unknown", "old", "inactive", "connected",
    ]  # fmt: skip
    assert [each.id for each in found if each.is_stale] == ["old"]


@pytest.mark.parametrize(
    ("ago", "state", "stale"),
    [
        (5 * INTERVAL, State.CONNECTED, False),
        (5 * INTERVAL + 1, State.CONNECTED, True),
        (5 * INTERVAL + 1, State.DISCONNECTED, True),
        (5 * INTERVAL + 1, State.UNKNOWN, False),
    ],
)
async def test_a_state_is_believed_for_five_intervals(
    database: Database, watched: WatchStore, watching: WatchService, ago: int, state: State, stale: bool
) -> None:
    """After the last answer, not the last attempt; of what is unknown there is nothing to be out of date."""
    await answered(database, watched, ago)
    await put(watched, replace(ROW, state=state))
    (found,) = await watching.integrations(GUILD)
    assert (found.is_stale, found.answered_at) == (stale, NOW - ago)


async def test_what_was_never_answered_is_not_believed(watched: WatchStore, watching: WatchService) -> None:
    """A state from before the connection's checks were forgotten is out of date."""
    await put(watched, ROW)
    (found,) = await watching.integrations(GUILD)
    assert (found.is_stale, found.answered_at) == (True, None)


async def test_troubles_are_connections_and_providers_that_are_not_well(
    database: Database, watched: WatchStore, watching: WatchService
) -> None:
    """A provider was heard of when any of its connections was; an old trouble is no less of one."""
    await answered(database, watched, 400)
    await answered(database, watched, 500, "second")
    await put(
        watched,
        replace(ROW, state=State.ERROR),
        replace(ROW, kind=Kind.CONNECTION, id="default", label="default", state=State.ERROR),
        replace(ROW, kind=Kind.CONNECTION, id="second", connection="second"),
        replace(ROW, kind=Kind.PROVIDER, id="toolzz", connection="", state=State.DISCONNECTED),
    )
    found = await watching.troubles(GUILD)
    assert [(each.kind, each.answered_at, each.is_stale) for each in found] == [
        (Kind.CONNECTION, NOW - 400, False),
        (Kind.PROVIDER, NOW - 400, False),
    ]
    assert await watching.troubles(OTHER) == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("toolzz:a", "a"),
        (" toolzz:a ", "a"),
        ("a", "a"),
        ("nora", "a"),
        ("  NORA\n", "a"),
        ("sensay:b", "b"),
        ("b", "b"),
        ("STRASSE", "c"),
        ("Iris", None),
        ("Nor", None),
        ("toolzz:b", None),
        ("toolzz:default", None),
        ("default", None),
        ("theirs", None),
        ("toolzz:theirs", None),
        ("", None),
    ],
)
async def test_a_member_names_one(
    watched: WatchStore, watching: WatchService, typed: str, found: str | None
) -> None:
    """By key, id or name; what could be several, a part, or another guild's is nobody's."""
    await put(
        watched,
        replace(ROW, label=" Nora "),
        replace(ROW, provider="sensay", id="b", label="Iris"),
        replace(ROW, id="c", label="Straße"),
        replace(ROW, id="d", label="iris"),
        replace(ROW, kind=Kind.CONNECTION, id="default", label="default"),
        replace(ROW, guild_id=OTHER, id="theirs", label="theirs"),
    )
    if found is None:
        with pytest.raises(NotWatchedError):
            await watching.find(GUILD, typed)
    else:
        assert (await watching.find(GUILD, typed)).id == found


async def test_a_key_is_stronger_than_a_name(watched: WatchStore, watching: WatchService) -> None:
    """An agent that is called as another one's key takes nobody's place."""
    await put(watched, ROW, replace(ROW, id="b", label="toolzz:a"))
    found = await watching.find(GUILD, "toolzz:a")
    assert (found.id, found.key) == ("a", "toolzz:a")


async def test_muted_is_what_is_muted_now(watched: WatchStore, watching: WatchService, clock: Clock) -> None:
    """A time that has come is over, without anybody ending it."""
    await put(watched, ROW)
    await watched.mute(GUILD, "toolzz", "a", until=NOW + 60, member_id=MEMBER, now=NOW)
    (muted,) = await watching.integrations(GUILD)
    assert (muted.muted_until, muted.muted_by) == (NOW + 60, MEMBER)
    clock.now = NOW + 60
    (over,) = await watching.integrations(GUILD)
    assert (over.muted_until, over.muted_by) == (None, None)


async def test_an_open_incident_comes_along(watched: WatchStore, watching: WatchService) -> None:
    """The one of the same kind, provider and id; none that is closed, even if just now."""
    of_a = IncidentRow(GUILD, 0, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "", NOW)
    await put(watched, ROW, replace(ROW, id="b"))
    await put(
        watched, of_a, replace(of_a, id="b", closed_at=NOW), replace(of_a, kind=Kind.CONNECTION, id="b")
    )
    found = {each.id: each.incident for each in await watching.integrations(GUILD)}
    assert found == {"a": replace(of_a, number=1), "b": None}


async def test_incidents_and_history_are_the_guilds_own(watched: WatchStore, watching: WatchService) -> None:
    """By number, by time, by integration; what is not there is an error of its own."""
    of_a = IncidentRow(GUILD, 0, Kind.INTEGRATION, "toolzz", "a", "default", "Nora", State.ERROR, "", NOW)
    await put(watched, ROW, replace(ROW, guild_id=OTHER), replace(of_a, closed_at=NOW), of_a)
    await watched.transact(lambda ledger: ledger.transition(ROW, NOW))
    assert (await watching.incident(GUILD, 2)).closed_at is None
    assert [each.number for each in await watching.incidents(GUILD, NOW + 1)] == [2]
    for guild_id, number in ((GUILD, 3), (OTHER, 1)):
        with pytest.raises(NoIncidentError):
            await watching.incident(guild_id, number)
    assert await watching.incidents(OTHER, 0) == []
    (found,) = await watching.integrations(GUILD)
    assert [line.at for line in await watching.history(GUILD, found, NOW + 5)] == [NOW]
    assert list(await watching.history(OTHER, found, 0)) == []
    assert list(await watching.checks(GUILD)) == []
