"""What is around every command, button and form: the guard on the way in, words for errors on the way out."""

import asyncio
import io
import json
from typing import Any

import discord
import pytest
import simcord
from simcord.http.client import FakeWebhookAdapter

from bot.kit.simulator import Answer
from bot.services.connections import ConnectionService
from tests.cogs.town import PORTUGUESE, Town, buttons, embed_of, field, final, shown

CANARY = "CANARY-of-a-secret"
COMMAND = discord.InteractionType.application_command
TYPING = discord.InteractionType.autocomplete
SUBMIT = discord.InteractionType.modal_submit
OUTSIDE = 0


def command(town: Town, name: str, *options: dict[str, Any]) -> dict[str, Any]:
    """Return what a client sends that knows a command of this name."""
    ids = town.bot.tree.command_ids
    return {"id": str(ids.get(name, 1)), "name": name, "type": 1, "options": list(options)}


def titled(town: Town, result: simcord.InteractionResult, error: str) -> bool:
    """Tell whether an answer is the embed of an error that a member can do something about."""
    return embed_of(result).title == f"⚠️ {town.texts(f'problem.{error}.title')}"


def logged(log: io.StringIO, event: str) -> list[dict[str, Any]]:
    """Return the lines of the log for an event."""
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == event]


# --- the guard ---


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_a_direct_message_is_told_to_go_to_a_server(town: Town, locale: str) -> None:
    """A command that comes from outside a server is answered, in the member's language, and does nothing."""
    town.locale = locale
    result = await town.interact(COMMAND, town.manager, command(town, "help"), guild_id=OUTSIDE)
    assert titled(town, result, "outside_server")
    assert result.ephemeral


async def test_typing_in_a_direct_message_offers_nothing(town: Town) -> None:
    """Suggestions outside a server are an empty list, not an error."""
    typed = {"name": "replica", "type": 3, "value": "a", "focused": True}
    data = command(town, "sensay", {"name": "connect", "type": 1, "options": [typed]})
    result = await town.interact(TYPING, town.manager, data, guild_id=OUTSIDE)
    assert result.autocomplete_choices == []


async def test_a_shared_button_is_not_for_everyone(town: Town) -> None:
    """Who neither ran the command nor is a manager is refused, alone, and the press does nothing."""
    await town.connect("toolzz")
    shared = await town.manager.slash(
        town.channel, "toolzz status", integration=town.toolzz.CONNECTED, share=True
    )
    town.toolzz.requests.clear()
    pressed = await town.member.click(final(shared).message, label="Refresh")
    assert titled(town, pressed, "not_allowed.manager")
    assert final(pressed).ephemeral
    assert not town.toolzz.requests


async def test_a_former_manager_can_send_no_form(town: Town) -> None:
    """Rights that went while a form was open are gone when it is sent."""
    form = await town.open_form("add", "toolzz")
    town.env.backend.get_guild(town.guild.id).members[town.manager.id].role_ids.clear()
    refused = await town.manager.submit_modal(form, dict(town.toolzz.credentials))
    assert titled(town, refused, "not_allowed.manager")
    assert await town.bot.connections.names(town.guild.id) == []


async def test_a_bot_that_is_leaving_starts_nothing_new(town: Town) -> None:
    """Commands, buttons and forms that come during the last seconds are told to come back."""
    form = await town.open_form("add", "toolzz")
    town.bot.tree.restarting = True
    assert titled(town, await town.manager.slash(town.channel, "help"), "restarting")
    assert titled(town, await town.manager.submit_modal(form, dict(town.toolzz.credentials)), "restarting")


# --- what belonged to an earlier run ---


@pytest.mark.parametrize("custom_id", ["no-such-form", "0" * 32, "connections:add:sensay:default"])
async def test_a_form_of_an_earlier_run_is_answered(town: Town, custom_id: str) -> None:
    """discord.py drops such a form in silence; the member is told that nothing was stored."""
    typed = {"type": 4, "id": 2, "custom_id": "access_token", "value": CANARY}
    label = {"type": 18, "id": 1, "component": typed}
    result = await town.interact(SUBMIT, town.manager, {"custom_id": custom_id, "components": [label]})
    assert titled(town, result, "stale_component")
    assert result.ephemeral
    assert CANARY not in shown(result)


async def test_a_button_of_an_earlier_run_is_answered(town: Town) -> None:
    """A press that no view listens to any more is answered, alone."""
    await town.connect("toolzz")
    asked = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    pressed = await town.press(town.manager, final(asked), "0" * 32)
    assert titled(town, pressed, "stale_component")


async def test_a_press_is_answered_once_however_slow_discord_is(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a press is being answered nothing else takes it for one that nobody answers."""
    request = FakeWebhookAdapter.request

    async def slow(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the original takes
        for _ in range(5):
            await asyncio.sleep(0)
        return await request(*args, **kwargs)

    monkeypatch.setattr(FakeWebhookAdapter, "request", slow)
    form = await town.open_form("add", "toolzz")
    added = await town.manager.submit_modal(form, dict(town.toolzz.credentials))
    assert added.followups == []
    assert "is connected" in shown(added) or "ready" in shown(added)
    asked = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    pressed = await town.manager.click(final(asked).message, custom_id=buttons(asked)[0]["custom_id"])
    assert pressed.followups == []
    assert embed_of(asked).title == f"✅ {town.texts('connections.remove.done', provider='Toolzz')}"


async def test_a_command_that_is_gone_is_answered(town: Town) -> None:
    """A client that still shows an old command, or old options, is told to reload."""
    for data in (
        command(town, "status"),
        command(town, "connections", {"name": "drop", "type": 1, "options": []}),
        command(town, "sensay", {"name": "connect", "type": 1, "options": []}),
    ):
        result = await town.interact(COMMAND, town.manager, data)
        assert titled(town, result, "outdated_command"), data
        assert result.ephemeral
    assert town.env.errors


async def test_a_provider_that_discord_did_not_offer_is_refused(town: Town) -> None:
    """Discord does not hold clients to the choices, so the value is looked at again."""
    options = [{"name": "provider", "type": 3, "value": "../etc"}]
    data = command(town, "connections", {"name": "add", "type": 1, "options": options})
    result = await town.interact(COMMAND, town.manager, data)
    assert titled(town, result, "invalid_input.provider")


# --- errors on the way out ---


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_an_unexpected_error_is_worded_and_logged(
    town: Town, log: io.StringIO, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The member reads no word of it, but a reference under which the log has it in full."""

    async def fail(*_: object) -> None:
        raise RuntimeError(f"database at {CANARY}")

    monkeypatch.setattr(ConnectionService, "providers", fail)
    town.locale = locale
    result = await town.manager.slash(town.channel, "help")
    assert embed_of(result).title == f"❌ {town.texts('problem.unexpected.title')}"
    assert CANARY not in shown(result)
    assert result.ephemeral
    (line,) = logged(log, "unexpected_error")
    assert shown(result).endswith(line["reference"])
    assert line["command"] == "help"
    assert CANARY in line["exception"]
    assert town.env.errors


async def test_a_providers_failure_is_logged_once_under_its_reference(town: Town, log: io.StringIO) -> None:
    """The log has provider, error, status and both references, in one line."""
    await town.connect("toolzz")
    town.toolzz.fail(Answer(503, {"message": "later", "request_id": "req-7"}))
    result = await town.manager.slash(town.channel, "connections test", provider="toolzz")
    (line,) = logged(log, "provider_failed")
    assert (line["provider"], line["error"], line["status"]) == ("toolzz", "server_fault", 503)
    assert line["request_id"] == "req-7"
    assert line["command"] == "connections test"
    assert shown(result).endswith("req-7")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/interactions/*/callback"), ("PATCH", "/webhooks/*/messages/@original")]
)
@pytest.mark.parametrize("code", [10062, 10015, 10008])
async def test_an_answer_that_comes_too_late_is_noted_and_no_more(
    town: Town, log: io.StringIO, method: str, path: str, code: int
) -> None:
    """Where nobody waits any more there is one warning, no second answer and no error."""
    town.env.inject_error(method, path, status=404, code=code, message="Unknown", times=None)
    await town.manager.slash(town.channel, "help")
    assert len([line for line in logged(log, "answer_not_delivered") if line["code"] == code]) == 1
    assert logged(log, "unexpected_error") == []
    answers = [entry for entry in town.env.http_requests if entry.method in {"POST", "PATCH"}]
    assert len(answers) == (1 if method == "POST" else 2)
    assert town.env.errors


async def test_an_error_that_cannot_be_told_is_noted(town: Town, log: io.StringIO) -> None:
    """If Discord fails at the error's own embed, that is logged and goes no further."""
    town.env.inject_error("POST", "/interactions/*/callback", status=500, times=None)
    await town.manager.slash(town.channel, "connections add", provider="toolzz", name="not a name")
    assert len(logged(log, "answer_not_delivered")) == 1
    assert town.env.errors


async def test_the_next_command_works_after_any_of_these(town: Town) -> None:
    """A failure leaves nothing behind that would stop the next command."""
    town.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062, message="Unknown")
    await town.manager.slash(town.channel, "help")
    assert town.env.errors
    assert field(await town.manager.slash(town.channel, "help"), "Next step")
    await town.connect("sensay")
    town.sensay.fail(Answer(500, {}))
    failed = await town.manager.slash(town.channel, "connections test", provider="sensay")
    assert shown(failed).startswith("❌")
    assert shown(await town.manager.slash(town.channel, "connections test", provider="sensay")).startswith(
        "✅"
    )


@pytest.mark.parametrize(("share", "followed"), [(True, 1), (False, 0)])
async def test_an_error_is_never_shared(town: Town, share: bool, followed: int) -> None:
    """Where the answer was to be everybody's, its thinking message goes, and the error follows privately."""
    await town.connect("toolzz")
    town.toolzz.fail(Answer(503, {"message": "later"}), times=None)
    asked = {"integration": town.toolzz.CONNECTED, "share": share}
    failed = await town.manager.slash(town.channel, "toolzz status", **asked)
    title = town.texts("problem.server_fault.title", provider="Toolzz", status=503)
    assert embed_of(failed).title == f"❌ {title}"
    assert final(failed).ephemeral
    assert (len(failed.followups), failed.response is None) == (followed, share)
    assert town.channel.history(viewer=town.member) == []


async def test_commands_in_an_error_are_links(town: Town) -> None:
    """What to do is one click away: commands are links with Discord's own ids."""
    result = await town.manager.slash(town.channel, "connections test", provider="sensay")
    ids = town.bot.tree.command_ids
    assert f"</setup:{ids['setup']}>" in shown(result)
