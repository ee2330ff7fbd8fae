"""What members read about the channels that an integration monitors."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

import discord

from bot.discord.access.agent_bots import application_of, bot_page, invite_link, needed_permissions
from bot.discord.access.channel_access import (
    INCONCLUSIVE,
    BotAccess,
    ChannelAccess,
    ChannelFinding,
    ChannelKind,
)
from bot.discord.pages import page_of, pages_of
from bot.discord.text import code, length, listed, quoted
from bot.discord.theme import DESCRIPTION, Field, Tone, card, when
from bot.features.monitoring.access import AccessKind
from bot.i18n.catalog import Texts
from bot.providers.base.integration import State
from bot.providers.base.snowflake import read_snowflake
from bot.providers.toolzz.models import Channel, Integration
from cogs.monitoring.formatting import why_access
from cogs.toolzz.formatting import channel_name, no_channel
from cogs.toolzz.snapshot import IntegrationSnapshot

_OF_THE_BOT: Final = frozenset({ChannelFinding.ABSENT, ChannelFinding.TIMED_OUT})
"""Findings that say nothing about the channel itself."""
_MAX_EXPLAINED: Final = 3
"""How many bad channels are explained outside the list of the channels."""
_MAX_SHOWN: Final = 2
"""How many bad channels the short form of the status names."""
_MAX_MISSING: Final = 45
"""Characters of the permissions that it names for one of them."""
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
    yield from bad_channel_lines(snapshot, texts)
    more = len(_bad_channels(snapshot)) - _MAX_EXPLAINED
    if more > 0:
        yield texts.plural("toolzz.reach.more", more)
    has_doubts = not access.bad_channels and access.usable < len(access.channels)
    if has_doubts and access.is_member:
        yield texts("toolzz.reach.untold")


def access_problems(snapshot: IntegrationSnapshot, texts: Texts) -> Iterator[str]:
    """Say in short what keeps an agent from answering that Toolzz has connected, or what is not known of it.

    Whether the bot is a member, and how many channels are usable, are left out: the cause says so.
    """
    access = snapshot.access
    if access is None or snapshot.report.state is not State.CONNECTED:
        return
    if not access.is_member:
        yield from islice(_membership_lines(snapshot, texts), access.is_member is None)
        return
    bad = [] if access.timed_out_until is not None else _bad_channels(snapshot)
    for channel, found in bad[:_MAX_SHOWN]:
        yield f"❌ {name_of(channel, found)}: {_shortly(found, texts)}"
    if len(bad) > _MAX_SHOWN:
        yield texts.plural("toolzz.reach.more", len(bad) - _MAX_SHOWN)
    if not bad and access.usable < len(access.channels) and access.timed_out_until is None:
        yield texts("toolzz.reach.untold")


def _shortly(access: ChannelAccess, texts: Texts) -> str:
    """Say what is wrong with a channel, without what to do about it."""
    if access.finding is ChannelFinding.LACKING:
        names = (f"**{texts(f'permission.{each}')}**" for each in access.missing)
        missing = listed(names, texts, _MAX_MISSING, separator=", ")
        return texts("toolzz.reach.missing", permissions=missing)
    # The first sentence of the text, which says what is wrong.
    return texts(f"toolzz.reach.{access.finding}").partition(". ")[0].removesuffix(".")


def bad_channel_lines(snapshot: IntegrationSnapshot, texts: Texts) -> Iterator[str]:
    """Say for the first bad channels what has to be changed, unless the bot itself is the reason."""
    for channel, access in _bad_channels(snapshot)[:_MAX_EXPLAINED]:
        yield _line(channel, access, snapshot.access, texts)


def _bad_channels(snapshot: IntegrationSnapshot) -> list[tuple[Channel, ChannelAccess]]:
    return [
        (channel, access)
        for channel, access in snapshot.channels
        if access is not None and access.is_bad and access.finding not in _OF_THE_BOT
    ]


def needs_change(access: BotAccess | None) -> bool:
    """Tell whether somebody has to change something in Discord so that the bot can answer everywhere."""
    if access is None:
        return False
    is_out = access.is_member is False or access.timed_out_until is not None
    return is_out or bool(access.bad_channels)


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
    is_here = access is not None and access.kind is not None
    return channel_name(channel, _MAX_NAME, is_here=is_here)


def usable_count(access: BotAccess, texts: Texts) -> str:
    """Say in how many channels the bot can work."""
    return texts.plural("toolzz.reach.usable", len(access.channels), usable=access.usable)


def application_in(snapshot: IntegrationSnapshot) -> int | None:
    """Return the application of the agent's bot, None where it is not known."""
    bot_id = None if snapshot.access is None else snapshot.access.bot_id
    return application_of(bot_id, confirmed=read_snowflake(snapshot.report.bot_client_id))


def invite_of(snapshot: IntegrationSnapshot) -> str:
    """Return the link that invites the agent's bot into the server, empty where nobody knows it."""
    application = application_in(snapshot)
    permissions = needed_permissions(create_threads=bool(snapshot.report.create_threads))
    return "" if application is None else invite_link(application, snapshot.guild_id, permissions)


def invitation(snapshot: IntegrationSnapshot, texts: Texts) -> str:
    """Say how the agent's bot gets into the server."""
    if link := invite_of(snapshot):
        return texts("toolzz.next.invite", link=link)
    return texts("preflight.invite_by_hand", portal=bot_page(None))


def _membership_lines(snapshot: IntegrationSnapshot, texts: Texts) -> Iterator[str]:
    """Say whether the bot is in the server, and in how many channels it can work."""
    access = snapshot.access
    if access is None:
        yield texts("toolzz.reach.not_here")
    elif not access.is_checked:
        yield texts("toolzz.reach.not_looked")
    elif access.bot_id is None:
        has_id = read_snowflake(snapshot.report.bot_client_id) is not None
        yield texts("toolzz.reach.old_id" if has_id else "toolzz.reach.nameless")
    elif access.is_member is None:
        yield texts("preflight.member_unknown")
    else:
        yield texts("preflight.member" if access.is_member else "preflight.not_member")
        if access.timed_out_until is not None:
            yield texts("preflight.timed_out", time=when(access.timed_out_until, exact=True))
        if not access.is_member:
            yield from _invitation_lines(snapshot, texts)
        if access.access.kind is AccessKind.NO_CHANNEL and not access.channels:
            yield f"❌ {why_access(access.access, texts)}"
        if access.channels:
            is_perfect = access.usable == len(access.channels)
            symbol = "✅" if is_perfect else "⚠️" if access.bad_channels else "❔"
            yield f"{symbol} {usable_count(access, texts)}"


def _invitation_lines(snapshot: IntegrationSnapshot, texts: Texts) -> Iterator[str]:
    if not (link := invite_of(snapshot)):
        yield texts("preflight.invite_by_hand", portal=bot_page(None))
        return
    yield texts("preflight.invite", link=link)
    if snapshot.report.create_threads:
        yield texts("preflight.invite_threads")


def _line(channel: Channel, access: ChannelAccess | None, bot: BotAccess | None, texts: Texts) -> str:
    name = name_of(channel, access)
    if access is None or bot is None:
        return f"▫️ {name}"
    symbol = "✅" if access.is_usable else "❔" if access.finding in INCONCLUSIVE else "❌"
    kind = texts.find(f"toolzz.kind.{access.kind}")
    return f"{symbol} {name}{f' · {kind}' if kind else ''}: {_explained(access, bot, texts)}"


def _explained(access: ChannelAccess, bot: BotAccess, texts: Texts) -> str:
    """Say what the bot can do in a channel, or what has to be changed there."""
    if access.finding is ChannelFinding.USABLE:
        is_forum = access.kind in {ChannelKind.FORUM, ChannelKind.MEDIA}
        return texts("toolzz.reach.usable_in_posts" if is_forum else "toolzz.reach.usable_here")
    if access.finding is not ChannelFinding.LACKING:
        return texts(f"toolzz.reach.{access.finding}")
    permissions = ", ".join(f"**{texts(f'permission.{each}')}**" for each in access.missing)
    key = "toolzz.reach.lacking" if access.parent is None else "toolzz.reach.lacking_in_thread"
    return texts(key, permissions=permissions, bot=f"<@{bot.bot_id}>", channel=f"<#{access.parent}>")
