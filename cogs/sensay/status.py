"""``/sensay status``: how one replica, or every replica that is on Discord, is doing there."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

import discord

from bot.errors import InvalidInputError
from bot.kit.integration import State, read_uuid
from bot.providers.sensay import SensayProvider
from bot.runtime.client import PatchbayBot
from bot.runtime.connections import reopen
from bot.ui.components import Interaction, LastingButton, LastingSelect, guild_of, offer_retry, view_of
from bot.ui.pages import Turn, page_of, pages_of, read_page_number, turns
from bot.ui.replies import renew
from cogs.sensay.choice import chosen_replica
from cogs.sensay.placement import placements_of
from cogs.sensay.replica import label_of, symbol_of, word_of
from cogs.sensay.status_embeds import beyond_embed, overview_embed, status_embed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.i18n.catalog import Texts
    from bot.kit.integration import Choice
    from bot.providers.sensay.models import Replica
    from bot.services.connections import Connection

_UUID: Final = re.compile(r"[0-9a-f-]{36}")
_WORST_FIRST: Final = (State.INACTIVE, State.UNKNOWN, State.CONNECTED)


class OverviewButton(
    LastingButton, template=r"sensay:overview:(?P<connection>[a-z0-9_-]{1,20}):(?P<page>[0-9]{1,5})"
):
    """Reads a page of the overview into the message; also the way back from a replica."""

    def __init__(
        self,
        *,
        texts: Texts,
        connection: str,
        page: str = "1",
        turn: Turn = Turn.SAME,
        disabled: bool = False,
    ) -> None:
        custom_id = f"sensay:overview:{connection}:{page}"
        super().__init__(turn.button(texts, custom_id, disabled=disabled))
        self._connection = connection
        self._page = page

    async def press(self, interaction: Interaction) -> None:
        """Read that page now."""
        page = read_page_number(self._page)
        bot, opened = await reopen(interaction, "sensay", self._connection)
        await renew(interaction, *await _read_overview(interaction, bot, opened, page))


class StatusButton(
    LastingButton, template=r"sensay:status:(?P<connection>[a-z0-9_-]{1,20}):(?P<replica>[0-9a-f-]{36})"
):
    """Reads the same replica again, into the same message."""

    def __init__(self, *, texts: Texts, connection: str, replica: str) -> None:
        custom_id = f"sensay:status:{connection}:{replica}"
        super().__init__(Turn.SAME.button(texts, custom_id))
        self._connection = connection
        self._replica = replica

    async def press(self, interaction: Interaction) -> None:
        """Read it now."""
        await _renew_replica(interaction, self._connection, self._replica)


class ReplicaSelect(LastingSelect, template=r"sensay:details:(?P<connection>[a-z0-9_-]{1,20})"):
    """Opens one replica of an overview, in its place."""

    def __init__(
        self, *, texts: Texts, connection: str, options: Sequence[discord.SelectOption] = ()
    ) -> None:
        super().__init__(
            discord.ui.Select(
                placeholder=texts("sensay.overview.placeholder"),
                custom_id=f"sensay:details:{connection}",
                options=list(options),
            )
        )
        self._connection = connection

    async def pick(self, interaction: Interaction, value: str) -> None:
        """Read that replica now."""
        await _renew_replica(interaction, self._connection, value)


async def read_status(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, replica: str | None
) -> tuple[discord.Embed, discord.ui.View]:
    """Ask Sensay and build the reply, about one replica or about all that are on Discord.

    Raises ProviderError, and InvalidInputError("replica", "unlisted").
    """
    if replica is None:
        return await _read_overview(interaction, bot, connection, 1)
    return await _read_replica(interaction, bot, connection, replica)


async def _read_overview(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, page: int
) -> tuple[discord.Embed, discord.ui.View]:
    texts = bot.catalog[interaction.locale.value]
    offer_retry(interaction, OverviewButton(texts=texts, connection=connection.name, page=str(page)))
    client = bot.provider(SensayProvider).client(connection.credentials)
    listed = await bot.unless_stopping(client.own_replicas(on_discord=True))
    replicas = sorted(listed.items, key=_badness)
    last = pages_of(len(replicas))
    # The list may have become shorter since the button was made.
    page = min(page, last)
    shown = page_of(replicas, page)
    placements = await placements_of(bot, guild_of(interaction), [replica.uuid for replica in shown])
    embed = overview_embed(replicas, page, placements, int(time.time()), texts, complete=listed.complete)
    view = view_of(
        *(
            OverviewButton(texts=texts, connection=connection.name, page=str(to), turn=turn, disabled=nowhere)
            for to, turn, nowhere in turns(page, last)
        )
    )
    options = list(_options(shown, texts))
    if options:
        view.add_item(ReplicaSelect(texts=texts, connection=connection.name, options=options))
    return embed, view


async def show_status(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, text: str
) -> discord.Embed:
    """Return a replica's embed alone, for those whom our buttons are not for. Raises like ``read_status``."""
    embed, _ = await _look_at(interaction, bot, connection, chosen_replica(bot, connection, text))
    return embed


async def _read_replica(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, text: str
) -> tuple[discord.Embed, discord.ui.View]:
    wanted = chosen_replica(bot, connection, text)
    texts = bot.catalog[interaction.locale.value]
    refresh = StatusButton(texts=texts, connection=connection.name, replica=wanted.id)
    offer_retry(interaction, refresh)
    embed, invite = await _look_at(interaction, bot, connection, wanted)
    view = view_of(refresh, OverviewButton(texts=texts, connection=connection.name, turn=Turn.UP))
    if invite is not None:
        view.add_item(discord.ui.Button(label=texts("sensay.status.invite_button"), url=invite))
    return embed, view


async def _look_at(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, wanted: Choice
) -> tuple[discord.Embed, str | None]:
    """Ask Sensay about one replica; return what to show, and the link that brings its bot in if it lacks."""
    texts = bot.catalog[interaction.locale.value]
    client = bot.provider(SensayProvider).client(connection.credentials)
    sighting = await bot.unless_stopping(client.look_up(wanted.id))
    replica = sighting.replica
    if replica is None and sighting.complete:
        raise InvalidInputError("unlisted")
    if replica is None:
        return beyond_embed(wanted, texts), None
    placements = await placements_of(bot, guild_of(interaction), [wanted.id])
    placement = placements.get(wanted.id)
    invite = placement.invite if placement is not None and replica.state is not None else None
    return status_embed(replica, placement, int(time.time()), texts), invite


async def _renew_replica(interaction: Interaction, connection: str, text: str) -> None:
    uuid = read_uuid(text, "replica")
    bot, opened = await reopen(interaction, "sensay", connection)
    await renew(interaction, *await _read_replica(interaction, bot, opened, uuid))


def _badness(replica: Replica) -> tuple[int, str]:
    return _WORST_FIRST.index(replica.state or State.UNKNOWN), (replica.name or "").casefold()


def _options(replicas: Iterable[Replica], texts: Texts) -> Iterable[discord.SelectOption]:
    """Return an entry for each replica; what is no UUID could not be asked for."""
    for replica in replicas:
        if replica.uuid and _UUID.fullmatch(replica.uuid):
            state = replica.state
            yield discord.SelectOption(
                label=label_of(replica),
                value=replica.uuid,
                description=word_of(state, texts),
                emoji=symbol_of(state),
            )
