"""What can stop a bot token on its way to Sensay, and that nothing is sent twice or to nobody's use."""

import pytest

from bot.providers.base.simulator import Answer
from tests.support.english import english
from tests.support.failures import FAILURES, NOT_OFFERED_AGAIN, WITHOUT_A_GOOD_ANSWER, Failure
from tests.support.handover_steps import (
    CREATION,
    LIST,
    choose,
    hand_over,
    open_form,
    propose,
    remembered,
    sent,
)
from tests.support.harness import BotHarness, embed_of, field, final, labels, only_button, shown

REFUSALS = [failure for failure in FAILURES if failure not in WITHOUT_A_GOOD_ANSWER]


@pytest.mark.parametrize("length", [1, 49, 81, 200])
async def test_a_token_of_the_wrong_length_is_not_sent(harness: BotHarness, length: int) -> None:
    """What cannot be a bot token stays here, and the form can be opened again."""
    await harness.connect("sensay")
    harness.sensay.requests.clear()
    refused = await propose(harness, token=("t.t." + "t" * 200)[:length])
    assert shown(refused).startswith(
        f"⚠️ {english('problem.invalid_input.discord_token.title')}\n"
        "A bot token has 50 to 80 characters, in three parts joined by dots."
    )
    assert "**Reset Token**" in field(refused, "What to do")
    assert only_button(refused)["label"] == english("sensay.connect.button")
    assert not harness.sensay.requests


@pytest.mark.parametrize(
    "token",
    [
        f"{'a' * 30}. {'b' * 30}.c",
        f"{'ã' * 60}.b.c",
        f"{'a' * 30}.\u200b{'b' * 30}.c",
        f"{'a' * 30}.{'b' * 30}",
        f"{'a' * 30}..{'b' * 30}",
    ],
)
async def test_a_token_of_an_impossible_form_is_not_sent(harness: BotHarness, token: str) -> None:
    """A blank, a letter beyond ASCII, something invisible or a missing part: nothing is sent anywhere."""
    await harness.connect("sensay")
    harness.sensay.requests.clear()
    refused = await propose(harness, token=token)
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.discord_token.title')}")
    assert token not in harness.sent_to_discord()
    assert not harness.sensay.requests
    assert not harness.discord_api.requests


@pytest.mark.parametrize(
    "failure",
    [failure for failure in REFUSALS if failure.key not in NOT_OFFERED_AGAIN],
    ids=lambda failure: failure.name,
)
async def test_a_refusal_is_explained_and_can_be_tried_again(harness: BotHarness, failure: Failure) -> None:
    """What Sensay refuses in so many words was not done, and the form is offered again."""
    await harness.connect("sensay")
    failure.strike(harness, "sensay", CREATION)
    refused = await hand_over(harness)
    failure.shows_in(harness, refused, "sensay")
    assert final(refused).ephemeral
    assert await remembered(harness) == {}
    await failure.end(harness, "sensay")
    form = await harness.manager.click(final(refused).message, label=english("sensay.connect.button"))
    question = await harness.manager.submit_modal(form, {"discord_token": harness.sensay.discord_token})
    done = await choose(harness, question, "yes")
    assert "accepted the bot token" in shown(done)
    assert len(harness.sensay.creations) == 1


async def test_a_provider_that_is_down_received_nothing(harness: BotHarness) -> None:
    """Where no connection came about, the token was not sent and trying again is safe."""
    await harness.connect("sensay")
    question = await propose(harness)
    await harness.sensay.stop()
    refused = await choose(harness, question, "yes")
    assert shown(refused).startswith(f"❌ {english('problem.unreachable.title', provider='Sensay')}")
    assert "Try again in a minute" in field(refused, "What to do")
    assert only_button(refused)["label"] == english("sensay.connect.button")


async def test_a_stack_trace_of_sensays_own_is_not_shown(harness: BotHarness) -> None:
    """A fault with a trace inside is named as a fault, with Sensay's own reference."""
    await harness.connect("sensay")
    doubtful = await hand_over(harness, harness.sensay.BROKEN)
    assert english("problem.server_fault.title", provider="Sensay") in shown(doubtful)
    assert "run.ts" not in harness.sent_to_discord()
    assert "\nHTTP 500 · Reference: sim1::" in shown(doubtful)


async def test_a_replica_that_is_gone_since_is_sensays_to_refuse(harness: BotHarness) -> None:
    """If no list can be read, Sensay's 404 leads to the right replica, with no button for the same again."""
    await harness.connect("sensay")
    harness.sensay.fail(Answer(500), times=None, path=LIST)
    refused = await hand_over(harness, harness.sensay.UNKNOWN)
    assert shown(refused).startswith(f"❌ {english('problem.not_found.title', provider='Sensay')}")
    assert field(refused, "What to do") == harness.linked(harness.texts("problem.sensay.not_found.fix"))
    assert labels(refused) == []


@pytest.mark.parametrize("key", NOT_OFFERED_AGAIN)
async def test_what_will_be_refused_again_is_not_offered(harness: BotHarness, key: str) -> None:
    """Sensay's own words and reference are shown, nothing was created, and nothing offers it again."""
    (failure,) = (failure for failure in REFUSALS if failure.key == key)
    await harness.connect("sensay")
    failure.strike(harness, "sensay", CREATION)
    refused = await hand_over(harness)
    failure.shows_in(harness, refused, "sensay")
    assert final(refused).ephemeral
    assert labels(refused) == []
    assert harness.sensay.creations == []


async def test_credentials_that_were_revoked_lead_to_rotate(harness: BotHarness) -> None:
    """A secret that Sensay no longer takes is told apart from a wrong bot token."""
    await harness.connect("sensay")
    harness.sensay.credentials = harness.sensay.refused_credentials  # type: ignore[misc]
    refused = await propose(harness)
    assert sent(harness) == []
    assert shown(refused).startswith(
        "❌ Sensay refused the credentials\nThe saved organization secret is wrong"
    )
    assert "</connections rotate:" in field(refused, "What to do")


async def test_the_retry_button_outlives_a_restart(harness: BotHarness) -> None:
    """A new process opens the form for the same replica and connection."""
    await harness.connect("sensay", "desk")
    refused = await propose(harness, token="short")
    await harness.restart()
    form = await harness.manager.click(final(refused).message, label=english("sensay.connect.button"))
    question = await harness.manager.submit_modal(form, {"discord_token": harness.sensay.discord_token})
    await choose(harness, question, "yes")
    assert harness.sensay.creations == [(harness.sensay.UNCONNECTED, harness.sensay.discord_token)]


async def test_a_form_that_was_open_during_a_restart_sends_nothing(harness: BotHarness) -> None:
    """Who sends a token to a bot that has restarted is told that it went nowhere."""
    await harness.connect("sensay")
    form = await open_form(harness, harness.sensay.UNCONNECTED)
    await harness.restart()
    stale = await harness.manager.submit_modal(form, {"discord_token": harness.sensay.discord_token})
    assert "Nothing was saved, sent, or removed" in shown(stale)
    assert harness.sensay.creations == []


async def test_the_form_is_not_opened_too_often(harness: BotHarness) -> None:
    """The sixth within a minute is refused, and when the next one may be opened is said."""
    await harness.connect("sensay")
    for _ in range(5):
        await open_form(harness, harness.sensay.UNCONNECTED)
    refused = await harness.manager.slash(
        harness.channel, "sensay connect", replica=harness.sensay.UNCONNECTED
    )
    assert refused.modal is None
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.cooldown.title')}"
    assert f"<t:{int(harness.env.now().timestamp()) + 60}:R>" in shown(refused)
    await harness.env.advance_time(61)
    await open_form(harness, harness.sensay.UNCONNECTED)
