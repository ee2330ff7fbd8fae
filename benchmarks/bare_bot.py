"""A minimal discord.py bot that answers each command with the reply that it was given. It knows no Patchbay.

It runs in a virtual environment of its own, which holds discord.py and what that needs. ``REPLIES`` in its
environment names a JSON file with what to answer, by command.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands

BUTTON = 2


class Bare(discord.Client):
    """Answers commands, and keeps a session for what a command reads elsewhere."""

    def __init__(self, replies: dict[str, Any]) -> None:
        super().__init__(intents=discord.Intents(guilds=True), max_messages=None)
        self.tree = app_commands.CommandTree(self)
        self.http_session: aiohttp.ClientSession
        groups: dict[str, app_commands.Group] = {}
        for path, reply in replies.items():
            group, _, name = path.rpartition(" ")
            if group and group not in groups:
                groups[group] = app_commands.Group(name=group, description="-")
                self.tree.add_command(groups[group])
            (groups[group] if group else self.tree).add_command(self._command(name, reply))

    def _command(self, name: str, reply: dict[str, Any]) -> app_commands.Command[Any, Any, None]:
        async def answer(interaction: discord.Interaction) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            await interaction.edit_original_response(**built(reply))

        async def read_and_answer(interaction: discord.Interaction, integration: str) -> None:
            await interaction.response.defer(ephemeral=True, thinking=True)
            url = f"{reply['url']}/{integration}"
            async with self.http_session.get(url, headers=reply["headers"]) as response:
                await response.json()
            assert interaction.guild is not None  # noqa: S101 - only servers use it
            await interaction.guild.fetch_member(interaction.user.id)
            await interaction.edit_original_response(**built(reply))

        callback = read_and_answer if "url" in reply else answer
        return app_commands.Command(name=name, description="-", callback=callback)

    async def setup_hook(self) -> None:
        """Open the session. The commands of those names are registered already."""
        self.http_session = aiohttp.ClientSession()


def built(reply: dict[str, Any]) -> dict[str, Any]:
    """Build the embed and the components anew, as a bot does that words its replies."""
    shown = reply["embed"]
    embed = discord.Embed(
        title=shown.get("title"), description=shown.get("description"), colour=shown.get("color")
    )
    for field in shown.get("fields", ()):
        embed.add_field(name=field["name"], value=field["value"], inline=field["inline"])
    if "footer" in shown:
        embed.set_footer(text=shown["footer"]["text"])
    view = discord.ui.View(timeout=None)
    for number, row in enumerate(reply["components"]):
        for each in row["components"]:
            view.add_item(item(each, number))
    return {"embed": embed, "view": view if view.children else None}


def item(shown: dict[str, Any], row: int) -> discord.ui.Item[Any]:
    """Build a button, or a menu with its options."""
    if shown["type"] == BUTTON:
        return discord.ui.Button(
            style=discord.ButtonStyle(shown["style"]),
            label=shown.get("label"),
            emoji=emoji_of(shown),
            custom_id=shown.get("custom_id"),
            url=shown.get("url"),
            disabled=shown.get("disabled", False),
            row=row,
        )
    menu: discord.ui.Select[Any] = discord.ui.Select(
        custom_id=shown["custom_id"], placeholder=shown.get("placeholder"), row=row
    )
    for option in shown["options"]:
        menu.add_option(
            label=option["label"],
            value=option["value"],
            description=option.get("description"),
            emoji=emoji_of(option),
        )
    return menu


def emoji_of(shown: dict[str, Any]) -> str | None:
    """Return the emoji of a button or of an option, None where it has none."""
    return (shown.get("emoji") or {}).get("name")


def main() -> None:
    """Run until the process is ended."""
    discord.http.Route.BASE = os.environ["PATCHBAY_DISCORD_API_URL"]
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(os.environ["PATCHBAY_DISCORD_GATEWAY_URL"])
    Bare(json.loads(Path(os.environ["REPLIES"]).read_text())).run(
        os.environ["PATCHBAY_DISCORD_TOKEN"], log_handler=None
    )


if __name__ == "__main__":
    main()
