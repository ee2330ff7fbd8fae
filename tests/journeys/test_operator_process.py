"""The bot as a process whose host has given it a channel in Discord and an address to call."""

import signal

from aiohttp import web

from bot.demo.bot_process import BotProcess
from bot.demo.stage import READY_WITHIN, Stage
from tests.support.english import english
from tests.support.waiting import until

CHECK = "/ping/FAKE-TOKEN-of-the-check"


def lines(stage: Stage) -> list[str]:
    """Return what the host reads in the channel, without the times."""
    env, channel = stage.discord.env, stage.world.operations
    said = [
        each.content
        for each in env.backend.messages[channel.id].values()
        if each.author_id == env.backend.bot_user.id
    ]
    return [line.partition("> ")[2] for text in said for line in text.splitlines()]


async def test_the_host_is_told_of_start_and_end_and_the_address_is_called(stage: Stage) -> None:
    """After the start one line and one call; after SIGTERM one more line, and the process ends by itself.

    The channel is in a server that is not served, and neither the log nor the channel names the address.
    """
    called: list[str] = []

    async def note(request: web.BaseRequest) -> web.Response:
        called.append(request.path)
        return web.Response(text="OK")

    runner = web.ServerRunner(web.Server(note, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    environment = stage.environment() | {
        "PATCHBAY_OPERATOR_CHANNEL": str(stage.world.operations.id),
        "PATCHBAY_HEARTBEAT_URL": f"http://127.0.0.1:{runner.addresses[0][1]}{CHECK}",
        "PATCHBAY_DENIED_GUILDS": str(stage.world.guild.id),
        "PATCHBAY_LOG_LEVEL": "DEBUG",
    }
    async with BotProcess(environment, stage.folder) as process:
        await process.alongside(stage.discord.bot_ready(READY_WITHIN))
        await process.alongside(until(lambda: bool(lines(stage)) and bool(called)))
        process._process.send_signal(signal.SIGTERM)
        assert await process._process.wait() == 0
    await runner.cleanup()
    begun, ended = lines(stage)
    assert begun.startswith("🟢")
    assert "Servers: 0. Shards: 1/1." in begun
    reason = english("operator.told_to_stop")
    assert ended == f"🔴 {english('operator.stopping', reason=reason)}"
    assert called == [CHECK]
    assert not [line for line in process.lines if "FAKE-TOKEN" in line]
