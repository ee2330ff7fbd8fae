"""Discord's route for the overrides of all commands in a server, which simcord lacks."""

from typing import Any

from simcord.http.router import RequestContext, route


@route("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions")
def guild_command_permissions(ctx: RequestContext) -> list[dict[str, Any]]:
    """Return the overrides of every command for which some were set, and of the application.

    https://discord.com/developers/docs/interactions/application-commands#get-guild-application-command-permissions
    """
    guild_id = ctx.int_arg("guild_id")
    return [
        {
            "id": str(target),
            "application_id": ctx.args["application_id"],
            "guild_id": str(guild_id),
            "permissions": permissions,
        }
        for (guild, target), permissions in ctx.backend.command_permissions.items()
        if guild == guild_id
    ]
