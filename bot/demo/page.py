"""A browser page of the simulated Discord that shows what the bot does."""

# ruff: noqa: SLF001 - simcord has no public way to publish without settling, which may overlap a click

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from simcord import ChannelHandle, MemberActor
from simcord.preview import Preview
from simcord.preview._markdown import _FIELD_POLICIES
from simcord.preview._pages import _Page

from bot.demo.env import RemoteEnv

# In embeds Discord shows mentions and commands as links too, which alert nobody. simcord shows their source.
for _place in ("embed_description", "embed_field_value"):
    _FIELD_POLICIES[_place] |= {"mentions": True, "commands": True}


@asynccontextmanager
async def live_page(
    env: RemoteEnv, channel: ChannelHandle, viewers: Sequence[MemberActor], *, locale: str, port: int = 0
) -> AsyncIterator[Preview]:
    """Serve the channel as the viewers see it, as the first one at the beginning; its ``url`` opens it.

    simcord publishes a page after its own member has done something. A bot in another process goes on
    afterwards (the answer to a deferred command comes later), so pages are published again after the bot
    changed something.
    """
    async with env.preview(channel, viewers=viewers, layout="channel", locale=locale, port=port) as preview:
        follower = asyncio.create_task(_follow(env, preview))
        try:
            yield preview
        finally:
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower


async def _follow(env: RemoteEnv, preview: Preview) -> None:
    def behind() -> list[_Page]:
        return [
            page
            for page in preview._pages.values()
            # A change in another channel must not make outdated what is about to be clicked here.
            if page.published_at is not None
            and datetime.fromisoformat(page.published_at) < env.changed_at(page.channel_id)
        ]

    while True:
        # simcord publishes after each action of a member; a second revision meanwhile would make the
        # browser's next click outdated.
        await env.until(lambda: not env.busy and behind())
        for page in behind():
            if page.id in preview._pages:  # publishing one page may expire another
                # The browser scrolls to the target: the bot's answer.
                page.target_id = preview._initial_target(page.viewer, page.channel_id)
                preview._publish(page, reason="refresh")
