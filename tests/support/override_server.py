"""A server whose admins set overrides, and a bot in it that reads them."""

import asyncio
from typing import NamedTuple

import discord
import pytest
import simcord
from simcord.interactions import base_payload

import bot.demo.permission_route  # noqa: F401 - adds the route
from bot.discord.overrides import AnyInteraction, Overrides
from bot.errors import DiscordSilentError

COMMAND = 4_200_000_000_000_000_001
OTHER_COMMAND = 4_200_000_000_000_000_002
ROLE, USER, CHANNEL = 1, 2, 3


class Client(discord.AutoShardedClient):
    """A bot that notes for each press what was set for a command."""

    def __init__(self) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            shard_count=1,
        )
        self.overrides = Overrides()
        self.answers: list[bool | str | None] = []
        """A decision, or the key of the error."""

    async def on_interaction(self, interaction: AnyInteraction) -> None:
        """Decide for the command whose id the press carries."""
        assert interaction.data is not None
        try:
            decided: bool | str | None = await self.overrides.decide(
                interaction,
                int(interaction.data["custom_id"]),  # type: ignore[typeddict-item]
            )
        except DiscordSilentError as error:
            decided = error.key
        self.answers.append(decided)


class Server(NamedTuple):
    """A server and a bot in it that reads overrides."""

    env: simcord.Env
    client: Client
    guild: simcord.GuildHandle
    channel: simcord.ChannelHandle
    crew: simcord.RoleHandle
    member: simcord.MemberActor

    @property
    def application_id(self) -> int:
        """The id under which Discord lists the overrides for all commands at once."""
        return self.env.backend.application_id

    @property
    def readings(self) -> int:
        """How often overrides were read."""
        return sum(entry.path.endswith("/permissions") for entry in self.env.http_requests)

    def set_all(self, permission: bool, guild: simcord.GuildHandle | None = None) -> None:
        """Allow or deny the command to everyone."""
        guild_id = (guild or self.guild).id
        entry = {"id": str(guild_id), "type": ROLE, "permission": permission}
        self.env.backend.set_command_permissions(guild_id, COMMAND, [entry])

    def press(
        self,
        actor: simcord.MemberActor | None = None,
        channel_id: int | None = None,
        command: int = COMMAND,
    ) -> None:
        """Press a button, without waiting for an answer."""
        place = channel_id or self.channel.id
        _, payload = base_payload(
            self.env.backend,
            type=discord.InteractionType.component.value,
            channel_id=place,
            guild_id=self.env.backend.get_channel(place).guild_id,
            user_id=(actor or self.member).id,
            data={"custom_id": str(command), "component_type": 2},
        )
        self.env.backend.emit("INTERACTION_CREATE", payload)

    async def ask(
        self,
        actor: simcord.MemberActor | None = None,
        channel_id: int | None = None,
        command: int = COMMAND,
    ) -> bool | str | None:
        """Press a button and return the decision, or the key of the error."""
        before = len(self.client.answers)
        self.press(actor, channel_id, command)
        await self.env.settle()
        (answer,) = self.client.answers[before:]
        return answer


class HeldRequests:
    """Holds the requests for overrides back until the test releases them, or lets them fail."""

    def __init__(
        self, server: Server, monkeypatch: pytest.MonkeyPatch, failure: Exception | None = None
    ) -> None:
        self._send = server.client.http.get_guild_application_command_permissions
        self._failure = failure
        self.held = 0
        """How many requests were answered and are held back."""
        self.released = asyncio.Event()
        monkeypatch.setattr(server.client.http, "get_guild_application_command_permissions", self._read)

    async def _read(self, *ids: int) -> object:
        if self._failure is not None:
            raise self._failure
        try:
            return await self._send(*ids)
        finally:
            self.held += 1
            await self.released.wait()
