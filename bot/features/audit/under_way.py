"""Knows which changes this process works on, and whether some others may have been left without a result."""

import contextlib
from collections.abc import Iterator
from typing import Final

SEARCH_SECONDS: Final = 3600
"""To search all logs for changes without a result takes a while where they are long."""


class ChangesUnderWay:
    """Times are seconds since 1970."""

    def __init__(self) -> None:
        self.at_work: set[tuple[int, int]] = set()
        """The guild and number of each entry whose result this process will write."""
        self._beginning: list[int] = []
        """The guild of each change whose number is not known yet."""
        self._searched_at: float | None = None

    @contextlib.contextmanager
    def beginning(self, guild_id: int) -> Iterator[None]:
        """Work on a change whose entry is written meanwhile."""
        self._beginning.append(guild_id)
        try:
            yield
        except BaseException:
            self.search_again()  # it may have been written all the same
            raise
        finally:
            self._beginning.remove(guild_id)

    def ended(self, guild_id: int, number: int, *, is_written: bool) -> None:
        """Work on a change no more. is_written: whether its result surely was."""
        self.at_work.discard((guild_id, number))
        if not is_written:
            self.search_again()

    def is_beginning(self, guild_id: int) -> bool:
        """Tell whether a change is begun in a guild whose number is not known yet."""
        return guild_id in self._beginning

    def search_again(self) -> None:
        """Note that something may be left without a result."""
        self._searched_at = None

    def is_search_due(self, now: float) -> bool:
        """Tell whether to search all logs: for the first or once more, or because an hour is over."""
        is_due = self._searched_at is None or not 0 <= now - self._searched_at < SEARCH_SECONDS
        if is_due:
            self._searched_at = now
        return is_due
