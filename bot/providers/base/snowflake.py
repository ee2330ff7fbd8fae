"""Reads Discord's ids in text from outside, and says whose id it is."""

import base64
import binascii
import re
from typing import Final

_SNOWFLAKE: Final = re.compile(r"[1-9][0-9]{14,18}")
_MAX_SNOWFLAKE: Final = 2**63 - 1
"""Discord's ids are smaller, and the database takes no larger number."""
_FIRST_OF_2018: Final = (1_514_764_800_000 - 1_420_070_400_000) << 22
"""An id begins with the milliseconds from the start of 2015 to its creation."""


def read_snowflake(text: str | None) -> int | None:
    """Return one of Discord's ids as a number; None for text from outside that is no such id."""
    if text is None or not _SNOWFLAKE.fullmatch(text):
        return None
    number = int(text)
    return number if number <= _MAX_SNOWFLAKE else None


def account_id(token: str) -> int | None:
    """Return the id of the account that a token belongs to, None where it names none.

    The first part of a token is that id in base64.
    """
    part = token.partition(".")[0]
    try:
        digits = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return read_snowflake(digits)


def is_one_id(snowflake: int) -> bool:
    """Tell whether this is sure to be the id of an application and of its bot alike.

    A bot gets the id of its application today. Applications from before 2018 may have a bot with another id.
    """
    return snowflake >= _FIRST_OF_2018
