"""An agent that was put into the server: the one request, what is said of it, and what stops it."""

import io

import discord
import pytest

from bot.providers.toolzz.simulated_unit import APPLICATION_ID
from bot.ui.permissions import needed_permissions
from tests.cogs.failures import FAILURES, WITHOUT_A_GOOD_ANSWER, Failure
from tests.cogs.handing_over import token_of
from tests.cogs.test_authority import NOT_ALLOWED, demote
from tests.cogs.toolzz_steps import (
    BODY,
    TITLE,
    body_of,
    choose,
    fill_in,
    move_here,
    open_form,
    propose,
    put_in,
    remembered,
    sent,
    strike,
    suggested,
)
from tests.cogs.town import (
    HELPER,
    PORTUGUESE,
    Town,
    buttons,
    embed_of,
    field,
    final,
    labels,
    shown,
)
from tests.ui.hostile import ATTACKS, marks, plain_marks
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted

AGAIN = "Fill in the form again"
YES = "Hand it to Toolzz"
REFUSALS = [failure for failure in FAILURES if failure not in WITHOUT_A_GOOD_ANSWER]
NAME = "Atendente da Loja"
INTENT = 1 << 19


# --- done well ---


async def test_the_agent_is_put_into_the_server(town: Town) -> None:
    """One request with the contract's fields creates the integration, and the server counts it as its own."""
    await town.connect("toolzz", "desk")
    await suggested(town)
    user = town.env.create_user("desk-bot", bot=True)
    town.guild.add_member(user)
    token = token_of(user.id)
    town.desk.introduce(token, HELPER)
    done = await put_in(town, discord_token=token, switches=["mention", "threads"])
    (request,) = sent(town)
    body = body_of(request)
    (row,) = (await remembered(town)).values()
    assert body.keys() == BODY | {"botToken"}
    assert body["botToken"] == token
    assert body["botId"] == town.toolzz.AGENT
    assert body["unitId"] == town.toolzz.credentials["unit_id"]
    assert (body["guildId"], body["guildName"]) == (str(town.guild.id), "Harbour Ops")
    assert body["permissions"] == str(needed_permissions(create_threads=True).value)
    assert (body["autoReplyOnMention"], body["threadAutoCreate"], body["scope"]) == (True, True, "all")
    assert embed_of(done).title == "✅ Toolzz created the integration"
    assert field(done, "What Toolzz says").startswith("🟢 **Connected**")
    assert field(done, "1 channel") == f"<#{town.channel.id}>"
    assert field(done, "Next step") == town.linked(town.texts("toolzz.connect.see_status"))
    assert row.id in town.toolzz.integrations
    assert row.id in (embed_of(done).footer.text or "")
    assert (row.connection, row.label, row.bot_id, row.placed_by) == ("desk", TITLE, user.id, town.manager.id)


async def test_a_look_is_offered_before_anything_is_sent(town: Town) -> None:
    """Should this process not live to tell the outcome, the question has the button that finds out."""
    await town.connect("toolzz")
    await put_in(town, town.toolzz.RESTING_AGENT)
    button = f"toolzz:look:default:{town.toolzz.RESTING_AGENT}:{APPLICATION_ID}:n"
    assert button in town.sent_to_discord()


async def test_what_is_left_to_do_is_said(town: Town) -> None:
    """A bot that is not here and reads no messages has both steps before the look at its status."""
    await town.connect("toolzz")
    town.desk.introduce(town.toolzz.discord_token, HELPER, flags=0)
    done = await put_in(town)
    intent, invite, status = field(done, "Next step").splitlines()
    assert intent.startswith("1. Switch on **Message Content Intent**")
    assert invite.startswith("2. [Invite the bot](")
    assert status.startswith("3. See how it is doing")
    assert labels(done) == ["Invite this bot"]


async def test_channels_are_described_as_discord_does(town: Town) -> None:
    """Both views of the channels agree, and the objects hold what the gateway has told of each channel."""
    await town.connect("toolzz")
    group = town.guild.create_category("Desk")
    role = town.guild.create_role("Guests")
    inner = town.guild.create_text_channel(
        "inner",
        topic="Ask @everyone here",
        category=group,
        overwrites={
            role: discord.PermissionOverwrite(view_channel=False, send_messages=True),
            town.manager: discord.PermissionOverwrite(view_channel=True),
        },
    )
    await put_in(town, channels=[inner, town.channel])
    body = body_of(sent(town)[0])
    described = {channel["id"]: channel for channel in body["channelsDetail"]}
    assert body["channelIds"] == [channel["id"] for channel in body["channelsDetail"]]
    assert described.keys() == {str(inner.id), str(town.channel.id)}
    channel = described[str(inner.id)]
    assert channel["guild_id"] == str(town.guild.id)
    assert (channel["name"], channel["type"], channel["topic"]) == ("inner", 0, "Ask @everyone here")
    assert channel["parent_id"] == str(group.id)
    assert (channel["nsfw"], channel["rate_limit_per_user"]) == (False, 0)
    overwrites = {overwrite["id"]: overwrite for overwrite in channel["permission_overwrites"]}
    view, speak = (
        str(discord.Permissions(**{name: True}).value) for name in ("view_channel", "send_messages")
    )
    assert overwrites[str(role.id)] == {"id": str(role.id), "type": 0, "allow": speak, "deny": view}
    assert overwrites[str(town.manager.id)]["type"] == 1
    assert described[str(town.channel.id)]["parent_id"] is None


async def test_25_channels_fit(town: Town) -> None:
    """As many channels as a select holds are all shown and all sent."""
    await town.connect("toolzz")
    channels = [town.guild.create_text_channel(f"room-{number}") for number in range(25)]
    question = await propose(town, channels=channels)
    assert field(question, "25 channels").count("<#") == 25
    assert accepted(embed_of(question))
    assert accepted(embed_of(await choose(town, question, "yes")))
    assert len(body_of(sent(town)[0])["channelIds"]) == 25


async def test_the_new_one_is_suggested_at_once(town: Town) -> None:
    """The list that was kept for suggestions is forgotten once something was created."""
    await town.connect("toolzz")
    await town.manager.autocomplete(town.channel, "toolzz status", "integration", "")
    await put_in(town)
    choices = await town.manager.autocomplete(town.channel, "toolzz status", "integration", TITLE)
    assert [choice["name"] for choice in choices] == [f"🟢 {TITLE}"]


async def test_everything_is_portuguese_for_who_reads_portuguese(town: Town) -> None:
    """Question and answer are in the manager's language."""
    await town.connect("toolzz")
    town.locale = PORTUGUESE
    question = await propose(town)
    assert (embed_of(question).title or "").endswith("A Toolzz deve rodar este bot para o agente?")
    assert "Responde: todas as mensagens" in shown(question) or "todas as mensagens" in shown(question)
    done = await choose(town, question, "yes")
    assert (embed_of(done).title or "").endswith("A Toolzz criou a integração")


# --- refused, repeated, by others ---


@pytest.mark.parametrize(
    "failure",
    [failure for failure in REFUSALS if failure.key != "not_found"],
    ids=lambda failure: failure.name,
)
async def test_a_refusal_is_explained_and_can_be_tried_again(town: Town, failure: Failure) -> None:
    """What Toolzz refuses in so many words was not done, and the form is offered again."""
    await town.connect("toolzz")
    strike(town, "POST", failure.fault)
    refused = await put_in(town)
    failure.shows_in(town, refused, "toolzz")
    assert final(refused).ephemeral
    assert await remembered(town) == {}
    town.toolzz.heal()
    form = await town.manager.click(final(refused).message, label=AGAIN)
    await choose(town, await fill_in(town, form), "yes")
    assert len(town.toolzz.creations) == 1


async def test_a_404_offers_nothing_again(town: Town) -> None:
    """What Toolzz does not know it will not know the next time."""
    (failure,) = (failure for failure in REFUSALS if failure.key == "not_found")
    await town.connect("toolzz")
    strike(town, "POST", failure.fault)
    refused = await put_in(town)
    failure.shows_in(town, refused, "toolzz")
    assert labels(refused) == []
    assert town.toolzz.creations == []


async def test_two_presses_at_once_create_once(town: Town) -> None:
    """Who presses twice before the first press is seen to hands the token over once."""
    await town.connect("toolzz")
    question = await propose(town)
    (yes,) = (button["custom_id"] for button in buttons(question) if button["label"] == YES)
    first, second = await town.press_at_once(town.manager, final(question), yes, yes)
    assert embed_of(first).title == "✅ Toolzz created the integration"
    assert second.followups == []
    assert len(sent(town)) == len(town.toolzz.creations) == 1


async def test_another_member_hands_nothing_over(town: Town) -> None:
    """A press by somebody without rights, and one by a former manager, are refused."""
    await town.connect("toolzz")
    question = await propose(town)
    (yes,) = (button["custom_id"] for button in buttons(question) if button["label"] == YES)
    assert embed_of(await town.press(town.member, final(question), yes)).title == NOT_ALLOWED
    demote(town)
    assert embed_of(await choose(town, question, "yes")).title == NOT_ALLOWED
    assert sent(town) == []


async def test_a_restart_takes_form_and_question_along(town: Town) -> None:
    """Both were in memory alone: who goes on after a restart is told that nothing was sent."""
    await town.connect("toolzz")
    form, question = await open_form(town), await propose(town)
    await town.restart()
    for stale in (await fill_in(town, form), await choose(town, question, "yes")):
        assert "nothing was stored, sent or removed" in shown(stale)
    assert sent(town) == []


async def test_the_way_back_outlives_a_restart(town: Town) -> None:
    """The button under a refusal opens the form for the same agent and connection in a new process."""
    await town.connect("toolzz", "desk")
    refused = await propose(town, town.toolzz.RESTING_AGENT, discord_token="short")
    await town.restart()
    form = await town.manager.click(final(refused).message, label=AGAIN)
    await choose(town, await fill_in(town, form), "yes")
    assert town.toolzz.creations == [(town.toolzz.RESTING_AGENT, town.toolzz.discord_token)]


async def test_a_connection_that_is_gone_receives_nothing(town: Town) -> None:
    """Who confirms after the connection was removed is told so, and the token goes nowhere."""
    await town.connect("toolzz")
    question = await propose(town)
    removal = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    await town.manager.click(final(removal).message, label="Remove Toolzz · default")
    assert shown(await choose(town, question, "yes")).startswith("⚠️ No Toolzz connection named default")
    assert sent(town) == []


# --- secrets and hostile text ---


async def test_the_token_is_seen_by_discord_and_toolzz_alone(town: Town, log: io.StringIO) -> None:
    """From the form to the outcome no log line, message or byte on disk has a token or an agent's prompt."""
    await town.connect("toolzz")
    await suggested(town)
    await put_in(town)
    assert len(town.toolzz.creations) == 1
    for place in (town.sent_to_discord(), log.getvalue()):
        assert town.toolzz.discord_token not in place
        assert "FAKE-TOKEN" not in place
    assert town.toolzz.discord_token.encode() not in town.stored_bytes()


async def test_hostile_names_do_nothing(town: Town) -> None:
    """An agent's name, a title and what Toolzz lists are shown as the characters that they are."""
    await town.connect("toolzz")
    move_here(town)
    counts = []
    for text in ("x", *ATTACKS):
        town.toolzz.agents[0]["name"] = text
        town.toolzz.integrations[town.toolzz.CONNECTED]["title"] = text
        opened = await town.bot.connections.open(town.guild.id, "toolzz")
        town.bot.choices._lists.clear()
        offered = await suggested(town)
        assert plain_marks(offered[town.toolzz.AGENT]) == {}
        assert town.bot.choices.known(opened, town.toolzz.AGENT, "agents") is not None
        await town.env.advance_time(61)  # the command takes five calls a minute
        question = await propose(town, title=text[:100])
        counts.append(marks(words(embed_of(question))))
        assert accepted(embed_of(question))
    assert all(count <= counts[0] for count in counts)
