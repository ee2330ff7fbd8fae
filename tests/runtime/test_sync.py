"""The commands go to Discord when they changed, and only then: it counts how often they are created."""

import discord
import pytest
import simcord

from bot.app import build_bot
from bot.kit.redaction import Redactor
from bot.runtime.client import PatchbayBot
from bot.settings import Settings
from tests.cogs.town import Town, field


def times_sent(env: simcord.Env) -> int:
    """Count how often the whole list of commands was sent."""
    return sum(entry.method == "PUT" and entry.path.endswith("/commands") for entry in env.http_requests)


async def test_the_first_start_sends_the_commands(town: Town) -> None:
    """A bot with an empty database tells Discord its commands once, in one request."""
    assert times_sent(town.env) == 1


async def test_a_second_start_sends_nothing(town: Town) -> None:
    """A restart with the same commands asks nothing of Discord, and still knows their ids."""
    ids = town.bot.tree.command_ids
    await town.restart()
    assert times_sent(town.env) == 1
    assert town.bot.tree.command_ids == ids
    assert "</setup:" in field(await town.manager.slash(town.channel, "help"), "Next step")


async def test_a_forced_start_sends_them_again(town: Town) -> None:
    """What `patchbay sync` asks for is done although nothing changed."""
    bot = await town.start_bot(Redactor())
    bot.always_sync = True
    await town.env.restart_bot(bot)
    assert times_sent(town.env) == 2


async def test_a_change_is_sent(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is gone, or another description, makes a restart send the commands."""
    bot = await town.start_bot(Redactor())
    load = bot.load_cogs

    async def load_fewer() -> None:
        await load()
        bot.tree.remove_command("sensay")

    monkeypatch.setattr(bot, "load_cogs", load_fewer)
    await town.env.restart_bot(bot)
    assert times_sent(town.env) == 2
    assert "sensay" not in bot.tree.command_ids


async def test_what_discord_refused_is_sent_again(settings: Settings) -> None:
    """A list that did not arrive is not remembered as sent."""
    async with build_bot(settings, Redactor()) as bot, build_bot(settings, Redactor()) as again:
        env = simcord.Env(bot, check_errors=False)
        env.inject_error("PUT", "/applications/*/commands", status=500)
        with pytest.raises(discord.HTTPException):
            await env.start()
        other = simcord.Env(again, check_errors=False)
        await other.start()
        assert times_sent(other) == 1
        await other.shutdown()


async def test_a_bot_without_a_login_says_so(bot: PatchbayBot) -> None:
    """Commands belong to an application, which nobody knows before the login."""
    with pytest.raises(RuntimeError, match="log in first"):
        await bot.setup_hook()
