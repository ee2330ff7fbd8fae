"""Rewrites the logs of earlier releases, which held members' ids, with pseudonyms and seals; once."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

import structlog

from bot.features.audit.chain import (
    BEGINNING,
    STRIDE,
    Chain,
    ChainCheck,
    Flaw,
    digest,
    is_former_head,
    seal,
    unsigned_note,
)
from bot.features.audit.entry import Entry, Seal, SealKind
from bot.features.audit.store import LAST, QUERIES, add, get_seal, put_seal, with_pseudonyms
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.rows import fetch, fetch_one
from bot.store.vault import Vault, key_id_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REWRITTEN: Final = "audit.rewritten"
"""The action of the entry that says up to which entry a log was rewritten, or what was wrong with it."""
_BATCH: Final = 500


class FormerLogs:
    """Works on one guild's log in one transaction: a log is rewritten as a whole, or stays as it was."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def rewrite(self, now: int) -> Counter[str]:
        """Rewrite every log that was not rewritten yet. now: seconds since 1970.

        A log that was not as Patchbay wrote it is rewritten too, so that its members can be erased; two
        entries say what was wrong with it, and it is not vouched for. One that is signed with a key that is
        not configured stays as it is, for nobody can tell. Return how many these are, by the key's id.
        """
        missing = Counter[str]()
        for row in await self._database.read_all(QUERIES.list_former):
            guild_id = row["guild_id"]
            key_id = await self._missing_key(guild_id)
            if key_id is not None:
                missing[key_id] += 1
                _log.warning("audit_key_missing", guild=guild_id, key=key_id)
                continue
            found = await self._rewrite(guild_id, now)
            if found.flaw is None:
                _log.info("audit_rewritten", guild=guild_id, entries=found.length)
            else:
                flaw, number = str(found.flaw), found.number
                _log.error("audit_rewritten", guild=guild_id, entries=found.length, flaw=flaw, number=number)
        return missing

    async def _missing_key(self, guild_id: int) -> str | None:
        former = await self._database.fetch_one(Seal, QUERIES.get_former_head, guild_id=guild_id)
        key_id = "" if former is None else key_id_of(former.signature)
        return key_id if key_id and not self._vault.knows(key_id) else None

    async def _rewrite(self, guild_id: int, now: int) -> Chain:
        async def work(connection: WritingConnection) -> Chain:
            await self._database.mark_traces(connection)
            former = await fetch_one(connection, Seal, QUERIES.get_former_head, guild_id=guild_id)
            found, refuted = await self._check(connection, guild_id, former)
            number, last = await self._rehash(connection, guild_id, refuted)
            if former is not None and is_former_head(former, self._vault.verify):
                number = max(number, former.number)
            note = Entry(guild_id, 0, now, None, REWRITTEN, f"#{number}", "done", b"")
            notes = [note]
            if found.flaw is not None:
                noted = replace(note, target=f"#{found.number}", result=f"failed:{found.flaw}")
                notes = [unsigned_note(note, number), noted]
            head = seal(self._vault, SealKind.HEAD, guild_id, number, last)
            await add(connection, head, notes, self._vault)
            await QUERIES.drop_former_head(connection, guild_id=guild_id)
            return found

        return await self._database.transact(work)

    async def _check(
        self, connection: WritingConnection, guild_id: int, former: Seal | None
    ) -> tuple[Chain, int]:
        """Check a log, and what was added to it while the key of its head was missing.

        Return the number of the entry as well that says that what is before it may be forged, if this is not
        so after all; else 0.
        """
        head = await get_seal(connection, guild_id, SealKind.HEAD)
        end = former.number if former is not None and head is not None else LAST
        check, later = (ChainCheck(None, self._vault.verify, stride=0) for _ in range(2))
        async for rows in _batches(connection, guild_id):
            check.take(row for row in rows if row.number <= end)
            later.take(rows)
        found = check.result(former, is_former_head)
        if head is None or found.flaw is not None:
            return found, 0
        whole = later.result(head)
        if (whole.flaw, whole.number) != (Flaw.UNVOUCHED, end + 1):
            return whole, 0
        return replace(whole, flaw=None, number=0), end + 1

    async def _rehash(self, connection: WritingConnection, guild_id: int, refuted: int) -> tuple[int, bytes]:
        """Rewrite all entries; return the number and the hash of the last one. refuted: see ``_check``."""
        number, last = 0, BEGINNING
        known: dict[int, str] = {}
        async for rows in _batches(connection, guild_id):
            changed: list[dict[str, object]] = []
            for row in rows:
                renamed = await _renamed(connection, row, known)
                if row.number == refuted:
                    renamed = replace(renamed, action=REWRITTEN, result="done")
                number, last = row.number, digest(last, renamed)
                changed.append(
                    {
                        "guild_id": guild_id,
                        "number": number,
                        "author": renamed.author,
                        "action": renamed.action,
                        "target": renamed.target,
                        "result": renamed.result,
                        "hash": last,
                    }
                )
                if number % STRIDE == 0:
                    await put_seal(connection, seal(self._vault, SealKind.POINT, guild_id, number, last))
            await QUERIES.rewrite_entry(connection, changed)
        return number, last


async def _renamed(connection: WritingConnection, row: Entry, known: dict[int, str]) -> Entry:
    author = row.author or ""
    # Whatever else stands there was written by somebody else.
    is_id = author.isascii() and author.isdecimal() and int(author) < LAST
    draft = replace(row, author=None, member=int(author)) if is_id else row
    return await with_pseudonyms(connection, draft, known)


async def _batches(connection: WritingConnection, guild_id: int) -> AsyncIterator[Sequence[Entry]]:
    after = -LAST
    while rows := await fetch(
        connection, Entry, QUERIES.read_audit, guild_id=guild_id, after=after, until=LAST, size=_BATCH
    ):
        yield rows
        after = rows[-1].number
