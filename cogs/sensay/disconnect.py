"""``/sensay disconnect``: how a replica's Discord bot is stopped, and forgetting it here."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord

from bot.kit.integration import Choice
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.handover import glance
from bot.providers.sensay.models import Removal, RemovalOutcome, Sighting
from bot.runtime.client import PatchbayBot
from bot.runtime.connections import open_connection, reopen
from bot.runtime.following import Look, follow
from bot.services.audit import DONE, UNKNOWN
from bot.ui.components import Interaction, LastingButton, guild_of, view_of
from bot.ui.confirm import Confirm
from bot.ui.discord_token import bot_page
from bot.ui.problems import what_failed
from bot.ui.replies import renew
from bot.ui.text import plain
from bot.ui.theme import Field, Tone, card, when
from cogs.sensay.choice import chosen_replica, named
from cogs.sensay.embeds import replica_field

if TYPE_CHECKING:
    from bot.i18n.catalog import Texts
    from bot.services.connections import Connection
    from bot.services.integrations import Placed


@dataclass(frozen=True, slots=True)
class Ending:
    """A replica's bot that is being stopped. bot_id: the Discord user that it speaks as, None if unknown."""

    bot: PatchbayBot
    guild_id: int
    connection: str
    replica: Choice
    bot_id: int | None
    removal: Removal | None
    """What became of the guessed removal; None where it was not tried."""
    texts: Texts

    async def look(self) -> Look:
        """Look into Sensay's list, and whether the replica was connected again. Raises PatchbayError."""
        opened = await self.bot.connections.open(self.guild_id, "sensay", self.connection)
        client = self.bot.provider(SensayProvider).client(opened.credentials)
        sighting = await client.look_up(self.replica.id)
        placed = await self.bot.integrations.of_guild(self.guild_id, "sensay")
        return self.report(sighting, again=self.replica.id in placed)

    def report(self, sighting: Sighting, *, again: bool = False) -> Look:
        """Show what Sensay lists, and what to do as long as the bot goes on.

        again: whether the replica has been connected from here once more.
        """
        state = _state(sighting)
        stopped = state in {"gone", "stopped"}
        kind = "again" if again else "settled" if stopped else "forgotten"
        fields = [replica_field(named(self.replica, sighting.replica), self.texts)]
        if self.removal is not None:
            fields.append(Field(self.texts("sensay.disconnect.guess"), self._removal(self.removal)))
        fields += [
            Field(self.texts("sensay.disconnect.listed"), self.texts(f"sensay.disconnect.state.{state}")),
            Field(self.texts("sensay.disconnect.checked"), when(time.time())),
            Field(
                self.texts("next_step"),
                self.texts(f"sensay.disconnect.{kind}_next", portal=bot_page(self.bot_id)),
            ),
        ]
        embed = card(
            Tone.INFO if again else Tone.GOOD if stopped else Tone.WARNING,
            self.texts(f"sensay.disconnect.{kind}"),
            self.texts(f"sensay.disconnect.{kind}_how"),
            fields=fields,
        )
        settled = again or stopped
        portal: discord.ui.Button[discord.ui.View] = discord.ui.Button(
            label="Developer Portal", url=bot_page(self.bot_id)
        )
        if settled:
            return Look(embed, view_of(portal), settled)
        look = StoppedButton(
            texts=self.texts,
            connection=self.connection,
            replica=self.replica.id,
            bot_id=str(self.bot_id or 0),
        )
        return Look(embed, view_of(look, portal), settled)

    def _removal(self, removal: Removal) -> str:
        failure = removal.error
        if failure is None:
            return self.texts(f"sensay.disconnect.removal.{removal.outcome}")
        why = what_failed(failure, "Sensay", self.texts)
        known = "failed" if failure.outcome_unknown else "refused"
        return self.texts(f"sensay.disconnect.removal.{known}", why=why)


class StoppedButton(
    LastingButton,
    template=r"sensay:stopped:(?P<connection>[a-z0-9_-]{1,20}):(?P<replica>[0-9a-f-]{36}):(?P<bot_id>[0-9]{1,20})",
):
    """Looks whether Sensay lists a replica's bot as stopped by now."""

    def __init__(self, *, texts: Texts, connection: str, replica: str, bot_id: str) -> None:
        """bot_id: 0 for none known."""
        super().__init__(
            discord.ui.Button(
                label=texts("sensay.disconnect.look"),
                style=discord.ButtonStyle.primary,
                custom_id=f"sensay:stopped:{connection}:{replica}:{bot_id}",
            )
        )
        self._connection = connection
        self._replica = replica
        self._bot_id = int(bot_id) or None

    async def press(self, interaction: Interaction) -> None:
        """Look, and show what is listed."""
        bot, opened = await reopen(interaction, "sensay", self._connection)
        replica = chosen_replica(bot, opened, self._replica)
        texts = bot.catalog[interaction.locale.value]
        ending = Ending(bot, opened.guild_id, opened.name, replica, self._bot_id, None, texts)
        look = await bot.unless_stopping(ending.look())
        await renew(interaction, look.embed, look.view)


async def ask_first(interaction: Interaction, bot: PatchbayBot, connection: Connection, replica: str) -> None:
    """Tell that Sensay documents no way to delete an integration, what does stop a bot, and ask.

    Raises InvalidInputError("replica").
    """
    texts = bot.catalog[interaction.locale.value]
    chosen = chosen_replica(bot, connection, replica)
    placed = (await bot.integrations.of_guild(connection.guild_id, "sensay")).get(chosen.id)
    if placed is not None and chosen.label == chosen.id:
        chosen = Choice(chosen.id, placed.label)  # by its name, though nobody has listed it lately
    name = plain(chosen.label, 50)
    tries = bot.provider(SensayProvider).may_try_removal
    portal: discord.ui.Button[discord.ui.View] = discord.ui.Button(
        label="Developer Portal", url=bot_page(placed.bot_id if placed else None)
    )
    button = texts("sensay.disconnect.yes_remove" if tries else "sensay.disconnect.yes", replica=name)
    await Confirm(
        texts,
        interaction,
        button,
        _kept(texts("sensay.disconnect.kept_why"), texts),
        _kept(texts("sensay.disconnect.expired_why"), texts),
        functools.partial(_forget, bot, connection.name, chosen),
        portal,
    ).ask(_question(chosen, placed, texts, tries=tries))


def _question(replica: Choice, placed: Placed | None, texts: Texts, *, tries: bool) -> discord.Embed:
    portal = bot_page(placed.bot_id if placed else None)
    here = [
        texts("sensay.disconnect.forget", member=f"<@{placed.placed_by}>", time=when(placed.placed_at))
        if placed
        else texts("sensay.disconnect.nothing_to_forget")
    ]
    if tries:
        here.append(texts("sensay.disconnect.will_try"))
    here.append(texts("sensay.disconnect.watch"))
    return card(
        Tone.WARNING,
        texts("sensay.disconnect.ask"),
        texts("sensay.disconnect.honest"),
        fields=[
            replica_field(replica, texts),
            Field(texts("sensay.disconnect.how"), texts("sensay.disconnect.how_text", portal=portal)),
            Field(texts("sensay.disconnect.here"), "\n".join(here)),
            Field(texts("next_step"), texts("sensay.disconnect.choose")),
        ],
    )


def _kept(why: str, texts: Texts) -> discord.Embed:
    step = Field(texts("next_step"), texts("sensay.disconnect.kept_next"))
    return card(Tone.QUIET, texts("sensay.disconnect.kept"), why, fields=[step])


async def _forget(
    bot: PatchbayBot, connection: str, replica: Choice, interaction: Interaction
) -> tuple[discord.Embed, discord.ui.View]:
    guild_id, member_id = guild_of(interaction), interaction.user.id
    provider = bot.provider(SensayProvider)
    async with bot.audit.change(guild_id, member_id, "sensay.disconnect", f"sensay · {replica.id}") as change:
        opened = await open_connection(interaction, "sensay", connection)
        client = provider.client(opened.credentials)
        placed = (await bot.integrations.of_guild(guild_id, "sensay")).get(replica.id)
        # First, so that nothing has been asked of Sensay if our own store fails.
        await bot.integrations.forget(guild_id, "sensay", replica.id)
        removal = await client.try_removal(replica.id) if provider.may_try_removal else None
        change.result = DONE if removal is None else _result(removal)
    bot.choices.forget(opened)
    texts = bot.catalog[interaction.locale.value]
    bot_id = placed.bot_id if placed else None
    ending = Ending(bot, guild_id, opened.name, replica, bot_id, removal, texts)
    look = ending.report(await glance(client, replica.id, bot.unless_stopping))
    if not look.settled:
        bot.in_background(follow(interaction, ending.look))
    return look.embed, look.view


def _result(removal: Removal) -> str:
    """Return what the audit log says of an attempt to remove an integration."""
    if removal.outcome in {RemovalOutcome.REMOVED, RemovalOutcome.ACCEPTED}:
        return DONE
    if removal.error is not None and removal.error.outcome_unknown:
        return UNKNOWN
    return f"failed:{removal.outcome if removal.error is None else removal.error.key}"


def _state(sighting: Sighting) -> str:
    """Return the last part of the key that words what the list shows of a bot that is being stopped."""
    if sighting.replica is None:
        return "not_ours" if sighting.complete else "unseen"
    integration = sighting.replica.discord_integration
    if integration is None:
        return "gone"
    return "unsure" if integration.is_active is None else "running" if integration.is_active else "stopped"
