"""Runs ``patchbay doctor`` beside a simulated Discord that can be told to answer otherwise."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.providers import providers

ENDPOINTS = {endpoint.setting: endpoint for provider in providers() for endpoint in provider.endpoints}
SETTINGS = ["settings", "setting-names", "secret-files", "encryption-keys", "discord-token"]
MACHINE = ["libraries", "file-modes", "disk-space"]
PROVIDERS = [f"provider-{name.removeprefix('PATCHBAY_').lower().replace('_', '-')}" for name in ENDPOINTS]
IDS = [
    *SETTINGS,
    *MACHINE,
    "http-port",
    *("database-folder", "bot-process", "database", "database-keys", "unreadable-rows", "backups"),
    *("discord-application", "discord-starts", "discord-gateway", "clock"),
    *("discord-commands", "discord-last-starts"),
    *PROVIDERS,
]
"""Every check, in the order in which it is shown."""


@dataclass
class OddDiscord:
    """What a simulated Discord is to answer otherwise, and what it was asked.

    environment: the settings that point to it. answers: by the path of the request.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    answers: dict[str, Callable[[], web.Response]] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """The path and the authorization of each request to the API."""
    identified: int = 0

    def answer(self, path: str, body: object, status: int = 200, **headers: str) -> None:
        """Answer requests for a path with this from now on; bytes are sent as they are."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        known = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        self.answers[path] = lambda: web.Response(body=sent, status=status, headers=known)


@dataclass(frozen=True)
class Examination:
    """What the doctor printed as JSON. findings: by id."""

    exit_code: int
    document: Mapping[str, Any]
    findings: Mapping[str, Mapping[str, Any]]
    output: str

    def outcomes(self, outcome: str) -> list[str]:
        """Return the ids of all findings with this outcome."""
        return [name for name, each in self.findings.items() if each["outcome"] == outcome]

    def said(self, name: str) -> tuple[str, str]:
        """Return the outcome and the text of a finding."""
        return self.findings[name]["outcome"], self.findings[name]["text"]


async def doctor(environment: Mapping[str, str], *options: str) -> Result:
    """Run the command beside the stand-ins, in a thread of its own."""
    return await asyncio.to_thread(
        CliRunner().invoke, main, ["doctor", *options], env=environment, catch_exceptions=False
    )


async def examine(environment: Mapping[str, str], *options: str) -> Examination:
    """Do the same, and read what it says as JSON."""
    return read(await doctor(environment, "--json", *options))


def read(result: Result) -> Examination:
    """Read what was printed as JSON."""
    document = json.loads(result.stdout)
    findings = {each["id"]: each for each in document["findings"]}
    return Examination(result.exit_code, document, findings, result.output)
