"""``/toolzz status`` tells an integration's state and next step, and explains its error or a failure."""

import pytest

from bot.discord.access.agent_bots import PORTAL
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
from tests.support.harness import BotHarness, embed_of, field, labels, only_button, shown
from tests.support.toolzz_agent import ENOUGH, add_agent_bot
from tests.support.toolzz_report import INTEGRATION, details, place, status
from tests.support.toolzz_steps import move_here

STATES = {
    "CONNECTED": (
        "🟢 Suporte da loja",
        "**Connected** · ",
        "Run </toolzz link:",
    ),
    "DISCONNECTED": (
        "🔴 Pedidos e entregas",
        "**Disconnected** · Discord refused the bot token",
        f"Open [the bot's page]({PORTAL}/",
    ),
    "INACTIVE": (
        "⚪ Campanha de inverno",
        "**Inactive** · Turned off in Toolzz.",
        "Turn the integration on in Toolzz",
    ),
    "CROWDED": ("🟢 Comunidade", "**Connected** · ", english("toolzz.next.channels")),
    "DELETED": (
        "⚪ Piloto antigo",
        "**Inactive** · No longer in Toolzz",
        "Choose another integration with </toolzz statu",
    ),
    "STRANGE": ("❔ Teste", "**Unknown** · ", "Turn on **Message Content Intent**"),
}


@pytest.mark.parametrize("name", STATES)
async def test_each_integration_of_the_unit_is_shown(harness: BotHarness, name: str) -> None:
    """State and next step are right for each integration of the simulator."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    result = await status(harness, integration=getattr(harness.toolzz, name))
    title, word, step = STATES[name]
    assert result.ephemeral
    assert (embed_of(result).title or "").startswith(title)
    assert place(harness, result, "description").startswith(word)
    assert field(result, "Next step").startswith(step)
    assert labels(result) == ENOUGH[: 4 if name == "DELETED" else 5]


async def test_what_was_deleted_is_not_to_be_switched_on(harness: BotHarness) -> None:
    """The next step of a deleted integration is not that of one that is switched off."""
    await harness.connect("toolzz")
    deleted = field(await status(harness, integration=harness.toolzz.DELETED), "Next step")
    inactive = field(await status(harness, integration=harness.toolzz.INACTIVE), "Next step")
    assert deleted != inactive


async def test_the_one_that_breaks_off_is_told_as_unreachable(harness: BotHarness) -> None:
    """A reset connection is an error with the button to try again."""
    await harness.connect("toolzz")
    result = await status(harness, integration=harness.toolzz.UNREACHABLE)
    assert shown(result).startswith(f"❌ {english('problem.unreachable.title', provider='Toolzz')}")
    assert only_button(result)["label"] == "Refresh"


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained(harness: BotHarness, failure: Failure) -> None:
    """Each failure is explained with a button to try again, except where the integration does not exist."""
    await harness.connect("toolzz")
    failure.strike(harness, "toolzz")
    result = await status(harness)
    failure.shows_in(harness, result, "toolzz")
    assert result.ephemeral
    assert labels(result) == failure.offers("Refresh")


ERRORS = {
    "4004": (
        "Discord refused the bot token",
        english("toolzz.code.4004.step", page=PORTAL),
    ),
    "4013": (english("toolzz.code.4013.cause"), english("toolzz.code.4013.step", button="Diagnose")),
    "4014": ("The bot asked for an intent", "Turn on **Message Content Intent**"),
    "5000": ("", "Ask Toolzz's support about this error."),
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("as_number", [False, True])
async def test_an_error_code_comes_with_cause_and_fix(
    harness: BotHarness, error: str, as_number: bool
) -> None:
    """A known code is shown with its cause and its fix; an unknown code is shown as it is."""
    await harness.connect("toolzz")
    code = int(error) if as_number else error
    report = {"id": INTEGRATION, "connectionStatus": "disconnected", "lastConnectionErrorCode": code}
    result = await status(harness, report)
    cause, fix = ERRORS[error]
    assert place(harness, result, "description").startswith(f"**Disconnected** · {cause}")
    assert f"`{error}`" in place(harness, result, "description")
    assert field(result, "Next step").startswith(fix)
    last = field(await details(harness, report), "Last error")
    assert cause in last if cause else last == f"`{error}`"
