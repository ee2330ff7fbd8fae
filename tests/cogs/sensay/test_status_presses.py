"""The buttons and the menu under `/sensay status`: who may use them, when, and what they change."""

import pytest

from tests.support.clock import SharedClock
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
from tests.support.harness import PORTUGUESE, BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.sensay_steps import LATER, choose, component_of, press, status


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_message_itself_is_renewed(
    harness: BotHarness, restarted: bool, clock: SharedClock
) -> None:
    """Opening a replica, refreshing it and going back all change one message, after a restart too."""
    await harness.connect("sensay")
    asked = await status(harness)
    if restarted:
        await harness.restart()
    clock.source = lambda: LATER + 0.9
    picked = await harness.manager.select(final(asked).message, [harness.sensay.INACTIVE])
    assert picked.followups == []
    assert embed_of(asked).title == "⚪ Customer Care"
    harness.sensay.replicas[harness.sensay.INACTIVE]["discord_integration"]["is_active"] = True
    if restarted:
        await harness.restart()
    assert (await press(harness, asked, "Refresh")).followups == []
    assert embed_of(asked).title == "🟢 Customer Care"
    assert f"\nChecked <t:{LATER}:R>" in shown(asked)
    assert (await press(harness, asked, english("pages.up"))).followups == []
    assert embed_of(asked).title == "🗣️ 4 replicas on Discord"
    assert (await press(harness, asked, "Refresh")).followups == []
    assert field(asked, "Checked") == f"<t:{LATER}:R>"


async def test_it_speaks_the_language_of_who_presses(harness: BotHarness) -> None:
    """After a press, text, buttons and menu are in the language of the member who pressed."""
    await harness.connect("sensay")
    asked = await status(harness)
    harness.locale = PORTUGUESE
    await press(harness, asked, "Refresh")
    assert "⚪ **Customer Care** · Inativa · `simulated-runner` · presença desconhecida" in shown(asked)
    assert component_of(asked, "sensay:details:")["placeholder"] == "Escolha uma réplica para ver mais"
    await harness.manager.select(final(asked).message, [harness.sensay.ACTIVE])
    assert field(asked, "Próximo passo")
    assert labels(asked) == ["Detalhes", "Atualizar", "Voltar à lista"]


async def test_a_member_without_rights_is_refused(harness: BotHarness) -> None:
    """A member without rights can use neither button nor menu of a shared answer, and Sensay is not asked."""
    await harness.connect("sensay")
    shared = await status(harness, share=True)
    assert not shared.ephemeral
    before = shown(shared)
    harness.sensay.requests.clear()
    for pressed in (
        await harness.member.click(final(shared).message, label="Refresh"),
        await harness.member.select(final(shared).message, [harness.sensay.ACTIVE]),
    ):
        assert final(pressed).ephemeral
        assert embed_of(pressed).title == f"⚠️ {english('problem.not_allowed.manager.title')}"
    assert shown(shared) == before
    assert not harness.sensay.requests


@pytest.mark.parametrize("values", [(), ("Harbour Desk",), ("../users",), ("x" * 36,), ("a", "b")])
async def test_what_is_picked_is_looked_at_again(harness: BotHarness, values: tuple[str, ...]) -> None:
    """A value that the menu does not offer is refused, and Sensay is not asked."""
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay status", "replica", "")
    asked = await status(harness)
    before = shown(asked)
    harness.sensay.requests.clear()
    refused = await choose(harness, asked, *values)
    assert final(refused).ephemeral
    title = (
        english("problem.invalid_input.replica.title")
        if len(values) == 1
        else english("problem.invalid_input.option.title")
    )
    assert shown(refused).startswith(f"⚠️ {title}")
    assert shown(asked) == before
    assert not harness.sensay.requests


async def test_an_id_that_no_button_can_hold_is_not_offered(harness: BotHarness) -> None:
    """A replica whose id is no UUID has a line and no menu entry; without entries there is no menu."""
    await harness.connect("sensay")
    only = {**harness.sensay.replicas[harness.sensay.ACTIVE], "uuid": "../users?" + "x" * 300}
    harness.sensay.replicas[harness.sensay.ACTIVE] = only
    asked = await status(harness)
    assert "**Harbour Desk**" in shown(asked)
    assert len(component_of(asked, "sensay:details:")["options"]) == 3
    harness.sensay.replicas = {"x": only}
    assert len(buttons(await status(harness))) == 1


async def test_a_connection_removed_meanwhile_is_told(harness: BotHarness) -> None:
    """Without its connection each component answers with an error, and the message stays as it was."""
    await harness.connect("sensay")
    asked = await status(harness)
    before = shown(asked)
    await harness.bot.services.connections.remove(harness.guild.id, "sensay", "default")
    for pressed in (
        await press(harness, asked, "Refresh"),
        await choose(harness, asked, harness.sensay.ACTIVE),
    ):
        assert shown(pressed).startswith(
            f"⚠️ {english('problem.no_such_connection.title', provider='Sensay', name='default')}"
        )
    assert shown(asked) == before


@pytest.mark.parametrize("replica", [None, "ACTIVE"])
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_and_can_be_tried_again(
    harness: BotHarness, failure: Failure, replica: str | None
) -> None:
    """Each failure of Sensay is worded, and its button turns the error into the status."""
    await harness.connect("sensay")
    failure.strike(harness, "sensay")
    failed = await status(harness, replica and getattr(harness.sensay, replica))
    failure.shows_in(harness, failed, "sensay")
    assert failed.ephemeral
    assert labels(failed) == failure.offers("Refresh")


async def test_a_press_that_fails_leaves_the_message_alone(harness: BotHarness) -> None:
    """The error of a failed pick is a message of its own, and its button leads to the replica."""
    await harness.connect("sensay")
    asked = await status(harness)
    before = shown(asked)
    (failure,) = (failure for failure in FAILURES if failure.name == "500")
    failure.strike(harness, "sensay")
    picked = await choose(harness, asked, harness.sensay.ACTIVE)
    assert final(picked).ephemeral
    failure.shows_in(harness, picked, "sensay")
    assert shown(asked) == before
    harness.sensay.heal()
    await press(harness, picked, "Refresh")
    assert embed_of(picked).title == "🟢 Harbour Desk"
