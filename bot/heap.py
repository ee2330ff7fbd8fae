"""Spares the garbage collector what stays in memory until the end."""

import gc


async def freeze_heap() -> None:
    """Leave all objects of now out of the collections to come: modules, texts, commands, Discord's servers.

    A full collection of them stopped the event loop for 60 to 80 ms, for all servers, several times a minute
    while one of them exported a long log.
    """
    gc.collect()
    gc.freeze()
