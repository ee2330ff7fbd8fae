"""What can happen to a connection: new credentials, removal, suggestions, leaks."""

import io

import discord
import pytest
import simcord

from bot.providers.base.simulator import Answer
from tests.support.english import english
from tests.support.failures import NAMES
from tests.support.harness import (
    PORTUGUESE,
    BotHarness,
    buttons,
    embed_of,
    field,
    final,
    form_text,
    inputs,
    only_button,
    shown,
)

INPUTS = {"sensay": ["organization_secret", "user_id", "user_id_type"], "toolzz": ["access_token", "unit_id"]}
SECRETS = {"sensay": "organization_secret", "toolzz": "access_token"}
SECONDS_TO_CONFIRM = 60

every_provider = pytest.mark.parametrize("provider", ["sensay", "toolzz"])


# --- rotate ---


@every_provider
async def test_new_credentials_take_the_place_of_the_old_ones(harness: BotHarness, provider: str) -> None:
    """After a rotation requests are made with the new secret, under the same name."""
    await harness.connect(provider, "desk")
    form = await harness.open_form("rotate", provider)
    assert not any(item.get("value") for item in inputs(form))
    newer = f"FAKE-TOKEN-{provider}-newer-4321"
    simulator = harness.simulator(provider)
    simulator.credentials = {**simulator.credentials, SECRETS[provider]: newer}  # type: ignore[misc]
    rotated = await harness.manager.submit_modal(form, dict(simulator.credentials))
    assert embed_of(rotated).title == f"✅ {english('connections.rotate.done', provider=NAMES[provider])}"
    assert field(rotated, "Connection").splitlines()[0] == "`desk`"
    assert "ends in `4321`" in field(rotated, "Connection")
    tested = await harness.manager.slash(harness.channel, "connections test", provider=provider)
    assert "accepts the credentials" in shown(tested)


@every_provider
async def test_a_rotation_that_is_refused_keeps_the_old_credentials(
    harness: BotHarness, provider: str
) -> None:
    """The old credentials still work, and a button opens the form again."""
    await harness.connect(provider)
    form = await harness.open_form("rotate", provider)
    refused = await harness.manager.submit_modal(form, dict(harness.simulator(provider).refused_credentials))
    assert shown(refused).startswith(f"❌ {NAMES[provider]} refused the credentials")
    assert "Nothing was changed here." in (embed_of(refused).description or "")
    assert "press the button below" in field(refused, "What to do")
    assert only_button(refused)["label"] == "Enter new credentials"
    tested = await harness.manager.slash(harness.channel, "connections test", provider=provider)
    assert "accepts the credentials" in shown(tested)
    again = await harness.manager.click(final(refused).message, label="Enter new credentials")
    assert [item["custom_id"] for item in inputs(again)] == INPUTS[provider]


@every_provider
async def test_a_form_for_new_credentials_says_what_they_replace(harness: BotHarness, provider: str) -> None:
    """Its title names the connection; unlike the form to add, it warns of inputs that are left empty."""
    adding = await harness.open_form("add", provider, "desk")
    assert "A field you leave empty is removed" not in form_text(adding)
    await harness.connect(provider, "desk")
    form = await harness.open_form("rotate", provider)
    assert form.modal is not None
    assert form.modal["title"] == f"New {NAMES[provider]} credentials · desk"
    replaced = english("connections.rotate.intro", name="`desk`")
    assert form_text(form) == f"{replaced}\n{form_text(adding)}"


async def test_what_a_rotation_leaves_empty_is_removed(harness: BotHarness) -> None:
    """The warning in the form is true: an optional value that is not entered again is not set any more."""
    await harness.connect("toolzz")
    assert "Unit ID: set" in await harness.listed()
    form = await harness.open_form("rotate", "toolzz")
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})
    assert "Unit ID: not set" in await harness.listed()


async def test_a_connection_removed_during_a_rotation_stays_removed(harness: BotHarness) -> None:
    """A form for new credentials does not bring back what was removed while it was open."""
    await harness.connect("toolzz")
    form = await harness.open_form("rotate", "toolzz")
    asked = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    await harness.manager.click(final(asked).message, label="Remove Toolzz · default")
    refused = await harness.manager.submit_modal(form, dict(harness.toolzz.credentials))
    assert shown(refused).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
    )
    assert english("connections.list.none") in await harness.listed()


# --- remove ---


async def ask_removal(harness: BotHarness) -> simcord.InteractionResult:
    """Connect Toolzz and ask for its removal."""
    await harness.connect("toolzz", "loja")
    return await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")


async def test_removal_asks_first(harness: BotHarness) -> None:
    """The question and its red button name the connection, and nothing is removed yet."""
    asked = await ask_removal(harness)
    assert asked.ephemeral
    assert embed_of(asked).title == "⚠️ Remove Toolzz · loja?"
    assert "`loja`" in (embed_of(asked).description or "")
    assert [(button["label"], button["style"]) for button in buttons(asked)] == [
        ("Remove Toolzz · loja", discord.ButtonStyle.danger.value),
        (english("confirm.keep"), discord.ButtonStyle.secondary.value),
    ]
    assert "`loja`" in await harness.listed()


async def test_a_confirmed_removal_forgets_the_credentials(harness: BotHarness) -> None:
    """The question turns into the confirmation, without buttons, and the list is empty."""
    asked = await ask_removal(harness)
    await harness.manager.click(final(asked).message, label="Remove Toolzz · loja")
    assert embed_of(asked).title == f"✅ {english('connections.remove.done', provider='Toolzz')}"
    assert "revoke them in Toolzz" in shown(asked)
    assert "See the remaining connections with </connections list:" in field(asked, "Next step")
    assert buttons(asked) == []
    assert english("connections.list.none") in await harness.listed()


async def test_a_removal_can_be_called_off(harness: BotHarness) -> None:
    """The other button changes nothing and says so."""
    asked = await ask_removal(harness)
    await harness.manager.click(final(asked).message, label=english("confirm.keep"))
    assert embed_of(asked).title == f"💤 {english('connections.remove.kept', provider='Toolzz')}"
    assert embed_of(asked).description == english("connections.remove.kept_how", name="`loja`")
    assert buttons(asked) == []
    assert "`loja`" in await harness.listed()


async def test_an_unanswered_question_ends_after_a_minute(harness: BotHarness) -> None:
    """The buttons go when the time is up, not before, and nothing is removed."""
    asked = await ask_removal(harness)
    await harness.env.advance_time(SECONDS_TO_CONFIRM - 1)
    assert len(buttons(asked)) == 2
    await harness.env.advance_time(2)
    assert embed_of(asked).title == f"💤 {english('connections.remove.kept', provider='Toolzz')}"
    assert embed_of(asked).description == (
        f"No one answered within {SECONDS_TO_CONFIRM} seconds. `loja` is unchanged."
    )
    assert "</connections list:" in field(asked, "Next step")
    assert buttons(asked) == []
    assert "`loja`" in await harness.listed()


async def test_a_second_press_does_nothing(harness: BotHarness) -> None:
    """Two fast presses remove once; the second is told that the button has been used."""
    asked = await ask_removal(harness)
    removing = buttons(asked)[0]["custom_id"]
    await harness.manager.click(final(asked).message, custom_id=removing)
    await harness.connect("toolzz", "loja")
    second = await harness.press(harness.manager, final(asked), removing)
    assert shown(second).startswith(f"⚠️ {english('problem.stale_component.title')}")
    assert second.ephemeral
    assert "`loja`" in await harness.listed()


@pytest.mark.parametrize("after", ["time", "restart"])
async def test_a_press_that_comes_too_late_does_nothing(harness: BotHarness, after: str) -> None:
    """A button of a question that has ended, or of a bot that has restarted, removes nothing."""
    asked = await ask_removal(harness)
    removing = buttons(asked)[0]["custom_id"]
    await (harness.restart() if after == "restart" else harness.env.advance_time(SECONDS_TO_CONFIRM + 1))
    late = await harness.press(harness.manager, final(asked), removing)
    assert shown(late).startswith(f"⚠️ {english('problem.stale_component.title')}")
    assert "`loja`" in await harness.listed()


async def test_what_is_gone_already_cannot_be_removed_twice(harness: BotHarness) -> None:
    """The second of two open questions about one connection says that there is none."""
    first = await ask_removal(harness)
    second = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    for asked in (first, second):
        pressed = await harness.manager.click(final(asked).message, label="Remove Toolzz · loja")
    assert shown(pressed).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='loja')}"
    )


# --- names while typing ---


async def test_names_are_suggested(harness: BotHarness) -> None:
    """The names of the chosen provider's connections that contain what was typed are suggested."""
    for name in ("loja", "porto"):
        await harness.connect("toolzz", name)
    await harness.connect("sensay", "desk")

    async def suggested(typed: str, **filled: str) -> list[str]:
        choices = await harness.manager.autocomplete(
            harness.channel, "connections test", "name", typed, **filled
        )
        assert all(choice["name"] == choice["value"] for choice in choices)
        return [choice["value"] for choice in choices]

    assert await suggested("", provider="toolzz") == ["loja", "porto"]
    assert await suggested("ORT", provider="toolzz") == ["porto"]
    assert await suggested("") == ["desk", "loja", "porto"]
    assert await suggested("nowhere") == []


# --- secrets and languages ---


@every_provider
async def test_no_secret_leaves_the_vault(
    harness: BotHarness, provider: str, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """With DEBUG logs and refusals, no secret gets into forms, embeds, log or database."""
    simulator = harness.simulator(provider)
    accepted = simulator.credentials[SECRETS[provider]]
    refused = simulator.refused_credentials[SECRETS[provider]]
    simulator.fail(Answer(400, {"error": f"bad secret {accepted}", "request_id": accepted}))
    await harness.manager.submit_modal(await harness.open_form("add", provider), dict(simulator.credentials))
    await harness.connect(provider)
    simulator.fail(Answer(500, {"error": f"cannot look up {accepted}"}))
    await harness.manager.slash(harness.channel, "connections test", provider=provider)
    form = await harness.open_form("rotate", provider)
    await harness.manager.submit_modal(form, dict(simulator.refused_credentials))
    await harness.listed()

    logged, printed = log.getvalue(), "".join(capfd.readouterr())
    assert "provider_failed" in logged
    for secret in (accepted, refused):
        for place in (harness.sent_to_discord(), logged, printed):
            assert secret not in place
        assert secret.encode() not in harness.stored_bytes()
    assert "FAKE-TOKEN" not in harness.sent_to_discord()


async def test_a_member_is_answered_in_portuguese(harness: BotHarness) -> None:
    """Form, answer, question, error and retry button follow the member's own language."""
    harness.locale = PORTUGUESE
    form = await harness.open_form("add", "toolzz")
    assert form.modal is not None
    assert form.modal["title"] == "Credenciais da Toolzz"
    refused = await harness.manager.submit_modal(form, dict(harness.toolzz.refused_credentials))
    assert shown(refused).startswith("❌ A Toolzz recusou as credenciais")
    assert only_button(refused)["label"] == harness.texts("connections.add.button")
    added = await harness.connect("toolzz")
    assert embed_of(added).title == "✅ Credenciais da Toolzz salvas"
    asked = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    assert [button["label"] for button in buttons(asked)] == ["Remover Toolzz · default", "Cancelar"]
