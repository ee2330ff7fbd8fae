"""A server's life with the bot: it joins, is greeted once, removes the bot, or is only out of reach."""

import re
import sqlite3
from contextlib import closing
from typing import Any

import discord
import pytest
import simcord
from simcord.backend import serializers

from bot.i18n.catalog import LOCALES
from tests.cogs.town import Town, shown
from tests.services.guild_rows import counts, traces

HOUR, DAY = 3600, 86_400
HIDDEN = discord.PermissionOverwrite(view_channel=False)
VISIBLE = discord.PermissionOverwrite(view_channel=True)
SILENT = discord.PermissionOverwrite(send_messages=False)


class Newcomer:
    """A server that has not invited the bot yet; Discord tells the bot nothing of it."""

    def __init__(self, town: Town, **settings: Any) -> None:  # noqa: ANN401 - as simcord takes them
        self._backend = town.env.backend
        self._emit = self._backend.emit
        self._backend.emit = lambda *_: None  # type: ignore[method-assign]
        self.guild = town.env.create_guild("Newcomer", **settings)

    async def invite(self, town: Town) -> None:
        """Have the bot join: Discord's event is the one of an outage's end, but for one field."""
        self.stay_unseen()
        payload = serializers.guild_create_payload(self._backend, self._backend.get_guild(self.guild.id))
        self._backend.emit("GUILD_CREATE", {k: v for k, v in payload.items() if k != "unavailable"})
        await town.env.settle()

    def stay_unseen(self) -> None:
        """Let later events through again, without one for the server itself."""
        self._backend.emit = self._emit  # type: ignore[method-assign]


def remove(town: Town) -> None:
    """Have the bot removed without a word to it, as while it is not running."""
    del town.env.backend.guilds[town.guild.id]


async def look_around(town: Town, *, later: int = 0) -> None:
    """Let an hour pass, or more by the bot's clock: the bot looks after its servers."""
    town.bot.privacy._clock = lambda: town.env.now().timestamp() + later
    await town.env.advance_time(HOUR + 10)


def sealed(town: Town) -> list[bytes]:
    """Return the credentials as they are stored."""
    with closing(sqlite3.connect(town.database)) as database:
        return [secret for (secret,) in database.execute("SELECT secret FROM connection")]


def said(channel: simcord.ChannelHandle) -> list[str]:
    """Return what was posted in a channel."""
    return [message.content for message in channel.history()]


# --- joining ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_it_says_hello_once_with_a_link_to_setup_and_nothing_else(town: Town, locale: str) -> None:
    """In the server's language, where new members are welcomed; one line, one command, nobody is pinged."""
    newcomer = Newcomer(town, preferred_locale=locale)
    newcomer.guild.create_text_channel("first")
    welcome = newcomer.guild.create_text_channel("welcome")
    town.env.backend.get_guild(newcomer.guild.id).system_channel_id = welcome.id
    town.locale = locale
    for _ in range(2):
        await newcomer.invite(town)
    (message,) = welcome.history()
    assert message.content == town.linked(town.texts("guild.hello"))
    assert re.findall("<[^>]*>", message.content) == [f"</setup:{town.bot.tree.command_ids['setup']}>"]
    assert (message.embeds, message.components, message.mentions) == ([], [], [])
    assert not message.mention_everyone
    assert said(newcomer.guild.channels["first"]) == []


@pytest.mark.parametrize(
    ("system", "greeted"),
    [
        (None, "open"),
        ({"bot": HIDDEN}, "open"),
        ({"bot": SILENT}, "open"),
        ({"everyone": HIDDEN, "bot": VISIBLE}, "system"),
    ],
)
async def test_it_speaks_only_where_it_may_and_everybody_reads(
    town: Town, system: dict[str, discord.PermissionOverwrite] | None, greeted: str
) -> None:
    """The system channel if the bot may write there, else the first that all see and it may write in."""
    newcomer = Newcomer(town)
    guild = newcomer.guild
    bot = town.env.backend.get_guild(guild.id)
    (role,) = (role for role in guild.roles.values() if role.id != guild.id)
    targets: dict[str, simcord.RoleHandle] = {"everyone": guild.default_role, "bot": role}
    guild.create_text_channel("staff", overwrites={guild.default_role: HIDDEN, role: VISIBLE})
    guild.create_text_channel("silent", overwrites={role: SILENT})
    guild.create_text_channel("unseen", overwrites={role: HIDDEN})
    if system is not None:
        overwrites: dict[Any, discord.PermissionOverwrite] = {
            targets[name]: overwrite for name, overwrite in system.items()
        }
        bot.system_channel_id = guild.create_text_channel("system", overwrites=overwrites).id
    guild.create_text_channel("open")
    await newcomer.invite(town)
    assert [name for name, channel in guild.channels.items() if said(channel)] == [greeted]


async def test_where_it_may_speak_nowhere_it_says_nothing(town: Town) -> None:
    """Neither a hidden channel nor an error."""
    newcomer = Newcomer(town)
    guild = newcomer.guild
    channel = guild.create_text_channel("hidden", overwrites={guild.default_role: HIDDEN})
    await newcomer.invite(town)
    assert said(channel) == []


async def test_a_server_that_is_not_served_is_not_greeted(town: Town) -> None:
    """Whom the operator has not let in is not told to set the bot up, and nothing is stored of it."""
    newcomer = Newcomer(town)
    channel = newcomer.guild.create_text_channel("open")
    town.bot.served = type(town.bot.served)(denied=[newcomer.guild.id])
    await newcomer.invite(town)
    assert said(channel) == []
    assert set(counts(town.database, newcomer.guild.id).values()) == {0}


async def test_a_greeting_that_discord_refuses_is_let_go(town: Town) -> None:
    """It is not tried again, and nothing else is the worse for it."""
    newcomer = Newcomer(town)
    channel = newcomer.guild.create_text_channel("open")
    town.env.inject_error("POST", "/channels/*/messages", status=403, code=50013)
    for _ in range(2):
        await newcomer.invite(town)
    assert said(channel) == []


async def test_servers_joined_while_it_was_away_are_greeted_if_that_was_lately(town: Town) -> None:
    """Within a day of joining, once; who has had the bot for longer, or has met it, hears nothing."""
    await town.connect("sensay")
    old = Newcomer(town)
    old_channel = old.guild.create_text_channel("old")
    old.stay_unseen()
    await town.env.advance_time(HOUR / 2)
    for member in town.env.backend.get_guild(old.guild.id).members.values():
        member.joined_at = "2025-12-31T00:00:00+00:00"
    new = Newcomer(town)
    new_channel = new.guild.create_text_channel("new")
    new.stay_unseen()
    for _ in range(2):
        await town.restart()
    assert [len(said(channel)) for channel in (new_channel, old_channel, town.channel)] == [1, 0, 0]


# --- leaving ---


async def test_a_removal_erases_the_credentials_at_once_and_the_rest_after_seven_days(town: Town) -> None:
    """Nothing sealed is left in the file as soon as the bot is out; nothing at all a week later."""
    await town.connect("sensay")
    secrets = sealed(town)
    town.env.backend.remove_guild(town.guild.id)
    await town.env.settle()
    assert traces(town.database, secrets) == []
    await look_around(town, later=7 * DAY - 2 * HOUR)
    assert counts(town.database, town.guild.id)["connection"] == 1
    await look_around(town, later=7 * DAY)
    assert set(counts(town.database, town.guild.id).values()) == {0}


async def test_an_outage_is_no_removal(town: Town) -> None:
    """A server that Discord cannot reach keeps its credentials, also over a restart and a round."""
    await town.connect("sensay")
    town.env.backend.emit("GUILD_DELETE", {"id": str(town.guild.id), "unavailable": True})
    await town.env.settle()
    await look_around(town)
    assert (await town.bot.connections.open(town.guild.id, "sensay")).credentials
    assert (await town.bot.privacy.guilds())[town.guild.id] is None


async def test_whoever_invites_it_back_in_time_finds_all_but_the_credentials(town: Town) -> None:
    """The list says that they were erased and why; a rotation is all that it takes."""
    await town.connect("sensay")
    kept = town.env.backend.get_guild(town.guild.id)
    remove(town)
    town.env.backend.emit("GUILD_DELETE", {"id": str(town.guild.id)})
    await town.env.settle()
    town.env.backend.guilds[town.guild.id] = kept
    payload = serializers.guild_create_payload(town.env.backend, kept)
    town.env.backend.emit("GUILD_CREATE", {k: v for k, v in payload.items() if k != "unavailable"})
    await town.env.settle()
    assert (await town.bot.privacy.guilds())[town.guild.id] is None
    assert len(said(town.channel)) == 1
    listed = await town.listed()
    assert town.linked(town.texts("connections.list.erased")) in listed
    tested = await town.manager.slash(town.channel, "connections test", provider="sensay")
    assert town.texts("problem.erased_secret.title") in shown(tested)
    form = await town.open_form("rotate", "sensay")
    await town.manager.submit_modal(form, dict(town.sensay.credentials))
    await look_around(town, later=30 * DAY)
    assert (await town.bot.connections.open(town.guild.id, "sensay")).credentials


# --- found afterwards ---


async def test_a_removal_that_it_slept_through_is_found_at_start(town: Town) -> None:
    """Discord is asked who the bot's servers are, and then about the one that is missing."""
    await town.connect("sensay")
    secrets = sealed(town)
    remove(town)
    await town.restart()
    assert traces(town.database, secrets) == []
    assert (await town.bot.privacy.guilds())[town.guild.id] is not None


@pytest.mark.parametrize(("status", "code"), [(500, 0), (404, 0), (403, 40333)])
async def test_a_removal_that_discord_does_not_confirm_changes_nothing(
    town: Town, status: int, code: int
) -> None:
    """An answer that does not say that the bot is no member is no reason; the next round asks anew."""
    await town.connect("sensay")
    remove(town)
    town.env.inject_error("GET", f"/guilds/{town.guild.id}", status=status, code=code, times=None)
    await look_around(town)
    assert (await town.bot.connections.open(town.guild.id, "sensay")).credentials
    town.env.backend.faults.clear()
    await look_around(town)
    assert (await town.bot.privacy.guilds())[town.guild.id] is not None


async def test_a_list_that_cannot_be_had_ends_nothing(town: Town) -> None:
    """While Discord does not say who the bot's servers are nothing is erased, and later rounds go on."""
    await town.connect("sensay")
    remove(town)
    town.env.inject_error("GET", "/users/@me/guilds", status=403, code=0, times=None)
    await town.restart()
    assert (await town.bot.privacy.guilds())[town.guild.id] is None
    town.env.backend.faults.clear()
    await look_around(town)
    assert (await town.bot.privacy.guilds())[town.guild.id] is not None


async def test_who_came_back_unseen_is_not_swept_away(town: Town) -> None:
    """A server that is marked as removed, but is there, outlives the rounds in which Discord is silent."""
    await town.connect("sensay")
    await town.bot.privacy.removed(town.guild.id)
    town.env.inject_error("GET", "/users/@me/guilds", status=503, code=0, times=None)
    await look_around(town, later=30 * DAY)
    assert await town.bot.connections.names(town.guild.id) == ["default"]
    town.env.backend.faults.clear()
    await look_around(town, later=30 * DAY)
    assert (await town.bot.privacy.guilds())[town.guild.id] is None
    assert await town.bot.connections.names(town.guild.id) == ["default"]


async def test_another_applications_token_erases_nothing(town: Town) -> None:
    """To another application every server of this database is unknown, which is no removal."""
    await town.connect("sensay")
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute("INSERT INTO synced_commands VALUES (7, 'abc', '{}')")
    remove(town)
    await look_around(town)
    assert (await town.bot.connections.open(town.guild.id, "sensay")).credentials


async def test_credentials_that_came_in_during_a_removal_go_as_well(town: Town) -> None:
    """A form that was being tried while the bot was removed leaves nothing behind."""
    await town.connect("sensay")
    secrets = sealed(town)
    remove(town)
    await town.bot.privacy.removed(town.guild.id)
    with closing(sqlite3.connect(town.database)) as database, database:
        database.execute("UPDATE connection SET secret = ?", (secrets[0],))
    await look_around(town)
    assert sealed(town) == [b""]
    assert traces(town.database, secrets) == []


async def test_what_is_removed_or_replaced_leaves_the_file_within_the_hour(town: Town) -> None:
    """Neither the log of the database nor a free page keeps the credentials that a manager let go."""
    await town.connect("sensay")
    secrets = sealed(town)
    form = await town.open_form("rotate", "sensay")
    await town.manager.submit_modal(form, dict(town.sensay.credentials))
    secrets += sealed(town)
    await town.bot.connections.remove(town.guild.id, "sensay", "default")
    await look_around(town)
    assert traces(town.database, secrets) == []


async def test_where_only_the_commands_were_added_nothing_is_stored(town: Town) -> None:
    """Without the bot itself a server could not be told from one that removed it."""
    guild = town.bot.get_guild(town.guild.id)
    assert guild is not None
    town.bot._connection._remove_guild(guild)
    answered = await town.manager.slash(town.channel, "connections add", provider="sensay")
    assert answered.modal is None
    assert town.texts("problem.not_in_server.title") in shown(answered)


async def test_a_server_of_another_shard_is_no_removal(town: Town) -> None:
    """What this process does not see in its part of the gateway may be in another's."""
    await town.connect("sensay")
    guild = town.bot.get_guild(town.guild.id)
    assert guild is not None
    town.bot._connection._remove_guild(guild)
    await look_around(town)
    assert town.bot.get_guild(town.guild.id) is None
    assert (await town.bot.connections.open(town.guild.id, "sensay")).credentials


async def test_it_looks_around_once_an_hour_however_often_it_reconnects(town: Town) -> None:
    """Each session that could not be resumed is ready anew; the rounds do not become more."""
    await town.connect("sensay")
    for _ in range(3):
        town.bot.dispatch("ready")
    await look_around(town)
    asked = [entry.path for entry in town.env.http_requests if entry.path.endswith("/users/@me/guilds")]
    assert len(asked) == 1
