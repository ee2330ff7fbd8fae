"""What is answered soon takes one request; what takes longer is acknowledged in time, and then answered."""

import asyncio
from typing import Any

import pytest

from bot.discord.connection.deferral import Deferral
from tests.support.harness import BotHarness, embed_of, final, shown

READING = (
    "help", "connections list", "alerts list", "audit list", "integrations overview", "access list",
    "privacy info",
)  # fmt: skip
SHARED = ("audit list", "integrations overview")
FIRST, LATER = ("POST", "callback"), ("PATCH", "@original")


def answers(harness: BotHarness) -> list[tuple[str, str]]:
    """Return the requests with which interactions were answered: method, and the path's last part."""
    return [
        (entry.method, entry.path.rpartition("/")[2])
        for entry in harness.env.http_requests
        if "/interactions/" in entry.path or "/webhooks/" in entry.path
    ]


def seen_by_others(harness: BotHarness) -> list[str | None]:
    """Return the title of each message that another member sees in the channel."""
    return [
        message.embeds[0].title if message.embeds else message.content
        for message in harness.channel.history(viewer=harness.member)
    ]


class Late(Deferral):
    """The time for a quick answer is over at once."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - whatever the original takes
        """Acknowledge."""
        super().__init__(*args, **options)
        self._begin()


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is quick."""
    monkeypatch.setattr("bot.discord.replies.Deferral", Late)


@pytest.fixture(params=["quick", "slow"])
def expected(request: pytest.FixtureRequest) -> list[tuple[str, str]]:
    """The requests that an answer takes: all answers are quick, or none is."""
    if request.param == "quick":
        return [FIRST]
    request.getfixturevalue("late")
    return [FIRST, LATER]


@pytest.mark.parametrize("command", READING)
async def test_what_reads_is_answered_once(
    harness: BotHarness, command: str, expected: list[tuple[str, str]]
) -> None:
    """The member alone sees the answer, whether or not it was acknowledged before."""
    answer = await harness.manager.slash(harness.channel, command)
    assert answers(harness) == expected
    assert embed_of(answer).title
    assert final(answer).ephemeral
    assert seen_by_others(harness) == []


@pytest.mark.parametrize("command", SHARED)
async def test_everybody_sees_what_is_shared(
    harness: BotHarness, command: str, expected: list[tuple[str, str]]
) -> None:
    """An answer that was asked for with share:true is for the channel either way."""
    answer = await harness.manager.slash(harness.channel, command, share=True)
    assert answers(harness) == expected
    assert seen_by_others(harness) == [embed_of(answer).title]


async def test_an_error_that_comes_soon_shows_others_nothing(harness: BotHarness) -> None:
    """Nobody else sees even for a moment that something was to be shared."""
    refused = await harness.manager.slash(harness.channel, "audit list", action="no such", share=True)
    assert shown(refused).startswith("⚠️")
    assert final(refused).ephemeral
    assert answers(harness) == [FIRST]


@pytest.mark.usefixtures("expected")
async def test_an_error_is_never_shared(harness: BotHarness) -> None:
    """However long it takes until something fails, the member alone reads what."""
    refused = await harness.manager.slash(harness.channel, "audit list", action="no such", share=True)
    assert shown(refused).startswith("⚠️")
    assert final(refused).ephemeral
    assert seen_by_others(harness) == []


async def test_who_waits_for_discord_is_acknowledged_meanwhile(harness: BotHarness) -> None:
    """While Discord does not say which commands it shows, ``/help`` is acknowledged, and then answered."""

    async def hang(*_: int) -> Any:  # noqa: ANN401 - never returns
        await asyncio.sleep(3600)

    harness.bot.http.get_guild_application_command_permissions = hang  # type: ignore[method-assign, assignment]
    answer = await harness.manager.slash(harness.channel, "help")
    assert answers(harness) == [FIRST, LATER]
    assert embed_of(answer).title


@pytest.mark.usefixtures("late")
async def test_an_acknowledgement_that_fails_is_told(harness: BotHarness) -> None:
    """If Discord takes no acknowledgement, the member reads that this did not work."""
    harness.env.inject_error("POST", "/interactions/*/callback", status=503, times=1)
    failed = await harness.manager.slash(harness.channel, "connections list")
    assert embed_of(failed).title == f"❌ {harness.texts('problem.unexpected.title')}"
    assert final(failed).ephemeral
    assert harness.env.errors


@pytest.mark.usefixtures("late")
async def test_an_error_is_told_although_the_acknowledgement_fails(harness: BotHarness) -> None:
    """A command that fails meanwhile says why: its own error, and not that of the acknowledgement."""
    harness.env.inject_error("POST", "/interactions/*/callback", status=503, times=1)
    refused = await harness.manager.slash(harness.channel, "audit list", action="no such", share=True)
    assert shown(refused).startswith("⚠️")
    assert final(refused).ephemeral
    assert seen_by_others(harness) == []


async def test_no_view_is_kept_for_an_answer(harness: BotHarness) -> None:
    """A hundred answers with buttons leave no task behind that waits for their views to time out."""
    await harness.connect("toolzz")
    harness.remove_cooldowns()
    await harness.manager.slash(harness.channel, "audit list")
    before = len(asyncio.all_tasks())
    for _ in range(20):
        assert final(await harness.manager.slash(harness.channel, "audit list")).components
    assert len(asyncio.all_tasks()) <= before
