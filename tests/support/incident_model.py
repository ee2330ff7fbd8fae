"""A model that returns the expected incidents of a sequence of checks. It looks back instead of counting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.features.monitoring.incidents import Health


@dataclass(frozen=True)
class Checked:
    """One check. at: seconds. after_gap: whether nobody checked for a long time before it."""

    at: int
    health: Health
    after_gap: bool = False


@dataclass
class ExpectedIncident:
    """An incident as it should be after these checks."""

    opened_at: int
    closed_at: int | None = None
    reopened: int = 0


def expected_incidents(checks: Sequence[Checked], needed: int) -> list[ExpectedIncident]:
    """Return the incidents after these checks. needed: so many bad checks in a row open an incident."""
    expected: list[ExpectedIncident] = []
    for index, check in enumerate(checks):
        run = _latest_run(checks[: index + 1])
        if expected and expected[-1].closed_at is None:
            if check.health is Health.GOOD and len(run) >= min(2 * 2 ** expected[-1].reopened, 20):
                expected[-1].closed_at = check.at
        elif check.health is Health.BAD and len(run) >= needed:
            closed_at = expected[-1].closed_at if expected else None
            if closed_at is not None and run[0].at - closed_at < 15 * 60:
                expected[-1] = ExpectedIncident(expected[-1].opened_at, None, expected[-1].reopened + 1)
            else:
                expected.append(ExpectedIncident(run[0].at))
    return expected


def _latest_run(checks: Sequence[Checked]) -> list[Checked]:
    """Return the latest checks with the same health as the last one, skipping those that are neither."""
    run: list[Checked] = []
    for check in reversed(checks):
        if check.health is checks[-1].health:
            run.insert(0, check)
        elif check.health is not Health.NEITHER:
            break
        if check.after_gap and check.health is checks[-1].health is Health.BAD:
            break
    return run
