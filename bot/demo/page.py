"""A browser page of the simulated Discord that shows what the bot does."""

# ruff: noqa: SLF001 - simcord has no public way to publish without settling, which may overlap a click

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from simcord import ChannelHandle, MemberActor
from simcord.backend.cdn import CDN_BASE
from simcord.preview import Preview
from simcord.preview._dependencies import _DependencyRead
from simcord.preview._markdown import _FIELD_POLICIES
from simcord.preview._pages import _Page

from bot.demo.controls import DemoControls
from bot.demo.env import RemoteEnv
from bot.demo.live_preview import LivePreview
from bot.demo.page_server import OWN_FILES, PageServer

# In embeds Discord shows mentions and commands as links too, which alert nobody. simcord shows their source.
for _place in ("embed_description", "embed_field_value"):
    _FIELD_POLICIES[_place] |= {"mentions": True, "commands": True}

_may_show = _DependencyRead.entity


def _shows(read: _DependencyRead, kind: str, identity: object) -> bool:
    """Tell whether a mention is shown: of a command also to whom may not use it, as on Discord."""
    return kind == "command" or _may_show(read, kind, identity)


setattr(_DependencyRead, "entity", _shows)  # noqa: B010 - a plain assignment is none that mypy accepts


@asynccontextmanager
async def live_page(
    env: RemoteEnv,
    channel: ChannelHandle,
    viewers: Sequence[MemberActor],
    *,
    locale: str,
    port: int = 0,
    controls: DemoControls | None = None,
) -> AsyncIterator[Preview]:
    """Serve the channel as the viewers see it, as the first one at the beginning; its ``url`` opens it.

    controls: what surrounds the chat, None for simcord's own page. simcord publishes a page after its own
    member has done something. A bot in another process goes on afterwards (the answer to a deferred command
    comes later), so pages are published again after the bot changed something.
    """
    preview = LivePreview(
        env,
        channel,
        tuple(viewers),
        layout="channel",
        display="responsive",
        width=960,
        height=720,
        locale=locale,
        timezone="UTC",
        presentation_time=None,
        assets={_give_avatar(env): ("patchbay.png", OWN_FILES["patchbay.png"])},
        port=port,
    )
    if controls is not None:
        preview._server = PageServer(preview, port, controls)
    async with preview:
        follower = asyncio.create_task(_follow(env, preview))
        try:
            yield preview
        finally:
            follower.cancel()
            with suppress(asyncio.CancelledError):
                await follower


def _give_avatar(env: RemoteEnv) -> str:
    """Give the bot a picture, and return the address under which simcord looks for it."""
    bot = env.backend.bot_user
    bot.avatar = "patchbay"
    return f"{CDN_BASE}/avatars/{bot.id}/{bot.avatar}.png"


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
