"""The message that shows the steps with a provider: it keeps itself up to date, and shows what fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import discord

from bot.discord.context import Context
from bot.discord.replies import Answer, Update, acknowledge, edit, keep_updated, try_delete
from bot.errors import PatchbayError
from cogs.setup.failure import Failure, Step, failure_of
from cogs.setup.steps import SetupProgress, find_progress

_Kind = discord.InteractionResponseType
_PRESS: Final = discord.InteractionType.component
_CHANGES_MESSAGE: Final = frozenset({_Kind.message_update, _Kind.deferred_message_update})


@dataclass(frozen=True, slots=True)
class Shown:
    """What the message shows.

    failure: what went wrong since it was last read. test_link: to the test alert that was posted from it.
    adds_more: whether the steps are shown although all are done.
    """

    progress: SetupProgress
    failure: Failure | None = None
    test_link: str = ""
    adds_more: bool = False


Render = Callable[[Shown, Context], Answer]


class StepsScreen:
    """Shows the steps with one connection of a provider in the message of a component.

    An interaction that may be answered in the message is what changes it; of those, the latest one, as each
    can be answered for 15 minutes.
    """

    def __init__(self, ctx: Context, render: Render, provider: str, connection: str) -> None:
        self._render = render
        self._provider, self._connection = provider, connection
        self._step: Step = "check"
        self._shown: Shown | None = None
        self._ctx = self._own(ctx)

    @classmethod
    def of(
        cls, ctx: Context, render: Render, provider: str, connection: str, step: Step = "check"
    ) -> StepsScreen:
        """Return the screen of the message that a component is used in. step: what the component is for."""
        known = ctx.screen
        screen = known if isinstance(known, cls) else cls(ctx, render, provider, connection)
        screen._provider, screen._connection = provider, connection  # noqa: SLF001 - its own class
        screen._step = step  # noqa: SLF001 - its own class
        ctx.screen = screen
        return screen

    async def show(
        self, ctx: Context, connection: str | None = None, *, test_link: str = "", adds_more: bool = False
    ) -> None:
        """Read how far the server is, and show it. connection: another one than before.

        test_link: of a test alert just now, empty for the last one. adds_more: as for ``Shown``. Raises what
        ``find_progress`` raises.
        """
        self._connection = self._connection if connection is None else connection
        self._adopt(ctx)
        self.stop(ctx)
        progress = await find_progress(ctx, self._provider, self._connection)
        if not test_link and self._shown is not None:
            test_link = self._shown.test_link
        await self._edit(Shown(progress, test_link=test_link, adds_more=adds_more))
        self._keep_updated()

    async def fail(
        self, ctx: Context, error: PatchbayError, reference: str, retry: Sequence[discord.ui.Item[Any]]
    ) -> bool:
        """Show an error in the step that led to it, unless it is about an answer that stays."""
        message, own = ctx.interaction.message, self._ctx.interaction.message
        is_own = message is None or own is None or message.id == own.id
        if ctx.interaction.type is _PRESS and not is_own and not ctx.is_question:
            return False
        await self.show_failure(ctx, failure_of(self._step, error, ctx, reference, retry))
        return True

    async def show_failure(self, ctx: Context, failure: Failure) -> None:
        """Show what failed; the rest stays as it was last read. Raises what ``find_progress`` raises."""
        if not ctx.interaction.response.is_done():
            await acknowledge(ctx)
        answers_elsewhere = not self._adopt(ctx)
        if self._shown is None:
            progress = await find_progress(ctx, self._provider, self._connection)
            await self._edit(Shown(progress, failure))
            self._keep_updated()
        else:
            await self._edit(replace(self._shown, failure=failure))
        if answers_elsewhere and (ctx.is_question or ctx.interaction.response.type not in _CHANGES_MESSAGE):
            # A question, or the sign that an answer is on its way.
            await try_delete(ctx)

    async def show_again(self) -> None:
        """Show the same with menus of which the same entry can be picked again."""
        if self._shown is not None:
            await self._edit(self._shown)

    @staticmethod
    def stop(ctx: Context) -> None:
        """Update the member's steps no longer: only those of the latest `/setup` are."""
        ctx.services.background.cancel(_task_name(ctx))

    def _own(self, ctx: Context) -> Context:
        """Return a context that changes the component's message, whatever else the interaction answers."""
        return replace(ctx, answers_apart=False, answer=None, menus=None, screen=self)

    def _adopt(self, ctx: Context) -> bool:
        """Change the message by this interaction from now on, if that is possible; return whether it is."""
        message, now = self._ctx.interaction.message, ctx.interaction
        is_same = message is not None and now.message is not None and message.id == now.message.id
        if not is_same or now.response.type not in _CHANGES_MESSAGE:
            return False
        self._ctx = self._own(ctx)
        return True

    async def _edit(self, shown: Shown) -> None:
        self._shown = shown
        await edit(self._ctx, *self._render(shown, self._ctx))

    def _keep_updated(self) -> None:
        """Update the message for a while, if anything can change in it."""
        ctx = self._ctx
        if self._shown is None or not self._shown.progress.is_working:
            return
        wake_on = partial(ctx.services.integrations.on_change, ctx.guild_id)
        ctx.services.background.start(keep_updated(ctx, self._update, wake_on), _task_name(ctx))

    async def _update(self) -> Update | None:
        progress = await find_progress(self._ctx, self._provider, self._connection)
        before = self._shown
        if before is None or progress.comparison_key == before.progress.comparison_key:
            return None
        self._shown = replace(before, progress=progress, failure=None)
        return Update(*self._render(self._shown, self._ctx), is_final=False)


def _task_name(ctx: Context) -> str:
    """Name what updates a member's steps."""
    return f"setup:{ctx.guild_id}:{ctx.member.id}"
