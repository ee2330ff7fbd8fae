"""Asks before something is destroyed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import discord

from bot.ui.components import Interaction, SafeView
from bot.ui.replies import answer, renew

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.i18n.catalog import Texts

SECONDS: Final = 60


class Confirm(SafeView):
    """A red button that names what goes, and a way out."""

    def __init__(
        self,
        texts: Texts,
        asked: Interaction,
        label: str,
        closed: discord.Embed,
        expired: discord.Embed,
        act: Callable[[], Awaitable[discord.Embed]],
    ) -> None:
        """closed, expired: shown when the member kept it, or did not answer. act: destroys, and gives what to
        show then.
        """
        super().__init__(timeout=SECONDS)
        self._asked = asked
        self._closed = closed
        self._expired = expired
        self._act = act
        yes: discord.ui.Button[Any] = discord.ui.Button(style=discord.ButtonStyle.danger, label=label)
        yes.callback = self._confirm  # type: ignore[assignment, method-assign]
        no: discord.ui.Button[Any] = discord.ui.Button(label=texts("confirm.keep"))
        no.callback = self._keep  # type: ignore[assignment, method-assign]
        self.add_item(yes)
        self.add_item(no)

    async def ask(self, question: discord.Embed) -> None:
        """Put the question."""
        await answer(self._asked, question, self)

    async def on_timeout(self) -> None:
        """Take the question back; the message stays and says so."""
        with contextlib.suppress(discord.HTTPException):  # the member has dismissed it
            await renew(self._asked, self._expired)

    async def _confirm(self, interaction: Interaction) -> None:
        # Stopped first: a second press must find nothing to act on.
        self.stop()
        await interaction.response.edit_message(view=None)
        await renew(interaction, await self._act())

    async def _keep(self, interaction: Interaction) -> None:
        self.stop()
        await renew(interaction, self._closed)
