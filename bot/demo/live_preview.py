"""simcord's preview, whose pages show any channel of a server and lose no press while they update."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Final

from simcord import ChannelHandle, GuildHandle, MemberActor
from simcord.backend.access import can_access_channel
from simcord.backend.errors import SetupError
from simcord.preview import Preview
from simcord.preview._actions import ACTION_SPECS
from simcord.preview._pages import _Page

from bot.demo.env import RemoteEnv

FREE_WITHIN: Final = 10.0
"""Seconds that a press waits for what another member is doing; Discord's own limit for an answer is 3."""
REVISIONS_KEPT: Final = 40
"""For so many revisions of a page it is known what could be pressed."""
_PRESSES: Final = frozenset({"click", "select"})

_in_use: ContextVar[ChannelHandle | None] = ContextVar("_in_use", default=None)


class LivePreview(Preview):
    """simcord's preview with two changes.

    simcord shows one channel, which every page has from the preview; here each page has its own. And simcord
    refuses what was pressed on a page that was published again meanwhile; here it counts if what was pressed
    is still there.
    """

    env: RemoteEnv

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - simcord's own
        # By page and revision: the custom id of each component by its key. A key is a position in a message.
        self._controls: dict[str, OrderedDict[int, dict[str, str]]] = {}
        super().__init__(*args, **options)

    @property
    def channel(self) -> ChannelHandle:
        """The channel of the page that is being served, otherwise the one that pages begin with."""
        return _in_use.get() or self._first_channel

    @channel.setter
    def channel(self, channel: ChannelHandle) -> None:
        self._first_channel = channel

    def show_channel(self, page: _Page, channel_id: int) -> None:
        """Let a page show another channel. Raises SetupError if its viewer may not read that channel."""
        if not can_access_channel(self.env, channel_id, page.viewer, history=True):
            raise SetupError("viewer cannot read this channel")
        if page.channel_id == channel_id:
            return  # what is being written there stays valid
        self._clear_page_assets(page)
        page.channel_id = channel_id
        page.target_id = page.window_end_id = self._initial_target(page.viewer, channel_id)
        page.generation += 1
        page.status = "current"
        self._reset_queries(page)
        self.drop_form(page)

    def drop_form(self, page: _Page) -> None:
        """Forget the form that a page shows, and publish the page.

        Until then simcord, which is not told of a cancelled form, offers nothing in the menus behind it.
        """
        page.modal = page.modal_handle = None
        self._publish(page, reason="navigation")

    def republish(self) -> None:
        """Show every page as things are now."""
        self._advance_presentation_time()
        for page in tuple(self._pages.values()):
            if page.id in self._pages:  # publishing one page may expire another
                self._publish(page, reason="refresh")

    async def free(self) -> None:
        """Return once no member is doing anything, or after ``FREE_WITHIN``."""
        with suppress(TimeoutError):
            await self.env.until(lambda: not self.env.busy, FREE_WITHIN)

    async def _action(self, context_id: str | None, body: Mapping[str, Any]) -> dict[str, Any]:
        page = self._get_page(context_id)
        token = _in_use.set(_handle(self.env, page))
        try:
            await self.free()
            return await super()._action(context_id, self._caught_up(page, body))
        finally:
            _in_use.reset(token)

    def _caught_up(self, page: _Page, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return an action for the page as it is now, if it means the same on it as on the one acted on."""
        spec = ACTION_SPECS.get(str(body.get("kind")))
        seen = body.get("published_revision")
        if spec is None or not spec.revision_bound or not isinstance(seen, int) or seen == page.revision:
            return body
        caught_up = {**body, "published_revision": page.revision}
        if body["kind"] in _PRESSES:
            revisions: Mapping[int, Mapping[str, str]] = self._controls.get(page.id, {})
            before, now = revisions.get(seen, {}), revisions.get(page.revision, {})
            key = key_of_same(str(body.get("control_key")), before, now)
            if key is None:
                return body
            caught_up["control_key"] = key
        return caught_up

    def _publish(self, page: _Page, **options: Any) -> None:  # noqa: ANN401 - simcord's own
        super()._publish(page, **options)
        self._controls = {each: kept for each, kept in self._controls.items() if each in self._pages}
        kept = self._controls.setdefault(page.id, OrderedDict())
        messages = page.snapshot.get("messages", {}).values()
        kept[page.revision] = dict(_controls([message.get("components") for message in messages]))
        while len(kept) > REVISIONS_KEPT:
            kept.popitem(last=False)


def key_of_same(key: str, before: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Return the key of the same component of the same message as it is now, None if it is gone.

    before, now: the custom ids by key. A key is ``message:<id>:component:<position>``, and what stands at a
    position may have changed.
    """
    message, _, _ = key.partition(":component:")
    custom_id = before.get(key)
    same = [
        each for each, its in now.items() if its == custom_id and each.startswith(f"{message}:component:")
    ]
    return same[0] if custom_id is not None and same else None


def _handle(env: RemoteEnv, page: _Page) -> ChannelHandle:
    assert isinstance(page.viewer, MemberActor)  # noqa: S101 - the demo's pages have members as viewers
    guild = env.backend.guilds[page.viewer.guild.id]
    return ChannelHandle(env, GuildHandle(env, guild), env.backend.get_channel(page.channel_id))


def _controls(node: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any part of a snapshot
    """Yield key and custom id of every component in a part of a snapshot."""
    if isinstance(node, Mapping):
        key, custom_id = node.get("control_key"), node.get("custom_id")
        if isinstance(key, str) and isinstance(custom_id, str):
            yield key, custom_id
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _controls(each)
