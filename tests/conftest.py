"""What holds for every test: nothing of ours blocks the event loop, and a failed example can be run again."""

from collections.abc import Iterator

import pytest
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import settings

settings.register_profile("patchbay", deadline=None, print_blob=True)
settings.load_profile("patchbay")


@pytest.fixture(autouse=True)
def blockbuster() -> Iterator[BlockBuster]:
    """Raise BlockingError where `bot` or `cogs` waits for the disk, a socket or a lock in the event loop.

    What happens once, while the process starts and nobody waits yet, is no such wait: imports, settings, and
    the composition root. Nor is the traceback of an unexpected error, which is read from the source.
    """
    with blockbuster_ctx(["bot", "cogs"]) as detector:
        for function in detector.functions.values():
            function.can_block_in("<frozen importlib._bootstrap>", {"_find_and_load"})
            function.can_block_in("bot/settings.py", {"load_settings"})
            function.can_block_in("bot/app.py", {"build_bot"})
            function.can_block_in("bot/runtime/client.py", {"load_cogs"})
            function.can_block_in("bot/runtime/tree.py", {"_note"})
        yield detector
