"""The credentials that a provider asks an admin for, their values, and what is known of them."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from bot.errors import InvalidInputError
from bot.providers.base.pasted import APPLICATION_ID, PUBLIC_KEY, WEB_TOKEN, is_discord_token, unwrapped

# Credentials are sent in HTTP headers. Printable ASCII without blanks cannot end a header and begin another
# one.
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")

MISPLACED_KEY: Final = "misplaced_public_key"
MISPLACED: Final = ("misplaced_token", "misplaced_application_id", MISPLACED_KEY, "misplaced_access_token")
"""The rules that a value breaks if it was pasted into a field in which it does not belong."""


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One input of the form for credentials: a text input, or a radio group where there are choices.

    id: also the input's custom id. secret: the value is never shown again; only of the first field the last
    characters are. choices: the accepted values, compared without case; empty for any value. needs: another
    field that must be filled in if this one is. page: the provider's own page about where the
    value is found, None where there is none.
    """

    id: str
    required: bool = True
    secret: bool = True
    min_length: int = 1
    max_length: int = 512
    choices: tuple[str, ...] = ()
    needs: str | None = None
    pattern: re.Pattern[str] = _HEADER_SAFE
    page: str | None = None


class Facts:
    """What a provider says of one version of credentials and is asked only once. It holds no secret."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._asked: dict[str, asyncio.Task[str]] = {}

    def note(self, name: str, value: str) -> None:
        """Keep a fact that the provider has just stated. name: the provider's own."""
        self._known[name] = value

    async def once(self, name: str, ask: Callable[[], Coroutine[Any, Any, str]]) -> str:
        """Return a fact, and ask for it if it is not known; callers at the same time share one question.

        A failure is not kept. Raises what ``ask`` raises.
        """
        if name in self._known:
            return self._known[name]
        task = self._asked.get(name)
        if task is None:
            task = self._asked[name] = asyncio.ensure_future(ask())
            task.add_done_callback(partial(self._answered, name))
        # One caller that gives up does not take the answer from the others.
        return await asyncio.shield(task)

    def _answered(self, name: str, task: asyncio.Task[str]) -> None:
        del self._asked[name]
        # This also tells the event loop that the exception was seen: nobody may be waiting for the task.
        if not task.cancelled() and task.exception() is None:
            self.note(name, task.result())


class Credentials(Mapping[str, str]):
    """Validated credentials by field id; optional fields that were left empty are absent.

    Neither ``repr`` nor ``str`` shows a value. facts: what the provider has said of them so far.
    """

    __slots__ = ("_values", "facts")

    def __init__(self, values: Mapping[str, str], facts: Facts | None = None) -> None:
        self._values = dict(values)
        self.facts = facts or Facts()

    def __getitem__(self, field: str) -> str:
        return self._values[field]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Credentials {', '.join(self._values)}>"


def read_credentials(
    provider: str,
    fields: tuple[CredentialField, ...],
    values: Mapping[str, str],
    *,
    may_look_like_key: bool = False,
) -> Credentials:
    """Check what an admin has typed. provider: the slug.

    may_look_like_key: whether a secret of this provider is known to look like a Discord public key. Raises
    InvalidInputError (``missing``, ``too_short``, ``too_long``, ``not_a_choice``, ``not_plain``, ``needs``,
    ``same_value`` or one of ``MISPLACED``) with the provider's slug and the input, never with its value.
    """
    read: dict[str, str] = {}
    for field in fields:
        name = f"{provider}.{field.id}"
        value = unwrapped(values.get(field.id, ""))
        if not value:
            if field.required:
                raise InvalidInputError("missing", input=name)
            continue
        if field.choices:
            value = value.lower()
            if value not in field.choices:
                raise InvalidInputError("not_a_choice", input=name, choices=", ".join(field.choices))
        _check_place(provider, field, value, may_look_like_key=may_look_like_key)
        if other := next((each for each, known in read.items() if known == value), None):
            raise InvalidInputError("same_value", provider=provider, input=name, other=f"{provider}.{other}")
        _check_form(field, name, value)
        if field.needs is not None and field.needs not in read:
            raise InvalidInputError("needs", input=name, other=f"{provider}.{field.needs}")
        read[field.id] = value
    return Credentials(read)


def _check_form(field: CredentialField, name: str, value: str) -> None:
    if len(value) < field.min_length:
        raise InvalidInputError("too_short", input=name, min=field.min_length)
    if len(value) > field.max_length:
        raise InvalidInputError("too_long", input=name, max=field.max_length)
    if not field.pattern.fullmatch(value):
        raise InvalidInputError("not_plain", input=name)


def _check_place(provider: str, field: CredentialField, value: str, *, may_look_like_key: bool) -> None:
    """Raise InvalidInputError if a value belongs elsewhere.

    Only what is certain is refused for good. A number of a Discord id's length is no provider's secret, while
    an id that is no secret may be one: a user of Sensay's may be named by a Discord account. A secret's form
    is documented by neither provider, and 64 hexadecimal digits are a common one. So what looks like a public
    key is questioned, not refused: ``may_look_like_key``. A client secret's 32 letters and digits are too
    common even for that.
    """
    misplaced = None
    if is_discord_token(value):
        misplaced = "misplaced_token"
    elif field.secret and APPLICATION_ID.fullmatch(value):
        misplaced = "misplaced_application_id"
    elif field.secret and PUBLIC_KEY.fullmatch(value) and not may_look_like_key:
        misplaced = MISPLACED_KEY
    elif not field.secret and WEB_TOKEN.fullmatch(value):
        misplaced = "misplaced_access_token"
    if misplaced is not None:
        raise InvalidInputError(misplaced, provider=provider, input=f"{provider}.{field.id}")
