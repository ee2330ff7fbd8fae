"""The entries of the Apps menus: *Agent status* on an agent's bot, *Report this answer* on its message."""

from typing import Any, Final

import discord

from bot.discord.commands import context_menu
from bot.discord.context import Context
from bot.discord.guard import cooldown, needs, reads
from bot.discord.replies import defer, respond, view_of
from bot.discord.theme import Field, Tone, notice
from bot.errors import InvalidInputError
from bot.features.access.tier import Tier
from bot.features.monitoring.service import Watched
from cogs.integrations.diagnose import IntegrationDiagnoseButton
from cogs.integrations.history import IntegrationHistoryButton
from cogs.integrations.reported import message_link
from cogs.integrations.status import IntegrationStatusButton, read_status
from cogs.monitoring.formatting import fix, name, plain_name, provider_name, symbol, why, word

_MAX_NAMED: Final = 3
"""How many agents are named of which nobody knows the bot."""


@reads
@needs(Tier.VIEWER)
@context_menu("integrations.menu.status")
async def agent_status(ctx: Context, user: discord.Member | discord.User) -> None:
    """Show the agent that speaks as this bot, as ``/integrations status`` does."""
    await defer(ctx)
    watched = await find_agent(ctx, user)
    await respond(ctx, *await read_status(ctx, watched.key))


@cooldown(20, 3600)
@needs(Tier.VIEWER)
@context_menu("integrations.menu.report")
async def report_answer(ctx: Context, message: discord.Message) -> None:
    """Record that the member reports an agent's message, and show how the agent is.

    The state is that of the last check, so that a provider that is down keeps nobody from reporting.
    """
    await defer(ctx)
    watched = await find_agent(ctx, message.author)
    if message.is_system():
        raise InvalidInputError("not_an_answer")
    async with ctx.change("integrations.report", f"{watched.provider} · {watched.id}") as change:
        is_first = await ctx.services.complaints.report(
            ctx.guild_id,
            watched.provider,
            watched.id,
            channel_id=message.channel.id,
            message_id=message.id,
            sent_at=int(message.created_at.timestamp()),
            member_id=ctx.member.id,
        )
        change.idle = not is_first
    place: dict[str, Any] = {"texts": ctx.texts, "provider": watched.provider, "integration": watched.id}
    status = IntegrationStatusButton(**place, label=ctx.texts("integrations.status.button"), emoji="🔎")
    buttons = status, IntegrationDiagnoseButton(**place), IntegrationHistoryButton(**place)
    link = message_link(ctx.guild_id, message.channel.id, message.id)
    await respond(ctx, _reported(ctx, watched, link, is_first=is_first), view_of(*buttons))


async def find_agent(ctx: Context, user: discord.abc.User) -> Watched:
    """Return the agent of this server that speaks as a user: the worst one, where several share a bot.

    The account's id decides, never its name: a webhook that writes under an agent's name has its own id.
    Raises InvalidInputError for an account that is no agent's.
    """
    found = await ctx.services.monitoring.integrations(ctx.guild_id)
    agent = next((each for each in found if each.bot_id == user.id), None)
    if agent is not None:
        return agent
    if ctx.client.user is not None and user.id == ctx.client.user.id:
        raise InvalidInputError("not_agent_patchbay")
    if not user.bot:
        raise InvalidInputError("not_agent_person")
    without_bot = [each for each in found if each.bot_id is None]
    if without_bot:
        names = ", ".join(plain_name(each, 40) for each in without_bot[:_MAX_NAMED])
        raise InvalidInputError("not_agent_unsure", names=names)
    raise InvalidInputError("not_agent_bot")


def _reported(ctx: Context, watched: Watched, link: str, *, is_first: bool) -> discord.Embed:
    texts, providers = ctx.texts, ctx.services.providers
    state = " · ".join(filter(None, (f"**{word(watched, texts)}**", why(watched, texts, providers))))
    lines = [f"{symbol(watched)} {name(watched.label, watched.id)}: {state}"]
    key = "integrations.report.done" if is_first else "integrations.report.again"
    next_step = fix(watched, texts, providers) or texts(
        "integrations.report.fine", provider=provider_name(watched, providers)
    )
    return notice(
        texts,
        Tone.GOOD if is_first else Tone.INFO,
        key,
        Field(texts("integrations.report.agent"), "\n".join(lines)),
        next_step=next_step,
        link=link,
    )
