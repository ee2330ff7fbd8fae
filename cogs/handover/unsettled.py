"""Says on an agent's status what is not known of the last token that was sent for it."""

from typing import Final

from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.theme import Field, when
from bot.features.audit.entry import Entry
from bot.features.audit.service import BEGUN, UNKNOWN
from bot.i18n.catalog import Texts

_UNSETTLED: Final = (UNKNOWN, BEGUN)


async def unsettled_fields(ctx: Context, slug: str, agent: str) -> list[Field]:
    """Return a field if the latest handover for this agent has no known result, else nothing."""
    entry = await ctx.services.audit.last_about(ctx.guild_id, f"{slug}.connect", f"{slug} · {agent}")
    return unsettled_fields_of(entry, ctx.texts)


def unsettled_fields_of(entry: Entry | None, texts: Texts) -> list[Field]:
    """Return a field if a handover has no known result. entry: the latest one about it, None for none."""
    if entry is None or entry.result not in _UNSETTLED:
        return []
    member = mention_member(entry.member, texts)
    text = texts(f"handover.unsettled.{entry.result}", time=when(entry.at, exact=True), member=member)
    return [Field(texts("handover.unsettled"), text)]
