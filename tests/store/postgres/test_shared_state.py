"""What is known of Discord's limits is known to all processes on a database."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from bot.store.database import Database
from bot.store.postgres.shared_state import SharedState, read_shared_state
from tests.support.postgres import execute

KEY = "identify_count"


def one_more(kept: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Count one."""
    return {**kept, name: kept.get(name, 0) + 1}


async def test_changes_of_all_processes_count(postgres_url: str) -> None:
    """None is lost, however many change the same at once."""
    async with Database.open(postgres_url) as one, Database.open(postgres_url) as other:
        states = [SharedState(one), SharedState(other)]
        await asyncio.gather(*(states[i % 2].change(KEY, partial(one_more, name="a")) for i in range(20)))
        assert [await state.get(KEY) for state in states] == [{"a": 20}] * 2
        await states[0].put(KEY, {})
        await states[0].put("other", {"b": "é"})
        assert await states[1].get(KEY) == {}
    assert await asyncio.to_thread(read_shared_state, postgres_url) == {KEY: {}, "other": {"b": "é"}}


async def test_a_change_that_cannot_be_stored_counts_all_the_same(postgres_url: str) -> None:
    """At once in this process, and with the next change in all, on top of what others have stored."""
    async with Database.open(postgres_url, patience=0.1) as one, Database.open(postgres_url) as other:
        mine, theirs = SharedState(one), SharedState(other)
        await mine.change(KEY, partial(one_more, name="a"))
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def hold(_connection: object) -> None:
            begun.set()
            await go_on.wait()

        holding = asyncio.create_task(other.transact(hold))
        await begun.wait()
        assert await mine.change(KEY, partial(one_more, name="a")) == {"a": 2}
        assert await mine.get(KEY) == {"a": 2}
        go_on.set()
        await holding
        await theirs.change(KEY, partial(one_more, name="b"))
        assert await mine.get(KEY) == {"a": 2, "b": 1}
        assert await mine.change(KEY, partial(one_more, name="b")) == {"a": 2, "b": 2}
        assert await theirs.get(KEY) == {"a": 2, "b": 2}


@pytest.mark.parametrize("value", ["", "[1]", "{", "[" * 100_000])
async def test_what_somebody_has_damaged_counts_as_nothing(postgres_url: str, value: str) -> None:
    """It is replaced by the next change."""
    await asyncio.to_thread(execute, postgres_url, "INSERT INTO shared_state VALUES (%s, %s)", KEY, value)
    async with Database.open(postgres_url) as database:
        state = SharedState(database)
        assert await state.get(KEY) == {}
        assert await state.change(KEY, partial(one_more, name="a")) == {"a": 1}


async def test_a_server_that_does_not_tell_keeps_nothing_from_the_doctor(empty_postgres_url: str) -> None:
    """Nothing is known of a database without tables."""
    assert await asyncio.to_thread(read_shared_state, empty_postgres_url) == {}
