"""What a server's admins set for a command holds for its buttons and forms as well."""

import asyncio
import functools
import io
from collections.abc import AsyncIterator, Collection
from typing import NamedTuple

import aiohttp
import discord
import pytest
import simcord
from hypothesis import example, given, settings
from hypothesis import strategies as st
from simcord.backend import Backend
from simcord.backend.command_access import command_access
from simcord.backend.models import Channel, Role, User
from simcord.interactions import base_payload

from bot.runtime import overrides
from bot.runtime.overrides import Override, Overrides, judge
from bot.ui.components import Interaction
from tests.cogs.town import Town
from tests.runtime.test_tree import logged

COMMAND = 4_200_000_000_000_000_001
OTHER_COMMAND = 4_200_000_000_000_000_002
READ = "/applications/*/guilds/*/commands/*/permissions"
ROLE, USER, CHANNEL = 1, 2, 3

GUILD, ME, HERE, THREAD = 100, 200, 300, 301
MY_ROLES = (401, 402)
TARGETS = [
    *((ROLE, role) for role in (GUILD, *MY_ROLES, 403, ME)),
    *((USER, user) for user in (ME, 201, GUILD, MY_ROLES[0])),
    *((CHANNEL, channel) for channel in (HERE, 302, GUILD - 1, THREAD, GUILD)),
]
ENTRIES = st.fixed_dictionaries(dict.fromkeys(TARGETS, st.sampled_from([None, None, True, False]))).map(
    lambda said: [
        Override(target, kind, permission)
        for (kind, target), permission in said.items()
        if permission is not None
    ]
)
ROLES = st.sets(st.sampled_from(MY_ROLES))
allow = functools.partial(Override, permission=True)
deny = functools.partial(Override, permission=False)


class Client(discord.AutoShardedClient):
    """A bot that answers each press with what was set for a command."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            shard_count=1,
        )
        self.overrides = Overrides(self)
        self.answers: list[bool | None] = []

    async def on_interaction(self, interaction: Interaction) -> None:
        """Ask; the press tells for which command."""
        assert interaction.data is not None
        self.answers.append(await self.overrides.say(interaction, int(interaction.data["custom_id"])))  # type: ignore[typeddict-item]


class Post(NamedTuple):
    """A server, and a bot in it that can be asked."""

    env: simcord.Env
    client: Client
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    crew: simcord.RoleHandle
    member: simcord.MemberActor

    @property
    def application_id(self) -> int:
        """Under which id stands what was set for all commands."""
        return self.env.backend.application_id

    @property
    def readings(self) -> int:
        """How often Discord was asked what was set for a command or for all at once."""
        return sum(entry.path.endswith("/permissions") for entry in self.env.http_requests)

    def set_all(self, permission: bool, guild: simcord.GuildHandle | None = None) -> None:
        """Allow or deny the command to everyone."""
        guild_id = (guild or self.guild).id
        entry = {"id": str(guild_id), "type": ROLE, "permission": permission}
        self.env.backend.set_command_permissions(guild_id, COMMAND, [entry])

    def press(
        self,
        actor: simcord.MemberActor | None = None,
        channel_id: int | None = None,
        command: int = COMMAND,
    ) -> None:
        """Press a button, without waiting for anything."""
        place = channel_id or self.channel.id
        _, payload = base_payload(
            self.env.backend,
            type=discord.InteractionType.component.value,
            channel_id=place,
            guild_id=self.env.backend.get_channel(place).guild_id,
            user_id=(actor or self.member).id,
            data={"custom_id": str(command), "component_type": 2},
        )
        self.env.backend.emit("INTERACTION_CREATE", payload)

    async def ask(
        self,
        actor: simcord.MemberActor | None = None,
        channel_id: int | None = None,
        command: int = COMMAND,
    ) -> bool | None:
        """Press a button, and return what was set."""
        before = len(self.client.answers)
        self.press(actor, channel_id, command)
        await self.env.settle()
        (answer,) = self.client.answers[before:]
        return answer


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A server in which nothing was set."""
    client = Client()
    env = simcord.Env(client)
    await env.start()
    guild = env.create_guild("Harbour Ops")
    crew = guild.create_role("Crew")
    member = guild.add_member(env.create_user("noor"), roles=[crew])
    yield Post(env, client, guild, guild.create_text_channel("bridge"), crew, member)
    await env.shutdown()


class Line:
    """The line to Discord, on which requests wait until the test lets them go, or fail."""

    def __init__(self, post: Post, monkeypatch: pytest.MonkeyPatch, failure: Exception | None = None) -> None:
        self._send = post.client.http.get_application_command_permissions
        self._failure = failure
        self.held = asyncio.Event()
        monkeypatch.setattr(post.client.http, "get_application_command_permissions", self._read)

    async def _read(self, *ids: int) -> object:
        if self._failure is not None:
            raise self._failure
        try:
            return await self._send(*ids)
        finally:
            await self.held.wait()


@pytest.fixture(scope="module")
def world() -> Backend:
    """A world in which simcord judges commands."""
    world = Backend()
    world.create_guild("Harbour Ops", id=GUILD)
    world.get_guild(GUILD).roles.update({role: Role(role, "Crew") for role in MY_ROLES})
    world.users[ME] = User(ME, "noor")
    world.channels[HERE] = Channel(HERE, 0, "bridge", guild_id=GUILD)
    world.channels[THREAD] = Channel(THREAD, 11, "fog", guild_id=GUILD, parent_id=HERE)
    world.add_member(GUILD, ME)
    return world


def simcord_says(
    world: Backend,
    of_command: Collection[Override],
    of_application: Collection[Override],
    channel_id: int,
    roles: Collection[int],
) -> bool | None:
    """Return simcord's verdict: it lets in to a command that is open to all, and to one that is not."""
    world.get_guild(GUILD).members[ME].role_ids[:] = roles
    for target, entries in ((COMMAND, of_command), (world.application_id, of_application)):
        world.set_command_permissions(GUILD, target, [entry._asdict() for entry in entries])
    let_in = [
        command_access(
            world,
            {"id": str(COMMAND), "default_member_permissions": needed},
            user_id=ME,
            channel_id=channel_id,
        ).allowed
        for needed in (None, "0")
    ]
    return {(True, True): True, (True, False): None, (False, False): False}[let_in[0], let_in[1]]


# What chance may leave out: @everyone is no role like others, one role's allowing is enough, the command's
# own "all channels" goes before what the app says of this one, and the app as a whole can only deny.
@example([allow(GUILD, ROLE), deny(MY_ROLES[0], ROLE)], [], {*MY_ROLES}, HERE)
@example([allow(MY_ROLES[0], ROLE), deny(MY_ROLES[1], ROLE)], [], {*MY_ROLES}, HERE)
@example([allow(GUILD - 1, CHANNEL)], [deny(HERE, CHANNEL)], set(), HERE)
@example([], [deny(GUILD, ROLE)], set(), THREAD)
@given(ENTRIES, ENTRIES, ROLES, st.sampled_from([HERE, THREAD]))
@settings(max_examples=300)
def test_the_verdict_is_discords(
    world: Backend,
    of_command: list[Override],
    of_application: list[Override],
    roles: set[int],
    channel_id: int,
) -> None:
    """Whatever is set, a button is open to whom the command itself would be open to."""
    verdict = judge(
        of_command,
        of_application,
        guild_id=GUILD,
        channel_id=HERE,
        user_id=ME,
        role_ids=[*roles, GUILD],
    )
    assert verdict is simcord_says(world, of_command, of_application, channel_id, roles)


def test_a_channel_that_nobody_knows_is_no_channel() -> None:
    """Where an interaction does not say where it is from, what was set for all channels counts."""
    entries = [deny(GUILD - 1, CHANNEL), allow(HERE, CHANNEL)]
    assert judge(entries, [], guild_id=GUILD, channel_id=None, user_id=ME, role_ids=MY_ROLES) is False


async def test_nothing_was_set(post: Post, log: io.StringIO) -> None:
    """Discord has no list where nothing was changed: that is an answer like any other, and kept."""
    assert await post.ask() is None
    assert await post.ask() is None
    assert post.readings == 2
    assert logged(log, "overrides_not_read") == []


@pytest.mark.parametrize("permission", [True, False])
@pytest.mark.parametrize("target", ["crew", "member"])
async def test_a_member_is_known_by_name_and_role(post: Post, target: str, permission: bool) -> None:
    """What was set for a member or for one of its roles concerns that member, and nobody else."""
    post.guild.set_command_permissions(COMMAND, {getattr(post, target): permission})
    assert await post.ask() is permission
    assert await post.ask(post.guild.add_member(post.env.create_user("rui"))) is None
    assert await post.ask(command=OTHER_COMMAND) is None


async def test_a_thread_is_its_channel(post: Post) -> None:
    """What was denied in a channel is denied in its threads, also in one that the bot has not heard of."""
    post.guild.set_command_permissions(COMMAND, {post.channel: False})
    thread = post.env.backend.create_thread(post.channel.id, "fog", post.member.id)
    guild = post.client.get_guild(post.guild.id)
    assert guild is not None
    known = guild.get_thread(thread.id)
    assert known is not None
    assert [await post.ask(channel_id=place) for place in (post.channel.id, thread.id)] == [False, False]
    guild._remove_thread(known)
    assert await post.ask(channel_id=thread.id) is False
    assert await post.ask(channel_id=post.guild.create_text_channel("quay").id) is None


async def test_all_commands_at_once(post: Post) -> None:
    """What was set for the whole app denies each command, opens none, and yields to the command's own."""
    post.guild.set_command_permissions(post.application_id, {post.crew: False})
    post.guild.set_command_permissions(COMMAND, {post.crew: True})
    assert await post.ask() is True
    assert await post.ask(command=OTHER_COMMAND) is False
    post.guild.set_command_permissions(post.application_id, {post.crew: True})
    post.client.overrides.forget(post.guild.id)
    assert await post.ask(command=OTHER_COMMAND) is None


async def test_roles_of_an_unknown_server(post: Post) -> None:
    """Where only the commands were added to a server, what was set for a role still holds."""
    post.guild.set_command_permissions(COMMAND, {post.crew: True})
    guild = post.client.get_guild(post.guild.id)
    assert guild is not None
    post.client._connection._remove_guild(guild)
    assert await post.ask() is True


async def test_each_command_and_server_is_read_once(post: Post) -> None:
    """One reading serves all members, however many ask at once."""
    post.set_all(permission=False)
    elsewhere = post.env.create_guild("Elsewhere")
    foreign = elsewhere.add_member(post.env.create_user("rui"))
    quay = elsewhere.create_text_channel("quay")
    post.press()
    post.press(post.guild.add_member(post.env.create_user("mira")))
    await post.env.settle()
    assert post.client.answers == [False, False]
    assert post.readings == 2
    assert await post.ask(command=OTHER_COMMAND) is None
    assert await post.ask(foreign, quay.id) is None
    assert post.readings == 5


async def test_what_was_read_is_kept_for_five_minutes(post: Post) -> None:
    """A change that Discord did not tell of is found out after five minutes."""
    kept = post.client.overrides._kept
    assert await post.ask() is None
    post.set_all(permission=False)
    kept.expire(kept.timer() + 290)
    assert await post.ask() is None
    kept.expire(kept.timer() + 300)
    assert await post.ask() is False


async def test_what_is_forgotten_is_read_anew(post: Post) -> None:
    """To forget one server changes nothing for another, nor where nothing is known."""
    elsewhere = post.env.create_guild("Elsewhere")
    foreign = elsewhere.add_member(post.env.create_user("rui"))
    quay = elsewhere.create_text_channel("quay")
    post.client.overrides.forget(post.guild.id)
    assert [await post.ask(), await post.ask(foreign, quay.id)] == [None, None]
    post.set_all(permission=False)
    post.set_all(permission=False, guild=elsewhere)
    post.client.overrides.forget(post.guild.id)
    assert [await post.ask(), await post.ask(foreign, quay.id)] == [False, None]


async def test_what_changes_while_it_is_read(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer from before the change serves those who waited for it, and nobody after."""
    line = Line(post, monkeypatch)
    post.press()
    await asyncio.sleep(0.01)
    post.set_all(permission=False)
    post.client.overrides.forget(post.guild.id)
    line.held.set()
    post.press()
    await post.env.settle()
    assert sorted(post.client.answers, key=str) == [False, None]
    assert await post.ask() is False
    assert post.readings == 4


@pytest.mark.parametrize(("status", "code"), [(403, 50001), (404, 10063), (429, 0), (503, 0)])
async def test_a_refusal_says_nothing(post: Post, log: io.StringIO, status: int, code: int) -> None:
    """What Discord does not tell is logged for all who wait together, and asked for again by the next."""
    post.set_all(permission=False)
    post.env.inject_error("GET", READ, status=status, code=code, message="no", times=2)
    post.press()
    post.press()
    await post.env.settle()
    assert post.client.answers == [None, None]
    lines = logged(log, "overrides_not_read")
    assert [(line["guild"], line["code"]) for line in lines] == [(post.guild.id, code)] * 2
    assert await post.ask() is False


@pytest.mark.parametrize("failure", [aiohttp.ServerDisconnectedError(), ConnectionResetError()])
async def test_a_broken_line_says_nothing(
    post: Post, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """A connection that breaks is no answer, and the log says what broke it."""
    Line(post, monkeypatch, failure)
    assert await post.ask() is None
    assert {line["error"] for line in logged(log, "overrides_not_read")} == {type(failure).__name__}


async def test_nobody_waits_for_a_slow_answer(
    post: Post, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When patience is over, the press goes on without an answer, and the next one asks anew."""
    post.set_all(permission=False)
    line = Line(post, monkeypatch)
    with monkeypatch.context() as hurry:
        hurry.setattr(overrides, "_PATIENCE", 0)
        assert await post.ask() is None
    assert {line["error"] for line in logged(log, "overrides_not_read")} == {"TimeoutError"}
    line.held.set()
    assert await post.ask() is False


async def test_who_gives_up_takes_no_answer_away(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of one press is not the end of the reading that another one waits for."""
    post.set_all(permission=False)
    line = Line(post, monkeypatch)
    before = asyncio.all_tasks()
    post.press()
    (first,) = asyncio.all_tasks() - before
    post.press()
    await asyncio.sleep(0.01)
    first.cancel()
    line.held.set()
    await post.env.settle()
    assert post.client.answers == [False]
    assert post.readings == 2


async def test_discord_tells_of_changes(town: Town) -> None:
    """A change in Server Settings counts from the next press on."""
    town.bot.overrides._kept[town.guild.id] = {}
    payload = {
        "id": str(COMMAND),
        "application_id": str(town.env.backend.application_id),
        "guild_id": str(town.guild.id),
        "permissions": [{"id": str(target), "type": kind, "permission": False} for kind, target in TARGETS],
    }
    town.env.backend.emit("APPLICATION_COMMAND_PERMISSIONS_UPDATE", payload)
    await town.env.settle()
    assert town.guild.id not in town.bot.overrides._kept
