"""`share:true` shares the answer and nothing else: an error is for the asker alone."""

import io
from typing import Any

import pytest
import simcord

from bot.providers.base.simulator import Answer
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, final, labels, shown
from tests.support.log_capture import log_lines

DOWN = Answer(503, {"error": "later"})
COMMANDS: dict[str, dict[str, Any]] = {
    "ask": {"replica": "ACTIVE", "message": "Are you open?"},
    "status": {},
    "status of one": {"replica": "ACTIVE"},
    "replicas": {},
    "usage": {"replica": "ACTIVE"},
}
THINKING = "/webhooks/*/messages/@original"
every_command = pytest.mark.parametrize("command", COMMANDS)


async def run(harness: BotHarness, command: str, *, share: bool, **options: str) -> simcord.InteractionResult:
    """Have the manager run a command of `/sensay` that can be shared."""
    options = COMMANDS[command] | options
    if "replica" in options:
        options["replica"] = getattr(harness.sensay, options["replica"], options["replica"])
    name = f"sensay {command.partition(' ')[0]}"
    return await harness.manager.slash(harness.channel, name, share=share, **options)


def seen_by_others(harness: BotHarness) -> list[str]:
    """Return the title, or else the text, of each message that another member sees in the channel."""
    messages = harness.channel.history(viewer=harness.member)
    return [message.embeds[0].title or "" if message.embeds else message.content for message in messages]


@every_command
async def test_an_answer_is_shared(harness: BotHarness, command: str) -> None:
    """Everybody sees the answer, and no other message."""
    await harness.connect("sensay")
    shared = await run(harness, command, share=True)
    assert not final(shared).ephemeral
    assert seen_by_others(harness) == [embed_of(shared).title]


@every_command
@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_a_providers_failure_is_not_shared(harness: BotHarness, command: str, locale: str) -> None:
    """The deferred message that everybody saw is deleted, and only the asker sees the error."""
    await harness.connect("sensay")
    harness.locale = locale
    harness.sensay.fail(DOWN, times=None)
    failed = await run(harness, command, share=True)
    title = harness.texts("problem.server_fault.title", provider="Sensay", status=503)
    assert embed_of(failed).title == f"❌ {title}"
    assert failed.response is None
    assert [followup.ephemeral for followup in failed.followups] == [True]
    assert seen_by_others(harness) == []


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_every_failure_is_explained_in_private(harness: BotHarness, failure: Failure) -> None:
    """A failure of a shared command is explained in the same words, to the asker alone."""
    await harness.connect("sensay")
    failure.strike(harness, "sensay")
    failed = await run(harness, "ask", share=True)
    failure.shows_in(harness, failed, "sensay")
    assert final(failed).ephemeral
    assert seen_by_others(harness) == []


@every_command
async def test_without_sharing_the_error_takes_the_answers_place(harness: BotHarness, command: str) -> None:
    """Without share:true the deferred message becomes the error; nothing is deleted and nothing follows."""
    await harness.connect("sensay")
    harness.sensay.fail(DOWN, times=None)
    failed = await run(harness, command, share=False)
    assert failed.followups == []
    assert failed.response is not None
    assert failed.response.ephemeral
    assert "DELETE" not in [entry.method for entry in harness.env.http_requests]


@pytest.mark.parametrize("reason", ["no connection", "unknown replica", "too often"])
async def test_a_refusal_is_not_shared(harness: BotHarness, reason: str) -> None:
    """A refusal of ours is shown to the asker alone."""
    options = {}
    if reason != "no connection":
        await harness.connect("sensay")
    if reason == "unknown replica":
        options["replica"] = "Nobody"
    if reason == "too often":
        for _ in range(3):
            await run(harness, "ask", share=False)
    refused = await run(harness, "ask", share=True, **options)
    assert shown(refused).startswith("⚠️")
    assert final(refused).ephemeral
    assert seen_by_others(harness) == []


async def test_a_second_try_stays_private(harness: BotHarness) -> None:
    """The button under a private error edits that error; nothing is shared by it."""
    await harness.connect("sensay")
    harness.sensay.fail(DOWN, times=None)
    failed = await run(harness, "status", share=True)
    assert labels(failed) == ["Refresh"]
    harness.sensay.heal()
    pressed = await harness.manager.click(final(failed).message, label="Refresh")
    assert pressed.followups == []
    assert embed_of(failed).title == "🗣️ 4 replicas on Discord"
    assert seen_by_others(harness) == []


async def test_an_answer_that_was_shared_survives_a_press_that_fails(harness: BotHarness) -> None:
    """Only a deferred message is deleted: an answer that was shared stays as it was."""
    await harness.connect("sensay")
    shared = await run(harness, "status of one", share=True)
    before = shown(shared)
    harness.sensay.fail(DOWN, times=None)
    pressed = await harness.manager.click(final(shared).message, label="Refresh")
    assert [followup.ephemeral for followup in pressed.followups] == [True]
    assert shown(shared) == before
    assert len(seen_by_others(harness)) == 1


async def test_the_error_waits_until_nobody_sees_it_thinking(harness: BotHarness) -> None:
    """The deferred message is edited first, then the error is sent, and then the message is deleted."""
    await harness.connect("sensay")
    harness.sensay.fail(DOWN, times=None)
    before = len(harness.env.http_requests)
    await run(harness, "status", share=True)
    entries = [
        (entry.method, entry.path.endswith("@original")) for entry in harness.env.http_requests[before:]
    ]
    assert entries == [("POST", False), ("PATCH", True), ("POST", False), ("DELETE", True)]


async def test_a_message_that_cannot_be_taken_away_says_nothing(
    harness: BotHarness, log: io.StringIO
) -> None:
    """Where Discord refuses the deletion, everybody sees three dots, and the asker still gets the error."""
    await harness.connect("sensay")
    harness.sensay.fail(DOWN, times=None)
    harness.env.inject_error("DELETE", THINKING, status=403, times=None)
    failed = await run(harness, "status", share=True)
    assert [followup.ephemeral for followup in failed.followups] == [True]
    assert shown(failed).startswith(f"❌ {english('problem.server_fault.title', provider='Sensay')}")
    assert seen_by_others(harness) == ["…"]
    assert len(log_lines(log, "provider_failed")) == 1
    assert harness.env.errors


async def test_a_message_that_cannot_be_changed_tells_nobody(harness: BotHarness, log: io.StringIO) -> None:
    """Where Discord refuses the edit, the error would be for everybody, so it is only logged."""
    await harness.connect("sensay")
    harness.sensay.fail(DOWN, times=None)
    harness.env.inject_error("PATCH", THINKING, status=403, times=None)
    failed = await run(harness, "status", share=True)
    assert failed.followups == []
    assert seen_by_others(harness) == [""]
    assert len(log_lines(log, "answer_not_delivered")) == 1
    assert harness.env.errors
