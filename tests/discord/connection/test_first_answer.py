"""An answer that Discord took counts as given, whatever its edge said."""

import asyncio
import io
from collections.abc import Callable
from typing import Any

import discord
import pytest
from simcord.backend import Backend
from simcord.backend.errors import BackendError
from simcord.http import router

from tests.support.harness import BotHarness, embed_of, final, shown
from tests.support.log_capture import log_lines
from tests.support.waiting import until

TakeAndFail = Callable[[int, int], None]
CALLBACK = "/interactions/*/callback"


@pytest.fixture
def take_and_fail(monkeypatch: pytest.MonkeyPatch) -> TakeAndFail:
    """A function that lets Discord take the next first answer and its edge reply with an error."""
    dispatch = router.dispatch

    def prepare(status: int, code: int) -> None:
        def take(backend: Backend, method: str, path: str, **options: Any) -> object:  # noqa: ANN401 - simcord's
            taken = dispatch(backend, method, path, **options)
            if path.endswith("/callback"):
                monkeypatch.setattr(router, "dispatch", dispatch)
                raise BackendError(status, code, "injected after the answer was taken")
            return taken

        monkeypatch.setattr(router, "dispatch", take)

    return prepare


@pytest.mark.parametrize(("status", "code"), [(400, 40060), (502, 0), (404, 10062)])
@pytest.mark.parametrize("command", ["help", "connections list", "audit list"])
async def test_a_command_is_answered(
    harness: BotHarness, take_and_fail: TakeAndFail, command: str, status: int, code: int
) -> None:
    """The first answer was taken, and its reply is an error: the member gets the whole answer."""
    take_and_fail(status, code)
    asked = await harness.manager.slash(harness.channel, command)
    assert embed_of(asked).title
    assert harness.texts("problem.unexpected.title") not in shown(asked)


async def test_a_form_that_was_taken_can_be_sent(harness: BotHarness, take_and_fail: TakeAndFail) -> None:
    """The form is open in the member's client, so what is typed into it is handled."""
    take_and_fail(400, 40060)
    connected = await harness.connect("toolzz")
    assert "Toolzz" in shown(connected)


async def test_a_press_is_answered(harness: BotHarness, take_and_fail: TakeAndFail) -> None:
    """A message that a button edits as its first answer shows what it should."""
    await harness.connect("toolzz")
    take_and_fail(400, 40060)
    listed = await harness.manager.slash(harness.channel, "integrations overview")
    take_and_fail(400, 40060)
    refreshed = await harness.manager.click(final(listed), label="Refresh")
    assert embed_of(refreshed).title == embed_of(listed).title


@pytest.mark.parametrize("what", ["defer", "edit_original_response"])
async def test_no_interaction_waits_for_as_long_as_a_429_says(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, what: str
) -> None:
    """discord.py sleeps for an hour if Discord says so: the interaction ends before, and the log says so."""
    ended = []

    async def wait(*_: object, **__: object) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(what)

    monkeypatch.setattr("bot.discord.connection.first_answer.ANSWER_SECONDS", 0.02)
    monkeypatch.setattr("bot.discord.replies.EDIT_SECONDS", 0.02)
    owner = discord.InteractionResponse if what == "defer" else discord.Interaction
    monkeypatch.setattr(owner, what, wait)
    await harness.manager.slash(harness.channel, "setup")
    await until(lambda: bool(ended))
    await until(lambda: bool(log_lines(log, "discord_slow")))
    assert {type(getattr(error, "original", error)) for error in harness.env.errors} == {TimeoutError}


async def test_an_answer_that_was_not_taken_is_not_made_up(harness: BotHarness) -> None:
    """Where Discord does not know the interaction any more, nothing was answered, and the log says so."""
    harness.env.inject_error("POST", CALLBACK, status=404, code=10062, times=None)
    asked = await harness.manager.slash(harness.channel, "help")
    assert not asked.acknowledged
    (error,) = harness.env.errors
    assert getattr(getattr(error, "original", None), "code", None) == 10062
