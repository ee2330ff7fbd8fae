"""Sensay's replies, as far as Patchbay reads them.

The list of replicas carries bot tokens in clear; no model here has a field for one, so they are
gone once a reply is parsed. New fields may appear at any time and are ignored.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, FailFast, Field

MOST_ENTRIES: Final = 1000
"""Of one page; a page of millions of empty entries fits the size limit and would hold up everybody."""


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

    uuid: str | None = None
    name: str | None = None
    owner_id: str | None = Field(default=None, alias="ownerID")
    discord_integration: DiscordIntegration | None = None


class ReplicaPage(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-replicas; ``total`` counts all pages."""

    items: Annotated[tuple[Replica, ...], Field(max_length=MOST_ENTRIES), FailFast()]
    total: int = 0


class User(_Reply):
    """https://docs.sensay.io/operation/operation-get-v1-users-me."""

    id: str
