"""Moves everything that is stored to a database of the other kind, while the bot runs for the most part."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bot.operating.hosting import require_database
from bot.operating.running import running_processes
from bot.settings import Settings, with_database
from bot.setup_errors import AlreadyRunningError, InvalidSettingError
from bot.store.moving.mark import DatabaseMove, mark, unmark
from bot.store.moving.merge import Merge
from bot.store.moving.side import Side
from bot.store.moving.target import is_finishing, moved_tables, open_side, prepare_target
from bot.store.sqlite.process_lock import process_lock

_PAUSE: Final = 1.0
"""Seconds between two looks whether the bot has stopped."""
_EVERY: Final = 2.0
"""Seconds between two lines about the progress."""
_SAME_KIND: Final = (
    "must name a database of the other kind: move a file to a PostgreSQL server, or the other way round"
)


def migrate_database(settings: Settings, url: str, show: Callable[[str], None]) -> str:
    """Move everything to an empty database, and mark the configured one, so that nothing uses it. Blocks.

    A first copy is made while the bot may run. Then this waits until the bot is stopped, copies what has
    changed, and compares every row. Interrupted, it can be run again and goes on. show: called with lines
    about the progress. Return what to tell at the end. Raises SetupError.
    """
    other = _target(settings, url)
    require_database(settings)
    with contextlib.ExitStack() as stack:
        source, target = open_side(settings.database), open_side(other.database)
        stack.callback(source.close)
        stack.callback(target.close)
        source.prepare()
        is_marked = is_finishing(source, target)
        prepare_target(source, target, int(time.time()))
        _refuse_running(other)
        merge = Merge(source, target, moved_tables(source, target), _Progress(show).report)
        if not is_marked:
            with source.at_one_moment():
                merge.run()
        with _stopped(settings, show), source.alone():
            rows = _finish(settings, source, target, merge)
        with target.alone():
            unmark(target)
    return (
        f"Moved {rows} rows from {source.place} to {target.place}, and compared each of them.\n"
        "Set PATCHBAY_DATABASE_URL to the new database, and start the bot. Nothing uses the old one any more."
    )


def _target(settings: Settings, url: str) -> Settings:
    try:
        target = with_database(settings, url.strip())
    except ValueError as error:
        raise InvalidSettingError(name="The target", reason=str(error)) from None
    if isinstance(target.database, str) == isinstance(settings.database, str):
        raise InvalidSettingError(name="The target", reason=_SAME_KIND)
    return target


def _finish(settings: Settings, source: Side, target: Side, merge: Merge) -> int:
    """Copy what has changed, while nobody writes; mark the source. Return how many rows there are."""
    _refuse_running(settings)
    is_marked = is_finishing(source, target)
    rows = merge.run()
    merge.compare()
    _refuse_running(settings)  # a server lets the bot start meanwhile
    if not is_marked:
        # From here on the source is out of use, and the target comes into use next: there are never two.
        mark(source, DatabaseMove("to", target.place), int(time.time()))
    return rows


@contextlib.contextmanager
def _stopped(settings: Settings, show: Callable[[str], None]) -> Iterator[None]:
    """Wait until no process runs the bot. On a file, none starts while the block runs."""
    said = ""
    with contextlib.ExitStack() as stack:
        while True:
            try:
                if isinstance(settings.database, Path):
                    stack.enter_context(process_lock(settings.database))
                else:
                    _refuse_running(settings)
                break
            except AlreadyRunningError as error:
                line = "Stop the bot now: process {pid} on {host}. The rest is copied then.".format(
                    **error.values
                )
                if line != said:
                    show(line)
                said = line
                time.sleep(_PAUSE)
        yield


def _refuse_running(settings: Settings) -> None:
    """Raise AlreadyRunningError if a process runs the bot on a server's database."""
    if isinstance(settings.database, str) and (running := running_processes(settings)):
        raise AlreadyRunningError(path=settings.database_name, **running[0])


class _Progress:
    """Words the progress, and leaves out what comes too soon after the line before."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._shown_at = 0.0

    def report(self, step: str, done: int, total: int) -> None:
        """Show how many rows a step has done, if that is due."""
        now = time.monotonic()
        if done >= total or now - self._shown_at >= _EVERY:
            self._shown_at = now
            self._show(f"{step}: {done} of {total} rows")
