"""Asks before something is destroyed, or done on a member's word alone."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import discord

from bot.discord.components import GuardedView
from bot.discord.context import Context
from bot.discord.replies import Answer, edit, remove_components, respond, try_edit, view_of
from bot.discord.theme import Field, Tone, notice

SECONDS: Final = 60


class Confirm(GuardedView):
    """A red button that names what goes, and a way out; without red where nothing goes."""

    def __init__(
        self,
        asked: Context,
        key: str,
        label: str,
        act: Callable[[Context], Awaitable[Answer]],
        *links: discord.ui.Button[Any],
        leave: str | None = None,
        **values: str | int,
    ) -> None:
        """key: where the texts are: the notices ``<key>.ask`` and ``<key>.kept``, which is for a member who
        declines, and ``<key>.expired_how`` for one who does not answer. act: does it, and returns what to
        show then. links: pages to look at before one decides. leave: what the way out says where the act
        destroys nothing, None where it does. values: fill the placeholders of the texts.
        """
        super().__init__(asked, timeout=SECONDS)
        self._key = key
        self._act = act
        self._again: tuple[discord.ui.Item[Any], ...] = ()
        self._values: dict[str, Any] = values
        style = discord.ButtonStyle.danger if leave is None else discord.ButtonStyle.primary
        self.add_button(label, self._confirm, style)
        self.add_button(leave or asked.texts("confirm.keep"), self._decline)
        for button in links:
            self.add_item(button)

    async def ask(
        self,
        *fields: Field,
        title: str | None = None,
        how: str | None = None,
        again: discord.ui.Item[Any] | None = None,
    ) -> None:
        """Put the question.

        title, how: take the place of the texts. again: the button that begins again, for a member who
        declines or does not answer.
        """
        self._again = () if again is None else (again,)
        key = f"{self._key}.ask"
        question = notice(self._asked.texts, Tone.WARNING, key, *fields, title=title, how=how, **self._values)
        await respond(self._asked, question, self)

    async def on_timeout(self) -> None:
        """Replace the question with the note that it has expired."""
        how = self._asked.texts(f"{self._key}.expired_how", **self._values)
        await try_edit(self._asked, *self._kept(how))

    async def _confirm(self, ctx: Context) -> None:
        # Stopped first: a second press must find nothing to act on.
        self.stop()
        await remove_components(ctx)
        await edit(ctx, *await self._act(ctx))

    async def _decline(self, ctx: Context) -> None:
        self.stop()
        await edit(ctx, *self._kept())

    def _kept(self, how: str | None = None) -> Answer:
        embed = notice(self._asked.texts, Tone.QUIET, f"{self._key}.kept", how=how, **self._values)
        return embed, view_of(*self._again)
