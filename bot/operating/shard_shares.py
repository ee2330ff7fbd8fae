"""Decides which shards a process takes and gives back, so that each process has its part of them."""

from bot.store.leases import LiveProcess, ShardHolders


def to_take(found: ShardHolders, number: int) -> frozenset[int]:
    """Return the free shards that a process takes: those it wants, or as many as its part has room for."""
    own = _process(found, number)
    if own is None:
        return frozenset()
    if own.wanted is not None:
        return found.free & own.wanted
    reserved = _reserved(found)
    room = _part(found, reserved) - len(own.shards - reserved)
    return frozenset(sorted(found.free - reserved)[: max(0, room)])


def to_give(found: ShardHolders, number: int) -> int | None:
    """Return a shard that a process gives back for one that wants it or has less than its part, else None."""
    own = _process(found, number)
    if own is None or own.wanted is not None:
        return None
    reserved = _reserved(found)
    if asked := own.shards & reserved:
        return max(asked)
    part = _part(found, reserved)
    # What is free goes to whoever has less, so nothing else needs to move.
    if found.free - reserved or len(own.shards) <= part:
        return None
    has_less = any(
        each.wanted is None and each.is_fresh and each.has_begun and len(each.shards - reserved) < part
        for each in found.processes
    )
    return max(own.shards) if has_less else None


def _process(found: ShardHolders, number: int) -> LiveProcess | None:
    return next((each for each in found.processes if each.number == number), None)


def _reserved(found: ShardHolders) -> frozenset[int]:
    """Return the shards that only certain processes are to hold."""
    return frozenset[int]().union(
        *(each.wanted for each in found.processes if each.is_fresh and each.wanted is not None)
    )


def _part(found: ShardHolders, reserved: frozenset[int]) -> int:
    """Return how many of the other shards each process holds at most, of those that take any.

    One that takes no shards yet counts only among processes that have all just started. Where others run,
    they serve what is free at once, as it may end before it begins, again and again.
    """
    shards = found.free.union(*(each.shards for each in found.processes)) - reserved
    able = [each for each in found.processes if each.is_fresh and each.wanted is None]
    begun = [each for each in able if each.has_begun]
    takers = able if all(each.is_new for each in begun) else begun
    return -(-len(shards) // max(1, len(takers)))
