"""Records who changed what, with which result, and never a value."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

import structlog

from bot.features.audit.chain import UNKNOWN, UNSIGNED, Chain, ChainCheck, Signer
from bot.features.audit.entry import Entry, SealKind
from bot.features.audit.former_store import REWRITTEN
from bot.features.audit.page_store import AuditPage, Labels, WantedPage, read_labels, read_page
from bot.features.audit.refusals import REFUSALS, RefusalCounter, Tried
from bot.features.audit.results import log_failed, result_of
from bot.features.audit.store import LAST, AuditStore
from bot.features.audit.under_way import ChangesUnderWay
from bot.providers.base.provider import Provider
from bot.rests import with_rests

__all__ = ["UNKNOWN", "AuditPage", "AuditService", "Change", "Labels"]

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DONE: Final = "done"
BEGUN: Final = "begun"
"""The result of a change that another entry gives the end of, unless the bot is still at it."""
CUT: Final = "audit.cut"
"""The action of the entry that says up to which entry the log was deleted because of its age."""
KEEP_DAYS: Final = 400
MAX_EXPORTED: Final = 20_000
"""An export holds the newest entries, so many at most: about 7 MB, where Discord takes 10."""
_Append = Callable[[Sequence[Entry], Signer], Awaitable[Sequence[Entry]]]
_BATCH: Final = 500
_DAY: Final = 86_400
_AT_ONCE: Final = ("failed:interrupted",)
"""Results that nobody can repeat at will, and that may have changed something."""
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
    "integrations.report",
    "integrations.ignore",
    "integrations.unignore",
    "audit.mirror",
    "audit.export",
    UNSIGNED,
    REWRITTEN,
    CUT,
    REFUSALS,
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
    idle: whether there was nothing to change; then there is no entry unless the body raises. begun: the
    number of the entry that says that the change was begun.
    """

    target: str
    write_begun: Callable[[str], Awaitable[int]]
    result: str | None = None
    idle: bool = False
    begun: int | None = None

    async def begin(self) -> None:
        """Write an entry before something outside is changed, so that it leaves a trace whatever happens.

        Raises UnavailableError if the entry cannot be written: then nothing must be changed.
        """
        self.begun = await self.write_begun(self.target)


class AuditService:
    """Works on one guild at a time, except ``flush``, ``prune`` and what is about one member."""

    def __init__(
        self, store: AuditStore, signer: Signer, clock: Callable[[], float], keep_days: int = KEEP_DAYS
    ) -> None:
        """signer: the vault. clock: seconds since 1970. keep_days: older entries are deleted."""
        self._store = store
        self._signer = signer
        self._clock = clock
        self.keep_days = keep_days
        """Days after which an entry is deleted."""
        self._listeners: list[Callable[[Entry], None]] = []
        self._refusals = RefusalCounter()
        self._under_way = ChangesUnderWay()
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    def subscribe(self, listener: Callable[[Entry], None]) -> None:
        """Call a listener with each new entry, in each guild's order. The listener must return at once."""
        self._listeners.append(listener)

    @contextlib.asynccontextmanager
    async def change(self, guild_id: int, member_id: int, action: str, target: str) -> AsyncIterator[Change]:
        """Record what a member does in the body. The body's exceptions are raised again.

        The result is ``done``, ``unknown``, or ``refused`` or ``failed`` with an error's key, such as
        ``refused:no_connection``. What was changed, or may have been, is written at once as an entry of its
        own; what was refused or has failed is counted, see ``flush``.
        """
        change = Change(target, partial(self._begin, guild_id, member_id, action))
        try:
            yield change
        except BaseException as error:
            await self._end(guild_id, member_id, action, change, change.result or result_of(error))
            raise
        if not change.idle or change.begun is not None:
            await self._end(guild_id, member_id, action, change, change.result or DONE)

    async def note(
        self, guild_id: int, action: str, target: str, result: str = DONE, *, member_id: int | None = None
    ) -> None:
        """Record what a member did. member_id: None for what Patchbay itself did or found.

        If the entry cannot be stored, this only logs it: the member must still see the result of the change.
        """
        await self._write([self._draft(guild_id, action, target, result, member_id)])

    async def flush(self) -> None:
        """Write what was counted: one entry for each member, action and result, with the number of times.

        Call it about once a minute, and when the bot stops. What cannot be written is tried again next time.
        """
        for guild_id in self._refusals.guilds():
            await self._write_counted(guild_id)

    def forget(self, guild_id: int) -> None:
        """Drop what was counted of a guild that was erased."""
        self._refusals.take(guild_id)

    async def end_unfinished(self, is_served: Callable[[int], bool]) -> None:
        """Write that the result of each change is unknown that a process had begun before it died.

        is_served: tells whether this process, and no other, works for a guild. All logs are searched the
        first time, once an hour, and while something may be left to be ended.
        """
        now = self._clock()
        if not self._under_way.is_search_due(now):
            return
        try:
            found = await self._store.unfinished()
        except BaseException:
            self._under_way.search_again()
            raise
        for begun in found:
            if (begun.guild_id, begun.number) in self._under_way.at_work:
                continue
            if not (self._may_end(begun, is_served) and await self._end_unknown(begun, int(now))):
                self._under_way.search_again()

    async def page(
        self,
        guild_id: int,
        size: int,
        *,
        before: int | None = None,
        after: int | None = None,
        member: int | None = None,
        action: str | None = None,
    ) -> AuditPage:
        """Return the entries next to a number, else the newest, with this member and this action.

        Only these are checked, from one seal of the chain to the next: this takes at most a few hundred
        hashes, however long the log is, in a thread.
        """
        wanted = WantedPage(guild_id, size, before, after, member, action)
        return await self._store.read_together(
            guild_id, lambda run: read_page(run, wanted, self._signer.verify)
        )

    async def labels(self, guild_id: int) -> Labels:
        """Return what the guild's agents are called that entries may name."""
        return await self._store.read_together(guild_id, lambda run: read_labels(run, guild_id))

    async def export(self, guild_id: int) -> tuple[Sequence[Entry], Chain]:
        """Return a guild's entries, the oldest first, and the result of checking the whole log.

        Of a log of more than ``MAX_EXPORTED`` entries, the newest are returned. One log is read once at a
        time, and in batches.
        """
        async with self._lock(guild_id):
            await self._write_counted(guild_id)
            cut = await self._store.seal(guild_id, SealKind.CUT)
            check = ChainCheck(cut, self._signer.verify)
            kept: deque[Entry] = deque()
            before, last, head = check.hash, -LAST, None
            while True:
                rows = await self._store.entries(guild_id, last, LAST, _BATCH)
                if not rows:
                    seen, head = head, await self._store.seal(guild_id, SealKind.HEAD)
                    # Entries that were added since the last batch are read as well.
                    if head is None or head.number <= last or head == seen:
                        break
                    continue
                points = await self._store.points(guild_id, last, rows[-1].number)
                await asyncio.to_thread(check.take, with_rests(rows), points)
                last = rows[-1].number
                kept.extend(rows)
                while len(kept) > MAX_EXPORTED:
                    before = kept.popleft().hash
        return list(kept), replace(check.result(head), before=before)

    async def last_about(self, guild_id: int, action: str, target: str) -> Entry | None:
        """Return the latest entry with this action and target, None if there is none of late."""
        return await self._store.last_about(guild_id, action, target)

    async def prune(self) -> None:
        """Delete the entries that are older than ``keep_days``, of every guild, at most once a day each.

        Whoever no entry names any more is forgotten as well.
        """
        oldest = int(self._clock()) - self.keep_days * _DAY
        for guild_id in await self._store.aged(oldest - _DAY):
            note = self._draft(guild_id, CUT, "", DONE, None)
            async with self._lock(guild_id):
                last = 0
                while (cut := await self._store.cut(guild_id, oldest, self._signer, note)).last:
                    last = cut.last
                    self._tell(cut.added)
            if cut.flaw is not None:
                _log.warning("audit_not_cut", guild=guild_id, flaw=str(cut.flaw))
                if last:
                    await self._write([replace(note, target=f"#{last}")])
            if last:
                await self._write_counted(guild_id)  # these entries need their pseudonyms
                await self._store.drop_unnamed(guild_id)

    async def is_long(self, guild_id: int) -> bool:
        """Tell whether a guild's log is too long to be erased in one transaction."""
        return await self._store.is_long(guild_id)

    async def shorten(self, guild_id: int) -> None:
        """Delete a guild's first entries, some at a time, until the log is not long any more.

        What is left is whole meanwhile if it was so before. For a log that is about to be erased.
        """
        await self._store.shorten(guild_id, self._signer)

    async def _begin(self, guild_id: int, member_id: int, action: str, target: str) -> int:
        draft = self._draft(guild_id, action, target, BEGUN, member_id)
        with self._under_way.beginning(guild_id):
            begun = (await self._store.append([draft], self._signer))[-1]
            self._under_way.at_work.add((guild_id, begun.number))
        return begun.number

    async def _end(self, guild_id: int, member_id: int, action: str, change: Change, result: str) -> None:
        is_counted = result.startswith(("refused", "failed")) and result not in _AT_ONCE
        if is_counted and change.begun is None:
            await self._count(Tried(guild_id, int(self._clock()), member_id, action, change.target, result))
            return
        draft = self._draft(guild_id, action, change.target, result, member_id)
        is_written = False
        try:
            is_written = await self._write([replace(draft, ends=change.begun)])
        finally:
            if change.begun is not None:
                self._under_way.ended(guild_id, change.begun, is_written=is_written)

    def _may_end(self, begun: Entry, is_served: Callable[[int], bool]) -> bool:
        return is_served(begun.guild_id) and not self._under_way.is_beginning(begun.guild_id)

    async def _end_unknown(self, begun: Entry, at: int) -> bool:
        """Write that the result of a change is unknown; it may have ended since it was read."""
        end = replace(begun, at=at, result=UNKNOWN, ends=begun.number)
        return await self._append(self._store.append_ends, [end])

    async def _count(self, tried: Tried) -> None:
        # Whoever has no pseudonym when this is written was erased meanwhile, by this process or another one.
        if self._refusals.has_place(tried):
            try:
                await self._store.name_members(tried.draft)
            except Exception as error:  # noqa: BLE001 - see _append
                log_failed([tried.draft], error)
                return
        self._refusals.count(tried)

    async def _write_counted(self, guild_id: int) -> None:
        taken = self._refusals.take(guild_id)
        if not await self._append(self._store.append_counted, taken):
            self._refusals.put_back(taken)

    def _draft(self, guild_id: int, action: str, target: str, result: str, member_id: int | None) -> Entry:
        return Entry(guild_id, 0, int(self._clock()), None, action, target, result, b"", member=member_id)

    async def _write(self, drafts: Sequence[Entry]) -> bool:
        return await self._append(self._store.append, drafts)

    async def _append(self, append: _Append, drafts: Sequence[Entry]) -> bool:
        """Add entries with this method of the store; return False if it has failed, which is logged."""
        if not drafts:
            return True
        try:
            added = await append(drafts, self._signer)
        except Exception as error:  # noqa: BLE001 - a full disk, a locked or broken file
            log_failed(drafts, error)
            return False
        self._tell(added)
        return True

    def _tell(self, added: Sequence[Entry]) -> None:
        for each in added:
            for listener in self._listeners:
                listener(each)

    def _lock(self, guild_id: int) -> asyncio.Lock:
        return self._locks.setdefault(guild_id, asyncio.Lock())
