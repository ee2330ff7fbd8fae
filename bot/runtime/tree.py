"""The command tree: the guard on the way in, the errors' embeds on the way out."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import discord
import structlog
from cachetools import TTLCache
from discord import app_commands

from bot.errors import (
    CooldownError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    OutdatedCommandError,
    OutsideServerError,
    PatchbayError,
    ProviderError,
    RequestError,
    RestartingError,
    StaleComponentError,
)
from bot.ui.components import is_taken_up, view_of
from bot.ui.problems import new_reference, problem
from bot.ui.replies import answer_privately

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.i18n.catalog import Catalog, Texts
    from bot.ui.components import Interaction, LastingButton

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_Kind = discord.InteractionType

COMPONENT_LIFE: Final = timedelta(minutes=15)
"""How long a reply's buttons answer to its reader, who may have lost the right to the command since."""
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

    def prepare(self, catalog: Catalog, provider_names: Mapping[str, str]) -> None:
        """Take the texts, and the providers' proper names by slug."""
        self._catalog = catalog
        self._provider_names = provider_names
        self.command_ids = {}
        # Who used something as a manager lately: guild id and member id.
        self._managers: TTLCache[tuple[int, int], None] = TTLCache(10_000, COMPONENT_LIFE.total_seconds())

    def texts(self, interaction: Interaction) -> Texts:
        """Return the texts in the member's language."""
        return self._catalog[interaction.locale.value]

    async def check(self, interaction: Interaction) -> None:
        """Raise RequestError unless this member may do this here.

        Discord itself enforces a command's permissions, and whatever a server's admins changed about
        them, before we hear of it; a second opinion here would defeat those changes. Buttons it does
        not guard at all, nor forms: they answer to managers, and for a while to whoever ran the command,
        unless that was as a manager who has been demoted since.
        """
        if self.restarting:
            raise RestartingError
        if interaction.guild_id is None:
            raise OutsideServerError
        member = (interaction.guild_id, interaction.user.id)
        if interaction.permissions.manage_guild:
            self._managers[member] = None
            return
        if interaction.type in {_Kind.application_command, _Kind.autocomplete}:
            self._managers.pop(member, None)
            return
        if member in self._managers:
            raise NotAllowedError  # a manager a moment ago, and none any more
        if interaction.type is _Kind.modal_submit:
            return
        asked = None if interaction.message is None else interaction.message.interaction_metadata
        if asked is None or asked.user.id != interaction.user.id:
            raise NotAllowedError
        if interaction.created_at - asked.created_at > COMPONENT_LIFE:
            raise NotAllowedError

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Guard commands and their suggestions."""
        try:
            await self.check(interaction)
        except RequestError as error:
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
        elif isinstance(error, app_commands.CommandOnCooldown):
            # discord.py counts from when the interaction was made, not from when it reached us.
            over = interaction.created_at.timestamp() + error.retry_after
            cause = CooldownError(until=math.ceil(over))
        await self.report(interaction, cause)

    async def refuse_stale(self, interaction: Interaction) -> None:
        """Answer a form or a button that belonged to an earlier run, which discord.py drops in silence."""
        if not is_taken_up(interaction):
            await self.report(interaction, StaleComponentError())

    async def report(self, interaction: Interaction, error: BaseException) -> None:
        """Log an error once and answer with its embed, and with the button that starts over."""
        reference = new_reference()
        if isinstance(error, discord.NotFound) and error.code in _NOBODY_THERE:
            _note_undelivered(error, reference)
            return
        _note(interaction, error, reference)
        embed = problem(error, self.texts(interaction), self._provider_names, reference)
        retry: LastingButton | None = interaction.extras.get("retry")
        if isinstance(error, NotFoundError) and retry is not None and not retry.after_not_found:
            retry = None
        if isinstance(error, ProviderError) and error.outcome_unknown:
            retry = None  # it may have worked: no button that does it twice
        try:
            if interaction.type is _Kind.autocomplete:
                await interaction.response.autocomplete([])
                return
            view = view_of(retry) if retry is not None else discord.utils.MISSING
            await answer_privately(interaction, embed, view)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as failed:
            _note_undelivered(failed, reference)


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
