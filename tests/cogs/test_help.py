"""`/help` as managers and members see it."""

import discord
import simcord
from discord import app_commands

from bot.runtime.client import PatchbayBot
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, shown


async def help_for(town: Town, actor: simcord.MemberActor) -> simcord.InteractionResult:
    """Have somebody ask for help."""
    return await actor.slash(town.channel, "help")


def names(bot: PatchbayBot) -> set[str]:
    """Name every command that can be run, `/help` itself left out."""
    found = {command.qualified_name for command in bot.tree.walk_commands()}
    groups = {command.name for command in bot.tree.get_commands() if isinstance(command, app_commands.Group)}
    return found - groups - {"help"}


async def test_a_manager_sees_every_command(town: Town) -> None:
    """Each command is named as a link, with what it does, under its group's title."""
    result = await help_for(town, town.manager)
    assert result.ephemeral
    for name in names(town.bot):
        described = town.texts(f"{name.replace(' ', '.')}.description")
        line = town.linked(f"`/{name}` {described}")
        assert line in field(result, town.texts(f"{name.partition(' ')[0]}.title"))
    assert embed_of(result).description == town.texts("help.what")


async def test_without_a_connection_the_first_step_is_to_make_one(town: Town) -> None:
    """A manager of a new server is led to `/setup`."""
    assert "</setup:" in field(await help_for(town, town.manager), "Next step")


async def test_with_a_connection_the_next_step_is_to_use_it(town: Town) -> None:
    """Each connected provider's own first command is named, and no other's."""
    await town.connect("toolzz")
    step = field(await help_for(town, town.manager), "Next step")
    assert "</toolzz status:" in step
    assert "/sensay" not in step
    await town.connect("sensay")
    assert "</sensay connect:" in field(await help_for(town, town.manager), "Next step")


async def test_a_next_step_can_be_taken(town: Town) -> None:
    """Every command that a next step names is one that the member may run."""
    await town.connect("sensay")
    await town.connect("toolzz")
    for actor in (town.manager, town.member):
        step = field(await help_for(town, actor), "Next step")
        open_to_actor = actor.available_commands(town.channel)
        links = [link.partition(":")[0] for link in step.split("</")[1:]]
        assert set(links) <= set(open_to_actor)


async def test_a_member_is_told_whom_to_ask(town: Town) -> None:
    """Who may run nothing else sees no command, and learns who can change that."""
    result = await help_for(town, town.member)
    assert result.ephemeral
    assert [item.name for item in embed_of(result).fields] == ["➡️ Next step"]
    nothing = town.linked(town.texts("help.nothing"))
    assert embed_of(result).description == f"{town.texts('help.what')}\n{nothing}"
    assert "**Manage Server**" in field(result, "Next step")
    assert "/connections" not in shown(result)


async def test_help_lists_what_discord_lists(town: Town) -> None:
    """What a member is shown here is what Discord's own command picker has for them."""
    alone = town.guild.create_role("Lone managers", permissions=discord.Permissions(manage_guild=True))
    lone = town.guild.add_member(town.env.create_user("gil"), roles=[alone])
    for actor in (town.manager, lone, town.moderator(), town.member):
        text = shown(await help_for(town, actor))
        offered = {name for name in actor.available_commands(town.channel) if name != "help"}
        assert {name for name in names(town.bot) if f"</{name}:" in text} == offered


async def test_a_damaged_connection_does_not_break_help(town: Town) -> None:
    """Help answers although a stored secret cannot be read."""
    await town.connect("sensay")
    town.damage("sensay")
    assert (await help_for(town, town.manager)).ephemeral


async def test_help_speaks_portuguese(town: Town) -> None:
    """Titles, descriptions and the next step are in the member's own language."""
    town.locale = PORTUGUESE
    result = await help_for(town, town.manager)
    assert embed_of(result).title == "🔌 O que você pode fazer com o Patchbay aqui"
    assert "Configure" in field(result, "Próximo passo")


async def test_an_administrator_counts_as_manager(town: Town) -> None:
    """Administrator opens everything that Manage Server opens."""
    admins = town.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    admin = town.guild.add_member(town.env.create_user("ada"), roles=[admins])
    assert "</connections add:" in field(await help_for(town, admin), "Connections")
