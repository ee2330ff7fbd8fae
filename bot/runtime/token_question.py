"""Shows whose a bot token is, and passes it on only when the member has confirmed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp
import discord

from bot.errors import InvalidInputError, UnauthorizedError
from bot.runtime.preflight import Preflight, examine, preflight_fields
from bot.ui.components import Interaction, LastingButton, SafeView, gate, offer_retry, view_of
from bot.ui.replies import answer, renew
from bot.ui.theme import Field, Tone, card

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bot.runtime.client import PatchbayBot


SECONDS: Final = 300
"""Long enough to switch on an intent or to invite the bot meanwhile."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What is about to happen to a token, worded by the provider's own cog.

    provider: the proper name of whoever receives it. fields: shown above what Discord said. start_over: the
    next step of a member who did not go on. hand_over: takes the presser's interaction, which is answered
    already, and answers with the outcome. look: makes the button that finds out what became of the token, for
    the case that this process does not live to tell.
    """

    provider: str
    title: str
    fields: Sequence[Field]
    start_over: str
    retry: LastingButton
    hand_over: Callable[[Interaction, str, Preflight], Awaitable[None]]
    look: Callable[[Preflight], LastingButton] | None = None


class TokenQuestion(SafeView):
    """Holds the token, in memory only, until the member has decided or the time is over."""

    def __init__(
        self,
        asked: Interaction,
        token: str,
        preflight: Preflight,
        handover: Handover,
    ) -> None:
        super().__init__(asked, timeout=SECONDS)
        self._bot = cast("PatchbayBot", asked.client)
        self._texts = gate(asked).texts(asked)
        self._token = token
        self._preflight = preflight
        self._handover = handover
        self._fill()

    def __repr__(self) -> str:
        return "<TokenQuestion>"

    async def ask(self) -> None:
        """Put the question."""
        await answer(self._asked, self._question("token.next_step"), self)

    async def on_timeout(self) -> None:
        """Forget the token, and say so."""
        self._token = ""
        # The member has dismissed it, or Discord cannot be reached.
        with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
            await renew(self._asked, self._ended("token.expired_why"))

    def _fill(self) -> None:
        """Put the buttons that fit what is known now."""
        self.clear_items()
        self._add(self._texts("token.yes", provider=self._handover.provider), self._confirm, primary=True)
        if not isinstance(self._preflight.failure, UnauthorizedError):
            # A token that Discord has refused stays refused, and each refusal counts against this bot.
            self._add(self._texts("token.again"), self._look_again)
        self._add(self._texts("token.no"), self._decline)
        if self._preflight.invite is not None:
            self.add_item(discord.ui.Button(label=self._texts("token.invite"), url=self._preflight.invite))
        self.add_item(discord.ui.Button(label="Developer Portal", url=self._preflight.portal))

    def _add(
        self, label: str, pressed: Callable[[Interaction], Awaitable[None]], *, primary: bool = False
    ) -> None:
        style = discord.ButtonStyle.primary if primary else discord.ButtonStyle.secondary
        button: discord.ui.Button[Any] = discord.ui.Button(label=label, style=style)
        button.callback = pressed  # type: ignore[assignment, method-assign]
        self.add_item(button)

    async def _confirm(self, interaction: Interaction) -> None:
        # Stopped first: a second press must find nothing to pass on.
        self.stop()
        token, self._token = self._token, ""
        offer_retry(interaction, self._handover.retry)
        look = None if self._handover.look is None else view_of(self._handover.look(self._preflight))
        await renew(interaction, self._question("token.handing_over", intro="token.confirmed"), look)
        try:
            await self._handover.hand_over(interaction, token, self._preflight)
        finally:
            with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
                await renew(interaction, self._question("token.handed_over", intro="token.confirmed"))

    async def _look_again(self, interaction: Interaction) -> None:
        await interaction.response.defer()
        try:
            preflight = await self._bot.unless_stopping(
                examine(self._bot, self._preflight.guild_id, self._token, self._preflight.permissions)
            )
        except InvalidInputError:
            # Not a bot's token, as is known only now: nobody is to get it.
            self.stop()
            self._token = ""
            offer_retry(interaction, self._handover.retry)
            await interaction.edit_original_response(view=None)
            raise
        if self.is_finished():
            return  # decided meanwhile
        self._preflight = preflight
        self._asked = interaction  # which can be answered for longer than the one before
        self._fill()
        await renew(interaction, self._question("token.next_step"), self)

    async def _decline(self, interaction: Interaction) -> None:
        self.stop()
        self._token = ""
        await renew(interaction, self._ended("token.declined_why"))

    def _question(self, next_step: str, *, intro: str = "token.intro") -> discord.Embed:
        """Show what is known; next_step: the key of what to do now, or of what happens now."""
        provider = self._handover.provider
        ready = self._preflight.application is not None and self._preflight.application.reads_messages
        return card(
            Tone.INFO if ready else Tone.WARNING,
            self._handover.title,
            self._texts(intro, provider=provider),
            fields=[
                *self._handover.fields,
                *preflight_fields(self._preflight, provider, self._texts),
                Field(self._texts("next_step"), self._texts(next_step, provider=provider)),
            ],
        )

    def _ended(self, why: str) -> discord.Embed:
        provider = self._handover.provider
        return card(
            Tone.QUIET,
            self._texts("token.not_sent", provider=provider),
            self._texts(why, provider=provider),
            fields=[Field(self._texts("next_step"), self._handover.start_over)],
        )
