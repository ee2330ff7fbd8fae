"""Every reference that a member reads finds one line of the log, which names what the member did."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import aiohttp
import discord
import pytest
import simcord

from bot.errors import (
    InvalidInputError,
    NotAllowedError,
    PatchbayError,
    ProviderError,
    StaleComponentError,
    UnreachableError,
)
from bot.features.connections.service import ConnectionService
from bot.features.lookups.service import LookupService
from bot.network_faults import NetworkFault
from bot.providers.base.simulator import Answer, Reset
from tests.support.error_kinds import concrete_errors
from tests.support.harness import BotHarness, buttons, embed_of, final, shown
from tests.support.log_capture import log_lines
from tests.support.setup_steps import choose, open_setup
from tests.support.toolzz_steps import put_in, strike

REFERENCE = re.compile(r"PB-[2-9A-HJ-NP-Z]{8}")
WRITTEN = ("info", "warning", "error", "critical")
"""The levels that are written by default."""
VALUES: dict[str, str | int] = {
    **dict.fromkeys(("limit", "count", "number", "min", "max", "until", "channel", "role"), 3),
    **dict.fromkeys(("provider", "name", "names", "input", "other", "choices", "server", "unit"), "x"),
    "permissions": "x",
}


def every_error() -> Iterator[BaseException]:
    """Yield one of each error that can end an interaction."""
    for kind in concrete_errors(PatchbayError):
        if issubclass(kind, ProviderError):
            yield kind("toolzz", status=500, detail="no")
            yield kind("toolzz", status=500, request_id="req-0815")
        elif issubclass(kind, InvalidInputError):
            yield kind("id")
        elif issubclass(kind, NotAllowedError):
            yield kind("manager")
        else:
            yield kind(**VALUES)
    yield from (PatchbayError(), RuntimeError("x"), TimeoutError(), OSError("x"), KeyError("x"))
    yield from (aiohttp.ServerDisconnectedError(), ExceptionGroup("x", [ValueError()]))
    response = Mock(status=500, reason="x", method="GET", url=None)
    yield from (discord.HTTPException(response, "x"), discord.DiscordServerError(response, "x"))
    yield discord.InteractionResponded(Mock())


def lines_with(log: io.StringIO, reference: str) -> list[dict[str, Any]]:
    """Return the lines of the default level that hold a reference."""
    lines = [json.loads(line) for line in log.getvalue().splitlines() if reference in line]
    return [line for line in lines if line["level"] in WRITTEN]


def reference_in(result: simcord.InteractionResult) -> str:
    """Return what a member would send to the host: what stands after "Reference"."""
    footer = embed_of(result).footer.text
    assert footer is not None
    return footer.rpartition("Reference: ")[2]


async def test_every_error_is_found_by_its_reference(
    harness: BotHarness, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends a command, one line at a level that is written by default has the reference shown."""
    harness.remove_cooldowns()
    seen = 0
    for error in every_error():

        async def fail(*_: object, error: BaseException = error) -> None:
            raise error

        monkeypatch.setattr(LookupService, "server", fail)
        log.seek(0)
        log.truncate()
        result = await harness.manager.slash(harness.channel, "help")
        reference = reference_in(result)
        assert REFERENCE.fullmatch(reference) or reference == "req-0815", error
        (line,) = lines_with(log, reference)
        assert (line["command"], line["by"], line["guild"]) == ("help", "command", harness.guild.id), error
        seen += 1
    assert seen > 60
    assert harness.env.errors


async def fail_at_rows(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever reads connections fail."""

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    for name in ("open", "providers", "remove", "rotate", "summaries", "of_guild"):
        if hasattr(ConnectionService, name):
            monkeypatch.setattr(ConnectionService, name, fail)


async def test_buttons_menus_and_forms_are_named(
    harness: BotHarness, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line of an error names the command that a button, a menu or a form belongs to, and what it was."""
    await harness.connect("toolzz")
    manager = harness.manager
    form = await harness.open_form("rotate", "toolzz")
    asked = await manager.slash(harness.channel, "connections remove", provider="toolzz")
    overview = await manager.slash(harness.channel, "integrations overview")
    menu = next(each for each in buttons(overview) if each["type"] == 3)
    status = await manager.slash(
        harness.channel, "toolzz status", integration=harness.toolzz.CONNECTED, share=True
    )
    typed = dict(harness.toolzz.credentials)
    await fail_at_rows(harness, monkeypatch)
    done = {
        ("connections rotate", "form"): await manager.submit_modal(form, typed),
        ("connections remove", "button"): await manager.click(
            final(asked).message, custom_id=buttons(asked)[0]["custom_id"]
        ),
        ("toolzz", "button"): await manager.click(final(status).message, label="Refresh"),
        ("setup", "menu"): await harness.interact(
            discord.InteractionType.component,
            manager,
            {"custom_id": menu["custom_id"], "component_type": 3, "values": ["nobody/0"]},
            message=final(overview),
        ),
    }
    for (command, by), result in done.items():
        assert shown(result), command
        (line,) = lines_with(log, reference_in(result))
        assert (line["command"], line["by"]) == (command, by)
    assert harness.env.errors


async def test_what_the_guard_refuses_is_named_too(harness: BotHarness, log: io.StringIO) -> None:
    """A press of a member who may not, and one of an earlier run, name the command all the same."""
    await harness.connect("toolzz")
    shared = await harness.manager.slash(
        harness.channel, "toolzz status", integration=harness.toolzz.CONNECTED, share=True
    )
    refused = await harness.member.click(final(shared).message, label="Refresh")
    (line,) = lines_with(log, reference_in(refused))
    assert (line["event"], line["command"], line["by"]) == ("refused", "toolzz", "button")
    assert line["component"].startswith("toolzz:")
    stale = await harness.press_forged(shared, "toolzz:of-an-earlier-release")
    (line,) = lines_with(log, reference_in(stale))
    assert (line["error"], line["command"], line["by"]) == (StaleComponentError.key, "toolzz", "button")


async def test_typing_is_named(
    harness: BotHarness, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Suggestions that fail are logged as such."""
    await fail_at_rows(harness, monkeypatch)
    await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "a")
    (line,) = log_lines(log, "unexpected_error")
    assert (line["command"], line["by"]) == ("toolzz status", "suggestions")


async def test_a_failed_connection_says_why(harness: BotHarness, log: io.StringIO) -> None:
    """The log and the member are told that the provider has closed the connection."""
    await harness.connect("toolzz")
    harness.toolzz.fail(Reset(), times=None)
    result = await harness.manager.slash(harness.channel, "connections test", provider="toolzz")
    (line,) = lines_with(log, reference_in(result))
    assert (line["error"], line["fault"]) == (UnreachableError.key, NetworkFault.BROKEN)
    assert harness.texts("problem.unreachable.broken.why") in shown(result)


async def test_the_setup_logs_what_it_shows(harness: BotHarness, log: io.StringIO) -> None:
    """A provider's own reference on the screen of `/setup` finds a line as well."""
    await harness.connect("toolzz")
    harness.toolzz.fail(Answer(503, {"message": "later", "request_id": "req-0816"}), times=None)
    result = await choose(harness, await open_setup(harness), "toolzz")
    assert "req-0816" in shown(result)
    (line,) = lines_with(log, "req-0816")
    assert (line["command"], line["provider"]) == ("setup", "toolzz")


@pytest.mark.parametrize("request_id", ["req-0817", None])
async def test_a_write_in_doubt_is_found_too(
    harness: BotHarness, log: io.StringIO, request_id: str | None
) -> None:
    """What a provider failed to say of a write stands in a line that names the command and the server."""
    await harness.connect("toolzz")
    body = {"message": "later"} | ({} if request_id is None else {"request_id": request_id})
    strike(harness, "POST", Answer(500, body), acted=False)
    answered = await put_in(harness, harness.toolzz.RESTING_AGENT)
    assert (request_id or "HTTP 500") in shown(answered)
    (line,) = log_lines(log, "write_in_doubt")
    assert (line["request_id"], line["status"], line["provider"]) == (request_id, 500, "toolzz")
    assert (line["command"], line["by"], line["guild"]) == ("toolzz connect", "button", harness.guild.id)
