"""What a provider asks an admin for, and the values that the admin gave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.errors import InvalidInputError

# Sent in HTTP headers: printable ASCII without blanks, so that no value can end a header and begin another.
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One text input of the credentials modal.

    id: also the input's custom id. secret: never shown again, not even in part unless it is the first field.
    choices: the only values taken, compared without case; empty means any.
    needs: another field, without which a value here would say nothing.
    """

    id: str
    required: bool = True
    secret: bool = True
    min_length: int = 1
    max_length: int = 512
    choices: tuple[str, ...] = ()
    needs: str | None = None
    pattern: re.Pattern[str] = _HEADER_SAFE


class Credentials(Mapping[str, str]):
    """Validated credentials by field id; optional fields that were left empty are absent.

    Neither ``repr`` nor ``str`` shows a value.
    """

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, field: str) -> str:
        return self._values[field]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Credentials {', '.join(self._values)}>"


def read_credentials(fields: tuple[CredentialField, ...], values: Mapping[str, str]) -> Credentials:
    """Check what an admin typed.

    Raises InvalidInputError (``missing``, ``too_short``, ``too_long``, ``not_a_choice``, ``not_plain``,
    ``needs``), naming the input, never its value.
    """
    read: dict[str, str] = {}
    for field in fields:
        value = values.get(field.id, "").strip()
        if not value:
            if field.required:
                raise InvalidInputError("missing", input=field.id)
            continue
        if field.choices:
            value = value.lower()
            if value not in field.choices:
                raise InvalidInputError("not_a_choice", input=field.id, choices=", ".join(field.choices))
        if len(value) < field.min_length:
            raise InvalidInputError("too_short", input=field.id, min=field.min_length)
        if len(value) > field.max_length:
            raise InvalidInputError("too_long", input=field.id, max=field.max_length)
        if not field.pattern.fullmatch(value):
            raise InvalidInputError("not_plain", input=field.id)
        if field.needs is not None and field.needs not in read:
            raise InvalidInputError("needs", input=field.id, other=field.needs)
        read[field.id] = value
    return Credentials(read)
