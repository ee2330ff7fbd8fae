"""Proves how incidents are summed up."""

from bot.features.alerts.incident_store import Incident, Kind
from bot.features.alerts.incident_summary import IncidentSummary, summarise
from bot.providers.base.integration import State
from tests.support.ids import GUILD

NOW = 1_764_000_000


def incident(number: int, opened: int, closed: int | None, acknowledged: int | None = None) -> Incident:
    """Return an incident whose times are so many seconds ago."""
    return Incident(
        guild_id=GUILD,
        number=number,
        kind=Kind.INTEGRATION,
        provider="toolzz",
        id="a",
        connection="default",
        label="a",
        state=State.ERROR,
        detail="",
        opened_at=NOW - opened,
        closed_at=None if closed is None else NOW - closed,
        acknowledged_at=None if acknowledged is None else NOW - acknowledged,
    )


def test_incidents_are_summed_up() -> None:
    """The summary has their number, whether one is open, the longest, and the times to acknowledge them."""
    found = [incident(3, 700, None), incident(2, 1000, 800, 940), incident(1, 9000, 8800, 8990)]
    assert summarise(found, NOW) == IncidentSummary(3, is_open=True, longest=700, acknowledged_after=[60, 10])
    assert summarise([], NOW) == IncidentSummary(0, is_open=False, longest=0, acknowledged_after=[])
