"""Everything known of one integration at one moment, from Toolzz, from Discord and from our own records."""

from dataclasses import dataclass

from bot.discord.access.channel_access import BotAccess, ChannelAccess
from bot.discord.context import Context
from bot.errors import ProviderError
from bot.features.connections.service import Connection
from bot.features.integrations.store import Placed
from bot.features.lookups.service import KnownAgent
from bot.features.monitoring.access import Access, AccessKind, effective_state
from bot.providers.base.integration import State
from bot.providers.base.snowflake import is_one_id, read_snowflake
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.diagnosis import ask
from bot.providers.toolzz.models import Channel, Integration


@dataclass(frozen=True, slots=True)
class IntegrationSnapshot:
    """Everything known of an integration.

    guild_id: the server that asks. access: None for a deleted integration and for one of another server,
    because Discord is not asked about them. known: what our own records say. has_unit: whether the fields
    that the report lacks were looked for in a unit's list.
    """

    report: Integration
    guild_id: int
    access: BotAccess | None
    known: KnownAgent
    has_unit: bool

    @property
    def linked(self) -> Placed | None:
        """The server's own record of the integration."""
        return self.known.linked

    @property
    def is_here(self) -> bool | None:
        """Whether the integration runs in the server that asks, None where the report names no server."""
        return self.report.runs_in(self.guild_id)

    @property
    def access_here(self) -> Access | None:
        """What the agent's bot can do here, in the words of the checks; None for a deleted integration."""
        if self.report.is_deleted:
            return None
        return Access(AccessKind.ELSEWHERE) if self.access is None else self.access.access

    @property
    def state(self) -> State:
        """The state that counts here: what Toolzz reports, and whether Discord lets the agent answer."""
        state, _ = effective_state(self.report.state, "", self.access_here)
        return state

    @property
    def channels(self) -> list[tuple[Channel, ChannelAccess | None]]:
        """The monitored channels, each with what the bot can do in it."""
        if self.access is None or not self.access.is_checked:
            return [(channel, None) for channel in self.report.channels]
        return list(zip(self.report.channels, self.access.channels, strict=True))


async def take_snapshot(ctx: Context, connection: Connection, integration: str) -> IntegrationSnapshot:
    """Ask Toolzz and Discord. Raises ProviderError and RestartingError."""
    client = _client_of(ctx, connection)
    return await _complete(ctx, connection, client, integration, await client.integration(integration))


async def try_snapshot(
    ctx: Context, connection: Connection, integration: str
) -> IntegrationSnapshot | ProviderError:
    """Ask Toolzz and Discord; return the error if Toolzz does not report. Raises RestartingError."""
    client = _client_of(ctx, connection)
    report = await ask(client, integration)
    if isinstance(report, ProviderError):
        return report
    return await _complete(ctx, connection, client, integration, report)


def _client_of(ctx: Context, connection: Connection) -> ToolzzClient:
    return ctx.services.provider(ToolzzProvider).client(connection.credentials)


async def _complete(
    ctx: Context, connection: Connection, client: ToolzzClient, integration: str, report: Integration
) -> IntegrationSnapshot:
    """Add to a report what a unit's list, our records and Discord know."""
    services, guild_id = ctx.services, connection.guild_id
    if report.is_short:
        # The second request for one answer, so the bot may be told to stop before it ends.
        report = await ctx.cancel_on_shutdown(client.completed(report))
    listed = services.choices.listed(connection, integration)
    if report.title is None and listed is not None:
        # The short form of the report has no title; the list that the member picked from has one.
        report = report.model_copy(update={"title": listed.label})
    known = await services.lookups.agent(guild_id, "toolzz", integration, report.agent_id or "")
    access = None
    if not report.is_deleted and report.runs_in(guild_id) is not False:
        access = await services.guild_access.find(
            guild_id,
            _bot_id(report, known.linked),
            [channel.id for channel in report.channels],
            opens_threads=bool(report.create_threads),
        )
    return IntegrationSnapshot(report, guild_id, access, known, has_unit=client.unit_id is not None)


def _bot_id(report: Integration, linked: Placed | None) -> int | None:
    """Return the user id of the agent's bot, None where it is not known; Toolzz reports the application's."""
    application = read_snowflake(report.bot_client_id)
    if application is not None and is_one_id(application):
        return application
    # Earlier versions recorded an older application's id as if it were its bot's.
    recorded = None if linked is None else linked.bot_id
    return None if recorded == application else recorded
