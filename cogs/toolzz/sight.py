"""An integration as one server sees it: Toolzz's report, what Discord says to it, and who linked it here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.providers.toolzz import ToolzzProvider
from bot.runtime.reach import Access, Reach, reach_of
from cogs.toolzz.integration import runs_here

if TYPE_CHECKING:
    from bot.providers.toolzz.models import Channel, Integration
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection
    from bot.services.integrations import Placed

_SNOWFLAKE: Final = re.compile(r"[0-9]{15,20}")


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known of an integration.

    guild_id: the server that asks. reach: None where there is nothing to look at, the integration having been
    deleted or being another server's. linked: this server's own record. has_unit: whether what the report
    leaves out was looked up in a unit's list.
    """

    report: Integration
    guild_id: int
    reach: Reach | None
    linked: Placed | None
    has_unit: bool

    @property
    def is_here(self) -> bool | None:
        """Whether the integration is of the server that asks, None where the report names none."""
        return runs_here(self.report, self.guild_id)

    @property
    def channels(self) -> list[tuple[Channel, Access | None]]:
        """The monitored channels, each with what Discord says to it."""
        if self.reach is None or not self.reach.looked:
            return [(channel, None) for channel in self.report.channels]
        return list(zip(self.report.channels, self.reach.channels, strict=True))


async def look(bot: PatchbayBot, connection: Connection, integration: str, report: Integration) -> Sight:
    """Find out the rest of what there is to know. integration: the id that the report was asked for by.

    Raises RestartingError.
    """
    client = bot.provider(ToolzzProvider).client(connection.credentials)
    # A second request in a row; what follows it comes from Discord, and does not take long.
    report = await bot.unless_stopping(client.completed(report))
    known = bot.choices.known(connection, integration)
    if report.title is None and known is not None:
        # The short form of the report has no title; the list that the member picked from has.
        report = report.model_copy(update={"title": known.label})
    guild_id = connection.guild_id
    linked = (await bot.integrations.of_guild(guild_id, "toolzz")).get(integration)
    reach = None
    if not report.is_deleted and runs_here(report, guild_id) is not False:
        reach = await reach_of(
            bot,
            guild_id,
            _bot_of(report, linked),
            [channel.id for channel in report.channels],
            opens_threads=bool(report.create_threads),
        )
    return Sight(report, guild_id, reach, linked, has_unit=client.unit_id is not None)


def _bot_of(report: Integration, linked: Placed | None) -> int | None:
    """Return the agent's bot: its id is its application's, but for applications of Discord's first years."""
    if report.bot_client_id is not None and _SNOWFLAKE.fullmatch(report.bot_client_id):
        return int(report.bot_client_id)
    return None if linked is None else linked.bot_id
