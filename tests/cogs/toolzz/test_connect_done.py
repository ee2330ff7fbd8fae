"""An agent that was put into the server: the one request, what is said of it, and what stops it."""

import io

import discord
import pytest

from bot.discord.access.agent_bots import needed_permissions
from bot.providers.toolzz.simulated_unit import APPLICATION_ID
from tests.support.authority import NOT_ALLOWED, demote
from tests.support.embeds import embed_text, fits_discord
from tests.support.english import english
from tests.support.failures import FAILURES, NOT_OFFERED_AGAIN, WITHOUT_A_GOOD_ANSWER, Failure
from tests.support.handover_steps import token_of
from tests.support.harness import (
    HELPER,
    PORTUGUESE,
    BotHarness,
    buttons,
    embed_of,
    field,
    final,
    labels,
    shown,
)
from tests.support.hostile import ATTACKS, marks, plain_marks
from tests.support.short_replies import lines, show_details
from tests.support.toolzz_steps import (
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

AGAIN = english("toolzz.connect.button")
YES = english("token.yes")
REFUSALS = [failure for failure in FAILURES if failure not in WITHOUT_A_GOOD_ANSWER]
NAME = "Atendente da Loja"
INTENT = 1 << 19


# --- done well ---


async def test_the_agent_is_put_into_the_server(harness: BotHarness) -> None:
    """One request with the contract's fields creates the integration, and the server counts it as its own."""
    await harness.connect("toolzz", "desk")
    await suggested(harness)
    user = harness.env.create_user("desk-bot", bot=True)
    harness.guild.add_member(user)
    token = token_of(user.id)
    harness.discord_api.introduce(token, HELPER)
    done = await put_in(harness, discord_token=token, switches=["mention", "threads"])
    (request,) = sent(harness)
    body = body_of(request)
    (row,) = (await remembered(harness)).values()
    assert body.keys() == BODY | {"botToken"}
    assert body["botToken"] == token
    assert body["botId"] == harness.toolzz.AGENT
    assert body["unitId"] == harness.toolzz.credentials["unit_id"]
    assert (body["guildId"], body["guildName"]) == (str(harness.guild.id), "Harbour Ops")
    assert body["permissions"] == str(needed_permissions(create_threads=True).value)
    assert (body["autoReplyOnMention"], body["threadAutoCreate"], body["scope"]) == (True, True, "all")
    assert embed_of(done).title == f"✅ {english('toolzz.connect.done')}"
    assert lines(done)[0].endswith("** · 🟢 Connected")
    assert field(done, "Next step") == harness.linked(harness.texts("toolzz.connect.see_status"))
    assert row.id in harness.toolzz.integrations
    assert (row.connection, row.label, row.bot_id, row.placed_by) == (
        "desk",
        TITLE,
        user.id,
        harness.manager.id,
    )


async def test_a_look_is_offered_before_anything_is_sent(harness: BotHarness) -> None:
    """Should this process not live to tell the outcome, the question has the button that finds out."""
    await harness.connect("toolzz")
    await put_in(harness, harness.toolzz.RESTING_AGENT)
    button = f"toolzz:look:default:{harness.toolzz.RESTING_AGENT}:{APPLICATION_ID}:n"
    assert button in harness.sent_to_discord()


async def test_what_is_left_to_do_is_said(harness: BotHarness) -> None:
    """A bot that is not here and reads no messages has both steps before the look at its status."""
    await harness.connect("toolzz")
    harness.discord_api.introduce(harness.toolzz.discord_token, HELPER, flags=0)
    done = await put_in(harness)
    intent, invite, status = field(done, "Next step").splitlines()
    assert intent.startswith("1. Turn on **Message Content Intent**")
    assert invite.startswith("2. [Invite the bot](")
    assert status.startswith("3. See its state")
    assert labels(done) == [english("token.invite")]


async def test_channels_are_described_as_discord_does(harness: BotHarness) -> None:
    """Both views of the channels agree, and the objects hold what the gateway has told of each channel."""
    await harness.connect("toolzz")
    group = harness.guild.create_category("Desk")
    role = harness.guild.create_role("Guests")
    inner = harness.guild.create_text_channel(
        "inner",
        topic="Ask @everyone here",
        category=group,
        overwrites={
            role: discord.PermissionOverwrite(view_channel=False, send_messages=True),
            harness.manager: discord.PermissionOverwrite(view_channel=True),
        },
    )
    await put_in(harness, channels=[inner, harness.channel])
    body = body_of(sent(harness)[0])
    described = {channel["id"]: channel for channel in body["channelsDetail"]}
    assert body["channelIds"] == [channel["id"] for channel in body["channelsDetail"]]
    assert described.keys() == {str(inner.id), str(harness.channel.id)}
    channel = described[str(inner.id)]
    assert channel["guild_id"] == str(harness.guild.id)
    assert (channel["name"], channel["type"], channel["topic"]) == ("inner", 0, "Ask @everyone here")
    assert channel["parent_id"] == str(group.id)
    assert (channel["nsfw"], channel["rate_limit_per_user"]) == (False, 0)
    overwrites = {overwrite["id"]: overwrite for overwrite in channel["permission_overwrites"]}
    view, speak = (
        str(discord.Permissions(**{name: True}).value) for name in ("view_channel", "send_messages")
    )
    assert overwrites[str(role.id)] == {"id": str(role.id), "type": 0, "allow": speak, "deny": view}
    assert overwrites[str(harness.manager.id)]["type"] == 1
    assert described[str(harness.channel.id)]["parent_id"] is None


async def test_25_channels_fit(harness: BotHarness) -> None:
    """As many channels as a select holds are all shown and all sent."""
    await harness.connect("toolzz")
    channels = [harness.guild.create_text_channel(f"room-{number}") for number in range(25)]
    question = await propose(harness, channels=channels)
    await show_details(harness, question)
    assert field(question, "25 channels").count("<#") == 25
    assert fits_discord(embed_of(question))
    assert fits_discord(embed_of(await choose(harness, question, "yes")))
    assert len(body_of(sent(harness)[0])["channelIds"]) == 25


async def test_the_new_one_is_suggested_at_once(harness: BotHarness) -> None:
    """The list that was kept for suggestions is forgotten once something was created."""
    await harness.connect("toolzz")
    await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "")
    await put_in(harness)
    choices = await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", TITLE)
    assert [choice["name"] for choice in choices] == [f"🟢 {TITLE}"]


async def test_everything_is_portuguese_for_who_reads_portuguese(harness: BotHarness) -> None:
    """Question and answer are in the manager's language."""
    await harness.connect("toolzz")
    harness.locale = PORTUGUESE
    question = await propose(harness)
    assert (embed_of(question).title or "").endswith(harness.texts("toolzz.connect.question"))
    await show_details(harness, question)
    assert "Responde: todas as mensagens" in shown(question) or "todas as mensagens" in shown(question)
    done = await choose(harness, question, "yes")
    assert (embed_of(done).title or "").endswith(harness.texts("toolzz.connect.done"))


# --- refused, repeated, by others ---


@pytest.mark.parametrize(
    "failure",
    [failure for failure in REFUSALS if failure.key not in NOT_OFFERED_AGAIN],
    ids=lambda failure: failure.name,
)
async def test_a_refusal_is_explained_and_can_be_tried_again(harness: BotHarness, failure: Failure) -> None:
    """What Toolzz refuses in so many words was not done, and the form is offered again."""
    await harness.connect("toolzz")
    strike(harness, "POST", failure.fault)
    refused = await put_in(harness)
    failure.shows_in(harness, refused, "toolzz")
    assert final(refused).ephemeral
    assert await remembered(harness) == {}
    await failure.end(harness, "toolzz")
    form = await harness.manager.click(final(refused).message, label=AGAIN)
    await choose(harness, await fill_in(harness, form), "yes")
    assert len(harness.toolzz.creations) == 1


@pytest.mark.parametrize("key", NOT_OFFERED_AGAIN)
async def test_what_will_be_refused_again_is_not_offered(harness: BotHarness, key: str) -> None:
    """What Toolzz does not know, and what we write wrongly, it refuses the next time too."""
    (failure,) = (failure for failure in REFUSALS if failure.key == key)
    await harness.connect("toolzz")
    strike(harness, "POST", failure.fault)
    refused = await put_in(harness)
    failure.shows_in(harness, refused, "toolzz")
    assert labels(refused) == []
    assert harness.toolzz.creations == []


async def test_two_presses_at_once_create_once(harness: BotHarness) -> None:
    """Who presses twice before the first press is seen to hands the token over once."""
    await harness.connect("toolzz")
    question = await propose(harness)
    (yes,) = (button["custom_id"] for button in buttons(question) if button["label"] == YES)
    first, second = await harness.press_at_once(harness.manager, final(question), yes, yes)
    assert embed_of(first).title == f"✅ {english('toolzz.connect.done')}"
    assert second.followups == []
    assert len(sent(harness)) == len(harness.toolzz.creations) == 1


async def test_another_member_hands_nothing_over(harness: BotHarness) -> None:
    """A press by somebody without rights, and one by a former manager, are refused."""
    await harness.connect("toolzz")
    question = await propose(harness)
    (yes,) = (button["custom_id"] for button in buttons(question) if button["label"] == YES)
    assert embed_of(await harness.press(harness.member, final(question), yes)).title == NOT_ALLOWED
    demote(harness)
    assert embed_of(await choose(harness, question, "yes")).title == NOT_ALLOWED
    assert sent(harness) == []


async def test_a_restart_takes_form_and_question_along(harness: BotHarness) -> None:
    """Both were in memory alone: who goes on after a restart is told that nothing was sent."""
    await harness.connect("toolzz")
    form, question = await open_form(harness), await propose(harness)
    await harness.restart()
    for stale in (await fill_in(harness, form), await choose(harness, question, "yes")):
        assert "Nothing was saved, sent, or removed" in shown(stale)
    assert sent(harness) == []


async def test_the_retry_button_outlives_a_restart(harness: BotHarness) -> None:
    """The button under a refusal opens the form for the same agent and connection in a new process."""
    await harness.connect("toolzz", "desk")
    refused = await propose(harness, harness.toolzz.RESTING_AGENT, discord_token="short")
    await harness.restart()
    form = await harness.manager.click(final(refused).message, label=AGAIN)
    await choose(harness, await fill_in(harness, form), "yes")
    assert harness.toolzz.creations == [(harness.toolzz.RESTING_AGENT, harness.toolzz.discord_token)]


async def test_a_connection_that_is_gone_receives_nothing(harness: BotHarness) -> None:
    """Who confirms after the connection was removed is told so, and the token goes nowhere."""
    await harness.connect("toolzz")
    question = await propose(harness)
    removal = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    await harness.manager.click(final(removal).message, label="Remove Toolzz · default")
    assert shown(await choose(harness, question, "yes")).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
    )
    assert sent(harness) == []


# --- secrets and hostile text ---


async def test_the_token_is_seen_by_discord_and_toolzz_alone(harness: BotHarness, log: io.StringIO) -> None:
    """From the form to the outcome no log line, message or byte on disk has a token or an agent's prompt."""
    await harness.connect("toolzz")
    await suggested(harness)
    await put_in(harness)
    assert len(harness.toolzz.creations) == 1
    for place in (harness.sent_to_discord(), log.getvalue()):
        assert harness.toolzz.discord_token not in place
        assert "FAKE-TOKEN" not in place
    assert harness.toolzz.discord_token.encode() not in harness.stored_bytes()


async def test_hostile_names_do_nothing(harness: BotHarness) -> None:
    """An agent's name, a title and what Toolzz lists are shown as the characters that they are."""
    await harness.connect("toolzz")
    move_here(harness)
    counts = []
    for text in ("x", *ATTACKS):
        harness.toolzz.agents[0]["name"] = text
        harness.toolzz.integrations[harness.toolzz.CONNECTED]["title"] = text
        opened = await harness.bot.services.connections.open(harness.guild.id, "toolzz")
        harness.bot.services.choices._lists.forget(harness.guild.id)
        harness.bot.services.suggestions.forget(harness.guild.id)
        offered = await suggested(harness)
        assert plain_marks(offered[harness.toolzz.AGENT]) == {}
        assert harness.bot.services.choices.known(opened, harness.toolzz.AGENT, "agents") is not None
        await harness.env.advance_time(61)  # the command takes five calls a minute
        question = await propose(harness, title=text[:100])
        counts.append(marks(embed_text(embed_of(question))))
        assert fits_discord(embed_of(question))
    assert all(count <= counts[0] for count in counts)
