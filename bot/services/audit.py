"""The audit log: who changed what, on what, with which result; never a value."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.errors import PatchbayError, ProviderError, RequestError
from bot.services.audit_chain import (
    BEGINNING,
    UNSIGNED,
    Chain,
    digest,
    examine,
    is_signed,
    signed_part,
)
from bot.store.audit import AuditHead, AuditRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from bot.store.audit import AuditStore
    from bot.store.vault import Vault

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Entry = AuditRow

DONE: Final = "done"
UNKNOWN: Final = "unknown"
"""The result of what may have been done, or not."""
ACTIONS: Final = (
    "connection.add",
    "connection.rotate",
    "connection.remove",
    "connection.refused",
    "sensay.connect",
    "sensay.disconnect",
    "toolzz.link",
    "toolzz.unlink",
    "toolzz.connect",
    "toolzz.edit",
    "access.grant",
    "access.revoke",
    "alerts.set",
    "alerts.remove",
    "alerts.mute",
    "alerts.acknowledge",
    "alerts.lost",
    "integrations.board",
    "audit.mirror",
    "audit.export",
    UNSIGNED,
    "privacy.export",
    "guild.removed",
    "guild.returned",
)
"""Each is worded by ``audit.action.<action>``."""


@dataclass(slots=True)
class Change:
    """A change that is being made; what is set here goes into its entry.

    target: ids and names of connections, nothing that somebody else has written; ``role · 12``,
    ``member · 12`` and ``channel · 12`` are shown as what they are. result: once the body has set it, what
    happens after that no longer matters. idle: there was nothing to change, hence no entry, unless the body
    raises.
    """

    target: str
    result: str | None = None
    idle: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the log, newest entry first. number: from 1. total: of all pages' entries."""

    entries: Sequence[Entry]
    number: int
    total: int


class AuditService:
    """Every call names the guild; no entry of another guild is ever reachable."""

    def __init__(self, store: AuditStore, vault: Vault, clock: Callable[[], float]) -> None:
        """clock: seconds since 1970."""
        self._store = store
        self._vault = vault
        self._clock = clock
        self._listeners: list[Callable[[Entry], None]] = []

    def subscribe(self, listener: Callable[[Entry], None]) -> None:
        """Have each new entry handed over, in each guild's order. The listener must return at once."""
        self._listeners.append(listener)

    @contextlib.asynccontextmanager
    async def change(self, guild_id: int, member_id: int, action: str, target: str) -> AsyncIterator[Change]:
        """Record what a member does in the body as one entry, at its end; whatever it raises goes on.

        The result is ``done``, ``unknown``, or ``refused`` or ``failed`` with an error's key, as in
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
        """Record what has happened; without a member, what Patchbay did or found itself.

        Where the entry cannot be written that is logged, and no more: the member has to read what became of
        the change.
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
    ) -> Page:
        """Return a page of entries by this member and of this kind, the last one where there are fewer."""
        total = await self._store.count(guild_id, member=member, action=action)
        number = max(1, min(number, -(-total // size)))
        entries = await self._store.newest(
            guild_id, member=member, action=action, size=size, skipped=(number - 1) * size
        )
        return Page(entries, number, total)

    async def check(self, guild_id: int) -> Chain:
        """Say whether the guild's chain holds, and what is wrong first where it does not."""
        _, chain = await self.export(guild_id)
        return chain

    async def export(self, guild_id: int) -> tuple[Sequence[Entry], Chain]:
        """Return all of a guild's entries, oldest first, and what a check of them says."""
        rows, head = await self._store.whole(guild_id)
        return rows, await asyncio.to_thread(examine, rows, head, self._vault.verify)

    def _extend(self, head: AuditHead | None, last: int, entry: Entry) -> tuple[Sequence[Entry], AuditHead]:
        """Go on from the head, not from the rows: whoever can write rows cannot sign it."""
        number, before = (0, BEGINNING) if head is None else (head.number, head.hash)
        entries = [entry]
        if last > number or (head is not None and not is_signed(head, self._vault.verify)):
            # With our signature below it, what somebody else has written would pass for ours from now on.
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
