"""What Discord says to an integration's report: the agent's bot, and what it may do in each channel."""

from typing import Any

import discord
import pytest
import simcord

from bot.kit.simulator import Answer
from bot.runtime.reach import reach_of
from bot.ui.theme import Tone
from tests.cogs.toolzz_agent import ENOUGH, change, enlist, look_at, move_here, press
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, labels, shown

HERE = "In this server"
GONE = "1188765432109876599"
PRIVATE_THREAD = 12
Overwrite = discord.PermissionOverwrite
Overwrites = dict[Any, Overwrite]


def own(town: Town, bot: simcord.MemberActor, name: str, **overwrite: bool) -> simcord.ChannelHandle:
    """Make a channel in which the bot itself is allowed or denied something."""
    return town.guild.create_text_channel(name, overwrites={bot: Overwrite(**overwrite)})


def thread_in(town: Town, parent: simcord.ChannelHandle, **more: Any) -> str:  # noqa: ANN401 - simcord's own
    """Open a thread; return its id."""
    return str(town.env.backend.create_thread(parent.id, "thread", town.manager.id, **more).id)


async def said_of(town: Town, *ids: str) -> list[str]:
    """Return what a status says of the bot in these channels, the membership's line left out."""
    change(town, channelIds=list(ids), channelsDetail=[])
    first, *rest = field(await look_at(town), HERE).splitlines()
    assert first == town.texts("preflight.member")
    return rest


@pytest.fixture
async def agent(town: Town) -> simcord.MemberActor:
    """The bot of an integration that runs here, with the rights that everybody has."""
    await town.connect("toolzz")
    bot = enlist(town)
    move_here(town)
    return bot


# --- the channels ---


async def test_a_channel_in_order_is_counted(town: Town, agent: simcord.MemberActor) -> None:
    """Where the bot may view, send and read, there is nothing to change, and nothing warns."""
    result = await look_at(town)
    assert field(result, HERE).splitlines() == ["✅ The bot is a member.", "✅ **1 of 1 channel usable**"]
    assert embed_of(result).colour == discord.Colour(Tone.GOOD.colour)
    assert field(result, "Next step") == town.linked(town.texts("toolzz.next.link"))
    assert labels(result) == ENOUGH


PERMISSIONS = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
}


@pytest.mark.parametrize("name", PERMISSIONS)
async def test_a_missing_permission_is_named(town: Town, agent: simcord.MemberActor, name: str) -> None:
    """What the bot may not do in a channel is named with the switch, the bot and the channel, and warns."""
    closed = own(town, agent, "sales", **{name: False})
    switch = f"**{PERMISSIONS[name]}**"
    missing = town.texts("toolzz.reach.lacking", permissions=switch, bot=f"<@{agent.id}>")
    assert await said_of(town, str(town.channel.id), str(closed.id)) == [
        "⚠️ **1 of 2 channels usable**",
        f"❌ <#{closed.id}>: {missing}",
    ]
    result = await look_at(town)
    assert embed_of(result).colour == discord.Colour(Tone.WARNING.colour)
    assert (embed_of(result).title or "").startswith("🟢")
    assert field(result, "Next step").startswith("Change what is marked ❌ above")


async def test_two_missing_permissions_are_both_named(town: Town, agent: simcord.MemberActor) -> None:
    """All that is missing in one channel is said at once, in the reader's language."""
    closed = own(town, agent, "sales", send_messages=False, read_message_history=False)
    assert "**Send Messages**, **Read Message History**" in (await said_of(town, str(closed.id)))[1]
    town.locale = PORTUGUESE
    result = await look_at(town)
    assert "⚠️ **0 de 1 canal utilizável**" in field(result, "Neste servidor")
    assert "**Enviar mensagens**, **Ver histórico de mensagens** para" in field(result, "Neste servidor")


async def test_roles_and_everybodys_rights_count(town: Town, agent: simcord.MemberActor) -> None:
    """A channel closed to everybody is open to a bot whose role is let in, and to none other."""
    role = town.guild.create_role("Agents")
    overwrites: Overwrites = {
        town.guild.default_role: Overwrite(view_channel=False),
        role: Overwrite(view_channel=True),
    }
    closed = town.guild.create_text_channel("back-office", overwrites=overwrites)
    assert "**View Channels**" in (await said_of(town, str(closed.id)))[1]
    enlist(town, roles=[role])
    assert await said_of(town, str(closed.id)) == ["✅ **1 of 1 channel usable**"]


async def test_an_administrator_may_do_everything(town: Town, agent: simcord.MemberActor) -> None:
    """No overwrite of a channel keeps a bot out that has Administrator."""
    overwrites: Overwrites = {town.guild.default_role: Overwrite(view_channel=False, send_messages=False)}
    closed = town.guild.create_text_channel("back-office", overwrites=overwrites)
    enlist(town, roles=[town.guild.create_role("Root", permissions=discord.Permissions(administrator=True))])
    assert await said_of(town, str(closed.id)) == ["✅ **1 of 1 channel usable**"]


async def test_who_opens_threads_needs_to_be_allowed_to(town: Town, agent: simcord.MemberActor) -> None:
    """To open threads and to write in them is asked for only where the report says that it does that."""
    closed = own(town, agent, "sales", create_public_threads=False, send_messages_in_threads=False)
    change(town, threadAutoCreate=False)
    assert await said_of(town, str(closed.id)) == ["✅ **1 of 1 channel usable**"]
    change(town, threadAutoCreate=True)
    assert (
        "**Create Public Threads**, **Send Messages in Threads**" in (await said_of(town, str(closed.id)))[1]
    )


async def test_news_are_as_good_as_text(town: Town, agent: simcord.MemberActor) -> None:
    """An announcement channel holds messages like any other."""
    news = town.guild.create_news_channel("news")
    assert await said_of(town, str(news.id)) == ["✅ **1 of 1 channel usable**"]


async def test_what_holds_no_messages_cannot_work(town: Town, agent: simcord.MemberActor) -> None:
    """A category, a voice channel, a stage and a forum are each told as what they are."""
    kinds = {
        town.guild.create_category("desks").id: "a category holds no messages",
        town.guild.create_voice_channel("radio").id: "a voice channel is for talking",
        town.guild.create_stage_channel("hall").id: "a voice channel is for talking",
        town.guild.create_forum_channel("questions").id: "a forum holds posts",
    }
    for channel, why in kinds.items():
        count, line = await said_of(town, str(channel))
        assert count == "⚠️ **0 of 1 channel usable**"
        assert line.startswith(f"❌ <#{channel}>: {why}")


@pytest.mark.parametrize("channel", [GONE, "1", "general", "9" * 20, "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦"])
async def test_what_is_not_here_is_named(town: Town, agent: simcord.MemberActor, channel: str) -> None:
    """A channel that this server does not have, or that no channel can be, is shown by its id."""
    count, line = await said_of(town, channel)
    assert count == "⚠️ **0 of 1 channel usable**"
    assert line.startswith(f"❌ `{channel}`: not found in this server: deleted, or a thread")


async def test_a_thread_has_its_channels_permissions(town: Town, agent: simcord.MemberActor) -> None:
    """In a thread the right to send in threads counts, and it is given in the channel above."""
    mute = own(town, agent, "mute", send_messages=False)
    assert await said_of(town, thread_in(town, mute)) == ["✅ **1 of 1 channel usable**"]
    closed = own(town, agent, "sales", send_messages_in_threads=False)
    assert (await said_of(town, thread_in(town, closed)))[1].endswith(
        f"Allow **Send Messages in Threads** for <@{agent.id}> in the permissions of <#{closed.id}>, "
        "which the thread belongs to."
    )
    change(town, threadAutoCreate=True)
    shut = own(town, agent, "shut", create_public_threads=False)
    assert await said_of(town, thread_in(town, shut)) == ["✅ **1 of 1 channel usable**"]


async def test_a_private_thread_cannot_be_judged(town: Town, agent: simcord.MemberActor) -> None:
    """Who was added to a private thread does not show, but a bot that may manage threads sees all."""
    private = thread_in(town, town.channel, type=PRIVATE_THREAD)
    assert await said_of(town, private) == [
        "❔ **0 of 1 channel usable**",
        "Of the others I cannot tell: press **Channels**.",
    ]
    assert embed_of(await look_at(town)).colour == discord.Colour(Tone.GOOD.colour)
    keeper = town.guild.create_role("Keepers", permissions=discord.Permissions(manage_threads=True))
    enlist(town, roles=[keeper])
    assert await said_of(town, private) == ["✅ **1 of 1 channel usable**"]


async def test_a_thread_that_was_closed_is_gone(town: Town, agent: simcord.MemberActor) -> None:
    """A deleted thread is told like a deleted channel, with the ways in which that can be."""
    thread = thread_in(town, town.channel)
    town.env.backend.delete_channel(int(thread))
    assert "archived" in (await said_of(town, thread))[1]


async def test_only_the_first_flaws_are_explained(town: Town, agent: simcord.MemberActor) -> None:
    """Of many channels with a flaw three are explained, the others counted."""
    lines = await said_of(town, str(town.channel.id), *(f"11887654321098{number:05}" for number in range(40)))
    assert lines[0] == "⚠️ **1 of 41 channels usable**"
    assert len(lines) == 5
    assert lines[-1] == "+37 more with something to change: press **Channels**."


# --- the bot ---


async def test_a_bot_that_is_not_here_is_invited(town: Town, agent: simcord.MemberActor) -> None:
    """Without its bot no channel works, which is said once, with a link that asks for what is needed."""
    town.guild.remove_member(agent)
    change(town, threadAutoCreate=True)
    result = await look_at(town)
    first, invite, threads, count = field(result, HERE).splitlines()
    assert first == "➖ The bot is not a member yet."
    assert threads == "The link lets it open threads as well."
    assert count == "⚠️ **0 of 1 channel usable**"
    link = invite.partition("(")[2].partition(")")[0]
    assert f"client_id={agent.id}" in link
    assert f"guild_id={town.guild.id}" in link
    wanted = discord.Permissions(int(link.partition("permissions=")[2].partition("&")[0]))
    assert wanted.create_public_threads
    assert field(result, "Next step") == town.texts("toolzz.next.invite", link=link)
    assert embed_of(result).colour == discord.Colour(Tone.WARNING.colour)


async def test_a_bot_that_nobody_names_is_not_guessed(town: Town, agent: simcord.MemberActor) -> None:
    """Without the bot's id only what the channels themselves are is known."""
    change(town, botClientId=None, channelIds=[str(town.channel.id), GONE], channelsDetail=[])
    first, line = field(await look_at(town), HERE).splitlines()
    assert first == town.texts("toolzz.reach.nameless")
    assert line.startswith(f"❌ `{GONE}`: not found")


async def test_the_bot_of_the_servers_own_record_is_looked_for(
    town: Town, agent: simcord.MemberActor
) -> None:
    """A bot id that Toolzz leaves out, but that this server has kept, is as good; its linking is told."""
    opened = await town.bot.connections.open(town.guild.id, "toolzz")
    await town.bot.integrations.record(
        opened, town.toolzz.CONNECTED, "x", bot_id=agent.id, member_id=town.member.id
    )
    change(town, botClientId="not a number")
    result = await look_at(town)
    assert field(result, HERE).splitlines()[0] == "✅ The bot is a member."
    assert field(result, "Linked here by").startswith(f"<@{town.member.id}> · <t:")
    assert field(result, "Next step") == town.texts("toolzz.next.connected")
    assert labels(result) == ENOUGH[:3]


async def test_a_membership_that_discord_does_not_tell_is_left_open(
    town: Town, agent: simcord.MemberActor
) -> None:
    """Where Discord refuses to say who is a member nothing is claimed, and nothing warns."""
    town.env.inject_error("GET", "/guilds/*/members/*", status=403, times=None)
    result = await look_at(town)
    assert field(result, HERE) == "❔ I could not find out whether the bot is a member."
    assert embed_of(result).colour == discord.Colour(Tone.GOOD.colour)


async def test_an_outage_makes_no_channel_disappear(
    town: Town, agent: simcord.MemberActor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Discord has an outage for a server, or our bot is not in it, no channel is called gone."""
    assert not (await reach_of(town.bot, 1, agent.id, [GONE], opens_threads=False)).looked
    guild = town.bot.get_guild(town.guild.id)
    assert guild is not None
    monkeypatch.setattr(guild, "unavailable", True)
    result = await look_at(town)
    assert field(result, HERE) == town.texts("toolzz.reach.not_looked")
    assert field(result, "1 channel") == "#bridge"


# --- whose it is, and what Toolzz makes of it ---


async def test_nothing_is_looked_at_for_another_server(town: Town, agent: simcord.MemberActor) -> None:
    """The bot and the channels of another server's integration, or of a deleted one, are not asked about."""
    for integration in (town.toolzz.ELSEWHERE, town.toolzz.DELETED):
        before = len(town.env.http_requests)
        result = await look_at(town, integration)
        assert HERE not in [item.name for item in embed_of(result).fields]
        assert not [entry for entry in town.env.http_requests[before:] if "/members/" in entry.path]


async def test_a_report_without_a_server_is_looked_at_here(town: Town, agent: simcord.MemberActor) -> None:
    """Where nobody says which server it is, this one's channels and members are what can be looked at."""
    town.toolzz.integrations[town.toolzz.HOMELESS].update(channelIds=[str(town.channel.id)])
    result = await look_at(town, town.toolzz.HOMELESS)
    assert "✅ **1 of 1 channel usable**" in field(result, HERE)


async def test_two_lists_that_disagree_are_shown_as_such(town: Town, agent: simcord.MemberActor) -> None:
    """Which channels are in only one of Toolzz's two lists is said, for either; else nothing is."""
    here = str(town.channel.id)
    change(town, channelIds=[here, GONE], channelsDetail=[{"id": here, "name": "bridge"}, {"id": "7"}])
    said = field(await look_at(town), "2 channels").splitlines()
    assert said == [
        f"<#{here}>, `{GONE}`",
        "⚠️ Toolzz's two lists of the channels differ; I go by `channelIds`.",
        f"Only in `channelIds`: `{GONE}`",
        "Only in `channelsDetail`: `7`",
    ]
    change(town, channelsDetail=[{"id": here}, {"id": GONE}])
    assert field(await look_at(town), "2 channels") == f"<#{here}>, `{GONE}`"


async def test_what_toolzz_has_to_do_comes_first(town: Town, agent: simcord.MemberActor) -> None:
    """While an integration is off or broken its next step is about that; its flaws are shown too."""
    change(town, isActive=False, channelIds=[GONE], channelsDetail=[])
    result = await look_at(town)
    assert field(result, "Next step") == town.texts("toolzz.next.inactive")
    assert "not found in this server" in field(result, HERE)


async def test_a_changed_permission_shows_at_the_next_look(town: Town, agent: simcord.MemberActor) -> None:
    """Refresh asks Discord again: what was closed and is open now is usable."""
    closed = own(town, agent, "sales", send_messages=False)
    change(town, channelIds=[str(closed.id)], channelsDetail=[])
    asked = await look_at(town)
    assert "0 of 1" in field(asked, HERE)
    town.env.backend.delete_overwrite(closed.id, agent.id)
    await town.env.settle()
    await press(town, asked, "Refresh")
    assert "✅ **1 of 1 channel usable**" in field(asked, HERE)


async def test_times_are_said_to_be_utc_once(town: Town, agent: simcord.MemberActor) -> None:
    """That times without a zone are read as UTC stands at the end, and nowhere else."""
    assert shown(await look_at(town)).count("UTC") == 1


async def test_a_list_that_fails_spoils_nothing(town: Town, agent: simcord.MemberActor) -> None:
    """Where the unit's list cannot be read, the short report is shown as it is."""
    town.toolzz.fail(Answer(500), times=None, path="/converflow/")
    result = await look_at(town, town.toolzz.INACTIVE)
    assert embed_of(result).title == "⚪ Untitled integration"
    assert "Answers" in field(result, town.texts("toolzz.status.left_out"))


async def test_a_token_in_toolzzs_own_words_is_not_shown(town: Town) -> None:
    """An error text that repeats the bot's token or our access token goes out masked, shared or not."""
    await town.connect("toolzz")
    access = town.toolzz.credentials["access_token"]
    change(town, lastConnectionErrorMessage=f"Improper token {town.toolzz.discord_token}; {access}")
    answered = await look_at(town, share=True)
    assert "Improper token" in shown(answered)
    for secret in (town.toolzz.discord_token, access):
        assert secret not in town.sent_to_discord()


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"channelIds": [], "channelsDetail": []}, "no_channels"),
        ({"botClientId": None}, "unchecked"),
    ],
)
async def test_what_cannot_work_or_be_checked_is_not_nothing_to_do(
    town: Town, agent: simcord.MemberActor, changes: dict[str, Any], step: str
) -> None:
    """Connected without a channel answers nowhere; a bot that nobody knows cannot be looked for."""
    change(town, **changes)
    assert field(await look_at(town), "Next step") == town.linked(town.texts(f"toolzz.next.{step}"))
