"""An answer is kept up to date for a while, until an update is final or the answer cannot be changed."""

import asyncio
import contextlib
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import accumulate
from typing import Any

import pytest
import simcord

from bot.discord.context import Context, Interaction
from bot.discord.replies import PAUSES, Update, keep_updated, view_of
from bot.discord.theme import Tone, card
from bot.errors import RateLimitedError, RestartingError, UnreachableError
from tests.support.harness import BotHarness, embed_of
from tests.support.log_capture import log_lines

CHANGEABLE = timedelta(minutes=15).total_seconds()
ORIGINAL = "/webhooks/*/messages/@original"


class Updates:
    """Gives one update after the other: a title, "settled", an error or nothing new; the last one again and
    again.
    """

    def __init__(self, *found: str | Exception | None) -> None:
        self.found = found
        self.count = 0

    async def __call__(self) -> Update | None:
        """Return or raise the next one."""
        found = self.found[min(self.count, len(self.found) - 1)]
        self.count += 1
        if isinstance(found, Exception):
            raise found
        if found is None:
            return None
        return Update(card(Tone.INFO, found), view_of(), is_final=found == "settled")


async def answer_with_updates(
    harness: BotHarness, updates: Updates, *wake_on: Callable[..., Any], name: str | None = None
) -> simcord.InteractionResult:
    """Have a command answered, and let the bot keep the answer up to date. name: of the background task."""

    async def on_interaction(interaction: Interaction) -> None:
        ctx = Context.of(interaction)
        ctx.services.background.start(keep_updated(ctx, updates, *wake_on), name)

    harness.bot.add_listener(on_interaction)
    answered = await harness.manager.slash(harness.channel, "help")
    harness.bot.remove_listener(on_interaction)
    return answered


def title(answered: simcord.InteractionResult) -> str:
    """Return the title of the answer as it is now."""
    return embed_of(answered).title or ""


def test_it_ends_while_the_answer_can_still_be_changed() -> None:
    """Discord accepts changes for 15 minutes; the last update has more than a minute left."""
    assert sum(PAUSES) <= CHANGEABLE - 60
    assert list(PAUSES) == sorted(PAUSES)


async def test_each_update_is_shown(harness: BotHarness) -> None:
    """After each pause the answer shows the next update; after the last one it stays as it is."""
    updates = Updates(*(f"update {number}" for number in range(len(PAUSES))), "too many")
    answered = await answer_with_updates(harness, updates)
    first = title(answered)
    for number, pause in enumerate(PAUSES):
        await harness.env.advance_time(pause - 1)
        assert updates.count == number
        assert title(answered).endswith(f"update {number - 1}" if number else first)
        await harness.env.advance_time(1)
        assert title(answered).endswith(f"update {number}")
    await harness.env.advance_time(CHANGEABLE)
    assert updates.count == len(PAUSES)


async def test_nothing_new_leaves_the_answer_alone(harness: BotHarness) -> None:
    """An update without news edits nothing, so that an open menu stays open; more updates follow."""
    updates = Updates("waiting", None, "settled")
    await answer_with_updates(harness, updates)
    await harness.env.advance_time(PAUSES[0])
    before = len(harness.env.http_requests)
    await harness.env.advance_time(PAUSES[1])
    assert updates.count == 2
    assert len(harness.env.http_requests) == before
    await harness.env.advance_time(PAUSES[2])
    assert updates.count == 3


async def test_a_change_is_shown_at_once(harness: BotHarness) -> None:
    """A wake-up ends the pause that it belongs to; one that comes later does nothing."""
    updates = Updates("waiting", "settled")
    woken: list[Callable[[], object]] = []

    @contextlib.contextmanager
    def wake_on(wake: Callable[[], object]) -> Iterator[None]:
        woken.append(wake)
        yield

    answered = await answer_with_updates(harness, updates, wake_on)
    woken[0]()
    await harness.env.settle()
    assert title(answered).endswith("waiting")
    woken[0]()
    await harness.env.advance_time(PAUSES[1])
    assert title(answered).endswith("settled")


async def test_an_answer_is_updated_by_one_task(harness: BotHarness) -> None:
    """Of the tasks with one name only the latest goes on, and a cancelled one does not."""
    first, second, third = Updates("first"), Updates("second"), Updates("third")
    for updates, name in ((first, "a"), (second, "a"), (third, "b")):
        await answer_with_updates(harness, updates, name=name)
    harness.bot.services.background.cancel("b")
    await harness.env.advance_time(PAUSES[0])
    assert (first.count, second.count, third.count) == (0, 1, 0)


async def test_a_final_update_is_the_last_one(harness: BotHarness) -> None:
    """After a final update the answer is not looked at again."""
    updates = Updates("waiting", "settled", "too many")
    answered = await answer_with_updates(harness, updates)
    await harness.env.advance_time(CHANGEABLE)
    assert updates.count == 2
    assert title(answered).endswith("settled")


@pytest.mark.parametrize(
    "trouble",
    [UnreachableError("sensay"), RateLimitedError("sensay", retry_after=30), RestartingError()],
    ids=lambda error: error.key,
)
async def test_an_update_that_fails_changes_nothing(harness: BotHarness, trouble: Exception) -> None:
    """An update that fails leaves the answer as it is, and the next one comes in its time."""
    updates = Updates("waiting", trouble, trouble, "settled")
    answered = await answer_with_updates(harness, updates)
    after = list(accumulate(PAUSES))
    await harness.env.advance_time(after[2])
    assert updates.count == 3
    assert title(answered).endswith("waiting")
    await harness.env.advance_time(after[3] - after[2])
    assert title(answered).endswith("settled")


async def test_an_unexpected_error_is_logged_and_no_end(harness: BotHarness, log: io.StringIO) -> None:
    """Each unexpected error is logged; the next update comes in its time."""
    updates = Updates("waiting", RuntimeError("one"), KeyError("two"), "settled")
    answered = await answer_with_updates(harness, updates)
    await harness.env.advance_time(sum(PAUSES[:3]))
    assert title(answered).endswith("waiting")
    failed = log_lines(log, "look_failed")
    assert [line["exception"].splitlines()[-1] for line in failed] == ["RuntimeError: one", "KeyError: 'two'"]
    await harness.env.advance_time(PAUSES[3])
    assert title(answered).endswith("settled")
    assert log_lines(log, "background_failed") == []


async def test_what_fails_in_the_background_is_logged(harness: BotHarness, log: io.StringIO) -> None:
    """An error in the background is logged; a task that ends well or with the bot is not."""

    async def fail() -> None:
        raise RuntimeError("nobody waits for this")

    async def end_well() -> None:
        await asyncio.sleep(1)

    for work in (fail, end_well, wait_for_ever):
        harness.bot.services.background.start(work())
    await harness.env.advance_time(2)
    await harness.bot.close()
    await harness.env.settle()
    (line,) = log_lines(log, "background_failed")
    assert "nobody waits for this" in line["exception"]


async def wait_for_ever() -> None:
    """Wait without end."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("code", [10008, 10015])
async def test_a_dismissed_answer_is_not_updated(harness: BotHarness, code: int) -> None:
    """If the member has dismissed the answer, no more updates are made."""
    updates = Updates("waiting")
    await answer_with_updates(harness, updates)
    await harness.env.advance_time(PAUSES[0])
    harness.env.inject_error("PATCH", ORIGINAL, status=404, code=code, message="Unknown", times=None)
    await harness.env.advance_time(CHANGEABLE)
    assert updates.count == 2


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_a_failed_edit_is_made_up_for(harness: BotHarness, status: int) -> None:
    """A change that Discord refuses is made with the next update, even if it was the final one."""
    updates = Updates("waiting", "settled")
    answered = await answer_with_updates(harness, updates)
    await harness.env.advance_time(PAUSES[0])
    harness.env.inject_error("PATCH", ORIGINAL, status=status, message="later")
    await harness.env.advance_time(PAUSES[1])
    assert title(answered).endswith("waiting")
    await harness.env.advance_time(CHANGEABLE)
    assert title(answered).endswith("settled")
    assert updates.count == 3


async def test_it_ends_with_the_bot(harness: BotHarness) -> None:
    """A closed bot makes no more updates and leaves the answer as it was."""
    updates = Updates("waiting")
    answered = await answer_with_updates(harness, updates)
    await harness.env.advance_time(PAUSES[0])
    await harness.bot.close()
    await harness.env.advance_time(CHANGEABLE)
    assert updates.count == 1
    assert title(answered).endswith("waiting")
