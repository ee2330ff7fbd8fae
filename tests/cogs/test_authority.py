"""Who may use a command and what it has left open: by permission, granted, or let in by Server Settings."""

import sqlite3
from contextlib import closing

import discord
import pytest
import simcord

from bot.kit.tier import Tier
from bot.runtime.guard import _Paces
from tests.cogs.town import PORTUGUESE, Town, buttons, embed_of, field, final, only_button, shown

NOT_ALLOWED = "⚠️ This is for this server's managers"


def demote(town: Town) -> None:
    """Take Manage Server from the manager."""
    town.env.backend.get_guild(town.guild.id).members[town.manager.id].role_ids.clear()


def set_for(town: Town, command: str, member: simcord.MemberActor, *, allowed: bool) -> None:
    """Let an admin change a command in Server Settings; Discord tells the bot that something was changed."""
    town.guild.set_command_permissions(town.bot.tree.command_ids[command], {member: allowed})
    town.bot.overrides.forget(town.guild.id)


async def refusal(town: Town) -> simcord.InteractionResult:
    """Have the manager enter credentials that are refused; the answer has a button to enter them again."""
    form = await town.open_form("add", "toolzz")
    return await town.manager.submit_modal(form, dict(town.toolzz.refused_credentials))


async def test_a_former_manager_gets_no_second_form(town: Town) -> None:
    """The button under a refused form opens nothing for who was a manager when the form was sent."""
    refused = await refusal(town)
    demote(town)
    pressed = await town.manager.click(final(refused).message, label="Enter credentials again")
    assert pressed.modal is None
    assert embed_of(pressed).title == NOT_ALLOWED
    assert "</access grant:" in field(pressed, "What to do")


async def test_a_former_manager_removes_nothing(town: Town) -> None:
    """A question that was put to a manager is not answered by who is none any more."""
    await town.connect("toolzz")
    question = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    demote(town)
    pressed = await town.manager.click(final(question).message, label="Remove Toolzz · default")
    assert embed_of(pressed).title == NOT_ALLOWED
    assert await town.bot.connections.names(town.guild.id) == ["default"]


async def test_a_former_manager_with_a_granted_tier_goes_on(town: Town) -> None:
    """Buttons and forms obey a grant at once, and its end at once."""
    await town.bot.access.grant(
        town.guild.id, "member", town.manager.id, Tier.MANAGER, member_id=town.manager.id
    )
    refused = await refusal(town)
    demote(town)
    again = await town.manager.click(final(refused).message, label="Enter credentials again")
    assert again.modal is not None
    await town.bot.access.revoke(town.guild.id, "member", town.manager.id)
    sent = await town.manager.submit_modal(again, dict(town.toolzz.credentials))
    assert embed_of(sent).title == NOT_ALLOWED
    assert await town.bot.connections.names(town.guild.id) == []


async def test_whom_the_server_lets_in_can_finish(town: Town) -> None:
    """An override in Server Settings opens the command to a member, and with it its forms and buttons."""
    set_for(town, "connections", town.member, allowed=True)
    form = await town.member.slash(town.channel, "connections add", provider="toolzz")
    refused = await town.member.submit_modal(form, dict(town.toolzz.refused_credentials))
    again = await town.member.click(final(refused).message, label="Enter credentials again")
    done = await town.member.submit_modal(again, dict(town.toolzz.credentials))
    assert embed_of(done).title == "✅ Toolzz is connected"


async def test_whom_the_server_lets_in_is_let_into_that_command_alone(town: Town) -> None:
    """What an override opens is no tier: buttons of other commands stay closed."""
    await town.connect("toolzz")
    set_for(town, "connections", town.member, allowed=True)
    status = await town.manager.slash(
        town.channel, "toolzz status", integration=town.toolzz.CONNECTED, share=True
    )
    pressed = await town.member.click(final(status).message, label="Refresh")
    assert embed_of(pressed).title == NOT_ALLOWED


async def test_an_override_that_was_taken_back_lets_nobody_in(town: Town) -> None:
    """The next press after the change is refused."""
    set_for(town, "connections", town.member, allowed=True)
    form = await town.member.slash(town.channel, "connections add", provider="toolzz")
    set_for(town, "connections", town.member, allowed=False)
    sent = await town.member.submit_modal(form, dict(town.toolzz.credentials))
    assert embed_of(sent).title == NOT_ALLOWED


async def test_a_manager_whom_the_server_shuts_out_presses_nothing(town: Town) -> None:
    """An override that denies goes before Manage Server, for buttons too."""
    refused = await refusal(town)
    set_for(town, "connections", town.manager, allowed=False)
    pressed = await town.manager.click(final(refused).message, label="Enter credentials again")
    assert pressed.modal is None
    assert embed_of(pressed).title == "⚠️ Server Settings forbid this to you"
    assert "/access grant" not in shown(pressed)


async def test_an_administrator_cannot_be_shut_out(town: Town) -> None:
    """Administrators pass every override, as they do with Discord."""
    admins = town.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    admin = town.guild.add_member(town.env.create_user("ada"), roles=[admins])
    set_for(town, "connections", admin, allowed=False)
    refused = await refusal(town)
    pressed = await town.press(admin, final(refused), only_button(refused)["custom_id"])
    assert pressed.modal is not None


# --- whom the operator serves ---


@pytest.mark.parametrize(("allowed", "denied"), [((1,), ()), ((), (0,))], ids=["not allowed", "denied"])
async def test_a_server_that_is_not_served_is_told_so(
    town: Town, allowed: tuple[int, ...], denied: tuple[int, ...]
) -> None:
    """Commands and buttons answer why, in the member's language, and do nothing."""
    refused = await refusal(town)
    served = town.bot.served
    object.__setattr__(served, "allowed", allowed)
    object.__setattr__(served, "denied", tuple(guild or town.guild.id for guild in denied))
    assert embed_of(await town.manager.slash(town.channel, "help")).title == "⚠️ I do not serve this server"
    town.locale = PORTUGUESE
    pressed = await town.manager.click(final(refused).message, label="Enter credentials again")
    assert embed_of(pressed).title == "⚠️ Eu não atendo este servidor"


# --- how often ---


async def test_who_is_too_fast_is_told_when_to_come_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many uses in a minute a member is held back, with the time; others are not."""
    for _ in range(60):
        assert "Not so fast" not in shown(await town.manager.slash(town.channel, "help"))
    late = await town.manager.slash(town.channel, "help")
    now = int(town.env.now().timestamp())
    assert embed_of(late).title == "⚠️ Not so fast"
    assert f"<t:{now + 60}:R>" in field(late, "What to do")
    assert "Not so fast" not in shown(await town.member.slash(town.channel, "help"))
    await town.env.advance_time(61)
    assert "Not so fast" not in shown(await town.manager.slash(town.channel, "help"))


async def test_presses_count_as_well(town: Town) -> None:
    """A button that is pressed over and over is held back like a command."""
    refused = await refusal(town)
    for _ in range(58):
        await town.manager.click(final(refused).message, label="Enter credentials again")
    late = await town.manager.click(final(refused).message, label="Enter credentials again")
    assert late.modal is None
    assert embed_of(late).title == "⚠️ Not so fast"


async def test_one_server_cannot_use_up_what_all_share(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """All managers of a server together are held back too; another server is not, nor `/help`."""
    abroad = town.abroad()
    role = town.guild.create_role("Crew", permissions=discord.Permissions(manage_guild=True))
    crew = [town.guild.add_member(town.env.create_user(f"m{number}"), roles=[role]) for number in range(6)]
    command = {"id": "1", "name": "connections", "type": 1, "options": [{"name": "list", "type": 1}]}
    kind = discord.InteractionType.application_command
    sent = [town.send(kind, member, command) for member in crew for _ in range(51)]
    await town.env.settle()
    held_back = [number for number, result in enumerate(sent) if "Not so fast" in shown(result)]
    assert held_back == list(range(300, 306))
    assert "Not so fast" not in shown(await abroad.manager.slash(abroad.channel, "connections list"))
    assert "Not so fast" not in shown(await crew[-1].slash(town.channel, "help"))


async def test_others_cannot_use_up_what_managers_have(town: Town) -> None:
    """What is refused, or is for everybody, does not count for the server."""
    town.bot.tree._guard._guilds = _Paces(30, 60.0)
    for _ in range(40):
        kind = discord.InteractionType.application_command
        town.send(kind, town.member, {"id": "1", "name": "help", "type": 1, "options": []})
    await town.env.settle()
    assert "Not so fast" not in shown(await town.manager.slash(town.channel, "connections list"))


# --- two presses at once ---


@pytest.mark.parametrize("by_grant", [False, True])
@pytest.mark.parametrize("first", [0, 1])
async def test_of_two_presses_at_once_the_first_counts(town: Town, by_grant: bool, first: int) -> None:
    """Also where the guard has to ask before it knows; to keep something keeps it."""
    await town.connect("toolzz")
    asked = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    if by_grant:
        grant = town.bot.access.grant
        await grant(town.guild.id, "member", town.manager.id, Tier.MANAGER, member_id=town.manager.id)
        demote(town)
    else:
        town.bot.overrides.forget(town.guild.id)
    remove, keep = (button["custom_id"] for button in buttons(asked))
    await town.press_at_once(town.manager, final(asked), *((remove, remove), (keep, remove))[first])
    assert await town.bot.connections.names(town.guild.id) == [[], ["default"]][first]
    removals = [entry for entry in await audited(town) if entry == ("connection.remove", "done")]
    assert len(removals) == 1 - first


async def audited(town: Town) -> list[tuple[str, str]]:
    """Return action and result of each change, as recorded."""
    with closing(sqlite3.connect(town.database)) as database:
        return database.execute("SELECT action, result FROM audit ORDER BY number").fetchall()


async def test_a_guard_that_fails_answers(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cannot be judged because our own store fails is told so, and is not let in."""

    async def fail(*_: object) -> Tier:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(town.bot.access, "tier_of", fail)
    answered = await town.member.slash(town.channel, "help")
    assert answered.acknowledged
    assert town.texts("problem.unexpected.title") in shown(answered)


async def test_a_form_that_came_too_fast_can_be_opened_again(town: Town) -> None:
    """Who is held back with a form in hand gets the button that opens it anew."""
    form = await town.open_form("add", "toolzz")
    for _ in range(59):
        await town.manager.slash(town.channel, "help")
    late = await town.manager.submit_modal(form, dict(town.toolzz.credentials))
    assert embed_of(late).title == "⚠️ Not so fast"
    assert only_button(late)["label"] == "Enter credentials again"
