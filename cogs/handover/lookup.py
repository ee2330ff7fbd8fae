"""The button that outlives a handover: looks again what became of the token."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import discord

from bot.discord.components import PersistentButton
from bot.discord.context import Context
from bot.discord.problems import result_notice
from bot.discord.replies import Answer, acknowledge, edit, view_of
from bot.discord.theme import Field
from bot.errors import ProviderError
from bot.features.audit.service import DONE
from bot.features.connections.service import Connection
from bot.providers.base.integration import Choice
from bot.providers.base.outcome import LookupResult
from bot.providers.base.provider import Provider
from cogs.connections import open_connection
from cogs.handover.guide import GuideButton


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a look at the provider shows of a token to which no clear answer came.

    integration: what to remember where it is there. show: words a result.
    """

    result: LookupResult
    integration: Choice | None
    show: Callable[[LookupResult], Answer]


class LookButton(PersistentButton):
    """Looks again whether a token without a clear answer has become an integration.

    bot_id: the Discord user that the agent speaks as. was_connected: whether the agent had a bot before.
    reuses_ids: whether an agent that is connected again has the same integration id as before.
    """

    provider: ClassVar[type[Provider]]
    reuses_ids: ClassVar[bool]
    guide_button: ClassVar[type[GuideButton]]

    connection: str
    agent: str
    bot_id: int | None
    was_connected: bool | None

    @abstractmethod
    async def look(self, ctx: Context, connection: Connection) -> Lookup:
        """Look into the provider's list. Raises ProviderError."""

    async def press(self, ctx: Context) -> None:
        """Look, show what that proves, and remember an integration that is there."""
        await acknowledge(ctx)
        slug = self.provider.slug
        opened = await open_connection(ctx, slug, self.connection)
        lookup = await ctx.cancel_on_shutdown(self.look(ctx, opened))
        is_outdated = await self._is_outdated(ctx, opened, lookup.integration)
        result = LookupResult.UNKNOWN if is_outdated else lookup.result
        await edit(ctx, *lookup.show(result))
        if result is LookupResult.THERE and lookup.integration is not None:
            await self._note_found(ctx, opened, lookup.integration)

    async def _note_found(self, ctx: Context, connection: Connection, integration: Choice) -> None:
        """Remember the integration, and write that it is there, unless both have been done already."""
        audit, guild_id, slug = ctx.services.audit, connection.guild_id, self.provider.slug
        target = f"{slug} · {self.agent}"
        placed = await ctx.services.integrations.of_guild(guild_id, connection.provider)
        await record(ctx, connection, integration, self.bot_id)
        last = await audit.last_about(guild_id, f"{slug}.connect", target)
        # While this machine's clock is behind Discord's, what was just remembered seems to be from before the
        # message: whoever presses again and again must not fill the log.
        if integration.id not in placed or last is None or last.result != DONE:
            await audit.note(guild_id, f"{slug}.connect", target, member_id=ctx.member.id)

    def answer(
        self,
        result: LookupResult,
        fields: Sequence[Field],
        doubt: ProviderError | None = None,
        *,
        next_step: str | None = None,
    ) -> Answer:
        """Say what a look has shown, with the buttons that help.

        doubt, next_step: as for ``result_notice``. fields: left out where it is not known to be there and a
        doubt is told, which whoever has just sent the token reads.
        """
        texts, slug = self.texts, self.provider.slug
        embed = result_notice(
            texts,
            f"{slug}.connect.{result}",
            result,
            *(fields if doubt is None or result is LookupResult.THERE else ()),
            doubt=doubt,
            provider=self.provider.name,
            next_step=next_step,
        )
        buttons: list[discord.ui.Item[Any]] = [] if result is LookupResult.THERE else [self]
        if doubt is None and result is LookupResult.NOT_THERE:
            connect_button = self.guide_button.connect_button
            buttons.append(connect_button(texts=texts, connection=self.connection, agent=self.agent))
        return embed, view_of(*buttons)

    async def _is_outdated(self, ctx: Context, connection: Connection, integration: Choice | None) -> bool:
        """Tell whether the list may show something else than what the button's message is about.

        The agent may have been connected since, by another token; other credentials may see another list.
        """
        message = ctx.interaction.message
        asked_at = (ctx.interaction if message is None else message).created_at.timestamp()
        if connection.set_at > asked_at:
            return True
        placed = await ctx.services.integrations.of_guild(connection.guild_id, connection.provider)
        known = None if integration is None else placed.get(integration.id)
        if known is None:
            return False
        # Records have whole seconds. One of the message's own second may be the later of the two.
        return not self.reuses_ids or known.placed_at >= int(asked_at)


async def record(
    ctx: Context,
    connection: Connection,
    integration: Choice,
    bot_id: int | None,
    application_id: int | None = None,
) -> None:
    """Remember that the member has put an integration into the connection's guild just now."""
    await ctx.services.integrations.record(
        connection,
        integration.id,
        integration.label,
        bot_id=bot_id,
        application_id=application_id,
        member_id=ctx.member.id,
    )
