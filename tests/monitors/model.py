"""What incidents ought to come of a sequence of checks, told without counting along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.monitors.incidents import Sign

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Checked:
    """One check. at: seconds. missed: whether nobody had checked for long before it."""

    at: int
    sign: Sign
    missed: bool = False


@dataclass
class Told:
    """An incident as it ought to be by now."""

    opened_at: int
    closed_at: int | None = None
    reopened: int = 0


def incidents(checks: Sequence[Checked], needed: int) -> list[Told]:
    """Return the incidents after these checks. needed: bad ones in a row that open one."""
    told: list[Told] = []
    for index, check in enumerate(checks):
        row = _in_a_row(checks[: index + 1])
        if told and told[-1].closed_at is None:
            if check.sign is Sign.GOOD and len(row) >= min(2 * 2 ** told[-1].reopened, 20):
                told[-1].closed_at = check.at
        elif check.sign is Sign.BAD and len(row) >= needed:
            closed_at = told[-1].closed_at if told else None
            if closed_at is not None and row[0].at - closed_at < 15 * 60:
                told[-1] = Told(told[-1].opened_at, None, told[-1].reopened + 1)
            else:
                told.append(Told(row[0].at))
    return told


def _in_a_row(checks: Sequence[Checked]) -> list[Checked]:
    """Return the last checks that say the same as the very last one; those that say nothing do not matter."""
    row: list[Checked] = []
    for check in reversed(checks):
        if check.sign is checks[-1].sign:
            row.insert(0, check)
        elif check.sign is not Sign.NEITHER:
            break
        if check.missed and check.sign is checks[-1].sign is Sign.BAD:
            break
    return row
