"""A manager looks at conversations: the numbers as text, the same in a picture, and what is missing."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import simcord

from bot.kit.simulator import Answer
from bot.ui.charts import ROWS
from cogs.sensay.usage import MOST_DAYS, MOST_REPLICAS
from tests.cogs.failures import FAILURES, Failure
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, shown
from tests.ui.hostile import ATTACKS, marks, plain_marks, unseen
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted, utf16

PNG = b"\x89PNG\r\n\x1a\n"
BY_SOURCE = "Conversations by source"
BY_DAY = "New conversations per day (UTC)"
MONTH = "Your account this month"
ANALYTICS = "analytics/conversations"


async def use(town: Town, **options: str | bool | int) -> simcord.InteractionResult:
    """Have the manager run `/sensay usage`."""
    return await town.manager.slash(town.channel, "sensay usage", **options)


async def connect_user(town: Town) -> None:
    """Connect Sensay as the user who owns four of the replicas."""
    form = await town.open_form("add", "sensay")
    await town.manager.submit_modal(form, {**town.sensay.credentials, "user_id": town.sensay.OWNER})


def picture(town: Town, result: simcord.InteractionResult) -> tuple[bytes, str] | None:
    """Return the attached picture and its alternative text."""
    attached = final(result).attachments
    if not attached:
        return None
    (file,) = attached
    assert file.filename == "usage.png"
    return town.env.backend.cdn.get(file.url) or b"", file.description or ""


def numbers(text: str) -> dict[str, int]:
    """Read `label: **number**` entries, the total aside."""
    found = re.findall(r"(?:^|\n| · )([^:\n]+): \*\*([\d.,]+)\*\*", text)
    return {
        label.removeprefix("… "): int(re.sub(r"\D", "", number))
        for label, number in found
        if label not in {"In all", "Ao todo"}
    }


def keep_only(town: Town, *replicas: str) -> None:
    """Let only these replicas of the organization be on Discord."""
    for uuid, replica in town.sensay.replicas.items():
        if uuid not in replicas:
            replica["discord_integration"] = None


# --- done well ---


async def test_conversations_are_shown_by_source_and_by_day(town: Town) -> None:
    """All replicas on Discord are added up; the largest source and the oldest day come first."""
    await town.connect("sensay")
    on_discord = [town.sensay.ACTIVE, town.sensay.PORTUGUESE, town.sensay.INACTIVE, town.sensay.UNDECIDED]
    expected = {
        name: sum(town.sensay.sources[uuid][word] for uuid in on_discord)
        for word, name in (("discord", "Discord"), ("web", "Website"), ("embed", "Embedded chat"))
    }
    result = await use(town)
    assert embed_of(result).title == "📊 Conversations at Sensay"
    assert "Atendimento ao Cliente, Billing Questions, Customer Care, Harbour Desk" in shown(result)
    by_source = numbers(field(result, BY_SOURCE))
    assert expected.items() <= by_source.items()
    assert list(by_source.values()) == sorted(by_source.values(), reverse=True)
    assert f"In all: **{sum(by_source.values()):,}**" in field(result, BY_SOURCE)
    by_day = numbers(field(result, BY_DAY))
    history = [town.sensay.history[uuid] for uuid in on_discord]
    every_day = sum(totals[-1] - totals[0] for totals in history)
    assert f"In all: **{every_day:,}**" in field(result, BY_DAY)
    assert field(result, BY_DAY).startswith("… ")
    assert len(by_day) == 7
    today = datetime.now(UTC).date()
    assert list(by_day)[-2:] == [f"{day.month}/{day.day}" for day in (today - timedelta(days=1), today)]
    assert embed_of(result).fields[-1].name == "➡️ Next step"
    assert "</sensay ask:" in field(result, "Next step")


async def test_the_picture_says_what_the_text_says(town: Town) -> None:
    """A PNG is shown in the embed, and its alternative text has every number of the fields, day by day."""
    await town.connect("sensay")
    result = await use(town)
    found = picture(town, result)
    assert found is not None
    png, alternative = found
    assert png.startswith(PNG)
    assert embed_of(result).image.url == "attachment://usage.png"
    assert utf16(alternative) <= 1024
    for name in (BY_SOURCE, BY_DAY):
        assert name in alternative
        for label, number in numbers(field(result, name)).items():
            assert f"{label} {number:,}" in alternative
    assert alternative.partition(f"{BY_DAY}: ")[2].count(", ") == MOST_DAYS - 2


async def test_one_replica_can_be_named(town: Town) -> None:
    """By name or UUID, on Discord or not; only that one is asked for."""
    await town.connect("sensay")
    await town.manager.autocomplete(town.channel, "sensay usage", "replica", "job")
    town.sensay.requests.clear()
    result = await use(town, replica="job applications")
    assert "Counted: Job Applications" in shown(result)
    assert {request.path.split("/")[3] for request in town.sensay.requests} == {town.sensay.UNCONNECTED}
    assert numbers(field(result, BY_SOURCE)).keys() == {"Website", "Embedded chat"}


@pytest.mark.parametrize("days", [1, 7, 30])
async def test_the_last_days_are_as_many_as_were_asked_for(town: Town, days: int) -> None:
    """Text and picture end today; the first day that Sensay tells has nothing to be compared with."""
    await town.connect("sensay")
    found = picture(town, await use(town, days=days))
    assert found is not None
    by_day = found[1].partition(f"{BY_DAY}: ")[2].split(", ")
    assert len(by_day) == min(days, MOST_DAYS - 1)


async def test_the_account_has_its_months_numbers(town: Town) -> None:
    """A user's counters are shown by replica, with the names that are known, and that no limit is told."""
    await connect_user(town)
    month = field(await use(town), MONTH)
    assert re.search(r"^Conversations: \*\*[\d,]+\*\*\n", month)
    assert "• Atendimento ao Cliente: **" in month
    assert f"• `{town.sensay.UNCONNECTED}`: **" in month
    assert "Knowledge base entries: **108**" in month
    assert month.endswith("Sensay has no way to ask for your plan's limit: you see it in Sensay itself.")
    await town.manager.autocomplete(town.channel, "sensay usage", "replica", "")
    assert "• Job Applications: **" in field(await use(town), MONTH)


async def test_an_organization_is_told_how_to_get_them(town: Town) -> None:
    """Without a user id Sensay has no such numbers, and the way to name one is said."""
    await town.connect("sensay")
    month = field(await use(town), MONTH)
    assert "only for a user id" in month
    assert "</connections rotate:" in month
    assert not [request for request in town.sensay.requests if request.path == "/v1/users/me/usage"]


async def test_usage_can_be_shared(town: Town) -> None:
    """On request everybody sees text and picture."""
    await town.connect("sensay")
    shared = await use(town, share=True)
    assert not final(shared).ephemeral
    assert picture(town, shared) is not None


async def test_a_member_is_answered_in_portuguese(town: Town) -> None:
    """Titles, sources, dates and figures follow the member's language, in text and alternative text."""
    await connect_user(town)
    town.locale = PORTUGUESE
    result = await use(town)
    today = datetime.now(UTC)
    assert embed_of(result).title == "📊 Conversas na Sensay"
    assert f"{today:%d/%m}" in numbers(field(result, "Novas conversas por dia (UTC)"))
    assert re.search(r"Discord: \*\*2\.\d{3}\*\*\nSite: ", field(result, "Conversas por origem"))
    found = picture(town, result)
    assert found is not None
    assert found[1].startswith("Conversas por origem: Discord 2.")


# --- a lot, little, nothing ---


async def test_rare_sources_are_put_together(town: Town) -> None:
    """As many as the picture has rows are shown, unknown words as they come; the rest is one row."""
    await town.connect("sensay")
    town.sensay.sources[town.sensay.ACTIVE] = {f"pager_{number}": 100 - number for number in range(20)}
    result = await use(town, replica=town.sensay.ACTIVE)
    by_source = numbers(field(result, BY_SOURCE).replace("\\", ""))
    assert len(by_source) == ROWS
    assert [*by_source][:: ROWS - 1] == ["pager_0", "Other sources"]
    assert sum(by_source.values()) == sum(100 - number for number in range(20))


async def test_more_replicas_than_can_be_counted_is_said(town: Town) -> None:
    """The first ones are counted, how many there are is named, and so is the way to another one."""
    await town.connect("sensay")
    model = town.sensay.replicas[town.sensay.ACTIVE]
    for number in range(20):
        uuid = f"5a0c7f9e-1d3b-4c2a-8e6f-{number:012x}"
        town.sensay.replicas[uuid] = {**model, "uuid": uuid, "name": f"Desk {number:02}"}
    town.sensay.requests.clear()
    result = await use(town)
    assert f"the first {MOST_REPLICAS} of 24 replicas" in shown(result)
    asked = [request for request in town.sensay.requests if request.path.endswith("sources")]
    assert len(asked) == MOST_REPLICAS


async def test_a_list_without_an_end_is_said(town: Town) -> None:
    """Where Sensay's list may go on, nobody is told that this is all."""
    await town.connect("sensay")
    items = [{"uuid": town.sensay.ACTIVE, "name": "Harbour Desk", "discord_integration": {"is_active": True}}]
    town.sensay.fail(Answer(200, {"items": items, "total": 9}), times=None, path="integration=discord")
    assert "there may be more" in shown(await use(town))


async def test_nothing_said_is_nothing_drawn(town: Town) -> None:
    """Replicas that nobody has talked to get a friendly word, no picture, and a next step."""
    await town.connect("sensay")
    keep_only(town, town.sensay.ACTIVE)
    town.sensay.sources[town.sensay.ACTIVE] = {"discord": 0}
    town.sensay.history[town.sensay.ACTIVE] = [0] * 30
    result = await use(town)
    assert embed_of(result).title == "📊 No conversation yet"
    assert picture(town, result) is None
    assert embed_of(result).image.url is None
    assert "</sensay ask:" in field(result, "Next step")


async def test_no_replica_on_discord_leads_to_connect(town: Town) -> None:
    """Where there is nothing to count the next step is to put a replica into the server."""
    await town.connect("sensay")
    keep_only(town)
    result = await use(town)
    assert embed_of(result).title == "📊 No replica is on Discord"
    assert picture(town, result) is None
    assert "</sensay connect:" in field(result, "Next step")


@pytest.mark.parametrize(("lacking", "left"), [("history", BY_SOURCE), ("sources", BY_DAY)])
async def test_half_of_the_numbers_are_shown_alone(town: Town, lacking: str, left: str) -> None:
    """Where Sensay tells only days or only sources, text and picture have just these."""
    await town.connect("sensay")
    getattr(town.sensay, lacking)[town.sensay.ACTIVE] = type(
        getattr(town.sensay, lacking)[town.sensay.ACTIVE]
    )()
    result = await use(town, replica=town.sensay.ACTIVE)
    names = {item.name for item in embed_of(result).fields}
    assert names & {BY_SOURCE, BY_DAY} == {left}
    assert picture(town, result) is not None


# --- refused and failed ---


async def test_an_unknown_name_is_refused_without_asking(town: Town) -> None:
    """What is neither a UUID nor a name from the list is not sent anywhere."""
    await town.connect("sensay")
    town.sensay.requests.clear()
    assert shown(await use(town, replica="Nobody")).startswith("⚠️ I do not know this replica")
    assert not town.sensay.requests


async def test_without_a_connection_the_command_leads_to_one(town: Town) -> None:
    """The answer names the command that makes one."""
    assert "</setup:" in field(await use(town), "What to do")


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained(town: Town, failure: Failure) -> None:
    """Where not one replica can be read, the reason is that of the first."""
    await town.connect("sensay")
    failure.strike(town, "sensay", ANALYTICS)
    failed = await use(town, replica=town.sensay.ACTIVE)
    failure.shows_in(town, failed, "sensay")
    assert picture(town, failed) is None


async def test_a_replica_that_cannot_be_read_is_named(town: Town) -> None:
    """The others are counted, and who is missing is said beside them."""
    await town.connect("sensay")
    town.sensay.fail(Answer(503), times=None, path=f"{town.sensay.INACTIVE}/{ANALYTICS}")
    result = await use(town)
    assert field(result, "could not be read") == "Customer Care"
    assert numbers(field(result, BY_SOURCE))


async def test_a_month_that_cannot_be_read_is_said(town: Town) -> None:
    """The account's numbers may be missing; everything else is shown."""
    await connect_user(town)
    town.sensay.fail(Answer(500), path="/users/me/usage")
    result = await use(town)
    assert field(result, MONTH).startswith("Sensay did not tell this month's numbers just now.")
    assert numbers(field(result, BY_SOURCE))


# --- too often ---


async def test_asking_too_often_is_slowed_down(town: Town) -> None:
    """The fourth time within half a minute nothing is asked of Sensay, and when it may be is said."""
    await town.connect("sensay")
    for _ in range(3):
        assert shown(await use(town)).startswith("📊")
    town.sensay.requests.clear()
    refused = await use(town, share=True)
    assert refused.ephemeral
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.cooldown.title')}"
    assert f"<t:{int(town.env.now().timestamp()) + 30}:R>" in shown(refused)
    assert not town.sensay.requests
    await town.env.advance_time(31)
    assert shown(await use(town)).startswith("📊")


# --- hostile text ---


async def test_hostile_words_do_nothing(town: Town) -> None:
    """Names of replicas and sources, wherever they stand, are shown as the characters that they are."""
    await connect_user(town)
    counts = []
    for attacks in (("x", "y"), *zip(ATTACKS[::2], ATTACKS[1::2], strict=True)):
        source, name = attacks
        town.sensay.sources[town.sensay.INACTIVE] = {source: 5, f"\u202e{name}": 4, "": 3, "\u200b": 2}
        town.sensay.replicas[town.sensay.INACTIVE]["name"] = name
        result = await use(town)
        found = picture(town, result)
        assert found is not None
        assert plain_marks(found[1]) == {}, attacks
        assert unseen(found[1]) | unseen(words(embed_of(result))) == set(), attacks
        assert accepted(embed_of(result))
        counts.append(marks(words(embed_of(result))))
        await town.env.advance_time(31)  # nobody may ask as often as this
    assert all(count <= counts[0] for count in counts)


async def test_the_largest_numbers_fit(town: Town) -> None:
    """With counts and names as long as they get, embed and alternative text stay within Discord's limits."""
    await connect_user(town)
    many = 10**12
    for uuid in town.sensay.replicas:
        town.sensay.replicas[uuid]["name"] = "\N{SHIP}*" * 200
        town.sensay.sources[uuid] = {f"{number}{'*' * 50}": many - number for number in range(30)}
        town.sensay.history[uuid] = [number * many // 30 for number in range(30)]
    result = await use(town)
    found = picture(town, result)
    assert found is not None
    assert utf16(found[1]) <= 1024
    assert accepted(embed_of(result))
    assert embed_of(result).fields[-1].name == "➡️ Next step"
