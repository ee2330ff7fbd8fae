"""Toolzz's replies, as far as Patchbay reads them, and the settings that it writes.

The vendor prints four different projections of one integration, so only ``id`` is required. The
bot token, masked or not, has no field here and is gone once a reply is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import (
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from bot.kit.integration import State

MOST_ENTRIES: Final = 1000
"""Of one list; Discord has 500 channels a server, and a list of a million would hold up everybody."""
_MOST_DIGITS: Final = 20
"""Those of the largest number of 64 bits."""


def _read_time(value: object) -> object:
    """Give a time without a zone one: none is documented, UTC is assumed. What cannot be read is absent."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _is_said(value: object) -> bool:
    """Tell whether a text or a number is there at all, readable or not."""
    return isinstance(value, (str, int, float)) and value is not False and bool(str(value).strip())


def _read_bits(value: object) -> object:
    """Read a bit field from its decimal text; a float has already lost bits and is not trusted."""
    text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None


def _cut(value: object) -> object:
    return value[:MOST_ENTRIES] if isinstance(value, list) else value


Cut: Final = BeforeValidator(_cut)
Time = Annotated[datetime | None, BeforeValidator(_read_time)]


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _absent_if_unreadable(
        cls, value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        """Take null or a wrong type for a field left out, unless there is nothing to do without it."""
        try:
            return read(value)
        except ValidationError:
            field = cls.model_fields[str(info.field_name)]
            if field.is_required():
                raise
            return field.default


class Channel(_Reply):
    """A channel of the customer's server; both values are foreign text."""

    id: str
    name: str | None = None


class Outline(_Reply):
    """As much of an integration as is kept between checks: not its error's text, which may repeat a token."""

    id: str
    title: str | None = None
    connection_status: str | None = Field(default=None, alias="connectionStatus")
    is_active: bool | None = Field(default=None, alias="isActive")
    guild_id: str | None = Field(default=None, alias="guildId")
    guild_name: str | None = Field(default=None, alias="guildName")
    error_code: str | None = Field(default=None, alias="lastConnectionErrorCode")
    is_deleted: Annotated[bool, BeforeValidator(_is_said)] = Field(
        default=False, validation_alias=AliasPath("deletedAt")
    )
    """Whether there is a time of deletion at all, be it one that cannot be read."""

    @property
    def state(self) -> State:
        """What the report comes down to; a word that we do not know is not guessed at."""
        if self.is_deleted or self.is_active is False:
            return State.INACTIVE
        word = (self.connection_status or "").strip().lower()
        return State(word) if word in {State.CONNECTED, State.DISCONNECTED, State.ERROR} else State.UNKNOWN


class Integration(Outline):
    """https://docs.toolzz.dev, Discord bot, get: the state of one integration."""

    agent_id: str | None = Field(default=None, alias="botId")
    bot_client_id: str | None = Field(default=None, alias="botClientId")
    unit_id: str | None = Field(default=None, alias="unitId")
    channel_ids: Annotated[tuple[str, ...] | None, Cut] = Field(default=None, alias="channelIds")
    channels_detail: Annotated[tuple[Channel, ...], Cut] = Field(default=(), alias="channelsDetail")
    scope: str | None = None
    permissions: Annotated[int | None, BeforeValidator(_read_bits)] = None
    reply_on_mention: bool | None = Field(default=None, alias="autoReplyOnMention")
    create_threads: bool | None = Field(default=None, alias="threadAutoCreate")
    welcome_message: str | None = Field(default=None, alias="welcomeMessage")
    is_token_masked: bool | None = Field(default=None, alias="isTokenMasked")
    last_connected_at: Time = Field(default=None, alias="lastConnectedAt")
    last_disconnected_at: Time = Field(default=None, alias="lastDisconnectedAt")
    error_message: str | None = Field(default=None, alias="lastConnectionErrorMessage")
    created_at: Time = Field(default=None, alias="createdAt")
    updated_at: Time = Field(default=None, alias="updatedAt")
    deleted_at: Time = Field(default=None, alias="deletedAt")

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The monitored channels: ``channelIds`` says which, ``channelsDetail`` how they are called."""
        if self.channel_ids is None:
            return self.channels_detail
        names = {channel.id: channel.name for channel in self.channels_detail}
        return tuple(Channel(id=channel, name=names.get(channel)) for channel in self.channel_ids)

    @property
    def channels_disagree(self) -> bool:
        """Whether both views of the channels are reported, and are not of the same ones."""
        if self.channel_ids is None or not self.channels_detail:
            return False
        return set(self.channel_ids) != {channel.id for channel in self.channels_detail}

    @property
    def is_short(self) -> bool:
        """Whether something is left out that the unit's list has; ``botClientId`` it has not."""
        return bool(type(self).model_fields.keys() - self.model_fields_set - {"bot_client_id"})

    def completed_by(self, other: Integration) -> Integration:
        """Return this report, with what it leaves out taken from another one of the same integration."""
        return other.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})


class Agent(_Reply):
    """https://docs.toolzz.dev, agent, get-all; ``name`` is empty where Toolzz does not say.

    The reply has prompts and keys besides; there is no field here for them.
    """

    id: str
    name: str = ""
    is_activated: bool | None = Field(default=None, alias="isActivated")


class _List(_Reply):
    complete: bool = False
    """Whether nothing was left out."""

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever the JSON held
        """Accept the envelopes ``data``, ``items`` and none at all: the vendor's lists use all three.

        An entry without an id is left out: nothing can be done with it, and the others can be read.
        """
        if isinstance(value, dict):
            value = value["data"] if "data" in value else value.get("items")
        if not isinstance(value, list):
            return {"data": value}
        known = [entry for entry in value if isinstance(entry, dict) and entry.get("id")]
        return {"data": known or value, "complete": len(value) == len(known) <= MOST_ENTRIES}


class IntegrationList(_List):
    """https://docs.toolzz.dev, Discord bot, get-all: the integrations of one unit."""

    data: Annotated[tuple[Integration, ...], Cut]


class OutlineList(_List):
    """The same list, as watching reads it."""

    data: Annotated[tuple[Outline, ...], Cut]


class AgentList(_List):
    """https://docs.toolzz.dev, agent, get-all: the agents of one unit."""

    data: Annotated[tuple[Agent, ...], Cut]


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a write says of an integration: what it leaves out would be lost.

    permissions: Discord's bit field. scope: a word that Toolzz reports may be none that it takes.
    """

    agent_id: str
    unit_id: str
    title: str
    guild_id: str
    guild_name: str
    channels: tuple[Channel, ...]
    permissions: int
    reply_on_mention: bool
    create_threads: bool
    scope: str

    @property
    def essence(self) -> Settings:
        """What tells two settings apart: not the channels' order and names, which Toolzz may change."""
        ids = sorted({channel.id for channel in self.channels})
        return replace(self, channels=tuple(Channel(id=channel) for channel in ids))

    @classmethod
    def of(cls, report: Integration) -> Settings | None:
        """Return the settings that a report names, None where it lacks one of them.

        Nothing is made up for what is missing, and neither for channels beyond those that were read.
        """
        unread = report.channel_ids is None and not report.channels_detail
        if (
            not (report.agent_id and report.agent_id.strip())
            or not (report.unit_id and report.unit_id.strip())
            or not (report.guild_id and report.guild_id.strip())
            or report.title is None
            or report.guild_name is None
            or report.permissions is None
            or report.reply_on_mention is None
            or report.create_threads is None
            or report.scope is None
            or unread
            or len(report.channels) >= MOST_ENTRIES
        ):
            return None
        return cls(
            agent_id=report.agent_id,
            unit_id=report.unit_id,
            title=report.title,
            guild_id=report.guild_id,
            guild_name=report.guild_name,
            channels=report.channels,
            permissions=report.permissions,
            reply_on_mention=report.reply_on_mention,
            create_threads=report.create_threads,
            scope=report.scope,
        )
