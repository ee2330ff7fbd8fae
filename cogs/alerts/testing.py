"""Posts a test alert in the same way as a real one, to find out whether alerts would arrive."""

import asyncio
from typing import Any, NamedTuple

import discord

from bot.discord.access.agent_bots import DISCORD_SECONDS, FAILURES
from bot.discord.access.posting import MISSING_ACCESS, UNKNOWN_CHANNEL, PostChannel, check_posting
from bot.discord.context import Context
from bot.errors import InvalidInputError, UnreachableError
from bot.features.alerts.incident_store import Incident, Kind
from bot.features.alerts.messenger import (
    ChannelRefusedError,
    Notice,
    NotSentError,
)
from bot.features.alerts.routes import Route
from bot.providers.base.integration import State
from cogs.alerts.messages.mentions import NO_MENTIONS, Mentions
from cogs.alerts.messages.rendering import IncidentNotice
from cogs.alerts.messenger import DiscordMessenger


class TestAlert(NamedTuple):
    """The result of a test. link: to the message, empty where there is none.

    refused: why of a ``ChannelRefusedError`` or a ``NotSentError``, empty where the message was posted.
    mentions: whom it mentions, and whom it could not.
    """

    link: str = ""
    refused: str = ""
    mentions: Mentions = NO_MENTIONS


async def post_test_alert(ctx: Context, route: Route) -> TestAlert:
    """Post a test alert where the route leads, and mention whom it names.

    If Discord takes it, alerts that were kept are sent there again. Raises what ``check_posting`` raises:
    the route may be another member's, who may write where this one may not.
    """
    target = f"channel · {route.channel_id} · rule {route.number}"
    async with ctx.change("alerts.test", target) as change:
        channel = await _find_channel(ctx, route.channel_id)
        if channel is None:
            found = TestAlert(refused="not_found")
        else:
            await _check(ctx, route, channel)
            found = await _post(ctx, route)
        if found.refused:
            change.result = f"failed:{found.refused}"
    return found


async def _find_channel(ctx: Context, channel_id: int) -> PostChannel | None:
    """Return the channel, from Discord where the cache lacks it, as it lacks archived threads.

    None if there is no such channel. Raises InvalidInputError("thread_unseen") and UnreachableError.
    """
    guild = ctx.guild
    if guild is None:
        return None
    channel = guild.get_channel_or_thread(channel_id)
    if channel is None:
        try:
            async with asyncio.timeout(DISCORD_SECONDS):
                channel = await guild.fetch_channel(channel_id)
        except discord.InvalidData:
            return None
        except FAILURES as failed:
            code = getattr(failed, "code", None)
            if code == UNKNOWN_CHANNEL:
                return None
            if code == MISSING_ACCESS:
                raise InvalidInputError("thread_unseen", channel=channel_id) from None
            raise UnreachableError("Discord") from failed
    return channel if isinstance(channel, (discord.TextChannel, discord.Thread)) else None


async def _check(ctx: Context, route: Route, channel: PostChannel) -> None:
    """Check that the member could post what the test posts, and that the bot can."""
    role = None if route.role_id is None else channel.guild.get_role(route.role_id)
    try:
        await check_posting(channel, ctx.member, ctx.texts, [] if role is None else [role])
    except InvalidInputError as refused:
        # A timeout takes permissions from the bot; Discord's refusal of the test says so more clearly.
        if refused.field != "bot_cannot_post" or not channel.guild.me.is_timed_out():
            raise


async def _post(ctx: Context, route: Route) -> TestAlert:
    # In the server's language: whoever reads an alert has not asked for it.
    texts = ctx.services.catalog["" if ctx.guild is None else ctx.guild.preferred_locale.value]
    incident = Incident(
        guild_id=ctx.guild_id,
        number=0,
        kind=Kind.INTEGRATION,
        provider=next(iter(ctx.services.providers)),
        id="test",
        connection="",
        label=texts("alerts.test.label"),
        state=State.DISCONNECTED,
        detail="",
        opened_at=ctx.now,
    )
    notice = Notice(
        guild_id=ctx.guild_id,
        channel_id=route.channel_id,
        route=route.number,
        number=0,
        incidents=[incident],
        muted={},
        maintenance={},
        role_ids=[] if route.role_id is None else [route.role_id],
        second_role_id=None,
        escalated_at=None,
        reference=texts("alerts.test.reference"),
    )
    messenger = _TestMessenger(ctx)
    try:
        message_id = await messenger.post(notice)
    except (ChannelRefusedError, NotSentError) as failed:
        return TestAlert(refused=failed.why)
    await ctx.services.alerts.resume(ctx.guild_id, route.channel_id)
    link = f"https://discord.com/channels/{ctx.guild_id}/{route.channel_id}/{message_id}"
    return TestAlert(link, mentions=messenger.mentions)


class _TestMessenger(DiscordMessenger):
    """Posts messages that say that they are a test, with buttons that are disabled."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx.client)
        self._member_id = ctx.member.id
        self.mentions = NO_MENTIONS
        """Of the message that was posted last."""

    async def _rendered(self, notice: IncidentNotice, mentions: Mentions) -> dict[str, Any]:
        self.mentions = mentions
        rendered = await super()._rendered(notice, mentions)
        texts, embed = self._bot.services.texts_of(self._guild(notice.guild_id)), rendered["embed"]
        test = texts("alerts.test.message", member=f"<@{self._member_id}>")
        embed.description = f"🧪 {test}\n\n{embed.description}"
        # What an alert asks for would have its readers look for what is not there.
        embed.clear_fields()
        embed.add_field(name=texts("next_step"), value=texts("alerts.test.message_next"))
        for child in rendered["view"].children:
            button = child.item if isinstance(child, discord.ui.DynamicItem) else child
            if isinstance(button, discord.ui.Button):
                button.disabled = True
        return rendered
