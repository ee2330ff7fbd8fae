"""Reads an answer that is no success: whether the provider itself has sent it, and what it says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx

from bot.errors import (
    ConflictError,
    ForbiddenError,
    IntermediaryError,
    IntermediaryUnauthorizedError,
    NotFoundError,
    ProviderError,
    RateLimitedError,
    RejectedError,
    ServerFaultError,
    UnauthorizedError,
    UnexpectedStatusError,
    UnsupportedMediaError,
)

_BY_STATUS: Final[Mapping[int, type[ProviderError]]] = {
    400: RejectedError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    415: UnsupportedMediaError,
    422: RejectedError,
    429: RateLimitedError,
}
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_CODE: Final = re.compile(r"[A-Z0-9_]{1,64}")
_PHRASES: Final = frozenset(status.phrase.lower() for status in HTTPStatus)
# https://www.rfc-editor.org/rfc/rfc9457#section-3.1
_PROBLEM_FIELDS: Final = frozenset({"type", "title", "status", "detail", "instance"})
_MAX_DEPTH: Final = 3
_MAX_TEXTS: Final = 5
"""How deep in an error, and how far in a list, its text is looked for."""
_MAX_WAIT: Final = 86_400


@dataclass(frozen=True, slots=True)
class ErrorFormat:
    """How a provider writes its own errors; a 4xx in any other form comes from something in between.

    fields: each error is a JSON object with at least one of them. bodiless: errors that the provider sends
    without a body, each as a status and the last segments of the operation's path.
    """

    fields: frozenset[str]
    bodiless: frozenset[tuple[int, tuple[str, ...]]] = frozenset()

    def matches(self, status: int, segments: Sequence[str], body: bytes, content: object) -> bool:
        """Tell whether the provider itself has sent this error.

        segments: of the operation's path. content: what the body holds as JSON, None if it holds none.
        """
        if isinstance(content, dict):
            return not self.fields.isdisjoint(content)
        return not body and any(
            status == of_status and tuple(segments[-len(last) :]) == last for of_status, last in self.bodiless
        )


def kind_of(status: int, *, is_own: bool) -> type[ProviderError]:
    """Return the error for the status of a refusal or a failure. is_own: see ``ErrorFormat.matches``."""
    if httpx.codes.is_success(status):
        return RejectedError
    if httpx.codes.is_server_error(status):
        return ServerFaultError
    # Whoever limits the rate, the fix is to wait.
    if is_own or not httpx.codes.is_client_error(status) or status == HTTPStatus.TOO_MANY_REQUESTS:
        return _BY_STATUS.get(status, UnexpectedStatusError)
    return IntermediaryUnauthorizedError if status == HTTPStatus.UNAUTHORIZED else IntermediaryError


def refused_status(status: int, content: object) -> int | None:
    """Return the status of the refusal that an answer with a good status holds, None if it holds none.

    It is in the body as ``statusCode``; where the body has only ``success: false``, it is the answer's own.
    """
    if not isinstance(content, dict):
        return None
    code = content.get("statusCode")
    if type(code) is int and httpx.codes.is_error(code):
        return code
    return status if content.get("success") is False else None


def is_public(body: bytes, content: object) -> bool:
    """Tell whether the body of an error holds nobody's data: it is a page, a text, or a plain problem report.

    content: as for ``ErrorFormat.matches``.
    """
    if content is None:
        # JSON that was cut off, or is in another encoding, is none of these.
        return b"<" in body[:8] or b"{" not in body[:64]
    if isinstance(content, dict):
        is_flat = not any(isinstance(value, (dict, list)) for value in content.values())
        return is_flat and content.keys() <= _PROBLEM_FIELDS
    return not isinstance(content, list) or not content


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """What an error says, as far as it is words, each None if the error lacks it.

    detail: its text. request_id: the provider's reference. code: its name for the error. fingerprint: the
    same for errors of one kind.
    """

    detail: str | None = None
    request_id: str | None = None
    code: str | None = None
    fingerprint: str | None = None


def read_error(content: object) -> ErrorWords:
    """Read an error's body. content: any JSON, None if there is none.

    A nested exception with its stack is left out on purpose.
    """
    if not isinstance(content, dict):
        return ErrorWords()
    return ErrorWords(
        _said(content, _MAX_DEPTH),
        _matching(_WORD, content.get("request_id")),
        _matching(_CODE, content.get("error_code")),
        _matching(_WORD, content.get("fingerprint")),
    )


def _said(fields: Mapping[str, object], depth: int) -> str | None:
    """Return the text of an error; the mere name of its status only where there is nothing else."""
    texts = [_text(fields.get(name), depth) for name in ("error", "message")]
    found = [text for text in texts if text]
    return next((text for text in found if text.lower() not in _PHRASES), None) or next(iter(found), None)


def _text(value: object, depth: int) -> str | None:
    """Return the text of a field, which may be a text, a list of texts, or an error of its own."""
    match value:
        case str():
            return value.partition("\n    at ")[0].strip()  # what follows is a stack
        case list() if depth:
            return " · ".join(filter(None, (_text(each, depth - 1) for each in value[:_MAX_TEXTS])))
        case dict() if depth:
            return _said(value, depth - 1)
    return None


def _matching(pattern: re.Pattern[str], value: object) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def read_retry_after(value: str | None) -> int | None:
    """Return Retry-After in whole seconds (RFC 9110 allows seconds or a date), a day at most."""
    if value is None:
        return None
    if (digits := value.strip()).isdecimal():
        return min(int(digits[:10]), _MAX_WAIT)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0, min(int((until - datetime.now(UTC)).total_seconds()), _MAX_WAIT))
