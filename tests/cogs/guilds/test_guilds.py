"""A server's life with the bot: it joins, is greeted once, removes the bot, or is only out of reach."""

import sqlite3
from contextlib import closing

import pytest
from simcord.backend import serializers

from tests.support.clock import SharedClock
from tests.support.guild_rows import counts, traces
from tests.support.harness import BotHarness, shown
from tests.support.new_guild import posted

HOUR, DAY = 3600, 86_400


def remove(harness: BotHarness) -> None:
    """Remove the bot without an event, as while it does not run."""
    del harness.env.backend.guilds[harness.guild.id]


async def run_hourly_round(harness: BotHarness, *, later: int = 0) -> None:
    """Let an hour pass, so that the bot reconciles its servers. later: more seconds on its clock."""
    clock = harness.bot.services.clock
    assert isinstance(clock, SharedClock)
    clock.source = lambda: harness.env.now().timestamp() + later
    await harness.env.advance_time(HOUR + 10)


def stored_secrets(harness: BotHarness) -> list[bytes]:
    """Return the credentials as they are stored."""
    with closing(sqlite3.connect(harness.database)) as database:
        return [secret for (secret,) in database.execute("SELECT secret FROM connection")]


# --- leaving ---


async def test_a_removal_erases_the_credentials_at_once_and_the_rest_after_seven_days(
    harness: BotHarness,
) -> None:
    """The file has no credentials after the removal, and nothing of the server a week later."""
    await harness.connect("sensay")
    secrets = stored_secrets(harness)
    harness.env.backend.remove_guild(harness.guild.id)
    await harness.env.settle()
    assert traces(harness.database, secrets) == []
    await run_hourly_round(harness, later=7 * DAY - 2 * HOUR)
    assert counts(harness.database, harness.guild.id)["connection"] == 1
    await run_hourly_round(harness, later=7 * DAY)
    assert set(counts(harness.database, harness.guild.id).values()) == {0}


async def test_an_outage_is_no_removal(harness: BotHarness) -> None:
    """A server that Discord cannot reach keeps its credentials over a round."""
    await harness.connect("sensay")
    harness.env.backend.emit("GUILD_DELETE", {"id": str(harness.guild.id), "unavailable": True})
    await harness.env.settle()
    await run_hourly_round(harness)
    assert (await harness.bot.services.connections.open(harness.guild.id, "sensay")).credentials
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is None


async def test_whoever_invites_it_back_in_time_finds_all_but_the_credentials(harness: BotHarness) -> None:
    """The list says that the credentials were erased and why; a rotation restores the connection."""
    await harness.connect("sensay")
    kept = harness.env.backend.get_guild(harness.guild.id)
    remove(harness)
    harness.env.backend.emit("GUILD_DELETE", {"id": str(harness.guild.id)})
    await harness.env.settle()
    harness.env.backend.guilds[harness.guild.id] = kept
    payload = serializers.guild_create_payload(harness.env.backend, kept)
    harness.env.backend.emit("GUILD_CREATE", {k: v for k, v in payload.items() if k != "unavailable"})
    await harness.env.settle()
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is None
    assert len(posted(harness.channel)) == 1
    listed = await harness.listed()
    assert harness.linked(harness.texts("connections.list.erased")) in listed
    tested = await harness.manager.slash(harness.channel, "connections test", provider="sensay")
    assert harness.texts("problem.erased_secret.title") in shown(tested)
    form = await harness.open_form("rotate", "sensay")
    await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    await run_hourly_round(harness, later=30 * DAY)
    assert (await harness.bot.services.connections.open(harness.guild.id, "sensay")).credentials


# --- found afterwards ---


async def test_a_removal_that_it_slept_through_is_found_at_start(harness: BotHarness) -> None:
    """The bot asks Discord for its servers, and then about the one that is missing."""
    await harness.connect("sensay")
    secrets = stored_secrets(harness)
    remove(harness)
    await harness.restart()
    assert traces(harness.database, secrets) == []
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is not None


@pytest.mark.parametrize("others", [2, 3])
async def test_discord_lists_its_servers_in_several_answers(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch, others: int
) -> None:
    """A server is missed only if it is on none of the pages, whether or not the last one is full."""
    monkeypatch.setattr("cogs.guilds.rounds._LISTED_AT_ONCE", 2)
    await harness.connect("sensay")
    for number in range(others):
        harness.env.create_guild(f"Other {number}")
    await run_hourly_round(harness)
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is None
    remove(harness)
    await run_hourly_round(harness)
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is not None


@pytest.mark.parametrize(("status", "code"), [(500, 0), (404, 0), (403, 40333)])
async def test_a_removal_that_discord_does_not_confirm_changes_nothing(
    harness: BotHarness, status: int, code: int
) -> None:
    """Only an answer that says that the bot is no member counts; the next round asks again."""
    await harness.connect("sensay")
    remove(harness)
    harness.env.inject_error("GET", f"/guilds/{harness.guild.id}", status=status, code=code, times=None)
    await run_hourly_round(harness)
    assert (await harness.bot.services.connections.open(harness.guild.id, "sensay")).credentials
    harness.env.backend.faults.clear()
    await run_hourly_round(harness)
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is not None


async def test_a_list_that_cannot_be_had_ends_nothing(harness: BotHarness) -> None:
    """While Discord does not list the bot's servers nothing is erased, and the rounds continue."""
    await harness.connect("sensay")
    remove(harness)
    harness.env.inject_error("GET", "/users/@me/guilds", status=403, code=0, times=None)
    await harness.restart()
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is None
    harness.env.backend.faults.clear()
    await run_hourly_round(harness)
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is not None


async def test_who_came_back_unseen_is_not_swept_away(harness: BotHarness) -> None:
    """A server marked as removed that is there again is kept while Discord does not answer."""
    await harness.connect("sensay")
    await harness.bot.services.privacy.removed(harness.guild.id)
    harness.env.inject_error("GET", "/users/@me/guilds", status=503, code=0, times=None)
    await run_hourly_round(harness, later=30 * DAY)
    assert await harness.bot.services.connections.names(harness.guild.id) == ["default"]
    harness.env.backend.faults.clear()
    await run_hourly_round(harness, later=30 * DAY)
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is None
    assert await harness.bot.services.connections.names(harness.guild.id) == ["default"]


@pytest.mark.parametrize("status", [403, 503])
async def test_what_is_due_is_erased_while_discord_does_not_answer(harness: BotHarness, status: int) -> None:
    """Neither the list of servers nor a single one can be had: the data goes two hours late at most."""
    await harness.connect("sensay")
    harness.env.backend.remove_guild(harness.guild.id)
    await harness.env.settle()
    harness.env.inject_error("GET", "/users/@me/guilds", status=status, code=0, times=None)
    harness.env.inject_error("GET", "/guilds/*", status=status, code=0, times=None)
    await run_hourly_round(harness, later=7 * DAY - HOUR - 60)
    assert counts(harness.database, harness.guild.id)["connection"] == 1
    await run_hourly_round(harness, later=7 * DAY)
    assert set(counts(harness.database, harness.guild.id).values()) == {0}


async def test_another_applications_token_erases_nothing(harness: BotHarness) -> None:
    """Another application knows no server of this database, which is no removal."""
    await harness.connect("sensay")
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("INSERT INTO synced_commands VALUES (7, 'abc', '{}')")
    remove(harness)
    await run_hourly_round(harness)
    assert (await harness.bot.services.connections.open(harness.guild.id, "sensay")).credentials


async def test_credentials_that_came_in_during_a_removal_go_as_well(harness: BotHarness) -> None:
    """Credentials that are stored while the bot is removed are erased in the next round."""
    await harness.connect("sensay")
    secrets = stored_secrets(harness)
    remove(harness)
    await harness.bot.services.privacy.removed(harness.guild.id)
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("UPDATE connection SET secret = ?", (secrets[0],))
    harness.bot.services.audit._store._database._scrub_from = 0  # an hour later
    await run_hourly_round(harness)
    assert stored_secrets(harness) == [b""]
    assert traces(harness.database, secrets) == []


async def test_what_is_removed_or_replaced_leaves_the_file_within_the_hour(harness: BotHarness) -> None:
    """Neither the database's log nor a free page keeps removed or replaced credentials."""
    await harness.connect("sensay")
    secrets = stored_secrets(harness)
    form = await harness.open_form("rotate", "sensay")
    await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    secrets += stored_secrets(harness)
    await harness.bot.services.connections.remove(harness.guild.id, "sensay", "default")
    await run_hourly_round(harness)
    assert traces(harness.database, secrets) == []


async def test_where_only_the_commands_were_added_nothing_is_stored(harness: BotHarness) -> None:
    """Without the bot itself, a server could not be told from one that removed the bot."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    harness.bot._connection._remove_guild(guild)
    answered = await harness.manager.slash(harness.channel, "connections add", provider="sensay")
    assert answered.modal is None
    assert harness.texts("problem.not_in_server.title") in shown(answered)


async def test_a_server_of_another_shard_is_no_removal(harness: BotHarness) -> None:
    """A server that this process does not see may be on another process's shard."""
    await harness.connect("sensay")
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    harness.bot._connection._remove_guild(guild)
    await run_hourly_round(harness)
    assert harness.bot.get_guild(harness.guild.id) is None
    assert (await harness.bot.services.connections.open(harness.guild.id, "sensay")).credentials


async def test_a_round_takes_place_once_an_hour_however_often_it_reconnects(harness: BotHarness) -> None:
    """A reconnect starts no further rounds."""
    await harness.connect("sensay")
    for _ in range(3):
        harness.bot.dispatch("ready")
    await run_hourly_round(harness)
    asked = [entry.path for entry in harness.env.http_requests if entry.path.endswith("/users/@me/guilds")]
    assert len(asked) == 1
