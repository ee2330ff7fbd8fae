"""Writes a query's parameters as PostgreSQL's driver wants them."""

import functools
import re
from typing import Final

_PARTS: Final = re.compile(
    r"""
    (?P<text>'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | ::)
    | :(?P<name>[A-Za-z_]\w*)
    | (?P<percent>%)
    """,
    re.VERBOSE | re.DOTALL,
)
"""What is to be found: text that holds no parameters, a parameter, and what the driver would take for one."""


@functools.lru_cache(maxsize=1024)
def with_driver_parameters(sql: str) -> str:
    """Return a query with ``%(name)s`` for each ``:name``. Each query is rewritten once."""
    return _PARTS.sub(_rewritten, sql)


def _rewritten(found: re.Match[str]) -> str:
    if (name := found["name"]) is not None:
        return f"%({name})s"
    return found[0].replace("%", "%%")
