"""What agents' bots can do, where Discord does not answer or the cache is incomplete."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

import pytest

from bot.features.monitoring.access import UNKNOWN, Access, AccessKind
from tests.support.access_steps import TEXT, Watch, subject, watching
from tests.support.cached_discord import NEW_ID, channel, member, refusal, role, thread

GUILD, OTHER, BOT = NEW_ID, NEW_ID + 1, NEW_ID + 100
ROLE: Final = NEW_ID + 50
ELSEWHERE: Final = NEW_ID + 60
USABLE: Final = Access(AccessKind.USABLE)
ABSENT: Final = Access(AccessKind.ABSENT)
QUARTER: Final = 900.0


# --- what Discord's silence means ---


@pytest.mark.parametrize(
    "error",
    [
        refusal(500, 0),
        refusal(404, 10004),
        refusal(404, 0),
        refusal(403, 50001),
        refusal(403, 0),
        refusal(404, 10013),
        OSError(),
        KeyError("user"),
    ],
    ids=str,
)
@watching
async def test_a_failure_is_no_absence(watch: Watch, error: Exception) -> None:
    """Only "Unknown Member" makes a bot absent; what else goes wrong is unknown, and not repeated at once."""
    watch.add(GUILD)
    watch.discord.answers.members[GUILD, BOT] = error
    for _ in range(50):
        assert await watch.read(GUILD, BOT) == [UNKNOWN]
        await asyncio.sleep(1)
    assert len(watch.requests) == 1
    watch.discord.answers.members[GUILD, BOT] = member(BOT)
    await asyncio.sleep(2 * QUARTER)
    await watch.read(GUILD, BOT)
    await asyncio.sleep(1)
    assert await watch.read(GUILD, BOT) == [USABLE]


@watching
async def test_a_slow_answer_is_not_awaited_for_long(watch: Watch) -> None:
    """A read ends after five seconds; an answer that comes later is kept, and told."""
    watch.add(GUILD, *(BOT + number for number in range(40)))
    watch.add(OTHER, BOT)
    loop = asyncio.get_running_loop()
    found = await watch.read(GUILD, *(BOT + number for number in range(40)))
    assert loop.time() == 5
    assert found.count(UNKNOWN) == 15
    await asyncio.sleep(10)
    assert [guild_id for _, guild_id in watch.told] == [GUILD] * len(watch.told) != []
    assert await watch.read(GUILD, *(BOT + number for number in range(40))) == [USABLE] * 40
    assert len(watch.requests) == 40


@watching
async def test_a_question_has_a_deadline(watch: Watch) -> None:
    """A question that Discord does not answer is given up, and asked again a minute later."""
    watch.add(GUILD, BOT)
    watch.discord.answers.seconds = 3600
    assert await watch.read(GUILD, BOT) == [UNKNOWN]
    watch.discord.answers.seconds = 0
    assert await watch.read(GUILD, BOT) == [UNKNOWN]
    await asyncio.sleep(61)
    assert await watch.read(GUILD, BOT) == [USABLE]


@watching
async def test_an_incomplete_cache_proves_nothing(watch: Watch) -> None:
    """A server that is unknown or unavailable, a lost gateway, and a role that the cache lacks: unknown."""
    assert await watch.read(GUILD, BOT) == [UNKNOWN]
    guild = watch.discord.add_guild(GUILD)
    assert await watch.read(GUILD, BOT) == [ABSENT]
    guild.unavailable = True
    assert await watch.read(GUILD, BOT) == [UNKNOWN]
    guild.unavailable = False
    watch.discord.websocket.open = False
    assert await watch.read(GUILD, BOT) == [UNKNOWN]
    watch.discord.websocket.open = True
    watch.discord.answers.members[GUILD, BOT] = member(BOT, [ROLE])
    assert await watch.read(GUILD, subject(BOT, must_read=True)) == [UNKNOWN]
    watch.discord.add_guild(GUILD, everybody=0, roles=[role(ROLE, 0)], channels=[channel(TEXT)])
    assert await watch.read(GUILD, BOT) == [Access(AccessKind.NO_CHANNEL)]


@watching
async def test_a_role_that_is_gone_is_asked_about(watch: Watch) -> None:
    """If the cache no longer has a role of the bot, Discord is asked which ones it has."""
    watch.discord.add_guild(GUILD, everybody=0, roles=[role(ROLE, 1 << 3)], channels=[channel(TEXT)])
    watch.discord.answers.members[GUILD, BOT] = member(BOT, [ROLE])
    assert await watch.read(GUILD, BOT) == [USABLE]
    watch.discord.add_guild(GUILD, everybody=0, channels=[channel(TEXT)])
    watch.discord.answers.members[GUILD, BOT] = member(BOT)
    assert await watch.read(GUILD, BOT) == [Access(AccessKind.NO_CHANNEL)]
    assert len(watch.requests) == 2


# --- channels that the cache lacks ---


@watching
async def test_unknown_channels_are_looked_up_once(watch: Watch) -> None:
    """An archived thread, a hidden channel, a deleted one and one of another server are told apart, and not
    asked about again.
    """
    archived, hidden, deleted, elsewhere = (NEW_ID + 700 + number for number in range(4))
    watch.add(GUILD, BOT)
    watch.add(OTHER)
    watch.discord.answers.channels |= {
        archived: thread(archived, GUILD, TEXT + GUILD % 1000, archived=True),
        hidden: refusal(403, 50001),
        elsewhere: channel(elsewhere) | {"guild_id": str(OTHER)},
    }
    listed = [archived, hidden, deleted, elsewhere, "general"]
    for _ in range(3):
        assert await watch.read(GUILD, subject(BOT, listed)) == [Access(AccessKind.USABLE, 2, 5)]
    found = await watch.access.find(GUILD, BOT, [str(each) for each in listed])
    assert [each.finding for each in found.channels] == [
        "archived",
        "hidden",
        "deleted",
        "elsewhere",
        "deleted",
    ]
    assert [each.kind is None for each in found.channels] == [False, True, True, True, True]
    assert "bridge" not in repr(found.channels[1:])
    assert Counter(each for each in watch.requests if len(each) == 1) == {
        (each,): 1 for each in (archived, hidden, deleted, elsewhere)
    }


@watching
async def test_a_hidden_channel_blocks_nobody(watch: Watch) -> None:
    """The agent's bot may see what our own bot does not."""
    hidden, deleted = NEW_ID + 701, NEW_ID + 702
    watch.add(GUILD, BOT)
    watch.discord.answers.channels[hidden] = refusal(403, 50001)
    assert await watch.read(GUILD, subject(BOT, [hidden, deleted])) == [UNKNOWN]
    assert await watch.read(GUILD, subject(BOT, [deleted])) == [Access(AccessKind.NO_CHANNEL, 0, 1)]


@pytest.mark.parametrize("error", [refusal(500, 0), refusal(403, 0), refusal(404, 0), OSError()], ids=str)
@watching
async def test_a_failed_lookup_blocks_nobody(watch: Watch, error: Exception) -> None:
    """If Discord does not say what a channel is, the result is unknown, and it is asked again in a minute."""
    watch.add(GUILD, BOT)
    watch.discord.answers.channels[ELSEWHERE] = error
    for _ in range(3):
        assert await watch.read(GUILD, subject(BOT, [ELSEWHERE])) == [UNKNOWN]
    assert watch.requests == [(GUILD, BOT), (ELSEWHERE,)]
    del watch.discord.answers.channels[ELSEWHERE]
    await asyncio.sleep(61)
    assert await watch.read(GUILD, subject(BOT, [ELSEWHERE])) == [Access(AccessKind.NO_CHANNEL, 0, 1)]


@watching
async def test_few_channels_are_looked_up_at_a_time(watch: Watch) -> None:
    """A provider that lists hundreds of channels does not make us ask hundreds of times."""
    watch.add(GUILD, BOT)
    listed = [NEW_ID + 1000 + number for number in range(300)]
    assert await watch.read(GUILD, subject(BOT, listed)) == [UNKNOWN]
    assert len(watch.requests) == 11
    await watch.access.find(GUILD, BOT, list(map(str, listed)))
    assert len(watch.requests) == 11


@watching
async def test_an_absent_bots_channels_are_not_looked_up(watch: Watch) -> None:
    """What a bot could do in a channel does not matter as long as it is no member."""
    watch.add(GUILD)
    assert await watch.read(GUILD, subject(BOT, [ELSEWHERE])) == [ABSENT]
    assert watch.requests == [(GUILD, BOT)]
