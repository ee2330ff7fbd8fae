"""What ``/alerts`` replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.kit.integration import State
from bot.runtime.watched_words import name_of, symbol, word
from bot.ui.durations import duration
from bot.ui.text import length, listed
from bot.ui.theme import DESCRIPTION, Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.runtime.alert_trial import Trial
    from bot.runtime.client import PatchbayBot
    from bot.services.alerts import Route
    from bot.services.watching import Incident, Watched

REMINDERS: Final[Mapping[str, int]] = {
    "never": 0,
    "1h": 3600,
    "4h": 14_400,
    "12h": 43_200,
    "1d": 86_400,
}
"""Seconds between two reminders, each worded by ``alerts.remind.<key>``."""
_WORST_FIRST: Final = (State.ERROR, State.DISCONNECTED, State.UNKNOWN, State.INACTIVE, State.CONNECTED)


def worst_first(incident: Incident) -> tuple[int, int]:
    """Sort incidents: what is worst, then what goes on for longest."""
    return _WORST_FIRST.index(State(incident.state)), incident.opened_at


def route_set(route: Route, interval: int, open_count: int, texts: Texts, *, silent: bool) -> discord.Embed:
    """Say what goes where from now on.

    interval: seconds between two checks. silent: whether Discord lets the mention notify nobody.
    """
    lines = [texts("alerts.set.how", channel=f"<#{route.channel_id}>")]
    if open_count:
        lines.append(texts.plural("alerts.set.open", open_count))
    if silent:
        lines.append(texts("alerts.set.silent", role=f"<@&{route.role_id}>"))
    return card(
        Tone.WARNING if silent else Tone.GOOD,
        texts("alerts.set.done"),
        "\n".join(lines),
        fields=[*_rules(route, interval, texts), Field(texts("next_step"), texts("alerts.set.next"))],
    )


def listing(
    route: Route | None,
    muted: Sequence[Watched],
    open_ones: Sequence[Incident],
    bot: PatchbayBot,
    texts: Texts,
    *,
    total: int,
    footer: str,
) -> discord.Embed:
    """Show where alerts go, what is muted and a page of what is open. total: of all pages."""
    is_lost = route is not None and bool(route.lost)
    head = f"{_where(route, texts)}\n\n**{_counted(total, texts)}**\n"
    incidents = listed((_incident(each, bot, texts) for each in open_ones), texts, DESCRIPTION - length(head))
    fields = [] if route is None else list(_rules(route, bot.watching.interval, texts))
    if muted:
        fields.append(
            Field(texts("alerts.list.muted"), listed((_mute(each, bot, texts) for each in muted), texts))
        )
    step = "none_next" if route is None else "lost_next" if is_lost else "next"
    return card(
        Tone.WARNING if is_lost else Tone.INFO,
        texts("alerts.list.title"),
        head + incidents,
        fields=[*fields, Field(texts("next_step"), texts(f"alerts.list.{step}"))],
        footer=footer,
        symbol=None if is_lost else "🔔",
    )


def tried(route: Route, trial: Trial, texts: Texts) -> discord.Embed:
    """Say where the test stands, or what Discord refused."""
    channel = f"<#{route.channel_id}>"
    if trial.refused:
        kind, how = trial.refused, texts(f"alerts.test.{trial.refused}", channel=channel)
    else:
        kind = "lost" if route.lost else "done"
        how = texts("alerts.test.how", channel=channel, link=trial.link)
    return card(
        Tone.BAD if trial.refused else Tone.GOOD,
        texts("alerts.test.failed" if trial.refused else "alerts.test.done"),
        how,
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
    if route.lost:
        return texts(f"alerts.list.{route.lost}", channel=f"<#{route.channel_id}>")
    member, time = f"<@{route.set_by}>", when(route.set_at)
    return texts("alerts.list.route", channel=f"<#{route.channel_id}>", member=member, time=time)


def _counted(total: int, texts: Texts) -> str:
    return texts.plural("alerts.list.open", total) if total else texts("alerts.list.none_open")


def _rules(route: Route, interval: int, texts: Texts) -> list[Field]:
    """Say who is told of what, and when."""
    took = duration(route.checks * interval, texts)
    remind = next(word for word, seconds in REMINDERS.items() if seconds == route.remind)
    states = ", ".join(texts(f"state.{state}") for state in route.states)
    nobody = texts("alerts.rule.nobody")
    return [
        Field(
            texts("alerts.rule.role"),
            nobody if route.role_id is None else f"<@&{route.role_id}>",
            inline=True,
        ),
        Field(texts("alerts.rule.on"), states, inline=True),
        Field(
            texts("alerts.rule.after"),
            texts.plural("alerts.rule.checks", route.checks, time=took),
            inline=True,
        ),
        Field(texts("alerts.rule.remind"), texts(f"alerts.remind.{remind}"), inline=True),
    ]


def _incident(incident: Incident, bot: PatchbayBot, texts: Texts) -> str:
    state, shown = word(incident, texts), name_of(incident, bot.providers)
    line = f"{symbol(incident)} **{shown}** · {state} · {when(incident.opened_at)}"
    return line if incident.acknowledged_by is None else f"{line} · 🙋 <@{incident.acknowledged_by}>"


def _mute(watched: Watched, bot: PatchbayBot, texts: Texts) -> str:
    return texts(
        "alerts.list.mute",
        name=name_of(watched, bot.providers),
        time=when(watched.muted_until or 0),
        member=f"<@{watched.muted_by}>",
    )
