"""What handlers work with: the services of the running bot, and the context of one interaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import discord
from discord.ext import commands

from bot.discord.access.agent_access import GuildAccess
from bot.discord.background import BackgroundTasks
from bot.discord.connection.deferral import Deferral
from bot.discord.connection.held_shards import HeldShards
from bot.discord.connection.interaction_tally import Handling, InteractionTally
from bot.discord.diagnosis import Diagnosis
from bot.discord.guard import Guard, ServedGuilds
from bot.discord.overrides import guild_of
from bot.discord.sync import CommandLinks
from bot.discord.theme import StatusCard
from bot.errors import PatchbayError
from bot.features.access.service import AccessService
from bot.features.alerts.outbox import Outbox
from bot.features.alerts.quiet_hours_service import QuietHoursService
from bot.features.alerts.service import AlertService
from bot.features.audit.service import AuditService, Change
from bot.features.complaints.service import ComplaintService
from bot.features.connections.choices import ChoiceService
from bot.features.connections.service import Connection, ConnectionService
from bot.features.guilds.service import GuildService
from bot.features.handover.service import PreflightService
from bot.features.integrations.service import IntegrationService
from bot.features.lookups.service import LookupService
from bot.features.maintenance.service import MaintenanceService
from bot.features.monitoring.poller import Poller
from bot.features.monitoring.recorder import Recorder
from bot.features.monitoring.service import MonitoringService
from bot.features.monitoring.totals import Totals
from bot.features.privacy.service import PrivacyService
from bot.features.provider_clocks.service import ProviderClockService
from bot.i18n.catalog import Catalog, Texts
from bot.providers.base.current_guild import CURRENT_GUILD
from bot.providers.base.provider import Provider
from bot.providers.base.redaction import Redactor
from bot.recent import Recent
from bot.store.load import DatabaseLoad
from bot.store.write_probe import WriteProbe
from bot.store.write_state import WriteState

ProviderT = TypeVar("ProviderT", bound=Provider)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted for whoever hosts the bot, and read by nobody else."""

    interactions: InteractionTally
    database: DatabaseLoad
    recorder: Recorder
    totals: Totals


@dataclass(frozen=True, slots=True)
class Services:
    """What commands need; built once, by the composition root.

    clock: seconds since 1970. served: the guilds that the operator serves. views: what providers' cogs
    contribute to the screens of every provider, by slug. suggestions: lists that are typed in just now.
    """

    clock: Callable[[], float]
    catalog: Catalog
    providers: Mapping[str, Provider]
    views: Mapping[str, ProviderView]
    redactor: Redactor
    served: ServedGuilds
    guard: Guard
    background: BackgroundTasks
    links: CommandLinks
    access: AccessService
    alerts: AlertService
    audit: AuditService
    choices: ChoiceService
    complaints: ComplaintService
    connections: ConnectionService
    figures: Figures
    guild_access: GuildAccess
    guilds: GuildService
    integrations: IntegrationService
    lookups: LookupService
    maintenance: MaintenanceService
    monitoring: MonitoringService
    outbox: Outbox
    poller: Poller
    preflight: PreflightService
    privacy: PrivacyService
    provider_clocks: ProviderClockService
    quiet_hours: QuietHoursService
    suggestions: Recent[Any]
    write_probe: WriteProbe
    write_state: WriteState

    def provider(self, kind: type[ProviderT]) -> ProviderT:
        """Return a provider as its own class, for its own cog."""
        provider = self.providers[kind.slug]
        if not isinstance(provider, kind):
            raise TypeError(kind.slug)
        return provider

    def is_at_work(self, guild_id: int) -> bool:
        """Tell whether something of a guild's is being checked or sent."""
        return self.poller.is_checking(guild_id) or self.outbox.is_sending(guild_id)

    def forget(self, guild_id: int) -> None:
        """Drop what Discord's events have told of a guild: from now on they go to another process.

        What is compared with the database each time, or kept for seconds, stays.
        """
        self.poller.forget(guild_id)
        self.guard.forget(guild_id)
        self.guild_access.guild_left(guild_id)

    @property
    def provider_names(self) -> dict[str, str]:
        """The providers' proper names, by slug."""
        return {slug: provider.name for slug, provider in self.providers.items()}

    def texts_of(self, guild: discord.Guild) -> Texts:
        """Return the texts in a server's own language, for messages that nobody in particular asked for."""
        return self.catalog[guild.preferred_locale.value]


class ServicesBot(commands.AutoShardedBot):
    """A client that holds the services.

    held: the shards that this process serves. screens: the screen that a message is, or was opened from, by
    the message's id, for as long as it can be changed.
    """

    services: Services
    held: HeldShards
    screens: MutableMapping[int, Screen]


Interaction = discord.Interaction[ServicesBot]
"""What discord.py gives to every handler."""


class FollowUp(Protocol):
    """What an error leads to besides its embed."""

    def buttons(self, error: BaseException) -> Sequence[discord.ui.Item[Any]]:
        """Return the buttons that help, to be shown below the error."""

    def reported(self, error: BaseException) -> None:
        """Take note of the error, once the member has the answer."""


class Screen(Protocol):
    """A message that leads through several steps, and that shows itself what fails on the way."""

    async def fail(
        self, ctx: Context, error: PatchbayError, reference: str, retry: Sequence[discord.ui.Item[Any]]
    ) -> bool:
        """Show an error of an interaction that the screen led to; return False if it is shown elsewhere.

        reference: ours, which the log has too. retry: the button that tries again, if that may help. Raises
        PatchbayError, discord.DiscordException and OSError where it cannot be shown.
        """

    async def show_again(self) -> None:
        """Show the message as it is, with menus of which the same entry can be picked again."""


@dataclass(slots=True)
class Context:
    """One interaction while it is handled.

    doing: the qualified name of the command that does what the member did, for the log. component: the
    beginning of the custom id of the button or menu that it was done with, empty for none.

    texts: in the member's language. command: the top-level command that the interaction belongs to, once the
    guard has admitted it; what its answer opens belongs to that command as well. operation: the qualified
    name of the command whose limits count, for what is opened too; empty for none. retry: a button that is
    shown if the interaction ends in an error. is_shared: whether the answer is for everybody. is_handled:
    whether a view, form or persistent component of this process has begun to answer. menus: the components of
    the message that a menu was used in, as the first answer is to show them. answers_apart: whether the
    answer is another message than the first one, namely ``answer`` once it was sent. is_question: whether the
    message whose component was used is a question, which nobody needs once it was answered. screen: what
    shows the errors of the interaction, None for a message of its own. deferral: what acknowledges unless the
    answer comes first, None where that is decided. handling: what is counted of it.
    """

    interaction: Interaction
    services: Services
    texts: Texts
    command: str = ""
    operation: str = ""
    doing: str = ""
    component: str = ""
    retry: discord.ui.Item[Any] | None = None
    retry_after_not_found: bool = False
    retry_opens_form: bool = False
    follow_up: FollowUp | None = None
    is_shared: bool = False
    is_handled: bool = False
    menus: discord.ui.View | None = None
    answers_apart: bool = False
    answer: discord.WebhookMessage | None = None
    is_question: bool = False
    screen: Screen | None = None
    deferral: Deferral | None = None
    handling: Handling = field(default_factory=Handling)

    @classmethod
    def of(cls, interaction: Interaction) -> Context:
        """Return the context of an interaction: the same one each time."""
        # Everything that is done for an interaction asks for its context first, in the interaction's task.
        CURRENT_GUILD.set(interaction.guild_id)
        known: Context | None = interaction.extras.get(cls)
        if known is not None:
            return known
        services = interaction.client.services
        # Of another type, the language is one that nobody has translated.
        context = cls(interaction, services, services.catalog[str(interaction.locale.value)])
        context.handling = services.figures.interactions.begin(interaction)
        interaction.extras[cls] = context
        return context

    @property
    def client(self) -> ServicesBot:
        """The running bot."""
        return self.interaction.client

    @property
    def guild_id(self) -> int:
        """The guild that the interaction came from. Raises OutsideServerError."""
        return guild_of(self.interaction)

    @property
    def guild(self) -> discord.Guild | None:
        """That guild, None where the bot is not in it."""
        return self.client.get_guild(self.guild_id)

    @property
    def member(self) -> discord.Member | discord.User:
        """Who has run, pressed, picked or sent something."""
        return self.interaction.user

    @property
    def now(self) -> int:
        """When that happened, in seconds since 1970."""
        return int(self.interaction.created_at.timestamp())

    def change(self, action: str, target: str) -> AbstractAsyncContextManager[Change]:
        """Record in the audit log what the member does in the body. See ``AuditService.change``."""
        return self.services.audit.change(self.guild_id, self.member.id, action, target)

    def offer_retry(
        self, button: discord.ui.Item[Any], *, after_not_found: bool = False, opens_form: bool = False
    ) -> None:
        """Show this button if the interaction ends in an error.

        after_not_found: also where the provider knows no such thing, because another value can be entered.
        opens_form: not where it does not matter what is entered.
        """
        self.retry, self.retry_after_not_found, self.retry_opens_form = button, after_not_found, opens_form

    def withdraw_retry(self) -> None:
        """Show no button: what follows an act is no reason to do it again."""
        self.retry = None

    async def cancel_on_shutdown(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Await what may take longer than a bot that is told to stop still has. Raises RestartingError."""
        return await self.services.background.cancel_on_shutdown(work)


@dataclass(frozen=True, slots=True)
class SetupList:
    """A list that ``/setup`` lets a member pick an agent from, and what the pick does.

    kind: which of the provider's lists, None for its main list. key: where its texts are, under
    ``.placeholder``, ``.some`` (a plural), ``.none``, ``.taken`` and ``.more``. pick: takes the unanswered
    interaction, the id that was picked (text from outside), and a connection's name. operation: the qualified
    name of the command that does the same.
    """

    kind: str | None
    key: str
    pick: Callable[[Context, str, str], Awaitable[None]]
    operation: str


@dataclass(frozen=True, slots=True)
class ProviderView:
    """What a provider's cog contributes to the screens that show every provider.

    Both functions take the opened connection and the integration's id. status: what the provider's own status
    command shows; raises what that raises. diagnose: None where the provider has no more to tell than any.
    lists: what ``/setup`` offers to pick from.
    """

    status: Callable[[Context, Connection, str], Awaitable[StatusCard]]
    diagnose: Callable[[Context, Connection, str], Awaitable[Diagnosis]] | None = None
    lists: Sequence[SetupList] = ()
