"""What a Discord client does with menus."""

from __future__ import annotations

from typing import Any

import simcord

from tests.support.harness import BotHarness


class MenuClient:
    """Keeps what was picked from a menu as long as the menu's custom id stays, as Discord's clients do.

    https://github.com/discord/discord-api-docs/issues/7536
    """

    def __init__(self, harness: BotHarness, actor: simcord.MemberActor | None = None) -> None:
        self._actor = actor or harness.manager
        self._backend = harness.env.backend
        self._kept: dict[tuple[int, str], object] = {}

    def menu(self, message: simcord.ResponseMessage, beginning: str) -> dict[str, Any]:
        """Return the menu that the message shows now, by the beginning of its custom id."""
        stored = self._backend.get_message(message.channel_id, message.id)
        items = [item for row in stored.components for item in row["components"]]
        found: list[dict[str, Any]]
        found = [item for item in items if item.get("custom_id", "").startswith(beginning)]
        (menu,) = found
        return menu

    async def pick(
        self,
        message: simcord.ResponseMessage,
        beginning: str,
        value: Any,  # noqa: ANN401 - as simcord takes it
    ) -> simcord.InteractionResult | None:
        """Pick an entry; return None if the client sends nothing, as it is what was picked last."""
        custom_id = self.menu(message, beginning)["custom_id"]
        if self._kept.get((message.id, custom_id)) == value:
            return None
        self._kept[message.id, custom_id] = value
        return await self._actor.select(message, [value], custom_id=custom_id)
