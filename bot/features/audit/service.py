"""Records who changed what, with which result, and never a value."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.errors import PatchbayError, ProviderError, RequestError
from bot.features.audit.chain import BEGINNING, UNSIGNED, Chain, digest, examine, is_signed, signed_part
from bot.features.audit.store import AuditHead, AuditStore, Entry
from bot.providers.base.provider import Provider
from bot.store.vault import Vault

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DONE: Final = "done"
UNKNOWN: Final = "unknown"
"""The result of a change of which nobody knows whether it was made."""
ACTIONS: Final = (
    "connection.add",
    "connection.rotate",
    "connection.remove",
    "connection.refused",
    "access.grant",
    "access.revoke",
    "alerts.set",
    "alerts.remove",
    "alerts.test",
    "alerts.mute",
    "alerts.maintenance",
    "alerts.quiet_hours",
    "alerts.acknowledge",
    "alerts.lost",
    "integrations.board",
    "integrations.link",
    "integrations.ignore",
    "integrations.unignore",
    "audit.mirror",
    "audit.export",
    UNSIGNED,
    "privacy.export",
    "guild.removed",
    "guild.returned",
)
"""What Patchbay itself records, each named by the text ``audit.action.<action>``; providers declare more."""


def known_actions(providers: Iterable[Provider | type[Provider]]) -> tuple[str, ...]:
    """Return every action that can be in a log: Patchbay's own, and ``<slug>.<action>`` of each provider."""
    declared = (f"{provider.slug}.{action}" for provider in providers for action in provider.audit_actions)
    return (*ACTIONS, *declared)


@dataclass(slots=True)
class Change:
    """A change that is being made. Its entry is made of what the body sets here.

    target: ids and names of connections, never text that somebody else wrote. ``role · 12``, ``member · 12``
    and ``channel · 12`` are shown as mentions. result: None stands for ``done`` or for what the body raises.
    idle: whether there was nothing to change; then there is no entry unless the body raises.
    """

    target: str
    result: str | None = None
    idle: bool = False


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the log, the newest entry first. number: counted from 1. total: the entries of all pages."""

    entries: Sequence[Entry]
    number: int
    total: int


class AuditService:
    """Works on one guild at a time; entries of other guilds are out of reach."""

    def __init__(self, store: AuditStore, vault: Vault, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._vault = vault
        self._clock = clock
        self._listeners: list[Callable[[Entry], None]] = []

    def subscribe(self, listener: Callable[[Entry], None]) -> None:
        """Call a listener with each new entry, in each guild's order. The listener must return at once."""
        self._listeners.append(listener)

    @contextlib.asynccontextmanager
    async def change(self, guild_id: int, member_id: int, action: str, target: str) -> AsyncIterator[Change]:
        """Record what a member does in the body as one entry, at its end. The body's exceptions are raised
        again.

        The result is ``done``, ``unknown``, or ``refused`` or ``failed`` with an error's key, such as
        ``refused:no_connection``.
        """
        change = Change(target)
        try:
            yield change
        except BaseException as error:
            result = change.result or _result_of(error)
            await self.note(guild_id, action, change.target, result, member_id=member_id)
            raise
        if not change.idle:
            await self.note(guild_id, action, change.target, change.result or DONE, member_id=member_id)

    async def note(
        self, guild_id: int, action: str, target: str, result: str = DONE, *, member_id: int | None = None
    ) -> None:
        """Record what a member did. member_id: None for what Patchbay itself did or found.

        If the entry cannot be stored, this only logs it: the member must still see the result of the change.
        """
        entry = Entry(guild_id, 0, int(self._clock()), member_id, action, target, result, b"")
        try:
            added = await self._store.append(guild_id, lambda head, last: self._extend(head, last, entry))
        except Exception as error:  # noqa: BLE001 - a full disk, a locked or broken file
            why = f"{type(error).__name__}: {error}"
            _log.error("audit_failed", guild=guild_id, action=action, result=result, error=why)
            return
        for each in added:
            for listener in self._listeners:
                listener(each)

    async def page(
        self, guild_id: int, number: int, size: int, *, member: int | None = None, action: str | None = None
    ) -> AuditPage:
        """Return a page of the entries with this member and this action, the last page if there are fewer."""
        total = await self._store.count(guild_id, member=member, action=action)
        number = max(1, min(number, -(-total // size)))
        entries = await self._store.newest(
            guild_id, member=member, action=action, size=size, skipped=(number - 1) * size
        )
        return AuditPage(entries, number, total)

    async def check(self, guild_id: int) -> Chain:
        """Check the guild's chain."""
        _, chain = await self.export(guild_id)
        return chain

    async def export(self, guild_id: int) -> tuple[Sequence[Entry], Chain]:
        """Return all of a guild's entries, the oldest first, and the result of checking them."""
        rows, head = await self._store.whole(guild_id)
        return rows, await asyncio.to_thread(examine, rows, head, self._vault.verify)

    def _extend(self, head: AuditHead | None, last: int, entry: Entry) -> tuple[Sequence[Entry], AuditHead]:
        """Return the entries to add and the new head. They follow the head, which cannot be forged as rows
        can.
        """
        number, before = (0, BEGINNING) if head is None else (head.number, head.hash)
        entries = [entry]
        if last > number or (head is not None and not is_signed(head, self._vault.verify)):
            # Our new signature would vouch for entries that somebody else may have written: this entry says
            # so.
            entries.insert(
                0, replace(entry, member=None, action=UNSIGNED, target=f"#{number}", result=UNKNOWN)
            )
            number = max(number, last)
        for index, each in enumerate(entries):
            number += 1
            numbered = replace(each, number=number)
            before = digest(before, numbered)
            entries[index] = replace(numbered, hash=before)
        signature = self._vault.sign(signed_part(entry.guild_id, number, before))
        return entries, AuditHead(entry.guild_id, number, before, signature)


def _result_of(error: BaseException) -> str:
    match error:
        case RequestError():
            return f"refused:{error.key}"
        case ProviderError(outcome_unknown=True):
            return UNKNOWN
        case PatchbayError():
            return f"failed:{error.key}"
        case Exception():
            return "failed:unexpected"
    return "failed:interrupted"
