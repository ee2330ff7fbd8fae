"""What agents' bots can do, as the checks read it: when Discord is asked, and what changes tell."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

import discord

from bot.features.monitoring.access import UNKNOWN, Access, AccessKind
from tests.support.access_steps import START, TEXT, Watch, subject, watching
from tests.support.cached_discord import NEW_ID, channel, member, overwrite, refusal, role, thread

GUILD, OTHER, BOT = NEW_ID, NEW_ID + 1, NEW_ID + 100
ROLE: Final = NEW_ID + 50
ELSEWHERE: Final = NEW_ID + 60
USABLE: Final = Access(AccessKind.USABLE)
ABSENT: Final = Access(AccessKind.ABSENT)
SEND: Final = discord.Permissions(send_messages=True).value
QUARTER: Final = 900.0


# --- how often Discord is asked ---


@watching
async def test_discord_is_asked_five_times_a_second(watch: Watch) -> None:
    """200 bots of 20 servers: never more than five requests in any second, and each server has its turn."""
    guilds = [NEW_ID + number for number in range(20)]
    bots = [NEW_ID + 100 + number for number in range(10)]
    for guild_id in guilds:
        watch.add(guild_id, *bots)
    found = await asyncio.gather(*(watch.read(guild_id, *bots) for guild_id in guilds))
    assert Counter(access for each in found for access in each)[USABLE] >= 25  # within the five seconds
    await asyncio.sleep(60)
    times = [time for time, _ in watch.discord.answers.requests]
    assert max(sum(start <= time < start + 1 for time in times) for start in times) == 5
    assert times[-1] < 40
    asked = watch.requests
    assert len(asked) == len(set(asked)) == 200
    assert len({guild_id for guild_id, _ in asked[:20]}) == 20
    # Answers that came too late are told, once per server and pause.
    assert {guild_id for _, guild_id in watch.told} == set(guilds)
    watch.told.clear()
    assert [await watch.read(guild_id, *bots) for guild_id in guilds] == [[USABLE] * 10] * 20
    assert watch.requests == []


@watching
async def test_an_answer_is_good_for_a_quarter_of_an_hour(watch: Watch) -> None:
    """Reads within 15 minutes ask nothing again; later ones renew the answer without waiting for it."""
    watch.add(GUILD, BOT)
    for _ in range(15):
        assert await watch.read(GUILD, BOT) == [USABLE]
        await asyncio.sleep(59)
    assert watch.requests == [(GUILD, BOT)]
    await asyncio.sleep(2 * 60)
    watch.discord.answers.seconds = 1
    assert await watch.read(GUILD, BOT) == [USABLE]
    await asyncio.sleep(10)
    assert watch.requests == [(GUILD, BOT)]
    assert watch.told == []


@watching
async def test_renewals_do_not_come_together(watch: Watch) -> None:
    """Answers that came at the same moment are renewed at different ones."""
    watch.add(GUILD, BOT, BOT + 1)
    await watch.read(GUILD, BOT, BOT + 1)
    watch.requests.clear()
    when: dict[int, int] = {}
    for second in range(0, 1200, 5):
        await watch.read(GUILD, BOT, BOT + 1)
        for _, bot_id in watch.requests:
            when.setdefault(bot_id, second)
        await asyncio.sleep(5)
    assert len(when) == len(set(when.values())) == 2
    assert all(QUARTER <= second <= QUARTER * 1.1 + 5 for second in when.values())


@watching
async def test_news_of_a_renewal_are_told(watch: Watch) -> None:
    """A kick that no event told is found by the renewal; the listener hears of it, and the next read too."""
    watch.add(GUILD, BOT)
    await watch.read(GUILD, BOT)
    del watch.discord.answers.members[GUILD, BOT]
    await asyncio.sleep(2 * QUARTER)
    assert await watch.read(GUILD, BOT) == [USABLE]
    await asyncio.sleep(3)
    assert [guild_id for _, guild_id in watch.told] == [GUILD]
    assert await watch.read(GUILD, BOT) == [ABSENT]


@watching
async def test_who_waits_comes_before_renewals(watch: Watch) -> None:
    """What a read needs is asked before what is only old, of whichever server."""
    bots = [BOT + number for number in range(50)]
    watch.add(GUILD, *bots)
    watch.add(OTHER, BOT)
    await watch.read(GUILD, *bots)
    await asyncio.sleep(2 * QUARTER)
    watch.requests.clear()
    await watch.read(GUILD, *bots)
    assert await watch.read(OTHER, BOT) == [USABLE]
    assert watch.requests.index((OTHER, BOT)) <= 5


@watching
async def test_a_read_can_insist(watch: Watch) -> None:
    """Discord is asked although the last answer is new; if it fails, that says nothing."""
    watch.add(GUILD, BOT)
    assert await watch.read(GUILD, BOT) == [USABLE]
    del watch.discord.answers.members[GUILD, BOT]
    assert await watch.read(GUILD, BOT) == [USABLE]
    assert await watch.read(GUILD, subject(BOT, must_read=True)) == [ABSENT]
    watch.discord.answers.members[GUILD, BOT] = refusal(500, 0)
    assert await watch.read(GUILD, subject(BOT, must_read=True)) == [UNKNOWN]
    assert len(watch.requests) == 3
    assert watch.told == []


@watching
async def test_blocked_is_confirmed(watch: Watch) -> None:
    """Before a bot is called blocked by an answer that is older than 30 s, Discord is asked again, unless an
    alert is open already.
    """
    watch.add(GUILD)
    assert await watch.read(GUILD, BOT) == [ABSENT]
    await asyncio.sleep(29)
    assert await watch.read(GUILD, BOT) == [ABSENT]
    assert len(watch.requests) == 1
    await asyncio.sleep(2)
    assert await watch.read(GUILD, subject(BOT, skip_confirmation=True)) == [ABSENT]
    assert watch.requests == []
    watch.discord.answers.members[GUILD, BOT] = refusal(500, 0)
    assert await watch.read(GUILD, BOT) == [UNKNOWN]
    watch.discord.answers.members[GUILD, BOT] = member(BOT)
    await asyncio.sleep(61)
    assert await watch.read(GUILD, BOT) == [USABLE]
    assert len(watch.requests) == 2


@watching
async def test_blocked_by_the_cache_is_confirmed_too(watch: Watch) -> None:
    """If all channels close, it counts which roles the bot has now, not which it had a while ago."""
    watch.discord.add_guild(GUILD, roles=[role(ROLE, 1 << 3)], channels=[channel(TEXT)])
    watch.discord.answers.members[GUILD, BOT] = member(BOT)
    assert await watch.read(GUILD, BOT) == [USABLE]
    await asyncio.sleep(60)
    watch.discord.answers.members[GUILD, BOT] = member(BOT, [ROLE])
    watch.discord.add_guild(GUILD, everybody=0, roles=[role(ROLE, 1 << 3)], channels=[channel(TEXT)])
    assert await watch.read(GUILD, BOT) == [USABLE]
    assert len(watch.requests) == 2


# --- changes ---


@watching
async def test_changes_are_told_together(watch: Watch) -> None:
    """Many changes are told once, two seconds later; those of a server that nobody asked about, never."""
    watch.add(GUILD, BOT)
    watch.add(OTHER, BOT)
    await watch.read(GUILD, BOT)
    for number in range(20):
        watch.access.channel_changed(GUILD, TEXT + number)
        watch.access.guild_changed(GUILD)
        watch.access.guild_changed(OTHER)
        await asyncio.sleep(0.1)
    await asyncio.sleep(10)
    assert [guild_id for _, guild_id in watch.told] == [GUILD]
    watch.access.guild_changed(GUILD)
    await asyncio.sleep(3)
    assert len(watch.told) == 2


@watching
async def test_a_bot_that_comes_or_goes_is_asked_about(watch: Watch) -> None:
    """What was known of the bot is forgotten, an answer that is on its way as well."""
    watch.add(GUILD, BOT)
    assert await watch.read(GUILD, BOT) == [USABLE]
    watch.discord.answers.seconds = 1
    reading = asyncio.ensure_future(watch.read(GUILD, subject(BOT, must_read=True)))
    await asyncio.sleep(0.5)
    del watch.discord.answers.members[GUILD, BOT]
    watch.access.bot_changed(GUILD, BOT)
    assert await reading == [UNKNOWN]
    await asyncio.sleep(3)
    assert len(watch.told) == 1
    assert await watch.read(GUILD, BOT) == [ABSENT]


@watching
async def test_an_application_is_not_always_its_bot(watch: Watch) -> None:
    """An application's event concerns the bot with its id, and each whose application may have another."""
    old, new, other = 200_000_000_000_000_001, BOT, BOT + 1
    watch.add(GUILD, old, new, other)
    await watch.read(GUILD, old, new, other)
    watch.requests.clear()
    watch.access.application_changed(GUILD, new)
    await watch.read(GUILD, old, new, other)
    assert sorted(watch.requests) == [(GUILD, old), (GUILD, new)]


@watching
async def test_the_end_of_a_timeout_is_told(watch: Watch) -> None:
    """A bot that is timed out is looked at again when its timeout ends, without a request until then."""
    watch.add(GUILD)
    watch.discord.answers.members[GUILD, BOT] = member(BOT, timed_out_until="2027-01-15T08:10:00+00:00")
    blocked = Access(AccessKind.TIMED_OUT, until=START + 600)
    for _ in range(2):
        assert await watch.read(GUILD, subject(BOT, skip_confirmation=True)) == [blocked]
    watch.requests.clear()
    watch.discord.answers.members[GUILD, BOT] = member(BOT)
    await asyncio.sleep(599)
    assert watch.told == []
    await asyncio.sleep(5)
    assert [guild_id for _, guild_id in watch.told] == [GUILD]
    assert await watch.read(GUILD, BOT) == [USABLE]
    assert watch.requests == [(GUILD, BOT)]


@watching
async def test_a_server_that_is_left_is_forgotten(watch: Watch) -> None:
    """Nothing of it is kept, asked or told, and whoever waits is let go."""
    watch.add(GUILD, BOT)
    watch.discord.answers.members[GUILD, BOT + 1] = member(
        BOT + 1, timed_out_until="2027-01-15T09:00:00+00:00"
    )
    await watch.read(GUILD, BOT, BOT + 1)
    watch.requests.clear()
    watch.discord.answers.seconds = 1
    waiting = asyncio.ensure_future(watch.read(GUILD, *(BOT + number for number in range(30))))
    await asyncio.sleep(0.5)
    watch.access.guild_left(GUILD)
    watch.discord.client._connection._remove_guild(watch.discord.client.get_guild(GUILD))  # type: ignore[arg-type]
    assert set(await waiting) == {UNKNOWN}
    asked = len(watch.requests)
    watch.access.guild_changed(GUILD)
    await asyncio.sleep(7200)
    assert (watch.told, watch.requests) == ([], [])
    assert asked <= 5


@watching
async def test_only_threads_that_are_listed_matter(watch: Watch) -> None:
    """Threads come and go all day; only a change to one that a provider lists is told."""
    watch.add(GUILD, BOT)
    listed = NEW_ID + 800
    watch.discord.answers.channels[listed] = thread(listed, GUILD, TEXT, archived=True)
    await watch.read(GUILD, subject(BOT, [listed]))
    watch.access.thread_changed(GUILD, listed + 1)
    await asyncio.sleep(3)
    assert watch.told == []
    watch.requests.clear()
    watch.access.thread_changed(GUILD, listed)
    await asyncio.sleep(3)
    assert len(watch.told) == 1
    await watch.read(GUILD, subject(BOT, [listed]))
    assert watch.requests == [(listed,)]


@watching
async def test_nothing_is_begun_at_the_end(watch: Watch) -> None:
    """A bot that shuts down starts no pause for the sake of changes."""
    watch.add(GUILD, BOT)
    await watch.read(GUILD, BOT)
    watch.background.shut_down()
    watch.access.guild_changed(GUILD)
    await asyncio.sleep(5)
    assert watch.told == []


@watching
async def test_commands_and_checks_agree(watch: Watch) -> None:
    """A command asks at once, its answer serves the checks, and both come to the same conclusion."""
    watch.discord.add_guild(
        GUILD, channels=[channel(TEXT), channel(TEXT + 1, overwrites=[overwrite(GUILD, 0, 0, SEND)])]
    )
    watch.discord.answers.members[GUILD, BOT] = member(BOT)
    listed = [TEXT, TEXT + 1]
    found = await watch.access.find(GUILD, BOT, list(map(str, listed)))
    assert watch.requests == [(GUILD, BOT)]
    assert (
        await watch.read(GUILD, subject(BOT, listed)) == [found.access] == [Access(AccessKind.USABLE, 1, 2)]
    )
    assert watch.requests == []
    del watch.discord.answers.members[GUILD, BOT]
    assert (await watch.access.find(GUILD, BOT)).access == ABSENT
    await asyncio.sleep(3)
    assert len(watch.told) == 1
    assert (await watch.access.find(GUILD, None)).access == UNKNOWN
    assert not (await watch.access.find(ELSEWHERE, BOT)).is_checked


@watching
async def test_one_that_nobody_watches_is_asked_about_every_quarter_of_an_hour(watch: Watch) -> None:
    """An absent bot whose block need not be confirmed takes one request for fourteen checks."""
    watch.discord.add_guild(GUILD, channels=[channel(TEXT)])
    for _ in range(14):
        assert await watch.read(GUILD, subject(BOT, skip_confirmation=True)) == [ABSENT]
        await asyncio.sleep(60)
    assert watch.requests == [(GUILD, BOT)]
