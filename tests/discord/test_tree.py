"""Every command, button and form passes the guard first, and every error is answered with an embed."""

import asyncio
import io
from typing import Any

import discord
import pytest
import simcord
from simcord.http.client import FakeWebhookAdapter

from bot.features.lookups.service import LookupService
from bot.providers.base.simulator import Answer
from tests.support.harness import PORTUGUESE, BotHarness, buttons, embed_of, final, shown
from tests.support.log_capture import log_lines

CANARY = "CANARY-of-a-secret"
COMMAND = discord.InteractionType.application_command
TYPING = discord.InteractionType.autocomplete
SUBMIT = discord.InteractionType.modal_submit
OUTSIDE = 0


def command(harness: BotHarness, name: str, *options: dict[str, Any]) -> dict[str, Any]:
    """Return what a client sends for a command of this name."""
    ids = harness.bot.services.links.ids
    return {"id": str(ids.get(name, 1)), "name": name, "type": 1, "options": list(options)}


def titled(harness: BotHarness, result: simcord.InteractionResult, error: str) -> bool:
    """Tell whether an answer is the embed of this error of a member."""
    return embed_of(result).title == f"⚠️ {harness.texts(f'problem.{error}.title')}"


# --- the guard ---


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_a_direct_message_is_told_to_go_to_a_server(harness: BotHarness, locale: str) -> None:
    """A command from outside a server is answered in the member's language, and does nothing."""
    harness.locale = locale
    result = await harness.interact(COMMAND, harness.manager, command(harness, "help"), guild_id=OUTSIDE)
    assert titled(harness, result, "outside_server")
    assert result.ephemeral


async def test_typing_in_a_direct_message_offers_nothing(harness: BotHarness) -> None:
    """Suggestions outside a server are an empty list, not an error."""
    typed = {"name": "replica", "type": 3, "value": "a", "focused": True}
    data = command(harness, "sensay", {"name": "connect", "type": 1, "options": [typed]})
    result = await harness.interact(TYPING, harness.manager, data, guild_id=OUTSIDE)
    assert result.autocomplete_choices == []


async def test_a_shared_button_is_not_for_everyone(harness: BotHarness) -> None:
    """A member who is no manager is refused in private, and the press does nothing."""
    await harness.connect("toolzz")
    shared = await harness.manager.slash(
        harness.channel, "toolzz status", integration=harness.toolzz.CONNECTED, share=True
    )
    harness.toolzz.requests.clear()
    pressed = await harness.member.click(final(shared).message, label="Refresh")
    assert titled(harness, pressed, "not_allowed.manager")
    assert final(pressed).ephemeral
    assert not harness.toolzz.requests


async def test_a_former_manager_can_send_no_form(harness: BotHarness) -> None:
    """A member who has lost the rights while a form was open cannot send it."""
    form = await harness.open_form("add", "toolzz")
    harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id].role_ids.clear()
    refused = await harness.manager.submit_modal(form, dict(harness.toolzz.credentials))
    assert titled(harness, refused, "not_allowed.manager")
    assert await harness.bot.services.connections.names(harness.guild.id) == []


async def test_a_bot_that_is_leaving_starts_nothing_new(harness: BotHarness) -> None:
    """While the bot shuts down, commands, buttons and forms are refused."""
    form = await harness.open_form("add", "toolzz")
    harness.bot.services.background.shut_down()
    assert titled(harness, await harness.manager.slash(harness.channel, "help"), "restarting")
    assert titled(
        harness, await harness.manager.submit_modal(form, dict(harness.toolzz.credentials)), "restarting"
    )


# --- what belonged to an earlier run ---


@pytest.mark.parametrize("custom_id", ["no-such-form", "0" * 32, "connections:add:sensay:default"])
async def test_a_form_of_an_earlier_run_is_answered(harness: BotHarness, custom_id: str) -> None:
    """A form that discord.py would ignore is answered: nothing was stored."""
    typed = {"type": 4, "id": 2, "custom_id": "access_token", "value": CANARY}
    label = {"type": 18, "id": 1, "component": typed}
    result = await harness.interact(SUBMIT, harness.manager, {"custom_id": custom_id, "components": [label]})
    assert titled(harness, result, "stale_component")
    assert result.ephemeral
    assert CANARY not in shown(result)


async def test_a_button_of_an_earlier_run_is_answered(harness: BotHarness) -> None:
    """A press for which no view listens any more is answered in private."""
    await harness.connect("toolzz")
    asked = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    pressed = await harness.press(harness.manager, final(asked), "0" * 32)
    assert titled(harness, pressed, "stale_component")


async def test_a_press_is_answered_once_however_slow_discord_is(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press that is being answered is not taken for one that nobody handles."""
    request = FakeWebhookAdapter.request

    async def slow(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever the original takes
        for _ in range(5):
            await asyncio.sleep(0)
        return await request(*args, **kwargs)

    monkeypatch.setattr(FakeWebhookAdapter, "request", slow)
    form = await harness.open_form("add", "toolzz")
    added = await harness.manager.submit_modal(form, dict(harness.toolzz.credentials))
    assert added.followups == []
    assert "credentials saved" in shown(added) or "ready" in shown(added)
    asked = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    pressed = await harness.manager.click(final(asked).message, custom_id=buttons(asked)[0]["custom_id"])
    assert pressed.followups == []
    assert embed_of(asked).title == f"✅ {harness.texts('connections.remove.done', provider='Toolzz')}"


async def test_a_command_that_is_gone_is_answered(harness: BotHarness) -> None:
    """A member whose client shows an old command, or old options, is told to reload."""
    for data in (
        command(harness, "status"),
        command(harness, "connections", {"name": "drop", "type": 1, "options": []}),
        command(harness, "sensay", {"name": "connect", "type": 1, "options": []}),
    ):
        result = await harness.interact(COMMAND, harness.manager, data)
        assert titled(harness, result, "outdated_command"), data
        assert result.ephemeral
    assert harness.env.errors


async def test_a_provider_that_discord_did_not_offer_is_refused(harness: BotHarness) -> None:
    """A provider that is none of the choices is refused, because Discord does not check choices."""
    options = [{"name": "provider", "type": 3, "value": "../etc"}]
    data = command(harness, "connections", {"name": "add", "type": 1, "options": options})
    result = await harness.interact(COMMAND, harness.manager, data)
    assert titled(harness, result, "invalid_input.provider")


# --- errors on the way out ---


@pytest.mark.parametrize("locale", ["en-US", PORTUGUESE])
async def test_an_unexpected_error_is_worded_and_logged(
    harness: BotHarness, log: io.StringIO, locale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The member reads nothing of the error but a reference, under which the log has it in full."""

    async def fail(*_: object) -> None:
        raise RuntimeError(f"database at {CANARY}")

    monkeypatch.setattr(LookupService, "server", fail)
    harness.locale = locale
    result = await harness.manager.slash(harness.channel, "help")
    assert embed_of(result).title == f"❌ {harness.texts('problem.unexpected.title')}"
    assert CANARY not in shown(result)
    assert result.ephemeral
    (line,) = log_lines(log, "unexpected_error")
    assert shown(result).endswith(line["reference"])
    assert line["command"] == "help"
    assert CANARY in line["exception"]
    assert harness.env.errors


async def test_a_providers_failure_is_logged_once_under_its_reference(
    harness: BotHarness, log: io.StringIO
) -> None:
    """The log has provider, error, status and both references, in one line."""
    await harness.connect("toolzz")
    harness.toolzz.fail(Answer(503, {"message": "later", "request_id": "req-7"}))
    result = await harness.manager.slash(harness.channel, "connections test", provider="toolzz")
    (line,) = log_lines(log, "provider_failed")
    assert (line["provider"], line["error"], line["status"]) == ("toolzz", "server_fault", 503)
    assert line["request_id"] == "req-7"
    assert line["command"] == "connections test"
    assert shown(result).endswith("req-7")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/interactions/*/callback"), ("PATCH", "/webhooks/*/messages/@original")]
)
@pytest.mark.parametrize("code", [10062, 10015, 10008])
async def test_an_answer_that_comes_too_late_is_noted_and_no_more(
    harness: BotHarness, log: io.StringIO, method: str, path: str, code: int
) -> None:
    """If nobody waits any more, there is one warning, no second answer and no error."""
    harness.env.inject_error(method, path, status=404, code=code, message="Unknown", times=None)
    await harness.manager.slash(harness.channel, "setup")
    assert len([line for line in log_lines(log, "answer_not_delivered") if line["code"] == code]) == 1
    assert log_lines(log, "unexpected_error") == []
    answers = [entry for entry in harness.env.http_requests if entry.method in {"POST", "PATCH"}]
    assert len(answers) == (1 if method == "POST" else 2)
    assert harness.env.errors


async def test_an_error_that_cannot_be_told_is_noted(harness: BotHarness, log: io.StringIO) -> None:
    """If Discord fails at the error's own embed, that is logged and goes no further."""
    harness.env.inject_error("POST", "/interactions/*/callback", status=500, times=None)
    await harness.manager.slash(harness.channel, "connections add", provider="toolzz", name="not a name")
    assert len(log_lines(log, "answer_not_delivered")) == 1
    assert harness.env.errors


async def test_the_next_command_works_after_any_of_these(harness: BotHarness) -> None:
    """A failure leaves nothing behind that would stop the next command."""
    harness.env.inject_error("POST", "/interactions/*/callback", status=404, code=10062, message="Unknown")
    await harness.manager.slash(harness.channel, "help")
    assert harness.env.errors
    assert "</setup:" in shown(await harness.manager.slash(harness.channel, "help"))
    await harness.connect("sensay")
    harness.sensay.fail(Answer(500, {}))
    failed = await harness.manager.slash(harness.channel, "connections test", provider="sensay")
    assert shown(failed).startswith("❌")
    assert shown(
        await harness.manager.slash(harness.channel, "connections test", provider="sensay")
    ).startswith("✅")


@pytest.mark.parametrize(("share", "followed"), [(True, 1), (False, 0)])
async def test_an_error_is_never_shared(harness: BotHarness, share: bool, followed: int) -> None:
    """If the answer was to be shared, the deferred message is deleted and the error follows in private."""
    await harness.connect("toolzz")
    harness.toolzz.fail(Answer(503, {"message": "later"}), times=None)
    asked = {"integration": harness.toolzz.CONNECTED, "share": share}
    failed = await harness.manager.slash(harness.channel, "toolzz status", **asked)
    title = harness.texts("problem.server_fault.title", provider="Toolzz", status=503)
    assert embed_of(failed).title == f"❌ {title}"
    assert final(failed).ephemeral
    assert (len(failed.followups), failed.response is None) == (followed, share)
    assert harness.channel.history(viewer=harness.member) == []


@pytest.mark.parametrize("share", [True, False])
async def test_an_acknowledgement_that_fails_is_told(harness: BotHarness, share: bool) -> None:
    """If Discord takes no acknowledgement, the member alone reads that this did not work."""
    await harness.connect("toolzz")
    harness.env.inject_error("POST", "/interactions/*/callback", status=503, times=1)
    asked = {"integration": harness.toolzz.CONNECTED, "share": share}
    failed = await harness.manager.slash(harness.channel, "toolzz status", **asked)
    assert embed_of(failed).title == f"❌ {harness.texts('problem.unexpected.title')}"
    assert final(failed).ephemeral
    assert harness.channel.history(viewer=harness.member) == []
    assert harness.env.errors


async def test_commands_in_an_error_are_links(harness: BotHarness) -> None:
    """The commands in an error are links with Discord's own ids."""
    result = await harness.manager.slash(harness.channel, "connections test", provider="sensay")
    ids = harness.bot.services.links.ids
    assert f"</setup:{ids['setup']}>" in shown(result)
