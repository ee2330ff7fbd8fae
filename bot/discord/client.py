"""The Discord client: least intents, least memory, no mention ever by accident."""

import asyncio
import contextlib
import functools
import importlib
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

import discord
import structlog
import yarl
from cachetools import TTLCache
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.discord.commands import CatalogTranslator
from bot.discord.connection.events import EventFilter, guild_of
from bot.discord.connection.held_shards import HeldShards, holds, may_act
from bot.discord.connection.own_requests import count_into
from bot.discord.connection.packed_guild import PackedGuild, pack_unused
from bot.discord.connection.refusals import request_log
from bot.discord.connection.rereading import Rereading
from bot.discord.connection.sessions import Sessions
from bot.discord.connection.shard import PatientShard, waiting_name
from bot.discord.connection.socket import PatientWebSocket
from bot.discord.connection.starts import Starts
from bot.discord.connection.state_file import DiscordState
from bot.discord.connection.unread import answer_unread
from bot.discord.connection.workers import Workers
from bot.discord.context import Interaction, Services, ServicesBot
from bot.discord.overrides import Override
from bot.discord.sync import SYNC_REFUSAL, keep_trying, sync_commands
from bot.discord.tree import PatchbayTree
from bot.errors import UnavailableError
from bot.features.commands.store import CommandStore

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# The names that discord.py gives the tasks in which members' commands run.
_COMMAND_TASKS: Final = ("CommandTree-invoker", "discord-ui-")
_LAST_WORDS: Final = "last-words"
"""The name of the task of ``PatchbayBot.last_words``."""
# As long as the slowest command, which waits for a provider's deadline.
_LAST_ANSWERS_SECONDS: Final = 8.5
# Before a shard is given back: seconds between two looks whether it is worked for, and how many looks.
_LOOK_SECONDS: Final = 0.1
_LOOKS: Final = 80
# How long after its turn a shard may still identify; see ``IDENTIFY_SECONDS``.
_TURN_SECONDS: Final = 0.3
_CLOSED_WITHIN: Final = 2.0
# Discord lets an answer be changed for fifteen minutes.
_SCREEN_SECONDS: Final = 900.0
_MAX_SCREENS: Final = 1000

# Two warnings at each start about libraries for voice, which Patchbay does not use.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False
# discord.py has no parameter for the classes of its connections, shards and servers.
discord.shard.DiscordWebSocket = PatientWebSocket  # type: ignore[misc]
discord.shard.Shard = PatientShard  # type: ignore[misc]
discord.state.Guild = PackedGuild  # type: ignore[attr-defined]


def point_to(api_url: str, gateway_url: str | None) -> None:
    """Send discord.py to another address than Discord's: a REST proxy, or a simulated Discord on loopback.

    The library keeps both in class attributes, hence one setting for the whole process.
    """
    Route.BASE = api_url
    if gateway_url is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


@dataclass(frozen=True, slots=True)
class Reach:
    """How Discord is reached. gateway: its URL, None for the one that Discord names.

    shard_count: None to ask Discord for it. proxy: the URL of the proxy on the way.
    """

    gateway: str | None = None
    shard_count: int | None = None
    proxy: str | None = None


class PatchbayBot(ServicesBot):
    """Loads the cogs, keeps Discord's copy of our commands up to date, and stops in good order."""

    def __init__(
        self,
        services: Services,
        command_store: CommandStore,
        held: HeldShards,
        state: DiscordState,
        reach: Reach,
        extensions: Sequence[str],
    ) -> None:
        """extensions: dotted names of the packages whose ``setup`` adds a cog."""
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=PatchbayTree,
            intents=discord.Intents(guilds=True, integrations=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
            shard_count=reach.shard_count,
            http_trace=count_into(services.preflight.budget, request_log(), functools.partial(may_act, held)),
            proxy=reach.proxy,
        )
        self.services = services
        self.screens = TTLCache(_MAX_SCREENS, _SCREEN_SECONDS)
        services.guild_access.bind(self)
        self.always_sync = False
        """Send the commands to Discord although they did not change."""
        self.last_words: Callable[[], Coroutine[Any, Any, None]] | None = None
        """Called as soon as the bot begins to close, and awaited with the last commands."""
        self.starts = Starts(state)
        """When a shard may identify; its connection asks as well."""
        self.sessions = Sessions(self, self.starts, held)
        self.state = state
        """What outlives the process."""
        self._command_store = command_store
        self.held = held
        self._gateway_url = None if reach.gateway is None else yarl.URL(reach.gateway)
        self._extensions = extensions
        self._launching: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By Discord's bucket: of one bucket, only one shard connects at a time."""
        self.workers = Workers(services.background)
        self.workers.start_when_ready(functools.partial(pack_unused, self))
        self._filter_events()

    @property
    def tree(self) -> PatchbayTree:
        """The command tree, as what the constructor was told to make it."""
        tree = super().tree
        assert isinstance(tree, PatchbayTree)  # noqa: S101 - tells mypy
        return tree

    def serves(self, guild_id: int) -> bool:
        """Tell whether the bot is in a guild that the operator serves."""
        return (
            guild_id in self.services.served
            and self.get_guild(guild_id) is not None
            and holds(self.held, guild_id)
        )

    async def has_foreign_database(self) -> bool:
        """Tell whether the database has served another application, and so perhaps is not ours."""
        if self.application_id is None:
            return True
        return await self._command_store.knows_another(self.application_id)

    async def setup_hook(self) -> None:
        """Load the cogs and tell Discord our commands, before the gateway is opened."""
        await self.load_cogs()
        if self.application_id is None:
            raise RuntimeError("the commands belong to an application: log in first")
        links, store = self.services.links, self._command_store
        if self.always_sync:
            links.ids = (await sync_commands(self.tree, store, self.application_id, force=True)).ids
            await self.state.put(SYNC_REFUSAL, {})
            return
        if (known := await store.get(self.application_id)) is not None:
            links.ids = known.ids
        self.services.background.start(keep_trying(self.tree, store, links, self.state, self.application_id))

    async def load_cogs(self) -> None:
        """Load every command group."""
        await self.tree.set_translator(CatalogTranslator())
        for name in self._extensions:
            # Not as an extension: discord.py would unload the module when the bot closes.
            await importlib.import_module(name).setup(self)

    async def launch_shards(self) -> None:
        """Open every shard that is held, and from then on follow which ones are.

        Raises GatewayNotFound if Discord's answer, of whatever status, names none, and SetupError.
        """
        if self.is_closed():
            return
        gateway, recommended = DiscordWebSocket.DEFAULT_GATEWAY, self.shard_count
        if recommended is None:
            recommended, gateway = await self._recommended()
        self.shard_count = self._connection.shard_count = await self.held.begin(recommended)
        if not self.held.ids:
            self.workers.start()  # so that nothing is missing once there is a shard
        await self._adopt_shards(gateway)
        self.services.background.start(self._follow_shards(gateway))

    async def _recommended(self) -> tuple[int, yarl.URL]:
        """Ask Discord how many shards it wants, and at which address. Raises GatewayNotFound."""
        try:
            shards, url, _ = await self.http.get_bot_gateway()
            gateway = yarl.URL(url)
        except (KeyError, TypeError, ValueError, OverflowError):
            raise discord.GatewayNotFound from None
        if type(shards) is not int or shards < 1:
            raise discord.GatewayNotFound
        return shards, gateway

    async def _follow_shards(self, gateway: yarl.URL) -> None:
        while True:
            await self.held.changed()
            await self._adopt_shards(gateway)

    async def _adopt_shards(self, gateway: yarl.URL) -> None:
        """Open the shards that have come, and give back those that are to go."""
        before, now = set(self.shard_ids or ()), self.held.ids
        self.shard_ids = self._connection.shard_ids = sorted(now)
        for shard_id in sorted(now - before):
            await self.launch_shard(gateway, shard_id)
        for shard_id in sorted(before - now):
            self.services.background.start(self._give_back(shard_id))

    async def _give_back(self, shard_id: int) -> None:
        """End all that is done for a shard, and forget its servers: another process takes it.

        Members are answered until nothing is checked or sent any more: ``serves`` says no already.
        """
        for _ in range(_LOOKS):
            if not any(self.services.is_at_work(guild.id) for guild in self._guilds_of(shard_id)):
                break
            await asyncio.sleep(_LOOK_SECONDS)
        try:
            await self._close_shard(shard_id)
            if running := _running_commands():
                await asyncio.wait(running, timeout=_LAST_ANSWERS_SECONDS)
            await self.services.audit.flush()
        except UnavailableError:
            pass  # the log says so already
        except Exception:  # noqa: BLE001 - somebody has to serve the shard all the same
            _log.exception("shard_not_closed", shard=shard_id)
        for guild in self._guilds_of(shard_id):
            self._connection._remove_guild(guild)  # noqa: SLF001 - discord.py does so when the bot was removed
            self._rereading.forget(guild.id)
            self.services.forget(guild.id)
        # Not where the bot is closed meanwhile: the connection may be open still, and the end gives all back.
        await self.held.left(shard_id)

    def _guilds_of(self, shard_id: int) -> list[discord.Guild]:
        return [guild for guild in self.guilds if guild.shard_id == shard_id]

    async def _close_shard(self, shard_id: int) -> None:
        # discord.py has no way to close one shard for good.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSED_WITHIN):
                await self.services.background.end(waiting_name(shard_id))
        shard = self._AutoShardedClient__shards.pop(shard_id, None)  # type: ignore[attr-defined]
        if (waits := self._connection._ready_tasks.pop(shard_id, None)) is not None:  # noqa: SLF001 - as above
            while not waits.done():  # Python 3.11 forgets to cancel what has just got a server
                waits.cancel()
                await asyncio.sleep(0)
        self._connection._ready_states.pop(shard_id, None)  # noqa: SLF001 - as above
        if shard is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSED_WITHIN):
                    await shard.close()
        self.sessions.ended(shard_id)
        self.starts.given_back(shard_id)
        self.workers.left(shard_id, self.held.ids)

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """Open one shard; a configured gateway wins over the one that the API names.

        A session that is resumed goes where the gateway itself said; a proxy has to rewrite that. Each shard
        has a task of its own, so that none waits until another one may identify.
        """
        self.services.background.start(
            self._launch_shard(self._gateway_url or gateway, shard_id, initial=initial),
            waiting_name(shard_id),
        )

    async def _launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool) -> None:
        await self.starts.permit(self.http, shard_id)
        async with self._launching[shard_id % self.starts.max_concurrency]:
            if shard_id in self.held.ids:
                await super().launch_shard(gateway, shard_id, initial=initial)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 - discord.py's
        """Count each identify, and wait for its turn; discord.py may have connected without asking."""
        shard = shard_id or 0
        await self.starts.permit(self.http, shard)
        turned = await self._wait_for_turn(shard)
        # Only now: who gives up while it waits for its turn has used up nothing.
        await self.starts.identifies(shard)
        if time.monotonic() - turned > _TURN_SECONDS:
            await self._wait_for_turn(shard)  # counting has waited for what others write

    async def _wait_for_turn(self, shard_id: int) -> float:
        """Return when a shard may identify, in monotonic seconds. Raises ConnectionError if it has gone."""
        await self.held.identify_turn(shard_id, self.starts.max_concurrency)
        if shard_id not in self.held.ids:
            self.starts.given_back(shard_id)
            raise ConnectionError("the shard was given back")
        return time.monotonic()

    async def on_ready(self) -> None:
        """Start the workers now that all shards are ready."""
        served = "all" if len(self.held.ids) == self.shard_count else sorted(self.held.ids)
        _log.info("ready", guilds=len(self.guilds), shards=self.shard_count, shard_ids=served)
        self.workers.start()

    async def on_shard_ready(self, shard_id: int) -> None:
        """Start the workers once all shards are ready; although some are not, where those take long."""
        self.workers.ready(shard_id, self.held.ids)

    async def on_raw_app_command_permissions_update(
        self, payload: discord.RawAppCommandPermissionsUpdateEvent
    ) -> None:
        """Take note that an admin has changed in Server Settings who may use our commands."""
        told = [Override(each.id, each.type.value, each.permission) for each in payload.permissions]
        self.services.guard.change_overrides(payload.guild.id, {payload.target_id: told})

    async def on_interaction(self, interaction: Interaction) -> None:
        """Look at each interaction after discord.py has dispatched it."""
        await self.tree.answer_unhandled(interaction)

    async def close(self) -> None:
        """Let the commands that run finish and answer, refuse new ones, then leave."""
        if not self.is_closed():
            self.services.background.shut_down()
            if self.last_words is not None:
                self.services.background.start(self.last_words(), _LAST_WORDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_ANSWERS_SECONDS):
                    while running := _running_commands():
                        await asyncio.wait(running)
            # Only now: the last commands may have started something in the background.
            self.services.background.cancel_all()
        await super().close()

    def _filter_events(self) -> None:
        parsers = self._connection.parsers
        background = self.services.background
        rereading = self._rereading = Rereading(self, background, parsers["GUILD_DELETE"])

        def note_begun(shard_id: int) -> None:
            if shard_id not in self.held.ids:
                return
            self.sessions.begun(shard_id)
            self.starts.connected(shard_id)
            if self.starts.is_open(shard_id):
                background.start(self.starts.succeeded(shard_id))

        def note_change(name: str, data: Any) -> None:  # noqa: ANN401 - an event's payload
            guild = self.get_guild(guild_of(name, data) or 0)
            if isinstance(guild, PackedGuild):
                guild.note(name, data)

        EventFilter(
            doubtful=rereading.doubt,
            interaction=lambda payload: background.start(answer_unread(self.http, self.services, payload)),
            begun=note_begun,
            changed=note_change,
        ).wrap(parsers)


def _running_commands() -> set[asyncio.Task[object]]:
    names = (*_COMMAND_TASKS, _LAST_WORDS)
    return {task for task in asyncio.all_tasks() if task.get_name().startswith(names)}
