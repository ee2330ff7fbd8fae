"""``/alerts maintenance``: sets and ends times in which nobody is told that an agent fails."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

import discord

from bot.discord.commands import MAX_CHOICE_LENGTH, MAX_CHOICES
from bot.discord.components import PersistentSelect
from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.text import clamp, code, length, listed, plain
from bot.discord.theme import DESCRIPTION, Field, Tone, card, when
from bot.errors import InvalidInputError
from bot.features.maintenance.local_time import UTC_NAME, local, start_of
from bot.features.maintenance.windows import MaintenanceWindow
from bot.features.monitoring.service import Watched
from cogs.monitoring import find_watched
from cogs.monitoring.formatting import name_of, plain_name, told_apart

END: Final = "end"
DURATIONS: Final[Mapping[str, int]] = {
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "4h": 14_400,
    "8h": 28_800,
    "1d": 86_400,
    END: 0,
}
"""For how many seconds maintenance can be set; ``alerts.maintenance.for.<key>`` names each."""
_SYMBOL: Final = "🔧"
_SCHEDULED: Final = "🗓️"
_CLOCK: Final = "%Y-%m-%d %H:%M"


class MaintenanceSelect(PersistentSelect):
    """Ends the window that the member picks, or cancels it if it has not begun."""

    route = "alerts:maintenance"
    caption = "alerts.maintenance.placeholder"

    async def pick(self, ctx: Context, value: str) -> None:
        """End it, and say so in place of the list."""
        if not value.isascii() or not value.isdecimal() or len(value) > len("999999999"):
            raise InvalidInputError("option")
        await acknowledge(ctx)
        async with ctx.change("alerts.maintenance", f"#{int(value)}"):
            ended = await ctx.services.maintenance.end(ctx.guild_id, int(value))
        kind = "canceled" if ended.starts_at > ctx.now else "ended"
        await edit(ctx, *await _answer(ctx, kind, ended))


async def change_maintenance(
    ctx: Context, integration: str | None, duration: str | None, start: str | None
) -> Answer:
    """Set a window, end what is current, or only show the windows; return what to say.

    integration: as for ``find_watched``, None for the whole server. duration: one of ``DURATIONS``, None to
    change nothing. start: as a member typed it, None for now. Raises InvalidInputError("option",
    "maintenance_options", "maintenance_start"), and what ``find_watched`` and MaintenanceService raise.
    """
    if duration is None and integration is None and start is None:
        return await _answer(ctx, "list")
    if duration is None or (duration == END and start is not None):
        raise InvalidInputError("maintenance_options")
    if duration not in DURATIONS:
        raise InvalidInputError("option")
    provider, integration_id, target = "", "", f"server · {ctx.guild_id}"
    if integration is not None:
        watched = await find_watched(ctx, integration)
        provider, integration_id, target = watched.provider, watched.id, f"{watched.provider} · {watched.id}"
    async with ctx.change("alerts.maintenance", f"{target} · {duration}") as change:
        if duration == END:
            ended = await ctx.services.maintenance.end_current(ctx.guild_id, provider, integration_id)
            change.idle = not ended
            return await _answer(ctx, "ended_all" if ended else "none")
        window = await ctx.services.maintenance.add(
            ctx.guild_id,
            provider,
            integration_id,
            DURATIONS[duration],
            member_id=ctx.member.id,
            starts_at=None if start is None else await _start(ctx, start),
        )
    return await _answer(ctx, "done" if start is None else "scheduled", window)


async def _start(ctx: Context, text: str) -> int:
    zone = await ctx.services.quiet_hours.zone(ctx.guild_id)
    starts_at = start_of(text, zone, int(ctx.services.clock()))
    if starts_at is None:
        raise InvalidInputError("maintenance_start")
    return starts_at


async def _names(ctx: Context) -> dict[tuple[str, str], Watched]:
    """Return the guild's integrations by provider and id, with labels that differ."""
    found = await ctx.services.monitoring.integrations(ctx.guild_id)
    return {(each.provider, each.id): each for each in told_apart(found, ctx.services.providers)}


async def _answer(ctx: Context, kind: str, of: MaintenanceWindow | None = None) -> Answer:
    """Say what was done, or list the windows that are not over, with a menu to end one."""
    texts = ctx.texts
    windows = await ctx.services.maintenance.current(ctx.guild_id)
    zone = await ctx.services.quiet_hours.zone(ctx.guild_id)
    names = await _names(ctx)
    values = {} if of is None else _values(of, names, ctx)
    how, is_list = texts(f"alerts.maintenance.{kind}_how", **values), kind == "list"
    if is_list and windows:
        how = f"{how}\n\n**{texts.plural('alerts.maintenance.count', len(windows))}**\n"
        how += listed((window_line(each, names, ctx) for each in windows), texts, DESCRIPTION - length(how))
    if kind == "scheduled":
        how += f"\n{texts('alerts.maintenance.time_zone')}: {code(zone.key)}"
    step = Field(texts("next_step"), texts(f"alerts.maintenance.{'some' if windows else 'no'}_next"))
    zone_key = "utc" if zone.key == UTC_NAME else "zone"
    zone_words = texts(f"alerts.maintenance.{zone_key}", zone=code(zone.key))
    embed = card(
        Tone.INFO if is_list else Tone.QUIET if kind == "none" else Tone.GOOD,
        texts(f"alerts.maintenance.{kind}"),
        how,
        fields=[*([Field(texts("alerts.maintenance.time_zone"), zone_words)] if is_list else []), step],
        symbol=_SYMBOL if is_list else None,
    )
    return embed, view_of(*_menu(windows, names, zone, ctx))


def _values(
    window: MaintenanceWindow, names: Mapping[tuple[str, str], Watched], ctx: Context
) -> dict[str, str]:
    start, end = when(window.starts_at, exact=True), when(window.ends_at, exact=True)
    if window.starts_at > ctx.now:
        end = f"<t:{window.ends_at}:f>"
    return {"name": _name(window, names, ctx), "number": str(window.number), "start": start, "end": end}


def _menu(
    windows: Sequence[MaintenanceWindow],
    names: Mapping[tuple[str, str], Watched],
    zone: ZoneInfo,
    ctx: Context,
) -> Iterator[MaintenanceSelect]:
    if windows:
        yield MaintenanceSelect(
            texts=ctx.texts,
            options=[
                discord.SelectOption(
                    label=clamp(f"#{each.number} {_plain(each, names, ctx)}", MAX_CHOICE_LENGTH),
                    value=str(each.number),
                    description=clamp(
                        f"{local(each.starts_at, zone):{_CLOCK}} → {local(each.ends_at, zone):{_CLOCK}}",
                        MAX_CHOICE_LENGTH,
                    ),
                    emoji=_symbol(each, ctx),
                )
                for each in windows[:MAX_CHOICES]
            ],
        )


def window_line(window: MaintenanceWindow, names: Mapping[tuple[str, str], Watched], ctx: Context) -> str:
    """Return the line of a window. names: the guild's integrations by provider and id."""
    period = f"<t:{window.starts_at}:f> → <t:{window.ends_at}:f>"
    name = _name(window, names, ctx)
    member = mention_member(window.set_by, ctx.texts)
    return f"{_symbol(window, ctx)} #{window.number} **{name}** · {period} · {member}"


def _name(window: MaintenanceWindow, names: Mapping[tuple[str, str], Watched], ctx: Context) -> str:
    """Return what a window is for, safe where Discord renders markdown; an agent may be gone by now."""
    if window.is_for_all:
        return ctx.texts("alerts.maintenance.all")
    watched = names.get((window.provider, window.id))
    return code(window.id, 70) if watched is None else name_of(watched, ctx.services.providers)


def _plain(window: MaintenanceWindow, names: Mapping[tuple[str, str], Watched], ctx: Context) -> str:
    """Return what a window is for, safe where Discord renders no markdown."""
    if window.is_for_all:
        return ctx.texts("alerts.maintenance.all")
    watched = names.get((window.provider, window.id))
    return plain(window.id, 70) if watched is None else plain_name(watched)


def _symbol(window: MaintenanceWindow, ctx: Context) -> str:
    return _SCHEDULED if window.starts_at > ctx.now else _SYMBOL
