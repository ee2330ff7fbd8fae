"""`/help` as managers and members see it."""

import discord
import simcord
from discord import app_commands

from bot.discord.client import PatchbayBot
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, shown


async def help_for(harness: BotHarness, actor: simcord.MemberActor) -> simcord.InteractionResult:
    """Have somebody run `/help`."""
    return await actor.slash(harness.channel, "help")


def names(bot: PatchbayBot) -> set[str]:
    """Return the names of all commands except `/help`."""
    found = {command.qualified_name for command in bot.tree.walk_commands()}
    groups = {command.name for command in bot.tree.get_commands() if isinstance(command, app_commands.Group)}
    return found - groups - {"help"}


async def test_a_manager_sees_every_command(harness: BotHarness) -> None:
    """Each command is named as a link, with what it does, under its group's title."""
    result = await help_for(harness, harness.manager)
    assert result.ephemeral
    for name in names(harness.bot):
        described = harness.texts(f"{name.replace(' ', '.')}.description")
        line = harness.linked(f"`/{name}` {described}")
        assert line in field(result, harness.texts(f"{name.partition(' ')[0]}.title"))
    assert embed_of(result).description == harness.texts("help.what")


async def test_without_a_connection_the_first_step_is_to_make_one(harness: BotHarness) -> None:
    """A manager of a new server is led to `/setup`."""
    assert "</setup:" in field(await help_for(harness, harness.manager), "Next step")


async def test_with_a_connection_the_next_step_is_to_use_it(harness: BotHarness) -> None:
    """Only the first commands of connected providers are named."""
    await harness.connect("toolzz")
    step = field(await help_for(harness, harness.manager), "Next step")
    assert "</toolzz status:" in step
    assert "/sensay" not in step
    await harness.connect("sensay")
    assert "</sensay connect:" in field(await help_for(harness, harness.manager), "Next step")


async def test_a_next_step_can_be_taken(harness: BotHarness) -> None:
    """Every command that a next step names is one that the member may run."""
    await harness.connect("sensay")
    await harness.connect("toolzz")
    for actor in (harness.manager, harness.member):
        step = field(await help_for(harness, actor), "Next step")
        open_to_actor = actor.available_commands(harness.channel)
        links = [link.partition(":")[0] for link in step.split("</")[1:]]
        assert set(links) <= set(open_to_actor)


async def test_a_member_is_told_whom_to_ask(harness: BotHarness) -> None:
    """A member who may run nothing else sees no command, and learns who can change that."""
    result = await help_for(harness, harness.member)
    assert result.ephemeral
    assert [item.name for item in embed_of(result).fields] == ["➡️ Next step"]
    nothing = harness.linked(harness.texts("help.nothing"))
    assert embed_of(result).description == f"{harness.texts('help.what')}\n{nothing}"
    assert "**Manage Server**" in field(result, "Next step")
    assert "/connections" not in shown(result)


async def test_help_lists_what_discord_lists(harness: BotHarness) -> None:
    """The listed commands are those in Discord's command picker."""
    alone = harness.guild.create_role("Lone managers", permissions=discord.Permissions(manage_guild=True))
    lone = harness.guild.add_member(harness.env.create_user("gil"), roles=[alone])
    for actor in (harness.manager, lone, harness.moderator(), harness.member):
        text = shown(await help_for(harness, actor))
        offered = {name for name in actor.available_commands(harness.channel) if name != "help"}
        assert {name for name in names(harness.bot) if f"</{name}:" in text} == offered


async def test_a_damaged_connection_does_not_break_help(harness: BotHarness) -> None:
    """Help answers although a stored secret cannot be read."""
    await harness.connect("sensay")
    harness.damage("sensay")
    assert (await help_for(harness, harness.manager)).ephemeral


async def test_help_speaks_portuguese(harness: BotHarness) -> None:
    """Titles, descriptions and the next step are in the member's own language."""
    harness.locale = PORTUGUESE
    result = await help_for(harness, harness.manager)
    assert embed_of(result).title == f"🔌 {harness.texts('help.title')}"
    assert "/setup" in field(result, "Próximo passo")


async def test_an_administrator_counts_as_manager(harness: BotHarness) -> None:
    """Administrator opens everything that Manage Server opens."""
    admins = harness.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    admin = harness.guild.add_member(harness.env.create_user("ada"), roles=[admins])
    assert "</connections add:" in field(await help_for(harness, admin), "Connections")
