"""Reads the address of a PostgreSQL server's database."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

SCHEMES: Final = ("postgresql://", "postgres://")
"""What an address begins with."""
_SECRETS: Final = {"password", "sslpassword"}
"""The parameters that hold one."""


def shown(url: str) -> str:
    """Return an address without the user, the password and whatever else may be secret, for the log."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # what cannot be read may hold the password anywhere
        return "postgresql://"
    if (
        "@" in f"{parts.path}?{parts.query}#{parts.fragment}"
    ):  # so may one whose signs are not spelt as in URLs
        return "postgresql://"
    place = f"{host}:{port}" if port else host
    return f"postgresql://{place}{parts.path}"


def passwords_in(url: str) -> Iterator[str]:
    """Yield what must be masked of an address: each password, in each spelling."""
    # By hand: an address that cannot be read as a URL may hold one all the same.
    login, _, rest = url.partition("://")[2].rpartition("@")
    for spelled in (login.partition(":")[2], *_parameters(rest)):
        yield spelled
        yield unquote(spelled)


def _parameters(rest: str) -> Iterator[str]:
    for name, value in parse_qsl(rest.partition("?")[2]):
        if name in _SECRETS:
            yield value
