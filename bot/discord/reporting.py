"""The one place where an error of any handler becomes a log line and an answer to the member."""

from typing import Any, Final

import aiohttp
import discord
import structlog

from bot import errors
from bot.discord.connection.refusals import describe
from bot.discord.context import Context, Interaction
from bot.discord.guard import ANY_USE, Use, find_command
from bot.discord.problems import as_ours, new_reference, problem
from bot.discord.replies import respond_privately, view_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Unknown message (dismissed by the member), webhook (after 15 minutes), interaction (after 3 seconds).
_UNDELIVERABLE: Final = frozenset({10008, 10015, 10062})


async def admit(ctx: Context, command: str, use: Use = ANY_USE) -> None:
    """Ask the guard, and note which command and which operation the interaction belongs to.

    Raises RequestError unless this member may now do here what the command is for.
    """
    if ctx.services.background.is_shutting_down:
        raise errors.RestartingError
    known = find_command(ctx.client.tree, command)
    if known is None:
        raise errors.OutdatedCommandError
    command_id = ctx.services.links.ids.get(command)
    ctx.operation = await ctx.services.guard.check(ctx.interaction, known, command_id, use)
    ctx.command = command


async def report(interaction: Interaction, error: BaseException) -> None:
    """Log an error once and answer with its embed, and with the buttons that help."""
    ctx = Context.of(interaction)
    ctx.handling.failed(error)
    reference = new_reference()
    if isinstance(error, discord.NotFound) and error.code in _UNDELIVERABLE:
        _log_undelivered(error, reference)
        return
    if interaction.type is discord.InteractionType.autocomplete:
        await _suggest_nothing(ctx, error, reference)
        return
    _log_error(ctx, error, reference)
    if not await _shown_on_screen(ctx, error, reference):
        await _answer(ctx, error, reference)
    if ctx.follow_up is not None:
        ctx.follow_up.reported(error)


async def _shown_on_screen(ctx: Context, error: BaseException, reference: str) -> bool:
    """Show the error in the message that has led to it; return False if there is none, or it takes none."""
    if ctx.screen is None:
        return False
    try:
        return await ctx.screen.fail(ctx, as_ours(error), reference, _retry(ctx, error))
    except Exception as failed:  # noqa: BLE001 - whatever it raises, the member gets an answer
        _log.info("screen_not_changed", reference=reference, error=type(failed).__name__)
        return False


async def _answer(ctx: Context, error: BaseException, reference: str) -> None:
    """Answer with the error's embed, and with the buttons that help."""
    embed = problem(error, ctx.texts, ctx.services.provider_names, reference, now=ctx.services.clock())
    buttons = [*_retry(ctx, error), *(ctx.follow_up.buttons(error) if ctx.follow_up is not None else [])]
    view = view_of(*buttons) if buttons else discord.utils.MISSING
    try:
        await respond_privately(ctx, embed, view)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as failed:
        _log_undelivered(failed, reference)


async def _suggest_nothing(ctx: Context, error: BaseException, reference: str) -> None:
    # Somebody who types on beyond the limit would fill the log, a line for each key.
    if not isinstance(error, errors.CooldownError):
        _log_error(ctx, error, reference)
    try:
        await ctx.interaction.response.autocomplete([])
    except (discord.DiscordException, aiohttp.ClientError, OSError) as failed:
        _log_undelivered(failed, reference)


def _retry(ctx: Context, error: BaseException) -> list[discord.ui.Item[Any]]:
    """Return the button that tries again, nothing where that is pointless or may do something twice."""
    is_pointless = (
        isinstance(error, (errors.NotAllowedError, errors.NotServedError))
        or (
            isinstance(error, (errors.NotFoundError, errors.NotListedError)) and not ctx.retry_after_not_found
        )
        # Patchbay wrote the request in the wrong form, whatever was entered.
        or (isinstance(error, errors.UnsupportedMediaError) and ctx.retry_opens_form)
    )
    may_repeat = isinstance(error, errors.ProviderError) and error.outcome_unknown
    return [] if ctx.retry is None or is_pointless or may_repeat else [ctx.retry]


def _log_undelivered(failed: Exception, reference: str) -> None:
    known = describe(failed) if isinstance(failed, discord.HTTPException) else {}
    _log.warning("answer_not_delivered", reference=reference, error=type(failed).__name__, **known)


def _log_error(ctx: Context, error: BaseException, reference: str) -> None:
    known = {
        "reference": reference,
        "guild": ctx.interaction.guild_id,
        "command": _name_of_command(ctx.interaction),
    }
    if isinstance(error, errors.ProviderError):
        _log.warning(
            "provider_failed",
            provider=error.provider,
            error=error.key,
            status=error.status,
            request_id=error.request_id,
            outcome_unknown=error.outcome_unknown,
            **known,
        )
    elif isinstance(error, discord.HTTPException):
        # No traceback: its last line quotes what was sent.
        _log.error("discord_refused", **describe(error), **known)
    elif isinstance(error, TimeoutError):
        # Only what is asked of Discord ends with it: a provider's deadline has an error of its own.
        _log.warning("discord_slow", **known)
    elif isinstance(error, errors.PatchbayError):
        _log.info("refused", error=error.key, **known)
    else:
        _log.error("unexpected_error", exc_info=error, **known)


def _name_of_command(interaction: Interaction) -> str | None:
    """Return the name of the command that was run, None where there is none or it cannot be read.

    discord.py reads it from what was sent, whose shape may be the very error that is reported.
    """
    try:
        run = interaction.command
    except Exception:  # noqa: BLE001 - the line has the error itself, and the member must get an answer
        return None
    return None if run is None else run.qualified_name
