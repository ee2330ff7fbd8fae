"""A server that invites the bot while a test runs."""

from typing import Any

import simcord
from simcord.backend import serializers

from tests.support.harness import BotHarness


class NewGuild:
    """A server that has not invited the bot yet; Discord tells the bot nothing of it."""

    def __init__(self, harness: BotHarness, **settings: Any) -> None:  # noqa: ANN401 - as simcord takes them
        self._backend = harness.env.backend
        self._emit = self._backend.emit
        self._backend.emit = lambda *_: None  # type: ignore[method-assign]
        self.guild = harness.env.create_guild("Newcomer", **settings)

    async def invite(self, harness: BotHarness) -> None:
        """Have the bot join: Discord's event differs from the one of an outage's end in one field."""
        self.stay_unseen()
        payload = serializers.guild_create_payload(self._backend, self._backend.get_guild(self.guild.id))
        self._backend.emit("GUILD_CREATE", {k: v for k, v in payload.items() if k != "unavailable"})
        await harness.env.settle()

    def stay_unseen(self) -> None:
        """Deliver later events again, without one for the server itself."""
        self._backend.emit = self._emit  # type: ignore[method-assign]


def posted(channel: simcord.ChannelHandle) -> list[str]:
    """Return what was posted in a channel."""
    return [message.content for message in channel.history()]
