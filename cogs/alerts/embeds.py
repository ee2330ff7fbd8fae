"""What ``/alerts`` answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import discord

from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.text import clamp, length, listed
from bot.discord.theme import DESCRIPTION, FIELD_VALUE, TOTAL, Field, Tone, card, notice, when
from bot.features.alerts.incident_store import Incident
from bot.features.alerts.routes import Route
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from cogs.alerts.route_words import RouteWords
from cogs.alerts.testing import TestAlert
from cogs.alerts.undelivered import Undelivered
from cogs.monitoring.formatting import name_of, symbol, word

_RULES: Final = 3000
"""Characters for the rules, so that there is room for the rest."""
_RULE_TITLE: Final = 80
_BOARD: Final = 500
_INCIDENTS: Final = 400
"""Characters that are left for incidents, whatever is muted or in maintenance."""
_MORE: Final = 40
"""Characters in which it is said at least how much is not shown."""
_ELLIPSIS: Final = "…"
_LINKS: Final = 300
"""Characters that are left for the links that commands in the text become."""


def route_set(
    route: Route, words: RouteWords, *, is_new: bool, is_only: bool, open_count: int
) -> discord.Embed:
    """Say what a rule does from now on. open_count: open incidents that it tells of for the first time."""
    texts = words.ctx.texts
    lines = list(words.summed_up(route))
    if open_count:
        lines.append(texts.plural("alerts.set.open", open_count))
    warnings = list(words.warnings(route))
    kind = "done" if is_new and is_only else "added" if is_new else "changed"
    # Before anything else, a role that is notified of nothing has to be let in.
    step = "\n".join(warnings) or texts("alerts.set.next" if is_only else "alerts.set.next_several")
    return card(
        Tone.WARNING if warnings else Tone.GOOD,
        texts(f"alerts.set.{kind}", number=route.number),
        "\n".join(lines),
        fields=[Field(texts("next_step"), step)],
    )


@dataclass(frozen=True, slots=True)
class AlertList:
    """What ``/alerts list`` shows.

    routes: the rules. undelivered: what Discord does not take. muted: the integrations that are muted.
    incidents: a page of the open ones; total: their number on all pages. quiet_hours: empty if there are
    none. maintenance: a line for each window that is not over.
    """

    routes: Sequence[Route]
    undelivered: Sequence[Undelivered]
    muted: Sequence[Watched]
    incidents: Sequence[Incident]
    total: int
    quiet_hours: str
    maintenance: Sequence[str]


def listing(shown: AlertList, words: RouteWords, *, footer: str) -> discord.Embed:
    """Show where alerts go, what waits and why, what is muted and a page of open incidents."""
    ctx, texts = words.ctx, words.ctx.texts
    title = texts("alerts.list.title")
    count = texts.plural("alerts.list.open", shown.total) if shown.total else texts("alerts.list.none_open")
    head = f"**{count}**\n" if shown.routes else f"{texts('alerts.list.none')}\n\n**{count}**\n"
    step = "none_next" if not shown.routes else "lost_next" if shown.undelivered else "next"
    # What is done next stands last, where an embed that is too long would be cut: its room is taken first.
    last = Field(texts("next_step"), texts(f"alerts.list.{step}"))
    fields = list(_rules(shown, words))
    if shown.quiet_hours:
        fields.append(Field(texts("alerts.quiet_hours.field"), shown.quiet_hours))
    room = TOTAL - length(f"⚠️ {title}{footer}{head}") - _LINKS - sum(map(_length, [*fields, last]))
    lists = {
        texts("alerts.list.muted"): [_mute_line(each, ctx) for each in shown.muted],
        texts("alerts.list.maintenance"): shown.maintenance,
    }
    lists = {name: lines for name, lines in lists.items() if lines}
    for left, (name, lines) in zip(range(len(lists), 0, -1), lists.items(), strict=True):
        limit = min(FIELD_VALUE, (room - _INCIDENTS) // left - length(name))
        fields.append(Field(name, listed(lines, texts, max(limit, _MORE))))
        room -= _length(fields[-1])
    incidents = (_incident_line(each, ctx) for each in shown.incidents)
    lines = listed(incidents, texts, max(min(DESCRIPTION - length(head), room), _MORE))
    return card(
        Tone.WARNING if shown.undelivered else Tone.INFO,
        title,
        head + lines,
        fields=[*fields, last],
        footer=footer,
        symbol=None if shown.undelivered else "🔔",
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


def removed(route: Route, left: int, texts: Texts) -> discord.Embed:
    """Say what is no longer sent. left: how many rules there still are."""
    if left:
        return notice(
            texts,
            Tone.QUIET,
            "alerts.remove.one",
            how=texts.plural("alerts.remove.left", left),
            number=route.number,
            symbol="🔕",
        )
    return card(
        Tone.QUIET,
        texts("alerts.remove.done"),
        texts("alerts.remove.how"),
        fields=[Field(texts("next_step"), texts("alerts.remove.next"))],
        symbol="🔕",
    )


def _rules(shown: AlertList, words: RouteWords) -> Iterator[Field]:
    """Yield a field for each rule, and one for the board if that is not up to date."""
    ctx, texts = words.ctx, words.ctx.texts
    problems = {
        0 if each.route is None else each.route.number: list(each.lines(ctx, fixes=True))
        for each in shown.undelivered
    }
    # With few rules each has room for all that can be said.
    room = min(FIELD_VALUE, _RULES // max(len(shown.routes), 1))
    for route in shown.routes:
        found = problems.get(route.number, [])
        lines = [*found, *words.warnings(route), *words.lines(route)]
        yield Field(clamp(words.title(route), _RULE_TITLE), _fitting(lines, room, needed=found[:2]))
    if 0 in problems:
        yield Field(texts("alerts.list.board"), _fitting(problems[0], _BOARD, needed=problems[0][:2]))


def _fitting(lines: Sequence[str], room: int, *, needed: Sequence[str]) -> str:
    """Join as many lines as fit, none of which is cut: a cut could go through a mention.

    needed: the first lines, which are shown even if there is no room: what is wrong, and what to do about it.
    """
    if length(full := "\n".join(lines)) <= room:
        return full
    shown = list(needed)
    for line in lines[len(needed) :]:
        if length("\n".join([*shown, line, _ELLIPSIS])) > room:
            break
        shown.append(line)
    return "\n".join([*shown, *([_ELLIPSIS] if len(shown) < len(lines) else [])])


def _length(field: Field) -> int:
    return length(field.name) + length(field.value)


def _incident_line(incident: Incident, ctx: Context) -> str:
    name, state = name_of(incident, ctx.services.providers), word(incident, ctx.texts)
    opened = ctx.texts("alerts.row.opened", time=when(incident.opened_at))
    line = f"{symbol(incident)} #{incident.number} **{name}** · {state} · {opened}"
    by = incident.acknowledged_by
    return line if by is None else f"{line} · 🙋 {mention_member(by, ctx.texts)}"


def _mute_line(watched: Watched, ctx: Context) -> str:
    return ctx.texts(
        "alerts.list.mute",
        name=name_of(watched, ctx.services.providers),
        time=when(watched.muted_until or 0),
        member=mention_member(watched.muted_by or 0, ctx.texts),
    )
