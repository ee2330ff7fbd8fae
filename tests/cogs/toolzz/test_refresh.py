"""The button that refreshes a status: who may press it, when, and what it changes."""

import discord
import pytest
import simcord

from bot.providers.base.simulator import Answer
from tests.support.clock import SharedClock
from tests.support.english import english
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, labels, shown
from tests.support.toolzz_agent import ENOUGH, add_agent_bot, button, look_at
from tests.support.toolzz_steps import move_here

LATER = 1_900_000_000


@pytest.fixture
async def asked(harness: BotHarness) -> simcord.InteractionResult:
    """The status of an integration of this server, as the manager has asked for it."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    return await look_at(harness)


async def refresh(
    harness: BotHarness, asked: simcord.InteractionResult, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Have somebody, by default the manager, press the button that refreshes."""
    label = "Refresh" if "Refresh" in labels(asked) else "Atualizar"
    return await (actor or harness.manager).click(
        final(asked).message, custom_id=button(asked, label)["custom_id"]
    )


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_message_itself_is_renewed(
    harness: BotHarness, asked: simcord.InteractionResult, restarted: bool, clock: SharedClock
) -> None:
    """The same message shows the new state, next step and time, after a restart too."""
    if restarted:
        await harness.restart()
    harness.toolzz.integrations[harness.toolzz.CONNECTED]["connectionStatus"] = "disconnected"
    clock.source = lambda: LATER + 0.9
    pressed = await refresh(harness, asked)
    assert pressed.followups == []
    assert embed_of(asked).title == "🔴 Suporte da loja"
    assert english("status.checked", time=f"<t:{LATER}:R>") in shown(asked)
    assert field(asked, "Next step") == harness.texts("toolzz.next.disconnected")
    assert labels(asked) == ENOUGH


async def test_it_can_be_pressed_again_and_again(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Each press sends one request to Toolzz."""
    harness.toolzz.requests.clear()
    for _ in range(3):
        await refresh(harness, asked)
    assert len(harness.toolzz.requests) == 3


async def test_it_speaks_the_language_of_who_presses(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """The refreshed message and its buttons are in the language of the member who presses."""
    harness.locale = PORTUGUESE
    await refresh(harness, asked)
    assert field(asked, "Próximo passo")
    assert labels(asked) == [
        "Detalhes",
        "Atualizar",
        "Canais",
        "Diagnosticar",
        harness.texts("toolzz.link.button"),
    ]


async def test_a_member_without_rights_is_refused(harness: BotHarness) -> None:
    """Under a shared status another member is refused privately, and Toolzz is not asked."""
    await harness.connect("toolzz")
    shared = await look_at(harness, share=True)
    before = shown(shared)
    harness.toolzz.requests.clear()
    pressed = await refresh(harness, shared, harness.member)
    assert final(pressed).ephemeral
    assert embed_of(pressed).title == f"⚠️ {harness.texts('problem.not_allowed.manager.title')}"
    assert shown(shared) == before
    assert not harness.toolzz.requests


async def test_another_manager_may_press(harness: BotHarness) -> None:
    """Another manager can refresh a shared status for everybody."""
    await harness.connect("toolzz")
    shared = await look_at(harness, share=True)
    managers = harness.guild.create_role("Deputies", permissions=discord.Permissions(manage_guild=True))
    deputy = harness.guild.add_member(harness.env.create_user("lena"), roles=[managers])
    harness.toolzz.integrations[harness.toolzz.CONNECTED]["isActive"] = False
    pressed = await refresh(harness, shared, deputy)
    assert pressed.followups == []
    assert embed_of(shared).title == "⚪ Suporte da loja"


async def test_a_connection_removed_meanwhile_is_told(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Without the connection the button answers with an error, and the status stays as it was."""
    before = shown(asked)
    question = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    await harness.manager.click(final(question).message, label="Remove Toolzz · default")
    pressed = await refresh(harness, asked)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
    )
    assert shown(asked) == before


async def test_a_provider_that_fails_leaves_the_status_alone(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """A failure has an answer of its own with the button; the status stays as it was."""
    before = shown(asked)
    harness.toolzz.fail(Answer(503, {"message": "later"}))
    pressed = await refresh(harness, asked)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith(f"❌ {english('problem.server_fault.title', provider='Toolzz')}")
    assert shown(asked) == before
    await refresh(harness, pressed)
    assert embed_of(pressed).title == "🟢 Suporte da loja"


async def test_an_integration_that_is_gone_offers_no_other_try(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """If the integration does not exist any more, the error has no button, and the status stays."""
    before = shown(asked)
    del harness.toolzz.integrations[harness.toolzz.CONNECTED]
    pressed = await refresh(harness, asked)
    assert shown(pressed).startswith(f"❌ {english('problem.not_found.title', provider='Toolzz')}")
    assert labels(pressed) == []
    assert shown(asked) == before


async def test_the_button_of_a_failure_leads_to_the_status(harness: BotHarness) -> None:
    """The button of a failed status replaces the error with the status."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    harness.toolzz.fail(Answer(502, b""))
    failed = await look_at(harness)
    assert shown(failed).startswith("❌")
    await refresh(harness, failed)
    assert embed_of(failed).title == "🟢 Suporte da loja"


async def test_a_button_made_up_by_somebody_does_nothing(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """An impossible custom id is answered as an outdated one, and Toolzz is not asked."""
    harness.toolzz.requests.clear()
    for made_up in (
        "toolzz:status:default:../admin",
        "toolzz:status::x",
        "toolzz:status:default:" + "x" * 65,
    ):
        pressed = await harness.press(harness.manager, final(asked), made_up)
        assert shown(pressed).startswith(f"⚠️ {harness.texts('problem.stale_component.title')}")
    assert not harness.toolzz.requests
