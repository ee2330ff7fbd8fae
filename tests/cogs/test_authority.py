"""Who may use a command and what it opened: by permission, by a grant, or by Server Settings."""

import io
import sqlite3
from contextlib import closing

import discord
import pytest
import simcord

from bot.discord.guard import _Cooldowns
from bot.errors import CooldownError
from bot.features.access.tier import Tier
from tests.support.authority import NOT_ALLOWED, demote
from tests.support.english import english
from tests.support.harness import PORTUGUESE, BotHarness, buttons, embed_of, field, final, only_button, shown
from tests.support.log_capture import log_lines


def set_for(harness: BotHarness, command: str, member: simcord.MemberActor, *, allowed: bool) -> None:
    """Let an admin change a command in Server Settings; Discord tells the bot that something was changed."""
    harness.guild.set_command_permissions(harness.bot.services.links.ids[command], {member: allowed})
    harness.bot.services.guard.change_overrides(harness.guild.id, {})


async def refusal(harness: BotHarness) -> simcord.InteractionResult:
    """Have the manager enter credentials that are refused; the answer has a button to enter them again."""
    form = await harness.open_form("add", "toolzz")
    return await harness.manager.submit_modal(form, dict(harness.toolzz.refused_credentials))


async def test_a_former_manager_gets_no_second_form(harness: BotHarness) -> None:
    """The button below a refused form opens nothing for a member who is no manager any more."""
    refused = await refusal(harness)
    demote(harness)
    pressed = await harness.manager.click(final(refused).message, label="Enter credentials again")
    assert pressed.modal is None
    assert embed_of(pressed).title == NOT_ALLOWED
    assert "</help:" in field(pressed, "What to do")


async def test_a_former_manager_removes_nothing(harness: BotHarness) -> None:
    """A question that was put to a manager cannot be answered by a former manager."""
    await harness.connect("toolzz")
    question = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    demote(harness)
    pressed = await harness.manager.click(final(question).message, label="Remove Toolzz · default")
    assert embed_of(pressed).title == NOT_ALLOWED
    assert await harness.bot.services.connections.names(harness.guild.id) == ["default"]


async def test_a_former_manager_with_a_granted_tier_goes_on(harness: BotHarness) -> None:
    """Buttons and forms obey a grant at once, and its end at once."""
    await harness.bot.services.access.grant(
        harness.guild.id, "member", harness.manager.id, Tier.MANAGER, member_id=harness.manager.id
    )
    refused = await refusal(harness)
    demote(harness)
    again = await harness.manager.click(final(refused).message, label="Enter credentials again")
    assert again.modal is not None
    await harness.bot.services.access.revoke(harness.guild.id, "member", harness.manager.id)
    sent = await harness.manager.submit_modal(again, dict(harness.toolzz.credentials))
    assert embed_of(sent).title == NOT_ALLOWED
    assert await harness.bot.services.connections.names(harness.guild.id) == []


async def test_whom_the_server_lets_in_can_finish(harness: BotHarness) -> None:
    """An override in Server Settings opens the command to a member, and with it its forms and buttons."""
    set_for(harness, "connections", harness.member, allowed=True)
    guide = await harness.member.slash(harness.channel, "connections add", provider="toolzz")
    form = await harness.open_form_of(guide, harness.member)
    refused = await harness.member.submit_modal(form, dict(harness.toolzz.refused_credentials))
    again = await harness.member.click(final(refused).message, label="Enter credentials again")
    done = await harness.member.submit_modal(again, dict(harness.toolzz.credentials))
    assert embed_of(done).title == f"✅ {english('connections.add.done', provider='Toolzz')}"


async def test_whom_the_server_lets_in_is_let_into_that_command_alone(harness: BotHarness) -> None:
    """An override gives no tier: buttons of other commands stay closed."""
    await harness.connect("toolzz")
    set_for(harness, "connections", harness.member, allowed=True)
    status = await harness.manager.slash(
        harness.channel, "toolzz status", integration=harness.toolzz.CONNECTED, share=True
    )
    pressed = await harness.member.click(final(status).message, label="Refresh")
    assert embed_of(pressed).title == NOT_ALLOWED


async def test_an_override_that_was_taken_back_lets_nobody_in(harness: BotHarness) -> None:
    """The next press after the change is refused."""
    set_for(harness, "connections", harness.member, allowed=True)
    guide = await harness.member.slash(harness.channel, "connections add", provider="toolzz")
    form = await harness.open_form_of(guide, harness.member)
    set_for(harness, "connections", harness.member, allowed=False)
    sent = await harness.member.submit_modal(form, dict(harness.toolzz.credentials))
    assert embed_of(sent).title == NOT_ALLOWED


async def test_a_manager_whom_the_server_shuts_out_presses_nothing(harness: BotHarness) -> None:
    """An override that denies goes before Manage Server, for buttons too."""
    refused = await refusal(harness)
    set_for(harness, "connections", harness.manager, allowed=False)
    pressed = await harness.manager.click(final(refused).message, label="Enter credentials again")
    assert pressed.modal is None
    assert embed_of(pressed).title == f"⚠️ {english('problem.not_allowed.none.title')}"
    assert "/access grant" not in shown(pressed)


async def test_an_administrator_cannot_be_shut_out(harness: BotHarness) -> None:
    """Administrators pass every override, as they do with Discord."""
    admins = harness.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    admin = harness.guild.add_member(harness.env.create_user("ada"), roles=[admins])
    set_for(harness, "connections", admin, allowed=False)
    refused = await refusal(harness)
    pressed = await harness.press(admin, final(refused), only_button(refused)["custom_id"])
    assert pressed.modal is not None


# --- whom the operator serves ---


@pytest.mark.parametrize(("allowed", "denied"), [((1,), ()), ((), (0,))], ids=["not allowed", "denied"])
async def test_a_server_that_is_not_served_is_told_so(
    harness: BotHarness, allowed: tuple[int, ...], denied: tuple[int, ...]
) -> None:
    """Commands and buttons answer why, in the member's language, and do nothing."""
    refused = await refusal(harness)
    served = harness.bot.services.served
    object.__setattr__(served, "allowed", allowed)
    object.__setattr__(served, "denied", tuple(guild or harness.guild.id for guild in denied))
    assert (
        embed_of(await harness.manager.slash(harness.channel, "help")).title
        == f"⚠️ {english('problem.not_served.title')}"
    )
    harness.locale = PORTUGUESE
    pressed = await harness.manager.click(final(refused).message, label="Enter credentials again")
    assert embed_of(pressed).title == f"⚠️ {harness.texts('problem.not_served.title')}"


# --- how often ---


async def test_who_is_too_fast_is_told_when_to_come_back(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member with too many uses in a minute is held back until a time; others are not."""
    for _ in range(60):
        assert english("problem.cooldown.title") not in shown(
            await harness.manager.slash(harness.channel, "help")
        )
    late = await harness.manager.slash(harness.channel, "help")
    now = int(harness.env.now().timestamp())
    assert embed_of(late).title == f"⚠️ {english('problem.cooldown.title')}"
    assert f"<t:{now + 60}:R>" in field(late, "What to do")
    assert english("problem.cooldown.title") not in shown(await harness.member.slash(harness.channel, "help"))
    await harness.env.advance_time(61)
    assert english("problem.cooldown.title") not in shown(
        await harness.manager.slash(harness.channel, "help")
    )


async def test_presses_count_as_well(harness: BotHarness) -> None:
    """A button that is pressed over and over is held back like a command."""
    refused = await refusal(harness)
    for _ in range(58):
        await harness.manager.click(final(refused).message, label="Enter credentials again")
    late = await harness.manager.click(final(refused).message, label="Enter credentials again")
    assert late.modal is None
    assert embed_of(late).title == f"⚠️ {english('problem.cooldown.title')}"


async def test_one_server_cannot_use_up_what_all_share(
    harness: BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All managers of a server together are held back too; another server and `/help` are not."""
    other_guild = harness.other_guild()
    role = harness.guild.create_role("Crew", permissions=discord.Permissions(manage_guild=True))
    crew = [
        harness.guild.add_member(harness.env.create_user(f"m{number}"), roles=[role]) for number in range(6)
    ]
    command = {"id": "1", "name": "connections", "type": 1, "options": [{"name": "list", "type": 1}]}
    kind = discord.InteractionType.application_command
    sent = [harness.send(kind, member, command) for member in crew for _ in range(51)]
    await harness.env.settle()
    held_back = [
        number for number, result in enumerate(sent) if english("problem.cooldown.title") in shown(result)
    ]
    assert held_back == list(range(300, 306))
    assert english("problem.cooldown.title") not in shown(
        await other_guild.manager.slash(other_guild.channel, "connections list")
    )
    assert english("problem.cooldown.title") not in shown(await crew[-1].slash(harness.channel, "help"))


async def test_others_cannot_use_up_what_managers_have(harness: BotHarness) -> None:
    """What is refused or open to everybody does not count for the server."""
    harness.bot.services.guard._guilds = _Cooldowns(30, 60.0)
    for _ in range(40):
        kind = discord.InteractionType.application_command
        harness.send(kind, harness.member, {"id": "1", "name": "help", "type": 1, "options": []})
    await harness.env.settle()
    assert english("problem.cooldown.title") not in shown(
        await harness.manager.slash(harness.channel, "connections list")
    )


async def test_suggestions_do_not_count(harness: BotHarness) -> None:
    """However much a member types, neither the member nor the server is held back."""
    harness.bot.services.guard._guilds = _Cooldowns(30, 60.0)
    for _ in range(61):
        await harness.manager.autocomplete(harness.channel, "connections rotate", "name", "d")
    assert english("problem.cooldown.title") not in shown(
        await harness.manager.slash(harness.channel, "connections list")
    )


def test_who_comes_back_when_told_is_not_too_fast() -> None:
    """The time is told in whole seconds, and a fraction of a second earlier would be too early."""
    cooldowns = _Cooldowns(1, 60.0)
    cooldowns.count("member", 1000.25)
    with pytest.raises(CooldownError) as refused:
        cooldowns.count("member", 1000.5)
    until = refused.value.values["until"]
    assert until == 1061
    cooldowns.count("member", float(until))


# --- two presses at once ---


@pytest.mark.parametrize("by_grant", [False, True])
@pytest.mark.parametrize("first", [0, 1])
async def test_of_two_presses_at_once_the_first_counts(
    harness: BotHarness, by_grant: bool, first: int
) -> None:
    """The first press counts also where the guard has to ask before it can decide."""
    await harness.connect("toolzz")
    asked = await harness.manager.slash(harness.channel, "connections remove", provider="toolzz")
    if by_grant:
        grant = harness.bot.services.access.grant
        await grant(
            harness.guild.id, "member", harness.manager.id, Tier.MANAGER, member_id=harness.manager.id
        )
        demote(harness)
    else:
        harness.bot.services.guard.change_overrides(harness.guild.id, {})
    remove, keep = (button["custom_id"] for button in buttons(asked))
    await harness.press_at_once(harness.manager, final(asked), *((remove, remove), (keep, remove))[first])
    assert await harness.bot.services.connections.names(harness.guild.id) == [[], ["default"]][first]
    removals = [entry for entry in await audited(harness) if entry == ("connection.remove", "done")]
    assert len(removals) == 1 - first


async def audited(harness: BotHarness) -> list[tuple[str, str]]:
    """Return action and result of each change, as recorded."""
    with closing(sqlite3.connect(harness.database)) as database:
        return database.execute("SELECT action, result FROM audit ORDER BY number").fetchall()


async def test_a_guard_that_fails_answers(harness: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member who cannot be judged because the database fails is told so, and is not let in."""

    async def fail(*_: object) -> Tier:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(harness.bot.services.access, "tier_of", fail)
    listing = {"name": "list", "type": 1, "options": []}
    sent = {"id": "1", "name": "alerts", "type": 1, "options": [listing]}
    answered = await harness.interact(discord.InteractionType.application_command, harness.member, sent)
    assert answered.acknowledged
    assert harness.texts("problem.unexpected.title") in shown(answered)


async def test_a_form_that_came_too_fast_can_be_opened_again(harness: BotHarness) -> None:
    """A member held back with a form gets the button that opens it again."""
    form = await harness.open_form("add", "toolzz")
    for _ in range(59):
        await harness.manager.slash(harness.channel, "help")
    late = await harness.manager.submit_modal(form, dict(harness.toolzz.credentials))
    assert embed_of(late).title == f"⚠️ {english('problem.cooldown.title')}"
    assert only_button(late)["label"] == "Enter credentials again"


async def test_managers_cannot_use_up_what_administrators_have(harness: BotHarness) -> None:
    """Administrators, who include the owner, and managers by permission have shares of their own."""
    harness.bot.services.guard._guilds = _Cooldowns(1, 60.0)
    admins = harness.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    admin = harness.guild.add_member(harness.env.create_user("ada"), roles=[admins])
    owner = simcord.MemberActor(harness.env, harness.guild, harness.guild.owner)
    titles = [
        embed_of(await actor.slash(harness.channel, command)).title
        for actor, command in [
            (harness.moderator(), "integrations overview"),
            (harness.manager, "connections list"),
            (admin, "connections list"),
            (owner, "connections list"),
        ]
    ]
    too_fast = f"⚠️ {harness.texts('problem.cooldown.title')}"
    assert [title == too_fast for title in titles] == [False, False, False, True]


async def test_suggestions_have_a_budget_of_their_own(harness: BotHarness) -> None:
    """Beyond it a member is given none, and nothing is read for that."""
    harness.bot.services.guard._suggestions = _Cooldowns(1, 60.0)
    await harness.connect("toolzz")
    given = [
        await harness.manager.autocomplete(harness.channel, "connections rotate", "name", "")
        for _ in range(2)
    ]
    assert [bool(each) for each in given] == [True, False]


async def test_suggestions_of_a_server_have_a_limit(harness: BotHarness) -> None:
    """More accounts are not given more; administrators have their own, and so have other servers."""
    harness.bot.services.guard._guild_suggestions = _Cooldowns(2, 60.0)
    role = harness.guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    admin = harness.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    members = [harness.guild.add_member(harness.env.create_user(f"m{n}"), roles=[role]) for n in range(3)]
    members.append(harness.guild.add_member(harness.env.create_user("root"), roles=[admin]))
    given = [await each.autocomplete(harness.channel, "audit list", "action", "") for each in members]
    assert [bool(each) for each in given] == [True, True, False, True]
    other = harness.other_guild()
    assert await other.manager.autocomplete(other.channel, "audit list", "action", "")


async def test_a_suggestion_beyond_the_limit_leaves_no_line(harness: BotHarness, log: io.StringIO) -> None:
    """Somebody who types on does not fill the log."""
    harness.bot.services.guard._suggestions = _Cooldowns(1, 60.0)
    for _ in range(3):
        await harness.manager.autocomplete(harness.channel, "audit list", "action", "")
    assert not log_lines(log, "refused")
