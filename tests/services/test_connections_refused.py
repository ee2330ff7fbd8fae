"""Connections that the provider refuses: found out for certain, noted once, mended by what is accepted."""

import asyncio
from dataclasses import replace

import pytest

from bot.kit.simulator import Answer, Reset
from bot.providers.sensay.simulator import SensaySimulator
from bot.services.connections import ConnectionService
from bot.store.connections import ConnectionStore
from tests.services.pace import Clock, Held
from tests.services.test_connections import GUILD, MEMBER, OTHER_GUILD, SENSAY, add, doubt


@pytest.mark.parametrize("status", [401, 403])
async def test_a_connection_is_refused_once(
    service: ConnectionService, sensay: SensaySimulator, clock: Clock, status: int
) -> None:
    """The first to find out notes when; nobody after that asks the provider again."""
    set_at = (await add(service)).set_at
    clock.now += 60
    assert await doubt(service, sensay, status)
    asked = len(sensay.requests)
    clock.now += 60
    assert not await doubt(service, sensay, status)
    assert len(sensay.requests) == asked
    (summary,) = await service.summaries(GUILD)
    assert (summary.refused_at, summary.needs_attention) == (set_at + 60, True)
    assert (await service.open(GUILD, "sensay")).refused_at == set_at + 60


async def test_what_is_accepted_after_all_is_no_refusal(service: ConnectionService, clock: Clock) -> None:
    """Where the provider refused one thing alone, the credentials count as tried just now."""
    set_at = (await add(service)).set_at
    clock.now += 60
    assert not await service.refused(await service.open(GUILD, "sensay"))
    (summary,) = await service.summaries(GUILD)
    assert (summary.verified_at, summary.needs_attention) == (set_at + 60, False)


@pytest.mark.parametrize("fault", [Answer(500), Answer(429), Answer.html(200), Reset()])
async def test_without_a_clear_answer_nothing_is_noted(
    service: ConnectionService, sensay: SensaySimulator, clock: Clock, fault: Answer | Reset
) -> None:
    """A provider that is down has refused nobody, and has accepted nobody either."""
    before = await add(service)
    clock.now += 60
    sensay.fail(fault, times=None)
    assert not await service.refused(await service.open(GUILD, "sensay"))
    assert await service.summaries(GUILD) == [before]


async def test_of_many_at_once_one_asks(service: ConnectionService, sensay: SensaySimulator) -> None:
    """Fifty refusals at the same time cost one request, and one of them is told."""
    await add(service)
    connection = await service.open(GUILD, "sensay")
    sensay.requests.clear()
    sensay.fail(Answer(401), times=None)
    told = await asyncio.gather(*(service.refused(connection) for _ in range(50)))
    assert (told.count(True), len(sensay.requests)) == (1, 1)


@pytest.mark.parametrize("change", ["rotated", "removed", "added again"])
async def test_other_credentials_are_not_blamed(
    service: ConnectionService, sensay: SensaySimulator, change: str
) -> None:
    """What took the place of refused credentials meanwhile, in the same second even, is not marked."""
    await add(service)
    connection = await service.open(GUILD, "sensay")
    sensay.fail(held := Held(answer=Answer(401)))
    asking = asyncio.create_task(service.refused(connection))
    await held.arrived.wait()
    if change == "rotated":
        await service.rotate(GUILD, "sensay", "default", SENSAY, member_id=MEMBER)
    else:
        await service.remove(GUILD, "sensay", "default")
    if change == "added again":
        await add(service)
    held.let_go.set()
    assert not await asking
    assert [summary.needs_attention for summary in await service.summaries(GUILD)] == (
        [] if change == "removed" else [False]
    )


async def test_nobody_is_asked_about_what_is_not_in_use(
    service: ConnectionService, store: ConnectionStore, sensay: SensaySimulator
) -> None:
    """Credentials that were rotated, cannot be read any more or are gone are not tried again."""
    await add(service)
    old = await service.open(GUILD, "sensay")
    values = {**SENSAY, "user_id": SensaySimulator.OWNER}
    await service.rotate(GUILD, "sensay", "default", values, member_id=MEMBER)
    sensay.requests.clear()
    sensay.fail(Answer(401), times=None)
    assert not await service.refused(old)
    current = await service.open(GUILD, "sensay")
    await store.replace_secret(replace(await service.find(GUILD, "sensay", None), secret=b"-"))
    assert not await service.refused(current)
    await service.remove(GUILD, "sensay", "default")
    assert not await service.refused(current)
    assert not sensay.requests


@pytest.mark.parametrize("mend", ["rotate", "test"])
async def test_what_is_accepted_needs_no_attention_any_more(
    service: ConnectionService, sensay: SensaySimulator, mend: str
) -> None:
    """New credentials, or a good test of the old ones, take the mark away; the next refusal is told."""
    await add(service)
    assert await doubt(service, sensay)
    if mend == "rotate":
        summary = await service.rotate(GUILD, "sensay", "default", SENSAY, member_id=MEMBER)
    else:
        summary = await service.test(GUILD, "sensay", None)
    assert not summary.needs_attention
    assert await service.summaries(GUILD) == [summary]
    assert await doubt(service, sensay)


async def test_another_guilds_connection_is_not_marked(
    service: ConnectionService, sensay: SensaySimulator
) -> None:
    """The same name with the same provider in another server stays as it was."""
    await add(service)
    other = await add(service, guild_id=OTHER_GUILD)
    assert await doubt(service, sensay)
    assert await service.summaries(OTHER_GUILD) == [other]
