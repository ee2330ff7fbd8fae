"""Which processes run the bot on one database, which shards each of them holds, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class LiveProcess:
    """A process whose lease is not over.

    wanted: the only shards that it takes, None if it takes any. is_fresh: whether it has renewed its lease at
    the last two times, so that it does something with a shard. has_begun: whether it takes shards already.
    is_new: whether it has started within the last ``Terms.start`` seconds.
    """

    number: int
    wanted: frozenset[int] | None
    shards: frozenset[int]
    is_fresh: bool
    has_begun: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class ShardHolders:
    """Who holds which shards. has_expired: whether a process is still listed whose lease is over."""

    processes: Sequence[LiveProcess]
    free: frozenset[int]
    has_expired: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds. A lease lasts ``lease`` by the server's clock; the process ends ``margin`` before that.

    renewal: from one renewal to the next one. look: from one look at who holds which shards to the next one.
    start: from its start, for how long processes that start together wait for one that takes no shards yet.
    """

    lease: float = 30.0
    margin: float = 5.0
    renewal: float = 5.0
    look: float = 1.0
    start: float = 10.0

    @property
    def fresh(self) -> float:
        """How long a lease lasts at least that was renewed at the last two times."""
        return self.lease - 2 * (self.renewal + self.look)


TERMS: Final = Terms()
