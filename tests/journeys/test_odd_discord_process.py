"""The bot as a process with a Discord that refuses, loses replies, and sends what nobody can parse."""

import asyncio
import copy
import sqlite3
import stat
import time
from contextlib import closing
from typing import Any

import pytest
from simcord import InteractionResult
from simcord.backend import serializers
from simcord.interactions import base_payload

from bot.demo.bot_process import BotProcess
from bot.demo.stage import Stage
from bot.discord.connection.state_file import StateFile, read_state
from bot.i18n.catalog import load_catalog
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.demo_steps import open_form, simulator, text
from tests.support.odd_discord import Oddities, json_logs, logged, odd_stage, send_event
from tests.support.waiting import until

WITHIN = 30
TOO_LONG = {"0": {"name": {"_errors": [{"code": "TOO_LONG", "message": "CANARY"}]}}}
STATE = "patchbay.discord.json"
CALLBACK = "POST /interactions/{id}/{token}/callback"


async def ready(stage: Stage, process: BotProcess) -> None:
    """Wait until the bot answers commands."""
    await process.alongside(stage.discord.bot_ready(WITHIN))
    await process.alongside(stage.discord.commands_synced(WITHIN))


async def answers_help(stage: Stage) -> None:
    """Have the bot answer a member."""
    asked = await stage.world.mira.slash(stage.world.operations, "help")
    assert "audit list" in text(await stage.discord.answer(asked))


async def test_events_that_cannot_be_parsed_cost_themselves_alone() -> None:
    """The process goes on, the server is read again by REST, and the member whose command was odd is told."""
    async with odd_stage(Oddities()) as stage, BotProcess(json_logs(stage), stage.folder) as process:
        await ready(stage, process)
        backend, world = stage.discord.env.backend, stage.world
        guild = serializers.guild_create_payload(backend, backend.guilds[world.guild.id])
        voice: Any = copy.deepcopy(guild)
        voice["channels"] = [{**voice["channels"][0], "type": 2}]
        send_event(stage, "GUILD_CREATE", voice)  # a voice channel without bitrate
        channel = {**voice["channels"][0], "type": 0, "guild_id": guild["id"]}
        del channel["position"]
        send_event(stage, "CHANNEL_UPDATE", channel)
        send_event(stage, "MESSAGE_CREATE", {"id": None, "channel_id": channel["id"], "author": None})
        send_event(stage, "GUILD_DELETE", {"id": guild["id"], "unavailable": None})
        record, odd = base_payload(
            backend,
            type=2,
            channel_id=world.operations.id,
            guild_id=world.guild.id,
            user_id=world.mira.id,
            data={"id": "1", "name": "help", "type": 1},
        )
        send_event(stage, "INTERACTION_CREATE", {**odd, "member": {**odd["member"], "user": None}})
        await process.alongside(until_logged(process, "guild_read_again", WITHIN))
        await process.alongside(until_logged(process, "unread_interaction_answered", WITHIN))
        told = text(await stage.discord.answer(InteractionResult(stage.discord.env, record)))
        assert load_catalog()["en-US"]("problem.unexpected.title") in told
        await answers_help(stage)
        skipped = logged(process, "event_skipped")
        assert {line["event_name"] for line in skipped} == {
            "GUILD_CREATE", "CHANNEL_UPDATE", "MESSAGE_CREATE", "INTERACTION_CREATE",
        }  # fmt: skip
        assert str(skipped[0]["guild"]) == guild["id"]
        assert not any("guild_removal_confirmed" in line or "Traceback" in line for line in process.lines)
        assert await process.stop() == 0


async def until_logged(process: BotProcess, event: str, within: float) -> None:
    """Wait for a line of the log."""
    async with asyncio.timeout(within):
        await until(lambda: bool(logged(process, event)))


async def test_a_ready_that_cannot_be_parsed_is_a_failed_start() -> None:
    """The process neither ends nor identifies again at once, and the next process waits as well."""
    oddities = Oddities(ready=lambda payload: {key: payload[key] for key in payload if key != "shard"})
    async with odd_stage(oddities) as stage:
        async with BotProcess(json_logs(stage), stage.folder) as process:
            await process.alongside(until_logged(process, "start_waits", WITHIN))
            assert oddities.identifies == 1
            assert await process.stop() == 0
        kept = stage.folder / STATE
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert read_state(kept)["identifies"]["0"][0] >= 1
        # As after some more of them, because a busy machine takes seconds for a start.
        await StateFile(kept).put("identifies", {"0": [5, time.time()]})
        before = oddities.identifies
        for _ in range(2):
            async with BotProcess(json_logs(stage), stage.folder) as process:
                await process.alongside(until_logged(process, "start_waits", WITHIN))
                assert await process.stop() == 0
        assert oddities.identifies == before


async def test_nothing_identifies_while_the_budget_is_used_up() -> None:
    """With no identify left the bot waits for Discord's reset, and can be told to stop meanwhile."""
    oddities = Oddities(remaining=0)
    async with odd_stage(oddities) as stage, BotProcess(json_logs(stage), stage.folder) as process:
        await process.alongside(until_logged(process, "identify_budget_used_up", WITHIN))
        (line,) = logged(process, "identify_budget_used_up")
        assert (line["used"], line["seconds"], oddities.identifies) == (1000, 3600, 0)
        assert await process.stop() == 0
        assert oddities.identifies == 0


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"code": 30034, "message": "CANARY", "errors": TOO_LONG}),
        (403, {"code": 50001, "message": "CANARY"}),
        (429, {"code": 0, "message": "CANARY", "retry_after": 300, "global": False}),
    ],
)
async def test_a_refused_synchronisation_stops_nothing(status: int, body: dict[str, Any]) -> None:
    """The bot gets ready and answers, and its log and its state file say what was refused and why."""
    is_known = False

    def refuse(method: str, path: str) -> tuple[int, dict[str, Any]] | None:
        return (status, body) if is_known and (method, path.endswith("/commands")) == ("PUT", True) else None

    async with odd_stage(Oddities(refuse=refuse)) as stage:
        environment = json_logs(stage, PATCHBAY_LOG_LEVEL="DEBUG")
        async with BotProcess(environment, stage.folder) as process:
            await ready(stage, process)
            assert await process.stop() == 0
        is_known = True
        await asyncio.to_thread(forget_hash, stage)
        async with BotProcess(environment, stage.folder) as process:
            await process.alongside(until_logged(process, "commands_not_synced", WITHIN))
            await process.alongside(stage.discord.bot_ready(WITHIN))
            await answers_help(stage)
            (line,) = logged(process, "commands_not_synced")
            assert (line["route"], line["status"], line["code"]) == (
                "PUT /applications/{id}/commands", status, body["code"],
            )  # fmt: skip
            assert line.get("fields") == ("0.name: TOO_LONG" if "errors" in body else None)
            await until(lambda: "sync" in read_state(stage.folder / STATE))
            # The answer is shown before the bot knows that it was taken.
            await until(lambda: CALLBACK in {line["route"] for line in logged(process, "discord_answered")})
            assert not any("CANARY" in line for line in process.lines)
            assert await process.stop() == 0


def forget_hash(stage: Stage) -> None:
    """Let the commands look changed since they were sent."""
    with closing(sqlite3.connect(stage.folder / "patchbay.db")) as database, database:
        database.execute("UPDATE synced_commands SET hash = 'old'")


async def test_an_answer_that_discord_took_is_gone_on_with() -> None:
    """The edge answers 502 to the first answer of a command, a form and a button: all are answered."""

    def lose(_method: str, path: str) -> bool:
        return path.endswith("/callback")

    oddities = Oddities()
    async with odd_stage(oddities) as stage, BotProcess(json_logs(stage), stage.folder) as process:
        await ready(stage, process)
        toolzz, mira, channel = simulator(stage, ToolzzSimulator), stage.world.mira, stage.world.operations
        oddities.lose = lose
        form = await open_form(stage, "connections add", provider="toolzz")  # a form is the first answer
        submitted = await mira.submit_modal(form, dict(toolzz.credentials))  # deferred
        assert "Toolzz" in text(await stage.discord.answer(submitted, WITHIN))
        asked = await mira.slash(channel, "toolzz status", integration=toolzz.CONNECTED)
        status = await stage.discord.answer(asked, WITHIN)
        assert "Suporte da loja" in text(status)
        refreshed = await stage.discord.answer(await mira.click(status.message, label="Refresh"), WITHIN)
        assert "Suporte da loja" in text(refreshed)
        assert len(oddities.lost) == 5
        assert len(logged(process, "answer_had_been_taken")) == 5
        assert await process.stop() == 0
