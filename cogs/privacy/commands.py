"""``/privacy info, export, delete``."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

import discord
from discord.ext import commands

from bot.discord.access.manager_notices import try_telling
from bot.discord.commands import command, localized
from bot.discord.confirm import Confirm
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs, permitted_tier
from bot.discord.replies import Answer, defer, defer_if_slow, respond, text_file, view_of
from bot.discord.text import quoted
from bot.discord.theme import Field, Tone, notice, when
from bot.errors import NotAllowedError
from bot.features.access.tier import Tier
from bot.features.privacy.service import Stored, Tombstone
from bot.i18n.catalog import Texts
from bot.rests import with_rests
from cogs.alerts import clear_board

_DAY: Final = 86_400
_PARTS: Final = 500
"""How many words and signs of a JSON file are written in one step: a fraction of a millisecond."""


@needs(Tier.MANAGER)
class Privacy(commands.GroupCog, group_name="privacy", group_description=localized("privacy.description")):
    """Managers see and export what is stored; to erase it takes Discord's own Manage Server."""

    @command("privacy info")
    async def info(self, ctx: Context) -> None:
        """Say what is stored, why, and for how long."""
        defer_if_slow(ctx)
        privacy, history_days = ctx.services.privacy, ctx.services.monitoring.history_days
        audit_days = ctx.services.audit.keep_days
        stored, tombstone = await privacy.stored(ctx.guild_id), await privacy.tombstone(ctx.guild_id)
        await respond(ctx, _info(stored, tombstone, privacy.erase_after, history_days, audit_days, ctx.texts))

    @cooldown(3, 60, together=3)
    @command("privacy export")
    async def export(self, ctx: Context) -> None:
        """Give all that is stored as a file."""
        await defer(ctx)
        guild_id = ctx.guild_id
        async with ctx.change("privacy.export", f"server · {guild_id}"):
            stored = await ctx.services.privacy.export(guild_id)
        # Writing a long audit log would hold up the event loop.
        file = await asyncio.to_thread(_file, guild_id, stored)
        await respond(ctx, notice(ctx.texts, Tone.GOOD, "privacy.export.done"), files=[file])

    @command("privacy delete")
    async def delete(self, ctx: Context) -> None:
        """Erase everything, once the member has confirmed."""
        _check_may_erase(ctx)
        await defer(ctx)
        texts = ctx.texts
        stored = await ctx.services.privacy.stored(ctx.guild_id)
        if not stored.total:
            await respond(ctx, notice(texts, Tone.QUIET, "privacy.delete.nothing", how=""))
            return
        label = texts.plural("privacy.delete.button", stored.total)
        await Confirm(ctx, "privacy.delete", label, _erase, **_figures(stored, texts)).ask()


def _info(
    stored: Stored,
    tombstone: Tombstone | None,
    erase_after: int,
    history_days: int,
    audit_days: int,
    texts: Texts,
) -> discord.Embed:
    """Say what is stored, why and for how long. erase_after, history_days, audit_days: in days."""
    how_long = (
        texts.plural("privacy.info.how_long", erase_after)
        if erase_after
        else texts("privacy.info.how_long_none")
    )
    history = texts.plural("privacy.info.history", history_days)
    audit = texts.plural("privacy.info.audit", audit_days)
    erased = [] if tombstone is None else [_erased_before(tombstone, erase_after, texts)]
    return notice(
        texts,
        Tone.INFO,
        "privacy.info",
        *erased,
        Field(texts("privacy.info.never"), texts("privacy.info.never_what")),
        Field(texts("privacy.info.time"), f"{how_long}\n{history}\n{audit}"),
        Field(texts("privacy.info.who"), texts("privacy.info.who_what")),
        **_figures(stored, texts),
    )


def _figures(stored: Stored, texts: Texts) -> dict[str, str]:
    """Return how much is stored, by the kind of data."""
    return {kind: texts.number(count) for kind, count in asdict(stored).items()}


def _erased_before(tombstone: Tombstone, erase_after: int, texts: Texts) -> Field:
    """Say that the server's data was erased lately, which is all that is left of that."""
    entries = texts.plural("privacy.erased.entries", tombstone.entries)
    erased, until = when(tombstone.erased_at, exact=True), when(tombstone.erased_at + erase_after * _DAY)
    what = texts("privacy.info.erased_what", time=erased, until=until, entries=entries)
    return Field(texts("privacy.info.erased"), what)


async def _erase(ctx: Context) -> Answer:
    _check_may_erase(ctx)
    services = ctx.services
    await clear_board(ctx)
    mirror = await services.guilds.audit_channel(ctx.guild_id)
    entries = (await services.privacy.stored(ctx.guild_id)).entries
    how = [ctx.texts("privacy.delete.done_how")]
    if not await services.privacy.erase(ctx.guild_id):
        how.append(ctx.texts("privacy.delete.traces"))
    is_owner_told = await _tell(ctx, mirror, entries)
    how.append(ctx.texts("privacy.delete.owner_told" if is_owner_told else "privacy.delete.owner_not_told"))
    return notice(ctx.texts, Tone.GOOD, "privacy.delete.done", how="\n".join(how)), view_of()


async def _tell(ctx: Context, mirror: int | None, entries: int) -> bool:
    """Tell the owner, and whoever reads the channel that the audit log was repeated in: its last line.

    mirror: that channel's id. entries: how many the audit log had. Return whether the owner was told:
    everything is erased, whoever hears of it.
    """
    guild = ctx.guild
    if guild is None:
        return False
    texts = ctx.services.texts_of(guild)
    embed = notice(
        texts,
        Tone.WARNING,
        "privacy.erased",
        member=ctx.member.mention,
        server=quoted(guild.name),
        time=when(ctx.services.clock(), exact=True),
        entries=texts.plural("privacy.erased.entries", entries),
    )
    readers: list[discord.abc.Messageable | discord.Object] = []
    if mirror is not None:
        readers.append(ctx.client.get_partial_messageable(mirror, guild_id=guild.id))
    if guild.owner_id is not None:
        readers.append(discord.Object(guild.owner_id))
    told = await asyncio.gather(*(try_telling(ctx.client, guild.id, each, embed) for each in readers))
    return guild.owner_id is not None and told[-1]


def _check_may_erase(ctx: Context) -> None:
    """Raise NotAllowedError("erase") unless the member's permissions in Discord make a manager of them."""
    if permitted_tier(ctx.interaction) is not Tier.MANAGER:
        raise NotAllowedError("erase")


def _file(guild_id: int, stored: Mapping[str, object]) -> discord.File:
    """Return what is stored as a file of JSON. Call it in a thread."""
    parts = json.JSONEncoder(indent=1, ensure_ascii=False).iterencode(stored)
    pieces = iter(lambda: "".join(itertools.islice(parts, _PARTS)), "")
    return text_file(f"privacy-{guild_id}.json", "".join(with_rests(pieces)).encode())
