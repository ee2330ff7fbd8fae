"""The garbage collector leaves alone what stays, and comes more seldom than by default."""

import subprocess
import sys

_PROGRAM = """
import asyncio, gc
from bot.heap import freeze_heap

full = []
gc.callbacks.append(lambda phase, info: phase == "stop" and info["generation"] == 2 and full.append(info))

def answer(count):
    for _ in range(count):
        circle = []
        circle.append(circle)  # as a message and its buttons are

answer(500_000)
by_default = len(full)
asyncio.run(freeze_heap())
full.clear()
answer(500_000)
print(by_default, len(full), gc.get_freeze_count() > 0)
"""


def test_full_collections_are_rare() -> None:
    """The same work needs a tenth of them."""
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    by_default, later, is_frozen = done.stdout.split()
    assert int(later) * 5 < int(by_default)
    assert is_frozen == "True"
