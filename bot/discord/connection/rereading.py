"""Reads a server again by REST when the gateway's word about it could not be used.

Until that has worked the server counts as unavailable, as in an outage of Discord: nothing is concluded from
what the cache holds of it, and nothing of it is erased.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import discord
import structlog

from bot.backoff import Backoff
from bot.discord.background import BackgroundTasks
from bot.discord.connection.refusals import describe_failure

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_FIRST_PAUSE: Final = 5.0
_MAX_PAUSE: Final = 900.0
"""Seconds between two attempts to read a server."""
_GATHER_SECONDS: Final = 1.0
"""Events often come together, and one reading covers them."""
_SPACING: Final = 1.0
"""Seconds between the beginnings of two readings, of whatever servers: one is four requests, and Discord
blocks the address of a bot that goes on asking beyond its limit."""
_FIRST_REPEAT: Final = 5.0
_MAX_REPEAT: Final = 60.0
"""Seconds until a server is read again that is in doubt again and again."""
_FORGOTTEN_AFTER: Final = 600.0
"""Seconds after which an earlier doubt about a server no longer counts."""
_NOT_A_MEMBER: Final = frozenset({10004, 50001})
"""Unknown guild, missing access: Discord's own codes; no other refusal says that the bot was removed."""
_MAX_ID: Final = 20
_UNUSED: Final[Mapping[str, int]] = {"position": 0, "bitrate": 64_000, "user_limit": 0}
"""What discord.py cannot do without in a channel and nobody here looks at: its absence costs no server."""


class Rereading:
    """The servers that are being read again. remove: discord.py's own parser of a removal."""

    def __init__(
        self,
        client: discord.AutoShardedClient,
        background: BackgroundTasks,
        remove: Callable[[Any], None],
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._state: Any = client._connection  # noqa: SLF001 - the cache has no public way in
        self._background = background
        self._remove = remove
        self._sleep = sleep
        self._reading: dict[int, bool] = {}
        """Each server that is being read -> whether it has come in doubt again since the reading began."""
        self._repeats: dict[int, tuple[Backoff, float]] = {}
        """Each server that was read -> its pauses, and when it was read last, by the loop's clock."""
        self._next_turn = 0.0

    def doubt(self, guild_id: int) -> None:
        """Let a server count as unavailable, and read it again in the background."""
        guild = self._client.get_guild(guild_id)
        is_new = guild is None
        if guild is None:
            guild = self._state._add_guild_from_data({"id": str(guild_id), "unavailable": True})  # noqa: SLF001
        guild.unavailable = True
        if guild_id in self._reading:
            self._reading[guild_id] = True
        elif not self._background.is_shutting_down:
            self._reading[guild_id] = True
            self._background.start(self._read_until_known(guild_id, is_new=is_new), _name(guild_id))

    def forget(self, guild_id: int) -> None:
        """Read a server no longer: from now on the gateway tells another process of it."""
        self._background.cancel(_name(guild_id))
        self._reading.pop(guild_id, None)  # a task that has not begun does not do so
        self._repeats.pop(guild_id, None)

    async def _read_until_known(self, guild_id: int, *, is_new: bool) -> None:
        failures, repeats = Backoff(_FIRST_PAUSE, _MAX_PAUSE), self._repeats_of(guild_id)
        pause = _GATHER_SECONDS if repeats is None else repeats.fail()
        repeats = repeats or Backoff(_FIRST_REPEAT, _MAX_REPEAT)
        try:
            while self._reading[guild_id]:
                await self._sleep(pause)
                await self._wait_for_turn()
                self._reading[guild_id] = False
                try:
                    await self._read(guild_id, is_new=is_new)
                except Exception as failed:  # noqa: BLE001 - it may be whole another time
                    pause = failures.fail()
                    _log.warning("guild_not_read", guild=guild_id, **describe_failure(failed))
                    self._reading[guild_id] = True
                else:
                    if self._reading[guild_id]:
                        pause = repeats.fail()
            self._repeats[guild_id] = repeats, asyncio.get_running_loop().time()
        finally:
            self._reading.pop(guild_id, None)

    def _repeats_of(self, guild_id: int) -> Backoff | None:
        """Return the pauses of a server that was read not long ago, and forget all others' that were."""
        oldest = asyncio.get_running_loop().time() - _FORGOTTEN_AFTER
        self._repeats = {each: kept for each, kept in self._repeats.items() if kept[1] > oldest}
        return self._repeats[guild_id][0] if guild_id in self._repeats else None

    async def _wait_for_turn(self) -> None:
        """Wait until no other server's reading has begun a moment ago."""
        now = asyncio.get_running_loop().time()
        turn = max(now, self._next_turn)
        self._next_turn = turn + _SPACING
        if turn > now:
            await self._sleep(turn - now)

    async def _read(self, guild_id: int, *, is_new: bool) -> None:
        http = self._client.http
        try:
            data: dict[str, Any] = {**await http.get_guild(guild_id, with_counts=False)}
        except (discord.NotFound, discord.Forbidden) as refused:
            if refused.code not in _NOT_A_MEMBER:
                raise
            _log.info("guild_removal_confirmed", guild=guild_id)
            self._remove({"id": str(guild_id)})
            return
        channels = [_completed(each) for each in await http.get_all_guild_channels(guild_id)]
        threads = (await http.get_active_threads(guild_id))["threads"]
        data["channels"] = [each for each in channels if self._can_parse(guild_id, each, _make_channel)]
        data["threads"] = [each for each in threads if self._can_parse(guild_id, each, discord.Thread)]
        # Without everybody's role nobody's permissions are known.
        everybody = str(guild_id)
        data["roles"] = [
            each
            for each in data["roles"]
            if isinstance(each, Mapping)
            and (each.get("id") == everybody or self._can_parse(guild_id, each, discord.Role))
        ]
        own_id = self._state.self_id
        data["members"] = [await http.get_member(guild_id, own_id)]
        data["unavailable"] = bool(self._reading[guild_id])
        if data["unavailable"]:
            return  # it has changed while it was read
        before = self._client.get_guild(guild_id)
        if before is not None and "member_count" not in data:
            data["member_count"] = before.member_count
        # Made anew and not updated: what an earlier reading left half done must not stay.
        guild = self._state._add_guild_from_data(data)  # noqa: SLF001 - as above
        _log.info("guild_read_again", guild=guild_id)
        self._client.dispatch("guild_join" if is_new else "guild_available", guild)

    def _can_parse(self, guild_id: int, part: object, make: Callable[..., object]) -> bool:
        """Tell whether discord.py can parse a channel, thread or role: one that is odd must cost no server.

        The server is served without it: a channel as if the bot did not see it, and what agents with an
        unknown role may do is not known. make: makes it, as discord.py does.
        """
        nobodys = discord.Guild(data={"id": guild_id, "unavailable": True}, state=self._state)  # type: ignore[typeddict-item]
        try:
            make(guild=nobodys, state=self._state, data=part)
        except Exception as error:  # noqa: BLE001 - discord.py may raise anything
            _log.warning(
                "guild_part_left_out",
                guild=guild_id,
                part=make.__name__.removeprefix("_make_").lower(),
                id=str(part.get("id") if isinstance(part, Mapping) else None)[:_MAX_ID],
                error=type(error).__name__,
            )
            return False
        return True


def _name(guild_id: int) -> str:
    return f"reading-{guild_id}"


def _make_channel(*, guild: discord.Guild, state: object, data: Mapping[str, Any]) -> None:
    """Make a channel, nothing where discord.py knows no such type: it leaves that out itself."""
    kind: Callable[..., object] | None
    kind, _ = discord.channel._guild_channel_factory(data["type"])  # noqa: SLF001 - as discord.py does
    if kind is not None:
        kind(guild=guild, state=state, data=data)


def _completed(channel: object) -> object:
    if not isinstance(channel, Mapping):
        return channel
    return {**channel, **{key: value for key, value in _UNUSED.items() if channel.get(key) is None}}
