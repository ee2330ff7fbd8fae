"""Where members can have the bot post, and whom it may mention there: only what they may do themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import pytest
import simcord
from simcord.enums import ChannelType

from bot.discord.text import quoted
from bot.features.alerts.service import RouteSettings
from bot.i18n.catalog import LOCALES
from tests.support.alert_steps import run_alerts
from tests.support.harness import BotHarness, embed_of, field, final, shown
from tests.support.posting_steps import (
    WAYS,
    choose_for_alerts,
    choose_for_board,
    chosen,
    closed_channel,
    grant_only,
    open_thread,
)
from tests.support.setup_steps import field_of

in_every_way = pytest.mark.parametrize("way", WAYS)


async def refused(
    harness: BotHarness, way: str, channel: simcord.ChannelHandle, rule: str, *permissions: str
) -> None:
    """Have the manager choose a channel; the refusal gives these reasons, and nothing is set or posted."""
    answer = await WAYS[way](harness, channel)
    texts = harness.texts
    title = texts(f"problem.invalid_input.{rule}.title")
    assert final(answer).ephemeral
    names = ", ".join(texts(f"permission.{name}") for name in permissions)
    why = texts(f"problem.invalid_input.{rule}.why", channel=channel.mention, permissions=names)
    if way == "setup":
        assert field_of(harness, answer, "alerts") == f"**{title}**\n{why}"
    else:
        assert (embed_of(answer).title, embed_of(answer).description) == (f"⚠️ {title}", why)
    assert await chosen(harness, way) is None
    assert channel.history() == []
    entries, _ = await harness.bot.services.audit.export(harness.guild.id)
    target = f"channel · {channel.id}{' · rule 1' if way == 'test' else ''}"
    assert (entries[-1].target, entries[-1].result) == (target, "refused:invalid_input")


async def accepted(harness: BotHarness, way: str, channel: simcord.ChannelHandle) -> None:
    """Have the manager choose a channel; it is set."""
    answer = await WAYS[way](harness, channel)
    assert "⚠️" not in shown(answer)
    assert await chosen(harness, way) == channel.id


# --- members ---


@in_every_way
async def test_a_granted_manager_who_does_not_see_a_channel_cannot_choose_it(
    harness: BotHarness, way: str
) -> None:
    """A grant is for the bot's commands, and not for channels that the server keeps from its holder."""
    hidden = closed_channel(harness, view_channel=False)
    if way == "setup":
        await harness.connect("sensay")
    await grant_only(harness)
    await refused(harness, way, hidden, "you_cannot_post", "read_messages")


@in_every_way
@pytest.mark.parametrize("locale", LOCALES)
async def test_who_cannot_write_in_a_channel_cannot_choose_it(
    harness: BotHarness, way: str, locale: str
) -> None:
    """The permission that the member lacks is named, in the member's language."""
    harness.locale = locale
    await refused(
        harness, way, closed_channel(harness, send_messages=False), "you_cannot_post", "send_messages"
    )


async def test_who_is_timed_out_cannot_choose_a_channel(harness: BotHarness) -> None:
    """A timeout takes the permission to write from a member, whatever the roles say."""
    await grant_only(harness)
    member = harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id]
    member.timed_out_until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    channel = harness.guild.create_text_channel("alerts")
    await refused(harness, "alerts", channel, "you_cannot_post", "send_messages")


@in_every_way
@pytest.mark.parametrize("rank", ["owner", "administrator"])
async def test_owners_and_administrators_choose_any_channel(harness: BotHarness, way: str, rank: str) -> None:
    """No permission of a channel holds for them."""
    hidden = closed_channel(harness, view_channel=False)
    guild = harness.env.backend.get_guild(harness.guild.id)
    if rank == "owner":
        guild.owner_id = harness.manager.id
        harness.bot.get_guild(harness.guild.id).owner_id = harness.manager.id  # type: ignore[union-attr]
    else:
        admins = harness.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
        guild.members[harness.manager.id].role_ids.append(admins.id)
    await accepted(harness, way, hidden)


@in_every_way
@pytest.mark.parametrize("lacking", ["view_channel", "send_messages", "embed_links"])
async def test_a_channel_in_which_the_bot_cannot_post_is_refused(
    harness: BotHarness, way: str, lacking: str
) -> None:
    """The permission that the bot lacks is named."""
    name = {"view_channel": "read_messages"}.get(lacking, lacking)
    await refused(
        harness, way, closed_channel(harness, to_bot=True, **{lacking: False}), "bot_cannot_post", name
    )


# --- roles ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_role_that_the_member_cannot_mention_is_refused(harness: BotHarness, locale: str) -> None:
    """Somebody with Mention Everyone in the channel can choose it; so can anybody once all may mention it."""
    harness.locale = locale
    staff = harness.guild.create_role("Staff")
    texts = harness.texts
    answer = await choose_for_alerts(harness, harness.channel, staff)
    assert embed_of(answer).title == f"⚠️ {texts('problem.invalid_input.you_cannot_mention.title')}"
    assert embed_of(answer).description == texts(
        "problem.invalid_input.you_cannot_mention.why",
        role=staff.mention,
        channel=harness.channel.mention,
        permissions=quoted(texts("permission.mention_everyone")),
    )
    assert await chosen(harness, "alerts") is None
    allowed: Any = {harness.manager: discord.PermissionOverwrite(mention_everyone=True)}
    crew = harness.guild.create_text_channel("crew", overwrites=allowed)
    await choose_for_alerts(harness, crew, staff)
    assert await chosen(harness, "alerts") == crew.id
    everyones = harness.guild.create_role("Crew", mentionable=True)
    await choose_for_alerts(harness, harness.channel, everyones)
    assert await chosen(harness, "alerts") == harness.channel.id


async def test_a_test_mentions_no_role_that_the_member_cannot_mention(harness: BotHarness) -> None:
    """A rule that somebody else has set lends nobody its mention."""
    staff = harness.guild.create_role("Staff")
    channel = harness.guild.create_text_channel("alerts")
    await harness.bot.services.alerts.set_route(
        harness.guild.id, channel.id, RouteSettings(role_id=staff.id), member_id=harness.member.id
    )
    answer = await run_alerts(harness, "test")
    title = harness.texts("problem.invalid_input.you_cannot_mention.title")
    assert embed_of(answer).title == f"⚠️ {title}"
    assert channel.history() == []


async def test_in_a_thread_the_channel_s_permissions_decide_about_mentions(harness: BotHarness) -> None:
    """Who may mention all roles in a channel may do so in its threads; so may the bot, without a warning."""
    overwrites: Any = {
        harness.guild.default_role: discord.PermissionOverwrite(send_messages=False),
        harness.manager: discord.PermissionOverwrite(mention_everyone=True),
    }
    parent = harness.guild.create_text_channel("news", overwrites=overwrites)
    thread = open_thread(harness, parent)
    staff = harness.guild.create_role("Staff")
    answer = await choose_for_alerts(harness, thread, staff)
    assert await chosen(harness, "alerts") == thread.id
    assert harness.texts("alerts.rule.silent", role=staff.mention) not in shown(answer)


# --- kinds of channels ---


@in_every_way
async def test_an_announcement_channel_is_accepted(harness: BotHarness, way: str) -> None:
    """It takes messages like a text channel."""
    await accepted(harness, way, harness.guild.create_news_channel("news"))


@in_every_way
@pytest.mark.parametrize(
    ("parent", "archived"), [("text", False), ("text", True), ("news", True), ("forum", True)]
)
async def test_threads_and_forum_posts_are_accepted(
    harness: BotHarness, way: str, parent: str, *, archived: bool
) -> None:
    """An archived one too, which a message opens again; discord.py's cache does not have it."""
    create = getattr(harness.guild, f"create_{parent}_channel")
    thread = open_thread(harness, create("parent"), archived=archived)
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    assert (guild.get_thread(thread.id) is None) is archived
    await accepted(harness, way, thread)


async def test_the_board_is_posted_in_a_thread(harness: BotHarness) -> None:
    """The answer links to the message there."""
    thread = open_thread(harness, harness.channel, archived=True)
    answer = await choose_for_board(harness, thread)
    (message,) = thread.history()
    assert f"/channels/{harness.guild.id}/{thread.id}/{message.id}" in shown(answer)


@pytest.mark.parametrize("command", ["alerts set", "integrations board", "audit mirror"])
async def test_discord_offers_only_channels_that_take_messages(harness: BotHarness, command: str) -> None:
    """A forum is not among them, and its posts are; the menu of `/setup` offers the same."""
    option = next(
        parameter
        for each in harness.bot.tree.walk_commands()
        if each.qualified_name == command and isinstance(each, discord.app_commands.Command)
        for parameter in each.parameters
        if parameter.name == "channel"
    )
    kinds = {each.value for each in option.channel_types}
    assert kinds == {0, 5, 10, 11, 12}
    await harness.connect("sensay")
    steps = await harness.manager.slash(harness.channel, "setup")
    await harness.manager.click(final(steps).message, label="Sensay")
    (menu,) = [
        item
        for row in final(steps).components
        for item in row["components"]
        if item.get("custom_id", "").startswith("setup:alerts:")
    ]
    assert set(menu["channel_types"]) == kinds


@in_every_way
@pytest.mark.parametrize("is_bots", [False, True])
async def test_threads_need_a_permission_of_their_own(
    harness: BotHarness, way: str, *, is_bots: bool
) -> None:
    """Who may write in a channel but not in its threads cannot choose a thread."""
    parent = closed_channel(harness, to_bot=is_bots, send_messages_in_threads=False)
    rule = "bot_cannot_post" if is_bots else "you_cannot_post"
    await refused(harness, way, open_thread(harness, parent), rule, "send_messages_in_threads")


@pytest.mark.parametrize("way", [way for way in WAYS if way != "test"])
async def test_a_thread_of_a_channel_that_the_bot_does_not_see_is_refused(
    harness: BotHarness, way: str
) -> None:
    """Discord is not asked for the thread: it would refuse. A test knows the thread's id only, and asks."""
    parent = closed_channel(harness, to_bot=True, view_channel=False)
    thread = open_thread(harness, parent, archived=True)
    await refused(harness, way, thread, "bot_cannot_post", "read_messages")
    assert [each for each in harness.env.http_requests if each.path == f"/channels/{thread.id}"] == []


@in_every_way
@pytest.mark.parametrize(("who", "archived"), [("bot", True), ("member", False), ("nobody", True)])
async def test_a_locked_thread_takes_messages_of_moderators_only(
    harness: BotHarness, way: str, who: str, *, archived: bool
) -> None:
    """The bot and the member both need Manage Threads. who: has that permission alone."""
    overwrites: Any = {
        harness.guild.default_role: discord.PermissionOverwrite(manage_threads=False),
        harness.bot.user: discord.PermissionOverwrite(manage_threads=who == "bot"),
        harness.manager: discord.PermissionOverwrite(manage_threads=who == "member"),
    }
    parent = harness.guild.create_text_channel("parent", overwrites=overwrites)
    thread = open_thread(harness, parent, locked=True, archived=archived)
    await refused(harness, way, thread, "thread_locked", "manage_threads")


@in_every_way
async def test_a_locked_thread_is_accepted_from_moderators(harness: BotHarness, way: str) -> None:
    """With Manage Threads, Discord takes messages there."""
    allowed: Any = {harness.manager: discord.PermissionOverwrite(manage_threads=True)}
    parent = harness.guild.create_text_channel("parent", overwrites=allowed)
    await accepted(harness, way, open_thread(harness, parent, locked=True, archived=True))


@in_every_way
@pytest.mark.parametrize("archived", [False, True])
async def test_a_private_thread_is_for_its_members(harness: BotHarness, way: str, *, archived: bool) -> None:
    """A member who was not added cannot choose it, and once added can."""
    kind = ChannelType.PRIVATE_THREAD
    thread = open_thread(
        harness, harness.channel, kind=kind, owner_id=harness.env.backend.bot_user.id, archived=archived
    )
    await refused(harness, way, thread, "thread_not_joined")
    harness.env.backend.add_thread_member(thread.id, harness.manager.id)
    await accepted(harness, way, thread)


async def test_moderators_choose_private_threads_that_they_have_not_joined(harness: BotHarness) -> None:
    """Who manages threads sees all of them; Discord is not asked who was added."""
    allowed: Any = {harness.manager: discord.PermissionOverwrite(manage_threads=True)}
    parent = harness.guild.create_text_channel("parent", overwrites=allowed)
    kind = ChannelType.PRIVATE_THREAD
    thread = open_thread(harness, parent, kind=kind, owner_id=harness.env.backend.bot_user.id)
    await accepted(harness, "alerts", thread)
    assert not any("thread-members" in each.path for each in harness.env.http_requests)


@in_every_way
@pytest.mark.parametrize(("status", "code"), [(403, 50001), (404, 10003)])
async def test_a_thread_that_the_bot_does_not_see_is_refused(
    harness: BotHarness, way: str, status: int, code: int
) -> None:
    """A private thread without the bot is still in the cache for a moment; Discord is asked."""
    thread = open_thread(harness, harness.channel, kind=ChannelType.PRIVATE_THREAD)
    harness.env.inject_error("GET", f"/channels/{thread.id}", status=status, code=code)
    await refused(harness, way, thread, "thread_unseen")


@pytest.mark.parametrize("question", ["", "/thread-members/{}"])
@pytest.mark.parametrize("status", [503, 404, 403])
async def test_without_discord_s_answer_nothing_is_set(
    harness: BotHarness, question: str, status: int
) -> None:
    """The answer says that Discord cannot be reached; a 404 or 403 without its own code is no answer."""
    thread = open_thread(harness, harness.channel, kind=ChannelType.PRIVATE_THREAD)
    path = f"/channels/{thread.id}{question}".format(harness.manager.id)
    harness.env.inject_error("GET", path, status=status, code=0, times=None)
    answer = await choose_for_alerts(harness, thread)
    assert harness.texts("problem.unreachable.title", provider="Discord") in shown(answer)
    assert field(answer, harness.texts("problem.fix"))
    assert await chosen(harness, "alerts") is None
