"""Before a token is passed on, a replica that is on Discord already is told."""

import pytest
import simcord

from bot.i18n.catalog import LOCALES
from bot.providers.base.simulator import Answer
from tests.support.discord_api import TROUBLE
from tests.support.english import english
from tests.support.handover_steps import (
    LIST,
    choose,
    hand_over,
    propose,
    remembered,
    sent,
)
from tests.support.harness import BotHarness, embed_of, field, shown
from tests.support.short_replies import lines, show_details


async def connected_here(harness: BotHarness) -> str:
    """Return what is said of the one replica that this server remembers."""
    (row,) = (await remembered(harness)).values()
    time = f"<t:{row.placed_at}:R>"
    return harness.texts("sensay.connect.placed_text", member=f"<@{row.placed_by}>", time=time)


def headings(asked: simcord.InteractionResult) -> set[str | None]:
    """Return the names of the fields of an answer."""
    return {item.name for item in embed_of(asked).fields}


async def test_a_second_bot_is_warned_of_first(harness: BotHarness) -> None:
    """For a replica that Sensay lists as being on Discord the question says so, for another one not."""
    await harness.connect("sensay")
    for replica in (harness.sensay.ACTIVE, harness.sensay.INACTIVE, harness.sensay.UNDECIDED):
        question = await show_details(harness, await propose(harness, replica))
        assert field(question, english("sensay.connect.had_one")) == harness.texts(
            "sensay.connect.had_one_text"
        )
    assert harness.texts("sensay.connect.had_one") not in shown(
        await show_details(harness, await propose(harness))
    )


async def test_connecting_twice_is_warned_of(harness: BotHarness) -> None:
    """After a success the question warns of what Sensay lists, and says apart who connected it and when."""
    await harness.connect("sensay")
    await hand_over(harness)
    question = await show_details(harness, await propose(harness))
    assert field(question, english("sensay.connect.had_one")) == harness.texts("sensay.connect.had_one_text")
    assert field(question, harness.texts("sensay.connect.placed")) == await connected_here(harness)


@pytest.mark.parametrize("locale", LOCALES)
async def test_our_own_record_does_not_claim_to_be_sensays(harness: BotHarness, locale: str) -> None:
    """What only this server remembers is told as a record, not as a bot that is on Discord now."""
    await harness.connect("sensay")
    await hand_over(harness)
    harness.sensay.replicas[harness.sensay.UNCONNECTED]["discord_integration"] = None
    harness.locale = locale
    question = await show_details(harness, await propose(harness))
    assert harness.texts("sensay.connect.had_one") not in headings(question)
    assert harness.texts("sensay.connect.unread") not in headings(question)
    assert field(question, harness.texts("sensay.connect.placed")) == await connected_here(harness)


async def test_what_was_connected_from_here_is_told_although_no_list_can_be_read(harness: BotHarness) -> None:
    """If Sensay does not answer, the question says that, and beside it what this server remembers."""
    await harness.connect("sensay")
    await hand_over(harness)
    harness.sensay.fail(Answer(500, {}), times=None, path=LIST)
    question = await show_details(harness, await propose(harness))
    assert field(question, "Replica not checked") == harness.texts("sensay.connect.unread_all")
    assert field(question, harness.texts("sensay.connect.placed")) == await connected_here(harness)
    assert harness.texts("sensay.connect.had_one") not in headings(question)


@pytest.mark.parametrize("trouble", ["broken", "another shape", "reset"])
@pytest.mark.parametrize("locale", LOCALES)
async def test_a_list_that_cannot_be_read_is_told(harness: BotHarness, trouble: str, locale: str) -> None:
    """The question says that the list could not be read and what that leaves open; the manager can go on."""
    await harness.connect("sensay")
    harness.sensay.fail(TROUBLE[trouble], times=None, path=LIST)
    harness.locale = locale
    question = await show_details(harness, await propose(harness))
    assert field(question, harness.texts("sensay.connect.unread")) == harness.texts(
        "sensay.connect.unread_all"
    )
    assert harness.texts("sensay.connect.had_one") not in headings(question)
    done = await choose(harness, question, "yes")
    assert embed_of(done).title == f"✅ {harness.texts('sensay.connect.done')}"
    assert lines(done)[1] == harness.texts("sensay.connect.listed_not_yet")
    assert len(sent(harness)) == 1


@pytest.mark.parametrize("total", [1, None])
async def test_a_list_that_was_read_in_part_is_told(harness: BotHarness, total: int | None) -> None:
    """A replica that the part lacks may still exist: the question says so, and the manager can go on."""
    await harness.connect("sensay")
    harness.sensay.fail(Answer(200, {"items": [], "total": total}), times=None, path=LIST)
    question = await show_details(harness, await propose(harness))
    assert field(question, "Replica not checked") == harness.texts("sensay.connect.unread_rest")
    assert embed_of(await choose(harness, question, "yes")).title == "✅ Sensay accepted the bot token"
