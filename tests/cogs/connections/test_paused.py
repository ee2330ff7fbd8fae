"""A connection whose provider asked for a pause sends nothing, and members read until when."""

import re

import pytest

from bot.providers.base.simulator import Answer
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, labels, shown

COMMANDS = {
    "sensay replicas": {},
    "sensay usage": {},
    "connections test": {"provider": "sensay"},
    "sensay ask": {"message": "Are you open?"},
}


async def run(harness: BotHarness, command: str) -> str:
    """Have the manager run a command, and return what is shown."""
    options = COMMANDS[command] | ({"replica": harness.sensay.ACTIVE} if command == "sensay ask" else {})
    return shown(await harness.manager.slash(harness.channel, command, **options))


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_nobody_asks_during_the_pause_of_a_check(harness: BotHarness, status: int, locale: str) -> None:
    """Commands, questions, buttons and the overview send nothing and say until when; so does the list of
    connections. Another server with the same credentials is answered.
    """
    harness.locale = locale
    await harness.connect("sensay")
    harness.sensay.fail(Answer(status, headers={"Retry-After": "3600"}))
    await harness.bot.services.poller.check_guild(harness.guild.id)
    harness.sensay.heal()
    harness.sensay.requests.clear()
    for command in COMMANDS:
        text = await run(harness, command)
        told = harness.texts("problem.rate_limited.fix_wait", provider="Sensay", time="<t:0:R>")
        assert told in re.sub(r"<t:\d+:R>", "<t:0:R>", text)
        assert f"HTTP {status}" in text
    overview = await harness.manager.slash(harness.channel, "integrations overview")
    assert re.search(r"⏸️ .*Sensay .*`default`.* <t:\d+:f>", shown(overview))
    refresh = next(label for label in labels(overview) if label in {"Refresh", "Atualizar"})
    await harness.manager.click(final(overview).message, label=refresh)
    listed = await harness.manager.slash(harness.channel, "connections list")
    assert re.search(r"⏸️ .*Sensay .* <t:\d+:f>", shown(listed))
    assert not harness.sensay.requests
    other = harness.other_guild()
    await other.connect("sensay")
    seen = await other.manager.slash(other.channel, "sensay replicas")
    assert "❌" not in shown(seen)
    for command in ("integrations overview", "connections list"):
        assert "⏸️" not in shown(await other.manager.slash(other.channel, command))
    assert harness.sensay.requests


async def test_a_members_request_begins_a_pause_too(harness: BotHarness) -> None:
    """A second press gets the same error and the same time without a request; afterwards one is sent."""
    await harness.connect("sensay")
    harness.sensay.fail(Answer(503, {"error": "later"}, {"Retry-After": "30"}))
    first = await harness.manager.slash(harness.channel, "sensay replicas")
    harness.sensay.requests.clear()
    again = await harness.manager.click(final(first).message, label="Refresh")
    assert embed_of(again).title == embed_of(first).title
    assert field(again, "What to do") == field(first, "What to do")
    assert not harness.sensay.requests
    await harness.env.advance_time(30)
    await harness.manager.click(final(first).message, label="Refresh")
    assert harness.sensay.requests
