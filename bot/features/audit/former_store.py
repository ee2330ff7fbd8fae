"""Rewrites the logs of earlier releases, which held members' ids, with pseudonyms and seals; once."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Final

import aiosqlite
import structlog

from bot.features.audit.chain import (
    BEGINNING,
    STRIDE,
    Chain,
    ChainCheck,
    Signer,
    digest,
    is_former_head,
    seal,
    unsigned_note,
)
from bot.features.audit.entry import Entry, Seal, SealKind
from bot.features.audit.store import LAST, QUERIES, add, put_seal, with_pseudonyms
from bot.store.database import Database, fetch, fetch_one

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

REWRITTEN: Final = "audit.rewritten"
"""The action of the entry that says up to which entry a log was rewritten, or what was wrong with it."""
_BATCH: Final = 500


class FormerLogs:
    """Works on one guild's log in one transaction: a log is rewritten as a whole, or stays as it was."""

    def __init__(self, database: Database, signer: Signer) -> None:
        self._database = database
        self._signer = signer

    async def rewrite(self, now: int) -> None:
        """Rewrite every log that was not rewritten yet. now: seconds since 1970.

        A log that was not as Patchbay wrote it is rewritten too, so that its members can be erased; two
        entries say what was wrong with it, and it is not vouched for.
        """
        for row in await self._database.read_all(QUERIES.list_former):
            guild_id = row["guild_id"]
            found = await self._rewrite(guild_id, now)
            if found.flaw is None:
                _log.info("audit_rewritten", guild=guild_id, entries=found.length)
            else:
                flaw, number = str(found.flaw), found.number
                _log.error("audit_rewritten", guild=guild_id, entries=found.length, flaw=flaw, number=number)

    async def _rewrite(self, guild_id: int, now: int) -> Chain:
        async def work(connection: aiosqlite.Connection) -> Chain:
            await self._database.mark_traces(connection)
            former = await fetch_one(connection, Seal, QUERIES.get_former_head, guild_id=guild_id)
            check = ChainCheck(None, self._signer.verify, stride=0)
            async for rows in _batches(connection, guild_id):
                check.take(rows)
            found = check.result(former, is_former_head)
            number, last = await self._rehash(connection, guild_id)
            if former is not None and is_former_head(former, self._signer.verify):
                number = max(number, former.number)
            note = Entry(guild_id, 0, now, None, REWRITTEN, f"#{number}", "done", b"")
            notes = [note]
            if found.flaw is not None:
                noted = replace(note, target=f"#{found.number}", result=f"failed:{found.flaw}")
                notes = [unsigned_note(note, number), noted]
            head = seal(self._signer, SealKind.HEAD, guild_id, number, last)
            await add(connection, head, notes, self._signer)
            await QUERIES.drop_former_head(connection, guild_id=guild_id)
            return found

        return await self._database.transact(work)

    async def _rehash(self, connection: aiosqlite.Connection, guild_id: int) -> tuple[int, bytes]:
        """Rewrite all entries; return the number and the hash of the last one."""
        number, last = 0, BEGINNING
        known: dict[int, str] = {}
        async for rows in _batches(connection, guild_id):
            changed: list[dict[str, object]] = []
            for row in rows:
                renamed = await _renamed(connection, row, known)
                number, last = row.number, digest(last, renamed)
                changed.append(
                    {
                        "guild_id": guild_id,
                        "number": number,
                        "author": renamed.author,
                        "target": renamed.target,
                        "hash": last,
                    }
                )
                if number % STRIDE == 0:
                    await put_seal(connection, seal(self._signer, SealKind.POINT, guild_id, number, last))
            await QUERIES.rewrite_entry(connection, changed)
        return number, last


async def _renamed(connection: aiosqlite.Connection, row: Entry, known: dict[int, str]) -> Entry:
    author = row.author or ""
    # Whatever else stands there was written by somebody else.
    is_id = author.isascii() and author.isdecimal() and int(author) < LAST
    draft = replace(row, author=None, member=int(author)) if is_id else row
    return await with_pseudonyms(connection, draft, known)


async def _batches(connection: aiosqlite.Connection, guild_id: int) -> AsyncIterator[Sequence[Entry]]:
    after = -LAST
    while rows := await fetch(
        connection, Entry, QUERIES.read_audit, guild_id=guild_id, after=after, until=LAST, size=_BATCH
    ):
        yield rows
        after = rows[-1].number
