"""Sensay's replies, as far as Patchbay reads them, and what its client concludes from them.

The list of replicas carries bot tokens in clear; no model here has a field for one, so they are
gone once a reply is parsed. New fields may appear at any time and are ignored.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, StringConstraints

from bot.errors import ProviderError
from bot.kit.integration import State

MOST_ENTRIES: Final = 1000
"""Of one page; a page of millions of empty entries fits the size limit and would hold up everybody."""
_MOST_COUNTED: Final = 10**12
"""Nobody has more conversations, and a number of four thousand digits has no place in a message."""


def _bounded(value: object) -> object:
    if isinstance(value, dict) and len(value) > MOST_ENTRIES:
        raise ValueError("too many entries")
    return value


EntryT = TypeVar("EntryT")

Uuid = Annotated[str, StringConstraints(to_lower=True)]
"""In the form in which Patchbay writes one, or whatever else Sensay sends."""
Count = Annotated[int, Field(ge=0, le=_MOST_COUNTED)]
Entries = Annotated[tuple[EntryT, ...], Field(max_length=MOST_ENTRIES), FailFast()]
CountByReplica = Annotated[dict[Uuid, Count], BeforeValidator(_bounded)]


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Success(_Reply):
    """https://docs.sensay.io/operation/operation-post-v1-replicas-parameter-integrations-discord."""

    success: bool


class DiscordIntegration(_Reply):
    """How a replica is connected to Discord; each member can be null, so ``is_active`` has three states."""

    service_name: str | None = None
    is_active: bool | None = None


class Replica(_Reply):
    """One replica of the list; ``uuid`` and ``name`` are null in old snapshots of the reference."""

    uuid: Uuid | None = None
    name: str | None = None
    short_description: str | None = Field(default=None, alias="shortDescription")
    owner_id: str | None = Field(default=None, alias="ownerID")
    discord_integration: DiscordIntegration | None = None

    @property
    def state(self) -> State | None:
        """How the replica's Discord bot is doing, as far as Sensay says; None where it has none."""
        if self.discord_integration is None:
            return None
        active = self.discord_integration.is_active
        return State.UNKNOWN if active is None else State.CONNECTED if active else State.INACTIVE


class ReplicaPage(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-replicas; ``total`` counts all pages."""

    items: Entries[Replica]
    total: Count | None = None


class User(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-users-me."""

    id: str


class Completion(_Reply):
    """https://docs.sensay.io/operation/operation-post-v1-replicas-parameter-chat-completions.

    ``content`` is as long as the model pleases.
    """

    content: str


class ConversationUsage(_Reply):
    """Conversations with at least one message in this calendar month."""

    current_month_total: Count = Field(alias="currentMonthTotal")
    current_month_by_replica: CountByReplica = Field(alias="currentMonthByReplica")


class KnowledgeBaseUsage(_Reply):
    """Entries that the replicas have been taught."""

    total: Count


class Usage(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-users-me-usage."""

    conversations: ConversationUsage
    knowledge_base_entries: KnowledgeBaseUsage = Field(alias="knowledgeBaseEntries")


class SourceCount(_Reply):
    """The conversations of one platform; ``source`` is an open word, ``discord`` among others."""

    source: str
    conversations: Count


class Sources(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-replicas-parameter-analytics-conversations-sources."""

    items: Entries[SourceCount]


class Day(_Reply):
    """How many conversations there had been by the end of a day in UTC, all platforms together."""

    date: dt.date
    cumulative: Count = Field(alias="cumulativeConversations")


class History(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-replicas-parameter-analytics-conversations-historical.

    About 30 days, in whatever order Sensay sends them.
    """

    items: Entries[Day]


@dataclass(frozen=True, slots=True)
class Replicas:
    """The replicas that credentials own, each with a uuid; ``complete`` is False where there may be more."""

    items: tuple[Replica, ...]
    complete: bool

    def get(self, uuid: str) -> Replica | None:
        """Return the replica of this UUID."""
        return next((replica for replica in self.items if replica.uuid == uuid.lower()), None)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A replica as Sensay lists it, on Discord or not.

    replica: None where the list does not have it; that it does not exist for these credentials is certain
    only where the list is ``complete``.
    """

    replica: Replica | None
    complete: bool

    @property
    def on_discord(self) -> bool | None:
        """Whether the replica has a Discord bot; None where that cannot be told."""
        return None if self.replica is None else self.replica.discord_integration is not None


class RemovalOutcome(StrEnum):
    """What became of an attempt to remove an integration."""

    REMOVED = "removed"
    ACCEPTED = "accepted"
    """Sensay has forgotten it; its runner has not been told yet, so the bot may go on for a while."""
    NOT_FOUND = "not_found"
    """There is no such operation, no such replica, or nothing to remove: all three look alike."""
    NOT_ALLOWED = "not_allowed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Removal:
    """``error`` is there where the outcome is ``FAILED``."""

    outcome: RemovalOutcome
    error: ProviderError | None = None
