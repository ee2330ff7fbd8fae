"""``/toolzz link`` and ``/toolzz unlink``: which integrations a server counts as its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, cast

import discord
from discord import app_commands

from bot.errors import InvalidInputError, RunsElsewhereError
from bot.kit.integration import read_id
from bot.providers.toolzz import ToolzzProvider
from bot.runtime.client import PatchbayBot
from bot.runtime.connections import open_connection
from bot.runtime.suggestions import LONGEST, MOST
from bot.ui.components import Interaction, LastingButton, guild_of, offer_retry, withdraw_retry
from bot.ui.confirm import Confirm
from bot.ui.replies import answer, think
from bot.ui.text import plain
from cogs.toolzz import link_embeds as embeds
from cogs.toolzz.integration import label_of, runs_here

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractAsyncContextManager

    from bot.i18n.catalog import Texts
    from bot.providers.toolzz.models import Integration
    from bot.services.audit import Change
    from bot.services.connections import Connection
    from bot.services.integrations import Placed

_LARGEST_ID: Final = 2**63 - 1
"""Discord's ids are smaller, and a larger one could not be stored."""
_MOST_DIGITS: Final = 19
_NAME_ON_BUTTON: Final = 50


class LinkButton(
    LastingButton,
    template=r"toolzz:link:(?P<connection>[a-z0-9_-]{1,20}):(?P<integration>[A-Za-z0-9_-]{1,64})",
):
    """Does what ``/toolzz link`` does; the answer comes apart from the message that the button is in."""

    def __init__(self, *, texts: Texts, connection: str, integration: str) -> None:
        super().__init__(
            discord.ui.Button(
                label=texts("toolzz.link.button"),
                emoji="🔗",
                custom_id=f"toolzz:link:{connection}:{integration}",
            )
        )
        self._connection = connection
        self._integration = integration

    async def press(self, interaction: Interaction) -> None:
        """Link it now."""
        bot = cast("PatchbayBot", interaction.client)
        await link_chosen(interaction, bot, self._integration, self._connection)


async def link_button(
    bot: PatchbayBot, connection: Connection, integration: str, report: Integration, texts: Texts
) -> LinkButton | None:
    """Return the button for an integration that runs in the connection's guild and is not linked yet.

    integration: the id that the report was asked for by.
    """
    if report.is_deleted or not runs_here(report, connection.guild_id):
        return None
    if integration in await bot.integrations.of_guild(connection.guild_id, "toolzz"):
        return None
    return LinkButton(texts=texts, connection=connection.name, integration=integration)


async def link(interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str) -> None:
    """Read an integration, and make it the guild's own if it runs there; if nobody says where, ask.

    Raises ProviderError, RunsElsewhereError, and InvalidInputError("deleted").
    """
    texts = bot.catalog[interaction.locale.value]
    offer_retry(interaction, LinkButton(texts=texts, connection=connection.name, integration=integration))
    client = bot.provider(ToolzzProvider).client(connection.credentials)
    async with _linking(interaction, bot, integration) as change:
        report = await bot.unless_stopping(client.full(integration))
        withdraw_retry(interaction)
        if report.is_deleted:
            raise InvalidInputError("deleted")
        here = runs_here(report, connection.guild_id)
        if here is False:
            raise RunsElsewhereError(server=plain(report.guild_name or "") or plain(report.guild_id or ""))
        placed = (await bot.integrations.of_guild(connection.guild_id, "toolzz")).get(integration)
        change.idle = placed is not None or not here
        if not change.idle:
            await _record(interaction, bot, connection, integration, report)
    if placed is not None:
        await answer(interaction, embeds.already(report, placed, texts))
    elif here:
        await answer(interaction, embeds.linked(report, texts))
    else:
        await Confirm(
            texts,
            interaction,
            texts("toolzz.link.yes", integration=plain(label_of(report), _NAME_ON_BUTTON)),
            embeds.not_linked(texts("toolzz.link.left_why"), texts),
            embeds.not_linked(texts("toolzz.link.expired_why"), texts),
            functools.partial(_link_anyway, bot, connection.name, integration, report),
            leave=texts("toolzz.link.no"),
        ).ask(embeds.untold(report, interaction.guild, texts))


async def link_chosen(interaction: Interaction, bot: PatchbayBot, integration: str, connection: str) -> None:
    """Link what was picked from a menu or named by a button, in an answer of its own.

    Raises InvalidInputError("integration"), what opening a connection raises, and what ``link`` raises.
    """
    wanted = read_id(integration, "integration")
    await think(interaction)
    opened = await open_connection(interaction, "toolzz", connection)
    await link(interaction, bot, opened, wanted)


async def ask_to_unlink(interaction: Interaction, bot: PatchbayBot, integration: str) -> None:
    """Ask whether an integration is to be forgotten, by its id or its title; needs no connection.

    Raises InvalidInputError("not_linked").
    """
    texts = bot.catalog[interaction.locale.value]
    placed = _linked(await bot.integrations.of_guild(guild_of(interaction), "toolzz"), integration)
    await Confirm(
        texts,
        interaction,
        texts("toolzz.unlink.yes", integration=_name(placed, _NAME_ON_BUTTON)),
        embeds.still_linked(texts("toolzz.unlink.left_why"), texts),
        embeds.still_linked(texts("toolzz.unlink.expired_why"), texts),
        functools.partial(_unlink, bot, placed),
    ).ask(embeds.unlinking(placed, texts))


async def suggest_linked(
    interaction: Interaction, bot: PatchbayBot, typed: str
) -> list[app_commands.Choice[str]]:
    """Suggest the integrations that the guild has linked, by title."""
    linked = await bot.integrations.of_guild(guild_of(interaction), "toolzz")
    wanted = typed.strip().casefold()
    named = sorted((_name(placed, LONGEST), placed.id) for placed in linked.values())
    return [
        app_commands.Choice(name=name, value=integration)
        for name, integration in named
        if wanted in name.casefold() or wanted in integration.casefold()
    ][:MOST]


def _linked(linked: Mapping[str, Placed], text: str) -> Placed:
    """Return the one with this id, or the only one of this title. Raises InvalidInputError("not_linked")."""
    wanted = text.strip().casefold()
    by_id = [placed for placed in linked.values() if placed.id.casefold() == wanted]
    by_name = [placed for placed in linked.values() if _name(placed, LONGEST).casefold() == wanted]
    found = by_id or by_name
    if len(found) != 1:
        raise InvalidInputError("not_linked")
    return found[0]


def _name(placed: Placed, limit: int) -> str:
    """Name a linked integration where no markdown is rendered, by its id where it has no title to be seen."""
    return plain(placed.label, limit) or plain(placed.id, limit)


def _linking(
    interaction: Interaction, bot: PatchbayBot, integration: str
) -> AbstractAsyncContextManager[Change]:
    guild_id, member_id = guild_of(interaction), interaction.user.id
    return bot.audit.change(guild_id, member_id, "toolzz.link", f"toolzz · {integration}")


async def _record(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str, report: Integration
) -> None:
    await bot.integrations.record(
        connection,
        integration,
        label_of(report),
        bot_id=_account(report.bot_client_id),
        member_id=interaction.user.id,
    )


async def _link_anyway(
    bot: PatchbayBot, connection: str, integration: str, report: Integration, interaction: Interaction
) -> tuple[discord.Embed, None]:
    async with _linking(interaction, bot, integration):
        opened = await open_connection(interaction, "toolzz", connection)
        await _record(interaction, bot, opened, integration, report)
    return embeds.linked(report, bot.catalog[interaction.locale.value]), None


async def _unlink(bot: PatchbayBot, placed: Placed, interaction: Interaction) -> tuple[discord.Embed, None]:
    guild_id, member_id = guild_of(interaction), interaction.user.id
    async with bot.audit.change(guild_id, member_id, "toolzz.unlink", f"toolzz · {placed.id}"):
        await bot.integrations.forget(guild_id, "toolzz", placed.id)
    return embeds.unlinked(placed, bot.catalog[interaction.locale.value]), None


def _account(text: str | None) -> int | None:
    """Read the id of a Discord user; None for what is none."""
    if text is None or not (text.isascii() and text.isdecimal()) or len(text) > _MOST_DIGITS:
        return None
    account = int(text)
    return account if 0 < account <= _LARGEST_ID else None
