"""What every provider must do, tested against its simulator."""

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.discord.text import length
from bot.errors import InvalidInputError, ProviderError, UnauthorizedError
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers import FOLDER, providers, slugs
from bot.providers.base.api_client import DEADLINE
from bot.providers.base.body import MAX_BYTES
from bot.providers.base.credentials import Credentials
from bot.providers.base.endpoint import check_url
from bot.providers.base.integration import Choice, State
from bot.providers.base.provider import Provider
from bot.providers.base.report import Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import (
    Answer,
    Drip,
    Fault,
    GzipBomb,
    Reset,
    RunsIntegrations,
    Simulator,
    Slow,
    Truncated,
    simulators,
)
from tests.support.contract import Contract
from tests.support.exposure import everything_said
from tests.support.open_provider import accepted, open_provider, refused

PROVIDERS = {kind.slug: kind for kind in providers()}
SIMULATORS = {kind.slug: kind for kind in simulators()}

FAULTS = {
    "page": Answer.html(200),
    "gateway": Answer.html(502),
    "empty": Answer(200),
    "no-content": Answer(204),
    "null": Answer(200, None),
    "number": Answer(200, 7),
    "empty-object": Answer(200, {}),
    "nan": Answer(200, {"items": float("nan"), "data": float("nan"), "id": float("nan")}),
    "deep": Answer(200, b"[" * 100_000),
    "latin-1": Answer(200, b'{"items": "\xe9", "data": "\xe9"}'),
    "not-gzip": Answer(200, b"{}", {"Content-Encoding": "gzip"}),
    "large": Answer(200, b" " * (MAX_BYTES + 1)),
    "redirect": Answer(307, headers={"Location": "/elsewhere"}),
    "forbidden-page": Answer.html(403),
    "quota": Answer(429, {"error": "quota"}, {"Retry-After": "9"}),
    "stack": Answer(500, {"error": "boom", "inner_exception": {"stack": "at x.ts:1"}}),
    "slow": Slow(3600),
    "drip": Drip(interval=0.05),
    "reset": Reset(),
    "truncated": Truncated(),
    "bomb": GzipBomb(),
}
ATTEMPTS: dict[str, Callable[[Provider, Credentials], Awaitable[object]]] = {
    "verify": lambda provider, credentials: provider.verify(credentials),
    "choices": lambda provider, credentials: provider.choices(credentials),
    "reports": lambda provider, credentials: provider.reports(credentials, Wanted(), ResponseCache()),
}


@pytest.fixture(params=slugs())
def kind(request: pytest.FixtureRequest) -> type[Provider]:
    """Each provider's class."""
    return PROVIDERS[request.param]


@pytest.fixture
async def simulator(kind: type[Provider]) -> AsyncIterator[Simulator]:
    """Its simulator, on loopback."""
    async with SIMULATORS[kind.slug]() as simulator:
        yield simulator


@pytest.fixture
async def provider(kind: type[Provider], simulator: Simulator) -> AsyncIterator[Provider]:
    """The provider, with the address of its simulator."""
    async with open_provider(kind, simulator) as provider:
        yield provider


@pytest.fixture
def credentials(kind: type[Provider], simulator: Simulator) -> Credentials:
    """Credentials that the simulator accepts."""
    return accepted(kind, simulator)


def test_a_provider_is_complete(kind: type[Provider]) -> None:
    """A provider has its folder's name as slug, a proper name, a contract and a simulator."""
    assert re.fullmatch(r"[a-z0-9_]{1,20}", kind.slug)
    assert kind.__module__ == f"bot.providers.{kind.slug}"
    assert (FOLDER / kind.slug / "contract.yaml").is_file()
    assert kind.name.strip() == kind.name != ""
    assert [simulator.slug for simulator in simulators()].count(kind.slug) == 1
    assert SIMULATORS.keys() == PROVIDERS.keys()


def test_fields_fit_a_form(kind: type[Provider]) -> None:
    """A form holds at most four fields with different ids, and the first one is a secret."""
    ids = [field.id for field in kind.fields]
    assert 1 <= len(ids) <= 4
    assert len(set(ids)) == len(ids)
    assert kind.fields[0].secret
    assert kind.fields[0].required
    for position, field in enumerate(kind.fields):
        assert re.fullmatch(r"[a-z_]{1,100}", field.id)
        assert 1 <= field.min_length <= field.max_length <= 4000
        assert field.needs in {None, *ids[:position]}
        assert all(choice == choice.lower() for choice in field.choices)
        # A radio group has two to ten entries; the one for no choice has a value of its own.
        assert "none" not in field.choices
        assert not field.choices or 2 <= len(field.choices) + (not field.required) <= 10


@pytest.mark.parametrize("locale", LOCALES)
def test_fields_have_words(kind: type[Provider], locale: str) -> None:
    """In every language each field has a label and a description, and a form has its introduction."""
    texts = load_catalog()[locale]
    for field in kind.fields:
        key = kind.field_key(field.id)
        assert 1 <= length(texts(f"{key}.label")) <= 45
        assert 1 <= length(texts(f"{key}.description")) <= 100
        assert length(texts.find(f"{key}.placeholder") or "") <= 100
        offered = [*field.choices, *([] if field.required else ["none"])] if field.choices else []
        words = {texts(f"{key}.choice.{choice}") for choice in offered}
        assert len(words) == len(offered)
        assert all(1 <= length(word) <= 100 for word in words)
    assert kind.name.partition(" ")[0] in texts(f"credential.{kind.slug}.intro")


def test_the_page_about_a_credential_is_in_the_contract(kind: type[Provider]) -> None:
    """What members are sent to has been read by whoever wrote the contract; each secret has one."""
    contract = (FOLDER / kind.slug / "contract.yaml").read_text("utf-8")
    pages = [field.page for field in kind.fields if field.page is not None]
    assert all(page.startswith("https://") and f"x-source: {page}\n" in contract for page in pages)
    assert [field.id for field in kind.fields if field.secret and field.page is None] == []


def test_addresses_are_safe(kind: type[Provider]) -> None:
    """Each address has its own setting, and its default is https."""
    settings = [endpoint.setting for endpoint in kind.endpoints]
    assert settings
    assert len(set(settings)) == len(settings)
    for endpoint in kind.endpoints:
        assert re.fullmatch(rf"PATCHBAY_{kind.slug.upper()}(_[A-Z]+)*_URL", endpoint.setting)
        assert endpoint.default.startswith("https://")
        assert check_url(endpoint.default) == endpoint.default


async def test_good_credentials_are_accepted(provider: Provider, credentials: Credentials) -> None:
    """Credentials that the provider knows are accepted."""
    await provider.verify(credentials)


async def test_bad_credentials_are_refused(provider: Provider, simulator: Simulator) -> None:
    """Unknown credentials have their own error."""
    with pytest.raises(UnauthorizedError) as caught:
        await provider.verify(refused(provider, simulator))
    assert (caught.value.provider, caught.value.status) == (provider.slug, 401)
    assert caught.value.detail
    for attempt in ATTEMPTS.values():
        with pytest.raises(UnauthorizedError):
            await attempt(provider, refused(provider, simulator))


async def test_required_fields_are_enough(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """Optional fields are not needed to try the credentials or to read; a list may name the one it needs."""
    required = {field.id for field in provider.fields if field.required}
    least = Credentials({field: value for field, value in credentials.items() if field in required})
    await provider.verify(least)
    await provider.reports(least, Wanted(), ResponseCache())
    with contextlib.suppress(InvalidInputError):
        await provider.choices(least)


async def test_choices_can_be_picked(provider: Provider, credentials: Credentials) -> None:
    """There are choices, each with its own id, a label, and perhaps a state."""
    choices = await provider.choices(credentials)
    assert choices
    assert len({choice.id for choice in choices}) == len(choices)
    for choice in choices:
        assert isinstance(choice, Choice)
        assert choice.id
        assert choice.label.strip()
        assert choice.state is None or isinstance(choice.state, State)


async def test_reports_follow_each_integration(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """Each integration is reported once, by its name; one that breaks and heals changes no other report."""
    assert isinstance(simulator, RunsIntegrations)
    cache, integrations = ResponseCache(), dict(simulator.discord_integrations())
    assert integrations

    async def states() -> dict[str, State]:
        reports = await provider.reports(credentials, Wanted(), cache)
        assert reports.missing == set()
        labels = {report.id: report.label for report in reports.items}
        assert integrations.items() <= labels.items()
        assert len(labels) == len(reports.items)
        return {report.id: report.state for report in reports.items}

    for integration in integrations:
        simulator.heal_integration(integration)
    well = await states()
    assert {well[integration] for integration in integrations} == {State.CONNECTED}
    for integration in integrations:
        simulator.break_integration(integration)
        now = await states()
        assert now[integration] in {State.DISCONNECTED, State.INACTIVE}
        assert now == {**well, integration: now[integration]}
        simulator.heal_integration(integration)
        assert await states() == well


async def test_absence_from_the_list_is_no_state(provider: Provider, credentials: Credentials) -> None:
    """Of a wanted integration that is not there, the provider says so, or nothing is known of it."""
    absent = "00000000-0000-4000-8000-00000000abcd"
    reports = await provider.reports(credentials, Wanted([absent], [absent]), ResponseCache())
    states = {report.id: report.state for report in reports.items}
    assert states.get(absent, State.UNKNOWN) is State.UNKNOWN
    assert (absent in reports.missing) is (absent not in states)
    assert len(states) > 1


async def test_a_reading_is_one_request(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """Each page of integrations takes one request, to the host that ``host`` names."""
    cache = ResponseCache()
    for count in (1, 2, 3):
        assert len((await provider.reports(credentials, Wanted(), cache)).items) > 1
        assert len(simulator.requests) == count
    assert {received.headers["Host"] for received in simulator.requests} == {provider.host(credentials)}


async def test_requests_are_as_documented(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """Every request is an operation of the contract, signed, with documented parameters only, as JSON."""
    contract = Contract.of(provider.slug)
    for attempt in ATTEMPTS.values():
        await attempt(provider, credentials)
    assert simulator.requests
    for received in simulator.requests:
        contract.check_request(received.method, received.path, received.headers, received.body)
        assert received.method == "GET"
        assert received.headers["Accept"] == "application/json"
        assert received.headers["Content-Type"] == "application/json"


async def test_secrets_travel_in_headers(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """No URL holds a secret, because proxies and logs keep URLs."""
    for attempt in ATTEMPTS.values():
        await attempt(provider, credentials)
    secrets = [credentials[field.id] for field in provider.fields if field.secret]
    for received in simulator.requests:
        assert not [secret for secret in secrets if secret in received.path]
        assert any(secret in value for secret in secrets for value in received.headers.values())


async def test_only_the_configured_addresses_are_asked(
    kind: type[Provider], simulator: Simulator, credentials: Credentials
) -> None:
    """Every path begins with the path of a configured address, also of another one than the default."""
    urls = {setting: f"{url}/behind/a/proxy" for setting, url in simulator.environment().items()}
    async with open_provider(kind, simulator, urls) as provider:
        for attempt in ATTEMPTS.values():
            with pytest.raises(ProviderError):
                await attempt(provider, credentials)
    assert simulator.requests
    bases = tuple(f"{url.removeprefix(simulator.url)}/" for url in urls.values())
    assert all(received.path.startswith(bases) for received in simulator.requests)


async def test_nothing_that_is_printed_holds_a_secret(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """Credentials and tokens in replies are in no value, no error and no repr of a provider."""
    choices, cache = await provider.choices(credentials), ResponseCache()
    reports = await provider.reports(credentials, Wanted(), cache)
    with pytest.raises(UnauthorizedError) as caught:
        await provider.verify(refused(provider, simulator))
    secrets = [
        value
        for values in (simulator.credentials, simulator.refused_credentials)
        for field, value in values.items()
        if any(known.id == field and known.secret for known in provider.fields)
    ]
    for value in (provider, credentials, choices, reports, cache, vars(cache), caught.value):
        said = everything_said(value)
        assert "FAKE-TOKEN" not in said
        assert not [secret for secret in secrets if secret in said]


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_every_fault_is_worded(
    kind: type[Provider],
    simulator: Simulator,
    credentials: Credentials,
    fault: Fault,
    attempt: Callable[[Provider, Credentials], Awaitable[object]],
) -> None:
    """Each fault raises one of our errors, without a secret and with nothing left unknown."""
    seconds = 0.3 if isinstance(fault, Slow | Drip) else DEADLINE
    async with open_provider(kind, simulator, deadline_of=lambda _: seconds) as provider:
        simulator.fail(fault, times=None)
        with pytest.raises(ProviderError) as caught:
            await attempt(provider, credentials)
    assert type(caught.value) is not ProviderError
    assert caught.value.provider == kind.slug
    assert not caught.value.outcome_unknown
    assert "FAKE-TOKEN" not in everything_said(caught.value)


async def test_an_echo_gives_no_secret_away(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """No header that a provider repeats is in an error."""
    simulator.fail(Answer(400, {"error": " ".join(credentials.values()), "message": "Bearer FAKE-TOKEN-x"}))
    with pytest.raises(ProviderError) as caught:
        await provider.verify(credentials)
    assert caught.value.detail
    assert "FAKE-TOKEN" not in everything_said(caught.value)


async def test_the_fault_is_over_when_it_is_over(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """After a failure the next attempt works."""
    simulator.fail(Answer.html(503))
    with pytest.raises(ProviderError):
        await provider.verify(credentials)
    await provider.verify(credentials)


async def test_a_provider_that_is_gone_is_told(
    provider: Provider, simulator: Simulator, credentials: Credentials
) -> None:
    """If nothing listens any more, every attempt raises one of our errors."""
    await simulator.stop()
    for attempt in ATTEMPTS.values():
        with pytest.raises(ProviderError) as caught:
            await attempt(provider, credentials)
        assert caught.value.key == "unreachable"
