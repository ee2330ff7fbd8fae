"""The command tree: the guard on the way in, the errors' embeds on the way out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp
import discord
import structlog
from discord import app_commands

from bot.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    NotServedError,
    OutdatedCommandError,
    PatchbayError,
    ProviderError,
    RestartingError,
    StaleComponentError,
)
from bot.kit.tier import Tier
from bot.runtime.connections import look_into, rotation_for
from bot.runtime.guard import needed_tier
from bot.ui.components import is_taken_up, view_of
from bot.ui.problems import new_reference, problem
from bot.ui.replies import answer_privately

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.i18n.catalog import Catalog, Texts
    from bot.runtime.client import PatchbayBot
    from bot.runtime.guard import Guard, TopCommand
    from bot.services.connections import Connection
    from bot.ui.components import Interaction, LastingButton

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_Kind = discord.InteractionType

# Unknown message (dismissed by the member), webhook (after 15 minutes), interaction (after 3 seconds).
_NOBODY_THERE: Final = frozenset({10008, 10015, 10062})


class PatchbayTree(app_commands.CommandTree[Any]):
    """discord.py builds it inside the client's constructor, so ``prepare`` hands over what it needs."""

    _catalog: Catalog
    _provider_names: Mapping[str, str]
    restarting = False
    """Set while the last commands finish; new ones are told to come back."""
    command_ids: Mapping[str, int]
    """Discord's ids of our top-level commands, by name, once they are synchronised."""
    _guard: Guard

    def prepare(self, catalog: Catalog, provider_names: Mapping[str, str], guard: Guard) -> None:
        """Take the texts, the providers' proper names by slug, and who decides who may do what."""
        self._catalog = catalog
        self._provider_names = provider_names
        self._guard = guard
        self.command_ids = {}

    def texts(self, interaction: Interaction) -> Texts:
        """Return the texts in the member's language."""
        return self._catalog[interaction.locale.value]

    async def check(self, interaction: Interaction, command: str) -> None:
        """Raise RequestError unless this member may do here what the top-level command is for."""
        if self.restarting:
            raise RestartingError
        known = self.get_command(command)
        if not isinstance(known, (app_commands.Command, app_commands.Group)):
            raise OutdatedCommandError
        await self._guard.check(interaction, known, self.command_ids.get(command))
        interaction.extras["command"] = command

    async def commands_for(self, interaction: Interaction) -> list[TopCommand]:
        """Return the top-level commands that Discord shows to the member here, by name."""
        top = self.top_commands()
        shown = await asyncio.gather(
            *(self._guard.shows(interaction, each, self.command_ids.get(each.name)) for each in top)
        )
        return [command for command, is_shown in zip(top, shown, strict=True) if is_shown]

    def top_commands(self) -> list[TopCommand]:
        """Return the top-level commands that there are, by name."""
        return [
            command
            for command in sorted(self.get_commands(), key=lambda command: command.name)
            if isinstance(command, (app_commands.Command, app_commands.Group))
        ]

    async def hidden_tier(self, interaction: Interaction, shown: Iterable[TopCommand]) -> Tier | None:
        """Return the tier that opens commands to the member which Discord does not show, None for no such.

        shown: what ``commands_for`` gave.
        """
        tier = await self._guard.tier(interaction)
        needed = map(needed_tier, self.top_commands())
        opened = max((each for each in needed if each <= tier), default=Tier.NONE)
        return opened if opened > max(map(needed_tier, shown), default=Tier.NONE) else None

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Guard commands and their suggestions."""
        data = cast("Mapping[str, Any]", interaction.data or {})
        try:
            await self.check(interaction, data.get("name", ""))
        except Exception as error:  # noqa: BLE001 - refused or failed, the member gets an answer
            await self.report(interaction, error)
            return False
        return True

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        """Report what a command raised."""
        cause: BaseException = error
        if isinstance(error, app_commands.CommandInvokeError):
            cause = error.original
        elif isinstance(error, (app_commands.CommandNotFound, app_commands.CommandSignatureMismatch)):
            cause = OutdatedCommandError()
        elif isinstance(error, app_commands.TransformerError):
            cause = InvalidInputError("option")
        await self.report(interaction, cause)

    async def refuse_stale(self, interaction: Interaction) -> None:
        """Answer a form or a button that belonged to an earlier run, which discord.py drops in silence."""
        if not is_taken_up(interaction):
            await self.report(interaction, StaleComponentError())

    async def report(self, interaction: Interaction, error: BaseException) -> None:
        """Log an error once and answer with its embed, and with the buttons that lead on.

        Where a provider has refused a connection, that is looked into once the member has the answer.
        """
        reference = new_reference()
        if isinstance(error, discord.NotFound) and error.code in _NOBODY_THERE:
            _note_undelivered(error, reference)
            return
        _note(interaction, error, reference)
        texts = self.texts(interaction)
        embed = problem(error, texts, self._provider_names, reference)
        retry: LastingButton | None = interaction.extras.get("retry")
        if isinstance(error, NotFoundError) and retry is not None and not retry.after_not_found:
            retry = None
        if isinstance(error, ProviderError) and error.outcome_unknown:
            retry = None  # it may have worked: no button that does it twice
        if isinstance(error, (NotAllowedError, NotServedError)):
            retry = None  # it would be refused as well
        connection: Connection | None = interaction.extras.get("connection")
        buttons: list[LastingButton] = [] if retry is None else [retry]
        if connection is not None:
            buttons += rotation_for(connection, error, texts)
        try:
            if interaction.type is _Kind.autocomplete:
                await interaction.response.autocomplete([])
                return
            await answer_privately(
                interaction, embed, view_of(*buttons) if buttons else discord.utils.MISSING
            )
        except (discord.DiscordException, aiohttp.ClientError, OSError) as failed:
            _note_undelivered(failed, reference)
        if connection is not None:
            look_into(cast("PatchbayBot", interaction.client), connection, error)


def _note_undelivered(failed: Exception, reference: str) -> None:
    code = getattr(failed, "code", None)
    _log.warning("answer_not_delivered", reference=reference, error=type(failed).__name__, code=code)


def _note(interaction: Interaction, error: BaseException, reference: str) -> None:
    command = interaction.command.qualified_name if interaction.command else None
    known = {"reference": reference, "guild": interaction.guild_id, "command": command}
    if isinstance(error, ProviderError):
        _log.warning(
            "provider_failed",
            provider=error.provider,
            error=error.key,
            status=error.status,
            request_id=error.request_id,
            outcome_unknown=error.outcome_unknown,
            **known,
        )
    elif isinstance(error, PatchbayError):
        _log.info("refused", error=error.key, **known)
    else:
        _log.error("unexpected_error", exc_info=error, **known)
