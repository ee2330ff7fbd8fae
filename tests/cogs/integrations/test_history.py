"""`/integrations history` shows the states of a period as text, as a picture and as a table."""

import codecs
import csv
import io
import sqlite3
from contextlib import closing

import pytest
import simcord

from bot.features.alerts.incident_store import Kind
from bot.features.alerts.incident_summary import summarise
from bot.features.history.service import DAY, Span, look_back
from bot.features.history.store import Transition
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from cogs.integrations.history_embed import history_embed
from cogs.integrations.history_files import MAX_SPANS, write_table
from tests.support.english import english
from tests.support.fake_provider import FakeProvider, connect_fake_provider
from tests.support.harness import BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.hostile import PAYLOADS, marks
from tests.support.link_steps import link

STATUS = english("integrations.status.button")
HOUR = 3600
NO_INCIDENTS = summarise([], 0)
UP, BLOCKED, DOWN, BROKEN, OFF, LOST = State
# Checks since 16 hours ago: how many hours ago, the state, and the detail.
CHECKS_OF_A_DAY = (
    (16, UP, ""),
    (12, BROKEN, "COUGH"),
    (11.9, BROKEN, "COUGH"),
    (11.8, BROKEN, "COUGH"),
    (8, UP, ""),
    (7.9, UP, ""),
    (5, LOST, "timeout"),
    (3, UP, ""),
    (0, UP, ""),
)


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with the fake provider connected; its member is a viewer."""
    harness.member = harness.moderator()
    await connect_fake_provider(harness)
    return harness


def now(harness: BotHarness) -> int:
    """Return Discord's time, in seconds since 1970."""
    return int(harness.env.now().timestamp())


async def record_checks(harness: BotHarness, *states: tuple[float, State, str]) -> None:
    """Record checks of Polly: hours ago, state and detail of each. With ``LOST`` the check failed."""
    for hours, state, detail in states:
        failed = state is LOST
        await harness.bot.services.poller._recorder.record(
            CheckResult(
                harness.guild.id,
                FakeProvider.slug,
                "default",
                now(harness) - int(hours * HOUR),
                CheckOutcome.FAILED if failed else CheckOutcome.ANSWERED,
                None
                if failed
                else Reports((Report("polly", "Polly", state, detail, str(harness.guild.id)),)),
                error=detail if failed else "",
            )
        )


async def history(harness: BotHarness, **options: object) -> simcord.InteractionResult:
    """Have the member run the command for Polly."""
    return await harness.member.slash(
        harness.channel, "integrations history", **{"integration": "parrots:polly", **options}
    )


def files(harness: BotHarness, result: simcord.InteractionResult) -> dict[str, bytes]:
    """Return the attached files by name."""
    return {file.filename: harness.env.backend.cdn.get(file.url) or b"" for file in final(result).attachments}


def table(harness: BotHarness, result: simcord.InteractionResult) -> list[list[str]]:
    """Return the rows of the attached table, the header included."""
    return list(csv.reader(io.StringIO(files(harness, result)["history-polly.csv"].decode("utf-8-sig"))))


def broken(label: str, detail: str) -> Watched:
    """Return an integration that is in the state ``BROKEN``."""
    return Watched(
        guild_id=1,
        kind=Kind.INTEGRATION,
        provider="toolzz",
        id="polly",
        connection="default",
        label=label,
        state=BROKEN,
        detail=detail,
        changed_at=0,
        answered_at=0,
        is_stale=False,
        incident=None,
    )


# --- answers ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_period_is_shown(harness: BotHarness, locale: str) -> None:
    """State, changes with durations, availability, times, incidents and the next step are shown."""
    harness.locale = locale
    await record_checks(harness, *CHECKS_OF_A_DAY)
    result = await history(harness)
    texts = harness.texts
    assert embed_of(result).title == f"📈 {texts('integrations.history.title', name='Polly')}"
    changes = (embed_of(result).description or "").splitlines()[3:]
    at = now(harness)
    assert [
        (line.split(" **")[0], f"<t:{at - hours * HOUR}:f>" in line)
        for line, hours in zip(changes, (3, 5, 8, 12, 16), strict=True)
    ] == [("🟢", True), ("❔", True), ("🟢", True), ("🟠", True), ("🟢", True)]
    assert texts("integrations.history.so_far", duration="3 h") in changes[0]
    assert texts("integrations.history.lasted", duration="2 h") in changes[1]
    assert texts("problem.timeout.title", provider="Parrot House") in changes[1]
    assert texts("integrations.history.lasted", duration="4 h") in changes[3]
    assert changes[3].endswith("`COUGH`")
    for period, known in zip(("1", "7", "30"), (14 / 24, 14 / 168, 14 / 720), strict=True):
        name = next(each.name for each in embed_of(result).fields if f" {period} d" in (each.name or ""))
        assert field(result, name or "").splitlines() == [
            f"**{texts.percent(10 / 14)}**",
            texts("integrations.history.known", share=texts.percent(known)),
        ]
    seven = "7 days" if locale == "en-US" else "7 dias"
    times = field(result, texts("integrations.history.times", period=seven))
    assert f"🟢 {texts('state.connected')}: **10 h**\n🟠 {texts('state.error')}: **4 h**" in times
    assert field(result, texts("integrations.history.incidents", period=seven)).splitlines() == [
        texts.plural("integrations.history.incident", 1),
        texts("integrations.history.longest", duration="4 h 6 min"),
    ]
    assert (embed_of(result).fields[-1].name or "") == texts("next_step")
    assert final(result).ephemeral


async def test_a_picture_is_shown_and_a_table_attached(harness: BotHarness) -> None:
    """The alternative text of the picture has the figure of each day; the table has every span."""
    await record_checks(harness, *CHECKS_OF_A_DAY)
    result = await history(harness)
    assert embed_of(result).image.url == "attachment://history.png"
    assert files(harness, result)["history.png"].startswith(b"\x89PNG\r\n\x1a\n")
    picture = next(file for file in final(result).attachments if file.filename == "history.png")
    assert (picture.description or "").startswith("Availability per day: 12/31 71.4%, 12/30 Unknown, 12/29 ")
    assert table(harness, result) == [
        ["from", "to", "seconds", "maintenance_seconds", "state", "detail"],
        ["2025-12-31T08:00:00Z", "2025-12-31T12:00:00Z", "14400", "0", "Connected", ""],
        ["2025-12-31T12:00:00Z", "2025-12-31T16:00:00Z", "14400", "0", "Error", "COUGH"],
        ["2025-12-31T16:00:00Z", "2025-12-31T19:00:00Z", "10800", "0", "Connected", ""],
        ["2025-12-31T19:00:00Z", "2025-12-31T21:00:00Z", "7200", "0", "Unknown", "timeout"],
        ["2025-12-31T21:00:00Z", "2026-01-01T00:00:00Z", "10800", "0", "Connected", ""],
    ]


async def test_an_incident_is_acknowledged(harness: BotHarness) -> None:
    """The history says how long it took until an incident was acknowledged, and that one is open."""
    await record_checks(harness, (2, UP, ""), (1, BROKEN, ""), (0.9, BROKEN, ""), (0.8, BROKEN, ""))
    await harness.bot.services.alerts.acknowledge(harness.guild.id, 1, member_id=harness.member.id)
    result = await history(harness)
    assert field(result, "Incidents, 7 days").splitlines() == [
        "1 incident",
        english("integrations.history.longest", duration="1 h"),
        english("integrations.history.open"),
        "1 acknowledged, after 1 h",
    ]
    assert "</integrations diagnose:" in field(result, "Next step")


async def test_time_in_which_nobody_checked_is_unknown(harness: BotHarness) -> None:
    """Some time after the last check the state counts as unknown."""
    await record_checks(harness, (12, UP, ""))
    result = await history(harness, days=1)
    assert (embed_of(result).description or "").startswith("⏳")
    assert field(result, "Availability, 1 day") == "**100%**\nknown: 4.1% of the time"
    assert [row[4:] for row in table(harness, result)[1:]] == [["Connected", ""], ["Unknown", "not_checked"]]


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_is_not_checked_yet_has_none(harness: BotHarness, locale: str) -> None:
    """It is suggested and shown from the moment it is linked, so nobody is told that it is not here."""
    harness.locale = locale
    await harness.connect("toolzz")
    harness.toolzz.place_in_guild(str(harness.guild.id), "Harbour Ops", [])
    await link(harness)
    key = f"toolzz:{harness.toolzz.CONNECTED}"
    asked = await harness.manager.slash(harness.channel, "integrations history", integration=key)
    muted = await harness.manager.slash(harness.channel, "alerts mute", **{"integration": key, "for": "1h"})
    for answer in (asked, muted):
        title = harness.texts("problem.invalid_input.not_yet.title")
        assert embed_of(answer).title == f"⚠️ {title}"
    await harness.bot.services.poller.check_guild(harness.guild.id)
    checked = await harness.manager.slash(harness.channel, "integrations history", integration=key)
    assert embed_of(checked).image.url


async def test_the_first_check_is_a_history(harness: BotHarness) -> None:
    """If only the present state is known, the figures say so."""
    await record_checks(harness, (0, UP, ""))
    result = await history(harness)
    assert field(result, "Availability, 7 days") == "Unknown\nknown: 0% of the time"
    assert "0 s so far" in (embed_of(result).description or "")
    assert set(files(harness, result)) == {"history.png", "history-polly.csv"}


# --- buttons ---


async def test_another_period_replaces_the_message(harness: BotHarness) -> None:
    """A button replaces picture and table by those of another period; the status has no files."""
    await record_checks(harness, *CHECKS_OF_A_DAY)
    result = await history(harness, days=12)
    assert labels(result) == ["Refresh", "1 day", "7 days", "30 days", "90 days", STATUS]
    ids = {button["label"]: button["custom_id"] for button in buttons(result)}
    assert all(len(custom_id) <= 100 - 64 + len("polly") for custom_id in ids.values())
    before = files(harness, result)
    pressed = await harness.press(harness.member, final(result), ids["1 day"])
    renewed = await harness.member.slash(harness.channel, "integrations history", integration="Polly", days=1)
    assert shown(pressed) == shown(renewed)
    assert [file.filename for file in final(pressed).attachments] == ["history.png", "history-polly.csv"]
    assert (
        files(harness, pressed)["history.png"]
        == files(harness, renewed)["history.png"]
        != before["history.png"]
    )
    assert labels(pressed) == ["Refresh", "7 days", "30 days", "90 days", STATUS]
    fake_provider = harness.bot.services.providers[FakeProvider.slug]
    assert isinstance(fake_provider, FakeProvider)
    fake_provider.list_integration("polly", "Polly", UP)
    back = await harness.press(harness.member, final(pressed), ids[STATUS])
    assert embed_of(back).title == "🟢 Polly"
    assert final(back).attachments == []


async def test_history_leaves_the_status_as_it_is(harness: BotHarness) -> None:
    """The button under a status gives a new answer, which only the member who pressed sees."""
    fake_provider = harness.bot.services.providers[FakeProvider.slug]
    assert isinstance(fake_provider, FakeProvider)
    fake_provider.list_integration("polly", "Polly", UP)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    status = await harness.member.slash(
        harness.channel, "integrations status", integration="parrots:polly", share=True
    )
    before = shown(status)
    history = next(button["custom_id"] for button in buttons(status) if button["label"] == "History")
    pressed = await harness.press(harness.member, final(status), history)
    assert (embed_of(pressed).title or "").startswith("📈")
    assert final(pressed).ephemeral
    assert shown(status) == before


@pytest.mark.parametrize(("days", "told"), [(3650, "90 days"), (1, "1 day")])
async def test_no_period_is_longer_than_history_is_kept(harness: BotHarness, days: int, told: str) -> None:
    """A longer period is cut to the days that are kept, and the answer names them."""
    await record_checks(harness, *CHECKS_OF_A_DAY)
    result = await history(harness, days=days, share=True)
    assert f"Time by state, {told}" in shown(result)
    assert "Kept for 90 days." in shown(result)
    assert not final(result).ephemeral


# --- refused ---


@pytest.mark.parametrize("integration", ["parrots:nobody", "polly2", "7"])
async def test_an_unknown_integration_has_no_history(harness: BotHarness, integration: str) -> None:
    """An integration that is not watched here is refused."""
    await record_checks(harness, *CHECKS_OF_A_DAY)
    result = await history(harness, integration=integration)
    assert harness.texts("problem.not_watched.title") in (embed_of(result).title or "")


async def test_another_servers_history_is_not_shown(harness: BotHarness) -> None:
    """Another server's integration is refused, by its key and by a forged button."""
    await record_checks(harness, *CHECKS_OF_A_DAY)
    other_guild = harness.other_guild()
    result = await other_guild.manager.slash(
        other_guild.channel, "integrations history", integration="parrots:polly"
    )
    assert harness.texts("problem.not_watched.title") in (embed_of(result).title or "")
    overview = await other_guild.manager.slash(other_guild.channel, "integrations overview")
    pressed = await other_guild.press_forged(overview, "integrations:history:7:parrots:polly")
    assert harness.texts("problem.not_watched.title") in (embed_of(pressed).title or "")
    assert final(pressed).attachments == []


async def test_a_history_that_was_just_erased(harness: BotHarness) -> None:
    """If the data is erased between two reads of the store, the integration is unknown."""
    await record_checks(harness, *CHECKS_OF_A_DAY)
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("DELETE FROM history")
    assert harness.texts("problem.not_watched.title") in (embed_of(await history(harness)).title or "")


# --- hostile text ---


def test_no_cell_is_a_formula() -> None:
    """No hostile detail starts a formula in a cell, nor after a semicolon in it."""
    starts = (
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r\n=1",
        "＝1",
        "a;=1",
        '"=1',
        "|x",
        "%x",
        " =1",
        "\u200b=1",
        "\u200d=1",
        "\u200c +1",
        " \ufe0f\u200d@SUM(A1)",
        "\ufeff=1",
        "\U000e0061-1",
        "＋1",
        "－1",
        "＠SUM(A1)",
        "\r=1",
        "\u3000=1",
        "a\u037e=1",
    )
    payloads = [*starts, *PAYLOADS]
    written = write_table(
        "toolzz", [Span(0, 1, BROKEN, payload) for payload in payloads], load_catalog()["en-US"]
    ).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(written)))
    assert len(rows) == len(payloads) + 1
    for *_, detail in rows:
        assert detail[:1].isalnum() or detail.startswith("'") or not detail
        assert not set(detail) & set(";\t\r\n")


def test_a_spreadsheet_reads_the_table_as_utf_8() -> None:
    """The table begins with one byte order mark, and a detail in any script is written as it is."""
    details = ["Não respondeu", "क्‍ष", "می‌خواهم", "👩‍💻 🇧🇷"]
    spans = [Span(0, 1, BROKEN, f"a {detail}") for detail in details]
    written = write_table("toolzz", spans, load_catalog()["en-US"])
    assert written.startswith(b"\xef\xbb\xbffrom,to,")
    assert written.count(codecs.BOM_UTF8) == 1
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"))))
    assert [row[-1] for row in rows[1:]] == [f"a {detail}" for detail in details]


def test_a_table_is_no_larger_than_discord_takes() -> None:
    """If there are too many spans, the table has the newest ones, and the answer says so."""
    texts = load_catalog()["en-US"]
    transitions = [Transition(number, BROKEN, f"{number:0100}") for number in range(MAX_SPANS + 1)]
    past = look_back(transitions, 1, MAX_SPANS + 1)
    written = write_table("toolzz", past.spans, texts)
    assert len(written) < 10_000_000
    assert written.count(b"\n") == MAX_SPANS + 1
    assert written.endswith(b"50000\r\n")
    assert written.splitlines()[1].startswith(b"1970-01-01T00:00:01Z")
    embed = history_embed(broken("Polly", ""), past, NO_INCIDENTS, {}, texts, kept=90)
    assert "It has the newest 50,000 changes" in (embed.fields[-2].value or "")


@pytest.mark.parametrize("locale", LOCALES)
def test_hostile_text_does_nothing(locale: str) -> None:
    """Labels and details are shown as the characters that they are."""
    texts = load_catalog()[locale]

    def reply(text: str) -> str:
        past = look_back([Transition(0, UP, text), Transition(9 * HOUR, BROKEN, text)], 7, DAY)
        embed = history_embed(
            broken(text, text),
            past,
            NO_INCIDENTS,
            {},
            texts,
            kept=90,
        )
        return "\n".join([embed.title or "", embed.description or "", *(f.value or "" for f in embed.fields)])

    harmless = marks(reply("x"))
    for payload in PAYLOADS:
        assert marks(reply(payload)) <= harmless, payload
