"""Proves what is read of a connection, and of which agents Discord is asked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from bot.features.alerts.incident_store import Incident, Kind
from bot.features.connections.service import ConnectionService
from bot.features.integrations.service import IntegrationService
from bot.features.integrations.store import IntegrationStore
from bot.features.monitoring.access import Access, AccessKind, AccessSubject
from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.features.monitoring.result_builder import ResultBuilder
from bot.features.monitoring.store import MonitoringStore, UnitOfWork, WatchedRow
from bot.providers.base.integration import State
from bot.providers.base.report import GONE, Report, Reports
from bot.store.database import Database
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD
from tests.support.recorded_access import RecordedAccess
from tests.support.rounds import SIMULATORS

KEY = (GUILD, "toolzz", "default")
ROW = WatchedRow(GUILD, Kind.INTEGRATION, "toolzz", "a", "default", "A", State.CONNECTED, "", 1)


class Known:
    """A builder over real stores, and what a test puts into them."""

    def __init__(self, connections: ConnectionService, database: Database, clock: Clock) -> None:
        self.connections, self.clock, self.access = connections, clock, RecordedAccess()
        self.integrations = IntegrationService(IntegrationStore(database), clock)
        self.store = MonitoringStore(database)
        self.builder = ResultBuilder(self.store, self.access, clock)

    async def connect(self, name: str, guild: int = GUILD) -> None:
        """Connect Toolzz."""
        await self.connections.add(
            guild, "toolzz", name, SIMULATORS["toolzz"].further_credentials(name), member_id=MEMBER
        )

    async def link(
        self, integration: str, bot: int | None = None, name: str = "default", guild: int = GUILD
    ) -> None:
        """Link an integration."""
        opened = await self.connections.open(guild, "toolzz", name)
        await self.integrations.record(opened, integration, "A", bot_id=bot, member_id=MEMBER)

    async def ignore(self, integration: str) -> None:
        """Ignore an integration."""
        await self.integrations.ignore(GUILD, "toolzz", "default", integration, "A", member_id=MEMBER)

    async def put(self, *rows: WatchedRow) -> None:
        """Store rows."""

        async def work(unit: UnitOfWork) -> None:
            for row in rows:
                await unit.put(row)

        await self.store.transact(work)

    async def build(self, *reports: Report, must_read: bool = False) -> CheckResult:
        """Return the result of a check with these reports."""
        return await self.builder.build(KEY, Reports(reports), must_read=must_read)

    async def asked(self, *reports: Report, must_read: bool = False) -> list[AccessSubject]:
        """Return of whom Discord is asked in such a check."""
        self.access.asked.clear()
        await self.build(*reports, must_read=must_read)
        return self.access.asked

    async def asked_ids(self, *reports: Report) -> Collection[str]:
        """Return their ids."""
        return [each.id for each in await self.asked(*reports)]


@pytest.fixture
async def known(service: ConnectionService, database: Database, clock: Clock) -> Known:
    """A builder, and a guild with two connections, of which nothing is stored yet."""
    known = Known(service, database, clock)
    await known.connect("default")
    await known.connect("second")
    return known


def running(
    integration: str = "a",
    bot: int | None = 7,
    state: State = State.CONNECTED,
    guild: int | None = GUILD,
    detail: str = "",
) -> Report:
    """Return a report."""
    return Report(integration, "A", state, detail, None if guild is None else str(guild), bot)


async def test_what_is_linked_or_watched_through_the_connection_is_wanted(known: Known) -> None:
    """Neither what another connection reads nor a candidate nor the connection itself is wanted."""
    await known.connect("default", OTHER_GUILD)
    await known.link("linked")
    await known.link("of-second", name="second")
    await known.link("theirs", guild=OTHER_GUILD)
    await known.put(
        replace(ROW, id="watched"),
        replace(ROW, id="of-second-too", connection="second"),
        replace(ROW, id="candidate", kind=Kind.CANDIDATE),
        replace(ROW, id="default", kind=Kind.CONNECTION),
        replace(ROW, id="theirs-too", guild_id=OTHER_GUILD),
    )
    assert set((await known.builder.basis(KEY)).wanted.ids) == {"linked", "watched"}


async def test_what_is_ignored_is_not_wanted(known: Known) -> None:
    """A row of it may still be there."""
    await known.put(ROW, replace(ROW, id="b"))
    await known.ignore("a")
    assert set((await known.builder.basis(KEY)).wanted.ids) == {"b"}


async def test_a_bot_is_known_from_a_link_or_a_row(known: Known) -> None:
    """Only of the others the bot is worth a read."""
    await known.link("a", bot=7)
    await known.link("b")
    await known.put(replace(ROW, id="c", bot_id=8), replace(ROW, id="d"), replace(ROW, id="b", bot_id=9))
    wanted = (await known.builder.basis(KEY)).wanted
    assert set(wanted.ids) == {"a", "b", "c", "d"}
    assert set(wanted.without_bot) == {"d"}
    assert wanted.guild_id == KEY[0]
    assert (await known.build()).bots == {"a": 7, "b": 9, "c": 8}


async def test_a_result_has_what_the_guild_knows(known: Known) -> None:
    """It has the links of this connection, what is ignored, and what Discord says of each bot."""
    await known.link("a")
    await known.link("b", name="second")
    await known.ignore("c")
    known.access.bots[7] = Access(AccessKind.ABSENT)
    result = await known.build(running())
    assert (result.guild_id, result.provider, result.connection, result.at) == (*KEY, int(known.clock.now))
    assert (result.outcome, result.is_check, result.error) == (CheckOutcome.ANSWERED, True, "")
    assert (set(result.own), set(result.ignored)) == ({"a"}, {"c"})
    assert result.access == {"a": Access(AccessKind.ABSENT)}


async def test_discord_is_asked_of_those_that_may_answer_here(known: Known) -> None:
    """A bot that nobody knows, one that is ignored, and one that runs elsewhere are not asked about."""
    await known.ignore("ignored")
    reports = (
        running("here"),
        running("untold", guild=None),
        running("elsewhere", guild=OTHER_GUILD),
        running("ignored"),
        running("botless", bot=None),
        running("gone", state=State.INACTIVE, detail=GONE),
        running("off", state=State.INACTIVE),
    )
    assert await known.asked_ids(*reports) == ["here", "untold", "off"]


@pytest.mark.parametrize("state", State)
async def test_of_what_is_watched_it_matters_only_while_it_runs(known: Known, state: State) -> None:
    """What the provider does not run cannot be blocked."""
    await known.put(ROW)
    assert (await known.asked_ids(running(state=state)) == ["a"]) is (state is State.CONNECTED)


async def test_a_known_bot_is_asked_about_although_the_report_lacks_it(known: Known) -> None:
    """The link's bot or the row's bot is asked about; the report's own comes first."""
    await known.link("a", bot=8)
    for each in "bc":
        await known.put(replace(ROW, id=each, bot_id=9))
    found = await known.asked(running(bot=None), running("b", bot=None), running("c", bot=10))
    assert [each.bot_id for each in found] == [8, 9, 10]


async def test_channels_and_threads_are_passed_on(known: Known) -> None:
    """They are what the provider lists."""
    report = replace(running(), channels=("1", "x"), opens_threads=True)
    assert await known.asked(report) == [AccessSubject("a", 7, ("1", "x"), opens_threads=True)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (State.CONNECTED, False),
        (State.BLOCKED, False),
        (State.DISCONNECTED, True),
        (State.ERROR, True),
        (State.INACTIVE, True),
        (State.UNKNOWN, True),
        ("", True),
    ],
)
async def test_a_change_of_the_providers_state_asks_discord_anew(
    known: Known, found: str, *, expected: bool
) -> None:
    """What ran at the last check is asked about now and then only."""
    await known.put(replace(ROW, found=found))
    (subject,) = await known.asked(running())
    assert subject.must_read is expected


async def test_a_member_who_asks_has_discord_asked(known: Known) -> None:
    """This concerns every agent."""
    await known.put(replace(ROW, found="connected"))
    found = await known.asked(running(), running("b"), must_read=True)
    assert [each.must_read for each in found] == [True, True]


async def test_an_open_incident_need_not_be_confirmed(known: Known) -> None:
    """Only one about a blocked agent, and only while it is open."""
    await known.put(*(replace(ROW, id=each, found="connected") for each in "abcd"))
    blocked = Incident(GUILD, 0, Kind.INTEGRATION, "toolzz", "a", "default", "A", "blocked", "absent", 1)

    async def work(unit: UnitOfWork) -> None:
        for incident in (
            blocked,
            replace(blocked, id="b", closed_at=2),
            replace(blocked, id="c", state=State.ERROR),
            replace(blocked, id="d", guild_id=OTHER_GUILD),
        ):
            await unit.open(incident)

    await known.store.transact(work)
    found = await known.asked(*(running(each) for each in "abcd"))
    assert [each.id for each in found if each.skip_confirmation] == ["a"]


async def test_what_nobody_watches_need_not_be_confirmed(known: Known) -> None:
    """It is never called blocked; what is linked, watched or placed here may be."""
    await known.link("linked")
    await known.put(replace(ROW, id="watched", found="connected"))
    found = await known.asked(
        running("linked"),
        replace(running("watched"), guild_id=None),
        replace(running("placed"), guild_id=str(GUILD)),
        replace(running("other"), guild_id=None),
    )
    assert [each.id for each in found if each.skip_confirmation] == ["other"]
