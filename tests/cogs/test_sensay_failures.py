"""What can stop a bot token on its way to Sensay, and that nothing is sent twice or to nobody's use."""

from base64 import urlsafe_b64encode

import pytest

from bot.kit.simulator import Reset
from tests.cogs.failures import FAILURES, Failure
from tests.cogs.test_sensay import CREATION, hand_over, open_form
from tests.cogs.town import Town, field, final, labels, only_button, shown

REFUSALS = [failure for failure in FAILURES if failure.request_id is not None and failure.name != "500"]
WITHOUT_A_GOOD_ANSWER = [failure for failure in FAILURES if failure not in REFUSALS]


@pytest.mark.parametrize("length", [1, 49, 81, 200])
async def test_a_token_of_the_wrong_length_is_not_sent(town: Town, length: int) -> None:
    """What cannot be a bot token stays here, and the form can be opened again."""
    await town.connect("sensay")
    town.sensay.requests.clear()
    refused = await hand_over(town, token=("t.t." + "t" * 200)[:length])
    assert shown(refused).startswith(
        "⚠️ This cannot be a Discord bot token\n"
        "A bot token has three parts joined by dots, 50 to 80 characters in all."
    )
    assert "**Reset Token**" in field(refused, "What to do")
    assert only_button(refused)["label"] == "Enter the token again"
    assert not town.sensay.requests


@pytest.mark.parametrize("token", ["0" * 64, f"{'a' * 30}.{'b' * 30}"])
async def test_a_token_without_three_parts_is_not_sent(town: Town, token: str) -> None:
    """A public key, or part of a token, is told apart from a bot token although its length would do."""
    await town.connect("sensay")
    town.sensay.requests.clear()
    refused = await hand_over(town, token=token)
    assert shown(refused).startswith("⚠️ This cannot be a Discord bot token")
    assert "the public key or the client secret" in shown(refused)
    assert token not in town.sent_to_discord()
    assert not town.sensay.requests


async def test_our_own_token_is_not_handed_over(town: Town) -> None:
    """A token of Patchbay's own application, which cannot run in two places, goes nowhere."""
    await town.connect("sensay")
    town.sensay.requests.clear()
    own = urlsafe_b64encode(str(town.bot.application_id).encode()).decode().rstrip("=")
    refused = await hand_over(town, token=f"{own}.FAKE-TOKEN-own.not-a-real-value-{'0' * 12}")
    assert shown(refused).startswith("⚠️ That is Patchbay's own token")
    assert "Make another application" in field(refused, "What to do")
    assert only_button(refused)["label"] == "Enter the token again"
    assert not town.sensay.requests


@pytest.mark.parametrize(
    "token", [f"{'a' * 30}. {'b' * 30}.c", f"{'ã' * 60}.b.c", f"{'a' * 30}.\u200b{'b' * 30}.c"]
)
async def test_a_token_of_impossible_characters_is_not_sent(town: Town, token: str) -> None:
    """A blank, a letter beyond ASCII or something invisible inside is found before anything is sent."""
    await town.connect("sensay")
    town.sensay.requests.clear()
    assert shown(await hand_over(town, token=token)).startswith("⚠️ This cannot be a Discord bot token")
    assert not town.sensay.requests


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
    assert refused.ephemeral
    town.sensay.heal()
    form = await town.manager.click(final(refused).message, label="Enter the token again")
    done = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    assert "accepted the bot token" in shown(done)
    assert len(town.sensay.creations) == 1


@pytest.mark.parametrize("failure", WITHOUT_A_GOOD_ANSWER, ids=lambda failure: failure.name)
async def test_without_a_good_answer_the_outcome_is_called_unknown(town: Town, failure: Failure) -> None:
    """Where Sensay may have taken the token, the answer warns of a second try and has no button for it."""
    await town.connect("sensay")
    failure.strike(town, "sensay", CREATION)
    unknown = await hand_over(town)
    failure.shows_in(town, unknown, "sensay", unknown=True)
    assert not final(unknown).components


async def test_a_token_taken_without_an_answer_is_sent_once(town: Town) -> None:
    """A connection that breaks after Sensay has acted leads to no second creation."""
    await town.connect("sensay")
    town.sensay.fail(Reset(after_handling=True), times=None, path=CREATION)
    unknown = await hand_over(town)
    assert field(unknown, "What to do") == town.texts("problem.sensay.outcome_unknown.fix")
    assert not final(unknown).components
    assert len(town.sensay.creations) == 1
    assert len([request for request in town.sensay.requests if request.method == "POST"]) == 1


async def test_a_provider_that_is_down_received_nothing(town: Town) -> None:
    """Where no connection came about, the token was not sent and trying again is safe."""
    await town.connect("sensay")
    form = await open_form(town, town.sensay.UNCONNECTED)
    await town.sensay.stop()
    refused = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    assert shown(refused).startswith("❌ The connection to Sensay failed")
    assert "Try again in a moment" in field(refused, "What to do")
    assert only_button(refused)["label"] == "Enter the token again"


async def test_a_stack_trace_of_sensays_own_is_not_shown(town: Town) -> None:
    """A fault with a trace inside is shown as a fault, with Sensay's own reference."""
    await town.connect("sensay")
    refused = await hand_over(town, town.sensay.BROKEN)
    assert shown(refused).startswith("❌ Sensay has a fault on its side")
    assert "run.ts" not in town.sent_to_discord()
    assert "\nReference: sim1::" in shown(refused)


async def test_an_unknown_replica_is_sensays_to_refuse(town: Town) -> None:
    """A UUID of no replica gives 404, with the way to the right one and no button for the same again."""
    await town.connect("sensay")
    refused = await hand_over(town, town.sensay.UNKNOWN)
    assert shown(refused).startswith("❌ Sensay does not know this")
    assert "</sensay connect:" in field(refused, "What to do")
    assert labels(refused) == []


async def test_a_404_of_any_form_is_explained(town: Town) -> None:
    """Sensay's own words and reference are shown, nothing was created, and nothing offers it again."""
    (failure,) = (failure for failure in REFUSALS if failure.key == "not_found")
    await town.connect("sensay")
    failure.strike(town, "sensay", CREATION)
    refused = await hand_over(town)
    failure.shows_in(town, refused, "sensay")
    assert refused.ephemeral
    assert labels(refused) == []
    assert town.sensay.creations == []


async def test_credentials_that_were_revoked_lead_to_rotate(town: Town) -> None:
    """A secret that Sensay no longer takes is told apart from a wrong bot token."""
    await town.connect("sensay")
    town.sensay.credentials = town.sensay.refused_credentials  # type: ignore[misc]
    refused = await hand_over(town)
    assert shown(refused).startswith(
        "❌ Sensay refused the credentials\nThe stored organization secret is wrong"
    )
    assert "</connections rotate:" in field(refused, "What to do")


async def test_the_retry_button_outlives_a_restart(town: Town) -> None:
    """A new process opens the form for the same replica and connection."""
    await town.connect("sensay", "desk")
    refused = await hand_over(town, token="short")
    await town.restart()
    form = await town.manager.click(final(refused).message, label="Enter the token again")
    await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    assert town.sensay.creations == [(town.sensay.UNCONNECTED, town.sensay.discord_token)]


async def test_a_form_that_was_open_during_a_restart_sends_nothing(town: Town) -> None:
    """Who sends a token to a bot that has restarted is told that it went nowhere."""
    await town.connect("sensay")
    form = await open_form(town, town.sensay.UNCONNECTED)
    await town.restart()
    stale = await town.manager.submit_modal(form, {"discord_token": town.sensay.discord_token})
    assert "nothing was stored, sent or removed" in shown(stale)
    assert town.sensay.creations == []
