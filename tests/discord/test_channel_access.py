"""What a bot can do in a server, against Discord's own rules written down a second time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import discord
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.discord.access.agent_bots import read_membership
from bot.discord.access.channel_access import BotAccess, ChannelFinding, ChannelKind, assess
from bot.features.monitoring.access import UNKNOWN, Access, AccessKind
from tests.support.cached_discord import (
    NEW_ID,
    OWNER_ID,
    CachedDiscord,
    channel,
    member,
    overwrite,
    role,
    thread,
)

GUILD: Final = NEW_ID
BOT: Final = NEW_ID + 1
ROLES: Final = (NEW_ID + 10, NEW_ID + 11)
CHANNEL: Final = NEW_ID + 20
NOW: Final = 1_800_000_000
SOON: Final = "2027-01-15T08:00:10.250000+00:00"
"""Ten seconds and a quarter after that."""

# Discord's bits: https://discord.com/developers/docs/topics/permissions
ADMINISTRATOR, VIEW, SEND, HISTORY, CONNECT = 1 << 3, 1 << 10, 1 << 11, 1 << 16, 1 << 20
MANAGE_THREADS, OPEN_THREADS, SEND_IN_THREADS = 1 << 34, 1 << 35, 1 << 38
BITS: Final = (VIEW, SEND, HISTORY, CONNECT, MANAGE_THREADS, OPEN_THREADS, SEND_IN_THREADS)
TEXT, VOICE, CATEGORY, NEWS, STAGE, FORUM, MEDIA = 0, 2, 4, 5, 13, 15, 16
NAMES: Final = {
    VIEW: "read_messages",
    SEND: "send_messages",
    HISTORY: "read_message_history",
    CONNECT: "connect",
    OPEN_THREADS: "create_public_threads",
    SEND_IN_THREADS: "send_messages_in_threads",
}

USUAL: Final = sum(BITS) & ~MANAGE_THREADS
some = st.lists(st.sampled_from(BITS), unique=True).map(sum)
nearly_all = st.sampled_from((0, *BITS)).map(lambda bit: USUAL & ~bit)
masks = nearly_all | nearly_all | some
"""Mostly all but one: with many missing, nothing else decides."""
pairs = st.tuples(some, st.sampled_from((0, *BITS)) | some).map(lambda pair: (pair[0] & ~pair[1], pair[1]))
"""What an overwrite allows and denies."""


@dataclass(frozen=True)
class World:
    """A server with one channel, perhaps a thread in it, and a bot.

    overwrites: of everybody, of two roles, of the bot; None where there is none. held: which of the two roles
    the bot has. thread: None, or whether one there is private, locked, archived.
    """

    everybody: int
    roles: tuple[int, int]
    held: tuple[bool, bool]
    overwrites: tuple[tuple[int, int] | None, ...]
    kind: int
    thread: tuple[bool, bool, bool] | None
    is_member: bool
    is_owner: bool
    is_timed_out: bool
    opens_threads: bool

    @property
    def permissions(self) -> int:
        """What the bot may do in the channel, by Discord's documentation."""
        held = [permissions for permissions, has in zip(self.roles, self.held, strict=True) if has]
        base = self.everybody
        for permissions in held:
            base |= permissions
        if self.may_everything:
            return -1
        of_everybody, *of_roles, of_bot = self.overwrites
        if of_everybody:
            base = base & ~of_everybody[1] | of_everybody[0]
        given = [pair for pair, has in zip(of_roles, self.held, strict=True) if has and pair]
        for _, denied in given:
            base &= ~denied
        for allowed, _ in given:
            base |= allowed
        if of_bot:
            base = base & ~of_bot[1] | of_bot[0]
        return base

    @property
    def may_everything(self) -> bool:
        """Whether no overwrite and no timeout affects the bot."""
        held = [permissions for permissions, has in zip(self.roles, self.held, strict=True) if has]
        return self.is_owner or any(each & ADMINISTRATOR for each in (self.everybody, *held))

    @property
    def needed(self) -> list[int]:
        """The bits that it takes to answer."""
        if self.thread is not None or self.kind in {FORUM, MEDIA}:
            return [VIEW, SEND_IN_THREADS, HISTORY]
        if self.kind in {VOICE, STAGE}:
            return [VIEW, CONNECT, SEND, HISTORY]
        more = [OPEN_THREADS, SEND_IN_THREADS] if self.opens_threads else []
        return [VIEW, SEND, HISTORY, *more]

    @property
    def finding(self) -> tuple[ChannelFinding, set[str]]:
        """What has to be found, and which permissions have to be named."""
        missing = {NAMES[bit] for bit in self.needed if not self.permissions & bit}
        private, locked, archived = self.thread or (False, False, False)
        manages = self.permissions & MANAGE_THREADS
        reasons = {
            ChannelFinding.CATEGORY: self.kind == CATEGORY,
            ChannelFinding.ABSENT: not self.is_member,
            ChannelFinding.TIMED_OUT: self.is_timed_out and not self.may_everything,
            ChannelFinding.LACKING: missing,
            ChannelFinding.LOCKED: locked and not manages,
            ChannelFinding.PRIVATE: private and not manages,
            ChannelFinding.ARCHIVED: archived,
            ChannelFinding.USABLE: True,
        }
        finding = next(finding for finding, counts in reasons.items() if counts)
        if finding is not ChannelFinding.LACKING:
            return finding, set()
        return finding, {NAMES[VIEW]} if NAMES[VIEW] in missing else missing


def of_kinds(draw: st.DrawFn) -> tuple[int, tuple[bool, bool, bool] | None]:
    """Draw a channel's kind, and whether a thread in it is looked at, which voice channels cannot have."""
    kind = draw(st.sampled_from((TEXT, NEWS, VOICE, STAGE, CATEGORY, FORUM, MEDIA)))
    threads = st.none() | st.tuples(st.booleans(), st.booleans(), st.booleans())
    return kind, draw(threads) if kind in {TEXT, NEWS, FORUM} else None


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a server."""
    kind, in_thread = of_kinds(draw)
    role_bits = st.tuples(some, st.sampled_from((0, 0, 0, ADMINISTRATOR))).map(sum)
    return World(
        draw(masks),
        draw(st.tuples(role_bits, role_bits)),
        draw(st.tuples(st.booleans(), st.booleans())),
        draw(st.tuples(*[st.none() | st.none() | pairs] * 4)),
        kind,
        in_thread,
        is_member=draw(st.sampled_from((True, True, True, False))),
        is_owner=draw(st.sampled_from((False, False, False, True))),
        is_timed_out=draw(st.sampled_from((False, False, True))),
        opens_threads=draw(st.booleans()),
    )


async def judged(world: World, *, channels: tuple[int, ...]) -> BotAccess:
    """Build the server in discord.py's cache, and have the bot judged."""
    there = CachedDiscord()
    targets = [(GUILD, 0), *((each, 0) for each in ROLES), (BOT, 1)]
    overwrites = [
        overwrite(target, kind, *pair)
        for (target, kind), pair in zip(targets, world.overwrites, strict=True)
        if pair is not None
    ]
    threads = []
    if world.thread is not None:
        private, locked, archived = world.thread
        threads.append(
            thread(CHANNEL + 1, GUILD, CHANNEL, 12 if private else 11, locked=locked, archived=archived)
        )
    guild = there.add_guild(
        GUILD,
        everybody=world.everybody,
        roles=[role(each, bits) for each, bits in zip(ROLES, world.roles, strict=True)],
        channels=[channel(CHANNEL, world.kind, overwrites)],
        threads=threads,
        owner_id=BOT if world.is_owner else OWNER_ID,
    )
    if world.is_member:
        held = [each for each, has in zip(ROLES, world.held, strict=True) if has]
        until = SOON if world.is_timed_out else None
        there.answers.members[GUILD, BOT] = member(BOT, held, until)
    membership = await read_membership(guild, BOT)
    found = [(str(each), guild.get_channel_or_thread(each) or ChannelFinding.DELETED) for each in channels]
    return assess(guild, BOT, membership, found, NOW, opens_threads=world.opens_threads)


OPEN: Final = World(
    everybody=VIEW | SEND | HISTORY,
    roles=(0, 0),
    held=(False, False),
    overwrites=(None,) * 4,
    kind=TEXT,
    thread=None,
    is_member=True,
    is_owner=False,
    is_timed_out=False,
    opens_threads=False,
)


IN_THREADS: Final = replace(OPEN, everybody=VIEW | SEND_IN_THREADS | HISTORY)
"""A server in which everybody may read, and write in threads alone."""


@settings(max_examples=200)
@given(worlds())
@example(OPEN)
@example(replace(OPEN, kind=VOICE))
@example(replace(OPEN, opens_threads=True))
@example(replace(IN_THREADS, kind=FORUM))
@example(replace(IN_THREADS, thread=(False, True, False)))
@example(replace(IN_THREADS, thread=(True, False, True)))
@example(replace(IN_THREADS, thread=(False, False, True)))
async def test_a_channel_is_judged_by_discords_rules(world: World) -> None:
    """Whatever roles, overwrites, threads and timeouts a server has, the finding is the one that follows."""
    asked = CHANNEL + 1 if world.thread is not None else CHANNEL
    found = await judged(world, channels=(asked,))
    (one,) = found.channels
    assert (one.finding, set(one.missing)) == world.finding
    assert one.parent == (CHANNEL if world.thread is not None else None)
    assert found.access.kind is kind_of(world)


def kind_of(world: World) -> AccessKind:
    """Return what has to come out for a bot with this one channel."""
    if not world.is_member:
        return AccessKind.ABSENT
    if world.is_timed_out and not world.may_everything:
        return AccessKind.TIMED_OUT
    return {
        ChannelFinding.USABLE: AccessKind.USABLE,
        ChannelFinding.ARCHIVED: AccessKind.USABLE,
        ChannelFinding.PRIVATE: AccessKind.UNKNOWN,
    }.get(world.finding[0], AccessKind.NO_CHANNEL)


@settings(max_examples=200)
@given(worlds())
@example(replace(OPEN, kind=VOICE))
@example(IN_THREADS)
@example(replace(IN_THREADS, kind=FORUM))
@example(replace(IN_THREADS, thread=(False, False, False)))
@example(replace(IN_THREADS, thread=(False, True, False)))
@example(replace(IN_THREADS, thread=(True, False, False)))
async def test_without_a_list_every_channel_counts(world: World) -> None:
    """A bot without a list of channels can answer where it can send, and is out where it can send nowhere."""
    found = await judged(world, channels=())
    expected = kind_of(world)
    if expected not in {AccessKind.ABSENT, AccessKind.TIMED_OUT}:
        expected = AccessKind.USABLE if can_send(world) else AccessKind.NO_CHANNEL
    assert found.access.kind is expected
    assert found.access.channels == 0


def can_send(world: World) -> bool:
    """Tell whether the bot can send in the channel, or in the thread there."""
    may = world.permissions
    in_threads = may & VIEW and may & SEND_IN_THREADS
    if world.thread is not None and in_threads:
        private, locked, _ = world.thread
        if may & MANAGE_THREADS or not (private or locked):
            return True
    match world.kind:
        case 4:
            return False
        case 15 | 16:
            return bool(in_threads)
        case 2 | 13:
            return bool(may & VIEW and may & SEND and may & CONNECT)
    return bool(may & VIEW and may & SEND)


async def test_a_timeout_has_an_end() -> None:
    """A timed-out bot is reported with the end, rounded up to a second, and no permission is named."""
    found = await judged(replace(OPEN, is_timed_out=True), channels=(CHANNEL,))
    assert found.access == Access(AccessKind.TIMED_OUT, until=NOW + 11)
    assert found.channels[0].missing == ()
    assert datetime.fromtimestamp(NOW, UTC).isoformat() == "2027-01-15T08:00:00+00:00"


@pytest.mark.parametrize(
    ("kind", "expected"),
    {
        TEXT: ChannelKind.TEXT,
        NEWS: ChannelKind.TEXT,
        VOICE: ChannelKind.VOICE,
        STAGE: ChannelKind.STAGE,
        FORUM: ChannelKind.FORUM,
        MEDIA: ChannelKind.MEDIA,
        CATEGORY: ChannelKind.CATEGORY,
    }.items(),
)
async def test_each_kind_of_channel_has_its_name(kind: int, expected: ChannelKind) -> None:
    """A forum is called a forum, and a media channel is told from it."""
    found = await judged(replace(OPEN, kind=kind), channels=(CHANNEL,))
    assert found.channels[0].kind is expected


@pytest.mark.parametrize(
    ("good", "bad", "doubtful", "expected"),
    [
        (3, 2, 0, Access(AccessKind.USABLE, 3, 5)),
        (1, 0, 0, Access(AccessKind.USABLE, 1, 1)),
        (1, 1, 3, Access(AccessKind.USABLE, 4, 5)),
        (0, 2, 0, Access(AccessKind.NO_CHANNEL, 0, 2)),
        (0, 2, 1, UNKNOWN),
        (0, 0, 1, UNKNOWN),
    ],
)
async def test_doubtful_channels_prove_nothing(good: int, bad: int, doubtful: int, expected: Access) -> None:
    """A bot is out only if all its channels are known to be bad, and only those are counted against it."""
    found = await judged(OPEN, channels=(CHANNEL,) * good + (1,) * bad)
    unclear = await judged(
        replace(IN_THREADS, thread=(True, False, False)),
        channels=(CHANNEL + 1,) * doubtful,
    )
    both = BotAccess(BOT, is_member=True, is_checked=True, channels=found.channels + unclear.channels)
    assert both.access == expected
    assert both.access.is_partial == (good > 0 and bad > 0)


def test_what_is_not_known_is_not_blocked() -> None:
    """Without complete knowledge the result is unknown, which is never a blocked bot."""
    for is_member, is_checked in ((None, True), (True, False), (False, False), (True, True)):
        found = BotAccess(BOT, is_member, is_checked, ())
        assert found.access == UNKNOWN
        assert not found.access.is_blocked


def test_the_model_has_discords_bits() -> None:
    """The model's bits are those of the permissions that it names."""
    for bit, name in NAMES.items():
        assert getattr(discord.Permissions(bit), name)
    assert discord.Permissions(MANAGE_THREADS).manage_threads
    assert discord.Permissions(ADMINISTRATOR).administrator
