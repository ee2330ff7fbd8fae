"""`python -m benchmarks [--quick] [--record] [benchmark ...]`: measure figures, and print one table."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from benchmarks import commands, full_store, installed, load, memory, polling, reads
from benchmarks.document import Machine, record
from benchmarks.table import Row, show
from prove.runner import reason

BENCHMARKS: Final[Mapping[str, Callable[..., Awaitable[Sequence[Row]]]]] = {
    "commands": commands.measure,
    "reads": reads.measure,
    "polling": polling.measure,
    "full_store": full_store.measure,
    "memory": memory.measure,
    "load": load.measure,
    "growth": load.growth,
    "installed": installed.measure,
}
"""Each takes the number of rounds, and has one by default."""
ALONE: Final = "growth"
"""Takes so long that it runs only when it is named."""
QUICK: Final = ("commands", "installed")
"""One round of these takes half a minute at most."""


async def measured(name: str, *rounds: int) -> Sequence[Row]:
    """Carry out a benchmark; return its rows, or one without figures if that fails."""
    began = time.perf_counter()
    try:
        rows = await BENCHMARKS[name](*rounds)
    except Exception as error:  # noqa: BLE001 - the others are carried out all the same
        print(f"{name}: not carried out: {reason(error)}", file=sys.stderr, flush=True)
        return [Row(name, (), 0)]
    seconds = time.perf_counter() - began
    print(f"    {name}: {seconds:.0f} s", file=sys.stderr, flush=True)
    return rows


def main() -> int:
    """Return 1 if a goal is not reached, else 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("benchmark", nargs="*", choices=[*BENCHMARKS, []], help=f"all but {ALONE} by default")
    parser.add_argument("--quick", action="store_true", help="one round of what is short, in two minutes")
    parser.add_argument("--record", action="store_true", help="write the figures into docs/benchmarks.md")
    chosen = parser.parse_args()
    if chosen.quick and (chosen.record or chosen.benchmark):
        parser.error("--quick is for a look at what is short: it records nothing, and takes no names")
    names = chosen.benchmark or (QUICK if chosen.quick else [name for name in BENCHMARKS if name != ALONE])
    rounds = (1,) if chosen.quick else ()
    machine = Machine.now()
    rows: list[Row] = []
    for name in names:
        rows += asyncio.run(measured(name, *rounds))
    print(machine)
    if chosen.quick:
        left_out = ", ".join(name for name in BENCHMARKS if name not in QUICK)
        print(f"One round, so that a figure may be off by a tenth or more. Left out: {left_out}.")
    show(rows)
    if chosen.record:
        record(machine, [row for row in rows if row.ratios])
    return int(not all(row.is_met for row in rows))


if __name__ == "__main__":
    sys.exit(main())
