"""What ``/setup`` shows."""

from collections.abc import Iterator, Sequence
from typing import Final

import discord

from bot.discord.access.agent_bots import application_of, bot_page, invite_link
from bot.discord.commands import MAX_CHOICES
from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.problems import explain, refer_to
from bot.discord.text import code, listed
from bot.discord.theme import Field, Tone, card, notice, when
from bot.errors import InvalidInputError, PatchbayError, ProviderError, UnreadableSecretError
from bot.features.monitoring.access import AccessKind
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import Texts
from cogs.connections import credential_lines, where_to_find
from cogs.monitoring import candidate_fields
from cogs.monitoring.formatting import name, why, word
from cogs.monitoring.formatting import symbol as symbol_of_state
from cogs.setup.failure import Failure
from cogs.setup.steps import ProviderProgress, SetupListContent, SetupProgress, is_green

DONE: Final = "✅"
TODO: Final = "▶️"
BAD: Final = "❌"
LATER: Final = "⬜"
ATTENTION: Final = "⚠️"
_MAX_NAME: Final = 60


def overview(found: Sequence[ProviderProgress], candidates: Sequence[Watched], texts: Texts) -> discord.Embed:
    """List every provider and what is to be done about it. candidates: what may run here."""
    done = all(symbol_of(each) == DONE for each in found)
    return notice(
        texts,
        Tone.GOOD if done else Tone.INFO,
        "setup.all",
        *(Field(f"{symbol_of(each)} {each.provider.name}", _to_do(each, texts)) for each in found),
        *candidate_fields(candidates, {each.provider.slug: each.provider for each in found}, texts),
        next_step=texts("setup.all.done_next") if done else None,
        symbol="🧭",
    )


def symbol_of(progress: ProviderProgress) -> str:
    """Return the symbol of a provider: set up, needs attention, or to be set up."""
    if any(summary.needs_attention for summary in progress.summaries):
        return ATTENTION
    if not progress.summaries or not progress.agents:
        return TODO
    return DONE if progress.well == len(progress.agents) else ATTENTION


def stepper(progress: SetupProgress, ctx: Context, failure: Failure | None = None) -> discord.Embed:
    """Show the steps with a provider, each with what is known of it, and which comes next.

    failure: what went wrong since that is known.
    """
    texts, summary = ctx.texts, progress.summary
    several = summary is not None and len(progress.summaries) > 1
    embed = card(
        _tone(progress, failure),
        texts("setup.steps.title", provider=progress.provider.name),
        texts("setup.steps.connection", name=code(summary.name), count=len(progress.summaries))
        if summary is not None and several
        else "",
        fields=[
            *(
                Field(f"{symbol} {number}. {texts(f'setup.step.{step}')}", text)
                for number, (step, symbol, text) in enumerate(_with_failure(progress, ctx, failure), 1)
            ),
            Field(texts("next_step"), _next_step(progress, texts) if failure is None else failure.fix),
        ],
        footer="" if failure is None else failure.footer,
        symbol="🧭",
    )
    if failure is None and isinstance(progress.failure, ProviderError):
        refer_to(embed, progress.failure, texts)
    return embed


def _to_do(progress: ProviderProgress, texts: Texts) -> str:
    for summary in progress.summaries:
        if summary.needs_attention:
            since = "" if summary.refused_at is None else when(summary.refused_at)
            why = "erased" if summary.erased else "refused" if summary.readable else "unreadable"
            return texts(f"setup.all.{why}", name=code(summary.name), time=since)
    if not progress.summaries:
        return texts("setup.all.credentials")
    if not progress.agents:
        return texts("setup.all.agents" if progress.has_lists else "setup.all.connect")
    return texts.plural("setup.have.well", len(progress.agents), well=progress.well)


def _tone(progress: SetupProgress, failure: Failure | None) -> Tone:
    if failure is not None:
        return Tone.BAD
    return Tone.GOOD if progress.is_done else Tone.WARNING if _is_bad(progress) else Tone.INFO


def _with_failure(
    progress: SetupProgress, ctx: Context, failure: Failure | None
) -> Iterator[tuple[str, str, str]]:
    """Yield what ``_steps`` does, with what failed in the place of what was known of that step."""
    for step, symbol, text in _steps(progress, ctx):
        if failure is not None and step == failure.step:
            yield step, BAD, failure.text
        else:
            yield step, symbol, text


def _steps(progress: SetupProgress, ctx: Context) -> Iterator[tuple[str, str, str]]:
    """Yield each step: the end of its key, its symbol, and its text."""
    yield "credentials", *_credentials(progress, ctx)
    yield "check", *_check(progress, ctx)
    yield "agents", *_agents(progress, ctx)
    yield "alerts", *_alerts(progress, ctx)
    yield "have", *_have(progress, ctx)


def _credentials(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    texts, summary, provider = ctx.texts, progress.summary, progress.provider
    if summary is None:
        return TODO, f"{where_to_find(provider, texts)}\n{texts('setup.credentials.none')}"
    member = mention_member(summary.set_by, texts)
    set_by = texts("connections.list.set", member=member, time=when(summary.set_at))
    if isinstance(progress.failure, UnreadableSecretError):
        explained = explain(progress.failure, texts, {})
        return BAD, f"**{explained.title}**\n{explained.why}\n{set_by}"
    lines = credential_lines(summary, ctx.services, texts, progress.unit_doubt)
    return _symbol_of_unit(progress), f"{lines}\n{set_by}"


def _symbol_of_unit(progress: SetupProgress) -> str:
    """Return the symbol of credentials that the provider accepts, but perhaps not the unit among them."""
    return {"unknown": BAD, "unconfirmed": ATTENTION, None: DONE}[progress.unit_doubt]


def _check(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    texts, summary, failure = ctx.texts, progress.summary, progress.failure
    if summary is None or isinstance(failure, UnreadableSecretError):
        return LATER, texts("setup.check.later")
    if failure is None:
        if progress.unit_doubt is not None:
            return _symbol_of_unit(progress), texts(f"{progress.provider.slug}.setup.unconfirmed")
        provider = progress.provider.name
        return DONE, texts("setup.check.done", provider=provider, time=when(summary.verified_at))
    explained = explain(failure, texts, ctx.services.provider_names, now=ctx.services.clock())
    # A button and the next step say what to do about credentials.
    fix = "" if progress.needs_credentials else explained.fix
    return BAD, f"**{explained.title}**\n{explained.why}\n{fix}".strip()


def _agents(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    texts = ctx.texts
    if progress.is_working and not progress.lists:
        return _agents_without_lists(progress, ctx)
    placed = [texts.plural("setup.agents.placed", len(progress.agents))] if progress.agents else []
    if not progress.is_working:
        return DONE if placed else LATER, "\n".join(placed) or texts("setup.agents.later")
    can_go_on = any(
        content.choices or isinstance(content.failure, InvalidInputError) for content in progress.lists
    )
    lines = dict.fromkeys([*placed, *(_list_line(content, ctx) for content in progress.lists)])
    return DONE if placed else TODO if can_go_on else BAD, "\n".join(lines)


def _agents_without_lists(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    provider, texts = progress.provider, ctx.texts
    if progress.agents:
        return DONE, listed((agent_line(agent, ctx) for agent in progress.agents), texts)
    if ctx.client.tree.get_command(provider.slug) is not None:
        return TODO, texts("setup.agents.by_command")
    return TODO, texts("setup.agents.elsewhere", provider=provider.name)


def _list_line(content: SetupListContent, ctx: Context) -> str:
    texts, key = ctx.texts, content.source.key
    if isinstance(content.failure, PatchbayError):
        explained = explain(content.failure, texts, ctx.services.provider_names)
        if isinstance(content.failure, InvalidInputError):
            return f"▫️ **{explained.title}** {explained.why} {explained.fix}"
        return f"{BAD} **{explained.title}** {explained.why}"
    if content.failure is not None:
        return f"{BAD} {texts('setup.agents.slow')}"
    if not content.choices:
        return f"▫️ {texts(f'{key}.taken' if content.taken else f'{key}.none')}"
    line = f"🔹 {texts.plural(f'{key}.some', len(content.choices))}"
    return f"{line} {texts(f'{key}.more', shown=MAX_CHOICES)}" if len(content.choices) > MAX_CHOICES else line


def _alerts(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    texts = ctx.texts
    problems = [line for each in progress.undelivered for line in each.lines(ctx, fixes=True)]
    suitable = progress.suitable_routes
    if progress.has_alert_channel:
        done = alert_channels(progress, texts)
        return ATTENTION if problems else DONE, listed([done, *problems], texts)
    if suitable:
        return BAD, listed(problems, texts)
    if not progress.is_working:
        return LATER, texts("setup.alerts.later")
    missing = texts("setup.alerts.narrow" if progress.routes else "setup.alerts.none")
    return TODO, listed([missing, *problems], texts)


def alert_channels(progress: SetupProgress, texts: Texts) -> str:
    """Say where the alerts about everything at the provider go."""
    channels = dict.fromkeys(
        f"<#{each.channel_id}>" for each in progress.suitable_routes if not each.suspended
    )
    return texts("setup.alerts.done", channel=", ".join(channels))


def _have(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    texts, agents = ctx.texts, progress.agents
    if not agents:
        return LATER, texts("setup.have.nothing")
    symbol = DONE if progress.is_done else ATTENTION
    if progress.is_working and not progress.lists:  # the agents stand one by one in their own step
        well = sum(map(is_green, agents))
        return symbol, texts.plural("setup.have.well", len(agents), well=well)
    return symbol, listed((agent_line(agent, ctx) for agent in agents), texts)


def agent_line(agent: Watched, ctx: Context) -> str:
    """Name an agent with its state, and what is missing."""
    texts, providers = ctx.texts, ctx.services.providers
    parts = [f"{symbol_of_state(agent)} **{name(agent.label, agent.id)}**", word(agent, texts)]
    if agent.detail != AccessKind.ABSENT:
        parts.append(why(agent, texts, providers))
    elif (application := application_of(agent.bot_id)) is None:
        parts.append(texts("setup.have.absent_by_hand"))
    else:
        parts.append(texts("setup.have.absent", link=invite_link(application, ctx.guild_id)))
    return " · ".join(filter(None, parts))


def _next_step(progress: SetupProgress, texts: Texts) -> str:
    slug, agents = progress.provider.slug, progress.agents
    if progress.needs_credentials:
        return texts("setup.next.enter" if progress.summary is None else "setup.next.enter_new")
    if progress.is_working and not agents and any(content.choices for content in progress.lists):
        return texts("setup.next.pick")
    if not progress.is_working or not agents:
        return texts("setup.next.check")
    absent = [agent for agent in agents if agent.detail == AccessKind.ABSENT]
    if absent:
        has_link = any(application_of(agent.bot_id) is not None for agent in absent)
        return texts("setup.next.invite" if has_link else "preflight.invite_by_hand", portal=bot_page(None))
    if not progress.has_alert_channel:
        return texts("setup.next.alerts")
    end = "done" if progress.is_done else "waiting"
    return texts.find(f"{slug}.setup.{end}") or texts(f"setup.next.{end}")


def _is_bad(progress: SetupProgress) -> bool:
    is_doubtful = progress.failure is not None or progress.unit_doubt is not None
    return is_doubtful or not all(map(is_green, progress.agents))
