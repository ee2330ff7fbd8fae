"""The host's channel is told of the bot's start, its faults and its end, and can fail nothing else."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bot.discord.client import PatchbayBot
from bot.operating.operator_channel.channel import MAX_STARTS, MAX_WAITING, STARTS, OperatorChannel
from bot.store.revision import HEAD
from tests.support.clock import Clock
from tests.support.english import english
from tests.support.harness import BotHarness
from tests.support.log_capture import log_lines, logging_to_memory

FAULT = "The database takes no writes."
POST = "/channels/*/messages"


class Found:
    """What is wrong, which a test changes."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}

    async def look(self) -> dict[str, str]:
        """Return what is wrong now."""
        return dict(self.faults)


@pytest.fixture
def found() -> Found:
    """Nothing is wrong yet."""
    return Found()


@pytest.fixture
def now() -> Clock:
    """The channel's clock."""
    return Clock()


@pytest.fixture
def operator(harness: BotHarness, found: Found, now: Clock) -> OperatorChannel:
    """The channel of the server, as the host's."""
    return OperatorChannel(harness.bot, harness.channel.id, found.look, now)


def posted(harness: BotHarness) -> list[str]:
    """Return the lines of all messages of the channel, without the times before them."""
    messages = harness.env.backend.messages.get(harness.channel.id, {}).values()
    lines = [line for message in messages for line in message.content.splitlines()]
    return [line.partition("> ")[2] if line.startswith("<t:") else line for line in lines]


async def looks(operator: OperatorChannel, now: Clock, number: int = 2) -> None:
    """Let the channel look so often, half a minute apart."""
    for _ in range(number):
        await operator.tick()
        now.now += 30


async def test_the_start_is_told_with_numbers_only(harness: BotHarness, operator: OperatorChannel) -> None:
    """Version, schema, servers and shards, and no server's name."""
    await operator.started()
    (line,) = posted(harness)
    assert f"schema {HEAD}" in line
    assert "Servers: 1. Shards: 1/1." in line
    assert harness.guild.name not in line


async def test_a_bot_that_starts_again_and_again_is_no_flood(
    harness: BotHarness, found: Found, now: Clock
) -> None:
    """Five starts within an hour are told, and their ends; the next one after that hour is told again."""
    await harness.bot.state.put(STARTS, {"at": ["odd", now.now + 9, now.now - 7200, None]})
    for _ in range(8):
        operator = OperatorChannel(harness.bot, harness.channel.id, found.look, now)
        await operator.started()
        await operator.stopping()
        now.now += 60
    lines = posted(harness)
    assert [line[0] for line in lines] == ["🟢", "🔴"] * MAX_STARTS
    last = english("operator.last_start", count=MAX_STARTS)
    assert [line.endswith(last) for line in lines] == [False] * 8 + [True, False]
    now.now += 3600
    await OperatorChannel(harness.bot, harness.channel.id, found.look, now).started()
    assert len(posted(harness)) == 2 * MAX_STARTS + 1


async def test_a_start_that_comes_to_nothing_ends_without_a_word(
    harness: BotHarness, operator: OperatorChannel
) -> None:
    """A process that is restarted because it never gets as far as READY fills no channel."""
    harness.bot.last_words = operator.stopping
    await harness.bot.close()
    assert posted(harness) == []


async def test_a_fault_is_told_when_it_lasts_and_when_it_is_over(
    harness: BotHarness, operator: OperatorChannel, found: Found, now: Clock
) -> None:
    """One line for its beginning, one for its end, however long it lasts."""
    found.faults["database"] = FAULT
    await looks(operator, now, 100)
    assert posted(harness) == [f"⚠️ {FAULT}"]
    found.faults.clear()
    await looks(operator, now, 100)
    assert posted(harness)[1:] == [f"✅ {english('operator.over', fault=FAULT)}"]


async def test_what_comes_and_goes_is_counted(
    harness: BotHarness, operator: OperatorChannel, found: Found, now: Clock
) -> None:
    """A fault that begins ten times within an hour is told once, and its number after the hour."""
    for _ in range(10):
        found.faults["database"] = FAULT
        await looks(operator, now)
        found.faults.clear()
        await looks(operator, now)
    assert len(posted(harness)) == 2
    await looks(operator, now, 120)
    (line,) = posted(harness)[2:]
    assert english.plural("operator.again", 9) in line


async def test_nobody_is_mentioned(
    harness: BotHarness, operator: OperatorChannel, found: Found, now: Clock
) -> None:
    """Whatever a text holds, the message pings nobody."""
    found.faults["odd"] = f"@everyone <@{harness.member.id}>"
    await looks(operator, now)
    (sent,) = [each for each in harness.env.http_requests if each.path.endswith("/messages")]
    assert sent.json is not None
    assert sent.json["allowed_mentions"] == {"parse": []}


@pytest.mark.parametrize(("status", "code"), [(403, 50001), (403, 50013), (404, 10003), (503, 0)])
async def test_a_channel_that_takes_nothing_is_logged_once(
    harness: BotHarness, operator: OperatorChannel, found: Found, now: Clock, status: int, code: int
) -> None:
    """It is tried again, less and less often; what waited is posted when it works again, in order, and what
    there was no room for is counted.
    """
    harness.env.inject_error("POST", POST, status=status, code=code, message="no", times=None)
    with logging_to_memory("json") as log:
        for number in range(2 * MAX_WAITING):
            found.faults[f"fault {number}"] = f"Fault {number}."
            await looks(operator, now)
        tries = sum(each.path.endswith("/messages") for each in harness.env.http_requests)
        assert posted(harness) == []
        harness.env.backend.faults.clear()
        await looks(operator, now, 130)
        assert len(log_lines(log, "operator_channel_failing")) == 1
        assert len(log_lines(log, "operator_channel_back")) == 1
    assert tries < 5 * MAX_WAITING
    left_out, *lines = posted(harness)
    assert left_out == english.plural("operator.left_out", MAX_WAITING)
    assert lines == [f"⚠️ Fault {number}." for number in range(MAX_WAITING, 2 * MAX_WAITING)]


async def test_a_look_that_fails_ends_nothing(harness: BotHarness, now: Clock) -> None:
    """After a look that fails the next one comes."""
    results: list[dict[str, str] | None] = [None, {"a": FAULT}, {"a": FAULT}]

    async def look() -> dict[str, str]:
        result = results.pop(0)
        if result is None:
            raise ZeroDivisionError
        return result

    async def sleep(_seconds: float) -> None:
        if not results:
            raise asyncio.CancelledError

    with capture_logs() as log, pytest.raises(asyncio.CancelledError):
        await OperatorChannel(harness.bot, harness.channel.id, look, now).run(sleep)
    assert posted(harness) == [f"⚠️ {FAULT}"]
    assert [each["event"] for each in log] == ["operator_channel_failed"]


async def test_before_the_login_everything_waits(bot: PatchbayBot, found: Found, now: Clock) -> None:
    """A bot that has not logged in yet sends nothing, and fails at nothing."""
    operator = OperatorChannel(bot, 1, found.look, now)
    found.faults["discord"] = "The bot has not logged in to Discord yet."
    await looks(operator, now)
    await operator.stopping()


@pytest.mark.parametrize("told", [True, False])
async def test_the_end_is_told_before_the_bot_has_left(
    harness: BotHarness, operator: OperatorChannel, told: bool
) -> None:
    """As soon as the bot begins to close, the channel reads why."""
    harness.bot.last_words = operator.stopping
    operator.is_told_to_stop = told
    await operator.started()
    await harness.bot.close()
    reason = english("operator.told_to_stop" if told else "operator.ended_by_error")
    assert posted(harness)[1:] == [f"🔴 {english('operator.stopping', reason=reason)}"]


@pytest.mark.timeout(20)
async def test_a_discord_that_takes_no_last_words_does_not_delay_the_end(
    harness: BotHarness, operator: OperatorChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If Discord does not answer, the bot leaves all the same."""
    monkeypatch.setattr("bot.operating.operator_channel.channel._LAST_SECONDS", 0.05)
    await operator.started()
    held = asyncio.Event()
    harness.bot.http.send_message = lambda *_, **__: held.wait()  # type: ignore[assignment, method-assign]
    harness.bot.last_words = operator.stopping
    await harness.bot.close()
    assert harness.bot.is_closed()
