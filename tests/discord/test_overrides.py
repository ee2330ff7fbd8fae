"""What a server's admins set for a command applies to its buttons and forms as well."""

import asyncio
import functools
import io
import math
from collections.abc import AsyncIterator, Collection
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import simcord
from hypothesis import example, given, settings
from hypothesis import strategies as st
from simcord.backend import Backend
from simcord.backend.command_access import command_access
from simcord.backend.models import Channel, Role, User

from bot.discord.overrides import DEADLINE, Override, Overrides, _Kept, judge
from bot.errors import DiscordSilentError
from tests.support.harness import BotHarness
from tests.support.log_capture import log_lines
from tests.support.override_server import (
    CHANNEL,
    COMMAND,
    OTHER_COMMAND,
    ROLE,
    USER,
    Client,
    HeldRequests,
    Server,
)
from tests.support.waiting import until

READ = "/applications/*/guilds/*/commands/permissions"
SILENT = "discord_silent"

GUILD, ME, HERE, THREAD = 100, 200, 300, 301
MY_ROLES = (401, 402)
TARGETS = [
    *((ROLE, role) for role in (GUILD, *MY_ROLES, 403, ME)),
    *((USER, user) for user in (ME, 201, GUILD, MY_ROLES[0])),
    *((CHANNEL, channel) for channel in (HERE, 302, GUILD - 1, THREAD, GUILD)),
]
ENTRIES = st.fixed_dictionaries(dict.fromkeys(TARGETS, st.sampled_from([None, None, True, False]))).map(
    lambda found: [
        Override(target, kind, permission)
        for (kind, target), permission in found.items()
        if permission is not None
    ]
)
ROLES = st.sets(st.sampled_from(MY_ROLES))
allow = functools.partial(Override, permission=True)
deny = functools.partial(Override, permission=False)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A server in which nothing was set."""
    client = Client()
    env = simcord.Env(client)
    await env.start()
    guild = env.create_guild("Harbour Ops")
    crew = guild.create_role("Crew")
    member = guild.add_member(env.create_user("noor"), roles=[crew])
    yield Server(env, client, guild, guild.create_text_channel("bridge"), crew, member)
    await env.shutdown()


@pytest.fixture(scope="module")
def world() -> Backend:
    """A simulated Discord that decides who may run commands."""
    world = Backend()
    world.create_guild("Harbour Ops", id=GUILD)
    world.get_guild(GUILD).roles.update({role: Role(role, "Crew") for role in MY_ROLES})
    world.users[ME] = User(ME, "noor")
    world.channels[HERE] = Channel(HERE, 0, "bridge", guild_id=GUILD)
    world.channels[THREAD] = Channel(THREAD, 11, "fog", guild_id=GUILD, parent_id=HERE)
    world.add_member(GUILD, ME)
    return world


def simcord_decides(
    world: Backend,
    of_command: Collection[Override],
    of_application: Collection[Override],
    channel_id: int,
    roles: Collection[int],
) -> bool | None:
    """Return simcord's decision, from whether it admits to a command that is open to all and to one that is
    not.
    """
    world.get_guild(GUILD).members[ME].role_ids[:] = roles
    for target, entries in ((COMMAND, of_command), (world.application_id, of_application)):
        world.set_command_permissions(GUILD, target, [entry._asdict() for entry in entries])
    admitted = [
        command_access(
            world,
            {"id": str(COMMAND), "default_member_permissions": needed},
            user_id=ME,
            channel_id=channel_id,
        ).allowed
        for needed in (None, "0")
    ]
    return {(True, True): True, (True, False): None, (False, False): False}[admitted[0], admitted[1]]


# Cases that random examples may miss: @everyone is weaker than other roles, one role that allows is enough,
# the command's own "all channels" is stronger than the application's channel, and the application can only
# deny.
@example([allow(GUILD, ROLE), deny(MY_ROLES[0], ROLE)], [], {*MY_ROLES}, HERE)
@example([allow(MY_ROLES[0], ROLE), deny(MY_ROLES[1], ROLE)], [], {*MY_ROLES}, HERE)
@example([allow(GUILD - 1, CHANNEL)], [deny(HERE, CHANNEL)], set(), HERE)
@example([], [deny(GUILD, ROLE)], set(), THREAD)
@given(ENTRIES, ENTRIES, ROLES, st.sampled_from([HERE, THREAD]))
@settings(max_examples=300)
def test_the_decision_is_discords(
    world: Backend,
    of_command: list[Override],
    of_application: list[Override],
    roles: set[int],
    channel_id: int,
) -> None:
    """Whatever is set, a button is open to exactly those to whom Discord opens the command."""
    verdict = judge(
        of_command,
        of_application,
        guild_id=GUILD,
        channel_id=HERE,
        user_id=ME,
        role_ids=[*roles, GUILD],
    )
    assert verdict is simcord_decides(world, of_command, of_application, channel_id, roles)


def test_a_channel_that_nobody_knows_is_no_channel() -> None:
    """Where the channel of an interaction is unknown, the overrides for all channels apply."""
    entries = [deny(GUILD - 1, CHANNEL), allow(HERE, CHANNEL)]
    assert judge(entries, [], guild_id=GUILD, channel_id=None, user_id=ME, role_ids=MY_ROLES) is False


async def test_nothing_was_set(server: Server, log: io.StringIO) -> None:
    """An empty list is kept like any other, and so is the error that one command's route would answer."""
    server.env.inject_error("GET", READ, status=404, code=10066)
    assert await server.ask() is None
    assert await server.ask() is None
    assert server.readings == 1
    assert log_lines(log, "overrides_not_read") == []


@pytest.mark.parametrize("permission", [True, False])
@pytest.mark.parametrize("target", ["crew", "member"])
async def test_an_override_is_for_a_member_or_a_role(server: Server, target: str, permission: bool) -> None:
    """An override for a member or for one of the member's roles applies to that member and to nobody else."""
    server.guild.set_command_permissions(COMMAND, {getattr(server, target): permission})
    assert await server.ask() is permission
    assert await server.ask(server.guild.add_member(server.env.create_user("rui"))) is None
    assert await server.ask(command=OTHER_COMMAND) is None


async def test_a_thread_is_its_channel(server: Server) -> None:
    """What is denied in a channel is denied in its threads, also in a thread that the bot does not know."""
    server.guild.set_command_permissions(COMMAND, {server.channel: False})
    thread = server.env.backend.create_thread(server.channel.id, "fog", server.member.id)
    guild = server.client.get_guild(server.guild.id)
    assert guild is not None
    known = guild.get_thread(thread.id)
    assert known is not None
    assert [await server.ask(channel_id=place) for place in (server.channel.id, thread.id)] == [False, False]
    guild._remove_thread(known)
    assert await server.ask(channel_id=thread.id) is False
    assert await server.ask(channel_id=server.guild.create_text_channel("quay").id) is None


async def test_all_commands_at_once(server: Server) -> None:
    """An override for all commands denies each command, opens none, and is weaker than the command's own."""
    server.guild.set_command_permissions(server.application_id, {server.crew: False})
    server.guild.set_command_permissions(COMMAND, {server.crew: True})
    assert await server.ask() is True
    assert await server.ask(command=OTHER_COMMAND) is False
    server.guild.set_command_permissions(server.application_id, {server.crew: True})
    server.client.overrides.change(server.guild.id, {})
    assert await server.ask(command=OTHER_COMMAND) is None


async def test_roles_of_an_unknown_server(server: Server) -> None:
    """Where only the commands were added to a server, overrides for roles apply too."""
    server.guild.set_command_permissions(COMMAND, {server.crew: True})
    guild = server.client.get_guild(server.guild.id)
    assert guild is not None
    server.client._connection._remove_guild(guild)
    assert await server.ask() is True


async def test_each_server_is_read_once(server: Server) -> None:
    """One request serves all commands and all members, however many press at once."""
    server.set_all(permission=False)
    elsewhere = server.env.create_guild("Elsewhere")
    foreign = elsewhere.add_member(server.env.create_user("rui"))
    quay = elsewhere.create_text_channel("quay")
    server.press()
    server.press(server.guild.add_member(server.env.create_user("mira")))
    await server.env.settle()
    assert server.client.answers == [False, False]
    assert server.readings == 1
    assert await server.ask(command=OTHER_COMMAND) is None
    assert await server.ask(foreign, quay.id) is None
    assert server.readings == 2


async def test_what_was_read_is_fresh_for_five_minutes(server: Server) -> None:
    """A change of which Discord sent no event is found after five minutes."""
    assert await server.ask() is None
    server.set_all(permission=False)
    await server.env.advance_time(290)
    assert await server.ask() is None
    await server.env.advance_time(11)
    assert await server.ask() is False


async def test_what_is_forgotten_is_read_anew(server: Server) -> None:
    """Forgetting one server changes nothing for another, and does nothing where nothing is kept."""
    elsewhere = server.env.create_guild("Elsewhere")
    foreign = elsewhere.add_member(server.env.create_user("rui"))
    quay = elsewhere.create_text_channel("quay")
    server.client.overrides.change(server.guild.id, {})
    assert [await server.ask(), await server.ask(foreign, quay.id)] == [None, None]
    server.set_all(permission=False)
    server.set_all(permission=False, guild=elsewhere)
    server.client.overrides.change(server.guild.id, {})
    assert [await server.ask(), await server.ask(foreign, quay.id)] == [False, None]


async def test_what_changes_while_it_is_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer from before a change is used only by those who already waited for it."""
    requests = HeldRequests(server, monkeypatch)
    server.press()
    await until(lambda: requests.held == 1)
    server.set_all(permission=False)
    server.client.overrides.change(server.guild.id, {})
    requests.released.set()
    server.press()
    await server.env.settle()
    assert sorted(server.client.answers, key=str) == [False, None]
    assert await server.ask() is False
    assert server.readings == 2


@pytest.mark.parametrize(
    ("status", "code"), [(403, 50001), (404, 10063), (404, 0), (429, 0), (503, 0)], ids=str
)
async def test_what_is_not_known_is_said(server: Server, log: io.StringIO, status: int, code: int) -> None:
    """A refusal is logged once, and asked again only after half a minute, however many press meanwhile."""
    server.set_all(permission=False)
    server.env.inject_error("GET", READ, status=status, code=code, message="no")
    server.press()
    server.press()
    await server.env.settle()
    assert await server.ask() == SILENT
    assert server.client.answers == [SILENT] * 3
    assert [(line["guild"], line["code"]) for line in log_lines(log, "overrides_not_read")] == [
        (server.guild.id, code)
    ]
    readings = server.readings
    await server.env.advance_time(31)
    assert await server.ask() is False
    assert server.readings == readings + 1


@pytest.mark.parametrize("permission", [True, False])
async def test_the_last_answer_counts_when_it_is_stale(server: Server, permission: bool) -> None:
    """A denial, or a permission, holds after its five minutes for as long as Discord does not answer."""
    server.set_all(permission=permission)
    assert await server.ask() is permission
    server.env.inject_error("GET", READ, status=503, times=None)
    for seconds in (301, 3600, 86400):
        await server.env.advance_time(seconds)
        assert await server.ask() is permission


@pytest.mark.parametrize("permission", [True, False])
async def test_a_change_counts_as_it_was_told(server: Server, permission: bool) -> None:
    """Until Discord answers again, the event's own overrides count, and what else was denied stays denied."""
    server.set_all(permission=not permission)
    server.guild.set_command_permissions(OTHER_COMMAND, {server.member: False})
    assert [await server.ask(), await server.ask(command=OTHER_COMMAND)] == [not permission, False]
    server.env.inject_error("GET", READ, status=503, times=None)
    told = Override(server.guild.id, ROLE, permission)
    server.client.overrides.change(server.guild.id, {COMMAND: [told]})
    assert [await server.ask(), await server.ask(command=OTHER_COMMAND)] == [permission, False]
    server.env.backend.faults.clear()
    server.client.overrides.change(server.guild.id, {COMMAND: [told]})
    assert await server.ask() is not permission


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (aiohttp.ServerDisconnectedError(), "broken"),
        (ConnectionRefusedError(), "refused"),
        (TypeError(), "TypeError"),
    ],
)
async def test_a_broken_answer_decides_nothing(
    server: Server, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, failure: Exception, word: str
) -> None:
    """A connection that breaks or an answer of another shape decides nothing, and the log names the error."""
    HeldRequests(server, monkeypatch, failure)
    assert await server.ask() == SILENT
    assert {line["error"] for line in log_lines(log, "overrides_not_read")} == {word}


async def test_nobody_waits_for_a_slow_answer() -> None:
    """After the deadline the press goes on, and does not wait again for whatever else it asks; the answer
    counts for the next one, without a second request.
    """
    released, readings = asyncio.Event(), 0

    async def read(*_: int) -> list[dict[str, object]]:
        nonlocal readings
        readings += 1
        await released.wait()
        entry = {"id": str(GUILD), "type": ROLE, "permission": False}
        return [{"id": str(COMMAND), "permissions": [entry]}]

    http = SimpleNamespace(get_guild_application_command_permissions=read)

    def press() -> Any:  # noqa: ANN401 - discord.py's
        return SimpleNamespace(
            guild_id=GUILD,
            application_id=1,
            channel=None,
            channel_id=HERE,
            extras={},
            user=SimpleNamespace(id=ME),
            client=SimpleNamespace(http=http),
        )

    overrides = Overrides(deadline=0.01)
    for asked in (press(), press()):
        with pytest.raises(DiscordSilentError):
            await overrides.decide(asked, COMMAND)
    overrides.deadline = 3600
    with pytest.raises(DiscordSilentError):
        await overrides.decide(asked, COMMAND)
    released.set()
    overrides.deadline = DEADLINE
    assert await overrides.decide(press(), COMMAND) is False
    assert readings == 1


async def test_a_cancelled_press_leaves_the_reading_to_others(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If one press is cancelled, another one still gets what both waited for."""
    server.set_all(permission=False)
    requests = HeldRequests(server, monkeypatch)
    before = asyncio.all_tasks()
    server.press()
    (first,) = asyncio.all_tasks() - before
    server.press()
    await until(lambda: requests.held == 1)
    first.cancel()
    requests.released.set()
    await server.env.settle()
    assert server.client.answers == [False]
    assert server.readings == 1


async def test_a_change_makes_the_bot_read_again(harness: BotHarness) -> None:
    """What Discord's event tells of a command replaces what was known of it; all is read again."""
    overrides = harness.bot.services.guard._overrides
    denied = {OTHER_COMMAND: (deny(ME, USER),)}
    overrides._kept[harness.guild.id] = _Kept(denied, fresh_until=math.inf, retry_at=math.inf)
    payload = {
        "id": str(COMMAND),
        "application_id": str(harness.env.backend.application_id),
        "guild_id": str(harness.guild.id),
        "permissions": [{"id": str(target), "type": kind, "permission": False} for kind, target in TARGETS],
    }
    harness.env.backend.emit("APPLICATION_COMMAND_PERMISSIONS_UPDATE", payload)
    await harness.env.settle()
    kept = overrides._kept[harness.guild.id]
    told = tuple(Override(target, kind, permission=False) for kind, target in TARGETS)
    assert kept == _Kept({**denied, COMMAND: told})
