"""``/sensay disconnect``: how a replica's Discord bot is stopped, and forgetting it here."""

from dataclasses import dataclass
from functools import partial

import discord

from bot.discord.access.agent_bots import application_of, bot_page
from bot.discord.components import PersistentButton
from bot.discord.confirm import Confirm
from bot.discord.context import Context
from bot.discord.names import mention_member
from bot.discord.problems import what_failed
from bot.discord.replies import Answer, Update, acknowledge, edit, keep_updated, view_of
from bot.discord.routes import ConnectionName, Snowflake
from bot.discord.text import plain
from bot.discord.theme import Tone, notice, when
from bot.features.audit.service import DONE, UNKNOWN
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from bot.providers.base.integration import Choice, State
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.handover import try_look_up
from bot.providers.sensay.models import ListedReplica, Removal, RemovalOutcome
from cogs.connections import open_connection
from cogs.sensay.replica import (
    ReplicaUuid,
    chosen_replica,
    client_of,
    named,
    replica_line,
    symbol_of,
    word_of,
)


class SensayStoppedButton(PersistentButton):
    """Finds out whether Sensay lists a replica's bot as stopped by now."""

    route = "sensay:stopped:{connection}:{replica}:{bot_id}"
    reads_only = True
    caption = "sensay.disconnect.look"
    default_style = discord.ButtonStyle.primary

    connection: ConnectionName
    replica: ReplicaUuid
    bot_id: Snowflake

    async def press(self, ctx: Context) -> None:
        """Ask Sensay, and show what is listed."""
        await acknowledge(ctx)
        opened = await open_connection(ctx, "sensay", self.connection)
        replica = chosen_replica(ctx, opened, self.replica)
        stopping = _StoppingBot(ctx, opened.name, replica, self.bot_id, None)
        update = await ctx.cancel_on_shutdown(stopping.read())
        await edit(ctx, update.embed, update.view)


async def ask_first(ctx: Context, connection: Connection, replica: str) -> None:
    """Say that Sensay documents no way to delete an integration, and what stops a bot; then ask.

    Raises InvalidInputError("replica").
    """
    texts = ctx.texts
    chosen = chosen_replica(ctx, connection, replica)
    placed = (await ctx.services.integrations.of_guild(ctx.guild_id, "sensay")).get(chosen.id)
    if placed is not None and chosen.label == chosen.id:
        chosen = Choice(chosen.id, placed.label)  # by its name, although the list was not read lately
    portal = bot_page(application_of(placed.bot_id, placed.application_id) if placed else None)
    tries = ctx.services.provider(SensayProvider).may_try_removal
    button = "sensay.disconnect.yes_remove" if tries else "sensay.disconnect.yes"
    label = texts(button, replica=plain(chosen.label, 50))
    act = partial(_forget, connection.name, chosen)
    lines = [
        replica_line(chosen),
        texts("sensay.disconnect.ask_how", portal=portal),
        texts(
            "sensay.disconnect.forget",
            member=mention_member(placed.placed_by, texts),
            time=when(placed.placed_at),
        )
        if placed
        else texts("sensay.disconnect.nothing_to_forget"),
    ]
    if tries:
        lines.append(texts("sensay.disconnect.will_try"))
    confirm = Confirm(ctx, "sensay.disconnect", label, act, _portal_button(portal))
    await confirm.ask(how="\n".join(lines))


async def _forget(connection: str, replica: Choice, ctx: Context) -> Answer:
    guild_id, integrations = ctx.guild_id, ctx.services.integrations
    async with ctx.change("sensay.disconnect", f"sensay · {replica.id}") as change:
        opened = await open_connection(ctx, "sensay", connection)
        client = client_of(ctx, opened)
        placed = (await integrations.of_guild(guild_id, "sensay")).get(replica.id)
        await change.begin()
        # First, so that nothing has been asked of Sensay if our own store fails.
        await integrations.forget(guild_id, "sensay", replica.id)
        await ctx.services.monitoring.stop_watching(guild_id, "sensay", replica.id)
        may_try = ctx.services.provider(SensayProvider).may_try_removal
        removal = await client.try_removal(replica.id) if may_try else None
        change.result = DONE if removal is None else _result(removal)
    ctx.services.choices.forget(opened)
    stopping = _StoppingBot(ctx, opened.name, replica, placed.bot_id if placed else None, removal)
    update = stopping.update(await try_look_up(client, replica.id, ctx.cancel_on_shutdown))
    if not update.is_final:
        ctx.services.background.start(keep_updated(ctx, stopping.read))
    return update.embed, update.view


@dataclass(frozen=True, slots=True)
class _StoppingBot:
    """A replica's bot that an admin is stopping.

    bot_id: the Discord user that it speaks as, None if unknown. removal: what became of the undocumented
    request to remove it, None where none was sent.
    """

    ctx: Context
    connection: str
    replica: Choice
    bot_id: int | None
    removal: Removal | None

    async def read(self) -> Update:
        """Find out what Sensay lists, and whether the replica was connected again. Raises PatchbayError."""
        services, guild_id = self.ctx.services, self.ctx.guild_id
        opened = await services.connections.open(guild_id, "sensay", self.connection)
        found = await client_of(self.ctx, opened).look_up(self.replica.id)
        placed = await services.integrations.of_guild(guild_id, "sensay")
        return self.update(found, again=self.replica.id in placed)

    def update(self, found: ListedReplica, *, again: bool = False) -> Update:
        """Show what Sensay lists, and what to do as long as the bot goes on.

        again: whether the replica has been connected from here once more.
        """
        texts, portal = self.ctx.texts, bot_page(application_of(self.bot_id))
        stopped = found.replica is not None and found.replica.state in {None, State.INACTIVE}
        kind = "again" if again else "settled" if stopped else "forgotten"
        lines = [
            replica_line(named(self.replica, found.replica)),
            texts(f"sensay.disconnect.{kind}_how"),
            _listed(found, texts),
            texts("status.checked", time=when(self.ctx.services.clock())),
        ]
        if self.removal is not None:
            lines.append(_removal_text(self.removal, texts))
        embed = notice(
            texts,
            Tone.INFO if again else Tone.GOOD if stopped else Tone.WARNING,
            f"sensay.disconnect.{kind}",
            how="\n".join(lines),
            portal=portal,
        )
        if again or stopped:
            return Update(embed, view_of(_portal_button(portal)), is_final=True)
        button = SensayStoppedButton(
            texts=texts, connection=self.connection, replica=self.replica.id, bot_id=self.bot_id
        )
        return Update(embed, view_of(button, _portal_button(portal)), is_final=False)


def _portal_button(url: str) -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(label="Developer Portal", url=url)


def _removal_text(removal: Removal, texts: Texts) -> str:
    failure = removal.error
    if failure is None:
        return texts(f"sensay.disconnect.removal.{removal.outcome}")
    known = "failed" if failure.outcome_unknown else "refused"
    return texts(f"sensay.disconnect.removal.{known}", why=what_failed(failure, "Sensay", texts))


def _result(removal: Removal) -> str:
    """Return what the audit log says of an attempt to remove an integration."""
    if removal.outcome in {RemovalOutcome.REMOVED, RemovalOutcome.ACCEPTED}:
        return DONE
    if removal.error is not None and removal.error.outcome_unknown:
        return UNKNOWN
    return f"failed:{removal.outcome if removal.error is None else removal.error.key}"


def _listed(found: ListedReplica, texts: Texts) -> str:
    """Say what the list shows of a bot that is being stopped."""
    if found.replica is None:
        return texts("sensay.disconnect.not_ours" if found.complete else "sensay.disconnect.unseen")
    state = found.replica.state
    return texts("sensay.disconnect.listed", state=f"{symbol_of(state)} **{word_of(state, texts)}**")
