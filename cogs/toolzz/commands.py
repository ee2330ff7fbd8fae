"""``/toolzz``."""

from typing import Final

from discord import app_commands
from discord.ext import commands

from bot.discord.commands import command, localized
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs, reads
from bot.discord.replies import defer, respond
from bot.errors import InvalidInputError, UnknownUnitError
from bot.features.access.tier import Tier
from bot.features.connections.service import Connection
from bot.providers.base.integration import is_id, read_id
from cogs.connections import open_connection, suggest_choices, suggest_connections
from cogs.toolzz.connect import show_guide, suggest_agents
from cogs.toolzz.edit import read_settings
from cogs.toolzz.link import ask_to_unlink, link, suggest_linked
from cogs.toolzz.listing import read_list
from cogs.toolzz.status import read_status

_integrations: Final = suggest_choices("toolzz")
_connections: Final = suggest_connections("toolzz")


@needs(Tier.MANAGER)
class Toolzz(commands.GroupCog, group_name="toolzz", group_description=localized("toolzz.description")):
    """Managers put Toolzz's agents into their server here, and see how their integrations are doing."""

    @reads
    @command("toolzz status", integration=_integrations, connection=_connections)
    async def status(
        self, ctx: Context, integration: str, connection: str | None = None, share: bool = False
    ) -> None:
        """Show one integration as Toolzz reports it now."""
        await defer(ctx, share=share)
        opened = await open_connection(ctx, "toolzz", connection)
        await respond(ctx, *await read_status(ctx, opened, _integration_id(ctx, opened, integration)))

    @reads
    @command("toolzz list", connection=_connections)
    async def list_(
        self,
        ctx: Context,
        unit: app_commands.Range[str, 1, 64] | None = None,
        connection: str | None = None,
        share: bool = False,
    ) -> None:
        """List a unit's integrations, worst first."""
        await defer(ctx, share=share)
        opened = await open_connection(ctx, "toolzz", connection)
        await respond(ctx, *await read_list(ctx, opened, unit))

    @reads
    @command("toolzz link", integration=_integrations, connection=_connections)
    async def link(self, ctx: Context, integration: str, connection: str | None = None) -> None:
        """Make an integration one of this server's, if that is where it runs."""
        await defer(ctx)
        opened = await open_connection(ctx, "toolzz", connection)
        await link(ctx, opened, _integration_id(ctx, opened, integration))

    @command("toolzz unlink", integration=suggest_linked)
    async def unlink(self, ctx: Context, integration: str) -> None:
        """Forget that an integration is this server's, once confirmed; Toolzz goes on running it."""
        await defer(ctx)
        await ask_to_unlink(ctx, integration)

    @cooldown(5, 60)
    @command("toolzz connect", agent=suggest_agents, connection=_connections)
    async def connect(self, ctx: Context, agent: str, connection: str | None = None) -> None:
        """Say how to get a bot token for an agent; the form, and a question, come before it is connected."""
        await show_guide(ctx, agent, connection)

    @cooldown(10, 60)  # one use takes two presses
    @reads
    @command("toolzz edit", integration=_integrations, connection=_connections)
    async def edit(self, ctx: Context, integration: str, connection: str | None = None) -> None:
        """Show how an integration is set up today, and offer the form that changes it."""
        await defer(ctx)
        opened = await open_connection(ctx, "toolzz", connection)
        await respond(ctx, *await read_settings(ctx, opened, _integration_id(ctx, opened, integration)))


def _integration_id(ctx: Context, connection: Connection, text: str) -> str:
    """Return the id that a member means by an id, or by a title from the suggestions; this asks nobody.

    Raises InvalidInputError("integration", "unit", "no_integrations", "same_name"), and
    UnknownUnitError: what is no id can only be a title, and there may be a reason why none was listed.
    """
    choices = ctx.services.choices
    choice = choices.known(connection, text)
    failure = choices.failure(connection)
    if not is_id(text.strip()) and isinstance(failure, (InvalidInputError, UnknownUnitError)):
        raise failure
    field = "no_integrations" if choices.is_empty(connection) else "integration"
    return read_id(text if choice is None else choice.id, field)
