"""Opens the database, and holds the shards that this process serves."""

import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bot.discord.connection.held_shards import FixedShards, HeldShards
from bot.discord.connection.state_file import DiscordState, StateFile, path_beside
from bot.operating.process import end_at_once
from bot.providers.base.current_guild import CURRENT_GUILD
from bot.settings import Settings, ordinal_of
from bot.setup_errors import LeaseLostError
from bot.store.database import Database
from bot.store.driver import require_driver
from bot.store.fence import Fence


@contextlib.asynccontextmanager
async def opened(
    settings: Settings, clock: Callable[[], float], key_id: str | None
) -> AsyncIterator[tuple[Database, HeldShards]]:
    """Open the database, with what says which shards this process serves.

    clock: seconds since 1970. key_id: the key that the process signs with, None if it does not run the bot.
    One that runs it on a server has a lease, and ends at once when that is lost. Raises SetupError.
    """
    if isinstance(settings.database, Path) or key_id is None:
        async with Database.open(settings.database, clock) as database:
            yield database, FixedShards(settings.shard_ids, settings.shard_count)
        return
    require_driver()
    # Only who uses it has installed its driver.
    from bot.operating.shard_leases import ShardLeases  # noqa: PLC0415
    from bot.store.postgres.lease_store import LeaseStore  # noqa: PLC0415

    fence = Fence(CURRENT_GUILD.get)
    leases = ShardLeases(
        LeaseStore(settings.database),
        fence,
        on_lost=functools.partial(end_at_once, LeaseLostError()),
        count=settings.shard_count,
        wanted=functools.partial(_wanted, settings),
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(leases.end)  # after the last write
        database = await stack.enter_async_context(Database.open(settings.database, clock, fence=fence))
        await leases.start(key_id)
        yield database, leases


def discord_state(settings: Settings, database: Database) -> DiscordState:
    """Return what keeps our standing with Discord: a file beside the database's, or a server's database."""
    if isinstance(settings.database, Path):
        return StateFile(path_beside(settings.database))
    from bot.store.postgres.shared_state import SharedState  # noqa: PLC0415 - as above

    return SharedState(database)


def _wanted(settings: Settings, count: int) -> set[int] | None:
    """Return the only shards of so many that this process takes, None if it takes any."""
    if settings.shard_ids:
        return set(settings.shard_ids)
    if settings.replicas is None:
        return None
    return set(range(ordinal_of(socket.gethostname()), count, settings.replicas))
