"""The one write of a change: it has no token, overwrites nobody else's change, and its outcome is told."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import discord
import pytest
from aiohttp import web

from bot.discord.theme import Tone
from bot.providers.base.simulator import Answer, Fault, Reset, Slow
from tests.support.authority import NOT_ALLOWED, demote
from tests.support.embeds import embed_text
from tests.support.english import english
from tests.support.failures import FAILURES, WITHOUT_A_GOOD_ANSWER, Failure
from tests.support.harness import (
    PORTUGUESE,
    BotHarness,
    buttons,
    embed_of,
    final,
    form_text,
    labels,
    shown,
)
from tests.support.hostile import ATTACKS, marks
from tests.support.short_replies import lines
from tests.support.toolzz_editing import (
    AGAIN,
    EDIT,
    TITLE,
    WRITE,
    edit,
    fill_in,
    open_form,
    press,
    propose,
    today,
)
from tests.support.toolzz_steps import BODY, LIST, sent, strike

REFUSALS = [failure for failure in FAILURES if failure not in WITHOUT_A_GOOD_ANSWER]
CAN_BE_CARRIED_OUT = [failure for failure in WITHOUT_A_GOOD_ANSWER if not isinstance(failure.fault, Slow)]
"""Those that can strike after Toolzz has acted; no deadline passes here while somebody waits for a socket."""
OTHER_AGENT = "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b21"
CANARY = "FAKE-TOKEN-canary.not-a-real.value-000000000000000000000000"


@dataclass(frozen=True)
class Meddled(Fault):
    """A fault that lets somebody else act before the connection is reset."""

    act: Callable[[], None]

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Let somebody else act, and reset the connection."""
        self.act()
        return await Reset().strike(request)


# --- the token ---


async def test_no_token_is_ever_written(toolzz_connected: BotHarness, log: io.StringIO) -> None:
    """The token that Toolzz sends goes neither back to Toolzz nor to Discord nor into the log."""
    toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CONNECTED].update(
        botToken=CANARY, isTokenMasked=False
    )
    await press(toolzz_connected, await propose(toolzz_connected, title="Front desk"))
    (body,) = toolzz_connected.toolzz.updates
    assert body.keys() == BODY
    assert "****" not in str(body)
    for place in (
        str(body),
        toolzz_connected.sent_to_discord(),
        log.getvalue(),
        str(toolzz_connected.stored_bytes()),
    ):
        assert "FAKE-TOKEN" not in place


# --- somebody else ---


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"title": "Their title"}, "Title", f"{TITLE} → Their title"),
        ({"scope": "all"}, "Answers", "mentions only → all messages"),
        ({"permissions": "8"}, "Permissions", "`309237713920` → `8`"),
        ({"guildName": "Harbour"}, "Server", "Harbour Ops → Harbour"),
        ({"botId": OTHER_AGENT}, "Agent", f" → `{OTHER_AGENT}`"),
    ],
)
async def test_what_somebody_else_changed_is_not_undone(
    toolzz_connected: BotHarness, changes: dict[str, Any], name: str, said: str
) -> None:
    """Nothing is written; the differences are shown, and the form has the new values."""
    question = await propose(toolzz_connected, switches=["threads"])
    toolzz_connected.toolzz.touch(toolzz_connected.toolzz.CONNECTED, **changes)
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"⚠️ {english('toolzz.edit.overtaken')}"
    assert any(said in line for line in lines(question) if line.startswith(f"{name}: "))
    assert labels(question) == [EDIT]
    assert sent(toolzz_connected) == []
    form = await open_form(toolzz_connected, question)
    assert today(toolzz_connected, form)["title"] == changes.get("title", TITLE)
    again = await fill_in(toolzz_connected, form, switches=["threads"])
    await press(toolzz_connected, again)
    assert embed_of(again).title == f"✅ {english('toolzz.edit.done')}"
    (body,) = toolzz_connected.toolzz.updates
    assert all(body[name] == value for name, value in changes.items() if name in BODY)
    assert body["threadAutoCreate"] is True


async def test_a_bot_that_reconnects_meanwhile_stops_nothing(toolzz_connected: BotHarness) -> None:
    """A change of state or times does not prevent the write."""
    question = await propose(toolzz_connected, switches=["threads"])
    toolzz_connected.toolzz.touch(
        toolzz_connected.toolzz.CONNECTED, connectionStatus="error", lastConnectedAt="2026-11-21 01:02:03"
    )
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"✅ {english('toolzz.edit.done')}"
    assert len(toolzz_connected.toolzz.updates) == 1


async def test_what_moved_away_or_was_deleted_meanwhile_is_left_alone(toolzz_connected: BotHarness) -> None:
    """An integration that has moved to another server or was deleted is refused."""
    for changes, said in (
        ({"guildId": "1102345678909876543"}, english("problem.runs_elsewhere.title")),
        ({"deletedAt": "2026-11-20 08:15:27"}, english("problem.invalid_input.deleted.title")),
    ):
        question = await propose(toolzz_connected, scope="all")
        toolzz_connected.toolzz.touch(toolzz_connected.toolzz.CONNECTED, **changes)
        assert said in shown(await press(toolzz_connected, question))
        toolzz_connected.toolzz.touch(
            toolzz_connected.toolzz.CONNECTED, guildId=str(toolzz_connected.guild.id)
        )
    assert sent(toolzz_connected) == []


async def test_of_two_questions_the_first_one_counts(toolzz_connected: BotHarness) -> None:
    """A second question that was read before the first write does not overwrite it."""
    first, second = (
        await propose(toolzz_connected, scope="all"),
        await propose(toolzz_connected, scope="none"),
    )
    await press(toolzz_connected, first)
    await press(toolzz_connected, second)
    assert embed_of(second).title == f"⚠️ {english('toolzz.edit.overtaken')}"
    assert [body["scope"] for body in toolzz_connected.toolzz.updates] == ["all"]


# --- when Toolzz fails ---


@pytest.mark.parametrize("failure", REFUSALS, ids=lambda failure: failure.name)
async def test_a_refusal_is_explained(toolzz_connected: BotHarness, failure: Failure) -> None:
    """A write that Toolzz refuses is explained, with a button to read again."""
    strike(toolzz_connected, "PUT", failure.fault)
    refused = await press(toolzz_connected, await propose(toolzz_connected, scope="all"))
    failure.shows_in(toolzz_connected, refused, "toolzz")
    assert labels(refused) == failure.offers(AGAIN)
    assert toolzz_connected.toolzz.updates == []


@pytest.mark.parametrize("failure", WITHOUT_A_GOOD_ANSWER, ids=lambda failure: failure.name)
async def test_what_was_not_carried_out_is_not_there(toolzz_connected: BotHarness, failure: Failure) -> None:
    """Without a clear answer the old settings, read again, prove that nothing was written."""
    strike(toolzz_connected, "PUT", failure.fault)
    question = await propose(toolzz_connected, scope="all")
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"⚠️ {english('toolzz.edit.not_there')}"
    title = toolzz_connected.texts(
        f"problem.{failure.key}.title", provider="Toolzz", status=failure.status or 0
    )
    assert title in (embed_of(question).description or "")
    assert labels(question) == [AGAIN]
    assert len(sent(toolzz_connected)) <= 1
    assert toolzz_connected.toolzz.updates == []
    toolzz_connected.toolzz.heal()
    await toolzz_connected.manager.click(final(question).message, label=AGAIN)
    assert embed_of(question).title == f"🔌 {english('toolzz.edit.today')}"


@pytest.mark.parametrize("failure", CAN_BE_CARRIED_OUT, ids=lambda failure: failure.name)
async def test_what_was_carried_out_is_there(toolzz_connected: BotHarness, failure: Failure) -> None:
    """Without a clear answer the new settings, read again, prove the write; it is not repeated."""
    strike(toolzz_connected, "PUT", failure.fault, acted=True)
    question = await propose(toolzz_connected, scope="all")
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"✅ {english('toolzz.edit.there')}"
    assert embed_of(question).colour == discord.Colour(Tone.GOOD.colour)
    assert labels(question) == [AGAIN]
    assert len(toolzz_connected.toolzz.updates) == len(sent(toolzz_connected)) == 1


@pytest.mark.parametrize("acted", [True, False])
async def test_what_cannot_be_read_back_is_not_known(toolzz_connected: BotHarness, acted: bool) -> None:
    """If Toolzz does not answer the outcome is unknown; reading again later shows it, after a restart too."""
    question = await propose(toolzz_connected, scope="all")
    strike(toolzz_connected, "PUT", Reset(), acted=acted, lasts=True)
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"⚠️ {english('toolzz.edit.unknown')}"
    assert labels(question) == [AGAIN]
    await toolzz_connected.restart()
    toolzz_connected.toolzz.heal()
    await toolzz_connected.manager.click(final(question).message, label=AGAIN)
    scope = "all messages" if acted else "mentions only"
    assert f"Answers: {scope}" in shown(question)


async def test_what_is_neither_old_nor_new_is_not_known(toolzz_connected: BotHarness) -> None:
    """If the settings are neither the old nor the new ones the outcome is unknown."""
    question = await propose(toolzz_connected, scope="all")
    meddled = Meddled(lambda: toolzz_connected.toolzz.touch(toolzz_connected.toolzz.CONNECTED, scope="none"))
    strike(toolzz_connected, "PUT", meddled, acted=True)
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"⚠️ {english('toolzz.edit.unknown')}"
    assert labels(question) == [AGAIN]
    assert len(sent(toolzz_connected)) == 1


async def test_a_report_that_fails_before_the_write_sends_nothing(toolzz_connected: BotHarness) -> None:
    """If the integration cannot be read before the write, nothing is written."""
    question = await propose(toolzz_connected, scope="all")
    toolzz_connected.toolzz.fail(Answer(503), path="/chat/")
    refused = await press(toolzz_connected, question)
    assert shown(refused).startswith(f"❌ {english('problem.server_fault.title', provider='Toolzz')}")
    assert labels(refused) == [AGAIN]
    assert sent(toolzz_connected) == []


async def test_an_answer_that_says_little_is_filled_up(toolzz_connected: BotHarness) -> None:
    """If Toolzz answers with an id only, the settings that were sent are shown."""
    strike(toolzz_connected, "PUT", Answer(200, {"id": toolzz_connected.toolzz.CONNECTED}), acted=True)
    question = await propose(toolzz_connected, title="Front desk")
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"✅ {english('toolzz.edit.done')}"
    assert lines(question)[0] == "**Front desk**"


async def test_what_cannot_be_read_in_full_again_is_not_written(toolzz_connected: BotHarness) -> None:
    """If only a short report can be read before the write, nothing is written."""
    question = await propose(toolzz_connected, toolzz_connected.toolzz.INACTIVE, scope="all")
    toolzz_connected.toolzz.touch(toolzz_connected.toolzz.INACTIVE, permissions="8")
    toolzz_connected.toolzz.fail(Answer(500), times=None, path=LIST)
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"⚠️ {english('toolzz.edit.impossible')}"
    assert toolzz_connected.toolzz.updates == []


async def test_an_answer_with_the_old_values_is_no_success(toolzz_connected: BotHarness) -> None:
    """If Toolzz accepts the write but shows the old values, the answer says so."""
    question = await propose(toolzz_connected, scope="all")
    body = toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CONNECTED]
    toolzz_connected.toolzz.fail(
        Answer(200, dict(body)), path=f"/discord/integration/{toolzz_connected.toolzz.CONNECTED}"
    )
    toolzz_connected.toolzz.fail(
        Answer(200, dict(body)), path=f"/discord/integration/{toolzz_connected.toolzz.CONNECTED}"
    )
    await press(toolzz_connected, question)
    assert embed_of(question).title == f"⚠️ {english('toolzz.edit.not_there')}"


# --- who, how often, how long ---


async def test_two_presses_at_once_write_once(toolzz_connected: BotHarness) -> None:
    """Two presses of the button at the same time lead to one write."""
    question = await propose(toolzz_connected, scope="all")
    (write,) = (button["custom_id"] for button in buttons(question) if button["label"] == WRITE)
    _, second = await toolzz_connected.press_at_once(toolzz_connected.manager, final(question), write, write)
    assert second.followups == []
    assert embed_of(question).title == f"✅ {english('toolzz.edit.done')}"
    assert len(sent(toolzz_connected)) == 1


async def test_another_member_changes_nothing(toolzz_connected: BotHarness) -> None:
    """A member without rights, and a former manager, get neither the form nor the write."""
    offer, question = await edit(toolzz_connected), await propose(toolzz_connected, scope="all")
    for result, label in ((offer, EDIT), (question, WRITE)):
        (pressed,) = (button["custom_id"] for button in buttons(result) if button["label"] == label)
        refused = await toolzz_connected.press(toolzz_connected.member, final(result), pressed)
        assert refused.modal is None
        assert embed_of(refused).title == NOT_ALLOWED
    demote(toolzz_connected)
    assert embed_of(await press(toolzz_connected, question)).title == NOT_ALLOWED
    assert sent(toolzz_connected) == []


async def test_a_restart_takes_offer_form_and_question_along(toolzz_connected: BotHarness) -> None:
    """After a restart button, form and question say that nothing was sent."""
    offer = await edit(toolzz_connected)
    form, question = await open_form(toolzz_connected, offer), await propose(toolzz_connected, scope="all")
    await toolzz_connected.restart()
    stale = [
        await toolzz_connected.manager.click(final(offer).message, label=EDIT),
        await fill_in(toolzz_connected, form, scope="all"),
        await press(toolzz_connected, question),
    ]
    assert all("Nothing was saved, sent, or removed" in shown(each) for each in stale)
    assert sent(toolzz_connected) == []


async def test_an_offer_ends_after_a_while(toolzz_connected: BotHarness) -> None:
    """After 15 minutes the button says to run the command again."""
    offer = await edit(toolzz_connected)
    (button,) = buttons(offer)
    await toolzz_connected.env.advance_time(901)
    stale = await toolzz_connected.press(toolzz_connected.manager, final(offer), button["custom_id"])
    assert "Nothing was saved, sent, or removed" in shown(stale)


async def test_a_connection_that_is_gone_writes_nothing(toolzz_connected: BotHarness) -> None:
    """If the connection was removed before the confirmation, nothing is written."""
    question = await propose(toolzz_connected, scope="all")
    removal = await toolzz_connected.manager.slash(
        toolzz_connected.channel, "connections remove", provider="toolzz"
    )
    await toolzz_connected.manager.click(final(removal).message, label="Remove Toolzz · default")
    assert shown(await press(toolzz_connected, question)).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
    )
    assert sent(toolzz_connected) == []


async def test_a_new_title_is_suggested_at_once(toolzz_connected: BotHarness) -> None:
    """After a write the cached suggestions are dropped."""
    await toolzz_connected.manager.autocomplete(toolzz_connected.channel, "toolzz edit", "integration", "")
    await press(toolzz_connected, await propose(toolzz_connected, title="Front desk"))
    choices = await toolzz_connected.manager.autocomplete(
        toolzz_connected.channel, "toolzz edit", "integration", "front"
    )
    assert [choice["name"] for choice in choices] == ["🟢 Front desk"]


# --- language and hostile text ---


async def test_everything_is_portuguese_for_who_reads_portuguese(toolzz_connected: BotHarness) -> None:
    """Offer, question and answer are in the manager's language."""
    toolzz_connected.locale = PORTUGUESE
    offer = await edit(toolzz_connected)
    assert (embed_of(offer).title or "").endswith(toolzz_connected.texts("toolzz.edit.today"))
    question = await fill_in(
        toolzz_connected, await open_form(toolzz_connected, offer, "Editar"), scope="all"
    )
    assert labels(question)[0] == toolzz_connected.texts("toolzz.edit.yes")
    await press(toolzz_connected, question, labels(question)[0])
    assert (embed_of(question).title or "").endswith(toolzz_connected.texts("toolzz.edit.done"))


async def test_hostile_text_does_nothing(toolzz_connected: BotHarness) -> None:
    """Hostile titles, scopes, and names of channels and servers are shown as plain characters."""
    counts = []
    report = toolzz_connected.toolzz.integrations[toolzz_connected.toolzz.CONNECTED]
    for text in ("x", *ATTACKS):
        await toolzz_connected.env.advance_time(60)  # nobody is as fast as this test
        gone = {"id": "1188765432109876501", "name": text}
        report.update(title=text, scope=text, guildName=text)
        report["channelIds"] = [str(toolzz_connected.channel.id), gone["id"]]
        report["channelsDetail"] = [{"id": str(toolzz_connected.channel.id), "name": text}, gone]
        offer = await edit(toolzz_connected)
        form = await open_form(toolzz_connected, offer)
        question = await fill_in(toolzz_connected, form, title=f"{text} 2", scope="all")
        seen = [embed_text(embed_of(offer)), form_text(form), embed_text(embed_of(question))]
        counts.append([marks(each) for each in seen])
    for count in counts:
        assert all(found <= harmless for found, harmless in zip(count, counts[0], strict=True))
