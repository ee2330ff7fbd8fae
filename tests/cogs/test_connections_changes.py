"""What can happen to a connection that is there: new credentials, removal, suggestions, leaks."""

import io

import discord
import pytest
import simcord

from bot.kit.simulator import Answer
from tests.cogs.failures import NAMES
from tests.cogs.town import (
    PORTUGUESE,
    Town,
    buttons,
    embed_of,
    field,
    final,
    inputs,
    only_button,
    said_in,
    shown,
)

INPUTS = {"sensay": ["organization_secret", "user_id", "user_id_type"], "toolzz": ["access_token", "unit_id"]}
SECRETS = {"sensay": "organization_secret", "toolzz": "access_token"}
SECONDS_TO_CONFIRM = 60

every_provider = pytest.mark.parametrize("provider", ["sensay", "toolzz"])


# --- rotate ---


@every_provider
async def test_new_credentials_take_the_place_of_the_old_ones(town: Town, provider: str) -> None:
    """After a rotation requests are made with the new secret, under the same name."""
    await town.connect(provider, "desk")
    form = await town.open_form("rotate", provider)
    assert not any(item.get("value") for item in inputs(form))
    newer = f"FAKE-TOKEN-{provider}-newer-4321"
    town.simulator(provider).credentials = {**town.simulator(provider).credentials, SECRETS[provider]: newer}  # type: ignore[misc]
    rotated = await town.manager.submit_modal(form, dict(town.simulator(provider).credentials))
    assert embed_of(rotated).title == f"✅ {NAMES[provider]} has new credentials"
    assert field(rotated, "Connection") == "`desk`"
    assert "ends in `4321`" in field(rotated, "Credentials")
    tested = await town.manager.slash(town.channel, "connections test", provider=provider)
    assert "accepts the credentials" in shown(tested)


@every_provider
async def test_a_rotation_that_is_refused_keeps_the_old_credentials(town: Town, provider: str) -> None:
    """The old credentials go on working, and the way back to the form is offered."""
    await town.connect(provider)
    form = await town.open_form("rotate", provider)
    refused = await town.manager.submit_modal(form, dict(town.simulator(provider).refused_credentials))
    assert shown(refused).startswith(f"❌ {NAMES[provider]} refused the credentials")
    assert "Nothing was changed here." in (embed_of(refused).description or "")
    assert "press the button below" in field(refused, "What to do")
    assert only_button(refused)["label"] == "Enter new credentials"
    tested = await town.manager.slash(town.channel, "connections test", provider=provider)
    assert "accepts the credentials" in shown(tested)
    again = await town.manager.click(final(refused).message, label="Enter new credentials")
    assert [item["custom_id"] for item in inputs(again)] == INPUTS[provider]


@every_provider
async def test_a_form_for_new_credentials_says_what_they_replace(town: Town, provider: str) -> None:
    """Its title names the connection; it, and not the form to add, warns of inputs that are left empty."""
    adding = await town.open_form("add", provider, "desk")
    assert "what you leave empty is removed" not in said_in(adding)
    await town.connect(provider, "desk")
    form = await town.open_form("rotate", provider)
    assert form.modal is not None
    assert form.modal["title"] == f"{NAMES[provider]} · desk: credentials"
    replaced = "These replace everything stored for `desk`: what you leave empty is removed."
    assert said_in(form) == f"{replaced}\n{said_in(adding)}"


async def test_what_a_rotation_leaves_empty_is_removed(town: Town) -> None:
    """The warning in the form is true: an optional value that is not entered again is not set any more."""
    await town.connect("toolzz")
    assert "Unit id: set" in await town.listed()
    form = await town.open_form("rotate", "toolzz")
    await town.manager.submit_modal(form, {"access_token": town.toolzz.credentials["access_token"]})
    assert "Unit id: not set" in await town.listed()


async def test_a_connection_removed_during_a_rotation_stays_removed(town: Town) -> None:
    """A form for new credentials does not bring back what was removed while it was open."""
    await town.connect("toolzz")
    form = await town.open_form("rotate", "toolzz")
    asked = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    await town.manager.click(final(asked).message, label="Remove Toolzz · default")
    refused = await town.manager.submit_modal(form, dict(town.toolzz.credentials))
    assert shown(refused).startswith("⚠️ No Toolzz connection named default")
    assert "No connection yet" in await town.listed()


# --- remove ---


async def ask_removal(town: Town) -> simcord.InteractionResult:
    """Connect Toolzz and ask for its removal."""
    await town.connect("toolzz", "loja")
    return await town.manager.slash(town.channel, "connections remove", provider="toolzz")


async def test_removal_asks_first(town: Town) -> None:
    """The question names what goes, on a red button too, and nothing is gone yet."""
    asked = await ask_removal(town)
    assert asked.ephemeral
    assert embed_of(asked).title == "⚠️ Remove Toolzz · loja?"
    assert "`loja`" in (embed_of(asked).description or "")
    assert [(button["label"], button["style"]) for button in buttons(asked)] == [
        ("Remove Toolzz · loja", discord.ButtonStyle.danger.value),
        ("Keep it", discord.ButtonStyle.secondary.value),
    ]
    assert "`loja`" in await town.listed()


async def test_a_confirmed_removal_forgets_the_credentials(town: Town) -> None:
    """The question turns into the confirmation, without buttons, and the list is empty."""
    asked = await ask_removal(town)
    await town.manager.click(final(asked).message, label="Remove Toolzz · loja")
    assert embed_of(asked).title == "✅ The Toolzz connection is gone"
    assert "revoke them in Toolzz" in shown(asked)
    assert "See what is left with </connections list:" in field(asked, "Next step")
    assert buttons(asked) == []
    assert "No connection yet" in await town.listed()


async def test_a_removal_can_be_called_off(town: Town) -> None:
    """The other button leaves everything as it was and says so."""
    asked = await ask_removal(town)
    await town.manager.click(final(asked).message, label="Keep it")
    assert embed_of(asked).title == "💤 The Toolzz connection stays"
    assert embed_of(asked).description == "Nothing was removed. `loja` is unchanged."
    assert buttons(asked) == []
    assert "`loja`" in await town.listed()


async def test_an_unanswered_question_ends_after_a_minute(town: Town) -> None:
    """The buttons go when the time is up, not before, and nothing is removed."""
    asked = await ask_removal(town)
    await town.env.advance_time(SECONDS_TO_CONFIRM - 1)
    assert len(buttons(asked)) == 2
    await town.env.advance_time(2)
    assert embed_of(asked).title == "💤 The Toolzz connection stays"
    assert embed_of(asked).description == (
        f"Nothing was removed: nobody answered within {SECONDS_TO_CONFIRM} seconds. `loja` is unchanged."
    )
    assert "</connections list:" in field(asked, "Next step")
    assert buttons(asked) == []
    assert "`loja`" in await town.listed()


async def test_a_second_press_does_nothing(town: Town) -> None:
    """Two fast presses remove once; the second is told that the button has been used."""
    asked = await ask_removal(town)
    removing = buttons(asked)[0]["custom_id"]
    await town.manager.click(final(asked).message, custom_id=removing)
    await town.connect("toolzz", "loja")
    second = await town.press(town.manager, final(asked), removing)
    assert shown(second).startswith("⚠️ This form or button is too old")
    assert second.ephemeral
    assert "`loja`" in await town.listed()


@pytest.mark.parametrize("after", ["time", "restart"])
async def test_a_press_that_comes_too_late_does_nothing(town: Town, after: str) -> None:
    """A button of a question that has ended, or of a bot that has restarted, removes nothing."""
    asked = await ask_removal(town)
    removing = buttons(asked)[0]["custom_id"]
    await (town.restart() if after == "restart" else town.env.advance_time(SECONDS_TO_CONFIRM + 1))
    late = await town.press(town.manager, final(asked), removing)
    assert shown(late).startswith("⚠️ This form or button is too old")
    assert "`loja`" in await town.listed()


async def test_what_is_gone_already_cannot_be_removed_twice(town: Town) -> None:
    """Of two open questions about one connection, the second to be confirmed says that there is none."""
    first = await ask_removal(town)
    second = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    for asked in (first, second):
        pressed = await town.manager.click(final(asked).message, label="Remove Toolzz · loja")
    assert shown(pressed).startswith("⚠️ No Toolzz connection named loja")


# --- names while typing ---


async def test_names_are_suggested(town: Town) -> None:
    """Names of the chosen provider's connections are offered, those that contain what was typed."""
    for name in ("loja", "porto"):
        await town.connect("toolzz", name)
    await town.connect("sensay", "desk")

    async def suggested(typed: str, **filled: str) -> list[str]:
        choices = await town.manager.autocomplete(town.channel, "connections test", "name", typed, **filled)
        assert all(choice["name"] == choice["value"] for choice in choices)
        return [choice["value"] for choice in choices]

    assert await suggested("", provider="toolzz") == ["loja", "porto"]
    assert await suggested("ORT", provider="toolzz") == ["porto"]
    assert await suggested("") == ["desk", "loja", "porto"]
    assert await suggested("nowhere") == []


# --- secrets and languages ---


@every_provider
async def test_no_secret_leaves_the_vault(
    town: Town, provider: str, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """A journey with refusals at DEBUG leaves no secret in forms, embeds, log or database."""
    simulator = town.simulator(provider)
    accepted = simulator.credentials[SECRETS[provider]]
    refused = simulator.refused_credentials[SECRETS[provider]]
    simulator.fail(Answer(400, {"error": f"bad secret {accepted}", "request_id": accepted}))
    await town.manager.submit_modal(await town.open_form("add", provider), dict(simulator.credentials))
    await town.connect(provider)
    simulator.fail(Answer(500, {"error": f"cannot look up {accepted}"}))
    await town.manager.slash(town.channel, "connections test", provider=provider)
    form = await town.open_form("rotate", provider)
    await town.manager.submit_modal(form, dict(simulator.refused_credentials))
    await town.listed()

    logged, printed = log.getvalue(), "".join(capfd.readouterr())
    assert "provider_failed" in logged
    for secret in (accepted, refused):
        for place in (town.sent_to_discord(), logged, printed):
            assert secret not in place
        assert secret.encode() not in town.stored_bytes()
    assert "FAKE-TOKEN" not in town.sent_to_discord()


async def test_a_member_is_answered_in_portuguese(town: Town) -> None:
    """Form, answer, question, error and retry button follow the member's own language."""
    town.locale = PORTUGUESE
    form = await town.open_form("add", "toolzz")
    assert form.modal is not None
    assert form.modal["title"] == "Conectar Toolzz"
    refused = await town.manager.submit_modal(form, dict(town.toolzz.refused_credentials))
    assert shown(refused).startswith("❌ Toolzz recusou as credenciais")
    assert only_button(refused)["label"] == "Informar as credenciais de novo"
    added = await town.connect("toolzz")
    assert embed_of(added).title == "✅ A conexão com Toolzz está pronta"
    asked = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    assert [button["label"] for button in buttons(asked)] == ["Remover Toolzz · default", "Manter"]
