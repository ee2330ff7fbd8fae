"""The step before the form for a bot token: how to get one, and the buttons that lead there and back."""

from abc import abstractmethod
from typing import ClassVar, Final, Literal

import discord

from bot.discord.access.agent_bots import bot_page
from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.guard import Step
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.text import plain, quoted
from bot.discord.theme import Field, Tone, notice
from bot.providers.base.integration import Choice
from bot.providers.base.provider import Provider

GuideAction = Literal["start", "cancel"]
"""What a ``GuideButton`` does."""
_MAX_NAME: Final = 30
"""Characters of an agent's name."""


class ConnectButton(PersistentButton):
    """Opens a provider's form for an agent's bot token."""

    step = Step.FORM

    connection: str
    agent: str


class GuideButton(PersistentButton):
    """Shows how to get a bot token for an agent, or cancels, in the message that it stands below."""

    caption = "token.{action}"
    provider: ClassVar[type[Provider]]
    connect_button: ClassVar[type[ConnectButton]]

    action: GuideAction
    connection: str
    agent: str

    @abstractmethod
    async def answer(self, ctx: Context) -> Answer:
        """Return what ``guide`` does. Raises what keeps the agent from being connected."""

    async def press(self, ctx: Context) -> None:
        """Replace the message."""
        await acknowledge(ctx)
        shown = self.not_sent("token.canceled_how") if self.action == "cancel" else await self.answer(ctx)
        await edit(ctx, *shown)

    def guide(self, agent: Choice, application: int | None = None, *, how: str = "token.guide_how") -> Answer:
        """Say how to get a token, with the button that opens the form.

        application: that of the bot that the agent had before, where it is known. how: the key of the
        description, which names the agent.
        """
        texts, portal = self.texts, bot_page(application)
        first = "token.guide.create" if application is None else "token.guide.open"
        lines = (texts(first, portal=portal), texts("token.guide.reset"), texts("token.guide.intent"))
        have = texts("token.have")
        embed = notice(
            texts,
            Tone.INFO,
            "token.guide",
            Field("Developer Portal", "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))),
            # Cut before it is escaped, which adds characters that are not shown.
            how=texts(how, agent=quoted(plain(agent.label, _MAX_NAME)) or agent.id),
            next_step=texts("token.guide_next", button=have),
            symbol="🤖",
        )
        return embed, view_of(
            self.connect_button(texts=texts, connection=self.connection, agent=self.agent, label=have),
            type(self)(texts=texts, action="cancel", connection=self.connection, agent=self.agent),
            discord.ui.Button(label="Developer Portal", url=portal),
        )

    def not_sent(self, how: str) -> Answer:
        """Say that nothing was sent, with the button that begins again. how: the key of what has happened."""
        texts = self.texts
        start = type(self)(texts=texts, action="start", connection=self.connection, agent=self.agent)
        embed = notice(
            texts,
            Tone.QUIET,
            "token.not_sent",
            how=texts(how),
            next_step=texts("token.not_sent_next", button=texts("token.start")),
            provider=self.provider.name,
        )
        return embed, view_of(start)
