"""The parts of Sensay's replies that Patchbay reads, and what its client concludes from them.

The list of replicas has bot tokens in clear text. No model has a field for them, so parsing drops them.
Sensay may add fields at any time; they are ignored.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, StringConstraints

from bot.errors import ProviderError
from bot.providers.base.integration import State, each_once
from bot.providers.base.snowflake import account_id

MAX_ENTRIES: Final = 1000
"""The limit for one page: millions of empty entries fit the size limit and would take too long to parse."""
_MAX_COUNTED: Final = 10**12
"""A limit that no real count reaches: a message has no room for a number of four thousand digits."""


def _bounded(value: object) -> object:
    if isinstance(value, dict) and len(value) > MAX_ENTRIES:
        raise ValueError("too many entries")
    return value


EntryT = TypeVar("EntryT")

Uuid = Annotated[str, StringConstraints(to_lower=True)]
"""In lower case, as Patchbay writes it; Sensay may send something that is no UUID."""
Count = Annotated[int, Field(ge=0, le=_MAX_COUNTED)]
Entries = Annotated[tuple[EntryT, ...], Field(max_length=MAX_ENTRIES), FailFast()]
CountByReplica = Annotated[dict[Uuid, Count], BeforeValidator(_bounded)]


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)  # until the first answer


class Success(_Reply):
    """https://docs.sensay.io/operation/operation-post-v1-replicas-parameter-integrations-discord."""

    success: bool


def _read_bot(token: object) -> int | None:
    return account_id(token) if isinstance(token, str) else None


class DiscordIntegration(_Reply):
    """How a replica is connected to Discord. Each field can be null, so ``is_active`` has three states."""

    service_name: str | None = None
    is_active: bool | None = None
    bot_id: Annotated[int | None, BeforeValidator(_read_bot)] = Field(default=None, validation_alias="token")
    """The Discord user that the replica speaks as. It is all that is kept of the token."""


class Replica(_Reply):
    """One replica of the list. ``uuid`` and ``name`` may be null in old snapshots of the reference."""

    uuid: Uuid | None = None
    name: str | None = None
    short_description: str | None = Field(default=None, alias="shortDescription")
    owner_id: str | None = Field(default=None, alias="ownerID")
    discord_integration: DiscordIntegration | None = None

    @property
    def state(self) -> State | None:
        """How the replica's Discord bot is doing, as far as Sensay says; None where it has no bot."""
        if self.discord_integration is None:
            return None
        active = self.discord_integration.is_active
        return State.UNKNOWN if active is None else State.CONNECTED if active else State.INACTIVE


class ReplicaPage(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-replicas; ``total`` counts all pages."""

    items: Entries[Replica]
    total: Count | None = None

    @property
    def distinct(self) -> tuple[Replica, ...]:
        """The replicas of the page; of several entries with one UUID the first one."""
        return tuple(each_once(self.items, lambda replica: replica.uuid))

    @property
    def repeated(self) -> int:
        """How many entries have the UUID of an earlier one; ``total`` may count them."""
        return len(self.items) - len(self.distinct)


class User(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-users-me."""

    id: str


class Completion(_Reply):
    """https://docs.sensay.io/operation/operation-post-v1-replicas-parameter-chat-completions.

    ``content`` may have any length.
    """

    content: str


class ConversationUsage(_Reply):
    """Conversations with at least one message in this calendar month."""

    current_month_total: Count = Field(alias="currentMonthTotal")
    current_month_by_replica: CountByReplica = Field(alias="currentMonthByReplica")


class KnowledgeBaseUsage(_Reply):
    """The number of entries that the replicas have been taught."""

    total: Count


class Usage(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-users-me-usage."""

    conversations: ConversationUsage
    knowledge_base_entries: KnowledgeBaseUsage = Field(alias="knowledgeBaseEntries")


class SourceCount(_Reply):
    """The conversations of one platform. ``source`` is any word, for example ``discord``."""

    source: str
    conversations: Count


class Sources(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-replicas-parameter-analytics-conversations-sources."""

    items: Entries[SourceCount]


class Day(_Reply):
    """The total of conversations by the end of a day in UTC, all platforms together."""

    date: dt.date
    cumulative: Count = Field(alias="cumulativeConversations")


class History(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-replicas-parameter-analytics-conversations-historical.

    It has about 30 days, in any order.
    """

    items: Entries[Day]


@dataclass(frozen=True, slots=True)
class Replicas:
    """The replicas that credentials own, each with a UUID. ``complete`` is False where there may be more."""

    items: tuple[Replica, ...]
    complete: bool

    def get(self, uuid: str) -> Replica | None:
        """Return the replica of this UUID."""
        return next((replica for replica in self.items if replica.uuid == uuid.lower()), None)


@dataclass(frozen=True, slots=True)
class ListedReplica:
    """What Sensay's list has of one replica, on Discord or not.

    replica: None where the list lacks it. complete: whether the whole list was read; only then is it certain
    that these credentials have no such replica.
    """

    replica: Replica | None
    complete: bool

    @property
    def is_missing(self) -> bool:
        """Whether it is certain that these credentials own no such replica."""
        return self.replica is None and self.complete

    @property
    def on_discord(self) -> bool | None:
        """Whether the replica has a Discord bot; None where that cannot be told."""
        return None if self.replica is None else self.replica.discord_integration is not None


class RemovalOutcome(StrEnum):
    """How an attempt to remove an integration can end."""

    REMOVED = "removed"
    ACCEPTED = "accepted"
    """Sensay has deleted it but has not told its runner yet, so the bot may go on for a while."""
    NOT_FOUND = "not_found"
    """There is no such operation, no such replica, or nothing to remove; the answers are the same."""
    NOT_ALLOWED = "not_allowed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of an attempt to remove an integration. error: set where the outcome is ``FAILED``."""

    outcome: RemovalOutcome
    error: ProviderError | None = None
