"""What ``/metrics`` says about what is stored and about the state of the bot."""

import asyncio
import io
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import discord
import pytest

from bot.features.alerts.store import QUERIES as ALERTS
from bot.features.monitoring.store import QUERIES as MONITORING
from bot.providers.base.simulator import Answer
from bot.settings import Settings
from bot.store.revision import HEAD
from tests.support.harness import BotHarness
from tests.support.log_capture import log_lines
from tests.support.scraping import Scraper, scraper


async def test_checks_agents_and_incidents(toolzz_connected: BotHarness, page: Scraper) -> None:
    """Each check moves the agents of the server to the states that it has found, also back again."""
    harness = toolzz_connected
    poller = harness.bot.services.poller
    await poller.check_guild(harness.guild.id)
    first = await page.scrape()
    agents = {
        has["state"]: value
        for name, has, value in first.series()
        if name == "patchbay_agents" and has["provider"] == "toolzz"
    }
    shown = await harness.bot.services.monitoring.integrations(harness.guild.id)
    assert sum(agents.values()) == len(shown) > 0
    assert {state: count for state, count in agents.items() if count} == {
        state: sum(each.state == state for each in shown) for state in {str(each.state) for each in shown}
    }
    assert first.values("patchbay_checks_total", provider="toolzz", result="answered") == [1]
    assert first.values("patchbay_agents", provider="sensay") == [0] * len(agents)


async def test_a_provider_that_is_down(toolzz_connected: BotHarness, page: Scraper) -> None:
    """After five checks that failed in a row the breaker is open, until the provider answers."""
    harness = toolzz_connected
    harness.toolzz.fail(Answer(503, {}), times=None)
    for _ in range(5):
        await harness.bot.services.poller.check_guild(harness.guild.id)
    down = await page.scrape()
    assert down.values("patchbay_checks_total", provider="toolzz", result="down") == [5]
    assert down.value("patchbay_provider_breaker_open", provider="toolzz") == 1
    assert down.value("patchbay_provider_breaker_open", provider="sensay") == 0


async def test_open_incidents(harness: BotHarness, page: Scraper) -> None:
    """Those that are over are not counted, and a word of a later version stands as another one."""
    with closing(sqlite3.connect(harness.database)) as database, database:
        for number, kind, closed_at in ((1, "provider", None), (2, "provider", 7), (3, "later", None)):
            database.execute(
                "INSERT INTO incident (guild_id, number, kind, provider, id, connection, label, state,"
                " detail, opened_at, closed_at, ended, reopened)"
                " VALUES (1, ?, ?, 'toolzz', 'x', '', '', '', '', 1, ?, '', 0)",
                (number, kind, closed_at),
            )
    now = await page.scrape()
    assert now.values("patchbay_incidents_open", provider="toolzz", kind="provider") == [1]
    assert now.values("patchbay_incidents_open", provider="toolzz", kind="other") == [1]
    assert now.value("patchbay_incidents_open") == 2


async def test_what_is_unlinked_or_erased_is_counted_no_longer(
    toolzz_connected: BotHarness, page: Scraper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that is unlinked is gone at the next scrape; one that was erased, within the hour."""
    harness = toolzz_connected
    await harness.bot.services.poller.check_guild(harness.guild.id)
    shown = await harness.bot.services.monitoring.integrations(harness.guild.id)
    assert (await page.scrape()).value("patchbay_agents") == len(shown)
    await harness.bot.services.monitoring.stop_watching(harness.guild.id, "toolzz", shown[0].id)
    assert (await page.scrape()).value("patchbay_agents") == len(shown) - 1
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("DELETE FROM watched")
    monkeypatch.setattr("bot.features.monitoring.totals._KEPT_SECONDS", 0)
    assert (await page.scrape()).value("patchbay_agents") == 0


async def test_messages_that_wait_and_those_that_fail(harness: BotHarness, page: Scraper) -> None:
    """A message that is due waits; one that Discord did not take is failing until it does."""
    with closing(sqlite3.connect(harness.database)) as database, database:
        insert = (
            "INSERT INTO outbox (guild_id, kind, route, number, posts, desired_version, sent_version, tries,"
            " next_at, content, began_at, error) VALUES (1, ?, 1, ?, 0, 1, 0, ?, ?, '', 0, '')"
        )
        database.execute(insert, ("alert", 1, 0, 5))
        database.execute(insert, ("alert", 2, 0, 2**40))
        database.execute(insert, ("alert", 3, 4, 2**40))
        database.execute(insert, ("board", 0, 0, None))
        database.execute(insert, ("of a later version", 0, 1, 5))
    now = await page.scrape()
    assert now.values("patchbay_alerts_waiting", kind="alert") == [1]
    assert now.values("patchbay_alerts_failing", kind="alert") == [1]
    assert now.values("patchbay_alerts_waiting", kind="board") == [0]
    assert now.value("patchbay_alerts_failing") == 1


async def test_the_counts_of_all_servers_read_an_index(harness: BotHarness) -> None:
    """No scrape reads all rows of a table; agents of servers that have changed are found by their server."""
    with closing(sqlite3.connect(harness.database)) as database:
        for query in (ALERTS.count_open, ALERTS.count_waiting, MONITORING.count_agents):
            values = {"now": 1, "guild_id": 1}
            plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query.sql}", values)]
            assert plan
            tables = [step for step in plan if not step.startswith("USE TEMP")]
            assert [step for step in tables if step.startswith("SCAN") and "INDEX" not in step] == [], plan


async def test_the_state_of_the_bot(harness: BotHarness, page: Scraper, settings: Settings) -> None:
    """Versions, readiness, servers, the database and its size."""
    now = await page.scrape()
    assert now.values("patchbay_build_info", discord_py=discord.__version__, schema=HEAD) == [1]
    assert now.values("patchbay_servers") == [1]
    assert now.value("patchbay_database_bytes", file="database") == settings.database_path.stat().st_size
    assert now.value("patchbay_database_seconds_count", operation="read") > 0
    writes = now.value("patchbay_database_seconds_count", operation="write")
    await harness.bot.services.guilds.set_audit_channel(harness.guild.id, None)
    assert (await page.scrape()).value("patchbay_database_seconds_count", operation="write") > writes
    assert now.values("patchbay_database_writable") == [1]
    assert now.value("process_resident_memory_bytes") > 2**20
    assert now.value("process_cpu_seconds_total") > 0
    assert now.values("patchbay_backup_newest_timestamp_seconds") == []
    harness.bot.services.write_state.refused("disk full")
    later = await page.scrape()
    assert later.values("patchbay_database_writable") == [0]
    assert later.values("patchbay_ready") == [0]
    harness.bot.services.write_state.accepted()
    assert (await page.scrape()).values("patchbay_ready") == [1]


async def test_identifies_are_counted(harness: BotHarness, page: Scraper) -> None:
    """The page has as many as were counted, and how many there may be."""
    before = await page.scrape()
    await harness.bot.starts.identifies(0)
    now = await page.scrape()
    assert now.value("patchbay_identifies_used") == before.value("patchbay_identifies_used") + 1
    assert now.values("patchbay_identifies_allowed") == [800]


async def test_the_newest_backup(harness: BotHarness, settings: Settings, tmp_path: Path) -> None:
    """With a folder for backups the page says when the newest was made, 0 where there is none."""
    folder = tmp_path / "backups"
    watched = settings.model_copy(update={"backup_folder": folder, "backup_hours": 6})
    async with scraper(harness.bot, watched) as page:
        assert (await page.scrape()).values("patchbay_backup_newest_timestamp_seconds") == [0]
        folder.mkdir()
        (folder / "patchbay-20261130T120000Z.db").touch()
        (folder / "patchbay-20261129T120000Z.db").touch()
        now = await page.scrape()
        assert now.values("patchbay_backup_newest_timestamp_seconds") == [1_796_040_000]
        assert now.values("patchbay_backup_interval_seconds") == [21_600]


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_folder_that_does_not_answer_holds_no_backup(
    harness: BotHarness, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, hangs: bool
) -> None:
    """Whether it hangs or fails, both numbers are there, so that the alert comes."""
    let_go = threading.Event()

    def fail(_: Path) -> None:
        if hangs:
            let_go.wait(5)
        raise OSError("Input/output error")

    monkeypatch.setattr("bot.operating.metrics.stored._SECONDS", 0.05 if hangs else 5.0)
    monkeypatch.setattr("bot.operating.metrics.stored.newest_backup", fail)
    watched = settings.model_copy(update={"backup_folder": tmp_path, "backup_hours": 6})
    async with scraper(harness.bot, watched) as page:
        now = await page.scrape()
        let_go.set()
    assert now.values("patchbay_backup_newest_timestamp_seconds") == [0]
    assert now.values("patchbay_backup_interval_seconds") == [21_600]


async def test_what_hangs_costs_its_own_counts(
    harness: BotHarness, page: Scraper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything else is on the page, which is wanted most then; what hangs is not asked a second time."""
    asked, let_go = [], asyncio.Event()

    async def hang(*_: object) -> Counter[tuple[str, str]]:
        asked.append(1)
        await let_go.wait()
        return Counter()

    with monkeypatch.context() as broken:
        broken.setattr("bot.features.monitoring.totals.Totals.agents", hang)
        broken.setattr("bot.operating.metrics.stored._SECONDS", 0.05)
        for _ in range(3):
            now = await page.scrape()
            assert now.values("patchbay_agents") == []
            assert now.values("patchbay_servers") == [1]
        assert asked == [1]
    let_go.set()
    monkeypatch.setattr("bot.operating.metrics.stored._SECONDS", 5.0)
    assert (await page.scrape()).values("patchbay_agents") != []


async def test_what_fails_costs_its_own_counts_and_one_line(
    harness: BotHarness, page: Scraper, log: io.StringIO
) -> None:
    """A table that cannot be read is logged once, however often the page is asked for."""
    with closing(sqlite3.connect(harness.database)) as database:
        database.execute("ALTER TABLE incident RENAME TO incident_away")
    for _ in range(3):
        now = await page.scrape()
        assert now.values("patchbay_incidents_open") == []
        assert now.values("patchbay_alerts_waiting", kind="alert") == [0]
    (line,) = log_lines(log, "metrics_incomplete")
    assert line["lacks"] == "incidents"
    with closing(sqlite3.connect(harness.database)) as database:
        database.execute("ALTER TABLE incident_away RENAME TO incident")
    assert (await page.scrape()).values("patchbay_incidents_open") != []
