"""What Patchbay reads from Toolzz's replies, and the settings that it writes.

Toolzz documents four different forms of one integration, so only ``id`` is required. The bot token has no
field here, so that it is dropped when a reply is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any, Final, Self

from pydantic import (
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    WrapValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from bot.providers.base.gateway_errors import known_code
from bot.providers.base.integration import Choice, State, each_once
from bot.providers.base.response_cache import read_unless_known
from bot.providers.toolzz.times import ReportedTime, read_time

MAX_ENTRIES: Final = 1000
"""The most entries of one list that are read, because a very long list would delay everybody."""
_ENVELOPES: Final = ("data", "items", "integration", "result")
_MAX_ENVELOPES: Final = 3
"""How many envelopes and lists of one may be around an integration."""
_MAX_DIGITS: Final = 20
"""The digits of the largest number of 64 bits."""


def _is_said(value: object) -> bool:
    """Tell whether there is a text or a number, whether or not it can be read."""
    return isinstance(value, (str, int, float)) and value is not False and bool(str(value).strip())


def _is_empty(value: object) -> bool:
    """Tell whether there is nothing at all."""
    return value is None or (isinstance(value, str) and not value.strip())


def _read_bits(value: object) -> object:
    """Read a bit field from its decimal text; a float is refused because it may have lost bits."""
    text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS else None


def _read_known_code(message: object) -> str | None:
    """Return the code that an error's text stands for."""
    return known_code("", message) if isinstance(message, str) else None


def _cut(value: object) -> object:
    return value[:MAX_ENTRIES] if isinstance(value, list) else value


Cut: Final = BeforeValidator(_cut)
Time = Annotated[ReportedTime | None, BeforeValidator(read_time)]


class _Reply(BaseModel):
    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        coerce_numbers_to_str=True,
        alias_generator=to_camel,
        defer_build=True,  # until the first answer, which comes after the start
    )

    @model_validator(mode="wrap")
    @classmethod
    def _absent_if_unreadable(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - as in JSON
        """Treat null and a wrong type as a field left out, unless the field is required.

        Only where something cannot be read is it asked what: most answers are read as a whole, which costs
        a third as much as to look at each field.
        """
        try:
            return read(value)
        except ValidationError as error:
            places = (each["loc"] for each in error.errors(include_url=False, include_input=False))
            unreadable = {place[0] for place in places if place}
            fields = cls.model_fields.values()
            absent = {each.alias: each.default for each in fields if not each.is_required()}
            absent = {name: default for name, default in absent.items() if name in unreadable}
            if not absent:
                raise
            return read({**value, **absent})


class Channel(_Reply):
    """A channel of the customer's server; both values are text from outside."""

    id: str
    name: str | None = None


class Outline(_Reply):
    """The fields that are kept between checks; the error's text is not kept, as it may contain a token.

    code_in_message: what that text stands for, see ``known_code``.
    """

    id: str
    title: str | None = None
    connection_status: str | None = None
    is_active: bool | None = None
    guild_id: str | None = None
    guild_name: str | None = None
    error_code: str | None = Field(default=None, alias="lastConnectionErrorCode")
    code_in_message: Annotated[str | None, BeforeValidator(_read_known_code)] = Field(
        default=None, validation_alias=AliasPath("lastConnectionErrorMessage")
    )
    is_deleted: Annotated[bool, BeforeValidator(_is_said)] = Field(
        default=False, validation_alias=AliasPath("deletedAt")
    )
    """Whether there is a time of deletion, even one that cannot be read."""

    bot_client_id: str | None = None
    channel_ids: Annotated[tuple[str, ...] | None, Cut] = None
    channels_detail: Annotated[tuple[Channel, ...] | None, Cut] = None
    create_threads: bool | None = Field(default=None, alias="threadAutoCreate")

    @property
    def state(self) -> State:
        """The integration's state; ``UNKNOWN`` for a word that is not documented."""
        if self.is_deleted or self.is_active is False:
            return State.INACTIVE
        word = (self.connection_status or "").strip().lower()
        return State(word) if word in {State.CONNECTED, State.DISCONNECTED, State.ERROR} else State.UNKNOWN

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The monitored channels: their ids from ``channelIds``, their names from ``channelsDetail``."""
        details = self.channels_detail or ()
        if self.channel_ids is None:
            return details
        names = {channel.id: channel.name for channel in details}
        return tuple(Channel(id=channel, name=names.get(channel)) for channel in self.channel_ids)

    @property
    def ids_of_channels(self) -> tuple[str, ...]:
        """The ids of ``channels``."""
        if self.channel_ids is None:
            return tuple(channel.id for channel in self.channels_detail or ())
        return self.channel_ids

    @property
    def known_code(self) -> str | None:
        """Discord's code that the error stands for, by its code or its text; None if it is not known."""
        return known_code(self.error_code or "") or self.code_in_message


class Integration(Outline):
    """One integration (https://docs.toolzz.dev, Discord bot, get)."""

    agent_id: str | None = Field(default=None, alias="botId")
    unit_id: str | None = None
    scope: str | None = None
    permissions: Annotated[int | None, BeforeValidator(_read_bits)] = None
    reply_on_mention: bool | None = Field(default=None, alias="autoReplyOnMention")
    welcome_message: str | None = None
    is_token_masked: bool | None = None
    last_connected_at: Time = None
    last_disconnected_at: Time = None
    error_message: str | None = Field(default=None, alias="lastConnectionErrorMessage")
    created_at: Time = None
    updated_at: Time = None
    deleted_at: Time = None
    _empty: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="wrap")
    @classmethod
    def _note_empty(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401 - as in JSON
        """Note which fields are null or blank: a field that cannot be read is not."""
        report, fields = read(value), cls.model_fields
        sent = value if isinstance(value, dict) else {}
        report._empty = frozenset(  # noqa: SLF001 - its own class
            name for name in report.model_fields_set if _is_empty(sent.get(fields[name].alias))
        )
        return report

    def holds(self, field: str) -> bool:
        """Tell whether the report has something in this field, whether or not it can be read."""
        return field in self.model_fields_set - self._empty

    @property
    def times(self) -> dict[str, ReportedTime]:
        """The times that it has, by the name of their field."""
        return {name: value for name, value in vars(self).items() if isinstance(value, ReportedTime)}

    @property
    def lost_connection_later(self) -> bool:
        """Whether it is reported as connected, and as disconnected after the last time that it connected."""
        return (
            self.state is State.CONNECTED
            and self.last_connected_at is not None
            and self.last_disconnected_at is not None
            and self.last_disconnected_at.is_after(self.last_connected_at)
        )

    @property
    def channels_disagree(self) -> bool:
        """Whether both lists of the channels are reported and do not have the same ids."""
        if self.channel_ids is None or not self.channels_detail:
            return False
        return set(self.channel_ids) != {channel.id for channel in self.channels_detail}

    def runs_in(self, guild_id: int) -> bool | None:
        """Tell whether the report names this server; None where it names none."""
        named = (self.guild_id or "").strip()
        return named == str(guild_id) if named else None

    @property
    def is_short(self) -> bool:
        """Whether a field is missing that the unit's list has; the list has all but ``botClientId``."""
        return bool(type(self).model_fields.keys() - self.model_fields_set - {"bot_client_id"})

    def completed_by(self, other: Integration) -> Integration:
        """Return this report, with the fields that it lacks taken from another one."""
        whole = other.model_copy(update={name: getattr(self, name) for name in self.model_fields_set})
        whole._empty = self._empty | (other._empty - self.model_fields_set)  # noqa: SLF001 - its own class
        return whole


class Agent(_Reply):
    """One agent (https://docs.toolzz.dev, agent, get-all). name: may be empty.

    Prompts and keys have no field here, so that they are dropped when a reply is parsed.
    """

    id: str
    name: str = ""
    is_activated: bool | None = None

    @property
    def choice(self) -> Choice:
        """The agent as a member can pick it; one that is switched off is inactive."""
        return Choice(self.id, self.name or self.id, State.INACTIVE if self.is_activated is False else None)


_TOTALS: Final = ("total", "totalCount", "total_count", "totalItems", "count", "itemCount")
_MORE: Final = (
    "hasMore",
    "has_more",
    "hasNext",
    "hasNextPage",
    "nextCursor",
    "next_cursor",
    "nextPage",
    "next",
)
_LEVELS: Final = ("meta", "pagination", "page", "pageInfo", "paging", "links")


def _has_more(envelope: Mapping[str, object], count: int) -> bool:
    """Tell whether an envelope says that there are more entries than the ones that it has.

    Toolzz documents no paging. These are the names that such APIs use.
    """
    for level in (envelope, *(envelope[name] for name in _LEVELS if name in envelope)):
        if not isinstance(level, dict):
            continue
        totals = (level.get(name) for name in _TOTALS)
        if any(isinstance(total, int) and total > count for total in totals):
            return True
        if any(level.get(name) for name in _MORE):
            return True
        pages = level.get("totalPages", level.get("total_pages", level.get("lastPage", 1)))
        if isinstance(pages, int) and pages > 1:
            return True
    return False


class _List(_Reply):
    complete: bool = False
    """Whether the list has every entry that Toolzz sent."""

    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever the JSON held
        """Accept the envelopes ``data``, ``items`` and none: Toolzz's lists use all three.

        An entry without an id is left out, because nothing can be done with it. If an id comes twice, the
        first entry with it stays.
        """
        envelope = value if isinstance(value, dict) else {}
        if envelope:
            value = envelope["data"] if "data" in envelope else envelope.get("items")
        if not isinstance(value, list):
            return {"data": value}
        known = [entry for entry in value if isinstance(entry, dict) and entry.get("id")]
        once = each_once(known, lambda entry: str(entry["id"]))
        is_whole = len(value) == len(known) and len(once) <= MAX_ENTRIES
        return {"data": once or value, "complete": is_whole and not _has_more(envelope, len(value))}


class _Single(_Reply):
    @model_validator(mode="before")
    @classmethod
    def _unwrap(cls, value: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever the JSON held
        """Accept one integration in an envelope, or in a list of one; the lists come in envelopes too.

        What has an id is the integration. Of several things that may be the envelope's content none is.
        """
        for _ in range(_MAX_ENVELOPES):
            if isinstance(value, list) and len(value) == 1:
                value = value[0]
            elif isinstance(value, dict) and "id" not in value:
                inner = [value[name] for name in _ENVELOPES if isinstance(value.get(name), (dict, list))]
                value = inner[0] if len(inner) == 1 else None
        return {"data": value}


class SingleIntegration(_Single):
    """The answer about one integration."""

    data: Integration


class SingleOutline(_Single):
    """The same answer with the fields that monitoring needs."""

    data: Outline


class IntegrationList(_List):
    """The integrations of one unit (https://docs.toolzz.dev, Discord bot, get-all)."""

    data: Annotated[tuple[Integration, ...], Cut]


class OutlineList(_List):
    """The same list with the fields that monitoring needs.

    The context in which it is parsed may be ``KnownEntries``.
    """

    data: Annotated[tuple[Annotated[Outline, WrapValidator(read_unless_known)], ...], Cut]


class AgentList(_List):
    """The agents of one unit (https://docs.toolzz.dev, agent, get-all)."""

    data: Annotated[tuple[Agent, ...], Cut]


@dataclass(frozen=True, slots=True)
class IntegrationSettings:
    """All settings of an integration; a write has to send every one of them.

    permissions: Discord's bit field. scope: Toolzz may report a word that it does not accept.
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
    def comparable(self) -> IntegrationSettings:
        """The settings to compare: without the channels' names and order, which Toolzz may change."""
        ids = sorted({channel.id for channel in self.channels})
        return replace(self, channels=tuple(Channel(id=channel) for channel in ids))

    @classmethod
    def of(cls, report: Integration) -> IntegrationSettings | None:
        """Return the settings that a report has, None where it lacks one of them.

        A report with as many channels as are read may have more, so it lacks some.
        """
        values = {field.name: getattr(report, field.name) for field in fields(cls)}
        ids = (report.agent_id, report.unit_id, report.guild_id)
        if (
            None in values.values()
            or not all(each and each.strip() for each in ids)
            or (report.channel_ids is None and not report.channels_detail)
            or len(report.channels) >= MAX_ENTRIES
        ):
            return None
        return cls(**values)
