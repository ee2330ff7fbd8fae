"""What a manager pastes into the form for a bot token along with it, or in its place, with every provider."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest
import simcord

from bot.i18n.catalog import LOCALES
from tests.support import handover_steps, toolzz_steps
from tests.support.english import english
from tests.support.harness import BotHarness, embed_of, final, labels, shown

Propose = Callable[[BotHarness, str], Awaitable[simcord.InteractionResult]]
PROPOSE: Final[dict[str, Propose]] = {
    "sensay": lambda harness, token: handover_steps.propose(harness, token=token),
    "toolzz": lambda harness, token: toolzz_steps.propose(harness, discord_token=token),
}
WEB_TOKEN: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.FAKE-TOKEN-signature"

every_provider = pytest.mark.parametrize("provider", PROPOSE)


@every_provider
@pytest.mark.parametrize(
    "around",
    [
        '"{}"',
        "`{}`",
        "\u201c{}\u201d",
        "<{}>",
        "Bot {}",
        "Authorization: Bot {}",
        "DISCORD_TOKEN={}",
        'export TOKEN="{}"',
        '"token": "{}",',
        "\u200b{}\ufeff",
    ],
)
async def test_what_is_around_a_token_is_taken_off(harness: BotHarness, provider: str, around: str) -> None:
    """Discord and the provider get the token alone."""
    await harness.connect(provider)
    token = harness.sensay.discord_token
    question = await PROPOSE[provider](harness, around.format(token))
    (asked,) = harness.discord_api.requests
    assert asked.headers["Authorization"] == f"Bot {token}"
    label = harness.texts("token.yes", provider=harness.bot.services.providers[provider].name)
    await harness.manager.click(final(question).message, label=label)
    creations = harness.sensay.creations if provider == "sensay" else harness.toolzz.creations
    assert [sent for _, sent in creations] == [token]


@every_provider
@pytest.mark.parametrize("around", ["{}", "Bearer {}", '"{}"', "X-ORGANIZATION-SECRET: {}"])
@pytest.mark.parametrize("locale", LOCALES)
async def test_a_stored_secret_is_recognised(
    harness: BotHarness, provider: str, around: str, locale: str
) -> None:
    """The secret of this connection, or of another provider's, is named, and nobody is asked about it."""
    await harness.connect("sensay")
    await harness.connect("toolzz")
    harness.locale = locale
    for owner, name in (("sensay", "organization_secret"), ("toolzz", "access_token")):
        for simulator in harness.simulators.values():
            simulator.requests.clear()
        secret = harness.simulator(owner).credentials[name]
        refused = await PROPOSE[provider](harness, around.format(secret))
        assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.stored_secret.title')}"
        assert f"**{harness.texts(f'credential.{owner}.{name}.label')}**" in shown(refused)
        assert labels(refused) == [harness.texts(f"{provider}.connect.button")]
        assert not any(simulator.requests for simulator in harness.simulators.values())
        assert not harness.discord_api.requests
        assert secret not in harness.sent_to_discord()


@every_provider
async def test_a_web_token_is_recognised(harness: BotHarness, provider: str) -> None:
    """It has three parts and fits the length, but is no bot's: it goes neither to Discord nor to anybody."""
    await harness.connect(provider)
    harness.simulator(provider).requests.clear()
    refused = await PROPOSE[provider](harness, WEB_TOKEN)
    assert embed_of(refused).title == f"⚠️ {english('problem.invalid_input.access_token.title')}"
    assert not harness.discord_api.requests
    assert not harness.simulator(provider).requests


@pytest.mark.parametrize("text", ["{}", "Front desk {}", '"{}"', "Bot {}"])
@pytest.mark.parametrize("locale", LOCALES)
async def test_a_token_in_the_title_goes_nowhere(harness: BotHarness, text: str, locale: str) -> None:
    """The title of an integration is for everybody: a token in it is neither sent nor shown."""
    await harness.connect("toolzz")
    harness.locale = locale
    harness.toolzz.requests.clear()
    for token in (harness.toolzz.discord_token, WEB_TOKEN):
        refused = await toolzz_steps.propose(harness, title=text.format(token))
        assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.title_token.title')}"
        assert labels(refused) == [harness.texts("toolzz.connect.button")]
        assert token not in harness.sent_to_discord()
    assert not harness.toolzz.requests
    assert not harness.discord_api.requests
