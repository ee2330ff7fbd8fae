"""What is stored of a guild before it is exported or erased."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from bot.features.connections.service import ConnectionService
from bot.features.privacy.service import PrivacyService
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.ids import MEMBER

Build = Callable[[int], PrivacyService]


async def connect(service: ConnectionService, guild_id: int) -> None:
    """Connect a guild with Sensay."""
    await service.add(guild_id, "sensay", "default", SensaySimulator.credentials, member_id=MEMBER)


def sealed(path: Path, guild_id: int) -> list[bytes]:
    """Return a guild's encrypted credentials."""
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT secret FROM connection WHERE guild_id = ?", (guild_id,))
        return [secret for (secret,) in rows]
