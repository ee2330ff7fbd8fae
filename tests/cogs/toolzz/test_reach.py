"""What the status says of other channels than text channels, and of a bot that is kept from writing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import discord
import pytest
import simcord
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.discord.access.agent_bots import PORTAL
from bot.discord.theme import Tone, when
from bot.features.lookups.service import KnownAgent
from bot.features.monitoring.access import Access, AccessKind
from bot.i18n.catalog import LOCALES
from bot.providers.toolzz.models import Integration
from cogs.toolzz.snapshot import IntegrationSnapshot
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, shown
from tests.support.ids import OLD_ID
from tests.support.toolzz_agent import add_agent_bot, change, look_at, look_closely, press
from tests.support.toolzz_steps import move_here

HERE: Final = "preflight.here"
PRIVATE: Final = 12
HIDDEN: Final = 1188765432109876598
DENIED: Final = discord.PermissionOverwrite(
    send_messages=False, send_messages_in_threads=False, connect=False
)


@pytest.fixture
async def agent(harness: BotHarness) -> simcord.MemberActor:
    """The bot of an integration that runs in this server, with everybody's permissions."""
    await harness.connect("toolzz")
    bot = add_agent_bot(harness)
    move_here(harness)
    return bot


async def channel_lines(harness: BotHarness, *ids: object) -> list[str]:
    """Return what the page of the channels says of each."""
    change(harness, channelIds=list(map(str, ids)), channelsDetail=[])
    asked = await look_at(harness)
    await press(harness, asked, harness.texts("toolzz.channels.button"))
    return (embed_of(asked).description or "").splitlines()[-len(ids) :]


def thread_in(harness: BotHarness, **changes: Any) -> int:  # noqa: ANN401 - simcord's own
    """Create a thread in the server's channel and change it; return its id."""
    kind = changes.pop("type", 11)
    backend = harness.env.backend
    thread = backend.create_thread(harness.channel.id, "desk", harness.manager.id, type=kind)
    if changes:
        backend.edit_channel(thread.id, {}, thread_metadata=changes)
    return thread.id


def lookups(harness: BotHarness, channel_id: int) -> int:
    """Return how often Discord was asked for a channel."""
    return sum(entry.path == f"/channels/{channel_id}" for entry in harness.env.http_requests)


# --- kinds of channels ---

KINDS: Final[dict[str, tuple[Callable[[simcord.GuildHandle], simcord.ChannelHandle], str]]] = {
    "voice": (lambda guild: guild.create_voice_channel("radio"), "usable_here"),
    "stage": (lambda guild: guild.create_stage_channel("hall"), "usable_here"),
    "forum": (lambda guild: guild.create_forum_channel("questions"), "usable_in_posts"),
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
async def test_a_bot_can_answer_in_other_channels_too(
    harness: BotHarness, agent: simcord.MemberActor, kind: str, locale: str
) -> None:
    """Voice and stage chats are judged like text channels, and a forum is called one."""
    harness.locale = locale
    create, key = KINDS[kind]
    there = create(harness.guild).id
    (line,) = await channel_lines(harness, there)
    assert (
        line
        == f"✅ <#{there}> · {harness.texts(f'toolzz.kind.{kind}')}: {harness.texts(f'toolzz.reach.{key}')}"
    )


MISSING: Final = {
    "voice": "**Connect**, **Send Messages**",
    "stage": "**Connect**, **Send Messages**",
    "forum": "**Send Messages in Threads**",
}


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_missing_there_is_named(
    harness: BotHarness, agent: simcord.MemberActor, kind: str
) -> None:
    """In a voice chat it takes Connect as well, and in a forum the permission to send in threads."""
    there = KINDS[kind][0](harness.guild)
    allow, deny = DENIED.pair()
    overwrite = Overwrite(harness.guild.id, OverwriteType.ROLE, allow.value, deny.value)
    harness.env.backend.set_overwrite(there.id, overwrite)
    (line,) = await channel_lines(harness, there.id)
    missing = harness.texts("toolzz.reach.lacking", permissions=MISSING[kind], bot=f"<@{agent.id}>")
    assert line == f"❌ <#{there.id}> · {harness.texts(f'toolzz.kind.{kind}')}: {missing}"


# --- channels that are not in our cache ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_is_not_in_the_cache_is_told_apart(
    harness: BotHarness, agent: simcord.MemberActor, locale: str
) -> None:
    """An archived thread, a hidden channel, a deleted one and another server's have four texts; Discord is
    asked once about each, and another server's channel is not named.
    """
    harness.locale = locale
    archived = thread_in(harness, archived=True)
    harness.env.inject_error("GET", f"/channels/{HIDDEN}", status=403, code=50001, times=None)
    elsewhere = harness.other_guild().channel
    ids = (archived, HIDDEN, HIDDEN + 1, elsewhere.id)
    for _ in range(2):
        assert await channel_lines(harness, *ids) == [
            f"✅ <#{archived}>: {harness.texts('toolzz.reach.archived')}",
            f"❔ `{HIDDEN}`: {harness.texts('toolzz.reach.hidden')}",
            f"❌ `{HIDDEN + 1}`: {harness.texts('toolzz.reach.deleted')}",
            f"❌ `{elsewhere.id}`: {harness.texts('toolzz.reach.elsewhere')}",
        ]
    assert [lookups(harness, each) for each in ids] == [1, 1, 1, 1]
    assert "quay" not in shown(await look_at(harness))


async def test_a_thread_is_judged_by_what_it_is(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """A locked thread is closed to the bot unless it may manage threads, archived or not."""
    ids = [thread_in(harness, locked=True), thread_in(harness, locked=True, archived=True)]
    locked = harness.texts("toolzz.reach.locked")
    assert await channel_lines(harness, *ids) == [f"❌ <#{each}>: {locked}" for each in ids]
    private = thread_in(harness, type=PRIVATE, archived=True)
    assert await channel_lines(harness, private) == [
        f"❔ <#{private}>: {harness.texts('toolzz.reach.private')}"
    ]
    keeper = harness.guild.create_role("Keepers", permissions=discord.Permissions(manage_threads=True))
    add_agent_bot(harness, roles=[keeper])
    first, second = await channel_lines(harness, *ids)
    assert first == f"✅ <#{ids[0]}>: {harness.texts('toolzz.reach.usable_here')}"
    assert second == f"✅ <#{ids[1]}>: {harness.texts('toolzz.reach.archived')}"


async def test_a_thread_that_is_opened_again_is_found(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """What Discord said of a thread is forgotten when the thread changes."""
    thread = thread_in(harness, archived=True, locked=True)
    assert "🔒" not in (await channel_lines(harness, thread))[0]
    harness.env.backend.edit_channel(thread, {}, thread_metadata={"locked": False})
    await harness.env.settle()
    assert await channel_lines(harness, thread) == [
        f"✅ <#{thread}>: {harness.texts('toolzz.reach.archived')}"
    ]
    assert lookups(harness, thread) == 2


async def test_a_failure_leaves_it_open(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """If Discord does not say what a channel is, nobody has to change anything."""
    harness.env.inject_error("GET", f"/channels/{HIDDEN}", status=500, times=None)
    assert await channel_lines(harness, HIDDEN) == [f"❔ `{HIDDEN}`: {harness.texts('toolzz.reach.unknown')}"]


# --- a bot that is kept from writing ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_timeout_is_named(harness: BotHarness, agent: simcord.MemberActor, locale: str) -> None:
    """A bot that is timed out is shown as such, with the end; no permission is asked for."""
    harness.locale = locale
    texts, until = harness.texts, harness.env.now() + timedelta(hours=2)
    harness.env.backend.get_member(harness.guild.id, agent.id).timed_out_until = until.isoformat()
    result = await look_at(harness)
    assert texts("state.why.timed_out", time=when(until, exact=True)) in shown(result)
    member, timed_out, count = field(await look_closely(harness), texts(HERE)).splitlines()
    assert member == texts("preflight.member")
    assert timed_out == texts("preflight.timed_out", time=when(until, exact=True))
    assert count.startswith("⚠️ **0")
    assert field(result, texts("next_step")) == texts("toolzz.next.timed_out")
    assert (embed_of(result).title or "").startswith("⛔")
    assert embed_of(result).colour == discord.Colour(Tone.BAD.colour)
    assert "permission" not in shown(result)
    (line,) = await channel_lines(harness, harness.channel.id)
    assert line == f"❌ <#{harness.channel.id}>: {texts('toolzz.reach.timed_out')}"
    found = await press(harness, await look_at(harness), texts("toolzz.diagnose.button"))
    assert texts("toolzz.check.bot.timed_out", time=when(until, exact=True)) in shown(found)
    assert texts("toolzz.next.timed_out") in shown(found)


async def test_a_timeout_does_not_stop_an_administrator(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """Discord lets administrators write in spite of a timeout, and so a timeout that is over is none."""
    root = harness.guild.create_role("Root", permissions=discord.Permissions(administrator=True))
    admin = add_agent_bot(harness, roles=[root])
    until = harness.env.now() + timedelta(hours=2)
    harness.env.backend.get_member(harness.guild.id, admin.id).timed_out_until = until.isoformat()
    assert field(await look_closely(harness), harness.texts(HERE)).splitlines()[1].startswith("✅ **1 of 1")
    over = harness.env.now() - timedelta(seconds=1)
    bot = add_agent_bot(harness)
    harness.env.backend.get_member(harness.guild.id, bot.id).timed_out_until = over.isoformat()
    assert field(await look_closely(harness), harness.texts(HERE)).splitlines()[1].startswith("✅ **1 of 1")


# --- which bot it is ---


async def test_an_older_application_is_not_its_bot(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """Of an old application's id nothing is concluded about a member, and the answer says why."""
    change(harness, botClientId=str(OLD_ID))
    result = await look_at(harness)
    assert harness.texts("toolzz.reach.old_id") in shown(result)
    assert not [entry for entry in harness.env.http_requests if str(OLD_ID) in entry.path]
    assert embed_of(result).colour == discord.Colour(Tone.GOOD.colour)
    found = await press(harness, result, "Diagnose")
    assert harness.texts("toolzz.check.bot.old_id") in shown(found)
    harness.locale = PORTUGUESE
    assert field(await look_closely(harness), "Neste servidor") == harness.texts("toolzz.reach.old_id")


async def test_an_older_bot_is_known_from_our_record(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """The bot that this server connected is looked for; its application, which Toolzz reports, is invited."""
    opened = await harness.bot.services.connections.open(harness.guild.id, "toolzz")
    record = harness.bot.services.integrations.record
    integration = harness.toolzz.CONNECTED
    await record(opened, integration, "x", bot_id=OLD_ID + 1, member_id=harness.manager.id)
    change(harness, botClientId=str(OLD_ID))
    lines = field(await look_closely(harness), harness.texts(HERE)).splitlines()
    assert lines[0] == harness.texts("preflight.not_member")
    assert f"client_id={OLD_ID}&" in lines[1]
    change(harness, botClientId=None)
    lines = field(await look_closely(harness), harness.texts(HERE)).splitlines()
    by_hand = harness.texts("preflight.invite_by_hand", portal=PORTAL)
    assert lines[:2] == [harness.texts("preflight.not_member"), by_hand]
    assert field(await look_at(harness), harness.texts("next_step")) == by_hand
    await record(opened, integration, "x", bot_id=OLD_ID, member_id=harness.manager.id)
    change(harness, botClientId=str(OLD_ID))
    assert field(await look_closely(harness), harness.texts(HERE)) == harness.texts("toolzz.reach.old_id")


def test_a_snapshot_says_what_the_checks_say() -> None:
    """An integration of another server runs elsewhere, and of a deleted one nothing is said."""
    report = Integration.model_validate({"id": "x", "guildId": "1"})
    assert IntegrationSnapshot(report, 2, None, KnownAgent(), has_unit=True).access_here == Access(
        AccessKind.ELSEWHERE
    )
    deleted = Integration.model_validate({"id": "x", "deletedAt": "2026-10-02 17:45:30"})
    assert IntegrationSnapshot(deleted, 1, None, KnownAgent(), has_unit=True).access_here is None
