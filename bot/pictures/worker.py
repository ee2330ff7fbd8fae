"""The process that draws, started by ``bot.pictures.drawing``.

Reads the panels of a picture from standard input, and writes the PNG or what went wrong to standard output;
both are pickles. Ends when standard input does, and when nothing was asked for long, to give its memory back.
"""

import importlib.util
import os
import pickle  # nosec B403 - both ends of the pipe are this program
import select
import sys
import traceback
from pathlib import Path
from typing import Final

from bot.pictures.canvas import draw_now

_IDLE_SECONDS: Final = 600
"""To start takes about 0.8 s, and what is loaded takes 110 MiB."""


def main() -> None:
    """Draw until there is nothing to do."""
    _prepare_matplotlib()
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


def _prepare_matplotlib() -> None:
    """Let matplotlib do without folders and threads that a sandbox may not have.

    It insists on a folder that it can write to, for the reader's settings and a list of the system's fonts.
    Pictures use neither, so that every machine draws the same. And numpy starts a thread for each core.
    """
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None  # noqa: S101 - Patchbay depends on it
    assert spec.origin is not None  # noqa: S101 - it is no namespace
    os.environ["MATPLOTLIBRC"] = str(Path(spec.origin).with_name("mpl-data") / "matplotlibrc")
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    import matplotlib as mpl  # noqa: PLC0415 - reads the variables at its import

    mpl.get_cachedir = lambda: os.devnull
