"""From an empty server to a replica with its own bot, with Patchbay as a process."""

from bot.demo.stage import Stage
from bot.providers.base.simulator import Slow
from bot.providers.sensay.simulated_organization import APPLICATION_ID
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.demo_steps import connect, fill_in, simulator, text
from tests.support.english import english


async def test_a_replica_is_put_into_the_server(stage: Stage) -> None:
    """Credentials are tried and stored, the replica is found by typing, and Sensay gets the token once."""
    sensay, mira = simulator(stage, SensaySimulator), stage.world.mira
    async with stage.running_bot() as bot:
        answer = await connect(stage, sensay)
        assert (answer.ephemeral, answer.embeds[0].title) == (
            True,
            f"✅ {english('connections.add.done', provider='Sensay')}",
        )

        offered = await mira.autocomplete(stage.world.operations, "sensay connect", "replica", "job")
        assert [choice["name"] for choice in offered] == ["Job Applications"]
        form = {"discord_token": sensay.discord_token}
        question = await fill_in(stage, "sensay connect", form, replica=offered[0]["value"])
        assert english("preflight.intent_on") in text(question)
        assert english("preflight.not_in_server") in text(question)
        assert sensay.creations == []
        pressed = await mira.click(question.message, label=english("token.yes"))
        await stage.discord.until(lambda: pressed.followups)
        answer = pressed.followups[-1]
    assert sensay.creations == [(sensay.UNCONNECTED, sensay.discord_token)]
    assert answer.ephemeral
    assert "Sensay accepted the bot token" in text(answer)
    assert f"client_id={APPLICATION_ID}" in text(answer)
    assert left_behind(stage, bot.lines, sensay.discord_token) == []
    assert left_behind(stage, bot.lines, sensay.credentials["organization_secret"]) == []


async def test_a_replica_is_watched_asked_counted_and_taken_out(stage: Stage) -> None:
    """A connected replica is shown by every command, in the picture too, until its token is reset."""
    sensay, mira, channel = simulator(stage, SensaySimulator), stage.world.mira, stage.world.operations
    async with stage.running_bot():
        await connect(stage, sensay)
        form = {"discord_token": sensay.discord_token}
        question = await fill_in(stage, "sensay connect", form, replica=sensay.UNCONNECTED)
        await mira.click(question.message, label=english("token.yes"))
        await stage.discord.until(lambda: english("token.handed_over") in text(question))

        overview = await stage.discord.answer(await mira.slash(channel, "sensay status"))
        assert f"not in this server · connected by <@{mira.id}>" in text(overview)
        asked = await mira.slash(channel, "sensay ask", replica=sensay.ACTIVE, message="Which berth is free?")
        assert "Harbour Desk" in text(await stage.discord.answer(asked))
        usage = await stage.discord.answer(await mira.slash(channel, "sensay usage"))
        assert [file.filename for file in usage.attachments] == ["usage.png"]

        question = await stage.discord.answer(
            await mira.slash(channel, "sensay disconnect", replica=sensay.UNCONNECTED)
        )
        await mira.click(question.message, label=english("sensay.disconnect.yes", replica="Job Applications"))
        await stage.discord.until(lambda: "🟢 **Active**" in text(question))
        sensay.reset_token(sensay.UNCONNECTED)
        await mira.click(question.message, label=english("sensay.connect.look"))
        await stage.discord.until(lambda: "Disconnected" in text(question))


async def test_a_token_on_its_way_is_told_of_before_the_end(stage: Stage) -> None:
    """After SIGTERM during a slow handover the token is handed over once, and the manager is told so."""
    sensay, mira = simulator(stage, SensaySimulator), stage.world.mira
    async with stage.running_bot() as bot:
        await connect(stage, sensay)
        form = {"discord_token": sensay.discord_token}
        question = await fill_in(stage, "sensay connect", form, replica=sensay.UNCONNECTED)
        sensay.fail(Slow(1), path="integrations/discord")
        pressed = await mira.click(question.message, label=english("token.yes"))
        assert await bot.stop() == 0
    assert sensay.creations == [(sensay.UNCONNECTED, sensay.discord_token)]
    assert "Sensay accepted the bot token" in text(pressed.followups[-1])


async def test_refused_credentials_are_not_kept(stage: Stage) -> None:
    """Credentials that Sensay refuses are not stored; the answer says so and offers the form again."""
    sensay, world = simulator(stage, SensaySimulator), stage.world
    async with stage.running_bot():
        answer = await fill_in(stage, "connections add", sensay.refused_credentials, provider="sensay")
        assert "Sensay refused the credentials" in text(answer)
        form = await world.mira.click(answer.message, label="Enter credentials again")
        again = await stage.discord.answer(await world.mira.submit_modal(form, dict(sensay.credentials)))
        assert english("connections.add.done", provider="Sensay") in text(again)


def left_behind(stage: Stage, lines: object, secret: str) -> list[str]:
    """Return the places that hold a secret, of the bot's log and of everything that it wrote to disk."""
    files = [
        path.name
        for path in stage.folder.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]
    return files + ["log"] * (secret in str(lines))
