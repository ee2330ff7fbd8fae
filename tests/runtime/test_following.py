"""An answer is kept true for a while: looked at now and then, until it is settled or nobody can see it."""

import asyncio
import contextlib
import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import accumulate
from typing import Any

import pytest
import simcord

from bot.errors import RateLimitedError, RestartingError, UnreachableError
from bot.runtime.following import PAUSES, Look, follow
from bot.ui.components import Interaction, view_of
from bot.ui.theme import Tone, card
from tests.cogs.town import Town, embed_of
from tests.runtime.test_tree import logged

CHANGEABLE = timedelta(minutes=15).total_seconds()
ORIGINAL = "/webhooks/*/messages/@original"


class Looks:
    """What looks find, in turn: a title, "settled", an error or nothing new; the last one for ever."""

    def __init__(self, *found: str | Exception | None) -> None:
        self.found = found
        self.count = 0

    async def __call__(self) -> Look | None:
        """Look."""
        found = self.found[min(self.count, len(self.found) - 1)]
        self.count += 1
        if isinstance(found, Exception):
            raise found
        if found is None:
            return None
        return Look(card(Tone.INFO, found), view_of(), settled=found == "settled")


async def answer_followed_by(
    town: Town, looks: Looks, *sooner: Callable[..., Any], name: str | None = None
) -> simcord.InteractionResult:
    """Have a command answered, and let the bot follow it."""

    async def on_interaction(interaction: Interaction) -> None:
        town.bot.in_background(follow(interaction, looks, *sooner), name)

    town.bot.add_listener(on_interaction)
    answered = await town.manager.slash(town.channel, "help")
    town.bot.remove_listener(on_interaction)
    return answered


def title(answered: simcord.InteractionResult) -> str:
    """Return what the answer says now."""
    return embed_of(answered).title or ""


def test_it_ends_while_the_answer_can_still_be_changed() -> None:
    """Discord takes changes for 15 minutes; the last look has a minute and more to spare for being slow."""
    assert sum(PAUSES) <= CHANGEABLE - 60
    assert list(PAUSES) == sorted(PAUSES)


async def test_each_look_is_shown(town: Town) -> None:
    """After each pause the answer is what was found then, and after the last one it stays."""
    looks = Looks(*(f"look {number}" for number in range(len(PAUSES))), "too many")
    answered = await answer_followed_by(town, looks)
    first = title(answered)
    for number, pause in enumerate(PAUSES):
        await town.env.advance_time(pause - 1)
        assert looks.count == number
        assert title(answered).endswith(f"look {number - 1}" if number else first)
        await town.env.advance_time(1)
        assert title(answered).endswith(f"look {number}")
    await town.env.advance_time(CHANGEABLE)
    assert looks.count == len(PAUSES)


async def test_nothing_new_leaves_the_answer_alone(town: Town) -> None:
    """A look without news edits nothing, so that a menu somebody has open stays open; the next one comes."""
    looks = Looks("waiting", None, "settled")
    await answer_followed_by(town, looks)
    await town.env.advance_time(PAUSES[0])
    before = len(town.env.http_requests)
    await town.env.advance_time(PAUSES[1])
    assert looks.count == 2
    assert len(town.env.http_requests) == before
    await town.env.advance_time(PAUSES[2])
    assert looks.count == 3


async def test_a_change_is_looked_at_at_once(town: Town) -> None:
    """Whoever is told of a change ends the pause; what is told while nobody pauses is no matter."""
    looks = Looks("waiting", "settled")
    woken: list[Callable[[], object]] = []

    @contextlib.contextmanager
    def sooner(wake: Callable[[], object]) -> Iterator[None]:
        woken.append(wake)
        yield

    answered = await answer_followed_by(town, looks, sooner)
    woken[0]()
    await town.env.settle()
    assert title(answered).endswith("waiting")
    woken[0]()
    await town.env.advance_time(PAUSES[1])
    assert title(answered).endswith("settled")


async def test_what_is_followed_anew_is_followed_once(town: Town) -> None:
    """Of what goes on under one name the latest alone goes on, and what was given up does not."""
    first, second, third = Looks("first"), Looks("second"), Looks("third")
    for looks, name in ((first, "a"), (second, "a"), (third, "b")):
        await answer_followed_by(town, looks, name=name)
    town.bot.give_up("b")
    await town.env.advance_time(PAUSES[0])
    assert (first.count, second.count, third.count) == (0, 1, 0)


async def test_what_is_settled_is_left_alone(town: Town) -> None:
    """The look that finds nothing more to come is the last one."""
    looks = Looks("waiting", "settled", "too many")
    answered = await answer_followed_by(town, looks)
    await town.env.advance_time(CHANGEABLE)
    assert looks.count == 2
    assert title(answered).endswith("settled")


@pytest.mark.parametrize(
    "trouble",
    [UnreachableError("sensay"), RateLimitedError("sensay", retry_after=30), RestartingError()],
    ids=lambda error: error.key,
)
async def test_a_look_that_fails_is_no_answer(town: Town, trouble: Exception) -> None:
    """What could not be read leaves the answer as it is, and the next look is made in its time."""
    looks = Looks("waiting", trouble, trouble, "settled")
    answered = await answer_followed_by(town, looks)
    after = list(accumulate(PAUSES))
    await town.env.advance_time(after[2])
    assert looks.count == 3
    assert title(answered).endswith("waiting")
    await town.env.advance_time(after[3] - after[2])
    assert title(answered).endswith("settled")


async def test_a_fault_of_ours_is_logged_and_no_end(town: Town, log: io.StringIO) -> None:
    """What nobody has thought of is for the log, each time; the next look is made in its time."""
    looks = Looks("waiting", RuntimeError("one"), KeyError("two"), "settled")
    answered = await answer_followed_by(town, looks)
    await town.env.advance_time(sum(PAUSES[:3]))
    assert title(answered).endswith("waiting")
    failed = logged(log, "look_failed")
    assert [line["exception"].splitlines()[-1] for line in failed] == ["RuntimeError: one", "KeyError: 'two'"]
    await town.env.advance_time(PAUSES[3])
    assert title(answered).endswith("settled")
    assert logged(log, "background_failed") == []


async def test_what_fails_in_the_background_is_logged(town: Town, log: io.StringIO) -> None:
    """No command waits for it, so nobody else would hear of it; what ends well or with the bot is not."""

    async def fail() -> None:
        raise RuntimeError("nobody waits for this")

    async def end_well() -> None:
        await asyncio.sleep(1)

    for work in (fail, end_well, follow_for_ever):
        town.bot.in_background(work())
    await town.env.advance_time(2)
    await town.bot.close()
    await town.env.settle()
    (line,) = logged(log, "background_failed")
    assert "nobody waits for this" in line["exception"]


async def follow_for_ever() -> None:
    """Never end."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("code", [10008, 10015])
async def test_an_answer_that_is_gone_is_not_followed(town: Town, code: int) -> None:
    """Where a member has dismissed the answer, there is nothing to look for."""
    looks = Looks("waiting")
    await answer_followed_by(town, looks)
    await town.env.advance_time(PAUSES[0])
    town.env.inject_error("PATCH", ORIGINAL, status=404, code=code, message="Unknown", times=None)
    await town.env.advance_time(CHANGEABLE)
    assert looks.count == 2


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_moment_without_discord_is_waited_out(town: Town, status: int) -> None:
    """A change that Discord does not take is made with the next look, were it the last word even."""
    looks = Looks("waiting", "settled")
    answered = await answer_followed_by(town, looks)
    await town.env.advance_time(PAUSES[0])
    town.env.inject_error("PATCH", ORIGINAL, status=status, message="later")
    await town.env.advance_time(PAUSES[1])
    assert title(answered).endswith("waiting")
    await town.env.advance_time(CHANGEABLE)
    assert title(answered).endswith("settled")
    assert looks.count == 3


async def test_it_ends_with_the_bot(town: Town) -> None:
    """A bot that leaves looks no more, and leaves the answer as it was."""
    looks = Looks("waiting")
    answered = await answer_followed_by(town, looks)
    await town.env.advance_time(PAUSES[0])
    await town.bot.close()
    await town.env.advance_time(CHANGEABLE)
    assert looks.count == 1
    assert title(answered).endswith("waiting")
