"""What agents' bots can do in servers: one answer for the checks and for the commands."""

import asyncio
import contextlib
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.discord.access.agent_bots import Membership, read_membership
from bot.discord.access.answer_memory import AnswerMemory
from bot.discord.access.channel_access import (
    BotAccess,
    ChannelFinding,
    FoundChannel,
    assess,
    knows_roles,
    timed_out_until,
)
from bot.discord.access.request_queue import RequestQueue, Timing
from bot.discord.background import BackgroundTasks
from bot.features.monitoring.access import UNKNOWN, Access, AccessSubject
from bot.providers.base.snowflake import is_one_id, read_snowflake

_PATIENCE_SECONDS: Final = 5.0
"""How long a check waits for Discord."""
_CONFIRMED_SECONDS: Final = 30.0
"""A bot is called blocked only if Discord said not longer ago which roles it has."""
_MAX_LOOKUPS: Final = 10
"""How many channels that the cache lacks are looked up at one time."""
_MAX_LISTED: Final = 1000
"""How many of a server's channels and threads are remembered as listed by providers."""
_QUIET_SECONDS: Final = 2.0
"""Changes often come together, and are told together."""
_UNKNOWN_CHANNEL: Final = 10003
_MISSING_ACCESS: Final = 50001


@dataclass(slots=True)
class _Guild:
    """What a guild's bots were last asked about.

    listed: the channels that providers list. timeouts: when each bot's timeout ends.
    """

    listed: set[int] = field(default_factory=set)
    timeouts: dict[int, int] = field(default_factory=dict)
    is_changing: bool = False


@dataclass(slots=True)
class _Asked:
    """What Discord was asked during one read. bots: only answers after that many will do."""

    bots: dict[int, float] = field(default_factory=dict)
    channels: set[int] = field(default_factory=set)


class GuildAccess:
    """Judges bots by our cache of Discord, and asks for what that lacks.

    The cache has a server's channels, roles and open threads, but no members.
    """

    def __init__(self, background: BackgroundTasks, clock: Callable[[], float], timing: Timing) -> None:
        """clock: seconds since 1970. timing: how time passes for questions to Discord."""
        self._background = background
        self._clock = clock
        self._timing = timing
        self._client: discord.AutoShardedClient | None = None
        self._queue = RequestQueue(background, timing)
        self._members: AnswerMemory[Membership] = AnswerMemory(
            self._ask_about_bot, self._queue, timing, self.guild_changed
        )
        self._channels: AnswerMemory[FoundChannel] = AnswerMemory(
            self._ask_about_channel, self._queue, timing, self.guild_changed
        )
        self._guilds: dict[int, _Guild] = {}
        self._listeners: list[Callable[[int], object]] = []

    def bind(self, client: discord.AutoShardedClient) -> None:
        """Use this client, which is built after the services."""
        self._client = client

    def on_change(self, listener: Callable[[int], object]) -> None:
        """Call the listener with a guild's id when ``read`` may return something else than before."""
        self._listeners.append(listener)

    @property
    def waiting(self) -> int:
        """How many questions to Discord wait."""
        return len(self._queue)

    # --- answers ---

    async def find(
        self,
        guild_id: int,
        bot_id: int | None,
        channel_ids: Collection[str] = (),
        *,
        opens_threads: bool = False,
    ) -> BotAccess:
        """Ask Discord now what a bot can do in a server, for a member who waits.

        channel_ids: text from outside; if there are none, every channel of the server counts. opens_threads:
        whether the bot has to open threads as well.
        """
        guild = self._guild(guild_id)
        if guild is None:
            # During an outage the guild has no channels in the cache, but none of them is gone.
            return BotAccess(bot_id, None, is_checked=False, channels=())
        lookups = [each for each in _uncached(guild, channel_ids) if self._channels.is_old(guild_id, each)]
        membership, _ = await asyncio.gather(
            self._read_bot(guild_id, bot_id),
            asyncio.gather(*(self._channels.read(guild_id, each) for each in lookups[:_MAX_LOOKUPS])),
        )
        return self._assess(guild, bot_id, membership, channel_ids, opens_threads=opens_threads)

    async def read(self, guild_id: int, subjects: Sequence[AccessSubject]) -> Mapping[str, Access]:
        """Return what each bot can do, by the integration's id; see ``AccessReader``."""
        self._note_listed(guild_id, subjects)
        asked = _Asked()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while (guild := self._guild(guild_id)) is not None and self._ask(guild, subjects, asked):
                    await self._members.wait(guild_id, asked.bots)
                    await self._channels.wait(guild_id, asked.channels)
        guild = self._guild(guild_id)
        if guild is None:
            return dict.fromkeys((subject.id for subject in subjects), UNKNOWN)
        return {subject.id: self._access(guild, subject, asked) for subject in subjects}

    # --- changes ---

    def guild_changed(self, guild_id: int) -> None:
        """Tell the listeners soon that something may have changed in a guild; a guild of which nothing was
        read is none of their business.
        """
        guild = self._guilds.get(guild_id)
        if guild is not None and not guild.is_changing and not self._background.is_shutting_down:
            guild.is_changing = True
            self._background.start(self._tell(guild_id, guild))

    def channel_changed(self, guild_id: int, channel_id: int) -> None:
        """Take note that a channel was created, deleted, or got other permissions."""
        self._channels.forget(guild_id, channel_id)
        self.guild_changed(guild_id)

    def thread_changed(self, guild_id: int, thread_id: int) -> None:
        """Take note of a change to a thread; it counts if a provider lists the thread."""
        self._channels.forget(guild_id, thread_id)
        if (guild := self._guilds.get(guild_id)) is not None and thread_id in guild.listed:
            self.guild_changed(guild_id)

    def bot_changed(self, guild_id: int, bot_id: int) -> None:
        """Take note that a bot has joined or left a guild."""
        if self._members.forget(guild_id, bot_id):
            self.guild_changed(guild_id)

    def application_changed(self, guild_id: int, application_id: int) -> None:
        """Take note that an application was added to a guild, removed, or got other permissions.

        It may be that of any bot with an id from the time when the two ids could differ.
        """
        for bot_id in self._members.ids(guild_id):
            if bot_id == application_id or not is_one_id(bot_id):
                self.bot_changed(guild_id, bot_id)

    def guild_left(self, guild_id: int) -> None:
        """Forget all about a guild that our own bot is no longer in."""
        self._members.forget_guild(guild_id)
        self._channels.forget_guild(guild_id)
        self._queue.forget_guild(guild_id)
        if (guild := self._guilds.pop(guild_id, None)) is not None:
            for bot_id in guild.timeouts:
                self._background.cancel(_timeout_name(guild_id, bot_id))

    async def _tell(self, guild_id: int, guild: _Guild) -> None:
        await self._timing.sleep(_QUIET_SECONDS)
        guild.is_changing = False
        for listener in self._listeners:
            listener(guild_id)

    # --- what is to be asked ---

    def _ask(self, guild: discord.Guild, subjects: Iterable[AccessSubject], asked: _Asked) -> bool:
        """Ask Discord about what a read still needs; return False if that is nothing."""
        before = len(asked.bots) + len(asked.channels)
        for subject in subjects:
            bot_id = subject.bot_id
            if bot_id not in asked.bots and self._needs_bot(guild, subject):
                is_asked = self._members.ask(guild.id, bot_id, insist=subject.must_read)
                asked.bots[bot_id] = self._members.last_number if is_asked else math.inf
            elif self._is_answered(guild.id, bot_id, asked):
                self._members.refresh_if_old(guild.id, bot_id)
                self._ask_about_channels(guild, subject, asked)
        return len(asked.bots) + len(asked.channels) > before

    def _needs_bot(self, guild: discord.Guild, subject: AccessSubject) -> bool:
        """Tell whether Discord has to be asked about a bot before anything can be said about it."""
        membership = self._members.get(guild.id, subject.bot_id)
        if subject.must_read or membership is None or not knows_roles(guild, membership):
            return True
        if subject.skip_confirmation or self._members.age(guild.id, subject.bot_id) <= _CONFIRMED_SECONDS:
            return False
        return self._assess_subject(guild, subject).access.is_blocked

    def _is_answered(self, guild_id: int, bot_id: int, asked: _Asked) -> bool:
        """Tell whether there is an answer about a bot that a read may use."""
        return self._members.number(guild_id, bot_id) > asked.bots.get(bot_id, 0)

    def _ask_about_channels(self, guild: discord.Guild, subject: AccessSubject, asked: _Asked) -> None:
        """Ask about channels that the cache lacks, unless they do not matter for this bot now."""
        membership = self._members.get(guild.id, subject.bot_id)
        if not membership or not membership.is_member or timed_out_until(guild, membership, self._clock()):
            return
        for channel_id in _uncached(guild, subject.channels):
            if self._channels.get(guild.id, channel_id) is not None:
                self._channels.refresh_if_old(guild.id, channel_id)
            elif (
                channel_id not in asked.channels
                and len(asked.channels) < _MAX_LOOKUPS
                and self._channels.ask(guild.id, channel_id)
            ):
                asked.channels.add(channel_id)

    def _note_listed(self, guild_id: int, subjects: Iterable[AccessSubject]) -> None:
        """Remember which threads matter: servers have many, and their changes are told all the time."""
        if self._client is None or self._client.get_guild(guild_id) is None:
            return
        ids = (read_snowflake(each) for subject in subjects for each in subject.channels)
        listed = {each for each in ids if each is not None}
        guild = self._guilds.setdefault(guild_id, _Guild())
        guild.listed = listed if len(guild.listed | listed) > _MAX_LISTED else guild.listed | listed

    # --- what Discord says ---

    async def _read_bot(self, guild_id: int, bot_id: int | None) -> Membership:
        answer = None if bot_id is None else await self._members.read(guild_id, bot_id)
        return answer or Membership(is_member=None)

    async def _ask_about_bot(self, guild_id: int, bot_id: int) -> Membership | None:
        guild = self._guild(guild_id)
        return None if guild is None else await read_membership(guild, bot_id)

    async def _ask_about_channel(self, guild_id: int, channel_id: int) -> FoundChannel | None:
        """Ask for a channel or thread that is not in the cache. Of another server's, nothing else is kept."""
        if self._client is None:
            return None
        try:
            channel = await self._client.fetch_channel(channel_id)
        except discord.NotFound as error:
            if error.code == _UNKNOWN_CHANNEL:
                return ChannelFinding.DELETED
            raise
        except discord.Forbidden as error:
            if error.code == _MISSING_ACCESS:
                return ChannelFinding.HIDDEN
            raise
        except discord.InvalidData:
            return ChannelFinding.UNKNOWN  # a kind of channel that discord.py does not know
        if isinstance(channel, discord.abc.GuildChannel | discord.Thread) and channel.guild.id == guild_id:
            return channel
        return ChannelFinding.ELSEWHERE

    # --- what that means ---

    def _guild(self, guild_id: int) -> discord.Guild | None:
        """Return a guild of which the cache is complete and up to date, None if it is not."""
        client = self._client
        guild = None if client is None else client.get_guild(guild_id)
        if client is None or guild is None or guild.unavailable:
            return None
        if any(part is None for part in (guild.me, guild.default_role)):
            return None
        shard = client.get_shard(guild.shard_id)
        return None if shard is None or shard.is_closed() else guild

    def _found(self, guild: discord.Guild, channel_id: str) -> FoundChannel:
        number = read_snowflake(channel_id)
        if number is None:
            return ChannelFinding.DELETED  # no channel can have such an id
        cached = guild.get_channel_or_thread(number)
        if cached is not None:
            return cached
        found = self._channels.get(guild.id, number) or ChannelFinding.UNKNOWN
        if not isinstance(found, ChannelFinding):
            found.guild = guild  # the cache has a new object for it after an outage
        return found

    def _assess(
        self,
        guild: discord.Guild,
        bot_id: int | None,
        membership: Membership,
        channel_ids: Iterable[str],
        *,
        opens_threads: bool,
    ) -> BotAccess:
        channels = [(channel_id, self._found(guild, channel_id)) for channel_id in channel_ids]
        return assess(guild, bot_id, membership, channels, self._clock(), opens_threads=opens_threads)

    def _assess_subject(self, guild: discord.Guild, subject: AccessSubject) -> BotAccess:
        membership = self._members.get(guild.id, subject.bot_id) or Membership(is_member=None)
        return self._assess(
            guild, subject.bot_id, membership, subject.channels, opens_threads=subject.opens_threads
        )

    def _access(self, guild: discord.Guild, subject: AccessSubject, asked: _Asked) -> Access:
        if not self._is_answered(guild.id, subject.bot_id, asked):
            return UNKNOWN
        access = self._assess_subject(guild, subject).access
        if access.until:
            self._await_end_of_timeout(guild.id, subject.bot_id, access.until)
        return access

    def _await_end_of_timeout(self, guild_id: int, bot_id: int, until: int) -> None:
        guild = self._guilds.get(guild_id)
        if guild is not None and guild.timeouts.get(bot_id) != until:
            guild.timeouts[bot_id] = until
            work = self._end_timeout(guild_id, bot_id, until)
            self._background.start(work, name=_timeout_name(guild_id, bot_id))

    async def _end_timeout(self, guild_id: int, bot_id: int, until: int) -> None:
        await asyncio.sleep(until - self._clock())
        if (guild := self._guilds.get(guild_id)) is not None:
            guild.timeouts.pop(bot_id, None)
        self.bot_changed(guild_id, bot_id)


def _uncached(guild: discord.Guild, channel_ids: Iterable[str]) -> Iterator[int]:
    """Yield the ids of channels and threads that our cache lacks."""
    for number in dict.fromkeys(map(read_snowflake, channel_ids)):
        if number is not None and guild.get_channel_or_thread(number) is None:
            yield number


def _timeout_name(guild_id: int, bot_id: int) -> str:
    return f"timeout {guild_id} {bot_id}"
