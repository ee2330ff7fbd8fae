"""The commands are sent to Discord only when they changed, and those that a text names become links."""

import asyncio

import discord
import pytest
import simcord
from discord import app_commands
from structlog.testing import capture_logs

from bot.app import build_bot
from bot.discord.client import PatchbayBot
from bot.discord.connection.state_file import StateFile, path_beside, read_state
from bot.discord.sync import SYNC_REFUSAL, CommandLinks
from bot.providers.base.redaction import Redactor
from bot.settings import Settings
from tests.support.env import Env
from tests.support.harness import BotHarness, shown


def times_sent(env: simcord.Env) -> int:
    """Count how often the whole list of commands was sent."""
    return sum(entry.method == "PUT" and entry.path.endswith("/commands") for entry in env.http_requests)


async def test_the_first_start_sends_the_commands(harness: BotHarness) -> None:
    """A bot with an empty database tells Discord its commands once, in one request."""
    assert times_sent(harness.env) == 1


async def test_a_second_start_sends_nothing(harness: BotHarness) -> None:
    """A restart with the same commands asks nothing of Discord, and still knows their ids."""
    ids = harness.bot.services.links.ids
    await harness.restart()
    assert times_sent(harness.env) == 1
    assert harness.bot.services.links.ids == ids
    assert "</setup:" in shown(await harness.manager.slash(harness.channel, "help"))


async def test_a_forced_start_sends_them_again(harness: BotHarness) -> None:
    """What `patchbay sync` asks for is done although nothing changed."""
    bot = await harness.start_bot(Redactor())
    bot.always_sync = True
    await harness.env.restart_bot(bot)
    assert times_sent(harness.env) == 2


async def test_what_discord_takes_after_a_refusal_is_no_longer_refused(
    harness: BotHarness, settings: Settings
) -> None:
    """After `patchbay sync` nothing says that Discord did not take the commands."""
    kept = path_beside(settings.database_path)
    await StateFile(kept).put(SYNC_REFUSAL, {"error": "HTTPException", "code": 30034})
    bot = await harness.start_bot(Redactor())
    bot.always_sync = True
    await harness.env.restart_bot(bot)
    assert SYNC_REFUSAL not in await asyncio.to_thread(read_state, kept)


async def test_a_change_is_sent(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that is gone, or another description, makes a restart send the commands."""
    bot = await harness.start_bot(Redactor())
    load = bot.load_cogs

    async def load_fewer() -> None:
        await load()
        bot.tree.remove_command("sensay")

    monkeypatch.setattr(bot, "load_cogs", load_fewer)
    await harness.env.restart_bot(bot)
    assert times_sent(harness.env) == 2
    assert "sensay" not in bot.services.links.ids


async def test_what_discord_refused_is_sent_again(settings: Settings) -> None:
    """A refusal stops nothing: the bot is ready, says what was refused, and tries again by itself."""
    async with build_bot(settings, Redactor()) as bot:
        env = Env(bot, check_errors=False)
        env.inject_error("PUT", "/applications/*/commands", status=400, code=30034)
        with capture_logs() as logs:
            await env.start()
            await env.settle()
        (line,) = [each for each in logs if each["event"] == "commands_not_synced"]
        assert (line["status"], line["code"], line["retry_in"]) == (400, 30034, 60)
        assert bot.is_ready()
        kept = path_beside(settings.database_path)
        assert (await asyncio.to_thread(read_state, kept))[SYNC_REFUSAL]["code"] == 30034
        assert bot.services.links.ids == {}
        await env.advance_time(61)
        assert times_sent(env) == 2
        assert "help" in bot.services.links.ids
        assert SYNC_REFUSAL not in await asyncio.to_thread(read_state, kept)
        await env.shutdown()


async def test_a_refusal_costs_new_commands_only(harness: BotHarness) -> None:
    """While Discord takes no commands, those that it knows are linked and guarded by their ids."""
    ids = harness.bot.services.links.ids
    bot = await harness.start_bot(Redactor())
    load = bot.load_cogs

    async def load_fewer() -> None:
        await load()
        bot.tree.remove_command("sensay")

    bot.load_cogs = load_fewer  # type: ignore[method-assign]
    harness.env.inject_error("PUT", "/applications/*/commands", status=403, times=None)
    await harness.env.restart_bot(bot)
    assert bot.services.links.ids == ids
    assert "</setup:" in shown(await harness.manager.slash(harness.channel, "help"))
    sent = times_sent(harness.env)
    await harness.env.advance_time(86_400)
    assert sent < times_sent(harness.env) <= sent + 15


async def test_a_pause_that_discord_asks_for_is_told(harness: BotHarness, settings: Settings) -> None:
    """discord.py sleeps through a 429 of five minutes; meanwhile the state file says what is the matter."""
    bot = await harness.start_bot(Redactor())
    load, kept = bot.load_cogs, path_beside(settings.database_path)

    async def load_fewer() -> None:
        await load()
        bot.tree.remove_command("sensay")
        sync = bot.tree.sync

        async def sync_later() -> list[app_commands.AppCommand]:
            await asyncio.sleep(300)
            return await sync()

        bot.tree.sync = sync_later  # type: ignore[method-assign, assignment]

    bot.load_cogs = load_fewer  # type: ignore[method-assign]
    await harness.env.restart_bot(bot)
    await harness.env.advance_time(61)
    assert "pause" in (await asyncio.to_thread(read_state, kept))[SYNC_REFUSAL]["error"]
    await harness.env.advance_time(240)
    assert "sensay" not in bot.services.links.ids
    assert SYNC_REFUSAL not in await asyncio.to_thread(read_state, kept)


async def test_what_patchbay_sync_sends_and_discord_refuses_is_an_error(settings: Settings) -> None:
    """Whoever asks for the commands to be sent is told at once."""
    async with build_bot(settings, Redactor()) as bot:
        bot.always_sync = True
        env = Env(bot, check_errors=False)
        env.inject_error("PUT", "/applications/*/commands", status=400, code=30034)
        with pytest.raises(discord.HTTPException):
            await env.start()


async def test_a_bot_without_a_login_says_so(bot: PatchbayBot) -> None:
    """Commands belong to an application, which nobody knows before the login."""
    with pytest.raises(RuntimeError, match="log in first"):
        await bot.setup_hook()


# --- links ---


def links(**ids: int) -> CommandLinks:
    """Return links with these ids."""
    made = CommandLinks()
    made.ids = ids
    return made


def test_a_known_command_becomes_a_link() -> None:
    """A command in backquotes becomes Discord's own mark-up, with the id of its group."""
    assert (
        links(toolzz=7).link("Run `/toolzz status` or `/toolzz`.") == "Run </toolzz status:7> or </toolzz:7>."
    )


def test_an_unknown_command_stays_text() -> None:
    """Before the first synchronisation, and for a command without an id, the text stays as it is."""
    assert links().link("Run `/toolzz status`.") == "Run `/toolzz status`."
    assert links(sensay=1).link("`/toolzz`, `/sensay`") == "`/toolzz`, </sensay:1>"


def test_only_a_whole_command_in_backquotes_is_one() -> None:
    """Options, capital letters, three words and text without backquotes are no commands."""
    for text in ("`/help name:x`", "`/Help`", "`/help one two`", "/help", "`help`"):
        assert links(help=1).link(text) == text
