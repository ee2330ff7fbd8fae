"""Answers an interaction, whatever has been answered already."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import discord

from bot.ui.components import Interaction, gate
from bot.ui.text import length
from bot.ui.theme import DESCRIPTION, FIELD_VALUE, TOTAL, total

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Kind = discord.InteractionResponseType
_NOTHING = "…"
# How our texts write a command: `/toolzz status`.
_COMMAND = re.compile(r"`/([a-z]+)((?: [a-z]+)?)`")


async def think(interaction: Interaction, *, share: bool = False) -> None:
    """Acknowledge within Discord's three seconds; the answer may then take up to 15 minutes.

    Without ``thinking`` a modal's answer would lose the flag that hides it from others.
    """
    if share:
        interaction.extras["shared"] = True
    await interaction.response.defer(ephemeral=not share, thinking=True)


async def answer_privately(
    interaction: Interaction, embed: discord.Embed, view: discord.ui.View = discord.utils.MISSING
) -> None:
    """Give an answer that is nobody else's business, also where ``think`` was told to share."""
    if not interaction.extras.pop("shared", False):
        await answer(interaction, embed, view)
        return
    _link_commands(embed, gate(interaction).command_ids)
    # What follows a message that still thinks would take its place, for everybody to see; what follows one
    # that was deleted while it did is refused. So it stops thinking first, and goes last.
    await interaction.edit_original_response(content=_NOTHING)
    await interaction.followup.send(embed=embed, view=view, ephemeral=True)
    await interaction.delete_original_response()


async def answer(
    interaction: Interaction,
    embed: discord.Embed,
    view: discord.ui.View = discord.utils.MISSING,
    files: Sequence[discord.File] = (),
) -> None:
    """Give the answer: into the thinking message where there is one, else as a message of its own.

    A private message, unless ``think`` was told to share.
    """
    _link_commands(embed, gate(interaction).command_ids)
    kind = interaction.response.type
    if kind is None:
        await interaction.response.send_message(embed=embed, view=view, files=files, ephemeral=True)
    elif kind is _Kind.deferred_channel_message:
        await interaction.edit_original_response(embed=embed, view=view, attachments=files)
    else:
        # The original is a message that stays: a component's own, or an answer given before.
        await interaction.followup.send(embed=embed, view=view, files=files, ephemeral=True)


async def renew(
    interaction: Interaction,
    embed: discord.Embed,
    view: discord.ui.View | None = None,
    files: Sequence[discord.File] = (),
) -> None:
    """Put new content into the message whose component was pressed, in the place of all that was in it."""
    _link_commands(embed, gate(interaction).command_ids)
    if interaction.response.is_done():
        await interaction.edit_original_response(embed=embed, view=view, attachments=files)
    else:
        await interaction.response.edit_message(embed=embed, view=view, attachments=files)


def link_commands(text: str, ids: Mapping[str, int]) -> str:
    """Turn the commands that a text of ours names into links. ids: of the top-level commands, by name."""
    return _COMMAND.sub(
        lambda match: f"</{match[1]}{match[2]}:{ids[match[1]]}>" if match[1] in ids else match[0], text
    )


def _link_commands(embed: discord.Embed, ids: Mapping[str, int]) -> None:
    """Turn the commands that an embed names into links that can be clicked, where the limits leave room."""

    def link(text: str, limit: int) -> str:
        linked = link_commands(text, ids)
        growth = length(linked) - length(text)
        return linked if length(linked) <= limit and total(embed) + growth <= TOTAL else text

    if embed.description:
        embed.description = link(embed.description, DESCRIPTION)
    for index, field in enumerate(embed.fields):
        embed.set_field_at(
            index, name=field.name, value=link(field.value or "", FIELD_VALUE), inline=field.inline
        )
