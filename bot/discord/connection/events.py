"""Lets a gateway event that discord.py cannot parse cost that event alone.

discord.py calls one function of its connection state for each event, and ends the process, with all shards
and servers, when one raises. The mapping of these functions is where every event passes, with its name and
its payload, whatever carried it: it is the one place that is wrapped. READY alone still fails, because
without it there is no session: ``socket.py`` makes a failed start of it.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import structlog

from bot.providers.base.snowflake import read_snowflake

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_LOG_SECONDS: Final = 3600.0
"""One kind of event is logged once in so many seconds."""
_CACHED: Final = ("GUILD_", "CHANNEL_", "THREAD_", "STAGE_", "VOICE_")
"""The beginnings of the names of events that change what is cached of a server."""
_RESUMED_SHARD: Final = "__shard_id__"
"""Where discord.py notes which shard a RESUMED is for: Discord does not say."""
_NAMED_BY_ID: Final = frozenset({"GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"})

Parser = Callable[[Any], None]


class EventFilter:
    """Wraps the parsers of one bot.

    doubtful: called with the id of a server of which the cache may now be wrong. interaction: called with the
    payload of an interaction that could not be parsed. begun: called with a shard's id once its READY or
    RESUMED was parsed. changed: called with the name and payload of each event that was parsed and is about
    what is cached.
    """

    def __init__(
        self,
        *,
        doubtful: Callable[[int], None],
        interaction: Callable[[Mapping[str, Any]], None],
        begun: Callable[[int], None],
        changed: Callable[[str, Any], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._doubtful = doubtful
        self._interaction = interaction
        self._begun = begun
        self._changed = changed
        self._clock = clock
        self._logged: dict[str, float] = {}
        self._unlogged: dict[str, int] = {}

    def wrap(self, parsers: dict[str, Parser]) -> None:
        """Replace each parser in the mapping that all connections use."""
        for name, parse in parsers.items():
            parsers[name] = partial(self._parse, name, parse)

    def _parse(self, name: str, parse: Parser, data: Any) -> None:  # noqa: ANN401 - any event's payload
        if name == "GUILD_DELETE" and not _is_outage(data):
            # A removal erases credentials, and differs from an outage by one key. Discord is asked first.
            self._note_doubt(name, data)
            return
        if name == "READY":
            shard_id = _shard_of(data)
            parse(data)
            self._begun(shard_id)
            return
        try:
            parse(data)
            if name == "RESUMED":
                self._begun(data[_RESUMED_SHARD])
            elif name.startswith(_CACHED):
                self._changed(name, data)
        except Exception as error:  # noqa: BLE001 - discord.py may raise anything
            self._log_skipped(name, data, error)
            if name == "INTERACTION_CREATE" and isinstance(data, Mapping):
                self._interaction(data)
            elif name.startswith(_CACHED):
                self._note_doubt(name, data)

    def _note_doubt(self, name: str, data: object) -> None:
        guild_id = guild_of(name, data)
        if guild_id is not None:
            self._doubtful(guild_id)

    def _log_skipped(self, name: str, data: object, error: Exception) -> None:
        """Log the event, and where discord.py gave up; not the error's text, which quotes the payload."""
        now = self._clock()
        if now - self._logged.get(name, -_LOG_SECONDS) < _LOG_SECONDS:
            self._unlogged[name] = self._unlogged.get(name, 0) + 1
            return
        self._logged[name] = now
        _log.error(
            "event_skipped",
            event_name=name,
            guild=guild_of(name, data),
            error=type(error).__name__,
            at=_place(error),
            unlogged_before=self._unlogged.pop(name, 0),
        )


def guild_of(name: str, data: object) -> int | None:
    """Return the id of the server that an event is about, None where that cannot be read."""
    if not isinstance(data, Mapping):
        return None
    found = data.get("id" if name in _NAMED_BY_ID else "guild_id")
    return (
        read_snowflake(str(found)) if isinstance(found, (str, int)) and not isinstance(found, bool) else None
    )


def _is_outage(data: object) -> bool:
    return isinstance(data, Mapping) and data.get("unavailable") is True


def _shard_of(data: Any) -> int:  # noqa: ANN401 - READY's payload
    """Return the shard that READY is for. A payload of another shape raises whatever reading it raises."""
    shard_id = data["shard"][0]
    if type(shard_id) is not int:
        raise TypeError("a shard's id is a number")
    return shard_id


def _place(error: Exception) -> str:
    """Return the function of discord.py and its line."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    return "" if step is None else f"{step.tb_frame.f_code.co_name}:{step.tb_lineno}"
