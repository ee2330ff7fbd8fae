"""A minimal bot with hikari and arc that answers each command with an embed of three fields.

It runs in a virtual environment of its own, which holds what ``hikari.txt`` locks. ``REPLIES`` in its
environment names a JSON file whose keys are the commands. They are registered already.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import arc  # type: ignore[import-not-found] # only this bot's environment has it
import hikari  # type: ignore[import-not-found] # as arc


async def answer(context: Any) -> None:  # noqa: ANN401 - arc's types are not installed here
    """Defer, and then send the embed, as the other bots do."""
    await context.defer(flags=hikari.MessageFlag.EPHEMERAL)
    embed = hikari.Embed(title="Agents", description="What each one does right now")
    for name in ("Concierge", "Berths", "Night watch"):
        embed.add_field(name, "Connected, checked 2 minutes ago", inline=False)
    await context.interaction.edit_initial_response(embed=embed)


def main() -> None:
    """Run until the process is ended."""
    bot = hikari.GatewayBot(
        os.environ["PATCHBAY_DISCORD_TOKEN"],
        intents=hikari.Intents.GUILDS,
        cache_settings=hikari.impl.CacheSettings(components=hikari.api.CacheComponents.NONE),
        rest_url=os.environ["PATCHBAY_DISCORD_API_URL"],
        banner=None,
        logs=None,
        suppress_optimization_warning=True,
    )
    client = arc.GatewayClient(bot, autosync=False)
    groups: dict[str, Any] = {}
    for path in json.loads(Path(os.environ["REPLIES"]).read_text()):
        group, _, name = path.rpartition(" ")
        if group and group not in groups:
            groups[group] = client.include_slash_group(group, "-")
        command = arc.slash_subcommand if group else arc.slash_command
        (groups[group] if group else client).include(command(name, "-", autodefer=False)(answer))
    bot.run(check_for_updates=False)


if __name__ == "__main__":
    main()
