"""Asks before something is destroyed, or done on a member's word alone."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord

from bot.ui.components import Interaction, SafeView
from bot.ui.replies import answer, renew

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.i18n.catalog import Texts

SECONDS: Final = 60


class Confirm(SafeView):
    """A red button that names what goes, and a way out; without red where nothing goes."""

    def __init__(
        self,
        texts: Texts,
        asked: Interaction,
        label: str,
        closed: discord.Embed,
        expired: discord.Embed,
        act: Callable[[Interaction], Awaitable[tuple[discord.Embed, discord.ui.View | None]]],
        *links: discord.ui.Button[Any],
        leave: str | None = None,
    ) -> None:
        """closed, expired: shown when the member kept it, or did not answer. act: does it, and gives what to
        show then. links: pages to look at before one decides. leave: what the way out says where the act
        destroys nothing, None where it does.
        """
        super().__init__(asked, timeout=SECONDS)
        self._closed = closed
        self._expired = expired
        self._act = act
        style = discord.ButtonStyle.danger if leave is None else discord.ButtonStyle.primary
        yes: discord.ui.Button[Any] = discord.ui.Button(style=style, label=label)
        yes.callback = self._confirm  # type: ignore[assignment, method-assign]
        no: discord.ui.Button[Any] = discord.ui.Button(label=leave or texts("confirm.keep"))
        no.callback = self._keep  # type: ignore[assignment, method-assign]
        for button in (yes, no, *links):
            self.add_item(button)

    async def ask(self, question: discord.Embed) -> None:
        """Put the question."""
        await answer(self._asked, question, self)

    async def on_timeout(self) -> None:
        """Take the question back; the message stays and says so."""
        # The member has dismissed it, or Discord cannot be reached.
        with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
            await renew(self._asked, self._expired)

    async def _confirm(self, interaction: Interaction) -> None:
        # Stopped first: a second press must find nothing to act on.
        self.stop()
        await interaction.response.edit_message(view=None)
        await renew(interaction, *await self._act(interaction))

    async def _keep(self, interaction: Interaction) -> None:
        self.stop()
        await renew(interaction, self._closed)
