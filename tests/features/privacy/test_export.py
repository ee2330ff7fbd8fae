"""Proves that everything that is stored of a guild is exported, and counted as well."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.features.connections.service import ConnectionService
from bot.features.privacy.service import PrivacyService
from bot.features.privacy.store import QUERIES
from bot.providers.sensay.simulator import SensaySimulator
from bot.store.connection import StoredRow
from bot.store.database import Database
from tests.support.erasure import connect, sealed
from tests.support.guild_rows import fill, tables
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD

COUNTED = {
    *(
        "number",
        "tier",
        "bad",
        "good",
        "checks",
        "remind",
        "missing",
        "start",
        "end_",
        "partial",
        "reopened",
        "posts",
        "desired_version",
        "sent_version",
        "tries",
        "escalate",
        "is_reported",
        "silent",
        "highest",
        "route",
        "alert",
        "incident",
        "ends",
        "times",
        "entries",
    )
}


async def test_an_export_has_all_tables_and_no_secret(
    privacy: PrivacyService, service: ConnectionService, path: Path
) -> None:
    """It has only this guild's rows, and only the names of the credentials' fields."""
    await connect(service, GUILD)
    secrets = sealed(path, GUILD)
    fill(path, OTHER_GUILD)
    fill(path, GUILD)
    exported = await privacy.export(GUILD)
    assert exported.keys() == tables(path) | {"guild_id", "exported_at", "audit_entries_stored"}
    connections = exported["connection"]
    assert isinstance(connections, list)
    assert connections[0] == {
        "provider": "sensay",
        "name": "default",
        "set_by": str(MEMBER),
        "set_at": "2023-11-14T22:13:20+00:00",
        "verified_at": "2023-11-14T22:13:20+00:00",
        "refused_at": None,
        "credential_fields_set": list(SensaySimulator.credentials),
    }
    written = json.dumps(exported)
    assert str(OTHER_GUILD) not in written
    hidden = [*SensaySimulator.credentials.values(), *(secret.hex() for secret in secrets)]
    assert [value for value in hidden if value in written] == []


async def test_an_export_has_all_columns(privacy: PrivacyService, path: Path) -> None:
    """Only secrets and hashes are left out. Ids are strings, and other numbers are numbers."""
    fill(path, GUILD)
    exported = await privacy.export(GUILD)
    kept_back = {"connection": {"secret", "generation"}, "audit": {"hash"}}
    for table in tables(path):
        rows = exported[table]
        assert isinstance(rows, list)
        (row,) = rows
        with closing(sqlite3.connect(path)) as database:
            columns = {column for _, column, *_ in database.execute(f"PRAGMA table_info({table})")}
        assert row.keys() - {"credential_fields_set"} == columns - kept_back.get(table, set()) - {"guild_id"}
        assert {name for name, value in row.items() if isinstance(value, int)} == COUNTED & columns


def write_log(path: Path, numbers: range) -> None:
    """Fill a guild's audit log."""
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany(
            "INSERT INTO audit (guild_id, number, at, action, target, result, hash, times)"
            " VALUES (?, ?, 1700000000, 'alerts.mute', '', 'done', x'00', 1)",
            [(GUILD, number) for number in numbers],
        )


async def test_a_long_log_is_exported_in_batches(
    privacy: PrivacyService, database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a long log the newest entries come, as many as in its own export, and never all in one step."""
    monkeypatch.setattr("bot.features.privacy.service.MAX_EXPORTED", 1200)
    write_log(path, range(101, 1501))
    sizes: list[int] = []
    read_all = database.read_all

    async def counted(query: Any, /, **values: object) -> list[StoredRow]:  # noqa: ANN401 - as read_all
        rows = await read_all(query, **values)
        sizes.append(len(rows))
        return rows

    monkeypatch.setattr(database, "read_all", counted)
    first, second = await asyncio.gather(privacy.export(GUILD), privacy.export(GUILD))
    assert first == second
    entries = first["audit"]
    assert isinstance(entries, list)
    assert [each["number"] for each in entries] == list(range(301, 1501))
    assert first["audit_entries_stored"] == 1400
    assert max(sizes) <= 500


async def test_a_log_is_counted_without_reading_it(
    privacy: PrivacyService, database: Database, path: Path
) -> None:
    """The number of entries is right for a log whose beginning was deleted, and takes no scan of the log."""
    assert (await privacy.stored(GUILD)).entries == 0
    write_log(path, range(101, 1501))
    assert (await privacy.stored(GUILD)).entries == 1400
    sql = QUERIES.count_stored.sql
    with closing(sqlite3.connect(path)) as plain:
        steps = [0]

        def step() -> int:
            steps[0] += 1
            return 0

        plain.set_progress_handler(step, 10)
        plain.execute(sql, {"guild_id": GUILD}).fetchall()
    assert steps[0] * 10 < 1400
