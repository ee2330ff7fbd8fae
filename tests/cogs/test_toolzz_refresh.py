"""The Refresh button under a status: who may press it, when, and what it changes."""

import sys
from types import SimpleNamespace

import discord
import pytest
import simcord

from bot.kit.simulator import Answer
from tests.cogs.toolzz_agent import ENOUGH, button, enlist, look_at, move_here
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, labels, shown

LATER = 1_900_000_000


@pytest.fixture
async def asked(town: Town) -> simcord.InteractionResult:
    """A status that the manager has asked for, of an integration of this server."""
    await town.connect("toolzz")
    enlist(town)
    move_here(town)
    return await look_at(town)


async def refresh(
    town: Town, asked: simcord.InteractionResult, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Press the button that reads again."""
    label = "Refresh" if "Refresh" in labels(asked) else "Atualizar"
    return await (actor or town.manager).click(
        final(asked).message, custom_id=button(asked, label)["custom_id"]
    )


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_message_itself_is_renewed(
    town: Town, asked: simcord.InteractionResult, restarted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """State, next step and time of the check are the new ones, in the same message, after a restart too."""
    if restarted:
        await town.restart()
    town.toolzz.integrations[town.toolzz.CONNECTED]["connectionStatus"] = "disconnected"
    monkeypatch.setattr(sys.modules["cogs.toolzz.status"], "time", SimpleNamespace(time=lambda: LATER + 0.9))
    pressed = await refresh(town, asked)
    assert pressed.followups == []
    assert embed_of(asked).title == "🔴 Suporte da loja"
    assert field(asked, "Checked") == f"<t:{LATER}:R>"
    assert field(asked, "Next step") == town.texts("toolzz.next.disconnected")
    assert labels(asked) == ENOUGH


async def test_it_can_be_pressed_again_and_again(town: Town, asked: simcord.InteractionResult) -> None:
    """Each press asks Toolzz once."""
    town.toolzz.requests.clear()
    for _ in range(3):
        await refresh(town, asked)
    assert len(town.toolzz.requests) == 3


async def test_it_speaks_the_language_of_who_presses(town: Town, asked: simcord.InteractionResult) -> None:
    """The renewed message is in the presser's language, its button too."""
    town.locale = PORTUGUESE
    await refresh(town, asked)
    assert field(asked, "Próximo passo")
    assert labels(asked) == ["Atualizar", "Canais", "Diagnosticar", town.texts("toolzz.link.button")]


async def test_a_member_without_rights_is_refused(town: Town) -> None:
    """Under a shared answer the button is not for everyone; who presses it is told alone."""
    await town.connect("toolzz")
    shared = await look_at(town, share=True)
    before = shown(shared)
    town.toolzz.requests.clear()
    pressed = await refresh(town, shared, town.member)
    assert final(pressed).ephemeral
    assert embed_of(pressed).title == f"⚠️ {town.texts('problem.not_allowed.manager.title')}"
    assert shown(shared) == before
    assert not town.toolzz.requests


async def test_another_manager_may_press(town: Town) -> None:
    """Whoever has Manage Server renews the shared answer for all."""
    await town.connect("toolzz")
    shared = await look_at(town, share=True)
    managers = town.guild.create_role("Deputies", permissions=discord.Permissions(manage_guild=True))
    deputy = town.guild.add_member(town.env.create_user("lena"), roles=[managers])
    town.toolzz.integrations[town.toolzz.CONNECTED]["isActive"] = False
    pressed = await refresh(town, shared, deputy)
    assert pressed.followups == []
    assert embed_of(shared).title == "⚪ Suporte da loja"


async def test_a_connection_removed_meanwhile_is_told(town: Town, asked: simcord.InteractionResult) -> None:
    """Without its connection the button answers with an error of its own, and the status stays as it was."""
    before = shown(asked)
    question = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    await town.manager.click(final(question).message, label="Remove Toolzz · default")
    pressed = await refresh(town, asked)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith("⚠️ No Toolzz connection named default")
    assert shown(asked) == before


async def test_a_provider_that_fails_leaves_the_status_alone(
    town: Town, asked: simcord.InteractionResult
) -> None:
    """A failed renewal is told apart from the old status, which stays, with the button on both."""
    before = shown(asked)
    town.toolzz.fail(Answer(503, {"message": "later"}))
    pressed = await refresh(town, asked)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith("❌ Toolzz has a fault on its side")
    assert shown(asked) == before
    await refresh(town, pressed)
    assert embed_of(pressed).title == "🟢 Suporte da loja"


async def test_an_integration_that_is_gone_offers_no_other_try(
    town: Town, asked: simcord.InteractionResult
) -> None:
    """Where Toolzz has it no more, the error has no button; the old status stays."""
    before = shown(asked)
    del town.toolzz.integrations[town.toolzz.CONNECTED]
    pressed = await refresh(town, asked)
    assert shown(pressed).startswith("❌ Toolzz does not know this")
    assert labels(pressed) == []
    assert shown(asked) == before


async def test_the_button_of_a_failure_leads_to_the_status(town: Town) -> None:
    """Where the first reading failed, pressing the button turns the error into the status."""
    await town.connect("toolzz")
    town.toolzz.fail(Answer(502, b""))
    failed = await look_at(town)
    assert shown(failed).startswith("❌")
    await refresh(town, failed)
    assert embed_of(failed).title == "🟢 Suporte da loja"


async def test_a_button_made_up_by_somebody_does_nothing(
    town: Town, asked: simcord.InteractionResult
) -> None:
    """A custom id that no button of ours can have is answered as too old, and Toolzz is not asked."""
    town.toolzz.requests.clear()
    for made_up in (
        "toolzz:status:default:../admin",
        "toolzz:status::x",
        "toolzz:status:default:" + "x" * 65,
    ):
        pressed = await town.press(town.manager, final(asked), made_up)
        assert shown(pressed).startswith(f"⚠️ {town.texts('problem.stale_component.title')}")
    assert not town.toolzz.requests
