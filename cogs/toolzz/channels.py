"""What members read about the channels that an integration monitors."""

from collections.abc import Iterator
from typing import Final

import discord

from bot.discord.agent_bots import (
    INCONCLUSIVE,
    BotAccess,
    ChannelAccess,
    ChannelFinding,
    invite_link,
    needed_permissions,
)
from bot.discord.pages import page_of, pages_of
from bot.discord.text import code, length, listed, quoted
from bot.discord.theme import DESCRIPTION, Field, Tone, card, when
from bot.i18n.catalog import Texts
from bot.providers.toolzz.models import Channel, Integration
from cogs.toolzz.formatting import channel_name, no_channel
from cogs.toolzz.snapshot import IntegrationSnapshot

MAX_EXPLAINED: Final = 3
"""How many bad channels are explained outside the list of the channels."""
_MAX_NAME: Final = 60
_MAX_IDS: Final = 200
"""Characters."""


def channels_embed(
    snapshot: IntegrationSnapshot, page: int, checked_at: int, next_step: str, texts: Texts
) -> discord.Embed:
    """Show one page of the channels, counted from 1, each with what the bot can do in it.

    checked_at: seconds since 1970.
    """
    report = snapshot.report
    head = "\n".join([*_membership_lines(snapshot, texts), *disagreement(report, texts)])
    lines = [
        _line(channel, access, snapshot.access, texts) for channel, access in page_of(snapshot.channels, page)
    ]
    body = listed(lines, texts, DESCRIPTION - length(head) - 2) or no_channel(report, texts)
    return card(
        Tone.WARNING if needs_change(snapshot.access) else Tone.INFO,
        texts("toolzz.channels.title", title=quoted(report.title or "", 100) or code(report.id, 64)),
        f"{head}\n\n{body}".strip(),
        fields=[
            Field(texts("toolzz.status.checked"), when(checked_at)),
            Field(texts("next_step"), next_step),
        ],
        footer=texts("pages.footer", page=page, last=pages_of(len(report.channels))),
        symbol="💬",
    )


def access_lines(snapshot: IntegrationSnapshot, access: BotAccess, texts: Texts) -> Iterator[str]:
    """Say in short what the agent's bot can do in the server, and what has to be changed."""
    yield from _membership_lines(snapshot, texts)
    bad = list(bad_channel_lines(snapshot, texts))
    yield from bad[:MAX_EXPLAINED]
    if len(bad) > MAX_EXPLAINED:
        yield texts.plural("toolzz.reach.more", len(bad) - MAX_EXPLAINED)
    if not bad and access.is_checked and access.is_member and access.usable < len(access.channels):
        yield texts("toolzz.reach.untold")


def bad_channel_lines(snapshot: IntegrationSnapshot, texts: Texts) -> Iterator[str]:
    """Say for each bad channel what has to be changed, unless only the bot is missing in the server."""
    for channel, access in snapshot.channels:
        if access is not None and access.is_bad and access.finding is not ChannelFinding.ABSENT:
            yield _line(channel, access, snapshot.access, texts)


def needs_change(access: BotAccess | None) -> bool:
    """Tell whether somebody has to change something in Discord so that the bot can answer everywhere."""
    return access is not None and (access.is_member is False or bool(access.bad_channels))


def disagreement(report: Integration, texts: Texts) -> Iterator[str]:
    """Say which channels are in only one of the two lists that Toolzz sends."""
    if report.channels_disagree:
        yield texts("toolzz.channels.disagree")
    for name, ids in channels_in_one_list(report):
        shown = listed((code(each, 32) for each in ids), texts, _MAX_IDS, separator=", ")
        yield texts("toolzz.channels.only_in", list=f"`{name}`", channels=shown)


def channels_in_one_list(report: Integration) -> Iterator[tuple[str, list[str]]]:
    """Yield the ids that are in only one of the two lists, with Toolzz's name for that list."""
    if report.channels_disagree:
        ids, details = set(report.channel_ids or ()), {channel.id for channel in report.channels_detail or ()}
        for name, only_here in (("channelIds", ids - details), ("channelsDetail", details - ids)):
            if only_here:
                yield name, sorted(only_here)


def name_of(channel: Channel, access: ChannelAccess | None) -> str:
    """Name a channel: as a link where this server has it, else by Toolzz's name for it."""
    is_here = access is not None and access.finding is not ChannelFinding.GONE
    return channel_name(channel, _MAX_NAME, is_here=is_here)


def usable_count(access: BotAccess, texts: Texts) -> str:
    """Say in how many channels the bot can work."""
    return texts.plural("toolzz.reach.usable", len(access.channels), usable=access.usable)


def invite_of(snapshot: IntegrationSnapshot) -> str:
    """Return the link that invites the agent's bot into the server, empty where the bot is not known."""
    bot_id = None if snapshot.access is None else snapshot.access.bot_id
    permissions = needed_permissions(create_threads=bool(snapshot.report.create_threads))
    return "" if bot_id is None else invite_link(bot_id, snapshot.guild_id, permissions)


def _membership_lines(snapshot: IntegrationSnapshot, texts: Texts) -> Iterator[str]:
    """Say whether the bot is in the server, and in how many channels it can work."""
    access = snapshot.access
    if access is None:
        yield texts("toolzz.reach.not_here")
    elif not access.is_checked:
        yield texts("toolzz.reach.not_looked")
    elif access.bot_id is None:
        yield texts("toolzz.reach.nameless")
    elif access.is_member is None:
        yield texts("preflight.member_unknown")
    else:
        if access.is_member:
            yield texts("preflight.member")
        else:
            yield texts("preflight.not_member")
            yield texts("preflight.invite", link=invite_of(snapshot))
            if snapshot.report.create_threads:
                yield texts("preflight.invite_threads")
        if access.channels:
            is_perfect = access.usable == len(access.channels)
            symbol = "✅" if is_perfect else "⚠️" if access.bad_channels else "❔"
            yield f"{symbol} {usable_count(access, texts)}"


def _line(channel: Channel, access: ChannelAccess | None, bot: BotAccess | None, texts: Texts) -> str:
    name = name_of(channel, access)
    if access is None or bot is None:
        return f"▫️ {name}"
    if access.finding is ChannelFinding.USABLE:
        return f"✅ {name}: {texts('toolzz.reach.usable_here')}"
    if access.finding is not ChannelFinding.LACKING:
        symbol = "❔" if access.finding in INCONCLUSIVE else "❌"
        return f"{symbol} {name}: {texts(f'toolzz.reach.{access.finding}')}"
    permissions = ", ".join(f"**{texts(f'permission.{each}')}**" for each in access.missing)
    key = "toolzz.reach.lacking" if access.parent is None else "toolzz.reach.lacking_in_thread"
    lacking = texts(key, permissions=permissions, bot=f"<@{bot.bot_id}>", channel=f"<#{access.parent}>")
    return f"❌ {name}: {lacking}"
