"""The Discord client: least intents, least memory, no mention ever by accident."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import discord
import structlog
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.errors import RestartingError
from bot.kit.provider import Provider
from bot.runtime.audit_mirror import AuditMirror
from bot.runtime.boards import Boards
from bot.runtime.guard import Guard
from bot.runtime.overrides import Overrides
from bot.runtime.sync import sync_commands
from bot.runtime.translator import CatalogTranslator
from bot.runtime.tree import PatchbayTree

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from bot.i18n.catalog import Catalog
    from bot.kit.redaction import Redactor
    from bot.monitors.outbox import Outbox
    from bot.monitors.poller import Poller
    from bot.monitors.recorder import Recorder
    from bot.runtime.details import Details
    from bot.runtime.guard import Served
    from bot.runtime.offers import Offer
    from bot.services.access import AccessService
    from bot.services.alerts import AlertService
    from bot.services.audit import AuditService
    from bot.services.boards import BoardService
    from bot.services.choices import ChoiceService
    from bot.services.connections import ConnectionService
    from bot.services.guilds import GuildService
    from bot.services.integrations import IntegrationService
    from bot.services.preflight import PreflightService
    from bot.services.privacy import PrivacyService
    from bot.services.watching import WatchService
    from bot.store.commands import CommandStore
    from bot.ui.components import Interaction

ProviderT = TypeVar("ProviderT", bound=Provider)
ResultT = TypeVar("ResultT")

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# The names that discord.py gives the tasks in which members' commands run.
_COMMAND_TASKS: Final = ("CommandTree-invoker", "discord-ui-")
# As long as the slowest command, which waits for a provider's deadline.
_LAST_ANSWERS_SECONDS: Final = 8.5

# Two warnings at each start about libraries for voice, which Patchbay does not use.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


def point_to(api_url: str, gateway_url: str | None) -> None:
    """Send discord.py to another address than Discord's: a REST proxy, or a stand-in on loopback.

    The library keeps both in class attributes, hence one setting for the whole process.
    """
    Route.BASE = api_url
    if gateway_url is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Which part of the gateway this process serves. url: None for Discord's. shard_ids: empty for all.

    shard_count: None to take as many as Discord recommends.
    """

    url: str | None = None
    shard_ids: Sequence[int] = ()
    shard_count: int | None = None


class PatchbayBot(commands.AutoShardedBot):
    """Holds what cogs are built from; knows no cog by name."""

    def __init__(  # noqa: PLR0913 - one place where everything comes together, each by its name
        self,
        *,
        extensions: Sequence[str],
        catalog: Catalog,
        providers: Mapping[str, Provider],
        connections: ConnectionService,
        choices: ChoiceService,
        integrations: IntegrationService,
        audit: AuditService,
        guild_records: GuildService,
        privacy: PrivacyService,
        preflight: PreflightService,
        access: AccessService,
        watching: WatchService,
        alerts: AlertService,
        board_records: BoardService,
        recorder: Recorder,
        poller: Poller,
        outbox: Outbox,
        redactor: Redactor,
        served: Served,
        command_store: CommandStore,
        gateway: Gateway,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=PatchbayTree,
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
            shard_ids=list(gateway.shard_ids) if gateway.shard_ids else None,  # type: ignore[arg-type] # None is its default
            shard_count=gateway.shard_count,
        )
        self.catalog = catalog
        self.providers = providers
        self.connections = connections
        self.choices = choices
        self.integrations = integrations
        self.audit = audit
        audit.subscribe(AuditMirror(self).take)
        self.guild_records = guild_records
        self.privacy = privacy
        self.preflight = preflight
        self.access = access
        self.watching = watching
        self.alerts = alerts
        self.board_records = board_records
        self.recorder = recorder
        self.boards = Boards(self)
        recorder.subscribe(self.boards.ring)
        alerts.subscribe(self.boards.ring)
        self.poller = poller
        self.outbox = outbox
        recorder.subscribe(outbox.ring)
        alerts.subscribe(outbox.ring)
        self.redactor = redactor
        self.overrides = Overrides(self)
        self.served = served
        self.offers: dict[str, tuple[Offer, ...]] = {}
        """What providers' cogs offer to ``/setup``, by slug."""
        self.details: dict[str, Details] = {}
        """What providers' cogs tell of one integration, by slug."""
        self.always_sync = False
        """Send the commands to Discord although they did not change."""
        self._stopping = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()
        self._extensions = extensions
        self._command_store = command_store
        self._gateway_url = None if gateway.url is None else yarl.URL(gateway.url)
        self.tree.prepare(
            catalog,
            {slug: provider.name for slug, provider in providers.items()},
            Guard(self.access, self.overrides, served),
        )

    @property
    def tree(self) -> PatchbayTree:
        """The command tree, as what the constructor was told to make it."""
        tree = super().tree
        assert isinstance(tree, PatchbayTree)  # noqa: S101 - tells mypy
        return tree

    def provider(self, kind: type[ProviderT]) -> ProviderT:
        """Return a provider as its own class, for its own cog."""
        provider = self.providers[kind.slug]
        if not isinstance(provider, kind):
            raise TypeError(kind.slug)
        return provider

    async def is_stranger_here(self) -> bool:
        """Tell whether the database has served another application, and so perhaps is not ours."""
        if self.application_id is None:
            return True
        return await self._command_store.knows_another(self.application_id)

    async def unless_stopping(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Await what may take longer than a bot that is told to stop has. Raises RestartingError then."""
        task = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise RestartingError
            return task.result()
        finally:
            task.cancel()
            stopping.cancel()

    def in_background(self, work: Coroutine[Any, Any, None], name: str | None = None) -> None:
        """Go on with something after its command has answered; it ends with the bot.

        name: takes the place of what goes on under the same one.
        """
        if name is not None:
            self.give_up(name)
        task = asyncio.create_task(work, name=name)
        self._background.add(task)
        task.add_done_callback(self._end_background)

    def give_up(self, name: str) -> None:
        """End what goes on in the background under this name."""
        for task in self._background:
            if task.get_name() == name:
                task.cancel()

    def _end_background(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("background_failed", exc_info=error)

    async def setup_hook(self) -> None:
        """Load the cogs and tell Discord our commands, before the gateway is opened."""
        await self.load_cogs()
        if self.application_id is None:
            raise RuntimeError("the commands belong to an application: log in first")
        synced = await sync_commands(
            self.tree, self._command_store, self.application_id, force=self.always_sync
        )
        self.tree.command_ids = synced.ids

    async def load_cogs(self) -> None:
        """Load every command group."""
        await self.tree.set_translator(CatalogTranslator())
        for name in self._extensions:
            # Not as an extension: discord.py would throw the module away when the bot closes.
            await importlib.import_module(name).setup(self)

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """Open one shard; a configured gateway wins over the one that the API names.

        A session that is resumed goes where the gateway itself said; a proxy has to rewrite that.
        """
        await super().launch_shard(self._gateway_url or gateway, shard_id, initial=initial)

    async def on_ready(self) -> None:
        """Say so; comes again after each reconnect that could not resume."""
        _log.info("ready", guilds=len(self.guilds), shards=self.shard_count)

    async def on_raw_app_command_permissions_update(
        self, payload: discord.RawAppCommandPermissionsUpdateEvent
    ) -> None:
        """Take note that an admin has changed in Server Settings who may use our commands."""
        self.overrides.forget(payload.guild.id)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Look at each interaction after discord.py has dispatched it."""
        if interaction.type in {discord.InteractionType.component, discord.InteractionType.modal_submit}:
            await self.tree.refuse_stale(interaction)

    async def close(self) -> None:
        """Let the commands that run finish and answer, refuse new ones, then leave."""
        if not self.is_closed():
            self.tree.restarting = True
            self._stopping.set()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_ANSWERS_SECONDS):
                    while running := _running_commands():
                        await asyncio.wait(running)
            # Only now: the last commands may have left something to go on with.
            for task in self._background:
                task.cancel()
        await super().close()


def _running_commands() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task.get_name().startswith(_COMMAND_TASKS)}
