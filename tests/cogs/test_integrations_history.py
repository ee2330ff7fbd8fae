"""`/integrations history`: what was when, as text, as a picture and as a table."""

import csv
import io
import sqlite3
from contextlib import closing

import pytest
import simcord

from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.integration import State
from bot.kit.report import Report, Reports
from bot.monitors.reading import Outcome, Reading
from bot.services.history import DAY, Span, Troubles, look_back
from bot.services.watching import Kind, Transition, Watched
from cogs.integrations.history_embed import history_embed
from cogs.integrations.history_file import MOST, write
from tests.cogs.parrots import Parrots, open_house
from tests.cogs.town import Town, buttons, embed_of, field, final, labels, shown
from tests.ui.hostile import PAYLOADS, marks

HOUR = 3600
NO_TROUBLES = Troubles(0, is_open=False, longest=0, acknowledged_after=[])
UP, DOWN, BROKEN, OFF, LOST = State
# From 16 hours ago: what checks found, how many hours ago, and why.
DAY_OF_A_PARROT = (
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
async def town(town: Town) -> Town:
    """The town with a provider that reports what it is told to, and a member who looks after agents."""
    town.member = town.moderator()
    await open_house(town)
    return town


def now(town: Town) -> int:
    """Return Discord's time, in seconds since 1970."""
    return int(town.env.now().timestamp())


async def found(town: Town, *states: tuple[float, State, str]) -> None:
    """Have checks find Polly so, each so many hours ago; ``LOST``: the check failed."""
    for hours, state, detail in states:
        failed = state is LOST
        await town.bot.recorder.take(
            Reading(
                town.guild.id,
                Parrots.slug,
                "default",
                now(town) - int(hours * HOUR),
                Outcome.FAILED if failed else Outcome.ANSWERED,
                None if failed else Reports((Report("polly", "Polly", state, detail),), complete=True),
                error=detail if failed else "",
            )
        )


async def look(town: Town, **options: object) -> simcord.InteractionResult:
    """Have the member look at Polly's history."""
    return await town.member.slash(
        town.channel, "integrations history", **{"integration": "parrots:polly", **options}
    )


def files(town: Town, result: simcord.InteractionResult) -> dict[str, bytes]:
    """Return what is attached, by name."""
    return {file.filename: town.env.backend.cdn.get(file.url) or b"" for file in final(result).attachments}


def table(town: Town, result: simcord.InteractionResult) -> list[list[str]]:
    """Return the attached table, its head included."""
    return list(csv.reader(io.StringIO(files(town, result)["history-polly.csv"].decode())))


def watched(label: str, detail: str) -> Watched:
    """Return an integration that is broken."""
    return Watched(
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
        muted_until=None,
        muted_by=None,
        incident=None,
    )


# --- done well ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_period_is_told(town: Town, locale: str) -> None:
    """State, changes with how long each lasted, availability and how much is known, incidents, next step."""
    town.locale = locale
    await found(town, *DAY_OF_A_PARROT)
    result = await look(town)
    texts = town.texts
    assert embed_of(result).title == f"📈 {texts('integrations.history.title', name='Polly')}"
    changes = (embed_of(result).description or "").splitlines()[3:]
    at = now(town)
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


async def test_a_picture_is_shown_and_a_table_attached(town: Town) -> None:
    """The embed shows the picture, whose alternative text has each day's figure; the table has every span."""
    await found(town, *DAY_OF_A_PARROT)
    result = await look(town)
    assert embed_of(result).image.url == "attachment://history.png"
    assert files(town, result)["history.png"].startswith(b"\x89PNG\r\n\x1a\n")
    picture = next(file for file in final(result).attachments if file.filename == "history.png")
    assert (picture.description or "").startswith("Availability per day: 12/31 71.4%, 12/30 Unknown, 12/29 ")
    assert table(town, result) == [
        ["from", "to", "seconds", "state", "detail"],
        ["2025-12-31T08:00:00Z", "2025-12-31T12:00:00Z", "14400", "connected", ""],
        ["2025-12-31T12:00:00Z", "2025-12-31T16:00:00Z", "14400", "error", "COUGH"],
        ["2025-12-31T16:00:00Z", "2025-12-31T19:00:00Z", "10800", "connected", ""],
        ["2025-12-31T19:00:00Z", "2025-12-31T21:00:00Z", "7200", "unknown", "timeout"],
        ["2025-12-31T21:00:00Z", "2026-01-01T00:00:00Z", "10800", "connected", ""],
    ]


async def test_an_incident_is_acknowledged(town: Town) -> None:
    """How long it took until somebody looked after it, and that one is still open, is part of the history."""
    await found(town, (2, UP, ""), (1, BROKEN, ""), (0.9, BROKEN, ""), (0.8, BROKEN, ""))
    await town.bot.alerts.acknowledge(town.guild.id, 1, member_id=town.member.id)
    result = await look(town)
    assert field(result, "Incidents, 7 days").splitlines() == [
        "1 incident",
        "the longest: 1 h",
        "one is open now",
        "1 acknowledged, after 1 h",
    ]
    assert "</integrations diagnose:" in field(result, "Next step")


async def test_time_in_which_nobody_checked_is_unknown(town: Town) -> None:
    """What is out of date is not taken for granted: after the last check nothing is known."""
    await found(town, (12, UP, ""))
    result = await look(town, days=1)
    assert (embed_of(result).description or "").startswith("⏳")
    assert field(result, "Availability, 1 day") == "**100%**\nknown: 4.1% of the time"
    assert [row[3:] for row in table(town, result)[1:]] == [["connected", ""], ["unknown", "not_checked"]]


async def test_the_first_check_is_a_history(town: Town) -> None:
    """Where nothing is known yet but the present, the figures say so."""
    await found(town, (0, UP, ""))
    result = await look(town)
    assert field(result, "Availability, 7 days") == "nothing known\nknown: 0% of the time"
    assert "0 s so far" in (embed_of(result).description or "")
    assert set(files(town, result)) == {"history.png", "history-polly.csv"}


# --- buttons ---


async def test_another_period_takes_the_place(town: Town) -> None:
    """Picture and table are put in the place of those that were there, and go with the way back."""
    await found(town, *DAY_OF_A_PARROT)
    result = await look(town, days=12)
    assert labels(result) == ["Refresh", "1 day", "7 days", "30 days", "90 days", "Details"]
    ids = {button["label"]: button["custom_id"] for button in buttons(result)}
    assert all(len(custom_id) <= 100 - 64 + len("polly") for custom_id in ids.values())
    before = files(town, result)
    pressed = await town.press(town.member, final(result), ids["1 day"])
    renewed = await town.member.slash(town.channel, "integrations history", integration="Polly", days=1)
    assert shown(pressed) == shown(renewed)
    assert [file.filename for file in final(pressed).attachments] == ["history.png", "history-polly.csv"]
    assert files(town, pressed)["history.png"] == files(town, renewed)["history.png"] != before["history.png"]
    assert labels(pressed) == ["Refresh", "7 days", "30 days", "90 days", "Details"]
    house = town.bot.providers[Parrots.slug]
    assert isinstance(house, Parrots)
    house.teach("polly", "Polly", UP)
    back = await town.press(town.member, final(pressed), ids["Details"])
    assert embed_of(back).title == "🟢 Polly"
    assert final(back).attachments == []


async def test_history_leaves_what_it_is_asked_from(town: Town) -> None:
    """The button under a status gives an answer of its own, for whoever pressed it."""
    house = town.bot.providers[Parrots.slug]
    assert isinstance(house, Parrots)
    house.teach("polly", "Polly", UP)
    await town.bot.poller.check_guild(town.guild.id)
    status = await town.member.slash(
        town.channel, "integrations status", integration="parrots:polly", share=True
    )
    before = shown(status)
    history = next(button["custom_id"] for button in buttons(status) if button["label"] == "History")
    pressed = await town.press(town.member, final(status), history)
    assert (embed_of(pressed).title or "").startswith("📈")
    assert final(pressed).ephemeral
    assert shown(status) == before


@pytest.mark.parametrize(("days", "told"), [(3650, "90 days"), (1, "1 day")])
async def test_no_period_is_longer_than_history_is_kept(town: Town, days: int, told: str) -> None:
    """Who asks for more gets all that there is, and reads for how long that is."""
    await found(town, *DAY_OF_A_PARROT)
    result = await look(town, days=days, share=True)
    assert f"Time in each state, {told}" in shown(result)
    assert "Kept: 90 days." in shown(result)
    assert not final(result).ephemeral


# --- refused ---


@pytest.mark.parametrize("integration", ["parrots:nobody", "polly2", "7"])
async def test_an_unknown_integration_has_no_history(town: Town, integration: str) -> None:
    """What is not watched here is said to be unknown."""
    await found(town, *DAY_OF_A_PARROT)
    result = await look(town, integration=integration)
    assert town.texts("problem.not_watched.title") in (embed_of(result).title or "")


async def test_another_servers_history_is_not_shown(town: Town) -> None:
    """Neither by its id nor by a button that names it, whoever asks."""
    await found(town, *DAY_OF_A_PARROT)
    abroad = town.abroad()
    result = await abroad.manager.slash(abroad.channel, "integrations history", integration="parrots:polly")
    assert town.texts("problem.not_watched.title") in (embed_of(result).title or "")
    overview = await abroad.manager.slash(abroad.channel, "integrations overview")
    pressed = await abroad.press_forged(overview, "integrations:history:7:parrots:polly")
    assert town.texts("problem.not_watched.title") in (embed_of(pressed).title or "")
    assert final(pressed).attachments == []


async def test_a_history_that_was_just_erased(town: Town) -> None:
    """Where all is gone between two questions to the store, the integration is said to be unknown."""
    await found(town, *DAY_OF_A_PARROT)
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute("DELETE FROM history")
    assert town.texts("problem.not_watched.title") in (embed_of(await look(town)).title or "")


# --- hostile text ---


def test_no_cell_is_a_formula() -> None:
    """Whatever a provider calls an error: no cell begins one, nor does any part of it after a semicolon."""
    begin = (
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
    )
    payloads = [*begin, *PAYLOADS]
    written = write([Span(0, 1, BROKEN, payload) for payload in payloads]).decode()
    rows = list(csv.reader(io.StringIO(written)))
    assert len(rows) == len(payloads) + 1
    for *_, detail in rows:
        assert detail[:1].isalnum() or detail.startswith("'") or not detail
        assert not set(detail) & set(";\t\r\n")


def test_a_table_is_no_larger_than_discord_takes() -> None:
    """Of more spans than fit the newest are in it, and the reply says so."""
    texts = load_catalog()["en-US"]
    transitions = [Transition(number, BROKEN, f"{number:0100}") for number in range(MOST + 1)]
    past = look_back(transitions, 1, MOST + 1)
    written = write(past.spans)
    assert len(written) < 10_000_000
    assert written.count(b"\n") == MOST + 1
    assert written.endswith(b"50000\r\n")
    assert written.splitlines()[1].startswith(b"1970-01-01T00:00:01Z")
    embed = history_embed(watched("Polly", ""), past, NO_TROUBLES, {}, texts, kept=90)
    assert "It holds the newest 50,000 changes" in (embed.fields[-2].value or "")


@pytest.mark.parametrize("locale", LOCALES)
def test_no_reply_does_what_its_text_says(locale: str) -> None:
    """Whatever an integration and its errors are called, that is shown as the characters that it is."""
    texts = load_catalog()[locale]

    def reply(text: str) -> str:
        past = look_back([Transition(0, UP, text), Transition(9 * HOUR, BROKEN, text)], 7, DAY)
        embed = history_embed(
            watched(text, text),
            past,
            NO_TROUBLES,
            {},
            texts,
            kept=90,
        )
        return "\n".join([embed.title or "", embed.description or "", *(f.value or "" for f in embed.fields)])

    harmless = marks(reply("x"))
    for payload in PAYLOADS:
        assert marks(reply(payload)) <= harmless, payload
