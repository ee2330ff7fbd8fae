"""What the status shows from Discord: the agent's bot, and what it may do in each channel."""

from typing import Any

import discord
import pytest
import simcord

from bot.discord.theme import Tone
from bot.providers.base.simulator import Answer
from tests.support.english import english
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, labels, shown
from tests.support.toolzz_agent import ENOUGH, add_agent_bot, change, look_at, look_closely, press
from tests.support.toolzz_steps import move_here

HERE = "In this server"
GONE = "1188765432109876599"
PRIVATE_THREAD = 12
Overwrite = discord.PermissionOverwrite
Overwrites = dict[Any, Overwrite]


def own_channel(
    harness: BotHarness, bot: simcord.MemberActor, name: str, **overwrite: bool
) -> simcord.ChannelHandle:
    """Create a channel that allows or denies something to the bot itself."""
    return harness.guild.create_text_channel(name, overwrites={bot: Overwrite(**overwrite)})


def thread_in(harness: BotHarness, parent: simcord.ChannelHandle, **more: Any) -> str:  # noqa: ANN401 - simcord's own
    """Create a thread and return its id."""
    return str(harness.env.backend.create_thread(parent.id, "thread", harness.manager.id, **more).id)


async def access_lines(harness: BotHarness, *ids: str) -> list[str]:
    """Return what a status says about these channels, without the line about the membership."""
    change(harness, channelIds=list(ids), channelsDetail=[])
    first, *rest = field(await look_closely(harness), HERE).splitlines()
    assert first == harness.texts("preflight.member")
    return rest


@pytest.fixture
async def agent(harness: BotHarness) -> simcord.MemberActor:
    """The bot of an integration that runs in this server, with everybody's permissions."""
    await harness.connect("toolzz")
    bot = add_agent_bot(harness)
    move_here(harness)
    return bot


# --- the channels ---


async def test_a_channel_in_order_is_counted(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """A channel in which the bot may view, send and read counts as usable, and nothing warns."""
    more = await look_closely(harness)
    assert field(more, HERE).splitlines() == ["✅ The bot is a member.", "✅ **1 of 1 channel usable**"]
    result = await look_at(harness)
    assert english.plural("state.why.usable", 1, usable=1) in (embed_of(result).description or "")
    assert embed_of(result).colour == discord.Colour(Tone.GOOD.colour)
    assert field(result, "Next step") == harness.linked(harness.texts("toolzz.next.link"))
    assert labels(result) == ENOUGH


PERMISSIONS = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
}


@pytest.mark.parametrize("name", PERMISSIONS)
async def test_a_missing_permission_is_named(
    harness: BotHarness, agent: simcord.MemberActor, name: str
) -> None:
    """A missing permission is shown with the bot and the channel, and the status warns."""
    closed = own_channel(harness, agent, "sales", **{name: False})
    switch = f"**{PERMISSIONS[name]}**"
    missing = harness.texts("toolzz.reach.lacking", permissions=switch, bot=f"<@{agent.id}>")
    assert await access_lines(harness, str(harness.channel.id), str(closed.id)) == [
        "⚠️ **1 of 2 channels usable**",
        f"❌ <#{closed.id}>: {missing}",
    ]
    result = await look_at(harness)
    assert embed_of(result).colour == discord.Colour(Tone.WARNING.colour)
    assert (embed_of(result).title or "").startswith("🟢")
    assert field(result, "Next step").startswith(english("toolzz.next.channels"))


async def test_two_missing_permissions_are_both_named(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """All missing permissions of a channel are named, in the member's language."""
    closed = own_channel(harness, agent, "sales", send_messages=False, read_message_history=False)
    assert "**Send Messages**, **Read Message History**" in (await access_lines(harness, str(closed.id)))[1]
    harness.locale = PORTUGUESE
    result = await look_closely(harness)
    assert "⚠️ **0 de 1 canal utilizável**" in field(result, "Neste servidor")
    assert "**Enviar mensagens**, **Ver histórico de mensagens**" in field(result, "Neste servidor")


async def test_roles_and_everybodys_rights_count(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """A channel that is closed to everybody is usable for a bot only if a role of it is allowed."""
    role = harness.guild.create_role("Agents")
    overwrites: Overwrites = {
        harness.guild.default_role: Overwrite(view_channel=False),
        role: Overwrite(view_channel=True),
    }
    closed = harness.guild.create_text_channel("back-office", overwrites=overwrites)
    assert "**View Channels**" in (await access_lines(harness, str(closed.id)))[1]
    add_agent_bot(harness, roles=[role])
    assert await access_lines(harness, str(closed.id)) == ["✅ **1 of 1 channel usable**"]


async def test_an_administrator_may_do_everything(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """A bot with Administrator can work in every channel."""
    overwrites: Overwrites = {harness.guild.default_role: Overwrite(view_channel=False, send_messages=False)}
    closed = harness.guild.create_text_channel("back-office", overwrites=overwrites)
    add_agent_bot(
        harness,
        roles=[harness.guild.create_role("Root", permissions=discord.Permissions(administrator=True))],
    )
    assert await access_lines(harness, str(closed.id)) == ["✅ **1 of 1 channel usable**"]


async def test_who_opens_threads_needs_to_be_allowed_to(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """The permissions for threads are needed only if the integration creates threads."""
    closed = own_channel(harness, agent, "sales", create_public_threads=False, send_messages_in_threads=False)
    change(harness, threadAutoCreate=False)
    assert await access_lines(harness, str(closed.id)) == ["✅ **1 of 1 channel usable**"]
    change(harness, threadAutoCreate=True)
    assert (
        "**Create Public Threads**, **Send Messages in Threads**"
        in (await access_lines(harness, str(closed.id)))[1]
    )


async def test_news_are_as_good_as_text(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """The bot can work in an announcement channel."""
    news = harness.guild.create_news_channel("news")
    assert await access_lines(harness, str(news.id)) == ["✅ **1 of 1 channel usable**"]


async def test_a_category_holds_no_messages(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """A category is a bad channel with its own text."""
    category = harness.guild.create_category("desks")
    count, line = await access_lines(harness, str(category.id))
    assert count == "⚠️ **0 of 1 channel usable**"
    assert line.startswith(f"❌ <#{category.id}>: a category holds no messages")


@pytest.mark.parametrize("channel", [GONE, "1", "general", "9" * 20, "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦"])
async def test_what_is_not_here_is_named(
    harness: BotHarness, agent: simcord.MemberActor, channel: str
) -> None:
    """A channel that was deleted, or whose id is invalid, is named by its id."""
    count, line = await access_lines(harness, channel)
    assert count == "⚠️ **0 of 1 channel usable**"
    assert line.startswith(f"❌ `{channel}`: deleted, or the ID is wrong.")


async def test_a_thread_has_its_channels_permissions(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """In a thread the permission to send in threads is needed, and it belongs to the parent channel."""
    mute = own_channel(harness, agent, "mute", send_messages=False)
    assert await access_lines(harness, thread_in(harness, mute)) == ["✅ **1 of 1 channel usable**"]
    closed = own_channel(harness, agent, "sales", send_messages_in_threads=False)
    assert (await access_lines(harness, thread_in(harness, closed)))[1].endswith(
        f"Give <@{agent.id}> these in <#{closed.id}>, which the thread belongs to: "
        "**Send Messages in Threads**."
    )
    change(harness, threadAutoCreate=True)
    shut = own_channel(harness, agent, "shut", create_public_threads=False)
    assert await access_lines(harness, thread_in(harness, shut)) == ["✅ **1 of 1 channel usable**"]


async def test_a_private_thread_cannot_be_judged(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """A private thread is inconclusive, unless the bot may manage threads."""
    private = thread_in(harness, harness.channel, type=PRIVATE_THREAD)
    assert await access_lines(harness, private) == [
        "❔ **0 of 1 channel usable**",
        english("toolzz.reach.untold"),
    ]
    assert embed_of(await look_at(harness)).colour == discord.Colour(Tone.GOOD.colour)
    keeper = harness.guild.create_role("Keepers", permissions=discord.Permissions(manage_threads=True))
    add_agent_bot(harness, roles=[keeper])
    assert await access_lines(harness, private) == ["✅ **1 of 1 channel usable**"]


async def test_a_thread_that_was_deleted_is_gone(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """A deleted thread has the same text as a deleted channel."""
    thread = thread_in(harness, harness.channel)
    harness.env.backend.delete_channel(int(thread))
    assert "deleted" in (await access_lines(harness, thread))[1]


async def test_only_the_first_flaws_are_explained(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """Three bad channels are explained, and the others are counted; Discord is asked about ten at a time.

    Of the short form two are named, with the count of the others.
    """
    lines = await access_lines(
        harness, str(harness.channel.id), *(f"11887654321098{number:05}" for number in range(40))
    )
    assert lines[0] == "⚠️ **1 of 41 channels usable**"
    assert len(lines) == 5
    assert lines[-1] == english.plural("toolzz.reach.more", 17)
    short = (embed_of(await look_at(harness)).description or "").splitlines()
    assert [line[:1] for line in short[1:3]] == ["❌", "❌"]
    assert short[3] == english.plural("toolzz.reach.more", 28)


# --- the bot ---


async def test_a_bot_that_is_not_here_is_invited(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """If the bot is not in the server, the status says so once, with a link that invites it."""
    harness.guild.remove_member(agent)
    change(harness, threadAutoCreate=True)
    result = await look_at(harness)
    first, invite, threads, count = field(await look_closely(harness), HERE).splitlines()
    assert first == english("preflight.not_member")
    assert threads == english("preflight.invite_threads")
    assert count == "⚠️ **0 of 1 channel usable**"
    link = invite.partition("(")[2].partition(")")[0]
    assert f"client_id={agent.id}" in link
    assert f"guild_id={harness.guild.id}" in link
    wanted = discord.Permissions(int(link.partition("permissions=")[2].partition("&")[0]))
    assert wanted.create_public_threads
    assert field(result, "Next step") == harness.texts("toolzz.next.invite", link=link)
    assert (embed_of(result).title or "").startswith("⛔")
    assert embed_of(result).colour == discord.Colour(Tone.BAD.colour)


async def test_a_bot_that_nobody_names_is_not_guessed(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """Without a known bot only channels that no bot can work in are bad."""
    change(harness, botClientId=None, channelIds=[str(harness.channel.id), GONE], channelsDetail=[])
    first, line = field(await look_closely(harness), HERE).splitlines()
    assert first == harness.texts("toolzz.reach.nameless")
    assert line.startswith(f"❌ `{GONE}`: deleted")


async def test_the_bot_of_the_servers_own_record_is_looked_for(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """The bot's id is taken from the server's own record if Toolzz does not report it."""
    opened = await harness.bot.services.connections.open(harness.guild.id, "toolzz")
    await harness.bot.services.integrations.record(
        opened, harness.toolzz.CONNECTED, "x", bot_id=agent.id, member_id=harness.member.id
    )
    change(harness, botClientId="not a number")
    result = await look_at(harness)
    more = await look_closely(harness)
    assert field(more, HERE).splitlines()[0] == "✅ The bot is a member."
    assert field(more, "Linked here by").startswith(f"<@{harness.member.id}> · <t:")
    assert field(result, "Next step") == harness.texts("toolzz.next.connected")
    assert labels(result) == [*ENOUGH[:4], "Mute", "Ignore"]


async def test_a_membership_that_discord_does_not_tell_is_left_open(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """If Discord does not say who is a member, the status says so and does not warn."""
    harness.env.inject_error("GET", "/guilds/*/members/*", status=403, times=None)
    result = await look_at(harness)
    assert english("preflight.member_unknown") in shown(result)
    assert embed_of(result).colour == discord.Colour(Tone.GOOD.colour)


async def test_an_outage_makes_no_channel_disappear(
    harness: BotHarness, agent: simcord.MemberActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During an outage, and in a server without our bot, no channel counts as gone."""
    assert not (await harness.bot.services.guild_access.find(1, agent.id, [GONE])).is_checked
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    monkeypatch.setattr(guild, "unavailable", True)
    assert harness.texts("toolzz.reach.not_looked") in shown(await look_at(harness))
    result = await look_closely(harness)
    assert field(result, HERE) == harness.texts("toolzz.reach.not_looked")
    assert field(result, "1 channel") == "#bridge"


# --- whose it is, and what Toolzz makes of it ---


async def test_nothing_is_looked_at_for_another_server(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """Discord is not asked about an integration of another server or a deleted one."""
    for integration in (harness.toolzz.ELSEWHERE, harness.toolzz.DELETED):
        before = len(harness.env.http_requests)
        result = await look_closely(harness, integration)
        assert HERE not in [item.name for item in embed_of(result).fields]
        assert not [entry for entry in harness.env.http_requests[before:] if "/members/" in entry.path]


async def test_a_report_without_a_server_is_looked_at_here(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """If Toolzz names no server, the channels and members of this server are looked at."""
    harness.toolzz.integrations[harness.toolzz.HOMELESS].update(channelIds=[str(harness.channel.id)])
    result = await look_closely(harness, harness.toolzz.HOMELESS)
    assert "✅ **1 of 1 channel usable**" in field(result, HERE)


async def test_two_lists_that_disagree_are_shown_as_such(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """Channels that are in only one of Toolzz's two lists are named; otherwise nothing is said."""
    here = str(harness.channel.id)
    change(harness, channelIds=[here, GONE], channelsDetail=[{"id": here, "name": "bridge"}, {"id": "7"}])
    said = field(await look_closely(harness), "2 channels").splitlines()
    assert said == [
        f"<#{here}>, `{GONE}`",
        english("toolzz.channels.disagree"),
        f"Only in `channelIds`: `{GONE}`",
        "Only in `channelsDetail`: `7`",
    ]
    change(harness, channelsDetail=[{"id": here}, {"id": GONE}])
    assert field(await look_closely(harness), "2 channels") == f"<#{here}>, `{GONE}`"


async def test_what_toolzz_has_to_do_comes_first(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """The next step for an integration that is off or broken is about that; bad channels are shown too."""
    change(harness, isActive=False, channelIds=[GONE], channelsDetail=[])
    result = await look_at(harness)
    assert field(result, "Next step") == harness.texts("toolzz.next.inactive")
    assert "deleted, or the ID is wrong" in field(await look_closely(harness), HERE)


async def test_a_changed_permission_shows_at_the_next_look(
    harness: BotHarness, agent: simcord.MemberActor
) -> None:
    """A refreshed status shows permissions that were changed in the meantime."""
    closed = own_channel(harness, agent, "sales", send_messages=False)
    change(harness, channelIds=[str(closed.id)], channelsDetail=[])
    asked = await look_at(harness)
    closed_line = f"❌ <#{closed.id}>: {english('toolzz.reach.missing', permissions='**Send Messages**')}"
    assert closed_line in shown(asked)
    harness.env.backend.delete_overwrite(closed.id, agent.id)
    await harness.env.settle()
    await press(harness, asked, "Refresh")
    assert closed_line not in shown(asked)
    assert english.plural("state.why.usable", 1, usable=1) in shown(asked)


async def test_a_list_that_fails_spoils_nothing(harness: BotHarness, agent: simcord.MemberActor) -> None:
    """If the unit's list cannot be read, the short report is shown."""
    harness.toolzz.fail(Answer(500), times=None, path="/converflow/")
    result = await look_closely(harness, harness.toolzz.INACTIVE)
    assert embed_of(result).title == "⚪ Untitled integration"
    assert "Answers" in field(result, harness.texts("toolzz.status.left_out"))


async def test_a_token_in_toolzzs_own_words_is_not_shown(harness: BotHarness) -> None:
    """Tokens in Toolzz's error text are masked, in a shared status and its details too."""
    await harness.connect("toolzz")
    access = harness.toolzz.credentials["access_token"]
    change(harness, lastConnectionErrorMessage=f"Improper token {harness.toolzz.discord_token}; {access}")
    answered = await look_at(harness, share=True)
    await press(harness, answered, harness.texts("status.details"))
    assert "Improper token" in shown(answered)
    for secret in (harness.toolzz.discord_token, access):
        assert secret not in harness.sent_to_discord()


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"channelIds": [], "channelsDetail": []}, "no_channels"),
        ({"botClientId": None}, "unchecked"),
    ],
)
async def test_what_cannot_work_or_be_checked_is_not_nothing_to_do(
    harness: BotHarness, agent: simcord.MemberActor, changes: dict[str, Any], step: str
) -> None:
    """A connected integration without channels or with an unknown bot has a next step."""
    change(harness, **changes)
    assert field(await look_at(harness), "Next step") == harness.linked(harness.texts(f"toolzz.next.{step}"))
