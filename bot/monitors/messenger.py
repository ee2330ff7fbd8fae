"""What the outbox asks of Discord, and how Discord can fail it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.services.alerts import Route
    from bot.services.watching import Incident


class NotSentError(Exception):
    """Discord could not be asked, or did not say what became of it; later it may work."""


class ChannelRefusedError(Exception):
    """The channel takes nothing from the bot: ``why`` is ``forbidden`` or ``not_found``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class MessageGoneError(Exception):
    """Somebody has deleted the message, or it is not the bot's."""


class MessageSealedError(Exception):
    """The message stands, and takes no more edits for some time."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a message shows. muted_until: None unless it is muted now. role_id: who is mentioned.

    reference: what tells this message from every other one in the channel; shown in it.
    """

    channel_id: int
    incident: Incident
    muted_until: int | None
    role_id: int | None
    reference: str

    @property
    def nonce(self) -> str:
        """By this Discord knows a message that is sent once more. It is compared over all servers."""
        incident = self.incident
        parts = (incident.guild_id, self.channel_id, incident.opened_at, self.reference)
        return blake2b("·".join(map(str, parts)).encode(), digest_size=12).hexdigest()


class Messenger(Protocol):
    """Discord, as far as alerts need it. Each call but the last raises what stands above."""

    async def post(self, notice: Notice) -> int:
        """Post a message and return its id; with the same nonce as just now, that one's."""

    async def edit(self, notice: Notice, message_id: int) -> None:
        """Have a message show something else; nobody is mentioned."""

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete a message."""

    async def find(self, guild_id: int, channel_id: int, reference: str, since: int) -> int | None:
        """Return the id of the bot's message with this reference, posted about then; None for none."""

    async def tell_lost(self, guild_id: int, route: Route) -> None:
        """Tell who manages the guild that its alerts reach nobody; it does not matter if that fails."""
