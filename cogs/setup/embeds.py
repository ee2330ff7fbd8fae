"""What ``/setup`` shows."""

from collections.abc import Iterator, Sequence
from typing import Final

import discord

from bot.discord.agent_bots import invite_link
from bot.discord.commands import MAX_CHOICES
from bot.discord.context import Context
from bot.discord.problems import explain, refer_to
from bot.discord.state_words import state_word
from bot.discord.text import code, listed, quoted
from bot.discord.theme import Field, Tone, card, notice, state_symbol, when
from bot.errors import PatchbayError, ProviderError, UnreadableSecretError
from bot.i18n.catalog import Texts
from cogs.connections import credential_lines
from cogs.setup.steps import LinkedAgent, ProviderProgress, SetupListContent, SetupProgress

DONE: Final = "✅"
TODO: Final = "▶️"
BAD: Final = "❌"
LATER: Final = "⬜"
ATTENTION: Final = "⚠️"
_MAX_NAME: Final = 60


def overview(found: Sequence[ProviderProgress], texts: Texts) -> discord.Embed:
    """List every provider and what is to be done about it."""
    done = all(symbol_of(each) == DONE for each in found)
    return notice(
        texts,
        Tone.GOOD if done else Tone.INFO,
        "setup.all",
        *(Field(f"{symbol_of(each)} {each.provider.name}", _to_do(each, texts)) for each in found),
        next_step=texts("setup.all.done_next") if done else None,
        symbol="🧭",
    )


def symbol_of(progress: ProviderProgress) -> str:
    """Return the symbol of a provider: set up, needs attention, or to be set up."""
    if any(summary.needs_attention for summary in progress.summaries):
        return ATTENTION
    return DONE if progress.summaries and progress.agents else TODO


def stepper(progress: SetupProgress, ctx: Context) -> discord.Embed:
    """Show the steps with a provider, each with what is known of it, and which comes next."""
    texts, summary = ctx.texts, progress.summary
    several = summary is not None and len(progress.summaries) > 1
    embed = card(
        Tone.GOOD if progress.is_done else Tone.WARNING if _is_bad(progress) else Tone.INFO,
        texts("setup.steps.title", provider=progress.provider.name),
        texts("setup.steps.connection", name=code(summary.name), count=len(progress.summaries))
        if summary is not None and several
        else "",
        fields=[
            *(
                Field(f"{symbol} {number}. {texts(f'setup.step.{step}')}", text)
                for number, (step, symbol, text) in enumerate(_steps(progress, ctx), 1)
            ),
            Field(texts("next_step"), _next_step(progress, texts)),
        ],
        symbol="🧭",
    )
    if isinstance(progress.failure, ProviderError):
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
    return texts.plural("setup.all.placed", progress.agents)


def _steps(progress: SetupProgress, ctx: Context) -> Iterator[tuple[str, str, str]]:
    """Yield each step: the end of its key, its symbol, and its text."""
    yield "credentials", *_credentials(progress, ctx)
    yield "check", *_check(progress, ctx)
    yield "agents", *_agents(progress, ctx)
    yield "alerts", *_alerts(progress, ctx.texts)
    yield "have", *_have(progress, ctx)


def _credentials(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    texts, summary, provider = ctx.texts, progress.summary, progress.provider
    if summary is None:
        labels = ", ".join(
            _label(provider.field_key(each.id), each.required, texts) for each in provider.fields
        )
        return TODO, texts("setup.credentials.none", fields=labels)
    set_by = texts("connections.list.set", member=f"<@{summary.set_by}>", time=when(summary.set_at))
    if isinstance(progress.failure, UnreadableSecretError):
        explained = explain(progress.failure, texts, {})
        return BAD, f"**{explained.title}**\n{explained.why}\n{set_by}"
    return DONE, f"{credential_lines(summary, ctx.services, texts)}\n{set_by}"


def _label(key: str, required: bool, texts: Texts) -> str:
    label = texts(f"{key}.label")
    return f"**{label}**" if required else texts("setup.credentials.optional", label=label)


def _check(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    texts, summary, failure = ctx.texts, progress.summary, progress.failure
    if summary is None or isinstance(failure, UnreadableSecretError):
        return LATER, texts("setup.check.later")
    if failure is None:
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
    can_pick = any(content.choices for content in progress.lists)
    lines = [*placed, *(_list_line(content, ctx) for content in progress.lists)]
    return DONE if placed else TODO if can_pick else BAD, "\n".join(lines)


def _agents_without_lists(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    provider, texts = progress.provider, ctx.texts
    if progress.agents:
        return DONE, listed((_agent_line(provider.slug, agent, ctx) for agent in progress.agents), texts)
    if ctx.client.tree.get_command(provider.slug) is not None:
        return TODO, texts("setup.agents.by_command")
    return TODO, texts("setup.agents.elsewhere", provider=provider.name)


def _list_line(content: SetupListContent, ctx: Context) -> str:
    texts, key = ctx.texts, content.source.key
    if isinstance(content.failure, PatchbayError):
        explained = explain(content.failure, texts, ctx.services.provider_names)
        return f"{BAD} **{explained.title}** {explained.why}"
    if content.failure is not None:
        return f"{BAD} {texts('setup.agents.slow')}"
    if not content.choices:
        return f"▫️ {texts(f'{key}.none')}"
    line = f"🔹 {texts.plural(f'{key}.some', len(content.choices))}"
    return f"{line} {texts(f'{key}.more', shown=MAX_CHOICES)}" if len(content.choices) > MAX_CHOICES else line


def _alerts(progress: SetupProgress, texts: Texts) -> tuple[str, str]:
    if progress.route is None:
        if progress.is_working:
            return TODO, texts("setup.alerts.none")
        return LATER, texts("setup.alerts.later")
    channel = f"<#{progress.route.channel_id}>"
    if not progress.has_alert_channel:
        return BAD, texts("setup.alerts.lost", channel=channel)
    return DONE, texts("setup.alerts.done", channel=channel)


def _have(progress: SetupProgress, ctx: Context) -> tuple[str, str]:
    texts, agents = ctx.texts, progress.agents
    if not agents:
        return LATER, texts("setup.have.nothing")
    symbol = DONE if progress.is_done else ATTENTION
    if progress.is_working and not progress.lists:  # the agents stand one by one in their own step
        well = sum(agent.is_green for agent in agents)
        return symbol, texts.plural("setup.have.well", len(agents), well=well)
    return symbol, listed((_agent_line(progress.provider.slug, agent, ctx) for agent in agents), texts)


def _agent_line(provider: str, agent: LinkedAgent, ctx: Context) -> str:
    texts = ctx.texts
    name = quoted(agent.label, _MAX_NAME) or code(agent.id, _MAX_NAME)
    line = f"{state_symbol(agent.state)} **{name}** · {state_word(texts, provider, agent.state)}"
    if agent.is_member is False and agent.bot_id is not None:
        line += f" · {texts('setup.have.absent', link=invite_link(agent.bot_id, ctx.guild_id))}"
    return line


def _next_step(progress: SetupProgress, texts: Texts) -> str:
    slug, agents = progress.provider.slug, progress.agents
    if progress.needs_credentials:
        return texts("setup.next.enter" if progress.summary is None else "setup.next.enter_new")
    if progress.is_working and not agents and any(content.choices for content in progress.lists):
        return texts("setup.next.pick")
    if not progress.is_working or not agents:
        return texts("setup.next.check")
    if not progress.is_done and any(agent.is_member is False for agent in agents):
        return texts("setup.next.invite")
    if not progress.has_alert_channel:
        return texts("setup.next.alerts")
    end = "done" if progress.is_done else "waiting"
    return texts.find(f"{slug}.setup.{end}") or texts(f"setup.next.{end}")


def _is_bad(progress: SetupProgress) -> bool:
    return progress.failure is not None or any(not agent.is_green for agent in progress.agents)
