"""What a manager pastes into the credentials form along with a secret, or in its place."""

import io
from typing import Final

import pytest

from bot.i18n.catalog import LOCALES
from bot.providers.sensay.simulated_organization import APPLICATION_ID
from tests.support.english import english
from tests.support.harness import BotHarness, embed_of, field, final, labels, shown

SECRETS: Final = {"sensay": "organization_secret", "toolzz": "access_token"}
HEADERS: Final = {"sensay": "X-ORGANIZATION-SECRET: {}", "toolzz": "Authorization: Bearer {}"}
PUBLIC_KEY: Final = "0123456789abcdef" * 4

every_provider = pytest.mark.parametrize("provider", SECRETS)


@every_provider
@pytest.mark.parametrize(
    "around", ["{}", '"{}"', "\u201c{}\u201d", "`{}`", "<{}>", "Bearer {}", "export KEY={}"]
)
async def test_what_is_around_a_secret_is_taken_off(harness: BotHarness, provider: str, around: str) -> None:
    """A header, a scheme, marks and an assignment are not sent, and the end of the secret alone is shown."""
    simulator, name = harness.simulator(provider), SECRETS[provider]
    secret = simulator.credentials[name]
    pasted = {**simulator.credentials, name: around.format(HEADERS[provider].format(secret)) + ","}
    form = await harness.open_form("add", provider)
    added = await harness.manager.submit_modal(form, pasted)
    assert "set, ends in `0001`" in field(added, "Connection")
    (request,) = simulator.requests
    sent = request.headers["X-ORGANIZATION-SECRET" if provider == "sensay" else "Authorization"]
    assert sent.removeprefix("Bearer ") == secret


@every_provider
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("rule", ["misplaced_token", "misplaced_application_id", "misplaced_public_key"])
async def test_what_is_discords_is_named_and_not_sent(
    harness: BotHarness, log: io.StringIO, provider: str, locale: str, rule: str
) -> None:
    """The answer says what it is and where the right value is; nobody is asked and nothing is kept of it."""
    harness.locale = locale
    value = {
        "misplaced_token": harness.sensay.discord_token,
        "misplaced_application_id": APPLICATION_ID,
        "misplaced_public_key": PUBLIC_KEY,
    }[rule]
    form = await harness.open_form("add", provider)
    refused = await harness.manager.submit_modal(form, {SECRETS[provider]: f" Bot {value}"})
    assert embed_of(refused).title == f"⚠️ {harness.texts(f'problem.invalid_input.{rule}.title')}"
    label = harness.texts(f"credential.{provider}.{SECRETS[provider]}.label")
    assert f"**{label}**" in (embed_of(refused).description or "")
    assert harness.bot.services.providers[provider].name in field(refused, harness.texts("problem.fix"))
    assert labels(refused) == [harness.texts("connections.add.button")]
    assert not harness.simulator(provider).requests
    assert not harness.discord_api.requests
    assert value not in harness.sent_to_discord()
    assert value not in log.getvalue()
    assert value.encode() not in harness.stored_bytes()


async def test_a_token_in_the_place_of_an_id_is_not_sent(harness: BotHarness) -> None:
    """A Discord token or an access token is recognised in a field that is no secret as well."""
    web_token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.FAKE-TOKEN-signature"
    for value, title in (
        (harness.sensay.discord_token, f"⚠️ {english('problem.invalid_input.misplaced_token.title')}"),
        (web_token, f"⚠️ {english('problem.invalid_input.misplaced_access_token.title')}"),
    ):
        form = await harness.open_form("add", "sensay")
        pasted = {**harness.sensay.credentials, "user_id": value}
        refused = await harness.manager.submit_modal(form, pasted)
        assert embed_of(refused).title == title
        assert "**User ID**" in shown(refused)
        assert value not in harness.sent_to_discord()
    assert not harness.sensay.requests


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_same_text_in_two_fields_is_not_sent(harness: BotHarness, locale: str) -> None:
    """One of the two is certainly wrong; both are named."""
    harness.locale = locale
    secret = harness.sensay.credentials["organization_secret"]
    form = await harness.open_form("add", "sensay")
    pasted = {"organization_secret": secret, "user_id": f'"{secret}"'}
    refused = await harness.manager.submit_modal(form, pasted)
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.same_value.title')}"
    for name in pasted:
        assert f"**{harness.texts(f'credential.sensay.{name}.label')}**" in shown(refused)
    assert not harness.sensay.requests


@pytest.mark.parametrize("locale", LOCALES)
async def test_another_providers_secret_is_not_sent(harness: BotHarness, locale: str) -> None:
    """A secret that this server stores for one provider is not shown to another one."""
    await harness.connect("sensay")
    harness.locale = locale
    form = await harness.open_form("add", "toolzz")
    secret = harness.sensay.credentials["organization_secret"]
    refused = await harness.manager.submit_modal(form, {"access_token": f"Bearer {secret}"})
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.misplaced_secret.title')}"
    for name in ("toolzz.access_token", "sensay.organization_secret"):
        assert f"**{harness.texts(f'credential.{name}.label')}**" in shown(refused)
    assert not harness.toolzz.requests
    assert secret not in harness.sent_to_discord()


async def test_a_unit_in_the_place_of_the_token_is_not_sent(harness: BotHarness) -> None:
    """When credentials are replaced, the stored unit id is known not to be the access token."""
    await harness.connect("toolzz")
    harness.toolzz.requests.clear()
    form = await harness.open_form("rotate", "toolzz", "default")
    refused = await harness.manager.submit_modal(form, {"access_token": harness.toolzz.UNIT})
    assert embed_of(refused).title == f"⚠️ {english('problem.invalid_input.misplaced_secret.title')}"
    assert not harness.toolzz.requests


async def test_who_enters_what_looks_like_a_public_key_again_is_believed(harness: BotHarness) -> None:
    """No provider documents its secrets' form, so one of 64 hexadecimal digits is accepted in the end."""
    harness.sensay.credentials = {"organization_secret": PUBLIC_KEY}  # type: ignore[misc]
    form = await harness.open_form("add", "sensay")
    questioned = await harness.manager.submit_modal(form, {"organization_secret": PUBLIC_KEY})
    assert "enter it again within 10 minutes" in field(questioned, "What to do")
    again = await harness.manager.click(final(questioned).message, label="Enter credentials again")
    added = await harness.manager.submit_modal(again, {"organization_secret": PUBLIC_KEY})
    assert embed_of(added).title == f"✅ {english('connections.add.done', provider='Sensay')}"
