"""The process that draws, started by ``bot.pictures.drawing``.

Reads the panels of a picture from standard input, and writes the PNG or what went wrong to standard output;
both are pickles. Ends when standard input does, and when nothing was asked for long, to give its memory back.
"""

import pickle  # nosec B403 - both ends of the pipe are this program
import select
import sys
import traceback
from typing import Final

from bot.pictures.canvas import draw_now

_IDLE_SECONDS: Final = 600
"""To start takes about 0.8 s, and what is loaded takes 110 MiB."""


def main() -> None:
    """Draw until there is nothing to do."""
    while select.select([sys.stdin.buffer], [], [], _IDLE_SECONDS)[0]:
        try:
            panels = pickle.load(sys.stdin.buffer)  # noqa: S301 # nosec B301 - from our own process
        except EOFError:
            return
        answer: bytes | Exception
        try:
            answer = draw_now(panels)
        except Exception as error:  # noqa: BLE001 - raised again by the process that asked
            error.add_note(f"in the process that draws:\n{traceback.format_exc()}")
            answer = error
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
