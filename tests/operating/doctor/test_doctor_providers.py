"""The doctor tells a provider that is down from an address at which something else answers."""

import asyncio
from typing import NamedTuple

import pytest

from bot.providers import providers
from bot.providers.base.endpoint import ApiVersion, Endpoint
from bot.providers.base.simulator import Answer, Simulator
from tests.support.doctor import ENDPOINTS, PROVIDERS, examine

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
