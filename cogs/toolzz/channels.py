"""What is to be said of the channels that an integration monitors, in short and in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.runtime.reach import UNTOLD, Access, Finding, Reach
from bot.ui.discord_token import invite_link
from bot.ui.pages import page_of, pages_of
from bot.ui.permissions import needed_permissions
from bot.ui.text import code, length, listed, quoted
from bot.ui.theme import DESCRIPTION, Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.models import Channel, Integration
    from cogs.toolzz.sight import Sight

MOST_FLAWS: Final = 3
"""How many channels are explained where it is not about the channels alone."""
_LONGEST_NAME: Final = 60
_MOST_ODD: Final = 200


def channels_embed(sight: Sight, page: int, checked_at: int, next_step: str, texts: Texts) -> discord.Embed:
    """Show one page of the channels, counted from 1, each with what Discord says to it.

    checked_at: seconds since 1970.
    """
    report = sight.report
    head = "\n".join([*_heading(sight, texts), *disagreement(report, texts)])
    lines = [_line(channel, access, sight.reach, texts) for channel, access in page_of(sight.channels, page)]
    body = listed(lines, texts, DESCRIPTION - length(head) - 2) or texts("not_reported")
    return card(
        Tone.WARNING if has_flaws(sight.reach) else Tone.INFO,
        texts("toolzz.channels.title", title=quoted(report.title or "", 100) or code(report.id, 64)),
        f"{head}\n\n{body}".strip(),
        fields=[
            Field(texts("toolzz.status.checked"), when(checked_at)),
            Field(texts("next_step"), next_step),
        ],
        footer=texts("pages.footer", page=page, last=pages_of(len(report.channels))),
        symbol="💬",
    )


def here(sight: Sight, reach: Reach, texts: Texts) -> Iterator[str]:
    """Say in short how far the agent's bot reaches in the server: who it is, and what there is to change."""
    yield from _heading(sight, texts)
    flaws = list(flaw_lines(sight, texts))
    yield from flaws[:MOST_FLAWS]
    if len(flaws) > MOST_FLAWS:
        yield texts.plural("toolzz.reach.more", len(flaws) - MOST_FLAWS)
    if not flaws and reach.looked and reach.member and reach.usable < len(reach.channels):
        yield texts("toolzz.reach.untold")


def flaw_lines(sight: Sight, texts: Texts) -> Iterator[str]:
    """Say of each channel what is to be changed, but not of each that the bot is not in the server."""
    for channel, access in sight.channels:
        if access is not None and access.is_bad and access.finding is not Finding.ABSENT:
            yield _line(channel, access, sight.reach, texts)


def has_flaws(reach: Reach | None) -> bool:
    """Tell whether the bot cannot answer wherever it should."""
    return reach is not None and (reach.member is False or bool(reach.flaws))


def disagreement(report: Integration, texts: Texts) -> Iterator[str]:
    """Say which channels are in only one of the two lists that Toolzz gives of them."""
    if report.channels_disagree:
        yield texts("toolzz.channels.disagree")
    for name, ids in odd_channels(report):
        shown = listed((code(each, 32) for each in ids), texts, _MOST_ODD, separator=", ")
        yield texts("toolzz.channels.only_in", list=f"`{name}`", channels=shown)


def odd_channels(report: Integration) -> Iterator[tuple[str, list[str]]]:
    """Yield each of the two lists, by Toolzz's name for it, that has channels which the other one has not."""
    if report.channels_disagree:
        ids, details = set(report.channel_ids or ()), {channel.id for channel in report.channels_detail}
        for name, odd in (("channelIds", ids - details), ("channelsDetail", details - ids)):
            if odd:
                yield name, sorted(odd)


def name_of(channel: Channel, access: Access | None) -> str:
    """Name a channel: as a link where this server has it, else by the name that Toolzz remembers."""
    if access is not None and access.finding is not Finding.GONE:
        return f"<#{channel.id}>"
    name = quoted(channel.name or "", _LONGEST_NAME)
    return f"#{name}" if name else code(channel.id, 64)


def usable(reach: Reach, texts: Texts) -> str:
    """Count the channels that the bot can work in."""
    return texts.plural("toolzz.reach.usable", len(reach.channels), usable=reach.usable)


def invite_of(sight: Sight) -> str:
    """Return the link that brings the agent's bot into the server, empty where nobody knows the bot."""
    bot_id = None if sight.reach is None else sight.reach.bot_id
    permissions = needed_permissions(create_threads=bool(sight.report.create_threads))
    return "" if bot_id is None else invite_link(bot_id, sight.guild_id, permissions)


def _heading(sight: Sight, texts: Texts) -> Iterator[str]:
    reach = sight.reach
    if reach is None:
        yield texts("toolzz.reach.not_here")
    elif not reach.looked:
        yield texts("toolzz.reach.not_looked")
    elif reach.bot_id is None:
        yield texts("toolzz.reach.nameless")
    elif reach.member is None:
        yield texts("preflight.member_unknown")
    else:
        if reach.member:
            yield texts("preflight.member")
        else:
            yield texts("preflight.not_member")
            yield texts("preflight.invite", link=invite_of(sight))
            if sight.report.create_threads:
                yield texts("preflight.invite_threads")
        if reach.channels:
            symbol = "✅" if reach.usable == len(reach.channels) else "⚠️" if reach.flaws else "❔"
            yield f"{symbol} {usable(reach, texts)}"


def _line(channel: Channel, access: Access | None, reach: Reach | None, texts: Texts) -> str:
    name = name_of(channel, access)
    if access is None or reach is None:
        return f"▫️ {name}"
    symbol = "✅" if access.finding is Finding.USABLE else "❔" if access.finding in UNTOLD else "❌"
    if access.finding is Finding.USABLE:
        return f"{symbol} {name}: {texts('toolzz.reach.usable_here')}"
    if access.finding is not Finding.LACKING:
        return f"{symbol} {name}: {texts(f'toolzz.reach.{access.finding}')}"
    permissions = ", ".join(f"**{texts(f'permission.{each}')}**" for each in access.missing)
    bot = f"<@{reach.bot_id}>"
    if access.parent is None:
        said = texts("toolzz.reach.lacking", permissions=permissions, bot=bot)
    else:
        parent = f"<#{access.parent}>"
        said = texts("toolzz.reach.lacking_in_thread", permissions=permissions, bot=bot, channel=parent)
    return f"{symbol} {name}: {said}"
