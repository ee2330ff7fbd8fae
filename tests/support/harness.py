"""Runs the real bot in a server of the simulated Discord, with every provider's simulator."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import discord
import simcord
from simcord.backend import serializers
from simcord.interactions import base_payload

from bot.discord.client import PatchbayBot
from bot.discord.guard import Guard
from bot.discord.overrides import Overrides
from bot.i18n.catalog import Texts
from bot.providers.base import api_client
from bot.providers.base.api_client import Request
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Simulator
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.discord_api import SimulatedDiscordApi
from tests.support.env import Env
from tests.support.sent_replies import AskedFor

StartBot = Callable[[Redactor], Awaitable[PatchbayBot]]
"""Builds a bot on the test's database."""

ENGLISH = "en-US"
PORTUGUESE = "pt-BR"
UNCHECKED = 3600
"""The longest interval between checks, in seconds: a test's bot that has it starts no check by itself."""
MANAGERS = discord.Permissions(manage_guild=True, moderate_members=True)
"""A manager's permissions; Discord shows the commands for viewers only to members who may moderate others."""
HELPER = "Northwind Helper"
"""The name of the bot whose token Sensay's simulator takes; it is no member of the server."""


class Deadlines:
    """How many seconds the bot's requests to providers may take; a test can let deadlines be over at once.

    simcord moves its clock only while nothing waits for a socket, so that no real deadline could pass.
    """

    def __init__(self) -> None:
        self.is_over: Callable[[Request], bool] = lambda _: False
        """Whether a request fails as soon as it has to wait."""

    def __call__(self, request: Request) -> float:
        return 0 if self.is_over(request) else api_client.deadline_of(request)


@dataclass
class BotHarness:
    """What a test acts on.

    deadlines: of requests to providers and to Discord's API. database: the path of its file. locale: the
    language of whoever acts next.
    """

    env: Env
    bot: PatchbayBot
    start_bot: StartBot
    simulators: Mapping[str, Simulator]
    discord_api: SimulatedDiscordApi
    deadlines: Deadlines
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    manager: simcord.MemberActor
    member: simcord.MemberActor
    database: Path
    locale: str = ENGLISH
    asked: AskedFor = dataclasses.field(default_factory=AskedFor)

    @property
    def texts(self) -> Texts:
        """The bot's texts in the language of whoever acts next."""
        return self.bot.services.catalog[self.locale]

    def linked(self, text: str) -> str:
        """Return one of the bot's texts as it is sent: the commands in it are links."""
        return self.bot.services.links.link(text)

    @property
    def sensay(self) -> SensaySimulator:
        """Sensay on loopback."""
        simulator = self.simulators["sensay"]
        assert isinstance(simulator, SensaySimulator)
        return simulator

    @property
    def toolzz(self) -> ToolzzSimulator:
        """Toolzz on loopback."""
        simulator = self.simulators["toolzz"]
        assert isinstance(simulator, ToolzzSimulator)
        return simulator

    def simulator(self, provider: str) -> Simulator:
        """Return a provider's simulator."""
        return self.simulators[provider]

    def expire_provider_deadlines(self, of: Callable[[Request], bool] = lambda _: True) -> None:
        """Let requests to providers fail as soon as they have to wait. of: only these requests."""
        self.deadlines.is_over = lambda request: of(request) and not self._is_to_discord(request)

    def expire_discord_deadline(self) -> None:
        """Let the question to Discord whose a token is fail as soon as it has to wait."""
        self.deadlines.is_over = self._is_to_discord

    def _is_to_discord(self, request: Request) -> bool:
        return request.base.startswith(self.discord_api.url)

    def remove_cooldowns(self) -> None:
        """Let members and servers do as much as they want."""
        services = self.bot.services
        unlimited = Guard(
            services.access,
            Overrides(),
            services.served,
            member_cooldown=(10**6, 60.0),
            guild_cooldown=(10**6, 60.0),
            member_reads=(10**6, 60.0),
            guild_reads=(10**6, 60.0),
        )
        self.bot.services = replace(services, guard=unlimited)

    def other_guild(self) -> BotHarness:
        """Return a second server of the same bot, with a manager of its own and without connections."""
        guild = self.env.create_guild("Elsewhere")
        role = guild.create_role("Managers", permissions=MANAGERS)
        manager = guild.add_member(self.env.create_user("rui"), roles=[role])
        return replace(self, guild=guild, channel=guild.create_text_channel("quay"), manager=manager)

    def moderator(self) -> simcord.MemberActor:
        """Return a new member who may moderate others, and so is a viewer."""
        role = self.guild.create_role("Watch", permissions=discord.Permissions(moderate_members=True))
        return self.guild.add_member(self.env.create_user("vic"), roles=[role])

    async def restart(self) -> None:
        """Replace the bot by a new one on the same database."""
        self.deadlines.is_over = lambda _: False
        self.bot = await self.start_bot(Redactor())
        await self.env.restart_bot(self.bot)

    async def connect(self, provider: str, name: str | None = None) -> simcord.InteractionResult:
        """Have the manager connect a provider with the credentials that its simulator accepts."""
        form = await self.open_form("add", provider, name)
        return await self.manager.submit_modal(form, dict(self.simulator(provider).credentials))

    async def open_form(
        self, action: str, provider: str, name: str | None = None
    ) -> simcord.InteractionResult:
        """Have the manager run a command of `/connections` that leads to the credentials form; open it."""
        options = {} if name is None else {"name": name}
        guide = await self.manager.slash(self.channel, f"connections {action}", provider=provider, **options)
        return await self.open_form_of(guide)

    async def open_form_of(
        self, guide: simcord.InteractionResult, actor: simcord.MemberActor | None = None
    ) -> simcord.InteractionResult:
        """Press the first button of what comes before a form."""
        assert buttons(guide), shown(guide)
        form = await (actor or self.manager).click(final(guide).message, label=labels(guide)[0])
        assert form.modal is not None, shown(form)
        return form

    async def listed(self) -> str:
        """Return what `/connections list` shows to the manager."""
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
        """Send what a Discord client sends that is slow, outdated or not in a server.

        guild_id: by default the manager's server; 0 for a direct message.
        """
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
        """Send what ``interact`` sends, without waiting for the answer."""
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
        """Press buttons, or one of them twice, so fast that all presses arrive before the bot handles any."""
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
        """Have the manager press a button whose custom id was replaced; in Discord nobody can."""
        message = final(asked)
        stored = self.env.backend.get_message(message.channel_id, message.id)
        stored.components[0]["components"][0]["custom_id"] = custom_id
        return await self.press(self.manager, message, custom_id)

    def damage(self, provider: str) -> None:
        """Overwrite a stored secret with something that no key opens."""
        with closing(sqlite3.connect(self.database)) as database, database:
            database.execute("UPDATE connection SET secret = X'00' WHERE provider = ?", (provider,))

    def sent_to_discord(self) -> str:
        """Return all that the bot has sent to Discord, as JSON: commands, forms, embeds, suggestions."""
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
    """Return the buttons and menus of the final answer."""
    return [button for row in final(result).components for button in row["components"]]


def short(name: str, identifier: str) -> str:
    """Return a name with the end of the id, as what is asked about is named on one line."""
    return f"{name} · `…{identifier[-4:]}`"


def labels(result: simcord.InteractionResult) -> list[str]:
    """Return the labels of the buttons of the final answer."""
    return [button["label"] for button in buttons(result) if "label" in button]


def only_button(result: simcord.InteractionResult) -> dict[str, Any]:
    """Return the one button of the final answer."""
    (button,) = buttons(result)
    return button


def form_text(form: simcord.InteractionResult) -> str:
    """Return the text that a form shows above its inputs."""
    assert form.modal is not None
    return "\n".join(item["content"] for item in form.modal["components"] if "content" in item)


def inputs(form: simcord.InteractionResult) -> list[dict[str, Any]]:
    """Return the text inputs of a form."""
    assert form.modal is not None
    return [item["component"] for item in form.modal["components"] if "component" in item]
