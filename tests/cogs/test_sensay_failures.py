"""What can stop a bot token on its way to Sensay, and that nothing is sent twice or to nobody's use."""

import pytest

from tests.cogs.failures import FAILURES, WITHOUT_A_GOOD_ANSWER, Failure
from tests.cogs.handing_over import (
    CREATION,
    choose,
    hand_over,
    open_form,
    propose,
    remembered,
    sent,
)
from tests.cogs.town import Town, embed_of, field, final, labels, only_button, shown

REFUSALS = [failure for failure in FAILURES if failure not in WITHOUT_A_GOOD_ANSWER]


@pytest.mark.parametrize("length", [1, 49, 81, 200])
async def test_a_token_of_the_wrong_length_is_not_sent(town: Town, length: int) -> None:
    """What cannot be a bot token stays here, and the form can be opened again."""
    await town.connect("sensay")
    town.sensay.requests.clear()
    refused = await propose(town, token=("t.t." + "t" * 200)[:length])
    assert shown(refused).startswith(
        "⚠️ This cannot be a Discord bot token\n"
        "A bot token has three parts joined by dots, 50 to 80 characters in all, without blanks."
    )
    assert "**Reset Token**" in field(refused, "What to do")
    assert only_button(refused)["label"] == "Enter the token again"
    assert not town.sensay.requests


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
async def test_a_token_of_an_impossible_form_is_not_sent(town: Town, token: str) -> None:
    """A blank, a letter beyond ASCII, something invisible or a missing part: nothing is sent anywhere."""
    await town.connect("sensay")
    town.sensay.requests.clear()
    refused = await propose(town, token=token)
    assert shown(refused).startswith("⚠️ This cannot be a Discord bot token")
    assert token not in town.sent_to_discord()
    assert not town.sensay.requests
    assert not town.desk.requests


@pytest.mark.parametrize(
    "failure",
    [failure for failure in REFUSALS if failure.key != "not_found"],
    ids=lambda failure: failure.name,
)
async def test_a_refusal_is_explained_and_can_be_tried_again(town: Town, failure: Failure) -> None:
    """What Sensay refuses in so many words was not done, and the form is offered again."""
    await town.connect("sensay")
    failure.strike(town, "sensay", CREATION)
    refused = await hand_over(town)
    failure.shows_in(town, refused, "sensay")
    assert final(refused).ephemeral
    assert await remembered(town) == {}
    town.sensay.heal()
    form = await town.manager.click(final(refused).message, label="Enter the token again")
    question = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    done = await choose(town, question, "yes")
    assert "accepted the bot token" in shown(done)
    assert len(town.sensay.creations) == 1


async def test_a_provider_that_is_down_received_nothing(town: Town) -> None:
    """Where no connection came about, the token was not sent and trying again is safe."""
    await town.connect("sensay")
    question = await propose(town)
    await town.sensay.stop()
    refused = await choose(town, question, "yes")
    assert shown(refused).startswith("❌ The connection to Sensay failed")
    assert "Try again in a moment" in field(refused, "What to do")
    assert only_button(refused)["label"] == "Enter the token again"


async def test_a_stack_trace_of_sensays_own_is_not_shown(town: Town) -> None:
    """A fault with a trace inside is named as a fault, with Sensay's own reference."""
    await town.connect("sensay")
    doubtful = await hand_over(town, town.sensay.BROKEN)
    assert "Sensay has a fault on its side" in shown(doubtful)
    assert "run.ts" not in town.sent_to_discord()
    assert "\nReference: sim1::" in shown(doubtful)


async def test_an_unknown_replica_is_sensays_to_refuse(town: Town) -> None:
    """A UUID of no replica gives 404, with the way to the right one and no button for the same again."""
    await town.connect("sensay")
    refused = await hand_over(town, town.sensay.UNKNOWN)
    assert shown(refused).startswith("❌ Sensay does not know this")
    assert field(refused, "What to do") == town.linked(town.texts("problem.sensay.not_found.fix"))
    assert labels(refused) == []


async def test_a_404_of_any_form_is_explained(town: Town) -> None:
    """Sensay's own words and reference are shown, nothing was created, and nothing offers it again."""
    (failure,) = (failure for failure in REFUSALS if failure.key == "not_found")
    await town.connect("sensay")
    failure.strike(town, "sensay", CREATION)
    refused = await hand_over(town)
    failure.shows_in(town, refused, "sensay")
    assert final(refused).ephemeral
    assert labels(refused) == []
    assert town.sensay.creations == []


async def test_credentials_that_were_revoked_lead_to_rotate(town: Town) -> None:
    """A secret that Sensay no longer takes is told apart from a wrong bot token."""
    await town.connect("sensay")
    town.sensay.credentials = town.sensay.refused_credentials  # type: ignore[misc]
    refused = await propose(town)
    assert sent(town) == []
    assert shown(refused).startswith(
        "❌ Sensay refused the credentials\nThe stored organization secret is wrong"
    )
    assert "</connections rotate:" in field(refused, "What to do")


async def test_the_retry_button_outlives_a_restart(town: Town) -> None:
    """A new process opens the form for the same replica and connection."""
    await town.connect("sensay", "desk")
    refused = await propose(town, token="short")
    await town.restart()
    form = await town.manager.click(final(refused).message, label="Enter the token again")
    question = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    await choose(town, question, "yes")
    assert town.sensay.creations == [(town.sensay.UNCONNECTED, town.sensay.discord_token)]


async def test_a_form_that_was_open_during_a_restart_sends_nothing(town: Town) -> None:
    """Who sends a token to a bot that has restarted is told that it went nowhere."""
    await town.connect("sensay")
    form = await open_form(town, town.sensay.UNCONNECTED)
    await town.restart()
    stale = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    assert "nothing was stored, sent or removed" in shown(stale)
    assert town.sensay.creations == []


async def test_the_form_is_not_opened_too_often(town: Town) -> None:
    """The sixth within a minute is refused, and when the next one may be opened is said."""
    await town.connect("sensay")
    for _ in range(5):
        await open_form(town, town.sensay.UNCONNECTED)
    refused = await town.manager.slash(town.channel, "sensay connect", replica=town.sensay.UNCONNECTED)
    assert refused.modal is None
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.cooldown.title')}"
    assert f"<t:{int(town.env.now().timestamp()) + 60}:R>" in shown(refused)
    await town.env.advance_time(61)
    await open_form(town, town.sensay.UNCONNECTED)
