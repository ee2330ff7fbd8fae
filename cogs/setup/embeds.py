"""What ``/setup`` shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import PatchbayError, ProviderError, UnauthorizedError, UnreadableSecretError
from bot.runtime.credentials import credential_lines
from bot.runtime.suggestions import MOST
from bot.ui.discord_token import invite_link
from bot.ui.problems import explain, refer_to
from bot.ui.text import code, listed, quoted
from bot.ui.theme import Field, Tone, card, state_symbol, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import discord

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.runtime.setup_steps import Listed, Own, Standing, Steps

DONE: Final = "✅"
TODO: Final = "▶️"
BAD: Final = "❌"
LATER: Final = "⬜"
ATTENTION: Final = "⚠️"
_NAME: Final = 60


def overview(found: Sequence[Standing], texts: Texts) -> discord.Embed:
    """List every provider and what is to be done about it."""
    done = all(symbol_of(each) == DONE for each in found)
    return card(
        Tone.GOOD if done else Tone.INFO,
        texts("setup.all.title"),
        texts("setup.all.how"),
        fields=[
            *(Field(f"{symbol_of(each)} {each.provider.name}", _to_do(each, texts)) for each in found),
            Field(texts("next_step"), texts("setup.all.done_next" if done else "setup.all.next")),
        ],
        symbol="🧭",
    )


def symbol_of(standing: Standing) -> str:
    """Return whether a provider is done with, calls for attention, or comes next."""
    if any(summary.needs_attention for summary in standing.summaries):
        return ATTENTION
    return DONE if standing.summaries and standing.placed else TODO


def stepper(steps: Steps, bot: PatchbayBot, guild_id: int, texts: Texts) -> discord.Embed:
    """Show the steps with a provider, each with what is known of it, and which comes next."""
    provider = steps.provider.name
    several = steps.summary is not None and len(steps.summaries) > 1
    embed = card(
        Tone.GOOD if steps.is_done else Tone.WARNING if _bad(steps) else Tone.INFO,
        texts("setup.steps.title", provider=provider),
        texts("setup.steps.connection", name=code(steps.summary.name), count=len(steps.summaries))
        if steps.summary is not None and several
        else "",
        fields=[
            *(
                Field(f"{symbol} {number}. {texts(f'setup.step.{step}')}", text)
                for number, (step, symbol, text) in enumerate(_steps(steps, bot, guild_id, texts), 1)
            ),
            Field(texts("next_step"), _next_step(steps, texts)),
        ],
        symbol="🧭",
    )
    if isinstance(steps.failure, ProviderError):
        refer_to(embed, steps.failure, texts)
    return embed


def needs_credentials(steps: Steps) -> bool:
    """Tell whether nothing can go on before credentials are entered."""
    return steps.summary is None or isinstance(steps.failure, (UnauthorizedError, UnreadableSecretError))


def _to_do(standing: Standing, texts: Texts) -> str:
    for summary in standing.summaries:
        if summary.needs_attention:
            since = "" if summary.refused_at is None else when(summary.refused_at)
            why = "erased" if summary.erased else "refused" if summary.readable else "unreadable"
            return texts(f"setup.all.{why}", name=code(summary.name), time=since)
    if not standing.summaries:
        return texts("setup.all.credentials")
    if not standing.placed:
        return texts("setup.all.agents")
    return texts.plural("setup.all.placed", standing.placed)


def _steps(steps: Steps, bot: PatchbayBot, guild_id: int, texts: Texts) -> Iterator[tuple[str, str, str]]:
    """Yield each step: the end of its key, its symbol, and what is to be said."""
    yield "credentials", *_credentials(steps, bot, texts)
    yield "check", *_check(steps, bot, texts)
    yield "agents", *_agents(steps, bot, texts)
    yield "alerts", *_alerts(steps, texts)
    yield "have", *_have(steps, guild_id, texts)


def _credentials(steps: Steps, bot: PatchbayBot, texts: Texts) -> tuple[str, str]:
    summary = steps.summary
    if summary is None:
        labels = ", ".join(_label(field.id, field.required, texts) for field in steps.provider.fields)
        return TODO, texts("setup.credentials.none", fields=labels)
    set_by = texts("connections.list.set", member=f"<@{summary.set_by}>", time=when(summary.set_at))
    if isinstance(steps.failure, UnreadableSecretError):
        explained = explain(steps.failure, texts, {})
        return BAD, f"**{explained.title}**\n{explained.why}\n{set_by}"
    return DONE, f"{credential_lines(summary, bot, texts)}\n{set_by}"


def _label(field: str, required: bool, texts: Texts) -> str:
    label = texts(f"credential.{field}.label")
    return f"**{label}**" if required else texts("setup.credentials.optional", label=label)


def _check(steps: Steps, bot: PatchbayBot, texts: Texts) -> tuple[str, str]:
    summary, failure = steps.summary, steps.failure
    if summary is None or isinstance(failure, UnreadableSecretError):
        return LATER, texts("setup.check.later")
    if failure is None:
        return DONE, texts("setup.check.done", provider=steps.provider.name, time=when(summary.verified_at))
    explained = explain(failure, texts, _names(bot))
    # What to do about credentials is a button here, and the next step.
    fix = "" if needs_credentials(steps) else explained.fix
    return BAD, f"**{explained.title}**\n{explained.why}\n{fix}".strip()


def _agents(steps: Steps, bot: PatchbayBot, texts: Texts) -> tuple[str, str]:
    placed = [texts.plural("setup.agents.placed", len(steps.own))] if steps.own else []
    if not steps.works:
        return DONE if placed else LATER, "\n".join(placed) or texts("setup.agents.later")
    lines = [*placed, *(_offer(each, bot, texts) for each in steps.lists)]
    possible = any(each.choices for each in steps.lists)
    symbol = DONE if placed else TODO if possible else BAD if steps.lists else LATER
    return symbol, "\n".join(lines) or texts("setup.agents.by_command")


def _offer(each: Listed, bot: PatchbayBot, texts: Texts) -> str:
    key = each.offer.key
    if isinstance(each.failure, PatchbayError):
        explained = explain(each.failure, texts, _names(bot))
        return f"{BAD} **{explained.title}** {explained.why}"
    if each.failure is not None:
        return f"{BAD} {texts('setup.agents.slow')}"
    if not each.choices:
        return f"▫️ {texts(f'{key}.none')}"
    said = f"🔹 {texts.plural(f'{key}.some', len(each.choices))}"
    return f"{said} {texts(f'{key}.more', shown=MOST)}" if len(each.choices) > MOST else said


def _alerts(steps: Steps, texts: Texts) -> tuple[str, str]:
    if steps.route is None:
        return (TODO, texts("setup.alerts.none")) if steps.works else (LATER, texts("setup.alerts.later"))
    channel = f"<#{steps.route.channel_id}>"
    if not steps.is_told:
        return BAD, texts("setup.alerts.lost", channel=channel)
    return DONE, texts("setup.alerts.done", channel=channel)


def _have(steps: Steps, guild_id: int, texts: Texts) -> tuple[str, str]:
    if not steps.own:
        return LATER, texts("setup.have.nothing")
    lines = listed((_own_line(own, guild_id, texts) for own in steps.own), texts)
    return DONE if steps.is_done else ATTENTION, lines


def _own_line(own: Own, guild_id: int, texts: Texts) -> str:
    name = quoted(own.placed.label, _NAME) or code(own.placed.id, _NAME)
    line = f"{state_symbol(own.state)} **{name}** · {texts(f'state.{own.state}')}"
    if own.member is False and own.placed.bot_id is not None:
        link = invite_link(own.placed.bot_id, guild_id)
        line += f" · {texts('setup.have.absent', link=link)}"
    return line


def _next_step(steps: Steps, texts: Texts) -> str:
    slug = steps.provider.slug
    if needs_credentials(steps):
        return texts("setup.next.enter" if steps.summary is None else "setup.next.enter_new")
    if steps.works and not steps.own and any(each.choices for each in steps.lists):
        return texts("setup.next.pick")
    if not steps.works or not steps.own:
        return texts("setup.next.check")
    if not steps.is_done and any(own.member is False for own in steps.own):
        return texts("setup.next.invite")
    if not steps.is_told:
        return texts("setup.next.alerts")
    known = texts.find(f"{slug}.setup.done" if steps.is_done else f"{slug}.setup.waiting")
    return known or texts("setup.all.done_next" if steps.is_done else "setup.next.check")


def _bad(steps: Steps) -> bool:
    return steps.failure is not None or any(not own.is_green for own in steps.own)


def _names(bot: PatchbayBot) -> dict[str, str]:
    return {slug: provider.name for slug, provider in bot.providers.items()}
