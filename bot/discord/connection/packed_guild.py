"""Keeps a server's channels, threads and roles small in memory while nobody asks for them.

discord.py makes an object of each, for all servers, most of which nobody asks about for days. They are kept
as Discord has sent them, compressed, and made again when somebody asks: nothing has to be read from Discord
again, and what is known of a server is the same as ever.
"""

import asyncio
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import discord
import structlog

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_UNSEEN: Final[Mapping[str, Any]] = {
    "emojis": [], "stickers": [], "soundboard_sounds": [], "stage_instances": [],
    "guild_scheduled_events": [], "presences": [], "voice_states": [],
    "features": [], "icon": None, "banner": None, "splash": None, "discovery_splash": None,
    "description": None,
}  # fmt: skip
"""What nobody here looks at in a server."""
_PARTS: Final = ("roles", "channels", "threads")
"""What is kept packed, by the name that it has in Discord's payload and in discord.py's cache."""
_Payloads: TypeAlias = Mapping[str, Sequence[Any]]
_NOTED: Final[Mapping[str, tuple[str, str]]] = {
    "GUILD_UPDATE": ("roles", "roles"),
    "GUILD_ROLE_CREATE": ("roles", "role"),
    "GUILD_ROLE_UPDATE": ("roles", "role"),
    "GUILD_ROLE_DELETE": ("roles", "role"),
    "CHANNEL_CREATE": ("channels", ""),
    "CHANNEL_UPDATE": ("channels", ""),
    "CHANNEL_DELETE": ("channels", ""),
    "THREAD_CREATE": ("threads", ""),
    "THREAD_UPDATE": ("threads", ""),
    "THREAD_DELETE": ("threads", ""),
    "THREAD_LIST_SYNC": ("threads", "threads"),
}
"""The events after which a part of a server is another one -> that part, and where in the event it stands."""
_MAX_NOTED: Final = 50
"""How many changes of a server are kept beside what is packed of it."""
_UNUSED_SECONDS: Final = 300.0
"""How long nobody has asked for a server's parts when they are dropped, at least; twice that at most."""


class _Part:
    """An attribute of discord.py's servers of which the objects are made when somebody asks for them."""

    def __init__(self, name: str) -> None:
        self._slot: Any = vars(discord.Guild)[f"_{name}"]

    def __get__(self, guild: "PackedGuild", _owner: type) -> Any:  # noqa: ANN401 - a dictionary
        guild.unpack()
        return self._slot.__get__(guild)

    def __set__(self, guild: "PackedGuild", value: object) -> None:
        guild.is_packed = False
        self._slot.__set__(guild, value)

    def __delete__(self, guild: "PackedGuild") -> None:
        self._slot.__delete__(guild)


class PackedGuild(discord.Guild):
    """A server of which the parts are packed whenever they are not used."""

    __slots__ = ("_is_used", "_kept", "_noted", "is_packed")

    _roles = _Part("roles")
    _channels = _Part("channels")
    _threads = _Part("threads")

    def __init__(self, *, data: Any, state: Any) -> None:  # noqa: ANN401 - as discord.py has it
        self._kept: bytes | None = None
        self._noted: Sequence[tuple[str, Mapping[str, Any]]] = ()
        self._is_used = False
        self.is_packed = False
        """Whether the server's parts are no objects at the moment."""
        super().__init__(data=data, state=state)

    def _from_data(self, guild: Any) -> None:  # noqa: ANN401 - the payload of GUILD_CREATE or GUILD_UPDATE
        """Read a payload. All its parts are made at once, so that one that is odd shows now."""
        self.unpack()
        super()._from_data({**guild, **_UNSEEN})  # type: ignore[typeddict-item]
        if "channels" in guild:
            self._noted = ()
            self._keep({part: guild.get(part, ()) for part in _PARTS})
            self._pack()

    def unpack(self) -> None:
        """Make the parts, unless they are there."""
        self._is_used = True
        if self.is_packed and self._kept is not None:
            self._roles, self._channels, self._threads = self._made(_read(self._kept))

    def note(self, event: str, data: Any) -> None:  # noqa: ANN401 - an event's payload
        """Take note of an event that discord.py has applied to the parts."""
        if event not in _NOTED or self._kept is None:
            return
        part, inside = _NOTED[event]
        told = data.get(inside, ()) if inside else data
        several = told if isinstance(told, list) else [told]
        self._noted = (*self._noted, *((part, each) for each in several), (part, {}))
        if len(self._noted) > _MAX_NOTED:
            self._keep_noted()

    def pack_unless_used(self) -> None:
        """Drop the parts if nobody has asked for them since the last call."""
        is_used, self._is_used = self._is_used, False
        if is_used or self.is_packed or self.unavailable:  # or in doubt, and about to be read again
            return
        if self._noted:
            self._keep_noted()
        if self._kept is not None:
            self._pack()
        self._is_used = False

    def _made(self, parts: _Payloads) -> tuple[dict[int, Any], dict[int, Any], dict[int, Any]]:
        """Return roles, channels and threads, by their ids."""
        about: Any = {"guild": self, "state": self._state}
        roles = [discord.Role(**about, data=each) for each in parts["roles"]]
        channels = []
        for each in parts["channels"]:
            make, _ = discord.channel._guild_channel_factory(each["type"])  # noqa: SLF001
            if make is not None:  # as discord.py does
                channels.append(make(**about, data=each))
        threads = [discord.Thread(**about, data=each) for each in parts["threads"]]
        by_id: Any = ({each.id: each for each in made} for made in (roles, channels, threads))
        return tuple(by_id)

    def _keep_noted(self) -> None:
        """Keep the newest payload of all that is there.

        If the parts could not be made of that, they stay as they are until Discord sends the server again.
        """
        assert self._kept is not None  # noqa: S101 - tells mypy
        noted, self._noted = self._noted, ()
        try:
            parts: dict[str, Sequence[Any]] = {}
            for part, known in _read(self._kept).items():
                told = (each for of, each in noted if of == part and each)
                newest = {int(each["id"]): each for each in (*known, *told)}
                parts[part] = [newest[each] for each in getattr(self, f"_{part}") if each in newest]
            if [*map(set, self._made(parts))] != [set(getattr(self, f"_{part}")) for part in _PARTS]:
                raise ValueError("something else would be made of it")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 - discord.py may raise anything
            _log.warning("guild_not_packed", guild=self.id, error=type(error).__name__)
            self._kept = None
        else:
            self._keep(parts)

    def _keep(self, parts: _Payloads) -> None:
        self._kept = zlib.compress(json.dumps(parts, separators=(",", ":")).encode())

    def _pack(self) -> None:
        del self._roles, self._channels, self._threads
        self.is_packed = True


def _read(kept: bytes) -> _Payloads:
    parts: _Payloads = json.loads(zlib.decompress(kept))
    return parts


async def pack_unused(client: discord.Client) -> None:
    """Pack all servers that nobody has asked about for some minutes, again and again."""
    while True:
        await asyncio.sleep(_UNUSED_SECONDS)
        for guild in tuple(client.guilds):
            if isinstance(guild, PackedGuild) and not guild.is_packed:
                guild.pack_unless_used()
                await asyncio.sleep(0)  # packing one takes a moment
