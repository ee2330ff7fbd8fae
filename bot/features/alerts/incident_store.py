"""Rows of the ``incident`` table."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.features.alerts.store import QUERIES
from bot.store.connection import WritingConnection
from bot.store.database import Database

OVERDUE: Final = "overdue"
"""The detail of an agent that the provider has accepted and has not listed for too long."""
RECOVERED: Final = "recovered"
UNWATCHED: Final = "unwatched"
"""Why an incident was closed: the latest checks passed, or it is no longer watched."""


class Kind(StrEnum):
    """What is watched, and what an incident is about. No incident is about a candidate.

    For a connection, state ``ERROR`` means that its credentials are refused; for a provider, ``DISCONNECTED``
    means that it does not answer.
    """

    INTEGRATION = "integration"
    CONNECTION = "connection"
    PROVIDER = "provider"
    CANDIDATE = "candidate"
    """An integration that may run in the guild; a manager may link or ignore it."""


@dataclass(frozen=True, slots=True)
class Incident:
    """The time from the first bad check to the last one. number: counted from 1 in each guild.

    kind to detail: as in WatchedRow, as of the last bad check. closed_at: None while it is open. ended: why
    it was closed: ``recovered`` or ``unwatched``, empty while it is open. reopened: how often it came back
    soon after it was closed. acknowledged_by: a member's id; only ``acknowledge`` writes it.
    """

    guild_id: int
    number: int
    kind: str
    provider: str
    id: str
    connection: str
    label: str
    state: str
    detail: str
    opened_at: int
    closed_at: int | None = None
    ended: str = ""
    reopened: int = 0
    acknowledged_by: int | None = None
    acknowledged_at: int | None = None


@dataclass(frozen=True, slots=True)
class OpenIncidents:
    """How many incidents of one kind with one provider are open in all guilds."""

    provider: str
    kind: str
    count: int


class IncidentStore:
    """Reads and acknowledges incidents; the recorder opens and closes them in its own transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, guild_id: int, since: int) -> list[Incident]:
        """Return the guild's incidents that were open at some time since then, newest first."""
        return await self._database.fetch(Incident, QUERIES.list_incidents, guild_id=guild_id, since=since)

    async def count_open(self) -> list[OpenIncidents]:
        """Count the open incidents of all guilds."""
        return await self._database.fetch(OpenIncidents, QUERIES.count_open)

    async def get(self, guild_id: int, number: int) -> Incident | None:
        """Return one of the guild's incidents."""
        return await self._database.fetch_one(
            Incident, QUERIES.get_incident, guild_id=guild_id, number=number
        )

    async def acknowledge(self, guild_id: int, number: int, member_id: int, now: int) -> bool:
        """Note who looks after an incident; return False if it is closed, or somebody does already."""

        async def work(connection: WritingConnection) -> bool:
            noted: int = await QUERIES.acknowledge_incident(
                connection, guild_id=guild_id, number=number, acknowledged_by=member_id, acknowledged_at=now
            )
            if noted:
                await QUERIES.arm_incident(connection, guild_id=guild_id, incident=number, now=now)
            return noted == 1

        return await self._database.transact(work)
