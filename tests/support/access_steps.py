"""The parts that judge agents' bots, over a client without network, in a loop whose time takes no time."""

from __future__ import annotations

import asyncio
import inspect
import itertools
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from bot.discord.access.agent_access import GuildAccess
from bot.discord.access.request_queue import Timing
from bot.discord.background import BackgroundTasks
from bot.features.monitoring.access import Access, AccessReader, AccessSubject
from tests.support.cached_discord import NEW_ID, CachedDiscord, channel, member
from tests.support.virtual_time import run_in_virtual_time

START: Final = 1_800_000_000
"""The wall clock at the loop's second 0."""
TEXT: Final = NEW_ID + 500
"""The one channel of every server, plus the server's number."""


class Watch:
    """A client, what judges by it, and what was told to a listener."""

    def __init__(self) -> None:
        """Know no server."""
        loop = asyncio.get_running_loop()
        self.discord = CachedDiscord()
        self.background = BackgroundTasks()
        timing = Timing(loop.time, itertools.cycle((0.0, 0.5, 0.99)).__next__, asyncio.sleep)
        self.access = GuildAccess(self.background, lambda: START + loop.time(), timing)
        self.access.bind(self.discord.client)
        self.told: list[tuple[float, int]] = []
        self.access.on_change(lambda guild_id: self.told.append((loop.time(), guild_id)))

    def add(self, guild_id: int, *bots: int) -> None:
        """Put a server with one text channel into the cache, and make these bots its members."""
        self.discord.add_guild(guild_id, channels=[channel(TEXT + guild_id % 1000)])
        for bot_id in bots:
            self.discord.answers.members[guild_id, bot_id] = member(bot_id)

    async def read(self, guild_id: int, *subjects: AccessSubject | int) -> list[Access]:
        """Read what bots can do. subjects: a number is a bot without a list of channels."""
        reader: AccessReader = self.access
        asked = [each if isinstance(each, AccessSubject) else subject(each) for each in subjects]
        found = await reader.read(guild_id, asked)
        assert list(found) == [each.id for each in asked]
        return list(found.values())

    @property
    def requests(self) -> list[tuple[int, ...]]:
        """What Discord was asked, by ids, since the last look."""
        asked = [each for _, each in self.discord.answers.requests]
        self.discord.answers.requests.clear()
        return asked


def watching(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in virtual time, with a watch as its first argument; nothing may be left running then."""

    def run(**values: Any) -> None:  # noqa: ANN401 - the parameters of any test
        async def main() -> None:
            watch = Watch()
            await test(watch, **values)
            watch.background.cancel_all()
            await asyncio.sleep(0)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        run_in_virtual_time(main())

    # pytest must not take the watch for a fixture.
    signature = inspect.signature(test)
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values()][1:])  # type: ignore[attr-defined]
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def subject(
    bot_id: int, channels: Iterable[object] = (), *, must_read: bool = False, skip_confirmation: bool = False
) -> AccessSubject:
    """Return an integration that is asked about."""
    listed = tuple(map(str, channels))
    return AccessSubject(
        f"i{bot_id}", bot_id, listed, must_read=must_read, skip_confirmation=skip_confirmation
    )
