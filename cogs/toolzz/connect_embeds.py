"""What ``/toolzz connect`` shows and replies."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import discord

from bot.discord.access.agent_bots import permission_names
from bot.discord.replies import Answer
from bot.discord.text import code, listed, plain, quoted
from bot.discord.theme import Field, state_symbol
from bot.errors import ProviderError
from bot.i18n.catalog import Texts
from bot.providers.base.integration import Choice, State
from bot.providers.base.outcome import LookupResult
from bot.providers.toolzz.creation import ListedAgent
from bot.providers.toolzz.models import Integration, IntegrationSettings
from cogs.handover import LookButton, Preflight, accepted_answer
from cogs.toolzz.formatting import (
    MAX_SHORT,
    own_word,
    setting_fields,
    time_words,
    title_of,
    word_of,
)

_MAX_NAME: Final = 50
"""Characters of an agent's name."""
_MAX_POSSIBLE: Final = 3
"""How many integrations a reply in short names; a menu has all of them."""


def question_fields(
    agent: Choice,
    found: ListedAgent | None,
    settings: IntegrationSettings,
    known: Sequence[Integration] | None,
    guild: discord.Guild | None,
    texts: Texts,
) -> list[Field]:
    """Sum up what is to be created.

    found: what the unit's list has of the agent, None where the list could not be read. known: what may be
    the same agent in this server, None where nobody knows.
    """
    fields = [_agent_field(agent, texts)]
    if found is None or found.agent is None:
        part = "unread_all" if found is None else "unread_rest"
        fields.append(Field(texts("toolzz.connect.unread"), texts(f"toolzz.connect.{part}")))
    fields += [
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
        lines = listed(_lines(known, texts), texts, 700)
        fields.append(
            Field(texts("toolzz.connect.had_one"), f"{texts('toolzz.connect.had_one_how')}\n{lines}")
        )
    return fields


def summary(agent: Choice, found: ListedAgent | None, texts: Texts, *, is_alone: bool) -> Iterator[str]:
    """Yield in short what ``question_fields`` sums up.

    found: as there. is_alone: whether the agent is known not to be in this server.
    """
    yield _agent_field(agent, texts).value
    if found is None or found.agent is None:
        yield texts("toolzz.connect.unread")
    if not is_alone:
        yield texts("toolzz.connect.had_one_short")


def accepted(
    report: Integration | None, settings: IntegrationSettings, preflight: Preflight, texts: Texts
) -> Answer:
    """Say that Toolzz created it, how Toolzz says that it is doing, and what is left to do."""
    name = quoted(plain((report and report.title) or settings.title, MAX_SHORT))
    lines = (f"**{name}** · {_state(report, texts)}", texts("toolzz.connect.done_how"))
    return accepted_answer("toolzz", "\n".join(lines), preflight, texts)


def looked_up(
    look: LookButton,
    agent: Choice,
    possible: Sequence[Integration],
    result: LookupResult,
    doubt: ProviderError | None = None,
) -> Answer:
    """Say what a look into the list has shown.

    possible: what the new integration is, or what it can be. doubt: see ``LookButton.answer``.
    """
    texts = look.texts
    fields = [_agent_field(agent, texts)]
    if possible:
        name = "toolzz.connect.found" if result is LookupResult.THERE else "toolzz.connect.possible"
        # Which agent it is need not be said beside its integrations.
        fields = [Field(texts(name), _short_lines(possible, texts))]
    can_choose = result is LookupResult.UNKNOWN and bool(possible)
    next_step = texts("toolzz.connect.unknown_choose") if can_choose else None
    return look.answer(result, fields, doubt, next_step=next_step)


def _agent_field(agent: Choice, texts: Texts) -> Field:
    """Name an agent on one line, with the end of its id: several may have the same name."""
    name = "" if agent.label == agent.id else quoted(plain(agent.label, _MAX_NAME))
    lines = [f"{name} · {code(f'…{agent.id[-4:]}')}" if name else code(agent.id, 64)]
    if agent.state is State.INACTIVE:
        lines.append(texts("toolzz.connect.resting"))
    return Field(texts("toolzz.status.agent"), "\n".join(filter(None, lines)))


def _state(report: Integration | None, texts: Texts) -> str:
    """Show a state, with Toolzz's own word where that is another."""
    state = State.UNKNOWN if report is None else report.state
    own = [] if report is None else own_word(report, texts)
    return " · ".join([f"{state_symbol(state)} {word_of(state, texts)}", *own])


def _short_lines(reports: Sequence[Integration], texts: Texts) -> str:
    """Name the first integrations, each with its state."""
    lines = [
        f"{state_symbol(each.state)} **{quoted(plain(each.title or '', MAX_SHORT)) or title_of(each)}**"
        f" · {word_of(each.state, texts)}"
        for each in reports[:_MAX_POSSIBLE]
    ]
    rest = len(reports) - _MAX_POSSIBLE
    return "\n".join([*lines, texts.plural("list.more", rest)] if rest > 0 else lines)


def _lines(reports: Iterable[Integration], texts: Texts) -> Iterator[str]:
    """Tell integrations apart: by title, state, and when they were created."""
    for report in reports:
        parts = [f"{state_symbol(report.state)} **{title_of(report)}**", word_of(report.state, texts)]
        if report.created_at is not None:
            parts.append(
                texts("toolzz.connect.created", time=time_words(report.created_at, texts, exact=False))
            )
        yield " · ".join(parts)
