"""``patchbay doctor``: checks what the bot needs, and names a fix for each fault."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import httpx

from bot.i18n.catalog import DEFAULT_LOCALE, load_catalog
from bot.providers import providers
from bot.providers.base.endpoint import Endpoint
from bot.settings import Settings
from bot.setup_errors import SetupError

_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. fix: empty if nothing is wrong."""

    subject: str
    outcome: Literal["ok", "warning", "failed"]
    text: str
    fix: str = ""


def examine_offline(settings: Settings) -> Iterator[Finding]:
    """Check what needs neither the network nor the database driver."""
    from bot.store.vault import read_keys  # noqa: PLC0415 - cryptography is not needed for --help

    yield Finding("settings", "ok", "all values can be read")
    try:
        keys = read_keys(settings.encryption_keys.get_secret_value())
    except SetupError as error:
        yield Finding("encryption keys", "failed", "missing or not usable", _worded(error))
    else:
        yield Finding("encryption keys", "ok", f"{len(keys)}, new secrets use {next(iter(keys))!r}")
    if settings.discord_token is None:
        yield Finding(
            "discord token",
            "failed",
            "PATCHBAY_DISCORD_TOKEN is not set",
            "Copy it from the Developer Portal: your application > Bot > Reset Token.",
        )
    folder = settings.database_path.absolute().parent
    if folder.is_dir() and os.access(folder, os.W_OK):
        yield Finding("database folder", "ok", f"{folder} can be written to")
    else:
        yield Finding(
            "database folder",
            "failed",
            f"{folder} does not exist or cannot be written to",
            "Make the folder writable for this user, or point PATCHBAY_DATABASE_URL elsewhere.",
        )


async def examine_online(settings: Settings) -> AsyncIterator[Finding]:
    """Check the database, the Discord token, and whether each provider answers."""
    yield await asyncio.to_thread(_examine_database, settings)
    for finding in await asyncio.to_thread(_examine_last_run, settings):
        yield finding
    async with httpx.AsyncClient(
        timeout=_TIMEOUT, trust_env=False, proxy=settings.proxy, verify=httpx.create_ssl_context()
    ) as http:
        if settings.discord_token is not None:
            yield await _examine_discord(settings.discord_token.get_secret_value(), settings, http)
        for provider in providers():
            for endpoint in provider.endpoints:
                yield await _examine_endpoint(endpoint, settings.endpoints[endpoint.setting], http)


def _examine_database(settings: Settings) -> Finding:
    from bot.store.health import database_state  # noqa: PLC0415 - brings the database driver

    path = settings.database_path
    if not path.exists():
        return Finding("database", "ok", f"{path} does not exist yet; the first start makes it")
    try:
        state = database_state(path)
    except SetupError as error:
        return Finding("database", "failed", "cannot be used", _worded(error))
    return Finding("database", "ok", state)


def _examine_last_run(settings: Settings) -> list[Finding]:
    """Return what the bot, running or not, has kept of Discord's refusals."""
    from bot.discord.connection.starts import IDENTIFIES, failed_starts  # noqa: PLC0415 - discord.py is large
    from bot.discord.connection.state_file import path_beside, read_state  # noqa: PLC0415
    from bot.discord.sync import SYNC_REFUSAL  # noqa: PLC0415

    state = read_state(path_beside(settings.database_path))
    findings = []
    refused = state.get(SYNC_REFUSAL)
    if isinstance(refused, dict):
        said = ", ".join(f"{name} {refused[name]}" for name in _REFUSAL if name in refused)
        findings.append(
            Finding(
                "discord commands",
                "warning",
                f"Discord did not take the commands ({said})",
                "The bot goes on with those that Discord knows and tries again by itself."
                " Code 30034 means that a day's command creates are used up.",
            )
        )
    if failures := failed_starts(state.get(IDENTIFIES)):
        findings.append(
            Finding(
                "discord starts",
                "warning",
                f"the last starts did not get as far as READY ({failures})",
                "The bot waits longer before each try. Its log says why they failed.",
            )
        )
    return findings


async def _examine_discord(token: str, settings: Settings, http: httpx.AsyncClient) -> Finding:
    url = f"{settings.discord_api_url}/applications/@me"
    try:
        answer = await http.get(url, headers={"Authorization": f"Bot {token}"})
    except httpx.HTTPError as error:
        return Finding(
            "discord token", "failed", f"Discord cannot be reached ({type(error).__name__})", _NETWORK
        )
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return Finding(
            "discord token",
            "failed",
            "Discord refuses it",
            "Reset the token in the Developer Portal and set the new one.",
        )
    if not answer.is_success:
        said = f"Discord answered {answer.status_code}{_code_in(answer)}"
        return Finding("discord token", "warning", said, "Try again in a minute.")
    return Finding("discord token", "ok", "Discord accepts it")


def _code_in(answer: httpx.Response) -> str:
    """Return Discord's own code in an answer, nothing where it holds none, as a proxy's does."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    code = body.get("code") if isinstance(body, dict) else None
    return f", code {code}" if isinstance(code, int) else ""


async def _examine_endpoint(endpoint: Endpoint, url: str, http: httpx.AsyncClient) -> Finding:
    """Send a request without credentials: any answer proves that the provider can be reached."""
    version = endpoint.version
    try:
        if version is None:
            answer = await http.get(url)
        else:
            answer = await http.get(
                f"{url}{version.path}",
                headers={version.header: version.pinned, "Content-Type": "application/json"},
            )
    except httpx.HTTPError as error:
        return Finding(
            endpoint.setting, "failed", f"{url} cannot be reached ({type(error).__name__})", _NETWORK
        )
    found = f"{url} answers ({answer.status_code})"
    if version is None:
        return Finding(endpoint.setting, "ok", found)
    served = answer.headers.get(version.header)
    if served is None:
        return Finding(endpoint.setting, "ok", f"{found}; it does not say with which version")
    if served == version.pinned:
        return Finding(endpoint.setting, "ok", f"{found} with version {served}, as asked")
    return Finding(
        endpoint.setting,
        "warning",
        f"{found} with version {served[:32]!a} where {version.pinned} was asked for",
        "Answers may read differently now: look for an update of Patchbay.",
    )


def _worded(error: SetupError) -> str:
    return load_catalog()[DEFAULT_LOCALE](f"setup.{error.key}", **error.values)


_REFUSAL: Final = ("route", "status", "code", "fields", "error")
"""What is shown of a refused synchronisation."""
_NETWORK: Final = "Check this machine's network, proxy and DNS, and the address in the setting."
