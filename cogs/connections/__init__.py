"""``/connections``: a server's credentials with the providers; and how other cogs open a connection."""

from bot.discord.client import PatchbayBot
from cogs.connections.commands import Connections
from cogs.connections.forms import (
    ADD,
    ROTATE,
    CredentialButton,
    UnitDoubt,
    credential_lines,
    open_form,
    rotate_button,
    where_to_find,
)
from cogs.connections.opening import ConnectionTestButton, investigate, open_connection, rotation_for
from cogs.connections.suggestions import choices_here, suggest_choices, suggest_connections

__all__ = [
    "ADD",
    "ROTATE",
    "CredentialButton",
    "UnitDoubt",
    "choices_here",
    "credential_lines",
    "investigate",
    "open_connection",
    "open_form",
    "rotate_button",
    "rotation_for",
    "suggest_choices",
    "suggest_connections",
    "where_to_find",
]


async def setup(bot: PatchbayBot) -> None:
    """Add the command group and the buttons that survive a restart."""
    bot.add_dynamic_items(CredentialButton, ConnectionTestButton)
    await bot.add_cog(Connections())
