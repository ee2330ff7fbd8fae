"""Reads where a guild's alerts and its board go, and what of them could not be sent, all in one step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.features.alerts.routes import Route
from bot.features.alerts.store import QUERIES, BoardRow, RouteRow, Waiting
from bot.store.rows import Fetch


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a guild's messages go.

    routes: by their numbers. waiting: the messages that could not be sent, by route and reason. unsent: how
    many alerts are not posted yet, by the number of a suspended route. board: None if there is none.
    """

    routes: Sequence[Route]
    waiting: Sequence[Waiting]
    unsent: Mapping[int, int]
    board: BoardRow | None


class _Unsent(NamedTuple):
    alerts: int


def read_sending(run: Fetch, guild_id: int) -> Sending:
    """Read it in one step with whatever else is read."""
    routes = read_routes(run, guild_id)
    return Sending(
        routes,
        run(Waiting, QUERIES.list_waiting, guild_id=guild_id),
        {each.number: _count_unsent(run, guild_id, each.number) for each in routes if each.suspended},
        next(iter(run(BoardRow, QUERIES.get_board, guild_id=guild_id)), None),
    )


def read_routes(run: Fetch, guild_id: int) -> list[Route]:
    """Read the guild's routes, by their numbers, in one step with whatever else is read."""
    return [Route.of(row) for row in run(RouteRow, QUERIES.list_routes, guild_id=guild_id)]


def _count_unsent(run: Fetch, guild_id: int, route: int) -> int:
    return run(_Unsent, QUERIES.count_unsent, guild_id=guild_id, route=route)[0].alerts
