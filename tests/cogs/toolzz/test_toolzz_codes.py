"""A code in any spelling leads to the same cause and fix in every command, an unknown one to neither."""

import pytest

from bot.discord.access.agent_bots import bot_page
from bot.discord.diagnosis import FILE
from bot.features.alerts.service import RouteSettings
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from tests.support.embeds import embed_text
from tests.support.harness import BotHarness, embed_of, field, shown
from tests.support.toolzz_agent import add_agent_bot, change, look_at
from tests.support.toolzz_steps import move_here

# Each form: the code and the message that Toolzz reports, and the close code that they stand for.
KNOWN = {
    "name": ("DisallowedIntents", None, "4014"),
    "constant": ("DISALLOWED_INTENTS", "Privileged intent provided is not enabled.", "4014"),
    "sentence": ("closed with code 4014", None, "4014"),
    "message": (None, "WebSocket closed: 4014 Disallowed intent(s)", "4014"),
    "both": ("WS_ERROR", "Used disallowed intents", "4014"),
    "status": (401, None, "4004"),
    "token": ("TokenInvalid", "An invalid token was provided.", "4004"),
    "login": ("LoginFailure", "Improper token has been passed.", "4004"),
    "invalid": ("InvalidIntents", None, "4013"),
}
UNKNOWN = {
    "number": ("5000", None),
    "longer number": ("14014", None),
    "name": ("INTENT_NOT_RECOGNISED", "The agent did not understand the question."),
    "message alone": (None, "Something broke after 4004 ms"),
}


async def broken(harness: BotHarness, code: object, message: object, state: State) -> None:
    """Let the integration, which is linked and was connected, be reported with an error."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    # Alone: incidents that begin together share a message.
    harness.toolzz.integrations = {
        uuid: each for uuid, each in harness.toolzz.integrations.items() if uuid == harness.toolzz.CONNECTED
    }
    await harness.manager.slash(harness.channel, "toolzz link", integration=harness.toolzz.CONNECTED)
    await harness.bot.services.alerts.set_route(
        harness.guild.id, harness.channel.id, RouteSettings(checks=1), member_id=harness.manager.id
    )
    await harness.bot.services.poller.check_guild(harness.guild.id)
    change(harness, connectionStatus=state, lastConnectionErrorCode=code, lastConnectionErrorMessage=message)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    await harness.env.advance_time(8)


async def said(harness: BotHarness) -> dict[str, str]:
    """Return what is shown of the error, by where."""
    key = f"toolzz:{harness.toolzz.CONNECTED}"
    slash = harness.manager.slash
    overview = shown(await slash(harness.channel, "integrations overview"))
    posted = [embed for message in harness.channel.history() for embed in message.embeds]
    (alert,) = (embed for embed in posted if "Suporte da loja" in (embed.title or ""))
    return {
        "status": shown(await look_at(harness)),
        "overview": overview.partition("**Suporte da loja**")[2].partition("\n\n")[0],
        "alert": embed_text(alert),
        "history": shown(await slash(harness.channel, "integrations history", integration=key)),
        "diagnosis": shown(await slash(harness.channel, "integrations diagnose", integration=key)),
    }


@pytest.mark.parametrize("state", [State.DISCONNECTED, State.ERROR])
@pytest.mark.parametrize("form", KNOWN)
async def test_every_form_has_the_cause_and_the_fix(harness: BotHarness, form: str, state: State) -> None:
    """Status, overview, alert, history and diagnosis name the cause and what Toolzz reported as its code."""
    code, message, known = KNOWN[form]
    await broken(harness, code, message, state)
    cause = harness.texts(f"toolzz.code.{known}.cause")
    places = await said(harness)
    for where, text in places.items():
        assert cause in text, where
        assert str(code or known) in text, where
    page = bot_page(int(str(harness.toolzz.integrations[harness.toolzz.CONNECTED]["botClientId"])))
    shown_step = harness.texts(f"toolzz.code.{known}.step", page=page, button="Diagnose")
    assert field(await look_at(harness), "Next step") == shown_step
    step = harness.texts(f"toolzz.code.{known}.step", page=page, button="")
    support = harness.texts("diagnosis.fix.support", file=FILE, provider="Toolzz")
    assert (support if known == "4013" else step) in places["diagnosis"]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("state", [State.DISCONNECTED, State.ERROR, State.UNKNOWN])
@pytest.mark.parametrize("form", UNKNOWN)
async def test_an_unknown_code_gets_no_advice_that_may_not_help(
    harness: BotHarness, form: str, state: State, locale: str
) -> None:
    """It is shown as it is, with the one advice that helps with any code: to ask Toolzz's support."""
    code, message = UNKNOWN[form]
    await broken(harness, code, message, state if state is not State.UNKNOWN else State.ERROR)
    if state is State.UNKNOWN:
        change(harness, connectionStatus="hibernating")
    harness.locale = locale
    result = await look_at(harness)
    assert str(code or message) in shown(result)
    assert field(result, harness.texts("next_step")) == harness.texts("toolzz.next.code")
    for known in ("4004", "4013", "4014"):
        assert harness.texts(f"toolzz.code.{known}.cause") not in shown(result)


async def test_what_is_switched_off_is_switched_on_first(harness: BotHarness) -> None:
    """An old error is no reason to change a token while the integration is off, in any command."""
    await broken(harness, "TokenInvalid", None, State.DISCONNECTED)
    change(harness, isActive=False)
    key = f"toolzz:{harness.toolzz.CONNECTED}"
    fix = harness.texts("toolzz.code.4004.fix")
    assert field(await look_at(harness), "Next step") == harness.texts("toolzz.next.inactive")
    status = await harness.manager.slash(harness.channel, "integrations status", integration=key)
    assert fix not in shown(status)
    assert embed_of(status).title == "⚪ Suporte da loja"
