"""`/help` as managers, viewers and members see it, and the menu below it."""

from __future__ import annotations

import re
from typing import Any

import discord
import simcord
from discord import app_commands

from bot.discord.client import PatchbayBot
from bot.features.access.tier import Tier
from bot.features.alerts.service import RouteSettings
from bot.i18n.catalog import load_catalog
from tests.support.agent_in_server import toolzz_agent
from tests.support.english import english
from tests.support.harness import PORTUGUESE, BotHarness, buttons, embed_of, final, labels, shown

MENU = 3
PORTUGUESE_TEXTS = load_catalog()[PORTUGUESE]


async def help_for(harness: BotHarness, actor: simcord.MemberActor) -> simcord.InteractionResult:
    """Have somebody run `/help`."""
    return await actor.slash(harness.channel, "help")


def step(result: simcord.InteractionResult) -> str:
    """Return the next step, with which the answer starts."""
    assert embed_of(result).title in {english("next_step"), PORTUGUESE_TEXTS("next_step")}
    return embed_of(result).description or ""


def task_lines(result: simcord.InteractionResult) -> list[str]:
    """Return the lines below the next step."""
    (tasks,) = embed_of(result).fields
    return (tasks.value or "").splitlines()


def menu(result: simcord.InteractionResult) -> dict[str, Any]:
    """Return the menu of tasks."""
    (found,) = [each for each in buttons(result) if each["type"] == MENU]
    return found


async def pick(
    result: simcord.InteractionResult, actor: simcord.MemberActor, task: str
) -> simcord.InteractionResult:
    """Have somebody pick a task; the message shows it."""
    await actor.select(final(result).message, [task], custom_id=menu(result)["custom_id"])
    return result


def names(bot: PatchbayBot) -> set[str]:
    """Return the names of all commands except `/help`."""
    found = {command.qualified_name for command in bot.tree.walk_commands()}
    groups = {command.name for command in bot.tree.get_commands() if isinstance(command, app_commands.Group)}
    return found - groups - {"help"}


def linked_in(text: str) -> set[str]:
    """Return the commands that a text links to."""
    return set(re.findall(r"</([a-z -]+):\d+>", text))


async def everything_for(harness: BotHarness, actor: simcord.MemberActor) -> str:
    """Return the text of the first screen and of every task that the menu offers."""
    result = await help_for(harness, actor)
    found = [shown(result)]
    tasks = [each["options"] for each in buttons(result) if each["type"] == MENU]
    for option in tasks[0] if tasks else []:
        await pick(result, actor, option["value"])
        found.append(shown(result))
    return "\n".join(found)


# --- the next step ---


async def test_the_next_step_of_a_manager_goes_by_the_server(harness: BotHarness) -> None:
    """Nothing connected, no agent, an agent down, no alert rule, all well: each names what helps first."""
    assert step(await help_for(harness, harness.manager)) == harness.linked(
        harness.texts("help.next.connect")
    )
    await harness.connect("sensay")
    assert step(await help_for(harness, harness.manager)) == harness.linked(
        harness.texts("help.next.add_agent")
    )
    agent = await toolzz_agent(harness)
    await agent.check()
    assert step(await help_for(harness, harness.manager)) == harness.linked(harness.texts("help.next.alerts"))
    harness.toolzz.break_integration(agent.id)
    await agent.check()
    seen = await help_for(harness, harness.manager)
    assert step(seen) == harness.linked(harness.texts("help.next.down", name=agent.name))
    await harness.manager.click(final(seen).message, label=harness.texts("integrations.status.button"))
    assert harness.texts("toolzz.code.4004.cause") in shown(seen)
    harness.toolzz.heal_integration(agent.id)
    await agent.check()
    await harness.bot.services.alerts.set_route(
        harness.guild.id, harness.channel.id, RouteSettings(), member_id=harness.manager.id
    )
    assert step(await help_for(harness, harness.manager)) == harness.linked(
        harness.texts("help.next.overview")
    )


async def test_refused_credentials_are_replaced_from_here(harness: BotHarness) -> None:
    """They come before everything else, and the button opens the form."""
    agent = await toolzz_agent(harness)
    await agent.check()
    harness.damage("toolzz")
    seen = await help_for(harness, harness.manager)
    assert step(seen) == harness.linked(harness.texts("help.next.replace", provider="Toolzz"))
    form = await harness.manager.click(final(seen).message, label=labels(seen)[0])
    assert form.modal is not None


async def test_a_viewer_is_never_sent_to_a_manager_s_command(harness: BotHarness) -> None:
    """Where only a manager can help a viewer reads whom to ask, and else looks at what there is."""
    viewer = harness.moderator()
    ask = harness.texts("help.ask.manager")
    assert step(await help_for(harness, viewer)) == f"{harness.texts('help.next.connect_ask')} {ask}"
    agent = await toolzz_agent(harness)
    await agent.check()
    seen = await help_for(harness, viewer)
    assert step(seen) == harness.linked(harness.texts("help.next.overview"))
    harness.damage("toolzz")
    refused = await help_for(harness, viewer)
    assert step(refused) == f"{harness.texts('help.next.replace_ask', provider='Toolzz')} {ask}"
    assert not any(each["type"] == MENU for each in buttons(refused))
    for result in (seen, refused):
        assert linked_in(shown(result)) <= set(viewer.available_commands(harness.channel))


async def test_a_member_is_told_what_to_ask_for(harness: BotHarness) -> None:
    """Who may use nothing reads which permission or role opens something, and nothing of the server."""
    await harness.connect("sensay")
    result = await help_for(harness, harness.member)
    assert result.ephemeral
    assert step(result) == harness.texts("help.ask.viewer")
    assert embed_of(result).fields == []
    assert buttons(result) == []
    crew, gone = harness.guild.create_role("Crew"), 12345
    for role in (crew.id, gone, harness.guild.id):
        await harness.bot.services.access.grant(
            harness.guild.id, "role", role, Tier.VIEWER, member_id=harness.manager.id
        )
    await harness.bot.services.access.revoke(harness.guild.id, "role", harness.guild.id)
    told = step(await help_for(harness, harness.member))
    assert told == harness.texts("help.ask.viewer_role", roles=f"<@&{crew.id}>")


async def test_a_member_with_access_that_discord_hides_is_told_so(harness: BotHarness) -> None:
    """Who was granted access and is shown no command learns who can change that."""
    await harness.bot.services.access.grant(
        harness.guild.id, "member", harness.member.id, Tier.VIEWER, member_id=harness.manager.id
    )
    assert step(await help_for(harness, harness.member)) == harness.texts("help.hidden.viewer")


async def test_a_next_step_can_be_taken(harness: BotHarness) -> None:
    """Every command that a next step names is one that the member may run."""
    await harness.connect("sensay")
    await harness.connect("toolzz")
    for actor in (harness.manager, harness.moderator(), harness.member):
        links = linked_in(step(await help_for(harness, actor)))
        assert links <= set(actor.available_commands(harness.channel))


# --- the tasks ---


async def test_a_manager_sees_at_most_eight_lines(harness: BotHarness) -> None:
    """Each begins with a task and links to its first commands; connected providers come before others."""
    await harness.connect("toolzz")
    result = await help_for(harness, harness.manager)
    lines = task_lines(result)
    assert 1 < len(lines) <= 8
    for line in lines:
        assert line.startswith("**")
        assert linked_in(line)
    titles = [line.split("**")[1] for line in lines]
    assert titles[:3] == [harness.texts(f"help.task.{each}") for each in ("setup", "watch")] + [
        harness.texts("alerts.title")
    ]
    assert titles.index(harness.texts("toolzz.title")) < titles.index(harness.texts("sensay.title"))


async def test_the_menu_shows_every_command_that_discord_lists(harness: BotHarness) -> None:
    """All screens together name the commands of Discord's own picker, each with what it does."""
    alone = harness.guild.create_role("Lone managers", permissions=discord.Permissions(manage_guild=True))
    lone = harness.guild.add_member(harness.env.create_user("gil"), roles=[alone])
    for actor in (harness.manager, lone, harness.moderator(), harness.member):
        text = await everything_for(harness, actor)
        offered = {name for name in actor.available_commands(harness.channel) if name != "help"}
        assert linked_in(text) & names(harness.bot) == offered
        for name in offered:
            described = harness.texts(f"{name.replace(' ', '.')}.description")
            assert harness.linked(f"`/{name}` {described}") in text


async def test_a_viewer_reads_of_the_menu_entries(harness: BotHarness) -> None:
    """Their only task is shown whole, without a menu, and with the entries of the Apps menus."""
    result = await help_for(harness, harness.moderator())
    assert not any(each["type"] == MENU for each in buttons(result))
    for key in ("integrations.menu.status", "integrations.menu.report"):
        assert f"**{harness.texts(f'{key}.name')}** {harness.texts(f'{key}.description')}" in shown(result)


async def test_the_same_task_can_be_picked_again(harness: BotHarness) -> None:
    """The custom id changes each time: a client sends nothing for an entry that it has kept as picked."""
    result = await help_for(harness, harness.manager)
    seen = [menu(result)["custom_id"]]
    for task in ("watch", "watch", "alerts", "watch"):
        await pick(result, harness.manager, task)
        seen.append(menu(result)["custom_id"])
        title = "help.task.watch" if task == "watch" else "alerts.title"
        assert embed_of(result).title == harness.texts(title)
    await harness.manager.click(final(result).message, label=harness.texts("help.start.button"))
    seen.append(menu(result)["custom_id"])
    assert len(set(seen)) == len(seen)
    assert step(result)


async def test_the_menu_works_after_a_restart(harness: BotHarness) -> None:
    """What it needs stands in its custom id."""
    result = await help_for(harness, harness.manager)
    await harness.restart()
    await pick(result, harness.manager, "alerts")
    assert "alerts set" in linked_in(shown(result))
    await harness.restart()
    await harness.manager.click(final(result).message, label=harness.texts("help.start.button"))
    assert step(result)


async def test_a_task_that_was_lost_is_not_shown(harness: BotHarness) -> None:
    """Whoever may use a task no longer, or picks one that there is not, is refused."""
    result = await help_for(harness, harness.manager)
    harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id].role_ids.clear()
    picked = await harness.manager.select(
        final(result).message, ["alerts"], custom_id=menu(result)["custom_id"]
    )
    assert embed_of(picked).title == f"⚠️ {harness.texts('problem.invalid_input.option.title')}"


async def test_a_damaged_connection_does_not_break_help(harness: BotHarness) -> None:
    """Help answers although a stored secret cannot be read."""
    await harness.connect("sensay")
    harness.damage("sensay")
    assert (await help_for(harness, harness.manager)).ephemeral


async def test_help_speaks_portuguese(harness: BotHarness) -> None:
    """Title, next step, tasks and the menu are in the member's own language."""
    harness.locale = PORTUGUESE
    result = await help_for(harness, harness.manager)
    assert embed_of(result).title == harness.texts("next_step") != english("next_step")
    assert "</setup:" in step(result)
    assert harness.texts("help.task.setup") in shown(result)
    assert menu(result)["placeholder"] == harness.texts("help.task.placeholder")
    await pick(result, harness.manager, "watch")
    assert harness.texts("integrations.menu.status.name") in shown(result)


async def test_an_administrator_counts_as_manager(harness: BotHarness) -> None:
    """Administrator opens everything that Manage Server opens."""
    admins = harness.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    admin = harness.guild.add_member(harness.env.create_user("ada"), roles=[admins])
    assert "connections add" in linked_in(await everything_for(harness, admin))
