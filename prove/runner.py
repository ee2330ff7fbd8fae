"""Runs proofs one after the other, prints a line for each promise, and says whether all hold."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured for a promise, and whether that keeps it."""

    promise: str
    figure: str
    holds: bool

    def __str__(self) -> str:
        return f"{self.promise}: {self.outcome}"

    @property
    def outcome(self) -> str:
        """The figure, and whether it falls short."""
        return f"{self.figure}{'' if self.holds else ' - FALLS SHORT'}"


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of a proof is carried out."""

    quick: bool = False

    def of(self, full: int, quick: int) -> int:
        """Return how often something is done."""
        return quick if self.quick else full


Proof = Callable[[Scale], AsyncIterator[Figure]]


async def run(proofs: Mapping[str, Proof], scale: Scale) -> Sequence[Figure]:
    """Carry proofs out and print their lines; a proof that cannot be carried out falls short."""
    began = time.perf_counter()
    figures: list[Figure] = []
    for name, proof in proofs.items():
        before, count = time.perf_counter(), len(figures)
        try:
            async for figure in proof(scale):
                figures.append(figure)
                print(figure, flush=True)
        except Exception as error:  # noqa: BLE001 - the other proofs are carried out all the same
            figures.append(Figure(name, f"not carried out: {reason(error)}", holds=False))
            print(figures[-1], flush=True)
        lines = len(figures) - count
        print(
            f"    {name}: {lines} lines in {time.perf_counter() - before:.0f} s", file=sys.stderr, flush=True
        )
    short = sum(not figure.holds for figure in figures)
    seconds = time.perf_counter() - began
    print(
        f"{len(figures)} promises, {short} fall short; {seconds / 60:.1f} minutes"
        f" on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    return figures


def reason(error: BaseException) -> str:
    """Return why something could not be carried out, in a line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
