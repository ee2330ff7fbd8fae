"""Proves when a connection counts as refused, and that this is stored once."""

import asyncio
from dataclasses import replace

import pytest

from bot.features.connections.service import ConnectionService
from bot.features.connections.store import ConnectionStore
from bot.providers.base.current_guild import working_for
from bot.providers.base.simulator import Answer, Reset
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.clock import Clock, Held
from tests.support.connections import SENSAY, add, report_refusal
from tests.support.ids import GUILD, MEMBER, OTHER_GUILD


@pytest.mark.parametrize("status", [401, 403])
async def test_a_connection_is_refused_once(
    service: ConnectionService, sensay: SensaySimulator, clock: Clock, status: int
) -> None:
    """The first caller who finds out stores the time; later callers send no request."""
    set_at = (await add(service)).set_at
    clock.now += 60
    assert await report_refusal(service, sensay, status)
    asked = len(sensay.requests)
    clock.now += 60
    assert not await report_refusal(service, sensay, status)
    assert len(sensay.requests) == asked
    (summary,) = await service.summaries(GUILD)
    assert (summary.refused_at, summary.needs_attention) == (set_at + 60, True)
    assert (await service.open(GUILD, "sensay")).refused_at == set_at + 60


async def test_accepted_credentials_are_not_refused(service: ConnectionService, clock: Clock) -> None:
    """If the provider refused only one request, the credentials count as verified now."""
    set_at = (await add(service)).set_at
    clock.now += 60
    assert not await service.confirm_refusal(await service.open(GUILD, "sensay"))
    (summary,) = await service.summaries(GUILD)
    assert (summary.verified_at, summary.needs_attention) == (set_at + 60, False)


@pytest.mark.parametrize("fault", [Answer(500), Answer(429), Answer.html(200), Reset()])
async def test_without_a_clear_answer_nothing_is_stored(
    service: ConnectionService, sensay: SensaySimulator, clock: Clock, fault: Answer | Reset
) -> None:
    """A provider that is down has neither refused nor accepted the credentials."""
    before = await add(service)
    clock.now += 60
    sensay.fail(fault, times=None)
    assert not await service.confirm_refusal(await service.open(GUILD, "sensay"))
    assert await service.summaries(GUILD) == [before]


async def test_many_callers_send_one_request(service: ConnectionService, sensay: SensaySimulator) -> None:
    """Of fifty callers at the same time, one gets True."""
    await add(service)
    connection = await service.open(GUILD, "sensay")
    sensay.requests.clear()
    sensay.fail(Answer(401, {"error": "no"}), times=None)
    results = await asyncio.gather(*(service.confirm_refusal(connection) for _ in range(50)))
    assert (results.count(True), len(sensay.requests)) == (1, 1)


@pytest.mark.parametrize("change", ["rotated", "removed", "added again"])
async def test_other_credentials_are_not_marked(
    service: ConnectionService, sensay: SensaySimulator, change: str
) -> None:
    """Credentials that replaced the refused ones meanwhile, even in the same second, are not refused."""
    await add(service)
    connection = await service.open(GUILD, "sensay")
    sensay.fail(held := Held(answer=Answer(401, {"error": "no"})))
    asking = asyncio.create_task(service.confirm_refusal(connection))
    await held.arrived.wait()
    with working_for(GUILD):  # else its reads would join the one that is under way
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


async def test_credentials_that_are_not_in_use_are_not_verified(
    service: ConnectionService, store: ConnectionStore, sensay: SensaySimulator
) -> None:
    """This concerns credentials that were rotated, cannot be decrypted or were removed."""
    await add(service)
    old = await service.open(GUILD, "sensay")
    values = {**SENSAY, "user_id": SensaySimulator.OWNER}
    await service.rotate(GUILD, "sensay", "default", values, member_id=MEMBER)
    sensay.requests.clear()
    sensay.fail(Answer(401, {"error": "no"}), times=None)
    assert not await service.confirm_refusal(old)
    current = await service.open(GUILD, "sensay")
    await store.replace_secret(replace(await service.find(GUILD, "sensay", None), secret=b"-"))
    assert not await service.confirm_refusal(current)
    await service.remove(GUILD, "sensay", "default")
    assert not await service.confirm_refusal(current)
    assert not sensay.requests


@pytest.mark.parametrize("repair", ["rotate", "test"])
async def test_accepted_credentials_need_no_attention(
    service: ConnectionService, sensay: SensaySimulator, repair: str
) -> None:
    """New credentials or a successful test end the refusal; the next refusal is stored again."""
    await add(service)
    assert await report_refusal(service, sensay)
    if repair == "rotate":
        summary = await service.rotate(GUILD, "sensay", "default", SENSAY, member_id=MEMBER)
    else:
        summary = await service.test(GUILD, "sensay", None)
    assert not summary.needs_attention
    assert await service.summaries(GUILD) == [summary]
    assert await report_refusal(service, sensay)


async def test_another_guilds_connection_is_not_marked(
    service: ConnectionService, sensay: SensaySimulator
) -> None:
    """A connection with the same name and provider in another guild stays as it was."""
    await add(service)
    other = await add(service, guild_id=OTHER_GUILD)
    assert await report_refusal(service, sensay)
    assert await service.summaries(OTHER_GUILD) == [other]
