"""What ``/metrics`` says about a bot that works."""

import asyncio
import io
import sqlite3
import threading
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import discord
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from bot.errors import BusyError
from bot.features.alerts.store import QUERIES as ALERTS
from bot.features.connections.service import ConnectionService
from bot.features.monitoring.store import QUERIES as MONITORING
from bot.operating.metrics.declared import METRICS
from bot.providers.base.simulator import Answer, Reset
from bot.settings import Settings
from bot.store.revision import HEAD
from tests.support.harness import BotHarness
from tests.support.log_capture import log_lines
from tests.support.scraping import Scraper, scraper

SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}


@pytest.fixture
async def page(harness: BotHarness, settings: Settings) -> AsyncIterator[Scraper]:
    """The page of the harness's bot."""
    async with scraper(harness.bot, settings) as serving:
        yield serving


async def test_a_command_is_counted_by_name_and_result(harness: BotHarness, page: Scraper) -> None:
    """One that succeeds, one that is refused, and one whose provider fails."""
    await harness.connect("toolzz")
    await harness.manager.slash(harness.channel, "help")
    await harness.manager.slash(harness.channel, "help")
    await harness.manager.slash(harness.channel, "connections test", provider="sensay")
    harness.toolzz.fail(Answer(503, {"message": "later"}))
    await harness.manager.slash(harness.channel, "connections test", provider="toolzz")
    now = await page.scrape()
    for command, result, count in (
        ("help", "ok", 2),
        ("connections test", "refused", 1),
        ("connections test", "provider_failed", 1),
    ):
        found = now.values("patchbay_interactions_total", kind="command", command=command, result=result)
        assert found == [count], command
    assert now.value("patchbay_interactions_total", command="help") == 2
    assert now.value("patchbay_interaction_seconds_count", kind="command", command="help") == 2
    assert now.value("patchbay_interaction_acknowledge_seconds_count", kind="command") == 5
    assert now.value("patchbay_interactions_under_way") == 0


async def test_an_unexpected_error_and_one_of_discord_are_told_apart(
    harness: BotHarness, page: Scraper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the first is a defect of ours."""

    async def fail(*_: object) -> None:
        raise RuntimeError("not foreseen")

    with monkeypatch.context() as broken:
        broken.setattr(ConnectionService, "providers", fail)
        await harness.manager.slash(harness.channel, "help")
    harness.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062, message="Unknown")
    await harness.manager.slash(harness.channel, "help")
    assert harness.env.errors
    now = await page.scrape()
    assert now.values("patchbay_interactions_total", command="help", result="failed") == [1]
    assert now.values("patchbay_interactions_total", command="help", result="discord_failed") == [1]
    # The second has no first answer.
    assert now.value("patchbay_interaction_acknowledge_seconds_count", kind="command") == 1


async def test_a_database_that_fails_is_no_refusal(
    harness: BotHarness, page: Scraper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as a failure of the database, for which the member can do nothing."""

    async def fail(*_: object) -> None:
        raise BusyError(reason="database is locked")

    monkeypatch.setattr(ConnectionService, "providers", fail)
    await harness.manager.slash(harness.channel, "help")
    now = await page.scrape()
    assert now.values("patchbay_interactions_total", command="help", result="database_failed") == [1]


async def test_what_gets_no_answer_is_counted_as_such(
    harness: BotHarness, page: Scraper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that ends well and has said nothing is a defect."""

    async def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr("cogs.help.commands.defer", nothing)
    monkeypatch.setattr("cogs.help.commands.respond", nothing)
    await harness.manager.slash(harness.channel, "help")
    now = await page.scrape()
    assert now.values("patchbay_interactions_total", command="help", result="unanswered") == [1]
    assert now.values("patchbay_interaction_acknowledge_seconds_count", kind="command") == []


async def test_forms_components_and_suggestions_have_names_of_ours(
    harness: BotHarness, page: Scraper
) -> None:
    """A form has its command's name, a button the fixed part of its custom id, suggestions too."""
    await harness.connect("toolzz", "harbour")
    await harness.manager.slash(harness.channel, "connections list")
    await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "sup")
    now = await page.scrape()
    counted = {
        (has["kind"], has["command"], has["result"]): value
        for name, has, value in now.series()
        if name == "patchbay_interactions_total"
    }
    assert counted == {
        ("command", "connections add", "ok"): 1,
        ("component", "connections", "ok"): 1,
        ("form", "connections add", "ok"): 1,
        ("command", "connections list", "ok"): 1,
        ("suggestions", "toolzz status", "ok"): 1,
    }
    assert now.value("patchbay_interaction_acknowledge_seconds_count", kind="suggestions") == 1


def typing(harness: BotHarness, option: str) -> dict[str, object]:
    """Return what Discord sends while a member types into an option of ``/toolzz status``."""
    typed = {"name": option, "type": 3, "value": "a", "focused": True}
    group = {"name": "status", "type": 1, "options": [typed]}
    command_id = str(harness.bot.services.links.ids["toolzz"])
    return {"id": command_id, "name": "toolzz", "type": 1, "options": [group]}


@pytest.mark.parametrize(
    ("option", "status", "code", "result", "event"),
    [
        ("integration", 404, 10062, "discord_failed", "answer_not_delivered"),
        ("integration", 403, 50001, "discord_failed", "discord_refused"),
        ("gone", None, 0, "failed", "refused"),
    ],
)
async def test_suggestions_that_discord_does_not_take_are_no_defect(
    harness: BotHarness,
    page: Scraper,
    log: io.StringIO,
    option: str,
    status: int | None,
    code: int,
    result: str,
    event: str,
) -> None:
    """Suggestions that come too late are Discord's, an option that the command does not have is not."""
    await harness.connect("toolzz")
    if status is not None:
        harness.env.inject_error(
            "POST", "/interactions/*/callback", status=status, code=code, message="Unknown", times=None
        )
    before = len(harness.env.http_requests)
    await harness.interact(discord.InteractionType.autocomplete, harness.manager, typing(harness, option))
    sent = [each for each in harness.env.http_requests[before:] if each.path.endswith("/callback")]
    now = await page.scrape()
    found = {
        has["result"]: value
        for name, has, value in now.series()
        if name == "patchbay_interactions_total" and has["kind"] == "suggestions"
    }
    assert found == {result: 1}
    assert len(log_lines(log, event)) == 1
    assert (event == "refused") == bool(log_lines(log, "refused"))
    assert len(sent) <= 2
    assert harness.env.errors is not None


async def test_what_belongs_to_nothing_is_counted_as_unknown(harness: BotHarness, page: Scraper) -> None:
    """A button and a command that this version does not know, and an interaction that cannot be parsed."""
    asked = await harness.manager.slash(harness.channel, "help")
    assert asked.response is not None
    await harness.press(harness.manager, asked.response, "nothing:of:ours")
    await harness.interact(
        discord.InteractionType.application_command, harness.manager, {"id": "1", "name": "gone", "type": 1}
    )
    harness.bot.services.figures.interactions.count_unread()
    now = await page.scrape()
    unknown = {
        (has["kind"], has["result"]): value
        for name, has, value in now.series()
        if name == "patchbay_interactions_total" and has["command"] == "unknown"
    }
    assert unknown == {("component", "refused"): 1, ("command", "refused"): 1, ("unknown", "failed"): 1}
    assert harness.env.errors is not None


async def test_requests_to_providers_are_counted_by_host_and_status(
    harness: BotHarness, page: Scraper
) -> None:
    """Each status by itself, one that HTTP does not know as another, and what ends without an answer."""
    await harness.connect("toolzz")
    before = await page.scrape()
    # aiohttp repeats a read once whose connection was reset.
    for fault, times in ((Answer(503, {}), 1), (Answer(799, {}), 1), (Answer(521, {}), 1), (Reset(), 2)):
        harness.toolzz.fail(fault, times=times)
        await harness.manager.slash(harness.channel, "connections test", provider="toolzz")
    harness.expire_provider_deadlines()
    await harness.manager.slash(harness.channel, "connections test", provider="toolzz")
    now = await page.scrape()
    hosts = {host for host, _ in harness.bot.services.providers["toolzz"].slots}
    assert {
        has["host"] for name, has, _ in now.series() if has.get("provider") == "toolzz" and "host" in has
    } == hosts
    name = "patchbay_provider_requests_total"
    grown = {
        status: now.value(name, provider="toolzz", status=status)
        - before.value(name, provider="toolzz", status=status)
        for status in ("503", "other", "521", "failed", "timeout")
    }
    assert grown == {"503": 1, "other": 1, "521": 1, "failed": 1, "timeout": 1}
    assert now.value("patchbay_provider_request_seconds_count", provider="toolzz") == now.value(
        name, provider="toolzz"
    )
    assert now.values("patchbay_provider_requests_waiting", provider="toolzz") == [0] * len(hosts)


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
        for query in (ALERTS.count_open, ALERTS.count_waiting, MONITORING.count_agents_of):
            plan = [
                row[3]
                for row in database.execute(f"EXPLAIN QUERY PLAN {query.sql}", {"now": 1, "guilds": "[1]"})
            ]
            assert plan
            tables = [step for step in plan if "json_each" not in step and not step.startswith("USE TEMP")]
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


async def test_the_page_has_what_is_declared(harness: BotHarness, page: Scraper) -> None:
    """Every metric stands on the page, each series has the labels declared, and there is no other one."""
    await harness.connect("toolzz")
    now = await page.scrape()
    for metric in METRICS:
        assert f"# TYPE {metric.name} {metric.kind}\n" in now.text
    possible = {f"{each.name}{end}": set(each.labels) for each in METRICS for end in SUFFIXES[each.kind]}
    for name, has, _ in now.series():
        if not name.startswith("process_"):
            assert set(has) - {"le"} == possible[name], name


async def test_openmetrics_for_those_who_ask(page: Scraper) -> None:
    """The format is what the client accepts, and the text format in doubt."""
    _, kind, text = await page.ask(accept="application/openmetrics-text; version=1.0.0, text/plain;q=0.5")
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    families = parse_openmetrics(text)  # type: ignore[no-untyped-call]
    assert "patchbay_ready" in {family.name for family in families}
    for accept in ("", "text/html", "application/openmetrics-text; version=none", "text/plain; version=x y"):
        status, kind, text = await page.ask(accept=accept)
        assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert not text.endswith("# EOF\n")


async def test_the_page_can_only_be_read_and_the_health_paths_stay(page: Scraper) -> None:
    """The page has one path beside the two for supervisors."""
    assert (await page.ask(method="POST"))[0] == 405
    assert (await page.ask("/healthz"))[0] == 200
    assert (await page.ask("/metrics/x"))[0] == 404


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


async def test_scrapes_at_once_are_all_answered(page: Scraper) -> None:
    """Twenty clients at the same moment get a whole page each."""
    pages = await asyncio.gather(*(page.scrape() for _ in range(20)))
    assert all(each.values("patchbay_servers") == [1] for each in pages)
