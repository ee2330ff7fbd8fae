"""Spares the garbage collector what stays in memory until the end."""

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

_YOUNGEST: Final = 7000
"""Objects that are made, and not dropped, before the youngest are looked through: ten times the default."""


@contextlib.contextmanager
def without_collections() -> Iterator[None]:
    """Collect no garbage in the block: while modules are imported nearly all stays, and each collection looks
    at all of it again, for a tenth of the start.

    After the block, collections leave out what was there at its end, until ``freeze_heap``.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # else the next new object has all of it looked at
        gc.enable()


async def freeze_heap() -> None:
    """Leave all objects of now out of the collections to come: modules, texts, commands, Discord's servers.

    A full collection of them stopped the event loop for 60 to 80 ms, for all servers, several times a minute
    while one of them exported a long log. What comes later is collected a tenth as often as by default: the
    reports of 10,000 agents, which stay, were looked through for 105 ms twice in five seconds.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNGEST)
