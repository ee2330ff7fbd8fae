"""What ``/alerts`` answers."""

from collections.abc import Mapping, Sequence
from typing import Final

import discord

from bot.discord.context import Context
from bot.discord.text import length, listed
from bot.discord.theme import DESCRIPTION, Field, Tone, card, duration, shared_state_word, when
from bot.features.alerts.incident_store import Incident
from bot.features.alerts.routes import Route
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from cogs.alerts.testing import TestAlert
from cogs.monitoring.formatting import name_of, symbol, word

REMINDERS: Final[Mapping[str, int]] = {
    "never": 0,
    "1h": 3600,
    "4h": 14_400,
    "12h": 43_200,
    "1d": 86_400,
}
"""Seconds between two reminders; ``alerts.remind.<key>`` names each."""


def route_set(route: Route, open_count: int, ctx: Context, *, is_silent: bool) -> discord.Embed:
    """Say what goes where from now on. is_silent: whether Discord lets the mention notify nobody."""
    texts = ctx.texts
    lines = [texts("alerts.set.how", channel=f"<#{route.channel_id}>")]
    if open_count:
        lines.append(texts.plural("alerts.set.open", open_count))
    if is_silent:
        lines.append(texts("alerts.set.silent", role=f"<@&{route.role_id}>"))
    return card(
        Tone.WARNING if is_silent else Tone.GOOD,
        texts("alerts.set.done"),
        "\n".join(lines),
        fields=[*_rules(route, ctx), Field(texts("next_step"), texts("alerts.set.next"))],
    )


def listing(
    route: Route | None,
    muted: Sequence[Watched],
    incidents: Sequence[Incident],
    ctx: Context,
    *,
    total: int,
    quiet_hours: str,
    maintenance: Sequence[str],
    footer: str,
) -> discord.Embed:
    """Show where alerts go, what is muted and a page of open incidents. total: the number on all pages.

    quiet_hours: empty if there are none. maintenance: a line for each window that is not over.
    """
    texts = ctx.texts
    is_lost = route is not None and bool(route.suspended)
    count = texts.plural("alerts.list.open", total) if total else texts("alerts.list.none_open")
    head = f"{_where(route, texts)}\n\n**{count}**\n"
    lines = listed((_incident_line(each, ctx) for each in incidents), texts, DESCRIPTION - length(head))
    fields = [] if route is None else _rules(route, ctx)
    if muted:
        fields.append(
            Field(texts("alerts.list.muted"), listed((_mute_line(each, ctx) for each in muted), texts))
        )
    if quiet_hours:
        fields.append(Field(texts("alerts.quiet_hours.field"), quiet_hours))
    if maintenance:
        fields.append(Field(texts("alerts.list.maintenance"), listed(maintenance, texts)))
    step = "none_next" if route is None else "lost_next" if is_lost else "next"
    return card(
        Tone.WARNING if is_lost else Tone.INFO,
        texts("alerts.list.title"),
        head + lines,
        fields=[*fields, Field(texts("next_step"), texts(f"alerts.list.{step}"))],
        footer=footer,
        symbol=None if is_lost else "🔔",
    )


def tested(route: Route, test: TestAlert, texts: Texts) -> discord.Embed:
    """Say where the test alert is and whom it could not mention, or what Discord refused.

    route: as it was before the test.
    """
    channel = f"<#{route.channel_id}>"
    if test.refused:
        kind, how = test.refused, texts(f"alerts.test.{test.refused}", channel=channel)
    else:
        kind = "resumed" if route.suspended else "done"
        how = texts("alerts.test.how", channel=channel, link=test.link)
    is_silent = bool(test.mentions.refused)
    return card(
        Tone.BAD if test.refused else Tone.WARNING if is_silent else Tone.GOOD,
        texts("alerts.test.failed" if test.refused else "alerts.test.done"),
        "\n".join([how, *test.mentions.problems(texts)]),
        fields=[Field(texts("next_step"), texts(f"alerts.test.{kind}_next"))],
    )


def removed(texts: Texts) -> discord.Embed:
    """Say that no alert is sent any more."""
    return card(
        Tone.QUIET,
        texts("alerts.remove.done"),
        texts("alerts.remove.how"),
        fields=[Field(texts("next_step"), texts("alerts.remove.next"))],
        symbol="🔕",
    )


def _where(route: Route | None, texts: Texts) -> str:
    if route is None:
        return texts("alerts.list.none")
    if route.suspended:
        return texts(f"alerts.list.{route.suspended}", channel=f"<#{route.channel_id}>")
    member, time = f"<@{route.set_by}>", when(route.set_at)
    return texts("alerts.list.route", channel=f"<#{route.channel_id}>", member=member, time=time)


def _rules(route: Route, ctx: Context) -> list[Field]:
    """Return the fields that say who is told of what, and when."""
    texts = ctx.texts
    checked_for = duration(route.checks * ctx.services.monitoring.interval, texts)
    remind = next(word for word, seconds in REMINDERS.items() if seconds == route.remind)
    role = texts("alerts.rule.nobody") if route.role_id is None else f"<@&{route.role_id}>"
    partial = [texts("alerts.rule.partial")] if route.partial else []
    values = {
        "role": role,
        "on": ", ".join([*(shared_state_word(texts, state) for state in route.states), *partial]),
        "after": texts.plural("alerts.rule.checks", route.checks, time=checked_for),
        "remind": texts(f"alerts.remind.{remind}"),
    }
    return [Field(texts(f"alerts.rule.{key}"), value, inline=True) for key, value in values.items()]


def _incident_line(incident: Incident, ctx: Context) -> str:
    name, state = name_of(incident, ctx.services.providers), word(incident, ctx.texts)
    line = f"{symbol(incident)} **{name}** · {state} · {when(incident.opened_at)}"
    return line if incident.acknowledged_by is None else f"{line} · 🙋 <@{incident.acknowledged_by}>"


def _mute_line(watched: Watched, ctx: Context) -> str:
    return ctx.texts(
        "alerts.list.mute",
        name=name_of(watched, ctx.services.providers),
        time=when(watched.muted_until or 0),
        member=f"<@{watched.muted_by}>",
    )
