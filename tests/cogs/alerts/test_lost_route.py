"""Who is told that alerts reach nobody: the managers where only they read, or else one member in private."""

import sqlite3
from contextlib import closing
from typing import Any

import discord
import pytest
import simcord

from bot.features.access.tier import Tier
from bot.features.alerts.service import RouteSettings
from cogs.alerts.lost_route import report_lost_route
from tests.support.alert_steps import DOWN, connect_toolzz, embed_messages, record_checks
from tests.support.harness import BotHarness
from tests.support.posting_steps import managers_channel

COMMUNITY = ["_public_updates_channel_id", "_safety_alerts_channel_id"]


@pytest.fixture
async def lost(harness: BotHarness) -> simcord.ChannelHandle:
    """Connect a provider, send alerts to a channel that only managers see, and have Discord refuse them."""
    await connect_toolzz(harness)
    channel = managers_channel(harness, "alerts")
    await harness.bot.services.alerts.set_route(
        harness.guild.id, channel.id, RouteSettings(), member_id=harness.manager.id
    )
    path = f"/channels/{channel.id}/messages"
    harness.env.inject_error("POST", path, status=403, code=50001, times=None)
    own(harness, harness.member)
    return channel


def own(harness: BotHarness, owner: simcord.MemberActor) -> None:
    """Make a member the server's owner."""
    harness.env.backend.get_guild(harness.guild.id).owner_id = owner.id
    cached(harness).owner_id = owner.id


def cached(harness: BotHarness) -> discord.Guild:
    """Return the server as the bot knows it."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    return guild


def seen_by(harness: BotHarness, *targets: Any, name: str = "team") -> simcord.ChannelHandle:  # noqa: ANN401 - handles of several kinds
    """Create a channel that these roles and members see, besides administrators and the bot."""
    overwrites: Any = {
        harness.guild.default_role: discord.PermissionOverwrite(view_channel=False),
        harness.bot.user: discord.PermissionOverwrite(view_channel=True),
        **dict.fromkeys(targets, discord.PermissionOverwrite(view_channel=True)),
    }
    return harness.guild.create_text_channel(name, overwrites=overwrites)


async def told(harness: BotHarness) -> list[int]:
    """Let an alert be refused, and return the ids of the channels in which that is told."""
    await record_checks(harness, DOWN)
    await harness.env.advance_time(60)
    title = f"⚠️ {harness.texts('alerts.lost.title')}"
    backend = harness.env.backend
    places = [simcord.ChannelHandle(harness.env, harness.guild, each) for each in backend.channels.values()]
    return [
        place.id for place in places if any(title == each.embeds[0].title for each in embed_messages(place))
    ]


async def refuse(harness: BotHarness, channel: simcord.ChannelHandle) -> None:
    """Have Discord refuse what the bot sends to a channel."""
    path = f"/channels/{channel.id}/messages"
    harness.env.inject_error("POST", path, status=403, code=50013, times=None)


@pytest.mark.parametrize("kind", COMMUNITY)
@pytest.mark.parametrize(
    "permission", ["manage_guild", "moderate_members", "kick_members", "ban_members", "manage_messages"]
)
async def test_a_community_s_moderators_come_first(
    harness: BotHarness, lost: simcord.ChannelHandle, kind: str, permission: str
) -> None:
    """The channel in which Discord itself tells them something, though others than managers see it."""
    managers_channel(harness)
    moderators = harness.guild.create_role(
        "Moderators", permissions=discord.Permissions(**{permission: True})
    )
    updates = seen_by(harness, moderators, name="moderators-only")
    setattr(cached(harness), kind, updates.id)
    assert await told(harness) == [updates.id]


@pytest.mark.parametrize("kind", COMMUNITY)
@pytest.mark.parametrize("who", ["role", "member"])
async def test_a_community_s_channel_that_others_see_is_left_out(
    harness: BotHarness, lost: simcord.ChannelHandle, kind: str, who: str
) -> None:
    """Behind a gate, all that were let in have a role; a member with access of their own may be anybody."""
    moderators = harness.guild.create_role("Moderators", permissions=discord.Permissions(ban_members=True))
    if who == "role":
        other: Any = harness.guild.create_role("Verified")
    else:
        other = harness.guild.add_member(harness.env.create_user("gus"))
    setattr(cached(harness), kind, seen_by(harness, moderators, other, name="announcements").id)
    office = managers_channel(harness)
    assert await told(harness) == [office.id]


@pytest.mark.parametrize("kind", [*COMMUNITY, "_system_channel_id"])
async def test_nothing_is_told_where_everyone_reads(
    harness: BotHarness, lost: simcord.ChannelHandle, kind: str
) -> None:
    """Neither in a public channel for updates nor where new members are welcomed."""
    setattr(cached(harness), kind, harness.guild.create_text_channel("public").id)
    assert await told(harness) == [harness.manager.user.dm_channel.id]


async def test_the_topmost_channel_of_the_managers_comes_next(
    harness: BotHarness, lost: simcord.ChannelHandle
) -> None:
    """Roles with Manage Server and the owner may see it. A lost or closed one is left out."""
    managers = harness.guild.create_role("Leads", permissions=discord.Permissions(manage_guild=True))
    managers_channel(harness, "mute", embed_links=False)
    office = seen_by(harness, managers, harness.member)
    managers_channel(harness, "second")
    assert await told(harness) == [office.id]


async def test_a_channel_that_others_see_is_not_for_the_managers(
    harness: BotHarness, lost: simcord.ChannelHandle
) -> None:
    """One role without Manage Server, or one member who may be anybody, is enough to leave it out."""
    seen_by(harness, harness.guild.create_role("Guests"))
    seen_by(harness, harness.guild.add_member(harness.env.create_user("gus")))
    assert await told(harness) == [harness.manager.user.dm_channel.id]


async def test_who_set_the_route_is_told_in_private(harness: BotHarness, lost: simcord.ChannelHandle) -> None:
    """The same holds where the managers' channel refuses."""
    await refuse(harness, managers_channel(harness))
    assert await told(harness) == [harness.manager.user.dm_channel.id]
    (private,) = embed_messages(harness.manager.user.dm_channel)
    assert harness.guild.name in (private.embeds[0].description or "")


@pytest.mark.parametrize("why", ["left", "closed"])
async def test_the_owner_comes_last(harness: BotHarness, lost: simcord.ChannelHandle, why: str) -> None:
    """A member who has left the server is told nothing of it; one who takes no messages cannot be told."""
    if why == "left":
        harness.guild.remove_member(harness.manager)
    else:
        private = harness.env.backend.get_dm_channel(harness.manager.id)
        path = f"/channels/{private.id}/messages"
        harness.env.inject_error("POST", path, status=403, code=50007, times=None)
    assert await told(harness) == [harness.member.user.dm_channel.id]


async def test_nobody_may_be_there_to_be_told(harness: BotHarness, lost: simcord.ChannelHandle) -> None:
    """The owner who set the route is asked once, and the result is that nobody was told."""
    own(harness, harness.manager)
    private = harness.env.backend.get_dm_channel(harness.manager.id)
    path = f"/channels/{private.id}/messages"
    harness.env.inject_error("POST", path, status=403, code=50007, times=None)
    assert await told(harness) == []
    assert len([each for each in harness.env.http_requests if each.path == path]) == 1
    route = await harness.bot.services.alerts.route(harness.guild.id, 1)
    assert (route.suspended, route.is_reported) == ("forbidden", False)
    assert not await report_lost_route(harness.bot, harness.guild.id, route)
    managers_channel(harness)
    assert await report_lost_route(harness.bot, harness.guild.id, route)
    assert not await report_lost_route(harness.bot, harness.guild.id + 1, route)


async def test_who_may_no_longer_manage_is_told_nothing(
    harness: BotHarness, lost: simcord.ChannelHandle
) -> None:
    """A member without the role, and without a grant, is like one who has left."""
    harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id].role_ids.clear()
    assert await told(harness) == [harness.member.user.dm_channel.id]


@pytest.mark.parametrize("returned", [False, True])
async def test_who_manages_by_a_grant_is_told_while_it_counts(
    harness: BotHarness, lost: simcord.ChannelHandle, returned: bool
) -> None:
    """A grant that ended with an earlier membership makes nobody a manager."""
    harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id].role_ids.clear()
    await harness.bot.services.access.grant(
        harness.guild.id, "member", harness.manager.id, Tier.MANAGER, member_id=harness.member.id
    )
    if returned:
        harness.guild.remove_member(harness.manager)
        await harness.env.advance_time(2)
        harness.guild.add_member(harness.manager.user)
    recipient = harness.member if returned else harness.manager
    assert await told(harness) == [recipient.user.dm_channel.id]


@pytest.mark.parametrize(("status", "code"), [(404, 0), (404, 10007), (403, 50001), (500, 0)])
async def test_where_discord_does_not_say_that_they_are_a_member_the_next_one_is_told(
    harness: BotHarness, lost: simcord.ChannelHandle, status: int, code: int
) -> None:
    """Whoever set the route might have left."""
    path = f"/guilds/*/members/{harness.manager.id}"
    harness.env.inject_error("GET", path, status=status, code=code, times=None)
    assert await told(harness) == [harness.member.user.dm_channel.id]


async def test_a_member_who_was_erased_is_not_looked_for(
    harness: BotHarness, lost: simcord.ChannelHandle
) -> None:
    """Nobody has the id 0: the owner is told at once."""
    with closing(sqlite3.connect(harness.database)) as database, database:
        database.execute("UPDATE route SET set_by = 0")
    assert await told(harness) == [harness.member.user.dm_channel.id]
    assert not any("/members/" in each.path for each in harness.env.http_requests)
