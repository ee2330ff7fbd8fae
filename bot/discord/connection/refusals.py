"""Says in a few plain fields what Discord refused: the route, the status, its code, the fields it names.

The text of a discord.HTTPException may hold what a member entered, and its URL the token of an interaction.
Neither is used here.
"""

import logging
import re
import time
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
import discord
import structlog

from bot.network_faults import word_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_MAX_FIELDS: Final = 3
_MAX_LENGTH: Final = 80
"""Characters of one field's path."""
_HOLD_TOKENS: Final = frozenset({"interactions", "webhooks"})
"""What such a path names second is a token."""
_WORD: Final = re.compile(r"[a-z@_-]{1,32}|v[0-9]{1,2}")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")


def describe(error: discord.HTTPException) -> dict[str, str | int]:
    """Return what is known of a refusal.

    These are ``route``, ``status``, ``code`` (Discord's, 0 if it gave none) and perhaps ``fields``.
    """
    described: dict[str, str | int] = {
        "route": _route_of(error.response),
        "status": error.status,
        "code": error.code,
    }
    fields = [f"{path}: {code}" for path, code in _refused_fields(getattr(error, "_errors", None) or {}, ())]
    if fields:
        described["fields"] = ", ".join(fields[:_MAX_FIELDS])
    return described


def describe_failure(error: BaseException) -> dict[str, str | int]:
    """Return the fields of a log line about a request to Discord that failed: ``error``, and those of
    ``describe`` if Discord refused it.
    """
    refusal = describe(error) if isinstance(error, discord.HTTPException) else {}
    return {"error": word_of(error), **refusal}


def sentence(error: discord.HTTPException) -> str:
    """Return the same as one phrase, for whoever starts the bot."""
    known = describe(error)
    fields = f" ({known['fields']})" if "fields" in known else ""
    return f"{known['route']} was answered with status {known['status']}, code {known['code']}{fields}"


def route_template(method: str, path: str) -> str:
    """Return a request's method and path, without its ids and tokens."""
    parts = path.removeprefix("/api").strip("/").split("/")
    if parts and re.fullmatch(r"v[0-9]{1,2}", parts[0]):
        parts = parts[1:]
    shown = [_shown(parts, number) for number in range(len(parts))]
    return f"{method} /{'/'.join(shown)}"


def request_log() -> aiohttp.TraceConfig:
    """Return what logs each request to Discord at DEBUG: route, status and duration, no content."""
    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(_note_start)
    trace.on_request_end.append(_log_answer)
    trace.on_request_exception.append(_log_failure)
    return trace


async def _note_start(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _params: aiohttp.TraceRequestStartParams
) -> None:
    context.began = time.monotonic()


async def _log_answer(
    _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
) -> None:
    if logging.getLogger(__name__).isEnabledFor(logging.DEBUG):
        route = route_template(params.method, params.url.path)
        _log.debug("discord_answered", route=route, status=params.response.status, ms=_ms_since(context))


async def _log_failure(
    _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestExceptionParams
) -> None:
    route = route_template(params.method, params.url.path)
    _log.debug("discord_not_answered", route=route, error=word_of(params.exception), ms=_ms_since(context))


def _ms_since(context: SimpleNamespace) -> int:
    began: float = context.began
    return round((time.monotonic() - began) * 1000)


def _route_of(response: Any) -> str:  # noqa: ANN401 - aiohttp's, or a test's
    method, url = getattr(response, "method", None), getattr(response, "url", None)
    if not isinstance(method, str) or url is None:
        return "a request"
    return route_template(method, getattr(url, "path", ""))


def _shown(parts: list[str], number: int) -> str:
    if number >= 2 and parts[number - 2] in _HOLD_TOKENS:  # noqa: PLR2004 - what, whose, token
        return "{token}"
    if _WORD.fullmatch(parts[number]):
        return parts[number]
    return "{id}" if parts[number].isdecimal() else "{…}"


def _refused_fields(errors: object, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the path of each field that Discord refused, and the code of why."""
    if not isinstance(errors, Mapping):
        return
    reasons = errors.get("_errors")
    if isinstance(reasons, list):
        for reason in reasons:
            code = reason.get("code") if isinstance(reason, Mapping) else None
            yield _safe(".".join(path)), _safe(str(code))
    for key, inner in errors.items():
        if key != "_errors":
            yield from _refused_fields(inner, (*path, str(key)))


def _safe(text: str) -> str:
    return _UNSAFE.sub("?", text)[:_MAX_LENGTH]
