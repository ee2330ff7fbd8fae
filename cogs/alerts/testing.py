"""Posts a test alert in the same way as a real one, to find out whether alerts would arrive."""

from typing import Any, NamedTuple

import discord

from bot.discord.context import Context
from bot.features.alerts.incident_store import Incident, Kind
from bot.features.alerts.messenger import AnyNotice, ChannelRefusedError, Notice, NotSentError
from bot.features.alerts.routes import Route
from bot.providers.base.integration import State
from cogs.alerts.messenger import DiscordMessenger


class TestAlert(NamedTuple):
    """The result of a test. link: to the message, empty where there is none.

    refused: ``forbidden``, ``not_found`` or ``unsent``, empty where the message was posted.
    """

    link: str = ""
    refused: str = ""


async def post_test_alert(ctx: Context, route: Route) -> TestAlert:
    """Post a test alert where the route leads, and mention whom it names."""
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
    roles = [] if route.role_id is None else [route.role_id]
    notice = Notice(
        guild_id=ctx.guild_id,
        channel_id=route.channel_id,
        route=route.number,
        number=0,
        incidents=[incident],
        muted={},
        maintenance={},
        role_ids=roles,
        second_role_id=None,
        escalated_at=None,
        reference=texts("alerts.test.reference"),
    )
    try:
        message_id = await _TestMessenger(ctx).post(notice)
    except ChannelRefusedError as refused:
        return TestAlert(refused=refused.why)
    except NotSentError:
        return TestAlert(refused="unsent")
    return TestAlert(link=f"https://discord.com/channels/{ctx.guild_id}/{route.channel_id}/{message_id}")


class _TestMessenger(DiscordMessenger):
    """Posts messages that say that they are a test, with buttons that are disabled."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx.client)
        self._member_id = ctx.member.id

    def _rendered(self, notice: AnyNotice) -> dict[str, Any]:
        rendered = super()._rendered(notice)
        texts = self._texts(notice.guild_id)
        rendered["embed"].description = texts("alerts.test.message", member=f"<@{self._member_id}>")
        for child in rendered["view"].children:
            button = child.item if isinstance(child, discord.ui.DynamicItem) else child
            if isinstance(button, discord.ui.Button):
                button.disabled = True
        return rendered
