"""Shows managers which answers of an agent were reported: by whom, when, and where they are."""

from collections.abc import Sequence
from typing import Final

from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.theme import Field, when
from bot.features.access.tier import Tier
from bot.features.complaints.store import Complaint
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts

_LINK: Final = "https://discord.com/channels/{guild}/{channel}/{message}"


async def read_reported(ctx: Context, watched: Watched, *, is_private: bool) -> list[Field]:
    """Return a field with the newest reports, none where there are none or the reader may not see them.

    Who has reported is for managers, and for nobody else in the channel. is_private: whether the answer is.
    """
    if not is_private or await ctx.services.guard.tier(ctx.interaction) is not Tier.MANAGER:
        return []
    found = await ctx.services.complaints.newest(ctx.guild_id, watched.provider, watched.id)
    return [reported_field(ctx.guild_id, found, ctx.texts)] if found else []


def reported_field(guild_id: int, found: Sequence[Complaint], texts: Texts) -> Field:
    """List reports, a line each."""
    lines = (
        texts(
            "integrations.history.reported.line",
            link=message_link(guild_id, each.channel_id, each.message_id),
            sent=when(each.sent_at),
            member=mention_member(each.reported_by, texts),
            time=when(each.reported_at),
        )
        for each in found
    )
    return Field(texts("integrations.history.reported"), "\n".join(lines))


def message_link(guild_id: int, channel_id: int, message_id: int) -> str:
    """Return the address at which Discord opens a message."""
    return _LINK.format(guild=guild_id, channel=channel_id, message=message_id)
