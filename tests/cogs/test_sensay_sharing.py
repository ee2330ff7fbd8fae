"""`share:true` shares what was asked for and nothing else: an error is its asker's own business."""

import io
from typing import Any

import pytest
import simcord

from bot.kit.simulator import Answer
from tests.cogs.failures import FAILURES, Failure
from tests.cogs.town import PORTUGUESE, Town, embed_of, final, labels, shown
from tests.runtime.test_tree import logged

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


async def run(town: Town, command: str, *, share: bool, **options: str) -> simcord.InteractionResult:
    """Have the manager run a command of `/sensay` that can be shared."""
    options = COMMANDS[command] | options
    if "replica" in options:
        options["replica"] = getattr(town.sensay, options["replica"], options["replica"])
    name = f"sensay {command.partition(' ')[0]}"
    return await town.manager.slash(town.channel, name, share=share, **options)


def seen_by_others(town: Town) -> list[str]:
    """Return the titles, or else the text, of what another member sees in the channel."""
    messages = town.channel.history(viewer=town.member)
    return [message.embeds[0].title or "" if message.embeds else message.content for message in messages]


@every_command
async def test_an_answer_is_shared(town: Town, command: str) -> None:
    """Everybody sees the answer, and that one alone."""
    await town.connect("sensay")
    shared = await run(town, command, share=True)
    assert not final(shared).ephemeral
    assert seen_by_others(town) == [embed_of(shared).title]


@every_command
@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_a_providers_failure_is_not_shared(town: Town, command: str, locale: str) -> None:
    """The message that everybody saw thinking is gone, and the error follows for the asker alone."""
    await town.connect("sensay")
    town.locale = locale
    town.sensay.fail(DOWN, times=None)
    failed = await run(town, command, share=True)
    title = town.texts("problem.server_fault.title", provider="Sensay", status=503)
    assert embed_of(failed).title == f"❌ {title}"
    assert failed.response is None
    assert [followup.ephemeral for followup in failed.followups] == [True]
    assert seen_by_others(town) == []


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_every_failure_is_explained_in_private(town: Town, failure: Failure) -> None:
    """In the words in which it would be explained anyway."""
    await town.connect("sensay")
    failure.strike(town, "sensay")
    failed = await run(town, "ask", share=True)
    failure.shows_in(town, failed, "sensay")
    assert final(failed).ephemeral
    assert seen_by_others(town) == []


@every_command
async def test_without_sharing_the_error_takes_the_answers_place(town: Town, command: str) -> None:
    """A message that only the asker saw thinking becomes the error; nothing is deleted, nothing follows."""
    await town.connect("sensay")
    town.sensay.fail(DOWN, times=None)
    failed = await run(town, command, share=False)
    assert failed.followups == []
    assert failed.response is not None
    assert failed.response.ephemeral
    assert "DELETE" not in [entry.method for entry in town.env.http_requests]


@pytest.mark.parametrize("reason", ["no connection", "unknown replica", "too often"])
async def test_a_refusal_is_not_shared(town: Town, reason: str) -> None:
    """Nor is anything that Sensay has never heard of."""
    options = {}
    if reason != "no connection":
        await town.connect("sensay")
    if reason == "unknown replica":
        options["replica"] = "Nobody"
    if reason == "too often":
        for _ in range(3):
            await run(town, "ask", share=False)
    refused = await run(town, "ask", share=True, **options)
    assert shown(refused).startswith("⚠️")
    assert final(refused).ephemeral
    assert seen_by_others(town) == []


async def test_a_second_try_stays_private(town: Town) -> None:
    """The button under the private error renews that one; nothing is shared by it."""
    await town.connect("sensay")
    town.sensay.fail(DOWN, times=None)
    failed = await run(town, "status", share=True)
    assert labels(failed) == ["Refresh"]
    town.sensay.heal()
    pressed = await town.manager.click(final(failed).message, label="Refresh")
    assert pressed.followups == []
    assert embed_of(failed).title == "🗣️ 4 replicas on Discord"
    assert seen_by_others(town) == []


async def test_an_answer_that_was_shared_survives_a_press_that_fails(town: Town) -> None:
    """Only a message that still thinks is taken away: what was shared stays as it was."""
    await town.connect("sensay")
    shared = await run(town, "status of one", share=True)
    before = shown(shared)
    town.sensay.fail(DOWN, times=None)
    pressed = await town.manager.click(final(shared).message, label="Refresh")
    assert [followup.ephemeral for followup in pressed.followups] == [True]
    assert shown(shared) == before
    assert len(seen_by_others(town)) == 1


async def test_the_error_waits_until_nobody_sees_it_thinking(town: Town) -> None:
    """Discord puts what follows into a message that still thinks, and refuses it where that was deleted."""
    await town.connect("sensay")
    town.sensay.fail(DOWN, times=None)
    before = len(town.env.http_requests)
    await run(town, "status", share=True)
    entries = [(entry.method, entry.path.endswith("@original")) for entry in town.env.http_requests[before:]]
    assert entries == [("POST", False), ("PATCH", True), ("POST", False), ("DELETE", True)]


async def test_a_message_that_cannot_be_taken_away_says_nothing(town: Town, log: io.StringIO) -> None:
    """Where Discord keeps it, everybody sees three dots, and the asker has the error all the same."""
    await town.connect("sensay")
    town.sensay.fail(DOWN, times=None)
    town.env.inject_error("DELETE", THINKING, status=403, times=None)
    failed = await run(town, "status", share=True)
    assert [followup.ephemeral for followup in failed.followups] == [True]
    assert shown(failed).startswith("❌ Sensay has a fault on its side")
    assert seen_by_others(town) == ["…"]
    assert len(logged(log, "provider_failed")) == 1
    assert town.env.errors


async def test_a_message_that_cannot_be_changed_tells_nobody(town: Town, log: io.StringIO) -> None:
    """As long as it thinks, what follows would be for everybody: then the error is for the log alone."""
    await town.connect("sensay")
    town.sensay.fail(DOWN, times=None)
    town.env.inject_error("PATCH", THINKING, status=403, times=None)
    failed = await run(town, "status", share=True)
    assert failed.followups == []
    assert seen_by_others(town) == [""]
    assert len(logged(log, "answer_not_delivered")) == 1
    assert town.env.errors
