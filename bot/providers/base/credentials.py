"""The credentials that a provider asks an admin for, and their values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.errors import InvalidInputError

# Credentials are sent in HTTP headers. Printable ASCII without blanks cannot end a header and begin another
# one.
_HEADER_SAFE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One text input of the form for credentials.

    id: also the input's custom id. secret: the value is never shown again; only of the first field the last
    characters are. choices: the accepted values, compared without case; empty for any value. needs: another
    field that must be filled in if this one is.
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


def read_credentials(
    provider: str, fields: tuple[CredentialField, ...], values: Mapping[str, str]
) -> Credentials:
    """Check what an admin has typed. provider: the slug.

    Raises InvalidInputError (``missing``, ``too_short``, ``too_long``, ``not_a_choice``, ``not_plain``,
    ``needs``) with the provider's slug and the input, never with its value.
    """
    read: dict[str, str] = {}
    for field in fields:
        name = f"{provider}.{field.id}"
        value = values.get(field.id, "").strip()
        if not value:
            if field.required:
                raise InvalidInputError("missing", input=name)
            continue
        if field.choices:
            value = value.lower()
            if value not in field.choices:
                raise InvalidInputError("not_a_choice", input=name, choices=", ".join(field.choices))
        if len(value) < field.min_length:
            raise InvalidInputError("too_short", input=name, min=field.min_length)
        if len(value) > field.max_length:
            raise InvalidInputError("too_long", input=name, max=field.max_length)
        if not field.pattern.fullmatch(value):
            raise InvalidInputError("not_plain", input=name)
        if field.needs is not None and field.needs not in read:
            raise InvalidInputError("needs", input=name, other=f"{provider}.{field.needs}")
        read[field.id] = value
    return Credentials(read)
