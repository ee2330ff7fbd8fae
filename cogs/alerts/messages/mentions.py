"""Decides which of the roles that a message is for Discord lets it mention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import discord

from bot.i18n.catalog import Texts

DELETED: Final = "deleted"
NOT_MENTIONABLE: Final = "not_mentionable"


@dataclass(frozen=True, slots=True)
class Mentions:
    """Whom a message mentions. role_ids: those that are mentioned. refused: why the others are not, by id."""

    role_ids: Sequence[int] = ()
    refused: Mapping[int, str] = field(default_factory=dict)

    @property
    def content(self) -> str | None:
        """The text that mentions the roles."""
        return " ".join(f"<@&{role_id}>" for role_id in self.role_ids) or None

    @property
    def allowed(self) -> discord.AllowedMentions:
        """What Discord may take for a mention: these roles, and nothing else."""
        roles = [discord.Object(role_id) for role_id in self.role_ids]
        return discord.AllowedMentions(everyone=False, users=False, roles=roles, replied_user=False)

    def problems(self, texts: Texts) -> list[str]:
        """Say of each role that is not mentioned why that is, a line each."""
        return [
            texts(f"alerts.message.no_mention.{why}", role=f"<@&{role_id}>")
            for role_id, why in self.refused.items()
        ]


NO_MENTIONS: Final = Mentions()


def mentions_of(guild: discord.Guild, channel_id: int, role_ids: Sequence[int]) -> Mentions:
    """Return which of these roles can be mentioned in a channel."""
    may_mention_all = _may_mention_all(guild, channel_id)
    mentioned: list[int] = []
    refused: dict[int, str] = {}
    for role_id in dict.fromkeys(role_ids):
        role = guild.get_role(role_id)
        if role is None:
            refused[role_id] = DELETED
        elif role.is_default() or not (role.mentionable or may_mention_all):
            refused[role_id] = NOT_MENTIONABLE
        else:
            mentioned.append(role_id)
    return Mentions(mentioned, refused)


def _may_mention_all(guild: discord.Guild, channel_id: int) -> bool:
    channel = guild.get_channel_or_thread(channel_id)
    if channel is None or (isinstance(channel, discord.Thread) and channel.parent is None):
        # The cache lacks threads that are archived.
        return guild.me.guild_permissions.mention_everyone
    return channel.permissions_for(guild.me).mention_everyone
