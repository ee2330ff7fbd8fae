"""The status of a Toolzz agent in Discord, with Patchbay as a process."""

from bot.demo.stage import Stage
from bot.i18n.catalog import load_catalog
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import connect, open_form, simulator, text
from tests.support.english import english

REFUSED = "Discord refused the bot token"  # what code 4004 means


async def test_a_broken_agent_is_seen_and_seen_to_recover(stage: Stage) -> None:
    """The status names the cause and the fix; Refresh reads again and changes the same message."""
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
    async with stage.running_bot():
        await connect(stage, toolzz)
        offered = await mira.autocomplete(channel, "toolzz status", "integration", "pedidos")
        assert len(offered) == 1

        answer = await stage.discord.answer(
            await mira.slash(channel, "toolzz status", integration=offered[0]["value"])
        )
        assert answer.ephemeral
        told = text(answer)
        assert all(part in told for part in ("Pedidos e entregas", "Disconnected", REFUSED, "Reset Token"))

        toolzz.integrations[toolzz.DISCONNECTED].update(
            connectionStatus="connected", lastConnectionErrorCode=None, lastConnectionErrorMessage=None
        )
        renewed = await stage.discord.answer(await mira.click(answer.message, label="Refresh"))
        assert renewed.id == answer.id
        assert "Connected" in text(renewed)
        assert REFUSED not in text(renewed)


async def test_an_agent_is_put_into_the_server_and_set_up_anew(stage: Stage) -> None:
    """One form and one question create an integration once; it is linked, and can be changed."""
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
    async with stage.running_bot():
        await connect(stage, toolzz)
        offered = await mira.autocomplete(channel, "toolzz connect", "agent", "frete")
        form = await open_form(stage, "toolzz connect", agent=offered[0]["value"])
        filled = {
            "title": "Freight",
            "channels": [stage.world.agents],
            "scope": "mentions",
            "switches": ["mention"],
            "discord_token": toolzz.discord_token,
        }
        question = await stage.discord.answer(await mira.submit_modal(form, filled))
        assert toolzz.creations == []
        pressed = await mira.click(question.message, label=english("token.yes"))
        await stage.discord.until(lambda: english("token.handed_over") in text(question))
        assert english("toolzz.connect.done") in text(pressed.followups[-1])
        assert toolzz.creations == [(offered[0]["value"], toolzz.discord_token)]

        (made,) = await mira.autocomplete(channel, "toolzz unlink", "integration", "Freight")
        settings = await stage.discord.answer(
            await mira.slash(channel, "toolzz edit", integration=made["value"])
        )
        form = await mira.click(settings.message, label="Edit")
        changed = await mira.submit_modal(
            form,
            {"title": "Freight", "channels": [stage.world.agents], "scope": "all", "switches": ["mention"]},
        )
        question = await stage.discord.answer(changed)
        await mira.click(question.message, label=english("toolzz.edit.yes"))
        await stage.discord.until(lambda: english("toolzz.edit.done") in text(question))
    assert [body["scope"] for body in toolzz.updates] == ["all"]


async def test_a_status_can_be_shared(stage: Stage) -> None:
    """With share everybody can read the answer."""
    toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
    async with stage.running_bot():
        await connect(stage, toolzz)
        asked = await mira.slash(channel, "toolzz status", integration=toolzz.CONNECTED, share=True)
        assert not (await stage.discord.answer(asked)).ephemeral


async def test_replies_are_in_the_members_language(stage: Stage) -> None:
    """Two members of one server are each answered in their own language, also with errors."""
    toolzz, world = simulator(stage, ToolzzSimulator), stage.world
    stage.discord.locales[world.mira.id] = "pt-BR"
    portuguese = load_catalog()["pt-BR"]
    async with stage.running_bot():
        assert portuguese("connections.add.done", provider="Toolzz") in text(await connect(stage, toolzz))
        toolzz.fail(Answer(503), times=None)
        asked = await world.mira.slash(world.operations, "toolzz status", integration=toolzz.CONNECTED)
        assert portuguese("problem.server_fault.title", provider="Toolzz") in text(
            await stage.discord.answer(asked)
        )
        stage.discord.locales.clear()
        asked = await world.mira.slash(world.operations, "toolzz status", integration=toolzz.CONNECTED)
        assert english("problem.server_fault.title", provider="Toolzz") in text(
            await stage.discord.answer(asked)
        )
