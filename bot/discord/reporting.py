"""The one place where an error of any handler becomes a log line and an answer to the member."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import discord
import structlog

from bot import errors
from bot.discord.connection.interaction_tally import kind_of, name_in_tree
from bot.discord.connection.refusals import describe, describe_failure
from bot.discord.context import Context, Interaction
from bot.discord.guard import ANY_USE, Use, find_command
from bot.discord.problems import as_ours, new_reference, problem
from bot.discord.replies import respond_privately, view_of
from bot.network_faults import fault_of, word_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# Unknown message (dismissed by the member), webhook (after 15 minutes), interaction (after 3 seconds).
_UNDELIVERABLE: Final = frozenset({10008, 10015, 10062})


async def admit(ctx: Context, command: str, use: Use = ANY_USE) -> None:
    """Ask the guard, and note which command and which operation the interaction belongs to.

    From here on every line of the log that is written for the interaction names them.

    Raises RequestError unless this member may now do here what the command is for.
    """
    ctx.doing = use.operation or ctx.doing or name_in_tree(ctx.interaction) or command
    structlog.contextvars.bind_contextvars(**_origin(ctx))
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
        _log.info("screen_not_changed", error=word_of(failed))
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
    _log.warning("answer_not_delivered", reference=reference, **describe_failure(failed))


def _log_error(ctx: Context, error: BaseException, reference: str) -> None:
    known = {"reference": reference, **_origin(ctx)}
    if isinstance(error, errors.ProviderError):
        log_provider_failure(error, **known)
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


def log_provider_failure(error: errors.ProviderError, **known: str | int | None) -> None:
    """Log what a member is shown of a provider's failure. known: what else there is to say."""
    _log.warning(
        "provider_failed",
        provider=error.provider,
        error=error.key,
        fault=fault_of(error) if isinstance(error, errors.UnreachableError) else None,
        status=error.status,
        request_id=error.request_id,
        outcome_unknown=error.outcome_unknown,
        **known,
    )


def _origin(ctx: Context) -> dict[str, str | int | None]:
    """Return in which guild the member did what: the command, and by what it was done."""
    interaction = ctx.interaction
    component = {"component": ctx.component} if ctx.component else {}
    doing = ctx.doing or name_in_tree(interaction) or _name_in_custom_id(ctx)
    return {"guild": interaction.guild_id, "command": doing, "by": _kind_of(interaction), **component}


def _kind_of(interaction: Interaction) -> str:
    """Return how a member did something. What was sent may be of another shape."""
    data = interaction.data
    if interaction.type is discord.InteractionType.component and isinstance(data, Mapping):
        is_button = data.get("component_type") == discord.ComponentType.button.value
        return "button" if is_button else "menu"
    return kind_of(interaction)


def _name_in_custom_id(ctx: Context) -> str | None:
    """Return the command that a button or a form of an earlier run belongs to, None if it does not say."""
    data = ctx.interaction.data
    custom_id = data.get("custom_id") if isinstance(data, Mapping) else None
    top = custom_id.partition(":")[0] if isinstance(custom_id, str) else ""
    return top if top and find_command(ctx.client.tree, top) is not None else None
