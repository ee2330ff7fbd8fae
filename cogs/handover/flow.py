"""Passes a bot token on, once, in the same way to every provider."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

from bot.discord.context import Context
from bot.discord.replies import Answer, respond
from bot.discord.theme import Field
from bot.features.audit.service import DONE, UNKNOWN
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from bot.providers.base.integration import Choice
from bot.providers.base.outcome import LookupResult, Outcome
from cogs.connections import open_connection
from cogs.handover.guide import ConnectButton, GuideButton
from cogs.handover.lookup import LookButton, record
from cogs.handover.preflight import Preflight

FoundT = TypeVar("FoundT")


@dataclass(frozen=True, slots=True)
class TokenHandover(ABC, Generic[FoundT]):
    """What is about to happen to a token, as the provider's own cog describes it; it does not hold the token.

    connection: the name of the connection that is used. set_at: of the credentials that the member was told
    about. agent: whose bot it is to be.
    """

    look_class: ClassVar[type[LookButton]]

    connection: str
    set_at: int
    agent: Choice

    @property
    @abstractmethod
    def was_connected(self) -> bool | None:
        """Whether the agent has a bot already, None where nobody knows."""

    @abstractmethod
    def summary(self, ctx: Context) -> list[str]:
        """Return what the question says in short: first the agent, then what must not be overlooked."""

    @abstractmethod
    def fields(self, ctx: Context) -> list[Field]:
        """Return what the question's details show above what Discord says of the token."""

    @abstractmethod
    async def check(self, ctx: Context, connection: Connection) -> Self:
        """Return the handover as things are now.

        Raises InvalidInputError if something has changed that the member was asked about.
        """

    @abstractmethod
    async def write(self, ctx: Context, connection: Connection, token: str) -> Outcome[FoundT]:
        """Send the token once. Raises ProviderError where it is certain that the provider did not take it."""

    @abstractmethod
    def accepted(self, ctx: Context, found: FoundT | None, preflight: Preflight) -> Answer:
        """Say that the provider took the token, and what is left to do."""

    @abstractmethod
    def in_doubt(self, outcome: Outcome[FoundT], look: LookButton) -> Answer:
        """Say that no clear answer came, and what a look at the provider has shown."""

    @abstractmethod
    def integration(self, found: FoundT | None) -> Choice | None:
        """Return what to remember of an integration that is there, None for one that cannot be remembered."""

    def connect_button(self, texts: Texts) -> ConnectButton:
        """Return the button that opens the form again."""
        button = self.look_class.guide_button.connect_button
        return button(texts=texts, connection=self.connection, agent=self.agent.id)

    def guide_button(self, texts: Texts) -> GuideButton:
        """Return the button that starts over."""
        button = self.look_class.guide_button
        return button(texts=texts, action="start", connection=self.connection, agent=self.agent.id)

    def look_button(self, texts: Texts, preflight: Preflight) -> LookButton:
        """Return the button that looks later what became of the token."""
        return self.look_class(
            texts=texts,
            connection=self.connection,
            agent=self.agent.id,
            bot_id=preflight.bot_id,
            was_connected=self.was_connected,
        )


async def hand_over(ctx: Context, handover: TokenHandover[FoundT], token: str, preflight: Preflight) -> None:
    """Send the token, answer with what became of it, and remember the integration.

    Raises what the provider has certainly refused, and what keeps the token from being sent.
    """
    slug = handover.look_class.provider.slug
    async with ctx.change(f"{slug}.connect", f"{slug} · {handover.agent.id}") as change:
        opened = await open_connection(ctx, slug, handover.connection, set_at=handover.set_at)
        # The member may have taken minutes to decide; somebody else may have connected the agent meanwhile.
        handover = await handover.check(ctx, opened)
        # Before and after the call: an outcome in doubt may have changed the list too.
        ctx.services.choices.forget(opened)
        # If this process is killed now, the provider may have the token: the log must say that it was sent.
        await change.begin()
        outcome = await handover.write(ctx, opened, token)
        is_there = outcome.result is LookupResult.THERE
        change.result = DONE if is_there else UNKNOWN
    ctx.services.choices.forget(opened)
    ctx.withdraw_retry()
    if outcome.doubt is None:
        answer = handover.accepted(ctx, outcome.found, preflight)
    else:
        answer = handover.in_doubt(outcome, handover.look_button(ctx.texts, preflight))
    await respond(ctx, *answer)
    # Answered first: that the provider has the token must be read even if our own store fails now.
    if is_there and (integration := handover.integration(outcome.found)) is not None:
        application = None if preflight.application is None else preflight.application.id
        await record(ctx, opened, integration, preflight.bot_id, application)
