"""The doctor tells a provider that is down from an address at which something else answers."""

import asyncio
from typing import NamedTuple

import pytest

from bot.operating.doctor import network
from bot.operating.doctor.network import open_network
from bot.operating.doctor.providers import examine_endpoint
from bot.providers import providers
from bot.providers.base.endpoint import ApiVersion, Endpoint
from bot.providers.base.simulator import Answer, Drip, Fault, GzipBomb, Reset, Simulator, Slow, Truncated
from tests.support.doctor import ENDPOINTS, PROVIDERS, examine
from tests.support.intermediary import PAGES

SETTING, FIRST = next(iter(ENDPOINTS)), PROVIDERS[0]


class Versioned(NamedTuple):
    """A provider's simulator, and its endpoint that has versions."""

    simulator: Simulator
    endpoint: Endpoint
    version: ApiVersion
    check: str
    refusal: dict[str, str]
    """A body in the form of the provider's own errors."""


@pytest.fixture
def versioned(simulators: dict[str, Simulator]) -> Versioned:
    """The first provider that has versions."""
    return next(
        Versioned(
            simulators[provider.slug],
            endpoint,
            endpoint.version,
            PROVIDERS[list(ENDPOINTS).index(endpoint.setting)],
            {min(provider.error_format.fields): "refused"},
        )
        for provider in providers()
        for endpoint in provider.endpoints
        if endpoint.version is not None
    )


async def test_each_endpoint_answers_at_its_path(environment: dict[str, str]) -> None:
    """Without credentials a provider refuses, and that shows that it is there, with the version asked for."""
    found = await examine(environment)
    for check, (setting, endpoint) in zip(PROVIDERS, ENDPOINTS.items(), strict=True):
        version = "" if endpoint.version is None else f" with version {endpoint.version.pinned}, as asked"
        assert found.said(check) == ("ok", f"{environment[setting]} answers (401){version}")


@pytest.mark.parametrize(
    ("fault", "outcome", "text"),
    [
        (Answer(503, b"busy"), "warning", "is down or overloaded (503"),
        (Answer.html(502), "warning", "is down or overloaded (502"),
        (Answer(429, {}), "warning", "is down or overloaded (429"),
        (Answer.html(404), "failed", "the API does not answer at"),
        (Answer(404, {"error": "no such route"}), "failed", "the API does not answer at"),
        (Answer.html(200), "failed", "the API does not answer at"),
        (Answer(200, b""), "failed", "the API does not answer at"),
        (
            Answer(302, b"", {"Location": "https://example.org/CANARY"}),
            "failed",
            "the API does not answer at",
        ),
        (Answer.html(401), "warning", "something else answers at"),
        (Answer.html(403), "warning", "something else answers at"),
        (Answer(403, {"unlike": "its own"}), "warning", "something else answers at"),
        (Answer(200, {"ok": True}), "ok", "answers (200)"),
        (GzipBomb(), "failed", "the API does not answer at"),
        (Reset(), "warning", "cannot be reached: the connection was closed before the answer"),
        (Truncated(), "warning", "cannot be reached: the connection was closed before the answer"),
        (Slow(5), "warning", "cannot be reached: the host doesn't answer in time"),
        (Drip(), "warning", "cannot be reached: the host doesn't answer in time"),
    ],
    ids=[
        *(
            "503",
            "502",
            "429",
            "404-page",
            "404",
            "page",
            "empty",
            "302",
            "401-page",
            "403-page",
            "403",
            "200",
        ),
        *("bomb", "reset", "truncated", "slow", "drip"),
    ],
)
async def test_down_and_elsewhere_are_told_apart(
    environment: dict[str, str],
    simulators: dict[str, Simulator],
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    outcome: str,
    text: str,
) -> None:
    """What waiting mends is a warning with exit code 0; a wrong address is a failure with the right one."""
    monkeypatch.setattr(network, "SECONDS", 1.0)
    simulator = next(each for each in simulators.values() if SETTING in each.environment())
    simulator.fail(fault, times=None)
    found = await examine(environment)
    assert found.said(FIRST)[0] == outcome
    assert text in found.said(FIRST)[1]
    if outcome == "failed":
        assert ENDPOINTS[SETTING].default in found.findings[FIRST]["fix"]
    assert found.exit_code == (1 if outcome == "failed" else 0)
    assert "CANARY" not in found.output


@pytest.mark.parametrize("status", [401, 403])
async def test_pages_from_in_between_are_not_the_provider(
    environment: dict[str, str], versioned: Versioned, status: int
) -> None:
    """What has not the form of the provider's own errors is never called fine."""
    provider = next(each for each in providers() if versioned.endpoint in each.endpoints)
    url = environment[versioned.endpoint.setting]
    for body, headers in PAGES.values():
        versioned.simulator.heal()
        versioned.simulator.fail(Answer(status, body, headers))
        async with open_network(None) as through:
            found = await examine_endpoint(provider, versioned.endpoint, url, through)
        is_own = isinstance(body, dict) and not provider.error_format.fields.isdisjoint(body)
        assert found.outcome == ("ok" if is_own else "warning"), body


async def test_a_provider_that_is_not_there_is_a_warning(environment: dict[str, str]) -> None:
    """The other providers are served without it."""
    found = await examine(environment | {SETTING: "http://127.0.0.1:1"})
    text = "http://127.0.0.1:1 cannot be reached: the host refuses the connection"
    assert found.said(FIRST) == ("warning", text)
    assert found.outcomes("warning") == [FIRST]
    assert found.exit_code == 0


async def test_another_server_s_address_is_a_failure(
    environment: dict[str, str], versioned: Versioned
) -> None:
    """A host that knows no such path is not the API, and the right address is in the fix."""
    origin = environment["PATCHBAY_DISCORD_API_URL"].removesuffix("/api/v10")
    environment[versioned.endpoint.setting] = f"{origin}/v2"
    found = await examine(environment)
    assert found.said(versioned.check)[0] == "failed"
    assert versioned.endpoint.default in found.findings[versioned.check]["fix"]


async def test_another_version_is_a_warning(environment: dict[str, str], versioned: Versioned) -> None:
    """Both versions are named, the fix is named, and the bot can still start."""
    simulator, endpoint, version, check, refusal = versioned
    simulator.fail(Answer(401, refusal, {version.header: "2999-06-01"}))
    found = await examine(environment)
    served = f"{environment[endpoint.setting]} answers (401) with version '2999-06-01'"
    assert found.said(check) == ("warning", f"{served} where {version.pinned} was asked for")
    assert "look for an update of Patchbay" in found.findings[check]["fix"]
    assert found.findings[check]["facts"]["version"] == "2999-06-01"
    assert found.exit_code == 0
    (received,) = simulator.requests
    assert received.headers[version.header] == version.pinned
    assert not any(secret in f"{dict(received.headers)}" for secret in simulator.credentials.values())


async def test_an_unknown_version_is_no_fault(environment: dict[str, str], versioned: Versioned) -> None:
    """A proxy may remove the header; the doctor says that it does not know the version."""
    versioned.simulator.fail(Answer(401, versioned.refusal))
    found = await examine(environment)
    assert found.said(versioned.check)[0] == "ok"
    assert found.said(versioned.check)[1].endswith("answers (401); it does not say with which version")


@pytest.mark.parametrize(
    "version",
    [
        b"",
        b"\x1b[31m2099",
        b"2099\xff\xfe",
        "２０９９\u202e".encode(),
        b"x" * 5_000,
        b"a, b",
        b"\x9b2J",
        b"\x7f",
    ],
)
async def test_a_hostile_version_does_no_harm(
    environment: dict[str, str], versioned: Versioned, version: bytes
) -> None:
    """Whatever the header holds, only a few printable ASCII characters of it are shown."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        header = versioned.version.header.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + header + b": " + version + b"\r\n\r\n{}")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await examine(environment | {versioned.endpoint.setting: url})
    outcome, text = found.said(versioned.check)
    assert outcome == "warning"
    assert text.isascii()
    assert text.isprintable()
    assert len(text) < 200
    assert found.outcomes("warning") == [versioned.check]
