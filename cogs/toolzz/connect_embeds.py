"""What ``/toolzz connect`` shows and replies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import discord

from bot.kit.integration import State, Verdict, is_id
from bot.runtime.preflight import Preflight, steps_before, way_in
from bot.ui.components import LastingButton, view_of
from bot.ui.permissions import permission_names
from bot.ui.problems import refer_to, what_failed
from bot.ui.text import code, listed, plain, quoted
from bot.ui.theme import Field, Tone, card, state_symbol, verdict_tone, when
from cogs.toolzz.integration import label_of, title_of
from cogs.toolzz.words import channel_names, setting_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.i18n.catalog import Texts
    from bot.kit.integration import Choice
    from bot.providers.toolzz.creation import Outcome
    from bot.providers.toolzz.models import Integration, Settings

_MOST_OPTIONS: Final = 25


def question_fields(
    agent: Choice,
    settings: Settings,
    known: Sequence[Integration] | None,
    guild: discord.Guild | None,
    texts: Texts,
) -> list[Field]:
    """Sum up what is to be created. known: what may be the same agent in this server, None: nobody knows."""
    fields = [
        _agent_field(agent, texts),
        Field(texts("toolzz.status.server"), quoted(settings.guild_name, 100)),
        *setting_fields(settings, guild, texts),
        Field(
            texts("toolzz.connect.permissions"),
            permission_names(discord.Permissions(settings.permissions), texts),
        ),
        Field(texts("toolzz.connect.revoke"), texts("toolzz.connect.revoke_how")),
    ]
    if known is None:
        fields.append(Field(texts("toolzz.connect.had_one"), texts("toolzz.connect.had_one_unknown")))
    elif known:
        said = texts("toolzz.connect.had_one_how")
        fields.append(
            Field(texts("toolzz.connect.had_one"), f"{said}\n{listed(_lines(known, texts), texts, 700)}")
        )
    return fields


def accepted(
    agent: Choice,
    outcome: Outcome,
    settings: Settings,
    preflight: Preflight,
    guild: discord.Guild | None,
    texts: Texts,
) -> tuple[discord.Embed, discord.ui.View]:
    """Say that Toolzz created it, how it says that it is doing, and what is left to do."""
    report = outcome.integration
    channels = settings.channels if report is None or not report.channels else report.channels
    embed = card(
        Tone.GOOD,
        texts("toolzz.connect.done"),
        texts("toolzz.connect.done_how"),
        fields=[
            _agent_field(agent, texts),
            Field(texts("toolzz.form.title"), quoted((report and report.title) or settings.title, 200)),
            Field(texts("toolzz.connect.says"), _said(report, texts)),
            Field(
                texts.plural("toolzz.status.channels", len(channels)), channel_names(channels, guild, texts)
            ),
            Field(texts("next_step"), steps_before(texts("toolzz.connect.see_status"), preflight, texts)),
        ],
        footer=texts("toolzz.connect.footer", id=plain(report.id if report else "", 64)),
    )
    return embed, view_of(way_in(preflight, texts))


def in_doubt(
    agent: Choice, outcome: Outcome, look: LastingButton, texts: Texts
) -> tuple[discord.Embed, discord.ui.View]:
    """Say that no good answer came, and what a look into the list has shown."""
    doubt = outcome.doubt
    why = "" if doubt is None else texts("toolzz.connect.doubt", why=what_failed(doubt, "Toolzz", texts))
    found = () if outcome.integration is None else (outcome.integration,)
    embed = _verdict(agent, outcome.verdict, found, texts, why)
    if doubt is not None:
        refer_to(embed, doubt, texts)
    return embed, view_of() if outcome.verdict is Verdict.THERE else view_of(look)


def looked_up(
    agent: Choice, verdict: Verdict, possible: Sequence[Integration], texts: Texts
) -> tuple[discord.Embed, discord.ui.View]:
    """Say what another look into the list has shown. possible: what it is, or what it can be."""
    return _verdict(agent, verdict, possible, texts, ""), view_of()


def options(possible: Iterable[Integration], texts: Texts) -> list[discord.SelectOption]:
    """Return an entry for each integration that it can be; one whose id is none could not be asked for."""
    each = {report.id: report for report in possible if is_id(report.id)}
    return [
        discord.SelectOption(
            label=label_of(report),
            value=report.id,
            description=texts(f"state.{report.state}"),
            emoji=state_symbol(report.state),
        )
        for report in each.values()
    ][:_MOST_OPTIONS]


def _agent_field(agent: Choice, texts: Texts) -> Field:
    """Name an agent, by its id alone where its name is not known."""
    lines = [quoted(agent.label)] if agent.label != agent.id else []
    lines.append(code(agent.id, 64))
    if agent.state is State.INACTIVE:
        lines.append(texts("toolzz.connect.resting"))
    return Field(texts("toolzz.status.agent"), "\n".join(filter(None, lines)))


def _said(report: Integration | None, texts: Texts) -> str:
    state = State.UNKNOWN if report is None else report.state
    said = f"{state_symbol(state)} **{texts(f'state.{state}')}** · {texts(f'toolzz.state.{state}')}"
    word = report.connection_status if report is not None else None
    if word and word.lower() != state:
        said += "\n" + texts("toolzz.status.own_word", word=code(word, 64))
    return said


def _verdict(
    agent: Choice, verdict: Verdict, found: Sequence[Integration], texts: Texts, why: str
) -> discord.Embed:
    text = texts(f"toolzz.connect.{verdict}_how")
    fields = [_agent_field(agent, texts)]
    if found:
        name = "toolzz.connect.found" if verdict is Verdict.THERE else "toolzz.connect.possible"
        fields.append(Field(texts(name), listed(_lines(found, texts), texts)))
    choose = verdict is Verdict.UNKNOWN and bool(found)
    next_step = texts("toolzz.connect.unknown_choose" if choose else f"toolzz.connect.{verdict}_next")
    fields.append(Field(texts("next_step"), next_step))
    return card(
        verdict_tone(verdict),
        texts(f"toolzz.connect.{verdict}"),
        f"{why}\n{text}" if why else text,
        fields=fields,
    )


def _lines(reports: Iterable[Integration], texts: Texts) -> Iterator[str]:
    """Tell integrations apart: by title, state, and when they were created."""
    for report in reports:
        parts = [f"{state_symbol(report.state)} **{title_of(report)}**", texts(f"state.{report.state}")]
        if report.created_at is not None:
            parts.append(texts("toolzz.connect.created", time=when(report.created_at)))
        yield " · ".join(parts)
