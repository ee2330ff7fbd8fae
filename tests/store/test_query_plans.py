"""Proves that no query that is run often reads a whole table which has rows of every server."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from bot.store.queries import load_queries
from tests.support.source import ROOT

IN_STEPS: Final = "changes some rows of a table, a step at a time"
START: Final = "once, at the start"
EXCEPTIONS: Final[Mapping[str, str]] = {
    "access.list_member_grants": "hourly",
    "alerts.compact_alerts": IN_STEPS,
    "alerts.compact_incidents": IN_STEPS,
    "alerts.compact_members": IN_STEPS,
    "alerts.count_open": "the index holds the open incidents only, each of which is counted",
    "alerts.list_boards": "once a minute, when each board is drawn",
    "alerts.list_idle_suspended": "once a minute, in 9 ms for 100,000 routes; an index would cost more",
    "alerts.set_back": IN_STEPS,
    "alerts.set_back_boards": START,
    "alerts.set_back_pending": IN_STEPS,
    "alerts.set_back_routes": START,
    "audit.list_aged": "hourly",
    "audit.list_former": START,
    "audit.list_unfinished": "hourly, and after a change whose result could not be written",
    "complaints.compact_complaints": IN_STEPS,
    "connections.count_unlike": START,
    "connections.list_all_watchable": "lists the connections of all servers for the checks",
    "guilds.list_greetings": "holds the servers that are to be greeted only",
    "history.compact_history": IN_STEPS,
    "maintenance.compact_maintenance": IN_STEPS,
    "monitoring.list_orphan_guilds": "after a connection was removed, in no transaction",
    "privacy.erase_old_tombstones": "hourly",
    "privacy.list_late_secrets": "hourly",
    "privacy.list_overdue": "hourly",
}


ON_POSTGRES: Final = {
    "alerts.arm_all_alerts": "may look at the open incidents first, where they are few",
    "alerts.count_waiting": "the index holds what waits only, each of which is counted",
    "maintenance.look_again": "as alerts.arm_all_alerts",
}
OF_NO_SERVER: Final = """
    SELECT table_name FROM information_schema.tables
    EXCEPT SELECT table_name FROM information_schema.columns WHERE column_name = 'guild_id'
"""


def queries() -> Iterator[tuple[str, str]]:
    """Yield the name of each query with its feature, and the SQL."""
    for file in sorted((ROOT / "bot").rglob("queries.sql")):
        loaded = load_queries(".".join(file.relative_to(ROOT).parent.parts))
        for name, query in vars(loaded).items():
            yield f"{file.parent.name}.{name}", query.sql


@pytest.fixture
def plans(empty_database: Path) -> Mapping[str, str]:
    """The queries that read all rows of a table of servers, and how."""
    found = {}
    with closing(sqlite3.connect(empty_database)) as database:
        tables = {
            table
            for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            if any(row[1] == "guild_id" for row in database.execute(f"PRAGMA table_info({table})"))
        }
        for name, sql in queries():
            values = dict.fromkeys(re.findall(r":(\w+)", re.sub(r"'[^']*'|--.*", "", sql)))
            aliases = dict(re.findall(r"\b(\w+) AS (\w+)\b", sql))
            named = tables | {alias for table, alias in aliases.items() if table in tables}
            for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values):
                words = str(row[3]).split()
                if words[0] == "SCAN" and words[1] in named:
                    found[name] = str(row[3])
    return found


@pytest.fixture
def postgres_plans(postgres_url: str) -> Mapping[str, set[str]]:
    """The queries for which PostgreSQL has to read all rows of a table or of an index, and which ones."""
    found = {}
    with psycopg.connect(postgres_url) as database:
        # A table without rows is read as a whole, unless that is said to be dear.
        database.execute("SET enable_seqscan = off")
        small = {table for (table,) in database.execute(OF_NO_SERVER)}
        for name, sql in queries():
            explain = f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered(sql)}"
            row = database.execute(explain.encode()).fetchone()
            assert row is not None
            if read := set(whole(row[0][0]["Plan"])) - small:
                found[name] = read
    return found


def numbered(sql: str) -> str:
    """Return a query with its parameters as PostgreSQL has them, those with a type that need one."""
    for number, name in enumerate(dict.fromkeys(re.findall(r"(?<!:):(\w+)", sql)), 1):
        kind = {"after": "::bigint", "beginning": "::bytea"}.get(name, "")
        sql = re.sub(rf"(?<!:):{name}\b", f"${number}{kind}", sql)
    return sql


def whole(step: Mapping[str, Any]) -> Iterator[str]:
    """Yield which tables and indexes a step of a plan, and those below it, read as a whole."""
    read = step.get("Relation Name") or step.get("Index Name")
    if read and step["Node Type"].endswith("Scan") and not step.keys() & {"Index Cond", "Recheck Cond"}:
        yield read
    for each in step.get("Plans", ()):
        yield from whole(each)


def test_no_query_that_is_run_often_reads_a_whole_table(plans: Mapping[str, str]) -> None:
    """Those that do are run once an hour at most, or when the host asks about a member, or have a reason."""
    rare = {name for name in plans if re.match(r"privacy\.(forget_)?member_", name)}
    assert {name: plan for name, plan in plans.items() if name not in rare | EXCEPTIONS.keys()} == {}


def test_postgresql_has_an_index_for_what_sqlite_has_one_for(postgres_plans: Mapping[str, set[str]]) -> None:
    """What is run often can be run by an index there as well, however the tables are filled."""
    rare = {name for name in postgres_plans if re.match(r"privacy\.(forget_)?member_", name)}
    known = rare | EXCEPTIONS.keys() | ON_POSTGRES.keys()
    assert {name: read for name, read in postgres_plans.items() if name not in known} == {}


def test_each_exception_is_one(plans: Mapping[str, str]) -> None:
    """No reason is given for a query that reads no whole table."""
    assert EXCEPTIONS.keys() - plans.keys() == set()
