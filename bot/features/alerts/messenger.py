"""What the outbox asks of Discord, and how Discord can fail it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any, ClassVar, Protocol

from bot.features.alerts.incident_store import Incident
from bot.features.alerts.routes import Route
from bot.features.alerts.store import BoardRow


class NotSentError(Exception):
    """Discord could not be asked, refused this message, or did not say what became of the request.

    Later it may work. ``why`` is ``auto_moderation`` or ``rejected`` where Discord does not take this
    message, ``rate_limited`` where it lets the bot wait, ``unavailable`` for anything else. detail: for the
    log.
    """

    def __init__(self, detail: str, why: str = "unavailable") -> None:
        super().__init__(detail)
        self.why = why


class ChannelRefusedError(Exception):
    """The channel takes nothing from the bot at present.

    ``why`` is ``forbidden``, ``not_found``, or ``timed_out`` while the bot itself is timed out; ``until`` is
    when that ends, in seconds since 1970, None where that is not known.
    """

    def __init__(self, why: str, until: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.until = until


class MessageGoneError(Exception):
    """Somebody has deleted the message, or it is not the bot's."""

    why = "not_found"


class MessageNotEditableError(Exception):
    """The message is there, but takes no more edits for some time."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What an alert's message shows.

    route, number: identify the alert; the number is that of its first incident. incidents: of which it tells,
    by their numbers, those that are over included. muted, maintenance: until when the open ones among them
    are muted or in maintenance now, by number. role_ids: who is mentioned, if Discord lets the bot.
    second_role_id: the route's; escalated_at: when it was mentioned, None if it was not. reference:
    distinguishes this message from every other one in the channel; the message shows it.
    """

    content: ClassVar[str] = ""
    guild_id: int
    channel_id: int
    route: int
    number: int
    incidents: Sequence[Incident]
    muted: Mapping[int, int]
    maintenance: Mapping[int, int]
    role_ids: Sequence[int]
    second_role_id: int | None
    escalated_at: int | None
    reference: str

    @property
    def nonce(self) -> str:
        """The value by which Discord knows a message that is sent again; it counts for all servers."""
        return _nonce(self.guild_id, self.channel_id, self.incidents[0].opened_at, self.reference)


@dataclass(frozen=True, slots=True)
class RecoveryNotice:
    """What the reply to an alert shows once its incidents are over, or if one of them has come back.

    route, number, incidents: as in Notice. reply_to: the alert's message, None where it was deleted.
    """

    content: ClassVar[str] = ""
    guild_id: int
    channel_id: int
    route: int
    number: int
    incidents: Sequence[Incident]
    reply_to: int | None
    role_ids: Sequence[int]
    reference: str

    @property
    def nonce(self) -> str:
        """The value by which Discord knows a message that is sent again."""
        return _nonce(self.guild_id, self.channel_id, self.incidents[0].opened_at, self.reference)


@dataclass(frozen=True, slots=True)
class SummaryNotice:
    """What a message shows at the end of quiet hours.

    incidents: the route's incidents that are open, or were reported during the quiet hours. since, until: the
    quiet hours, in seconds since 1970.
    """

    content: ClassVar[str] = ""
    guild_id: int
    channel_id: int
    route: int
    since: int
    until: int
    incidents: Sequence[Incident]
    role_ids: Sequence[int]
    reference: str

    @property
    def nonce(self) -> str:
        """The value by which Discord knows a message that is sent again."""
        return _nonce(self.guild_id, self.channel_id, self.since, self.reference)


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


AnyNotice = Notice | RecoveryNotice | SummaryNotice | BoardNotice


class Messenger(Protocol):
    """Discord, as far as the outbox needs it. The first four raise the errors above."""

    async def post(self, notice: AnyNotice) -> int:
        """Post a message and return its id; with the same nonce as a moment ago, return that message's id."""

    async def edit(self, notice: AnyNotice, message_id: int) -> None:
        """Have a message show something else; nobody is mentioned."""

    async def delete(self, guild_id: int, channel_id: int, message_id: int) -> None:
        """Delete a message."""

    async def find(self, notice: AnyNotice, since: int) -> int | None:
        """Return the id of the bot's message with this reference, posted about then; None for none."""

    async def render_board(self, guild_id: int) -> RenderedBoard | None:
        """Return what a guild's board has to show; None while Discord has an outage there."""

    def can_post(self, guild_id: int, channel_id: int) -> bool:
        """Tell whether nothing is known that keeps the bot from posting in a channel."""

    async def report_lost_route(self, guild_id: int, route: Route) -> bool:
        """Tell the guild's managers that a route's alerts reach nobody; return whether somebody was told.

        Raises nothing.
        """

    async def report_lost_board(self, guild_id: int, board: BoardRow) -> bool:
        """Tell the guild's managers that the board is out of date; return whether somebody was told.

        Raises nothing.
        """
