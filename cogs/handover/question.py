"""Takes a bot token, shows whose it is, and passes it on only when the member has confirmed."""

import contextlib
from typing import Any, ClassVar, Final

import discord

from bot.discord.components import GuardedModal, GuardedView, labelled
from bot.discord.context import Context
from bot.discord.pages import DETAILS
from bot.discord.replies import Answer, acknowledge, edit, respond, try_edit, view_of
from bot.discord.theme import Tone, notice
from bot.errors import InvalidInputError, UnauthorizedError
from bot.features.handover.token import read_token
from bot.providers.base.integration import Choice
from cogs.handover.flow import TokenHandover, hand_over
from cogs.handover.lookup import LookButton
from cogs.handover.preflight import Preflight, preflight_field, preflight_lines, try_examine

SECONDS: Final = 300
"""Long enough to switch on an intent or to invite the bot meanwhile."""


class TokenModal(GuardedModal):
    """Takes the token of the bot that an agent is to be; nobody gets it before the member has confirmed."""

    look_button: ClassVar[type[LookButton]]

    def __init__(
        self, asked: Context, connection: str, agent: Choice, *above: discord.ui.Item[discord.ui.View]
    ) -> None:
        """connection: its name. above: what the form shows above the token's input."""
        texts, slug = asked.texts, self.look_button.provider.slug
        connect_button = self.look_button.guide_button.connect_button
        retry = connect_button(texts=texts, connection=connection, agent=agent.id)
        super().__init__(asked, title=texts(f"{slug}.connect.form"), retry=retry)
        self.connection = connection
        self.agent = agent
        self._token: discord.ui.TextInput[Any] = discord.ui.TextInput(
            custom_id="discord_token", max_length=200, placeholder=texts(f"{slug}.connect.placeholder")
        )
        for item in (*above, labelled(texts, f"{slug}.connect.token", self._token)):
            self.add_item(item)

    async def read_token(self, ctx: Context) -> str:
        """Return the token. Raises InvalidInputError for what cannot be one."""
        await ctx.services.connections.check_not_stored(ctx.guild_id, self._token.value)
        return read_token(self._token.value)


class TokenQuestion(GuardedView):
    """Holds the token, in memory only, until the member has decided or the time is over."""

    def __init__(
        self, asked: Context, token: str, preflight: Preflight, handover: TokenHandover[Any]
    ) -> None:
        super().__init__(asked, timeout=SECONDS)
        self._texts = asked.texts
        self._token = token
        self._preflight = preflight
        self._handover = handover
        self._summary, self._fields = handover.summary(asked), handover.fields(asked)
        self._provider = handover.look_class.provider
        self._retry = handover.connect_button(asked.texts)
        self._fill()

    def __repr__(self) -> str:
        return "<TokenQuestion>"

    async def ask(self) -> None:
        """Put the question."""
        await respond(self._asked, self._question("token.next_step"), self)

    async def on_timeout(self) -> None:
        """Forget the token, and say so."""
        self._token = ""
        await try_edit(self._asked, *self._not_sent("token.expired_how"))

    def _fill(self) -> None:
        """Put the buttons that fit what is known now."""
        self.clear_items()
        self.add_button(self._texts("token.yes"), self._confirm, discord.ButtonStyle.primary)
        if not isinstance(self._preflight.failure, UnauthorizedError):
            # A token that Discord has refused stays refused, and each refusal counts against this bot.
            self.add_button(self._texts("token.again"), self._look_again)
        self.add_button(self._texts("token.no"), self._decline)
        self.add_button(self._texts("status.details"), self._show_details, emoji=DETAILS)
        if self._preflight.invite is not None:
            self.add_item(discord.ui.Button(label=self._texts("token.invite"), url=self._preflight.invite))
        self.add_item(discord.ui.Button(label="Developer Portal", url=self._preflight.portal))

    async def _confirm(self, ctx: Context) -> None:
        token = self._end()
        ctx.offer_retry(self._retry, opens_form=True)
        # For the case that this process does not live to tell what became of the token.
        look = view_of(self._handover.look_button(self._texts, self._preflight))
        await edit(ctx, self._confirmed("token.handing_over"), look)
        async with contextlib.AsyncExitStack() as stack:
            # Whatever comes of it, the question does not wait for ever.
            done = self._confirmed("token.handed_over")
            stack.push_async_callback(try_edit, ctx, done)
            await hand_over(ctx, self._handover, token, self._preflight)

    async def _look_again(self, ctx: Context) -> None:
        await acknowledge(ctx)
        work = try_examine(ctx, self._token, self._preflight.permissions)
        preflight = await ctx.cancel_on_shutdown(work)
        if isinstance(preflight, InvalidInputError):
            # Not a bot's token, as is known only now: nobody is to get it.
            self._end()
            ctx.offer_retry(self._retry, opens_form=True)
            await ctx.interaction.edit_original_response(view=None)
            raise preflight
        if self.is_finished():
            return  # decided meanwhile
        self._preflight = preflight
        self._asked = ctx  # which can be answered for longer than the one before
        self._fill()
        await edit(ctx, self._question("token.next_step"), self)

    async def _show_details(self, ctx: Context) -> None:
        await acknowledge(ctx)
        if not self.is_finished():
            await edit(ctx, self._details(), self)

    async def _decline(self, ctx: Context) -> None:
        self._end()
        await edit(ctx, *self._not_sent("token.declined_how"))

    def _end(self) -> str:
        """Let no further press find anything to act on; return the token, and forget it."""
        self.stop()
        token, self._token = self._token, ""
        return token

    def _question(self, next_step: str) -> discord.Embed:
        """Show in short what is known. next_step: the key of what to do now."""
        return self._embed(
            "token.intro", next_step, *self._summary, *preflight_lines(self._preflight, self._texts)
        )

    def _confirmed(self, next_step: str) -> discord.Embed:
        """Show what was confirmed. next_step: the key of what happens now."""
        return self._embed("token.confirmed", next_step, self._summary[0])

    def _embed(self, intro: str, next_step: str, *lines: str) -> discord.Embed:
        name = self._provider.name
        return notice(
            self._texts,
            self._tone,
            f"{self._provider.slug}.connect.question",
            how="\n".join([self._texts(intro, provider=name), *lines]),
            next_step=self._texts(next_step, provider=name),
        )

    def _details(self) -> discord.Embed:
        """Show all that is known, and what to do about it."""
        name = self._provider.name
        return notice(
            self._texts,
            self._tone,
            f"{self._provider.slug}.connect.question",
            *self._fields,
            preflight_field(self._preflight, name, self._texts),
            how=self._texts("token.intro", provider=name),
            next_step=self._texts("token.next_step", provider=name),
            symbol=DETAILS,
        )

    @property
    def _tone(self) -> Tone:
        return Tone.INFO if self._preflight.reads_messages else Tone.WARNING

    def _not_sent(self, how: str) -> Answer:
        return self._handover.guide_button(self._texts).not_sent(how)
