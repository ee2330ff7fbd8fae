"""What ``/metrics`` says about what members did, and in which form."""

import asyncio
import io

import discord
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from bot.errors import BusyError
from bot.features.lookups.service import LookupService
from bot.operating.metrics.declared import METRICS
from bot.providers.base.simulator import Answer, Reset
from tests.support.harness import BotHarness
from tests.support.log_capture import log_lines
from tests.support.scraping import Scraper

SUFFIXES = {"counter": [""], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}


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
        broken.setattr(LookupService, "server", fail)
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

    monkeypatch.setattr(LookupService, "server", fail)
    await harness.manager.slash(harness.channel, "help")
    now = await page.scrape()
    assert now.values("patchbay_interactions_total", command="help", result="database_failed") == [1]


async def test_what_gets_no_answer_is_counted_as_such(
    harness: BotHarness, page: Scraper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that ends well and has said nothing is a defect."""

    async def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr("cogs.help.commands.defer_if_slow", lambda _: None)
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


async def test_scrapes_at_once_are_all_answered(page: Scraper) -> None:
    """Twenty clients at the same moment get a whole page each."""
    pages = await asyncio.gather(*(page.scrape() for _ in range(20)))
    assert all(each.values("patchbay_servers") == [1] for each in pages)
