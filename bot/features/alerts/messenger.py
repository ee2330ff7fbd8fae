"""What the outbox asks of Discord, and how Discord can fail it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any, ClassVar, Protocol

from bot.features.alerts.incident_store import Incident
from bot.features.alerts.service import Route


class NotSentError(Exception):
    """Discord could not be asked, or did not say what became of the request; later it may work."""


class ChannelRefusedError(Exception):
    """The channel takes nothing from the bot. ``why`` is ``forbidden`` or ``not_found``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class MessageGoneError(Exception):
    """Somebody has deleted the message, or it is not the bot's."""

    why = "not_found"


class MessageNotEditableError(Exception):
    """The message is there, but takes no more edits for some time."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What an alert's message shows. muted_until: None unless it is muted now. role_id: who is mentioned.

    reference: distinguishes this message from every other one in the channel; the message shows it.
    """

    content: ClassVar[str] = ""
    channel_id: int
    incident: Incident
    muted_until: int | None
    role_id: int | None
    reference: str

    @property
    def guild_id(self) -> int:
        """The guild that the message is for."""
        return self.incident.guild_id

    @property
    def nonce(self) -> str:
        """The value by which Discord knows a message that is sent again; it counts for all servers."""
        return _nonce(self.guild_id, self.channel_id, self.incident.opened_at, self.reference)


@dataclass(frozen=True, slots=True)
class RenderedBoard:
    """What a board has to show.

    embed: as Discord's JSON. compared: the same without what may be shown a little late. A message that shows
    a board is edited when this part differs.
    """

    embed: Mapping[str, Any]
    compared: Mapping[str, Any]

    @property
    def content(self) -> str:
        """A hash of what is compared."""
        return sha256(json.dumps(self.compared, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BoardNotice:
    """What a board's message shows.

    reference: distinguishes this message from the guild's other ones since ``since``, in seconds since 1970.
    embed: as Discord's JSON. content: ``RenderedBoard.content``.
    """

    guild_id: int
    channel_id: int
    since: int
    reference: str
    embed: Mapping[str, Any]
    content: str = ""

    @property
    def nonce(self) -> str:
        """The value by which Discord knows a message that is sent again."""
        return _nonce(self.guild_id, self.channel_id, self.since, self.reference)


def _nonce(*parts: object) -> str:
    # Discord takes 25 characters at most.
    return blake2b("·".join(map(str, parts)).encode(), digest_size=12).hexdigest()


class Messenger(Protocol):
    """Discord, as far as the outbox needs it. The first four raise the errors above."""

    async def post(self, notice: Notice | BoardNotice) -> int:
        """Post a message and return its id; with the same nonce as a moment ago, return that message's id."""

    async def edit(self, notice: Notice | BoardNotice, message_id: int) -> None:
        """Have a message show something else; nobody is mentioned."""

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete a message."""

    async def find(self, notice: Notice | BoardNotice, since: int) -> int | None:
        """Return the id of the bot's message with this reference, posted about then; None for none."""

    async def render_board(self, guild_id: int) -> RenderedBoard | None:
        """Return what a guild's board has to show; None while Discord has an outage there."""

    async def report_lost_route(self, guild_id: int, route: Route) -> None:
        """Tell the guild's managers that its alerts reach nobody; raise nothing."""
