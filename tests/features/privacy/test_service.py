"""Proves that everything that is stored of a guild is exported and erased, and not too early."""

import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.errors import ErasedSecretError, NoGrantError
from bot.features.audit.service import AuditService
from bot.features.connections.service import ConnectionService
from bot.features.privacy.service import PrivacyService, Tombstone
from bot.providers.sensay.simulator import SensaySimulator
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.erasure import Build, connect, sealed
from tests.support.guild_rows import counts, fill, tables, traces
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

DAY = 86_400
TOMBSTONE = "tombstone"


def left(path: Path, guild_id: int = GUILD) -> dict[str, int]:
    """Return how many rows of a guild there are, by table, without the tables that have none."""
    return {table: number for table, number in counts(path, guild_id).items() if number}


def drop(path: Path, table: str, guild_id: int | None = None) -> None:
    """Delete a table's rows, or only those of a guild."""
    with closing(sqlite3.connect(path)) as database, database:
        wanted = f"DELETE FROM {table} WHERE :guild IS NULL OR guild_id = :guild"  # noqa: S608 - a table's name
        database.execute(wanted, {"guild": guild_id})


async def test_an_erased_guild_is_in_no_table_or_file(privacy: PrivacyService, path: Path) -> None:
    """Its members' ids, texts and encrypted bytes are gone from the tables, the file and the log, and its own
    id is in the tombstone alone; other guilds stay.
    """
    mine, theirs = fill(path, GUILD), fill(path, OTHER_GUILD)
    before = counts(path, OTHER_GUILD)
    assert set(counts(path, GUILD).values()) == {1}
    assert await privacy.erase(GUILD)
    assert left(path) == {TOMBSTONE: 1}
    assert traces(path, mine) == [GUILD.to_bytes(8)]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (0,)
    assert counts(path, OTHER_GUILD) == before
    assert traces(path, theirs) == theirs


async def test_no_trace_stays_in_pages_that_were_split(
    privacy: PrivacyService, database: Database, path: Path
) -> None:
    """The copies that SQLite leaves when it splits and joins pages are erased as well."""
    die = random.Random(7)  # noqa: S311 - any sequence will do, the same each time
    guilds = [GUILD + number for number in range(60)]
    await database._engine.connection.execute("BEGIN")
    for number in range(3000):
        guild_id = die.choice(guilds)
        secret = f"SEALED {guild_id}".encode() + os.urandom(die.randrange(60, 400))
        if die.random() < 0.4:
            await database._engine.connection.execute(
                "INSERT OR REPLACE INTO connection VALUES (?, 'sensay', ?, ?, 1, 2, 3, NULL, 0)",
                (guild_id, f"n{die.randrange(25)}", secret),
            )
        else:
            await database._engine.connection.execute(
                "INSERT INTO audit VALUES (?, ?, 1, '2', 'a', ?, 'done', x'00', NULL, 1)",
                (guild_id, number, f"SEALED {guild_id} {'x' * die.randrange(60)}"),
            )
    await database._engine.connection.execute("COMMIT")
    for guild_id in guilds[::3]:
        await privacy.erase(guild_id)
    database._scrub_from = 0  # an hour later
    assert await database.scrub()
    assert traces(path, [f"SEALED {guild_id}".encode() for guild_id in guilds[::3]]) == []


async def test_another_process_delays_only_the_traces(
    privacy: PrivacyService, database: Database, path: Path
) -> None:
    """While it reads, the rows are erased but the file keeps traces; a later sweep removes them."""
    mine = fill(path, GUILD)
    await database._engine.connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM connection").fetchall()
        assert not await privacy.erase(GUILD)
        assert left(path) == {TOMBSTONE: 1}
        assert len(traces(path, mine)) > 1
        await privacy.sweep()
        assert len(traces(path, mine)) > 1
    await privacy.sweep()
    assert traces(path, mine) == [GUILD.to_bytes(8)]


async def test_a_removal_erases_only_the_credentials_at_once(
    privacy: PrivacyService, service: ConnectionService, path: Path
) -> None:
    """They are gone from the file as well. The connection says why, and new credentials can be entered."""
    await connect(service, GUILD)
    await connect(service, OTHER_GUILD)
    secrets = sealed(path, GUILD)
    await privacy.removed(GUILD)
    assert traces(path, secrets) == []
    (summary,) = await service.summaries(GUILD)
    assert (summary.erased, summary.readable, summary.set_by) == (True, False, MEMBER)
    with pytest.raises(ErasedSecretError):
        await service.open(GUILD, "sensay")
    assert (await service.open(OTHER_GUILD, "sensay")).credentials == SensaySimulator.credentials
    await service.rotate(GUILD, "sensay", "default", SensaySimulator.credentials, member_id=MEMBER)
    assert (await service.open(GUILD, "sensay")).credentials == SensaySimulator.credentials


async def test_the_rest_is_erased_after_seven_days(
    privacy: PrivacyService, database: Database, path: Path, clock: Clock
) -> None:
    """The time counts from the first note of the removal. Other guilds stay."""
    mine = fill(path, GUILD)
    fill(path, OTHER_GUILD)
    drop(path, TOMBSTONE)
    theirs = counts(path, OTHER_GUILD)
    await privacy.removed(GUILD)
    kept = counts(path, GUILD)
    assert {table for table, number in kept.items() if not number} == {TOMBSTONE, "greeting"}
    clock.now += 7 * DAY - 1
    await privacy.removed(GUILD)
    await privacy.sweep()
    assert counts(path, GUILD) == kept
    clock.now += 1
    database._scrub_from = 0
    await privacy.sweep()
    assert set(counts(path, GUILD).values()) == {0}
    assert traces(path, mine) == []
    assert counts(path, OTHER_GUILD) == theirs


async def test_a_guild_that_returns_in_time_keeps_the_rest(
    privacy: PrivacyService, path: Path, clock: Clock
) -> None:
    """The removal and the return have one entry each in the audit log."""
    fill(path, GUILD)
    await privacy.removed(GUILD)
    assert (await privacy.guilds())[GUILD] == int(clock.now)
    await privacy.returned(GUILD)
    await privacy.returned(GUILD)
    assert (await privacy.guilds())[GUILD] is None
    clock.now += 365 * DAY
    await privacy.sweep()
    assert set(left(path)) == tables(path) - {"greeting", TOMBSTONE}
    entries = (await privacy.export(GUILD))["audit"]
    assert isinstance(entries, list)
    noted = [entry["action"] for entry in entries if str(entry["action"]).startswith("guild.")]
    assert noted == ["guild.removed", "guild.returned"]


async def test_zero_days_erase_everything_at_once(build: Build, path: Path) -> None:
    """Not even the time of the removal stays."""
    fill(path, GUILD)
    await build(0).removed(GUILD)
    assert set(counts(path, GUILD).values()) == {0}


async def test_a_guild_without_rows_gets_none(privacy: PrivacyService, path: Path) -> None:
    """The removal of a guild of which nothing is stored is not stored either."""
    await privacy.removed(GUILD)
    assert set(counts(path, GUILD).values()) == {0}


async def test_traces_of_an_earlier_process_are_removed(path: Path, build: Build) -> None:
    """The file itself says that traces are left, so the note survives a crash."""
    mine = fill(path, GUILD)
    with closing(sqlite3.connect(path, isolation_level=None)) as crashed:
        crashed.execute("PRAGMA secure_delete = OFF")
        crashed.execute("BEGIN")
        for table in tables(path):
            crashed.execute(f"DELETE FROM {table}")  # noqa: S608 - a table's name
        crashed.execute("PRAGMA user_version = 1")
        crashed.execute("COMMIT")
    assert traces(path, mine) != []
    await build(7).sweep()
    assert traces(path, mine) == []


async def test_one_row_in_any_table_makes_a_guild_known(privacy: PrivacyService, path: Path) -> None:
    """The guild is listed and counted, whichever table has a row of it; a tombstone is no data of a guild."""
    holding = tables(path) - {TOMBSTONE}
    guilds = {GUILD + number: table for number, table in enumerate(sorted(holding))}
    for guild_id, only in guilds.items():
        fill(path, guild_id)
        with closing(sqlite3.connect(path)) as database, database:
            for table in tables(path) - {only}:
                database.execute(f"DELETE FROM {table} WHERE guild_id = ?", (guild_id,))  # noqa: S608 - as above
    assert set(await privacy.guilds()) == set(guilds)
    assert [(await privacy.stored(guild_id)).total for guild_id in guilds] == [1] * len(guilds)
    fill(path, OTHER_GUILD)
    for table in holding:
        drop(path, table, OTHER_GUILD)
    assert OTHER_GUILD not in await privacy.guilds()
    assert (await privacy.stored(OTHER_GUILD)).total == 0
    assert await privacy.tombstone(OTHER_GUILD) is not None


@pytest.mark.parametrize("erase", [True, False])
async def test_what_providers_said_is_forgotten_as_well(
    privacy: PrivacyService, service: ConnectionService, erase: bool
) -> None:
    """Memory keeps no fact of credentials that were erased, for whichever reason."""
    values = {**SensaySimulator.credentials, "user_id": SensaySimulator.OWNER}
    for guild_id in (GUILD, OTHER_GUILD):
        await service.add(guild_id, "sensay", "default", values, member_id=MEMBER)
    await (privacy.erase(GUILD) if erase else privacy.removed(GUILD))
    assert (len(service._facts.of(GUILD)), len(service._facts.of(OTHER_GUILD))) == (0, 1)


async def test_a_tombstone_stays_until_its_time_is_over(
    privacy: PrivacyService, database: Database, path: Path, clock: Clock
) -> None:
    """It counts the audit log's entries, also those of an earlier erasure, and goes after seven days."""
    fill(path, GUILD)
    drop(path, TOMBSTONE)
    first = int(clock.now)
    await privacy.erase(GUILD)
    assert await privacy.tombstone(GUILD) == Tombstone(first, 1)
    clock.now += 5 * DAY
    fill(path, OTHER_GUILD)
    with closing(sqlite3.connect(path)) as beside, beside:
        beside.execute(
            "INSERT INTO audit SELECT ?, 7, at, '1', 'a', '', '', x'00', NULL, 1 FROM audit", (GUILD,)
        )
    await privacy.erase(GUILD)
    assert await privacy.tombstone(GUILD) == Tombstone(int(clock.now), 2)
    clock.now += 7 * DAY - 1
    await privacy.sweep()
    assert left(path) == {TOMBSTONE: 1}
    clock.now += 1
    database._scrub_from = 0  # an hour has passed
    await privacy.sweep()
    assert left(path) == {}
    assert traces(path, [GUILD.to_bytes(8)]) == []


async def test_what_a_sweep_keeps_is_as_it_was(privacy: PrivacyService, path: Path, clock: Clock) -> None:
    """A guild that the bot is in keeps also new credentials; others are swept once they are late enough."""
    for guild_id in (GUILD, OTHER_GUILD):
        fill(path, guild_id)
        drop(path, TOMBSTONE)
        await privacy.removed(guild_id)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE connection SET secret = x'07'")
    kept, other = left(path), left(path, OTHER_GUILD)
    clock.now += 7 * DAY + 3599
    await privacy.sweep({GUILD}, late=3600)
    assert (left(path), left(path, OTHER_GUILD)) == (kept, other)
    assert (sealed(path, GUILD), sealed(path, OTHER_GUILD)) == ([b"\x07"], [b""])
    clock.now += 1
    await privacy.sweep({GUILD}, late=3600)
    assert (left(path), left(path, OTHER_GUILD)) == (kept, {})


async def test_an_erasure_that_fails_changes_nothing(
    privacy: PrivacyService, database: Database, path: Path
) -> None:
    """Rows go and the tombstone comes in one transaction."""
    fill(path, GUILD)
    drop(path, TOMBSTONE)
    before = counts(path, GUILD)
    await database._engine.connection.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON main.tombstone BEGIN SELECT raise(ABORT, 'full'); END"
    )
    with pytest.raises(sqlite3.IntegrityError):
        await privacy.erase(GUILD)
    assert counts(path, GUILD) == before


async def test_what_was_refused_before_is_not_written_after_an_erasure(
    privacy: PrivacyService, audit: AuditService, path: Path
) -> None:
    """The tombstone is the only row left, also once the counters of refusals are written."""
    await audit.note(GUILD, "alerts.set", "channel · 5", member_id=MEMBER)
    for number in range(30):
        with pytest.raises(NoGrantError):
            async with audit.change(GUILD, MEMBER + number, "access.grant", "member · 88"):
                raise NoGrantError
    await privacy.erase(GUILD)
    await audit.flush()
    assert left(path) == {TOMBSTONE: 1}


@contextmanager
def failing(path: Path, table: str, guild_id: int = GUILD) -> Iterator[None]:
    """Let the deletion of a guild's row of a table fail, as if the process died there."""
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            f"CREATE TRIGGER t BEFORE DELETE ON {table} WHEN old.guild_id = {guild_id}"
            " BEGIN SELECT raise(ABORT, 'died'); END"
        )
        yield
        database.execute("DROP TRIGGER t")


@pytest.mark.parametrize("is_whole", [True, False])
async def test_a_long_log_is_erased_in_steps(
    privacy: PrivacyService,
    audit: AuditService,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_whole: bool,
) -> None:
    """Stopped in between, what is left is no forged log, and the next sweep erases it, whatever happens."""
    monkeypatch.setattr("bot.features.audit.store._AGED_AT_ONCE", 10)
    for number in range(75):
        await audit.note(GUILD, "alerts.set", f"channel · {number}", member_id=MEMBER)
    fill(path, OTHER_GUILD)
    others = left(path, OTHER_GUILD)
    if not is_whole:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE audit SET target = 'made up' WHERE number = 30")
    with failing(path, "audit_member"):
        with pytest.raises(sqlite3.IntegrityError):
            await privacy.erase(GUILD)
        assert 0 < left(path)["audit"] <= 10
        assert ((await audit.export(GUILD))[1].flaw is None) == is_whole
    await privacy.returned(GUILD)
    await privacy.sweep({GUILD, OTHER_GUILD})
    assert left(path) == {TOMBSTONE: 1}
    tombstone = await privacy.tombstone(GUILD)
    assert tombstone is not None
    assert tombstone.entries == 75
    assert left(path, OTHER_GUILD) == others


async def test_each_overdue_guild_is_erased_by_itself(
    privacy: PrivacyService, path: Path, clock: Clock
) -> None:
    """One that cannot be erased does not bring back those before it."""
    for guild_id in (GUILD, OTHER_GUILD):
        fill(path, guild_id)
        drop(path, TOMBSTONE)
        await privacy.removed(guild_id)
    clock.now += 7 * DAY
    with failing(path, "route", max(GUILD, OTHER_GUILD)), pytest.raises(sqlite3.IntegrityError):
        await privacy.sweep()
    assert (left(path, min(GUILD, OTHER_GUILD)), "route" in left(path, max(GUILD, OTHER_GUILD))) == ({}, True)
