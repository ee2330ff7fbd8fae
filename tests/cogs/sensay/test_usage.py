"""`/sensay usage`: the numbers as text and in a picture, and what could not be counted."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import simcord

from bot.pictures.charts import MAX_ROWS
from bot.providers.base.simulator import Answer
from cogs.sensay.usage import MAX_DAYS, MAX_REPLICAS
from tests.support.embeds import embed_text, fits_discord, utf16_length
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, shown
from tests.support.hostile import ATTACKS, marks, plain_marks, unseen

PNG = b"\x89PNG\r\n\x1a\n"
BY_SOURCE = "Conversations by source"
BY_DAY = english("sensay.usage.by_day")
MONTH = english("sensay.usage.month")
ANALYTICS = "analytics/conversations"


async def use(harness: BotHarness, **options: str | bool | int) -> simcord.InteractionResult:
    """Have the manager run `/sensay usage`."""
    return await harness.manager.slash(harness.channel, "sensay usage", **options)


async def connect_user(harness: BotHarness) -> None:
    """Connect Sensay as the user who owns four of the replicas."""
    form = await harness.open_form("add", "sensay")
    await harness.manager.submit_modal(form, {**harness.sensay.credentials, "user_id": harness.sensay.OWNER})


def picture(harness: BotHarness, result: simcord.InteractionResult) -> tuple[bytes, str] | None:
    """Return the attached picture and its alternative text."""
    attached = final(result).attachments
    if not attached:
        return None
    (file,) = attached
    assert file.filename == "usage.png"
    return harness.env.backend.cdn.get(file.url) or b"", file.description or ""


def numbers(text: str) -> dict[str, int]:
    """Return the numbers of all `label: **number**` entries except the total, by label."""
    found = re.findall(r"(?:^|\n| · )([^:\n]+): \*\*([\d.,]+)\*\*", text)
    return {
        label.removeprefix("… "): int(re.sub(r"\D", "", number))
        for label, number in found
        if label != "Total"
    }


def keep_only(harness: BotHarness, *replicas: str) -> None:
    """Let only these replicas of the organization be on Discord."""
    for uuid, replica in harness.sensay.replicas.items():
        if uuid not in replicas:
            replica["discord_integration"] = None


# --- answers ---


async def test_conversations_are_shown_by_source_and_by_day(harness: BotHarness) -> None:
    """The numbers of all replicas on Discord are added; the largest source and the oldest day come first."""
    await harness.connect("sensay")
    on_discord = [
        harness.sensay.ACTIVE,
        harness.sensay.PORTUGUESE,
        harness.sensay.INACTIVE,
        harness.sensay.UNDECIDED,
    ]
    expected = {
        name: sum(harness.sensay.sources[uuid][word] for uuid in on_discord)
        for word, name in (("discord", "Discord"), ("web", "Website"), ("embed", "Embedded chat"))
    }
    result = await use(harness)
    assert embed_of(result).title == f"📊 {english('sensay.usage.some')}"
    assert "Atendimento ao Cliente, Billing Questions, Customer Care, Harbour Desk" in shown(result)
    by_source = numbers(field(result, BY_SOURCE))
    assert expected.items() <= by_source.items()
    assert list(by_source.values()) == sorted(by_source.values(), reverse=True)
    assert f"Total: **{sum(by_source.values()):,}**" in field(result, BY_SOURCE)
    by_day = numbers(field(result, BY_DAY))
    history = [harness.sensay.history[uuid] for uuid in on_discord]
    every_day = sum(totals[-1] - totals[0] for totals in history)
    assert f"Total: **{every_day:,}**" in field(result, BY_DAY)
    assert field(result, BY_DAY).startswith("… ")
    assert len(by_day) == 7
    today = datetime.now(UTC).date()
    assert list(by_day)[-2:] == [f"{day.month}/{day.day}" for day in (today - timedelta(days=1), today)]
    assert embed_of(result).fields[-1].name == "➡️ Next step"
    assert "</sensay ask:" in field(result, "Next step")


async def test_the_picture_says_what_the_text_says(harness: BotHarness) -> None:
    """The embed shows a PNG, and its alternative text has every number of the fields, day by day."""
    await harness.connect("sensay")
    result = await use(harness)
    found = picture(harness, result)
    assert found is not None
    png, alternative = found
    assert png.startswith(PNG)
    assert embed_of(result).image.url == "attachment://usage.png"
    assert utf16_length(alternative) <= 1024
    for name in (BY_SOURCE, BY_DAY):
        assert name in alternative
        for label, number in numbers(field(result, name)).items():
            assert f"{label} {number:,}" in alternative
    assert alternative.partition(f"{BY_DAY}: ")[2].count(", ") == MAX_DAYS - 2


async def test_one_replica_can_be_named(harness: BotHarness) -> None:
    """Only the named replica is asked for, on Discord or not."""
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay usage", "replica", "job")
    harness.sensay.requests.clear()
    result = await use(harness, replica="job applications")
    assert "Counted: Job Applications" in shown(result)
    assert {request.path.split("/")[3] for request in harness.sensay.requests} == {harness.sensay.UNCONNECTED}
    assert numbers(field(result, BY_SOURCE)).keys() == {"Website", "Embedded chat"}


@pytest.mark.parametrize("days", [1, 7, 30])
async def test_the_last_days_are_as_many_as_were_asked_for(harness: BotHarness, days: int) -> None:
    """Text and picture end today; the first day has no number, as there is nothing to compare it with."""
    await harness.connect("sensay")
    found = picture(harness, await use(harness, days=days))
    assert found is not None
    by_day = found[1].partition(f"{BY_DAY}: ")[2].split(", ")
    assert len(by_day) == min(days, MAX_DAYS - 1)


async def test_the_account_has_its_months_numbers(harness: BotHarness) -> None:
    """A user's counters are shown by replica, and the answer says that Sensay does not report the limit."""
    await connect_user(harness)
    month = field(await use(harness), MONTH)
    assert re.search(r"^Conversations: \*\*[\d,]+\*\*\n", month)
    assert "• Atendimento ao Cliente: **" in month
    assert f"• `{harness.sensay.UNCONNECTED}`: **" in month
    assert "Knowledge base entries: **108**" in month
    assert month.endswith(english("sensay.usage.no_limit"))
    await harness.manager.autocomplete(harness.channel, "sensay usage", "replica", "")
    assert "• Job Applications: **" in field(await use(harness), MONTH)


async def test_an_organization_is_told_how_to_get_them(harness: BotHarness) -> None:
    """Without a user id Sensay has no such numbers, and the answer says how to enter one."""
    await harness.connect("sensay")
    month = field(await use(harness), MONTH)
    assert "need a user ID" in month
    assert "</connections rotate:" in month
    assert not [request for request in harness.sensay.requests if request.path == "/v1/users/me/usage"]


async def test_usage_can_be_shared(harness: BotHarness) -> None:
    """With share:true everybody sees text and picture."""
    await harness.connect("sensay")
    shared = await use(harness, share=True)
    assert not final(shared).ephemeral
    assert picture(harness, shared) is not None


async def test_a_member_is_answered_in_portuguese(harness: BotHarness) -> None:
    """Titles, sources, dates and figures follow the member's language, in text and alternative text."""
    await connect_user(harness)
    harness.locale = PORTUGUESE
    result = await use(harness)
    today = datetime.now(UTC)
    assert embed_of(result).title == "📊 Conversas na Sensay"
    assert f"{today:%d/%m}" in numbers(field(result, harness.texts("sensay.usage.by_day")))
    assert re.search(r"Discord: \*\*2\.\d{3}\*\*\nSite: ", field(result, "Conversas por origem"))
    found = picture(harness, result)
    assert found is not None
    assert found[1].startswith("Conversas por origem: Discord 2.")


# --- a lot, little, nothing ---


async def test_rare_sources_are_put_together(harness: BotHarness) -> None:
    """The picture's rows show the largest sources, by Sensay's own words, and one row sums up the others."""
    await harness.connect("sensay")
    harness.sensay.sources[harness.sensay.ACTIVE] = {f"pager_{number}": 100 - number for number in range(20)}
    result = await use(harness, replica=harness.sensay.ACTIVE)
    by_source = numbers(field(result, BY_SOURCE).replace("\\", ""))
    assert len(by_source) == MAX_ROWS
    assert [*by_source][:: MAX_ROWS - 1] == ["pager_0", "Other sources"]
    assert sum(by_source.values()) == sum(100 - number for number in range(20))


async def test_more_replicas_than_can_be_counted_is_said(harness: BotHarness) -> None:
    """The first ten replicas are counted, and the answer names the number of all."""
    await harness.connect("sensay")
    model = harness.sensay.replicas[harness.sensay.ACTIVE]
    for number in range(20):
        uuid = f"5a0c7f9e-1d3b-4c2a-8e6f-{number:012x}"
        harness.sensay.replicas[uuid] = {**model, "uuid": uuid, "name": f"Desk {number:02}"}
    harness.sensay.requests.clear()
    result = await use(harness)
    assert f"the first {MAX_REPLICAS} of 24 replicas" in shown(result)
    asked = [request for request in harness.sensay.requests if request.path.endswith("sources")]
    assert len(asked) == MAX_REPLICAS


async def test_a_list_without_an_end_is_said(harness: BotHarness) -> None:
    """Where Sensay's list may go on, the answer says so."""
    await harness.connect("sensay")
    items = [
        {"uuid": harness.sensay.ACTIVE, "name": "Harbour Desk", "discord_integration": {"is_active": True}}
    ]
    harness.sensay.fail(Answer(200, {"items": items, "total": 9}), times=None, path="integration=discord")
    assert "There may be more." in shown(await use(harness))


async def test_nothing_said_is_nothing_drawn(harness: BotHarness) -> None:
    """Without a conversation the answer has a text, a next step and no picture."""
    await harness.connect("sensay")
    keep_only(harness, harness.sensay.ACTIVE)
    harness.sensay.sources[harness.sensay.ACTIVE] = {"discord": 0}
    harness.sensay.history[harness.sensay.ACTIVE] = [0] * 30
    result = await use(harness)
    assert embed_of(result).title == f"📊 {english('sensay.usage.none')}"
    assert picture(harness, result) is None
    assert embed_of(result).image.url is None
    assert "</sensay ask:" in field(result, "Next step")


async def test_no_replica_on_discord_leads_to_connect(harness: BotHarness) -> None:
    """Without a replica on Discord the next step is to connect one."""
    await harness.connect("sensay")
    keep_only(harness)
    result = await use(harness)
    assert embed_of(result).title == f"📊 {english('sensay.usage.no_replica')}"
    assert picture(harness, result) is None
    assert "</sensay connect:" in field(result, "Next step")


@pytest.mark.parametrize(("lacking", "left"), [("history", BY_SOURCE), ("sources", BY_DAY)])
async def test_half_of_the_numbers_are_shown_alone(harness: BotHarness, lacking: str, left: str) -> None:
    """Where Sensay has only days or only sources, text and picture show only these."""
    await harness.connect("sensay")
    getattr(harness.sensay, lacking)[harness.sensay.ACTIVE] = type(
        getattr(harness.sensay, lacking)[harness.sensay.ACTIVE]
    )()
    result = await use(harness, replica=harness.sensay.ACTIVE)
    names = {item.name for item in embed_of(result).fields}
    assert names & {BY_SOURCE, BY_DAY} == {left}
    assert picture(harness, result) is not None


# --- refused and failed ---


async def test_an_unknown_name_is_refused_without_asking(harness: BotHarness) -> None:
    """A text that is neither a UUID nor a listed name is refused, and Sensay is not asked."""
    await harness.connect("sensay")
    harness.sensay.requests.clear()
    assert shown(await use(harness, replica="Nobody")).startswith(
        f"⚠️ {english('problem.invalid_input.replica.title')}"
    )
    assert not harness.sensay.requests


async def test_without_a_connection_the_command_leads_to_one(harness: BotHarness) -> None:
    """The answer names the command that makes a connection."""
    assert "</setup:" in field(await use(harness), "What to do")


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained(harness: BotHarness, failure: Failure) -> None:
    """Where no replica can be read, the answer explains the first one's failure."""
    await harness.connect("sensay")
    failure.strike(harness, "sensay", ANALYTICS)
    failed = await use(harness, replica=harness.sensay.ACTIVE)
    failure.shows_in(harness, failed, "sensay")
    assert picture(harness, failed) is None


async def test_a_replica_that_cannot_be_read_is_named(harness: BotHarness) -> None:
    """The other replicas are counted, and the one that is missing is named."""
    await harness.connect("sensay")
    harness.sensay.fail(Answer(503), times=None, path=f"{harness.sensay.INACTIVE}/{ANALYTICS}")
    result = await use(harness)
    assert field(result, english("sensay.usage.not_counted")) == "Customer Care"
    assert numbers(field(result, BY_SOURCE))


async def test_a_month_that_cannot_be_read_is_said(harness: BotHarness) -> None:
    """The account's numbers may be missing; everything else is shown."""
    await connect_user(harness)
    harness.sensay.fail(Answer(500), path="/users/me/usage")
    result = await use(harness)
    assert field(result, MONTH).startswith(english("sensay.usage.month_unread"))
    assert numbers(field(result, BY_SOURCE))


# --- too often ---


async def test_asking_too_often_is_slowed_down(harness: BotHarness) -> None:
    """The fourth time within 30 seconds Sensay is not asked, and the answer says when it may be."""
    await harness.connect("sensay")
    for _ in range(3):
        assert shown(await use(harness)).startswith("📊")
    harness.sensay.requests.clear()
    refused = await use(harness, share=True)
    assert refused.ephemeral
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.cooldown.title')}"
    assert f"<t:{int(harness.env.now().timestamp()) + 30}:R>" in shown(refused)
    assert not harness.sensay.requests
    await harness.env.advance_time(31)
    assert shown(await use(harness)).startswith("📊")


# --- hostile text ---


async def test_hostile_words_do_nothing(harness: BotHarness) -> None:
    """Names of replicas and sources are plain text everywhere."""
    await connect_user(harness)
    counts = []
    for attacks in (("x", "y"), *zip(ATTACKS[::2], ATTACKS[1::2], strict=True)):
        source, name = attacks
        harness.sensay.sources[harness.sensay.INACTIVE] = {source: 5, f"\u202e{name}": 4, "": 3, "\u200b": 2}
        harness.sensay.replicas[harness.sensay.INACTIVE]["name"] = name
        result = await use(harness)
        found = picture(harness, result)
        assert found is not None
        assert plain_marks(found[1]) == {}, attacks
        assert unseen(found[1]) | unseen(embed_text(embed_of(result))) == set(), attacks
        assert fits_discord(embed_of(result))
        counts.append(marks(embed_text(embed_of(result))))
        await harness.env.advance_time(31)  # nobody may ask as often as this
    assert all(count <= counts[0] for count in counts)


async def test_the_largest_numbers_fit(harness: BotHarness) -> None:
    """The longest counts and names keep embed and alternative text within Discord's limits."""
    await connect_user(harness)
    many = 10**12
    for uuid in harness.sensay.replicas:
        harness.sensay.replicas[uuid]["name"] = "\N{SHIP}*" * 200
        harness.sensay.sources[uuid] = {f"{number}{'*' * 50}": many - number for number in range(30)}
        harness.sensay.history[uuid] = [number * many // 30 for number in range(30)]
    result = await use(harness)
    found = picture(harness, result)
    assert found is not None
    assert utf16_length(found[1]) <= 1024
    assert fits_discord(embed_of(result))
    assert embed_of(result).fields[-1].name == "➡️ Next step"
