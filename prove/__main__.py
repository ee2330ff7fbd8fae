"""`python -m prove [--quick] [--record] [proof ...]`: carry out all proofs, or some of them."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from typing import Final

import structlog

from prove import (
    bombs,
    canaries,
    copies,
    full_disk,
    gateway,
    handovers,
    kills,
    operations,
    power_cuts,
    rotation,
    several_processes,
    stopping,
    two_processes,
)
from prove.document import record
from prove.runner import Proof, Scale, run

PROOFS: Final[dict[str, Proof]] = {
    "kills": kills.prove,
    "power_cuts": power_cuts.prove,
    "operations": operations.prove,
    "rotation": rotation.prove,
    "copies": copies.prove,
    "stopping": stopping.prove,
    "two_processes": two_processes.prove,
    "several_processes": several_processes.prove,
    "full_disk": full_disk.prove,
    "gateway": gateway.prove,
    "handovers": handovers.prove,
    "bombs": bombs.prove,
    "canaries": canaries.prove,
}


def main() -> int:
    """Return 1 if a promise falls short, else 0."""
    parser = argparse.ArgumentParser(prog="python -m prove", description=__doc__)
    parser.add_argument("proof", nargs="*", choices=[*PROOFS, []], help="all by default")
    parser.add_argument("--quick", action="store_true", help="a few times each: to try the proofs themselves")
    parser.add_argument("--record", action="store_true", help="write the lines into docs/security.md")
    chosen = parser.parse_args()
    if chosen.quick and chosen.record:
        parser.error("--record is for proofs at their full size")
    # What the bot's parts log in this process is no line of a proof.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    figures = asyncio.run(
        run({name: PROOFS[name] for name in chosen.proof or PROOFS}, Scale(quick=chosen.quick))
    )
    if chosen.record:
        # A proof that could not be carried out has shown nothing; its line names it, and no promise.
        record([figure for figure in figures if figure.promise not in PROOFS])
    return int(not all(figure.holds for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
