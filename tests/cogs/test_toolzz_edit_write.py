"""The one write of a change: never with a token, over nobody's work, and with what became of it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import discord
import pytest
from aiohttp import web

from bot.kit.simulator import Answer, Fault, Reset, Slow
from bot.ui.theme import Tone
from tests.cogs.failures import FAILURES, WITHOUT_A_GOOD_ANSWER, Failure
from tests.cogs.test_authority import NOT_ALLOWED, demote
from tests.cogs.toolzz_editing import (
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
from tests.cogs.toolzz_steps import BODY, LIST, sent, strike
from tests.cogs.town import PORTUGUESE, Town, buttons, embed_of, field, final, labels, said_in, shown
from tests.ui.hostile import ATTACKS, marks
from tests.ui.test_problems import words

REFUSALS = [failure for failure in FAILURES if failure not in WITHOUT_A_GOOD_ANSWER]
CAN_BE_CARRIED_OUT = [failure for failure in WITHOUT_A_GOOD_ANSWER if not isinstance(failure.fault, Slow)]
"""Those that can strike after Toolzz has acted; no deadline passes here while somebody waits for a socket."""
OTHER_AGENT = "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b21"
CANARY = "FAKE-TOKEN-canary.not-a-real.value-000000000000000000000000"


@dataclass(frozen=True)
class Meddled(Fault):
    """Lets somebody else act before the connection is reset."""

    act: Callable[[], None]

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Let them act."""
        self.act()
        return await Reset().strike(request)


# --- the token ---


async def test_no_token_is_ever_written(office: Town, log: io.StringIO) -> None:
    """Masked or in clear, what Toolzz sends as the token goes nowhere: not back, not to Discord, no log."""
    office.toolzz.integrations[office.toolzz.CONNECTED].update(botToken=CANARY, isTokenMasked=False)
    await press(office, await propose(office, title="Front desk"))
    (body,) = office.toolzz.updates
    assert body.keys() == BODY
    assert "****" not in str(body)
    for place in (str(body), office.sent_to_discord(), log.getvalue(), str(office.stored_bytes())):
        assert "FAKE-TOKEN" not in place


# --- somebody else ---


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"title": "Their title"}, "Title", f"{TITLE} → Their title"),
        ({"scope": "all"}, "Answers", "mentions only → all messages"),
        ({"permissions": "8"}, "Permissions", "`309237713920` → `8`"),
        ({"guildName": "Harbour"}, "Server", "Harbour Ops → Harbour"),
        (
            {"botId": "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b21"},
            "Agent",
            "` → `7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b21`",
        ),
    ],
)
async def test_what_somebody_else_changed_is_not_undone(
    office: Town, changes: dict[str, Any], name: str, said: str
) -> None:
    """Nothing is sent; what is different is said, and the form comes with what Toolzz has now."""
    question = await propose(office, switches=["threads"])
    office.toolzz.touch(office.toolzz.CONNECTED, **changes)
    await press(office, question)
    assert embed_of(question).title == "⚠️ It has changed meanwhile"
    assert said in field(question, name)
    assert labels(question) == [EDIT]
    assert sent(office) == []
    form = await open_form(office, question)
    assert today(office, form)["title"] == changes.get("title", TITLE)
    again = await fill_in(office, form, switches=["threads"])
    await press(office, again)
    assert embed_of(again).title == "✅ Toolzz has the new settings"
    (body,) = office.toolzz.updates
    assert all(body[name] == value for name, value in changes.items() if name in BODY)
    assert body["threadAutoCreate"] is True


async def test_a_bot_that_reconnects_meanwhile_stops_nothing(office: Town) -> None:
    """State and times move by themselves; only what the write would undo is somebody's change."""
    question = await propose(office, switches=["threads"])
    office.toolzz.touch(
        office.toolzz.CONNECTED, connectionStatus="error", lastConnectedAt="2026-11-21 01:02:03"
    )
    await press(office, question)
    assert embed_of(question).title == "✅ Toolzz has the new settings"
    assert len(office.toolzz.updates) == 1


async def test_what_moved_away_or_was_deleted_meanwhile_is_left_alone(office: Town) -> None:
    """An integration that is not this server's any more, or is gone, is refused as if read just now."""
    for changes, said in (
        ({"guildId": "1102345678909876543"}, "This integration runs in another server"),
        ({"deletedAt": "2026-11-20 08:15:27"}, "This integration is deleted in Toolzz"),
    ):
        question = await propose(office, scope="all")
        office.toolzz.touch(office.toolzz.CONNECTED, **changes)
        assert said in shown(await press(office, question))
        office.toolzz.touch(office.toolzz.CONNECTED, guildId=str(office.guild.id))
    assert sent(office) == []


async def test_of_two_questions_the_first_one_counts(office: Town) -> None:
    """What one confirmed question wrote, another one that was read before does not overwrite."""
    first, second = await propose(office, scope="all"), await propose(office, scope="none")
    await press(office, first)
    await press(office, second)
    assert embed_of(second).title == "⚠️ It has changed meanwhile"
    assert [body["scope"] for body in office.toolzz.updates] == ["all"]


# --- when Toolzz fails ---


@pytest.mark.parametrize("failure", REFUSALS, ids=lambda failure: failure.name)
async def test_a_refusal_is_explained(office: Town, failure: Failure) -> None:
    """What Toolzz refuses in so many words was not written, and the way back is to read it again."""
    strike(office, "PUT", failure.fault)
    refused = await press(office, await propose(office, scope="all"))
    failure.shows_in(office, refused, "toolzz")
    assert labels(refused) == failure.offers(AGAIN)
    assert office.toolzz.updates == []


@pytest.mark.parametrize("failure", WITHOUT_A_GOOD_ANSWER, ids=lambda failure: failure.name)
async def test_what_was_not_carried_out_is_not_there(office: Town, failure: Failure) -> None:
    """Without a good answer the integration is read back: the old settings mean that nothing was written."""
    strike(office, "PUT", failure.fault)
    question = await propose(office, scope="all")
    await press(office, question)
    assert embed_of(question).title == "⚠️ The change is not there"
    title = office.texts(f"problem.{failure.key}.title", provider="Toolzz", status=failure.status or 0)
    assert title in (embed_of(question).description or "")
    assert labels(question) == [AGAIN]
    assert len(sent(office)) <= 1
    assert office.toolzz.updates == []
    office.toolzz.heal()
    await office.manager.click(final(question).message, label=AGAIN)
    assert embed_of(question).title == "🔌 Today's settings"


@pytest.mark.parametrize("failure", CAN_BE_CARRIED_OUT, ids=lambda failure: failure.name)
async def test_what_was_carried_out_is_there(office: Town, failure: Failure) -> None:
    """The new settings, read back, mean that it was written; it is never sent a second time."""
    strike(office, "PUT", failure.fault, acted=True)
    question = await propose(office, scope="all")
    await press(office, question)
    assert embed_of(question).title == "✅ The change is there"
    assert embed_of(question).colour == discord.Colour(Tone.GOOD.colour)
    assert "Answers: all messages" in field(question, "Replies")
    assert labels(question) == [AGAIN]
    assert len(office.toolzz.updates) == len(sent(office)) == 1


@pytest.mark.parametrize("acted", [True, False])
async def test_what_cannot_be_read_back_is_not_known(office: Town, acted: bool) -> None:
    """While Toolzz says nothing nothing is claimed; reading it again tells, after a restart too."""
    question = await propose(office, scope="all")
    strike(office, "PUT", Reset(), acted=acted, lasts=True)
    await press(office, question)
    assert embed_of(question).title == "⚠️ Not known"
    assert labels(question) == [AGAIN]
    await office.restart()
    office.toolzz.heal()
    await office.manager.click(final(question).message, label=AGAIN)
    scope = "all messages" if acted else "mentions only"
    assert f"Answers: {scope}" in field(question, "Replies")


async def test_what_is_neither_old_nor_new_is_not_known(office: Town) -> None:
    """Settings that somebody else wrote right after ours prove nothing about ours."""
    question = await propose(office, scope="all")
    meddled = Meddled(lambda: office.toolzz.touch(office.toolzz.CONNECTED, scope="none"))
    strike(office, "PUT", meddled, acted=True)
    await press(office, question)
    assert embed_of(question).title == "⚠️ Not known"
    assert labels(question) == [AGAIN]
    assert len(sent(office)) == 1


async def test_a_report_that_fails_before_the_write_sends_nothing(office: Town) -> None:
    """Where it cannot be read whether somebody else changed it, nothing is written."""
    question = await propose(office, scope="all")
    office.toolzz.fail(Answer(503), path="/chat/")
    refused = await press(office, question)
    assert shown(refused).startswith("❌ Toolzz has a fault on its side")
    assert labels(refused) == [AGAIN]
    assert sent(office) == []


async def test_an_answer_that_says_little_is_filled_up(office: Town) -> None:
    """Where Toolzz answers the write with an id alone, what was sent is shown."""
    strike(office, "PUT", Answer(200, {"id": office.toolzz.CONNECTED}), acted=True)
    question = await propose(office, title="Front desk")
    await press(office, question)
    assert embed_of(question).title == "✅ Toolzz has the new settings"
    assert field(question, "Title") == "Front desk"


async def test_what_cannot_be_read_in_full_again_is_not_written(office: Town) -> None:
    """A short report, and a list that fails: somebody else's change could not be seen, so none goes out."""
    question = await propose(office, office.toolzz.INACTIVE, scope="all")
    office.toolzz.touch(office.toolzz.INACTIVE, permissions="8")
    office.toolzz.fail(Answer(500), times=None, path=LIST)
    await press(office, question)
    assert embed_of(question).title == "⚠️ I cannot change this safely"
    assert office.toolzz.updates == []


async def test_an_answer_with_the_old_values_is_no_success(office: Town) -> None:
    """Toolzz may say yes and show that it has done nothing; that is what the member reads."""
    question = await propose(office, scope="all")
    body = office.toolzz.integrations[office.toolzz.CONNECTED]
    office.toolzz.fail(Answer(200, dict(body)), path=f"/discord/integration/{office.toolzz.CONNECTED}")
    office.toolzz.fail(Answer(200, dict(body)), path=f"/discord/integration/{office.toolzz.CONNECTED}")
    await press(office, question)
    assert embed_of(question).title == "⚠️ The change is not there"


# --- who, how often, how long ---


async def test_two_presses_at_once_write_once(office: Town) -> None:
    """Who presses twice before the first press is seen to writes once."""
    question = await propose(office, scope="all")
    (write,) = (button["custom_id"] for button in buttons(question) if button["label"] == WRITE)
    _, second = await office.press_at_once(office.manager, final(question), write, write)
    assert second.followups == []
    assert embed_of(question).title == "✅ Toolzz has the new settings"
    assert len(sent(office)) == 1


async def test_another_member_changes_nothing(office: Town) -> None:
    """A member without rights, and a former manager, get neither the form nor the write."""
    offer, question = await edit(office), await propose(office, scope="all")
    for result, label in ((offer, EDIT), (question, WRITE)):
        (pressed,) = (button["custom_id"] for button in buttons(result) if button["label"] == label)
        refused = await office.press(office.member, final(result), pressed)
        assert refused.modal is None
        assert embed_of(refused).title == NOT_ALLOWED
    demote(office)
    assert embed_of(await press(office, question)).title == NOT_ALLOWED
    assert sent(office) == []


async def test_a_restart_takes_offer_form_and_question_along(office: Town) -> None:
    """What was read was in memory alone: each of the three says afterwards that nothing was sent."""
    offer = await edit(office)
    form, question = await open_form(office, offer), await propose(office, scope="all")
    await office.restart()
    stale = [
        await office.manager.click(final(offer).message, label=EDIT),
        await fill_in(office, form, scope="all"),
        await press(office, question),
    ]
    assert all("nothing was stored, sent or removed" in shown(each) for each in stale)
    assert sent(office) == []


async def test_an_offer_ends_after_a_while(office: Town) -> None:
    """After 15 minutes what was read may be too old: the button says to run the command again."""
    offer = await edit(office)
    (button,) = buttons(offer)
    await office.env.advance_time(901)
    stale = await office.press(office.manager, final(offer), button["custom_id"])
    assert "nothing was stored, sent or removed" in shown(stale)


async def test_a_connection_that_is_gone_writes_nothing(office: Town) -> None:
    """Who confirms after the connection was removed is told so."""
    question = await propose(office, scope="all")
    removal = await office.manager.slash(office.channel, "connections remove", provider="toolzz")
    await office.manager.click(final(removal).message, label="Remove Toolzz · default")
    assert shown(await press(office, question)).startswith("⚠️ No Toolzz connection named default")
    assert sent(office) == []


async def test_a_new_title_is_suggested_at_once(office: Town) -> None:
    """The list that was kept for suggestions is forgotten once something was written."""
    await office.manager.autocomplete(office.channel, "toolzz edit", "integration", "")
    await press(office, await propose(office, title="Front desk"))
    choices = await office.manager.autocomplete(office.channel, "toolzz edit", "integration", "front")
    assert [choice["name"] for choice in choices] == ["🟢 Front desk"]


# --- language and hostile text ---


async def test_everything_is_portuguese_for_who_reads_portuguese(office: Town) -> None:
    """Offer, question and answer are in the manager's language."""
    office.locale = PORTUGUESE
    offer = await edit(office)
    assert (embed_of(offer).title or "").endswith("As configurações de hoje")
    question = await fill_in(office, await open_form(office, offer, "Editar"), scope="all")
    assert labels(question)[0] == "Gravar as mudanças"
    await press(office, question, "Gravar as mudanças")
    assert (embed_of(question).title or "").endswith("A Toolzz tem as novas configurações")


async def test_hostile_text_does_nothing(office: Town) -> None:
    """Titles, scopes, names of channels and servers are shown as the characters that they are."""
    counts = []
    report = office.toolzz.integrations[office.toolzz.CONNECTED]
    for text in ("x", *ATTACKS):
        await office.env.advance_time(60)  # nobody is as fast as this test
        gone = {"id": "1188765432109876501", "name": text}
        report.update(title=text, scope=text, guildName=text)
        report["channelIds"] = [str(office.channel.id), gone["id"]]
        report["channelsDetail"] = [{"id": str(office.channel.id), "name": text}, gone]
        offer = await edit(office)
        form = await open_form(office, offer)
        question = await fill_in(office, form, title=f"{text} 2", scope="all")
        seen = [words(embed_of(offer)), said_in(form), words(embed_of(question))]
        counts.append([marks(each) for each in seen])
    for count in counts:
        assert all(found <= harmless for found, harmless in zip(count, counts[0], strict=True))
