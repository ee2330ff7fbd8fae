"""Answers an interaction, whatever has been answered already, and keeps an answer up to date for a while."""

import asyncio
import contextlib
import functools
import gzip
import io
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, NamedTuple, TypeVar, cast

import aiohttp
import discord
import structlog

from bot.discord.connection.deferral import Deferral
from bot.discord.connection.first_answer import first_answer
from bot.discord.context import Context, Interaction
from bot.discord.sync import CommandLinks
from bot.discord.text import length
from bot.discord.theme import DESCRIPTION, FIELD_VALUE, TOTAL, total
from bot.errors import PatchbayError

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PAUSES: Final = (20, 40, 60, 120, 240, 240)
"""Seconds between updates: twelve minutes in all, as an answer can be changed for fifteen."""
EDIT_SECONDS: Final = 60.0
"""How long sending or changing an answer may take, its files included: after a 429 discord.py waits for as
long as Discord says, and the answer can be changed for 15 minutes only.
"""
MAX_PLAIN_BYTES: Final = 1_000_000
"""The largest file of text that is sent uncompressed. Sending 7 MB holds up the event loop for 50 ms, and
Discord takes 10 MB.
"""
SendT = TypeVar("SendT", bound=Callable[..., Coroutine[Any, Any, None]])
Answer = tuple[discord.Embed, discord.ui.View]
"""What an answer shows, and the components below it."""
_Kind = discord.InteractionResponseType
_PLACEHOLDER = "…"
_DISMISSED: Final = frozenset({10008, 10015})
"""Unknown message, unknown webhook: Discord's own codes, which a proxy's 404 has not."""


class Update(NamedTuple):
    """What an answer shows now. is_final: nothing more is going to change."""

    embed: discord.Embed
    view: discord.ui.View
    is_final: bool


def text_file(name: str, content: bytes) -> discord.File:
    """Return a file for an answer, as ``.gz`` if it is large. Call it in a thread."""
    if len(content) > MAX_PLAIN_BYTES:
        name, content = f"{name}.gz", gzip.compress(content)
    return discord.File(io.BytesIO(content), name)


def _within_deadline(send: SendT) -> SendT:
    """Let what is sent for an interaction take ``EDIT_SECONDS`` at most. Raises TimeoutError, an OSError."""

    @functools.wraps(send)
    async def sent(*args: Any, **options: Any) -> None:  # noqa: ANN401 - as ``send``
        async with asyncio.timeout(EDIT_SECONDS):
            await send(*args, **options)

    return cast("SendT", sent)


async def defer(ctx: Context, *, share: bool = False) -> None:
    """Acknowledge within Discord's three seconds; the answer may then take up to 15 minutes.

    After a pick the message shows its menus as new ones, and the answer is a message of its own. share: the
    answer is for everybody in the channel.
    """
    if ctx.menus is not None:
        await acknowledge(ctx)
        ctx.answers_apart = True
        return
    # Without ``thinking`` a form's answer would lose the flag that hides it from others.
    answer = ctx.interaction.response.defer(ephemeral=not share, thinking=True)
    await first_answer(ctx.interaction, _Kind.deferred_channel_message, answer)
    # Not before: where this failed there is no message that an error could take the place of.
    ctx.is_shared = share


def defer_if_slow(ctx: Context, *, share: bool = False) -> None:
    """Do what ``defer`` does if ``respond`` is not called soon; else its answer is the only request.

    It is for what changes nothing: whether Discord takes an answer is not known before the work is done.
    """
    ctx.deferral = Deferral(lambda: defer(ctx, share=share), share=share)


async def _settle_deferral(ctx: Context) -> bool:
    """Decide whether the answer is the first one; return whether it is for everybody in that case."""
    deferral, ctx.deferral = ctx.deferral, None
    if deferral is None:
        return False
    await deferral.settle()
    return deferral.share


async def acknowledge(ctx: Context) -> None:
    """Acknowledge a press or a pick; the message stays as it is until ``edit`` changes it.

    After a pick it shows its menus as new ones, whatever comes next: the same entry can be picked again.
    """
    interaction, (menus, ctx.menus) = ctx.interaction, (ctx.menus, None)
    if menus is not None and await _show_menus(interaction, menus):
        return
    await first_answer(interaction, _Kind.deferred_message_update, interaction.response.defer())


async def _show_menus(interaction: Interaction, menus: discord.ui.View) -> bool:
    """Show the message with other menus; return False if it takes none, as when it is gone by now."""
    try:
        answer = interaction.response.edit_message(view=menus)
        if not await first_answer(interaction, _Kind.message_update, answer):
            await interaction.edit_original_response(view=menus)
    except discord.HTTPException:
        return interaction.response.is_done()
    return True


async def open_modal(ctx: Context, form: discord.ui.Modal) -> None:
    """Answer with a form."""
    interaction = ctx.interaction
    # discord.py listens to a form only once it knows that it arrived; a member may be faster than that.
    ctx.client._connection.store_view(form)  # noqa: SLF001 - as its send_modal does
    try:
        await first_answer(interaction, _Kind.modal, interaction.response.send_modal(form))
    except BaseException:
        form.stop()
        raise
    if ctx.menus is not None:
        ctx.menus = None
        if ctx.screen is not None:
            # Nobody tells us when a form is closed without being sent.
            with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
                await ctx.screen.show_again()


@_within_deadline
async def remove_components(ctx: Context) -> None:
    """Take the buttons and menus off the message whose component was used."""
    interaction = ctx.interaction
    answer = interaction.response.edit_message(view=None)
    if not await first_answer(interaction, _Kind.message_update, answer):
        await interaction.edit_original_response(view=None)


@_within_deadline
async def respond(
    ctx: Context,
    embed: discord.Embed,
    view: discord.ui.View = discord.utils.MISSING,
    files: Sequence[discord.File] = (),
) -> None:
    """Give the answer: in the deferred message where there is one, else as a message of its own.

    The message is private, unless ``defer`` or ``defer_if_slow`` was told to share.
    """
    interaction, share = ctx.interaction, await _settle_deferral(ctx)
    _link_commands(embed, ctx.services.links)
    if ctx.menus is not None:
        await acknowledge(ctx)
        ctx.answers_apart = True
    kind = interaction.response.type
    if kind is None:
        answer = interaction.response.send_message(embed=embed, view=view, files=files, ephemeral=not share)
        if not await first_answer(interaction, _Kind.channel_message, answer):
            await _edit_original(interaction, embed, view, files)
    elif kind is _Kind.deferred_channel_message:
        _note_screen(ctx, await interaction.edit_original_response(embed=embed, view=view, attachments=files))
    else:
        # The original is a message that stays: a component's own, or an answer given before.
        sent = await interaction.followup.send(embed=embed, view=view, files=files, ephemeral=True, wait=True)
        _note_screen(ctx, sent)
        if ctx.answers_apart and ctx.answer is None:
            ctx.answer = sent


@_within_deadline
async def respond_privately(
    ctx: Context, embed: discord.Embed, view: discord.ui.View = discord.utils.MISSING
) -> None:
    """Give an answer that is for the member alone, even where ``defer`` was told to share."""
    # What the answer has to say comes before an acknowledgement that has failed.
    with contextlib.suppress(discord.DiscordException, aiohttp.ClientError, OSError):
        await _settle_deferral(ctx)
    if not ctx.is_shared:
        await respond(ctx, embed, view)
        return
    ctx.is_shared = False
    interaction = ctx.interaction
    _link_commands(embed, ctx.services.links)
    # A follow-up to a message that is still deferred takes its place, for everybody to see; a follow-up to
    # one that was deleted while deferred is refused. So the message is given content first, and deleted last.
    await interaction.edit_original_response(content=_PLACEHOLDER)
    await interaction.followup.send(embed=embed, view=view, ephemeral=True)
    await interaction.delete_original_response()


@_within_deadline
async def edit(
    ctx: Context,
    embed: discord.Embed,
    view: discord.ui.View | None = None,
    files: Sequence[discord.File] = (),
) -> None:
    """Replace the content of the message whose component was used, or of the answer given before."""
    interaction, ctx.menus = ctx.interaction, None
    _link_commands(embed, ctx.services.links)
    if ctx.answer is not None:
        _note_screen(ctx, await ctx.answer.edit(embed=embed, view=view, attachments=files))
    elif interaction.response.is_done():
        _note_screen(ctx, await interaction.edit_original_response(embed=embed, view=view, attachments=files))
    else:
        if interaction.message is not None:
            _note_screen(ctx, interaction.message)
        answer = interaction.response.edit_message(embed=embed, view=view, attachments=files)
        if not await first_answer(interaction, _Kind.message_update, answer):
            await _edit_original(interaction, embed, view, files)


async def _edit_original(
    interaction: Interaction,
    embed: discord.Embed,
    view: discord.ui.View | None,
    files: Sequence[discord.File],
) -> None:
    """Show once more what was sent: only what arrives is sure to be shown, with buttons that work."""
    for file in files:
        file.reset()  # it was read to its end
    await interaction.edit_original_response(embed=embed, view=view, attachments=files)


def _note_screen(ctx: Context, message: discord.Message) -> None:
    """Note which screen the message is, or was opened from; none if it is another one by now."""
    if ctx.screen is None:
        ctx.client.screens.pop(message.id, None)
    else:
        ctx.client.screens[message.id] = ctx.screen


async def try_edit(ctx: Context, embed: discord.Embed, view: discord.ui.View | None = None) -> None:
    """Do what ``edit`` does, unless the member has dismissed the message or Discord cannot be reached."""
    with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
        await edit(ctx, embed, view)


async def try_delete(ctx: Context) -> None:
    """Delete the message that the interaction has answered with, or was used in, if it is still there."""
    with contextlib.suppress(discord.HTTPException, aiohttp.ClientError, OSError):
        await ctx.interaction.delete_original_response()


def view_of(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """Put persistent components and links into a view that needs nobody to listen."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()  # else discord.py would keep it, and a task that waits for it to time out
    return view


async def keep_updated(
    ctx: Context,
    update: Callable[[], Awaitable[Update | None]],
    wake_on: Callable[
        [Callable[[], object]], contextlib.AbstractContextManager[object]
    ] = contextlib.nullcontext,
) -> None:
    """Update an answer now and then, until an update is final or the answer may no longer be changed.

    update: returns None where nothing has changed. One that fails changes nothing and ends nothing: the next
    one may succeed. wake_on: while its block lasts, calls what it is given when an update should not wait any
    longer.
    """
    for pause in PAUSES:
        woken = asyncio.Event()
        with wake_on(woken.set), contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await woken.wait()
        try:
            shown = await update()
        except PatchbayError:
            continue
        except Exception:  # noqa: BLE001 - the answer has promised more updates
            _log.exception("look_failed")
            continue
        if shown is None:
            continue
        try:
            await edit(ctx, shown.embed, shown.view)
        except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
            if isinstance(failed, discord.NotFound) and failed.code in _DISMISSED:
                return
            continue
        if shown.is_final:
            return


def _link_commands(embed: discord.Embed, links: CommandLinks) -> None:
    """Turn the commands that an embed names into links that can be clicked, where the limits leave room."""
    room = TOTAL - total(embed)

    def link(text: str, limit: int) -> str:
        nonlocal room
        linked = links.link(text)
        growth = length(linked) - length(text)
        if length(linked) > limit or growth > room:
            return text
        room -= growth
        return linked

    if embed.description:
        embed.description = link(embed.description, DESCRIPTION)
    for index, field in enumerate(embed.fields):
        embed.set_field_at(
            index, name=field.name, value=link(field.value or "", FIELD_VALUE), inline=field.inline
        )
