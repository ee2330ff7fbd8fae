"""A grant to a member ends when they leave the server, and is shown, replaced and deleted as such."""

import pytest
import simcord

from bot.features.access.tier import Tier
from bot.i18n.catalog import LOCALES
from tests.support.audit_steps import fill, listed
from tests.support.clock import SharedClock
from tests.support.english import english
from tests.support.harness import BotHarness, buttons, embed_of, final, shown

DAY = 86_400


async def let_in(harness: BotHarness) -> None:
    """Grant manager access to the member and to a role, which nobody has."""
    access, by = harness.bot.services.access, harness.manager.id
    await access.grant(harness.guild.id, "member", harness.member.id, Tier.MANAGER, member_id=by)
    crew = harness.guild.create_role("Crew")
    await access.grant(harness.guild.id, "role", crew.id, Tier.MANAGER, member_id=by)


async def leave(harness: BotHarness, *, returns: bool) -> None:
    """Remove the member; if they return, then without any role."""
    await harness.env.advance_time(1)
    harness.guild.remove_member(harness.member)
    await harness.env.advance_time(1)
    if returns:
        harness.guild.add_member(harness.member.user)


async def press(harness: BotHarness) -> simcord.InteractionResult:
    """Have the member press a button below the manager's list of the audit log."""
    await fill(harness, 12)
    asked = await listed(harness)
    return await harness.press(harness.member, final(asked), buttons(asked)[1]["custom_id"])


async def pass_day(harness: BotHarness, day: int) -> None:
    """Let the next hourly round find that a whole day has passed. day: counted from 1."""
    clock = harness.bot.services.clock
    assert isinstance(clock, SharedClock)
    clock.source = lambda: harness.env.now().timestamp() + day * DAY
    await harness.env.advance_time(3610)


async def granted(harness: BotHarness) -> list[str]:
    """Return which kinds of grants are stored."""
    return [grant.kind for grant in await harness.bot.services.access.of_guild(harness.guild.id)]


@pytest.mark.parametrize("why", ["returned", "guest"])
async def test_who_was_kicked_and_comes_back_has_no_rights(harness: BotHarness, why: str) -> None:
    """Neither a button nor `/help` counts the grant, also where Discord names no time of joining."""
    refusal = harness.texts("problem.not_allowed.manager.title")
    hidden = harness.texts("help.hidden.manager")
    await let_in(harness)
    assert refusal not in shown(await press(harness))
    assert harness.linked(hidden) in shown(await harness.member.slash(harness.channel, "help"))
    if why == "returned":
        await leave(harness, returns=True)
    else:
        harness.env.backend.get_guild(harness.guild.id).members[harness.member.id].joined_at = None  # type: ignore[assignment] # as Discord says of guests
    assert refusal in shown(await press(harness))
    assert harness.linked(hidden) not in shown(await harness.member.slash(harness.channel, "help"))


async def test_a_grant_to_a_role_does_not_end(harness: BotHarness) -> None:
    """Whoever gets the role has its rights, whenever they joined."""
    await let_in(harness)
    await leave(harness, returns=True)
    member = harness.env.backend.get_guild(harness.guild.id).members[harness.member.id]
    member.role_ids.append(harness.guild.roles["Crew"].id)
    assert harness.texts("problem.not_allowed.manager.title") not in shown(await press(harness))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("returns", [True, False])
async def test_the_list_shows_it_as_ended_and_granting_again_works(
    harness: BotHarness, locale: str, returns: bool
) -> None:
    """The list says that the grant ended, and that a member left who is still gone; a new grant counts."""
    harness.locale = locale
    await let_in(harness)
    mention = f"<@{harness.member.id}>"
    ended = harness.texts("access.list.void" if returns else "access.list.ended", who=mention)
    assert ended not in shown(await harness.manager.slash(harness.channel, "access list"))
    await leave(harness, returns=returns)
    lines = shown(await harness.manager.slash(harness.channel, "access list")).splitlines()
    assert ended in lines
    if not returns:
        harness.guild.add_member(harness.member.user)
    await harness.manager.slash(harness.channel, "access grant", tier="manager", member=harness.member)
    assert ended not in shown(await harness.manager.slash(harness.channel, "access list"))
    assert harness.texts("problem.not_allowed.manager.title") not in shown(await press(harness))


@pytest.mark.parametrize(("status", "code"), [(404, 0), (403, 50001), (500, 0)])
async def test_the_list_shows_what_is_known_where_discord_does_not_say(
    harness: BotHarness, status: int, code: int
) -> None:
    """A 404 without Discord's own code for an unknown member ends no grant."""
    await let_in(harness)
    await leave(harness, returns=False)
    path = f"/guilds/*/members/{harness.member.id}"
    harness.env.inject_error("GET", path, status=status, code=code, times=None)
    answer = await harness.manager.slash(harness.channel, "access list")
    assert embed_of(answer).title == f"🔌 {english.plural('access.list.title', 2)}"
    mention = f"<@{harness.member.id}>"
    assert harness.texts("access.list.ended", who=mention) not in shown(answer)
    assert f"❔ {mention}" in shown(answer)
    assert f"❔ {harness.texts('access.list.unchecked')}" in shown(answer)


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_list_says_of_whom_discord_was_not_asked(harness: BotHarness, locale: str) -> None:
    """Of twelve members who were removed, ten are shown as such and two as not checked."""
    harness.locale = locale
    for number in range(12):
        member = harness.guild.add_member(harness.env.create_user(f"crew{number}"))
        access, by = harness.bot.services.access, harness.manager.id
        await access.grant(harness.guild.id, "member", member.id, Tier.VIEWER, member_id=by)
        harness.guild.remove_member(member)
    answer = shown(await harness.manager.slash(harness.channel, "access list"))
    ended = harness.texts("access.list.ended", who="").removeprefix(":")
    assert (answer.count(ended), answer.count("❔ <@")) == (10, 2)
    assert f"❔ {harness.texts('access.list.unchecked')}" in answer
    for grant in (await harness.bot.services.access.of_guild(harness.guild.id))[2:]:
        await harness.bot.services.access.revoke(harness.guild.id, "member", grant.subject)
    answer = shown(await harness.manager.slash(harness.channel, "access list"))
    assert (answer.count(ended), answer.count("❔")) == (2, 0)


async def test_a_grant_of_a_user_whom_discord_does_not_know_ends(harness: BotHarness) -> None:
    """Nobody has the id any more: the list says so, and the grant is deleted within a day."""
    await let_in(harness)
    path = f"/guilds/*/members/{harness.member.id}"
    harness.env.inject_error("GET", path, status=404, code=10013, times=None)
    answer = await harness.manager.slash(harness.channel, "access list")
    assert harness.texts("access.list.ended", who=f"<@{harness.member.id}>") in shown(answer)
    await pass_day(harness, 1)
    assert await granted(harness) == ["role"]


@pytest.mark.parametrize("returns", [True, False])
async def test_a_grant_that_has_ended_is_deleted_within_a_day(harness: BotHarness, returns: bool) -> None:
    """Discord is asked once a day about each member with a grant; the audit log says what was deleted."""
    await let_in(harness)
    await leave(harness, returns=returns)
    await pass_day(harness, 1)
    assert await granted(harness) == ["role"]
    asked = [
        each for each in harness.env.http_requests if each.path.endswith(f"/members/{harness.member.id}")
    ]
    assert len(asked) == 1
    entries, _ = await harness.bot.services.audit.export(harness.guild.id)
    (entry,) = (each for each in entries if each.action == "access.revoke")
    assert (entry.member, entry.subject) == (None, harness.member.id)


async def test_a_grant_stays_while_its_member_does_or_discord_does_not_say(harness: BotHarness) -> None:
    """A refusal that is not Discord's own deletes nothing; the next day it is asked again."""
    await let_in(harness)
    await pass_day(harness, 1)
    assert await granted(harness) == ["role", "member"]
    await leave(harness, returns=False)
    harness.env.inject_error("GET", "/guilds/*/members/*", status=404, code=0, times=None)
    await pass_day(harness, 2)
    assert await granted(harness) == ["role", "member"]
    harness.env.backend.faults.clear()
    await pass_day(harness, 3)
    assert await granted(harness) == ["role"]
