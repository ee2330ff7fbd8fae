"""Proves which integrations are kept for a manager's decision, and that nothing else comes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.features.alerts.incident_store import Kind
from bot.features.monitoring.access import UNKNOWN as UNTOLD
from bot.features.monitoring.access import Access, AccessKind
from bot.features.monitoring.check_result import CheckOutcome
from bot.features.monitoring.check_writer import MAX_CANDIDATES
from bot.providers.base.integration import State
from bot.providers.base.report import Report
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import ALL_BAD, LOST, START, WELL, RecordedChecks, report
from tests.support.guild_rows import counts
from tests.support.ids import GUILD, OTHER_GUILD


async def candidates(checks: RecordedChecks) -> dict[str, str]:
    """Return the connections of the candidates by their ids."""
    return {each.id: each.connection for each in (await checks.rows(Kind.CANDIDATE)).values()}


async def test_what_names_no_server_may_run_here(checks: RecordedChecks) -> None:
    """It is kept with name, state and bot; what names a server is watched or nothing."""
    elsewhere, here = report(integration="b", guild=OTHER_GUILD), report(integration="c")
    await checks.answer(report(LOST, guild=None, bot=7), elsewhere, here)
    (found,) = (await checks.rows(Kind.CANDIDATE)).values()
    assert (found.id, found.label, found.state, found.bot_id) == ("a", "Agent a", LOST, 7)
    assert set(await checks.rows()) == {"c"}


@pytest.mark.parametrize("kind", [None, AccessKind.UNKNOWN, AccessKind.ABSENT])
async def test_a_bot_that_is_no_member_makes_a_candidate(
    checks: RecordedChecks, kind: AccessKind | None
) -> None:
    """Only a member is watched; nobody knows why the others are in the list."""
    await checks.answer(report(guild=None), access={} if kind is None else {"a": Access(kind)})
    assert await candidates(checks) == {"a": "default"}
    await checks.answer(report(guild=None), access={"a": Access(AccessKind.USABLE, 1)})
    assert await candidates(checks) == {}
    assert set(await checks.rows()) == {"a"}


async def test_a_candidate_has_no_history_and_no_incident(checks: RecordedChecks, path: Path) -> None:
    """However it is doing, only its row changes; the time since when it is so is that of its first check."""
    await checks.route(*ALL_BAD, checks=1)
    for state in (LOST, WELL, LOST, State.ERROR):
        await checks.answer(report(state, guild=None))
    stored = counts(path, GUILD)
    assert (stored["history"], stored["incident"]) == (0, 0)
    (found,) = (await checks.rows(Kind.CANDIDATE)).values()
    assert (found.state, found.changed_at) == (State.ERROR, START + INTERVAL)


async def test_a_candidate_that_is_linked_is_watched(checks: RecordedChecks) -> None:
    """It is no candidate any more."""
    await checks.answer(report(guild=None))
    await checks.answer(report(guild=None), own=["a"])
    assert await candidates(checks) == {}
    assert await checks.states() == {"a": (WELL, "")}


async def test_a_candidate_that_is_ignored_is_gone(checks: RecordedChecks) -> None:
    """When it is no longer ignored, it comes back."""
    found = [report(guild=None), report(integration="b", guild=None)]
    await checks.answer(*found)
    await checks.answer(*found, ignored=["a"])
    assert await candidates(checks) == {"b": "default"}
    await checks.answer(*found)
    assert await candidates(checks) == {"a": "default", "b": "default"}


@pytest.mark.parametrize("later", [[], [report(guild=OTHER_GUILD)]], ids=["not listed", "elsewhere"])
async def test_a_candidate_that_cannot_be_here_is_gone(checks: RecordedChecks, later: list[Report]) -> None:
    """Nothing was promised about it. An outage takes none away."""
    await checks.answer(report(guild=None))
    await checks.fail(CheckOutcome.DOWN)
    assert await candidates(checks) == {"a": "default"}
    await checks.answer(*later)
    assert await candidates(checks) == {}


async def test_two_connections_offer_a_candidate_once(checks: RecordedChecks) -> None:
    """It stays with the first one; when that no longer lists it, the other one offers it."""
    await checks.connect("second")
    for _ in range(2):
        await checks.answer(report(guild=None))
        await checks.answer(report(guild=None), report(integration="b", guild=None), connection="second")
        assert await candidates(checks) == {"a": "default", "b": "second"}
    await checks.answer()
    await checks.answer(report(guild=None), connection="second")
    assert await candidates(checks) == {"a": "second"}


async def test_what_one_connection_watches_another_does_not_offer(checks: RecordedChecks) -> None:
    """This holds while the first one can be read, and while it cannot."""
    await checks.connect("second")
    await checks.answer(report())
    await checks.answer(report(guild=None), connection="second")
    await checks.fail(CheckOutcome.REFUSED)
    await checks.answer(report(guild=None), connection="second")
    assert await candidates(checks) == {}
    assert (await checks.rows())["a"].connection == "second"


async def test_a_candidate_that_is_linked_with_another_connection_is_watched(checks: RecordedChecks) -> None:
    """The row of the connection that offered it goes."""
    await checks.connect("second")
    await checks.answer(report(guild=None))
    await checks.answer(report(guild=None), own=["a"], connection="second")
    assert await candidates(checks) == {}
    assert (await checks.rows())["a"].connection == "second"


async def test_candidates_are_limited(checks: RecordedChecks) -> None:
    """The first ones of the list are kept, and watched ones do not count."""
    many = [report(integration=f"n{number}", guild=None) for number in range(MAX_CANDIDATES + 20)]
    await checks.answer(report(), *many)
    assert list(await candidates(checks)) == sorted(each.id for each in many[:MAX_CANDIDATES])
    assert set(await checks.rows()) == {"a"}


async def test_candidates_go_with_their_connection(checks: RecordedChecks) -> None:
    """They are orphans like everything else of it."""
    await checks.answer(report(guild=None), access={"a": UNTOLD})
    await checks.disconnect()
    await checks.recorder.remove_orphans(checks.now)
    assert await checks.store.watched(GUILD) == []


async def test_unchanged_candidates_write_nothing(checks: RecordedChecks) -> None:
    """Listeners are told of a new and of a changed one only."""
    told: list[int] = []
    checks.changes.subscribe(told.append)
    for state in (WELL, WELL, WELL, LOST, LOST):
        await checks.answer(report(integration="b"), report(state, guild=None))
    assert told == [GUILD, GUILD]
