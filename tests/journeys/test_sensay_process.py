"""From an empty server to a replica with a bot of its own, with the bot as a process."""

from bot.demo.stage import Stage
from bot.providers.sensay.simulator import APPLICATION_ID, SensaySimulator
from tests.journeys.steps import connect, fill_in, simulator, text


async def test_a_replica_is_put_into_the_server(stage: Stage) -> None:
    """Credentials are tried and kept, the replica is found by typing, Sensay gets the token once."""
    sensay, mira = simulator(stage, SensaySimulator), stage.world.mira
    async with stage.running_bot() as bot:
        answer = await connect(stage, sensay)
        assert (answer.ephemeral, answer.embeds[0].title) == (True, "✅ Sensay is connected")

        offered = await mira.autocomplete(stage.world.operations, "sensay connect", "replica", "job")
        assert [choice["name"] for choice in offered] == ["Job Applications"]
        answer = await fill_in(
            stage, "sensay connect", {"discord_token": sensay.discord_token}, replica=offered[0]["value"]
        )
    assert sensay.creations == [(sensay.UNCONNECTED, sensay.discord_token)]
    assert answer.ephemeral
    assert f"client_id={APPLICATION_ID}" in text(answer)
    assert left_behind(stage, bot.lines, sensay.discord_token) == []
    assert left_behind(stage, bot.lines, sensay.credentials["organization_secret"]) == []


async def test_refused_credentials_are_not_kept(stage: Stage) -> None:
    """What Sensay does not accept is not stored, and the answer says so and offers the form again."""
    sensay, world = simulator(stage, SensaySimulator), stage.world
    async with stage.running_bot():
        answer = await fill_in(stage, "connections add", sensay.refused_credentials, provider="sensay")
        assert "Sensay refused the credentials" in text(answer)
        form = await world.mira.click(answer.message, label="Enter credentials again")
        again = await stage.discord.answer(await world.mira.submit_modal(form, dict(sensay.credentials)))
        assert "Sensay is connected" in text(again)


def left_behind(stage: Stage, lines: object, secret: str) -> list[str]:
    """Name the places that hold a secret: the bot's log, and whatever it wrote to disk."""
    files = [
        path.name
        for path in stage.folder.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]
    return files + ["log"] * (secret in str(lines))
