"""Proves what the recorder makes of what Discord lets an agent's bot do."""

from __future__ import annotations

import pytest

from bot.features.alerts.incident_store import Kind
from bot.features.monitoring.access import UNKNOWN as UNTOLD
from bot.features.monitoring.access import Access, AccessKind
from bot.features.monitoring.check_result import CheckOutcome
from bot.providers.base.integration import State
from tests.support.alert_parts import INTERVAL
from tests.support.check_recorder import BLOCKED, LOST, OFF, UNKNOWN, WELL, RecordedChecks, report
from tests.support.ids import GUILD, OTHER_GUILD

ABSENT, SILENT = Access(AccessKind.ABSENT), Access(AccessKind.NO_CHANNEL, channels=2)
MEMBER, PART = Access(AccessKind.USABLE, 5, 5), Access(AccessKind.USABLE, 3, 5)
TIMED_OUT = Access(AccessKind.TIMED_OUT, until=1_800_000_000)


async def answer(checks: RecordedChecks, access: Access | None, state: State = WELL) -> None:
    """Record a check; access: what Discord says of the agent's bot, None if it was not asked."""
    await checks.answer(report(state), access={} if access is None else {"a": access})


@pytest.mark.parametrize("access", [ABSENT, SILENT, TIMED_OUT], ids=["absent", "silent", "timed out"])
async def test_who_can_answer_nowhere_is_blocked(checks: RecordedChecks, access: Access) -> None:
    """The route's number of checks opens an incident; two checks in which it can answer end it."""
    await checks.route(BLOCKED, checks=3)
    await answer(checks, MEMBER)
    for _ in range(3):
        assert await checks.incidents() == []
        await answer(checks, access)
        assert await checks.states() == {"a": (BLOCKED, access.detail)}
    (incident,) = await checks.incidents()
    assert (incident.state, incident.detail, incident.opened_at) == (
        BLOCKED,
        access.detail,
        checks.now - 2 * INTERVAL,
    )
    for _ in range(2):
        await answer(checks, MEMBER)
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "recovered")]
    assert [line[1:] for line in await checks.history()] == [
        (WELL, ""),
        (BLOCKED, access.detail),
        (WELL, ""),
    ]


async def test_a_route_need_not_name_it(checks: RecordedChecks) -> None:
    """It is shown and in the history all the same, and no incident opens."""
    await checks.route(LOST)
    for _ in range(3):
        await answer(checks, ABSENT)
    assert await checks.states() == {"a": (BLOCKED, "absent")}
    assert await checks.incidents() == []


@pytest.mark.parametrize("silence", [None, UNTOLD], ids=["not asked", "unknown"])
async def test_silence_keeps_the_last_word(checks: RecordedChecks, silence: Access | None) -> None:
    """Discord that does not answer neither blocks an agent nor frees one; a row without a word is free."""
    await answer(checks, silence)
    assert await checks.states() == {"a": (WELL, "")}
    for word, expected in ((ABSENT, (BLOCKED, "absent")), (MEMBER, (WELL, "")), (PART, (WELL, "usable 3 5"))):
        await answer(checks, word)
        for _ in range(3):
            await answer(checks, silence)
            assert await checks.states() == {"a": expected}


async def test_the_last_word_outlives_an_outage_and_a_restart(checks: RecordedChecks) -> None:
    """After the provider was down, the agent is blocked as before."""
    await answer(checks, ABSENT)
    await checks.fail(CheckOutcome.DOWN)
    assert await checks.states() == {"a": (UNKNOWN, "down")}
    checks.restart()
    await answer(checks, None)
    assert await checks.states() == {"a": (BLOCKED, "absent")}


@pytest.mark.parametrize("state", [LOST, OFF, UNKNOWN, State.ERROR])
async def test_only_what_the_provider_runs_is_blocked(checks: RecordedChecks, state: State) -> None:
    """The provider's bad state comes first, and the word of Discord counts once it runs again."""
    await answer(checks, ABSENT)
    await answer(checks, ABSENT, state)
    assert await checks.states() == {"a": (state, "")}
    await answer(checks, None)
    assert await checks.states() == {"a": (BLOCKED, "absent")}


async def test_leaving_the_server_blocks_and_does_not_unwatch(checks: RecordedChecks) -> None:
    """An agent whose provider names no server is watched once its bot was a member, for ever."""
    for access in (MEMBER, ABSENT, ABSENT, UNTOLD):
        await checks.answer(report(guild=None), access={"a": access})
        assert set(await checks.rows()) == {"a"}
    assert await checks.states() == {"a": (BLOCKED, "absent")}


async def test_another_server_blocks_and_does_not_unwatch(checks: RecordedChecks) -> None:
    """What the provider moved elsewhere is blocked here; when it comes back, it is connected."""
    await checks.answer(report())
    await checks.answer(report(guild=OTHER_GUILD))
    assert await checks.states() == {"a": (BLOCKED, "elsewhere")}
    await checks.answer(report())
    assert await checks.states() == {"a": (WELL, "")}
    await checks.answer(report(integration="b", guild=OTHER_GUILD), own=["b"])
    assert (await checks.states())["b"] == (BLOCKED, "elsewhere")


async def test_some_channels_are_a_note(checks: RecordedChecks) -> None:
    """The agent is connected, and only a route that asks for it opens an incident; a change is shown."""
    await checks.route(BLOCKED)
    for _ in range(2):
        await answer(checks, PART)
    assert await checks.states() == {"a": (WELL, "usable 3 5")}
    assert await checks.incidents() == []
    await checks.route(BLOCKED, partial=True)
    for access in (PART, PART, Access(AccessKind.USABLE, 1, 5), ABSENT):
        await answer(checks, access)
    (incident,) = await checks.incidents()
    assert (incident.state, incident.detail) == (BLOCKED, "absent")
    for _ in range(2):
        await answer(checks, MEMBER)
    assert await checks.endings() == [(Kind.INTEGRATION, "a", "recovered")]


async def test_what_is_judged_between_checks_is_shown_and_not_counted(checks: RecordedChecks) -> None:
    """The state, its time and the history change at once; incidents wait for the next checks."""
    await checks.route(BLOCKED, checks=1)
    await answer(checks, MEMBER)
    await checks.answer(report(), access={"a": ABSENT}, is_check=False, after=7)
    assert await checks.states() == {"a": (BLOCKED, "absent")}
    assert (await checks.history())[-1] == (67, BLOCKED, "absent")
    assert await checks.incidents() == []
    (check,) = await checks.store.checks(GUILD)
    assert check.checked_at == checks.now - 7
    await answer(checks, None)
    assert len(await checks.incidents()) == 1


async def test_nothing_is_judged_of_a_connection_that_was_never_checked(checks: RecordedChecks) -> None:
    """There is no state to change, or the guild was erased meanwhile."""
    await checks.answer(report(), access={"a": ABSENT}, is_check=False)
    assert await checks.store.watched(GUILD) == []


async def test_a_bot_that_is_known_stays_known(checks: RecordedChecks) -> None:
    """It comes from a report or from the link, and a later one without it takes nothing away."""
    found = []
    for reported, linked in ((None, None), (None, 7), (None, None), (8, 7), (None, 7), (None, None)):
        await checks.answer(report(bot=reported), bots={} if linked is None else {"a": linked})
        found.append((await checks.rows())["a"].bot_id)
        await checks.answer()
        await checks.fail(CheckOutcome.DOWN)
    assert found == [None, 7, 7, 8, 7, 7]
