"""Words why Discord does not let the bot start or go on, for whoever hosts it."""

import contextlib
import traceback
from collections.abc import Callable, Iterator
from typing import Final

import aiohttp
import discord

from bot.discord.connection.refusals import sentence
from bot.network_faults import sentence_of
from bot.setup_errors import (
    DiscordFailedError,
    DiscordLoginError,
    DiscordRefusedError,
    DiscordUnreachableError,
    DiscordUnreadableError,
    IntentsRefusedError,
    OutdatedReleaseError,
    SetupError,
    ShardingNeededError,
    ShardsRefusedError,
)

# https://docs.discord.com/developers/topics/opcodes-and-status-codes: after the others one may connect again.
_TOKEN_REFUSED: Final = 4004
_SHARDS_REFUSED: Final = 4010
_SHARDING_NEEDED: Final = 4011
_OUTDATED: Final = frozenset({4012, 4013})
"""The version of the API and the intents, both of which the release brings."""
_UNAUTHORIZED: Final = 401
_TEMPORARY: Final = frozenset({408, 429})
_SERVER_FAULT: Final = 500
# What discord.py raises where it reads something else than it expects.
_UNREADABLE: Final = (TypeError, LookupError, ValueError, AttributeError)


@contextlib.contextmanager
def worded(has_begun: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Raise what discord.py raises in the body as a SetupError.

    has_begun: whether the bot was in Discord already. What discord.py cannot read then is no web page that
    answers in Discord's place, but a defect, and is raised as it is.
    """
    try:
        yield
    except discord.LoginFailure:
        raise DiscordLoginError from None
    except discord.ConnectionClosed as closed:
        raise _closed(closed.code) from None
    except discord.PrivilegedIntentsRequired:
        raise IntentsRefusedError from None
    except (discord.HTTPException, discord.GatewayNotFound) as error:
        # discord.py hides in the second what it was answered when it asked for the gateway's address.
        raise _refused(error.__cause__ or error) from None
    except (OSError, aiohttp.ClientError) as error:
        raise DiscordUnreachableError(reason=sentence_of(error)) from None
    except _UNREADABLE as error:
        if has_begun() or not _is_about_an_answer(error):
            raise
        raise DiscordUnreadableError from None


def _closed(code: int) -> SetupError:
    """Return the error for a close code of the gateway after which discord.py does not connect again."""
    if code == _TOKEN_REFUSED:
        return DiscordLoginError()
    if code == _SHARDS_REFUSED:
        return ShardsRefusedError()
    if code == _SHARDING_NEEDED:
        return ShardingNeededError()
    if code in _OUTDATED:
        return OutdatedReleaseError(code=code)
    return DiscordRefusedError(reason=f"the gateway closed the connection with code {code}")


def _refused(error: BaseException) -> SetupError:
    """Return the error for a request that was answered with anything but success."""
    if not isinstance(error, discord.HTTPException):
        return DiscordUnreadableError()  # what should name the gateway does not
    if error.status == _UNAUTHORIZED:
        return DiscordLoginError()
    if error.status in _TEMPORARY or error.status >= _SERVER_FAULT:
        return DiscordFailedError(reason=sentence(error))
    return DiscordRefusedError(reason=sentence(error))


def _is_about_an_answer(error: BaseException) -> bool:
    """Tell whether discord.py failed in its own code, called by no code of ours but what starts it."""
    called = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    began = next((number for number, name in enumerate(called) if name.startswith("discord.")), len(called))
    return began < len(called) and not any(name.split(".")[0] in {"bot", "cogs"} for name in called[began:])
