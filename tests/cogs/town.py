"""A small server in simcord's simulated Discord, the real bot in it, the providers' simulators beside it."""

from __future__ import annotations

import json
import re
import sqlite3
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import discord
import simcord
from discord import app_commands
from simcord.backend import serializers
from simcord.interactions import base_payload

from bot.kit.redaction import Redactor
from bot.kit.simulator import Simulator
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.cogs.discord_desk import DiscordDesk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot

StartBot = Callable[[Redactor], Awaitable["PatchbayBot"]]
"""Builds a bot on the town's database."""

_WORD = app_commands.Group.get_translated_payload
_WORDED: dict[tuple[str | None, str], dict[str, Any]] = {}
ENGLISH = "en-US"
PORTUGUESE = "pt-BR"
UNCHECKED = 3600
"""The longest interval between checks: a test's bot that has it never begins one by itself."""
MANAGERS = discord.Permissions(manage_guild=True, moderate_members=True)
"""What managers may: Discord shows the commands for viewers only to those who may moderate members."""
HELPER = "Northwind Helper"
"""The bot whose token Sensay's simulator has to give; no member of the server."""


class Env(simcord.Env):
    """simcord's Discord, that finds out sooner when the bot has nothing more to do.

    simcord notices only after a pause that a task of the bot has gone to sleep: that was most of a test.
    """

    async def start(self) -> None:
        """Start, with the bot's commands worded once in the process: that takes as long as many a test."""
        with mock.patch.object(app_commands.Group, "get_translated_payload", _worded_once):
            await super().start()

    async def settle(self, *, idle: float = 0.002) -> None:  # type: ignore[override]
        """Wait until the bot rests.

        idle: seconds; more for many uses at once: simcord looks at each of their tasks after every pause, and
        nothing else happens meanwhile.
        """
        await super().settle(idle=idle)

    async def _settle_internal(self, **options: Any) -> None:  # noqa: ANN401 - simcord's own
        await super()._settle_internal(**{"idle": 0.002, **options})


async def _worded_once(group: app_commands.Group, *how: Any) -> dict[str, Any]:  # noqa: ANN401 - discord.py's own
    key = group.module, group.qualified_name
    if key not in _WORDED:
        _WORDED[key] = await _WORD(group, *how)
    return _WORDED[key]


@dataclass
class Town:
    """What a test acts on. ``locale`` is the language of whoever acts next."""

    env: Env
    bot: PatchbayBot
    start_bot: StartBot
    sensay: SensaySimulator
    toolzz: ToolzzSimulator
    desk: DiscordDesk
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    manager: simcord.MemberActor
    member: simcord.MemberActor
    database: Path
    locale: str = ENGLISH

    @property
    def texts(self) -> Texts:
        """What the bot says to whoever acts next."""
        return self.bot.catalog[self.locale]

    def linked(self, text: str) -> str:
        """Return one of the bot's texts as it goes out: commands in code become links."""
        ids = self.bot.tree.command_ids
        link = r"</\1\2:{}>"
        return re.sub(
            r"`/([a-z]+)((?: [a-z]+)?)`", lambda match: match.expand(link.format(ids[match[1]])), text
        )

    def simulator(self, provider: str) -> SensaySimulator | ToolzzSimulator:
        """Return a provider's simulator."""
        simulators: dict[str, SensaySimulator | ToolzzSimulator] = {
            "sensay": self.sensay,
            "toolzz": self.toolzz,
        }
        return simulators[provider]

    def lose_patience(self) -> None:
        """Let the bot's deadline for providers be over as soon as it has to wait.

        simcord moves its clock only while nothing waits for a socket, so that no other deadline could pass.
        """
        for provider in self.bot.providers.values():
            provider._api._patience = lambda _: 0  # type: ignore[attr-defined]

    def abroad(self) -> Town:
        """Return another server with a manager of its own, in which nothing is connected; the same bot."""
        guild = self.env.create_guild("Elsewhere")
        role = guild.create_role("Managers", permissions=MANAGERS)
        manager = guild.add_member(self.env.create_user("rui"), roles=[role])
        return replace(self, guild=guild, channel=guild.create_text_channel("quay"), manager=manager)

    def moderator(self) -> simcord.MemberActor:
        """Return a new member who may moderate others, and so is a viewer."""
        role = self.guild.create_role("Watch", permissions=discord.Permissions(moderate_members=True))
        return self.guild.add_member(self.env.create_user("vic"), roles=[role])

    async def restart(self) -> None:
        """Put a freshly built bot in the place of the old one, on the same database."""
        self.bot = await self.start_bot(Redactor())
        _same_time(self.env, self.bot)
        await self.env.restart_bot(self.bot)

    async def connect(self, provider: str, name: str | None = None) -> simcord.InteractionResult:
        """Have the manager connect a provider with the credentials that its simulator accepts."""
        form = await self.open_form("add", provider, name)
        return await self.manager.submit_modal(form, dict(self.simulator(provider).credentials))

    async def open_form(
        self, action: str, provider: str, name: str | None = None
    ) -> simcord.InteractionResult:
        """Have the manager run the command of `/connections` that answers with the credentials form."""
        options = {} if name is None else {"name": name}
        form = await self.manager.slash(self.channel, f"connections {action}", provider=provider, **options)
        assert form.modal is not None, shown(form)
        return form

    async def listed(self) -> str:
        """Return what `/connections list` shows the manager."""
        return shown(await self.manager.slash(self.channel, "connections list"))

    async def interact(
        self,
        kind: discord.InteractionType,
        actor: simcord.MemberActor,
        data: Mapping[str, Any],
        *,
        message: simcord.ResponseMessage | None = None,
        guild_id: int | None = None,
    ) -> simcord.InteractionResult:
        """Send what a Discord client sends that is slow, old or not in a server (guild_id 0)."""
        sent = self.send(kind, actor, data, message=message, guild_id=guild_id)
        await self.env.settle()
        return sent

    def send(
        self,
        kind: discord.InteractionType,
        actor: simcord.MemberActor,
        data: Mapping[str, Any],
        *,
        message: simcord.ResponseMessage | None = None,
        guild_id: int | None = None,
    ) -> simcord.InteractionResult:
        """Send it without waiting for the answer."""
        inside = self.guild.id if guild_id is None else guild_id or None
        channel = self.channel.id if inside else self.env.backend.get_dm_channel(actor.id).id
        record, payload = base_payload(
            self.env.backend,
            type=kind.value,
            channel_id=channel,
            guild_id=inside,
            user_id=actor.id,
            data=dict(data),
        )
        if message is not None:
            stored = self.env.backend.get_message(message.channel_id, message.id)
            payload["message"] = dict(serializers.message_payload(self.env.backend, stored))
            record.source_message_id = message.id
        self.env.backend.emit("INTERACTION_CREATE", payload)
        return simcord.InteractionResult(self.env, record)

    async def press(
        self, actor: simcord.MemberActor, message: simcord.ResponseMessage, custom_id: str
    ) -> simcord.InteractionResult:
        """Press a button that the message may no longer show, as on a slow client."""
        (pressed,) = await self.press_at_once(actor, message, custom_id)
        return pressed

    async def press_at_once(
        self, actor: simcord.MemberActor, message: simcord.ResponseMessage, *custom_ids: str
    ) -> list[simcord.InteractionResult]:
        """Press buttons, or one of them twice, so fast that all presses arrive before the bot sees to any."""
        pressed = [
            self.send(
                discord.InteractionType.component,
                actor,
                {"custom_id": custom_id, "component_type": 2},
                message=message,
            )
            for custom_id in custom_ids
        ]
        await self.env.settle()
        return pressed

    async def press_forged(
        self, asked: simcord.InteractionResult, custom_id: str
    ) -> simcord.InteractionResult:
        """Have the manager press a button of ours that has become another one, as nobody could in Discord."""
        message = final(asked)
        stored = self.env.backend.get_message(message.channel_id, message.id)
        stored.components[0]["components"][0]["custom_id"] = custom_id
        return await self.press(self.manager, message, custom_id)

    def damage(self, provider: str) -> None:
        """Overwrite a stored secret with something that no key opens."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("UPDATE connection SET secret = X'00' WHERE provider = ?", (provider,))

    def sent_to_discord(self) -> str:
        """Return all that the bot has sent: commands, forms, embeds, suggestions."""
        return json.dumps(
            [(entry.path, entry.json) for entry in self.env.http_requests], ensure_ascii=False, default=str
        )

    def stored_bytes(self) -> bytes:
        """Return every byte of the database, its write-ahead log included."""
        return b"".join(path.read_bytes() for path in self.database.parent.glob(f"{self.database.name}*"))


def final(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    """Return the final answer: the last follow-up, else the response."""
    assert result.acknowledged
    messages = [*([result.response] if result.response else []), *result.followups]
    assert messages, f"never answered: {result!r}"
    return messages[-1]


def embed_of(result: simcord.InteractionResult) -> discord.Embed:
    """Return the embed of the final answer."""
    embeds = final(result).embeds
    assert embeds, f"answered without an embed: {result!r}"
    return embeds[0]


def shown(result: simcord.InteractionResult) -> str:
    """Return all text of the final answer's embed."""
    embed = embed_of(result)
    parts = [embed.title or "", embed.description or ""]
    parts += [f"{field.name}\n{field.value}" for field in embed.fields]
    return "\n".join([*parts, embed.footer.text or ""])


def field(result: simcord.InteractionResult, name: str) -> str:
    """Return the value of the field whose name ends like this."""
    values = [item.value for item in embed_of(result).fields if (item.name or "").endswith(name)]
    assert values, f"no field {name!r} in {[item.name for item in embed_of(result).fields]}"
    return values[0] or ""


def buttons(result: simcord.InteractionResult) -> list[dict[str, Any]]:
    """Return the buttons of the final answer."""
    return [button for row in final(result).components for button in row["components"]]


def labels(result: simcord.InteractionResult) -> list[str]:
    """Return what the buttons of the final answer say."""
    return [button["label"] for button in buttons(result)]


def only_button(result: simcord.InteractionResult) -> dict[str, Any]:
    """Return the one button of the final answer."""
    (button,) = buttons(result)
    return button


def said_in(form: simcord.InteractionResult) -> str:
    """Return the text that a form shows above its inputs."""
    assert form.modal is not None
    return "\n".join(item["content"] for item in form.modal["components"] if "content" in item)


def inputs(form: simcord.InteractionResult) -> list[dict[str, Any]]:
    """Return the text inputs of a form."""
    assert form.modal is not None
    return [item["component"] for item in form.modal["components"] if "component" in item]


def environment(folder: Path, *surroundings: Simulator, check_interval: int = UNCHECKED) -> dict[str, str]:
    """Return the settings of a bot that knows these simulators and keeps its database in a folder."""
    addresses = [simulator.environment() for simulator in surroundings]
    return {
        "PATCHBAY_DATABASE_URL": f"sqlite:///{folder / 'patchbay.db'}",
        "PATCHBAY_ENCRYPTION_KEYS": f"test:{b64encode(bytes(32)).decode()}",
        "PATCHBAY_SHARD_COUNT": "1",
        "PATCHBAY_CHECK_INTERVAL": str(check_interval),
        **{name: url for environment in addresses for name, url in environment.items()},
    }


def settle(
    env: Env,
    bot: PatchbayBot,
    start_bot: StartBot,
    sensay: SensaySimulator,
    toolzz: ToolzzSimulator,
    desk: DiscordDesk,
    database: Path,
) -> Town:
    """Lay out the server and its people; Discord knows the token that Sensay's simulator has to give."""
    guild = env.create_guild("Harbour Ops")
    channel = guild.create_text_channel("bridge")
    managers = guild.create_role("Managers", permissions=MANAGERS)
    manager = guild.add_member(env.create_user("mira"), roles=[managers])
    member = guild.add_member(env.create_user("noor"))
    desk.introduce(sensay.discord_token, HELPER)
    town = Town(env, bot, start_bot, sensay, toolzz, desk, guild, channel, manager, member, database)
    _speak(town)
    _same_time(env, bot)
    return town


def _same_time(env: Env, bot: PatchbayBot) -> None:
    """Give the bot Discord's clock, as outside."""
    for service in (
        bot.connections,
        bot.integrations,
        bot.guild_records,
        bot.audit,
        bot.access,
        bot.privacy,
        bot.watching,
        bot.alerts,
        bot.board_records,
        bot.poller,
        bot.outbox,
    ):
        service._clock = lambda: env.now().timestamp()
    bot.poller._pace = replace(bot.poller._pace, clock=lambda: env.now().timestamp())


def _speak(town: Town) -> None:
    """Let interactions carry the town's locale, which simcord fixes to English."""
    emit = town.env.backend.emit

    def emit_localised(event: str, payload: Mapping[str, Any]) -> None:
        emit(event, {**payload, "locale": town.locale} if event == "INTERACTION_CREATE" else payload)

    town.env.backend.emit = emit_localised  # type: ignore[method-assign]
