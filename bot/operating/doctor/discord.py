"""Checks what Discord says: whose token it is, how many starts are left, and whether its gateway opens."""

import asyncio
import importlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
import yarl

from bot.operating.doctor.finding import DoctorCheck, Finding, plain
from bot.operating.doctor.network import NETWORK, HttpAnswer, Network, NoAnswerError
from bot.providers.base.endpoint import check_url
from bot.settings import Settings

APPLICATION: Final = DoctorCheck("discord-application", "discord", "application")
STARTS: Final = DoctorCheck("discord-starts", "discord", "starts left today")
GATEWAY: Final = DoctorCheck("discord-gateway", "discord", "gateway")
CLOCK: Final = DoctorCheck("clock", "discord", "clock")
COMMANDS: Final = DoctorCheck("discord-commands", "discord", "commands")
LAST_STARTS: Final = DoctorCheck("discord-last-starts", "discord", "last starts")

_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_TOO_MANY: Final = 429
_JSON: Final = "application/json"
"""discord.py takes an answer for JSON only where its content type is exactly this."""
_LEFT: Final = 0.5
"""The share of a day's starts that a sound bot leaves by far; at a fifth, the bot begins to wait."""
_CLOCK_SECONDS: Final = 5.0
_HELLO: Final = 10
_REFUSAL: Final = ("route", "status", "code", "fields", "error")
"""What is shown of a refused synchronisation."""
_ADDRESS: Final = (
    "Remove PATCHBAY_DISCORD_API_URL, or correct it: Discord's own is https://discord.com/api/v10. If it is"
    " not set, a proxy or the login page of this machine's network answers in Discord's place."
)
_LATER: Final = "Try again in a minute; https://discordstatus.com tells of outages."


@dataclass(frozen=True, slots=True)
class _Asked:
    """What came of one question to the API. content: None unless it was answered as expected."""

    finding: Finding
    content: Mapping[str, Any] | None = None
    answer: HttpAnswer | None = None


async def examine_discord(settings: Settings, network: Network) -> list[Finding]:
    """Ask Discord with the token. A session is not begun, so that no start is used up."""
    if settings.discord_token is None:
        missing = "there is no token to ask Discord with"
        gateway = await _examine_gateway(settings, None, network)
        return [APPLICATION.skipped(missing), STARTS.skipped(missing), gateway, CLOCK.skipped(missing)]
    application, starts = await asyncio.gather(
        _ask(APPLICATION, "/applications/@me", _read_application, settings, network),
        _ask(STARTS, "/gateway/bot", lambda content: _read_starts(content, settings), settings, network),
    )
    if application.finding.outcome == starts.finding.outcome == "failed":  # most likely for the same reason
        starts = _Asked(STARTS.skipped("Discord does not say whose token it is"))
    gateway = await _examine_gateway(settings, starts.content, network)
    return [application.finding, starts.finding, gateway, _examine_clock(application.answer)]


async def _ask(
    check: DoctorCheck,
    path: str,
    read: Callable[[Mapping[str, Any]], Finding],
    settings: Settings,
    network: Network,
) -> _Asked:
    """Ask the API. read: makes the finding of the answer; raises LookupError, TypeError, ValueError or
    OverflowError.
    """
    assert settings.discord_token is not None  # noqa: S101 - the caller has looked
    headers = {"Authorization": f"Bot {settings.discord_token.get_secret_value()}"}
    try:
        answer = await network.get(f"{settings.discord_api_url}{path}", headers)
    except NoAnswerError as error:
        return _Asked(check.failed(f"{settings.discord_api_url} cannot be reached: {error}", NETWORK))
    foreign = check.failed(f"what answers at {settings.discord_api_url} is not Discord ({answer})", _ADDRESS)
    if (refusal := _refusal(check, answer, foreign)) is not None:
        return _Asked(refusal, answer=answer)
    try:
        assert isinstance(answer.content, dict)  # noqa: S101 - tells mypy
        return _Asked(read(answer.content), answer.content, answer)
    except (LookupError, TypeError, ValueError, OverflowError):
        return _Asked(foreign, answer=answer)


def _refusal(check: DoctorCheck, answer: HttpAnswer, foreign: Finding) -> Finding | None:
    """Return what is wrong with an answer, None if it is a JSON object of a successful one."""
    is_own = isinstance(answer.content, dict) and answer.content_type == _JSON
    if answer.status == _UNAUTHORIZED and is_own:
        fix = "Reset the token in the Developer Portal (Bot > Reset Token) and set the new one."
        return check.failed("Discord refuses the token", fix, status=answer.status)
    if answer.is_redirect or answer.status == _NOT_FOUND:
        return check.failed(f"Discord's API does not answer at this address ({answer})", _ADDRESS)
    if answer.is_success and is_own:
        return None
    if not is_own and not answer.is_server_fault and answer.status != _TOO_MANY:  # as Discord's CDN answers
        return foreign
    code = answer.content.get("code") if isinstance(answer.content, dict) else None
    said = f", code {code}" if isinstance(code, int) else ""
    return check.warning(f"Discord answered {answer.status}{said}", _LATER, status=answer.status)


def _read_application(content: Mapping[str, Any]) -> Finding:
    number, name = int(content["id"]), plain(content["name"])
    facts = {"id": str(number), "name": name}
    said = f"the token is that of {name} ({number})"
    if content.get("interactions_endpoint_url"):
        fix = "In the Developer Portal under General Information, empty Interactions Endpoint URL."
        return APPLICATION.warning(
            f"{said}, whose commands are sent to a URL and not to the bot", fix, **facts
        )
    return APPLICATION.ok(said, **facts)


def _read_starts(content: Mapping[str, Any], settings: Settings) -> Finding:
    limit, shards = content["session_start_limit"], int(content["shards"])
    total, remaining = int(limit["total"]), int(limit["remaining"])
    reset = int(limit["reset_after"]) / 1000
    facts = {"total": total, "remaining": remaining, "reset_after_seconds": reset, "shards": shards}
    again = f", all of them again in {reset / 3600:.1f} hours" if remaining < total else ""
    said = f"{remaining} of {total}{again}; recommended shards: {shards}"
    if remaining <= total * _LEFT:
        fix = (
            "Something starts the bot again and again; its log says why it ends. Once a fifth is left, it"
            " waits for Discord's reset: whoever uses all up loses the token."
        )
        return STARTS.warning(said, fix, **facts)
    if settings.shard_count is not None and settings.shard_count < shards:
        fix = f"Set PATCHBAY_SHARD_COUNT to {shards}, or remove it."
        return STARTS.warning(f"{said}, PATCHBAY_SHARD_COUNT is {settings.shard_count}", fix, **facts)
    return STARTS.ok(said, **facts)


async def _examine_gateway(
    settings: Settings, answered: Mapping[str, Any] | None, network: Network
) -> Finding:
    """Open a connection as discord.py does, until the gateway greets; then close it without a session."""
    url = settings.discord_gateway_url or (answered or {}).get("url")
    if url is None:
        return GATEWAY.skipped("Discord did not say where it is")
    try:
        url = check_url(str(url), secure="wss", plain="ws")
    except ValueError as error:
        return GATEWAY.failed(f"the address that was named {error}", _ADDRESS)
    fix = NETWORK if settings.discord_gateway_url is None else f"{NETWORK[:-1]} PATCHBAY_DISCORD_GATEWAY_URL."
    began = time.monotonic()
    try:
        stream = _Stream()
        async with network.connect(yarl.URL(url).with_query(stream.query)) as socket:
            interval = stream.read_hello(await socket.receive())
    except NoAnswerError as error:
        return GATEWAY.failed(f"{url} cannot be used: {error}", fix)
    except _NoHelloError as error:
        return GATEWAY.failed(f"{url} {error}", fix)
    ms = round((time.monotonic() - began) * 1000)
    facts = {"url": url, "milliseconds": ms, "compression": stream.compression}
    return GATEWAY.ok(f"{url} greets within {ms} ms (heartbeat every {interval / 1000:.0f} s)", **facts)


class _NoHelloError(Exception):
    """The gateway's first message is none with which a session can begin."""


class _Stream:
    """Asks for the compression that discord.py asks for here, and for none where it cannot be imported."""

    def __init__(self) -> None:
        try:
            self._context: Any = importlib.import_module("discord.utils")._ActiveDecompressionContext()  # noqa: SLF001 - the library has no other way to ask it
        except Exception:  # noqa: BLE001 - the check of the libraries says what is wrong with it
            self._context = None

    @property
    def compression(self) -> str | None:
        """The name of the compression, None without."""
        return None if self._context is None else str(self._context.COMPRESSION_TYPE)

    @property
    def query(self) -> Mapping[str, str]:
        """The query of the gateway's URL."""
        query = {"v": "10", "encoding": "json"}
        return query if self.compression is None else query | {"compress": self.compression}

    def read_hello(self, message: aiohttp.WSMessage) -> float:
        """Return the milliseconds between heartbeats that HELLO asks for. Raises _NoHelloError."""
        if message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
            code = "" if message.data is None else f" with code {message.data}"
            raise _NoHelloError(f"closed the connection{code} before its HELLO")
        data = message.data
        try:
            text = self._context.decompress(data) if isinstance(data, bytes) and self._context else data
            frame = json.loads(text)
            op, interval = frame["op"], float(frame["d"]["heartbeat_interval"])
        except Exception:  # noqa: BLE001 - whatever a decompressor or a parser raises
            raise _NoHelloError("begins with what cannot be read as HELLO") from None
        if op != _HELLO:
            raise _NoHelloError(f"begins with something else than HELLO (op {plain(op)})")
        return interval


def _examine_clock(answer: HttpAnswer | None) -> Finding:
    """Compare this machine's clock with Discord's."""
    try:
        told = parsedate_to_datetime(answer.headers["Date"]).timestamp() if answer is not None else None
    except (LookupError, TypeError, ValueError, OverflowError):
        told = None
    if answer is None or told is None:
        return CLOCK.skipped("Discord did not say what time it is")
    ahead = answer.received_at - (told + 0.5)  # it has no fractions of a second
    facts = {"seconds_ahead": round(ahead, 1)}
    if abs(ahead) <= _CLOCK_SECONDS:
        return CLOCK.ok("agrees with Discord's", **facts)
    text = f"{abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} Discord's"
    fix = (
        "Let the machine set its clock by NTP (timedatectl set-ntp true). Otherwise, pauses that a provider"
        " asks for are too short or too long, times are shown wrong, and certificates may be refused."
    )
    return CLOCK.warning(text, fix, **facts)


def examine_last_run(settings: Settings) -> list[Finding]:
    """Tell what the bot, running or not, has kept of Discord's refusals."""
    try:
        from bot.discord.connection.identify_count import of_last_day  # noqa: PLC0415 - as it says below
        from bot.discord.connection.starts import COUNTED, IDENTIFIES, failed_starts  # noqa: PLC0415
        from bot.discord.connection.state_file import path_beside, read_state  # noqa: PLC0415
        from bot.discord.sync import SYNC_REFUSAL  # noqa: PLC0415
    except Exception:  # noqa: BLE001 - the check of the libraries says what is wrong with them
        return [each.skipped("discord.py cannot be imported") for each in (COMMANDS, LAST_STARTS)]
    if isinstance(settings.database, str):
        try:
            from bot.store.postgres.shared_state import read_shared_state  # noqa: PLC0415 - as it says below
        except ImportError:
            return [each.skipped("the database cannot be used") for each in (COMMANDS, LAST_STARTS)]
        state = read_shared_state(settings.database)
    else:
        state = read_state(path_beside(settings.database))
    commands = COMMANDS.ok("no refusal is kept")
    if isinstance(refused := state.get(SYNC_REFUSAL), dict):
        refusal = {name: plain(refused[name], 200) for name in _REFUSAL if name in refused}
        commands = COMMANDS.warning(
            f"Discord did not take them ({', '.join(f'{name} {value}' for name, value in refusal.items())})",
            "The bot goes on with those that Discord knows and tries again by itself. Code 30034 means that a"
            " day's command creates are used up.",
            **refusal,
        )
    counts = state.get(COUNTED)
    counted = sum(of_last_day(counts if isinstance(counts, dict) else {}, time.time()).values())
    facts = {"last_24_hours": counted, "failed": failed_starts(state.get(IDENTIFIES))}
    last = LAST_STARTS.ok(f"{counted} in the last 24 hours, the last one reached READY", **facts)
    if not counted:
        last = LAST_STARTS.ok("none in the last 24 hours", **facts)
    if facts["failed"]:
        last = LAST_STARTS.warning(
            f"{facts['failed']} in a row did not get as far as READY",
            "The bot waits longer before each try. Its log says why they failed.",
            **facts,
        )
    return [commands, last]
