"""Reads and extends the ``audit`` table and its seals, and maps members to the pseudonyms of each guild."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeVar

from bot.features.audit.chain import STRIDE, ChainCheck, Flaw, Signer, extend, seal, sealed_part
from bot.features.audit.entry import MEMBER_TARGET, Entry, Seal, SealKind, new_pseudonym
from bot.store.connection import WritingConnection
from bot.store.database import Database
from bot.store.queries import load_queries
from bot.store.rows import Fetch, fetch, fetch_one

ResultT = TypeVar("ResultT")

QUERIES: Final = load_queries("bot.features.audit")
LAST: Final = 2**63 - 1
"""A number that no entry has; none is below its negative."""
_SEARCHED: Final = 200
"""The number of entries of one kind among which the latest one about something is looked for."""
_AGED_AT_ONCE: Final = 1000
SealKey = tuple[int, str, int]
"""A seal's guild, kind and number."""
FIRST_SEAL: Final[SealKey] = (0, "", 0)
"""Before every seal."""


@dataclass(frozen=True, slots=True)
class Resigned:
    """A step of signing all seals anew.

    last: where the step ended, None at the end. done: how many have another signature now. unsigned: those
    that no key in use has signed.
    """

    last: SealKey | None
    done: int
    unsigned: Sequence[Seal]


@dataclass(frozen=True, slots=True)
class Cut:
    """A step of deleting old entries.

    last: the number of the last one that was deleted, 0 if none was old enough or what was to be deleted is
    not as it was written; then flaw says so. added: the note about it.
    """

    last: int = 0
    flaw: Flaw | None = None
    added: Sequence[Entry] = ()


class Number(NamedTuple):
    """The number of an entry."""

    number: int


class AuditStore:
    """Adds and reads entries, and deletes old ones from a chain's beginning; it never changes any."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: Sequence[Entry], signer: Signer) -> Sequence[Entry]:
        """Add entries to their guild's chain, all or none, and return what was added.

        No other entry is added in between. Members' ids become pseudonyms.
        """

        async def work(connection: WritingConnection) -> Sequence[Entry]:
            known: dict[int, str] = {}
            drafts = [await with_pseudonyms(connection, each, known) for each in entries]
            head = await _head(connection, drafts[0].guild_id)
            return await add(connection, head, drafts, signer)

        return await self._database.transact(work)

    async def append_ends(self, entries: Sequence[Entry], signer: Signer) -> Sequence[Entry]:
        """Add the results of begun changes, all or none, except of those that have one by now or are erased.

        Return what was added.
        """

        async def work(connection: WritingConnection) -> Sequence[Entry]:
            guild_id = entries[0].guild_id
            ends = [
                each
                for each in entries
                if await QUERIES.is_unfinished(connection, guild_id=guild_id, number=each.ends)
            ]
            return await add(connection, await _head(connection, guild_id), ends, signer) if ends else []

        return await self._database.transact(work)

    async def name_members(self, draft: Entry) -> None:
        """Make the pseudonyms that an entry will need which is written later with ``append_counted``."""
        members = [each for each in (draft.member, _subject(draft)) if each is not None]
        if None not in [await self.pseudonym(draft.guild_id, each) for each in members]:
            return

        async def work(connection: WritingConnection) -> None:
            await with_pseudonyms(connection, draft, {})

        await self._database.transact(work)

    async def append_counted(self, entries: Sequence[Entry], signer: Signer) -> Sequence[Entry]:
        """Add entries of which the pseudonyms were made before, all or none, and return what was added.

        Those that name a member who has none any more are left out: the member or the whole guild was erased
        meanwhile. So are entries about nobody if the guild has nothing else.
        """

        async def work(connection: WritingConnection) -> Sequence[Entry]:
            guild_id, known = entries[0].guild_id, dict[int, str]()
            drafts = [
                await with_pseudonyms(connection, each, known)
                for each in entries
                if await _knows_members(connection, each)
            ]
            head = await _head(connection, guild_id)
            if not drafts or (head is None and all(each.author is None for each in drafts)):
                return []
            return await add(connection, head, drafts, signer)

        return await self._database.transact(work)

    async def seal(self, guild_id: int, kind: SealKind) -> Seal | None:
        """Return the latest seal of a kind, None if there is none."""
        return await self._database.fetch_one(Seal, QUERIES.get_seal, guild_id=guild_id, kind=kind)

    async def points(self, guild_id: int, after: int, until: int) -> Sequence[Seal]:
        """Return the seals between the ends of the chain, of the entries after one up to another."""
        return await self._database.fetch(
            Seal, QUERIES.list_points, guild_id=guild_id, after=after, until=until
        )

    async def entries(self, guild_id: int, after: int, until: int, size: int) -> Sequence[Entry]:
        """Return the entries after one up to another, the oldest first, ``size`` at most."""
        return await self._database.fetch(
            Entry, QUERIES.read_audit, guild_id=guild_id, after=after, until=until, size=size
        )

    async def read_together(self, guild_id: int, work: Callable[[Fetch], ResultT]) -> ResultT:
        """Run several reading queries about a guild's log in one step; return what ``work`` returns."""
        return await self._database.fetch_together(work, guild_id)

    async def last_about(self, guild_id: int, action: str, target: str) -> Entry | None:
        """Return the latest entry with this action and target, None if there is none of late."""
        return await self._database.fetch_together(
            lambda run: read_last_about(run, guild_id, action, target), guild_id
        )

    async def unfinished(self) -> Sequence[Entry]:
        """Return the entries of changes that were begun and have no result yet, of all guilds."""
        found: list[Entry] = []
        for row in await self._database.read_all(QUERIES.list_unfinished):
            found += await self.entries(row["guild_id"], row["number"] - 1, row["number"], 1)
        return found

    async def pseudonym(self, guild_id: int, member: int) -> str | None:
        """Return a member's pseudonym, None if no entry is about them."""
        row = await self._database.read(QUERIES.get_pseudonym, guild_id=guild_id, member=member)
        return None if row is None else str(row["pseudonym"])

    async def aged(self, before: int) -> Sequence[int]:
        """Return the guilds whose first entry is older than this time."""
        return [row["guild_id"] for row in await self._database.read_all(QUERIES.list_aged, before=before)]

    async def cut(self, guild_id: int, before: int, signer: Signer, note: Entry | None = None) -> Cut:
        """Delete some of the entries from before a time, and seal where the chain begins now.

        note: add this entry, with the number of the last one that was deleted, unless older ones are left.
        """

        async def work(connection: WritingConnection) -> Cut:
            # The entries up to the next seal are needed to tell whether those to be deleted are ours.
            rows = await fetch(
                connection, Entry, QUERIES.read_audit,
                guild_id=guild_id, after=-LAST, until=LAST, size=_AGED_AT_ONCE + STRIDE,
            )  # fmt: skip
            aged = 0
            while aged < min(len(rows), _AGED_AT_ONCE) and rows[aged].at < before:
                aged += 1
            if not aged:
                return Cut()
            last = rows[aged - 1]
            check = ChainCheck(await get_seal(connection, guild_id, SealKind.CUT), signer.verify)
            points = await fetch(
                connection, Seal, QUERIES.list_points, guild_id=guild_id, after=0, until=rows[-1].number
            )
            end = next((each for each in points if each.number >= last.number), None)
            end = end or await get_seal(connection, guild_id, SealKind.HEAD)
            checked = [row for row in rows if end is None or row.number <= end.number]
            check.take(checked, points)
            flaw = check.result(end).flaw
            if flaw not in {None, Flaw.UNVOUCHED}:
                return Cut(flaw=flaw)
            await self._database.mark_traces(connection)
            await QUERIES.delete_entries(connection, guild_id=guild_id, until=last.number)
            await QUERIES.drop_points(connection, guild_id=guild_id, until=last.number)
            await QUERIES.drop_seal(connection, guild_id=guild_id, kind=SealKind.CUT)
            await put_seal(connection, seal(signer, SealKind.CUT, guild_id, last.number, last.hash))
            is_end = aged == len(rows) or rows[aged].at >= before
            if note is None or not is_end:
                return Cut(last.number)
            head = await _head(connection, guild_id)
            noted = replace(note, target=f"#{last.number}")
            return Cut(last.number, added=await add(connection, head, [noted], signer))

        return await self._database.transact(work)

    async def drop_unnamed(self, guild_id: int) -> None:
        """Delete the pseudonyms of members whom no entry names any more."""
        head = await self.seal(guild_id, SealKind.HEAD)
        seen = 0 if head is None else head.number
        rows = await self._database.read_all(QUERIES.list_unnamed, guild_id=guild_id)
        for start in range(0, len(rows), _AGED_AT_ONCE):
            some = [
                {"guild_id": guild_id, "pseudonym": row["pseudonym"], "after": seen}
                for row in rows[start : start + _AGED_AT_ONCE]
            ]

            async def work(connection: WritingConnection, some: Sequence[Any] = some) -> None:
                await self._database.mark_traces(connection)
                await QUERIES.drop_pseudonym(connection, some)

            await self._database.transact(work)

    async def is_long(self, guild_id: int) -> bool:
        """Tell whether there are more entries than are deleted at once."""
        row = await self._database.read(QUERIES.get_nth, guild_id=guild_id, skipped=_AGED_AT_ONCE)
        return row is not None

    async def shorten(self, guild_id: int, signer: Signer | None = None) -> None:
        """Delete a guild's first entries, some at a time, until the log is not long any more.

        signer: seals where the log begins meanwhile, if it was whole before.
        """
        while await self.is_long(guild_id):
            if signer is None or (await self.cut(guild_id, LAST, signer)).flaw is not None:
                signer = None
                await self._drop_first(guild_id)

    async def _drop_first(self, guild_id: int) -> None:

        async def work(connection: WritingConnection) -> None:
            nth = {"guild_id": guild_id, "skipped": _AGED_AT_ONCE - 1}
            for row in await connection.rows(QUERIES.get_nth.sql, nth):
                await self._database.mark_traces(connection)
                await QUERIES.delete_entries(connection, guild_id=guild_id, until=row["number"])
                await QUERIES.drop_points(connection, guild_id=guild_id, until=row["number"])

        await self._database.transact(work)

    async def resign(self, signer: Signer, after: SealKey, size: int) -> Resigned:
        """Sign the next seals anew, ``size`` at most.

        A seal whose signature does not verify stays as it is: a new one would vouch for it. after: where the
        step before ended, ``FIRST_SEAL`` at first. signer: has the old keys too, and signs with the new one.
        """
        guild_id, kind, number = after

        async def work(connection: WritingConnection) -> Resigned:
            done = 0
            unsigned: list[Seal] = []
            seals = await fetch(
                connection, Seal, QUERIES.list_seals, guild_id=guild_id, kind=kind, number=number, size=size
            )
            for each in seals:
                data = sealed_part(each.kind, each.guild_id, each.number, each.hash)
                signature = signer.sign(data)
                if not signer.verify(data, each.signature):
                    unsigned.append(each)
                elif each.signature != signature:
                    await put_seal(connection, replace(each, signature=signature))
                    done += 1
            last = (seals[-1].guild_id, seals[-1].kind, seals[-1].number) if len(seals) == size else None
            return Resigned(last, done, unsigned)

        return await self._database.transact(work)


def read_last_about(run: Fetch, guild_id: int, action: str, target: str) -> Entry | None:
    """Do what ``last_about`` does, in one step with whatever else is read."""
    about = {"action": action, "target": target, "searched": _SEARCHED}
    for found in run(Number, QUERIES.last_about, guild_id=guild_id, **about):
        place = {"after": found.number - 1, "until": found.number, "size": 1}
        return next(iter(run(Entry, QUERIES.read_audit, guild_id=guild_id, **place)), None)
    return None


async def get_seal(connection: WritingConnection, guild_id: int, kind: SealKind) -> Seal | None:
    """Return the latest seal of a kind, as part of a transaction."""
    return await fetch_one(connection, Seal, QUERIES.get_seal, guild_id=guild_id, kind=kind)


async def _head(connection: WritingConnection, guild_id: int) -> Seal | None:
    """Return where to add entries: after an earlier release's log too that is not rewritten yet."""
    head = await get_seal(connection, guild_id, SealKind.HEAD)
    return head or await fetch_one(connection, Seal, QUERIES.get_former_head, guild_id=guild_id)


async def put_seal(connection: WritingConnection, made: Seal) -> None:
    """Store a seal."""
    await QUERIES.put_seal(
        connection,
        guild_id=made.guild_id,
        kind=made.kind,
        number=made.number,
        hash=made.hash,
        signature=made.signature,
    )


async def add(
    connection: WritingConnection, head: Seal | None, drafts: Sequence[Entry], signer: Signer
) -> Sequence[Entry]:
    """Add entries after the head, and return what was added."""
    guild_id = drafts[0].guild_id
    last = await QUERIES.get_last_audit_number(connection, guild_id=guild_id)
    entries, seals = extend(head, last or 0, drafts, signer)
    for entry in entries:
        await QUERIES.insert_audit_entry(
            connection,
            guild_id=entry.guild_id,
            number=entry.number,
            at=entry.at,
            author=entry.author,
            action=entry.action,
            target=entry.target,
            result=entry.result,
            hash=entry.hash,
            ends=entry.ends,
            times=entry.times,
        )
    await QUERIES.drop_seal(connection, guild_id=guild_id, kind=SealKind.HEAD)
    for made in seals:
        await put_seal(connection, made)
    return entries


async def with_pseudonyms(connection: WritingConnection, draft: Entry, known: dict[int, str]) -> Entry:
    """Return an entry with pseudonyms in the places of the members that it names by their ids.

    known: the guild's pseudonyms that were read or made before, by member; what is found is added.
    """
    if draft.author is None and draft.member is not None:
        author = await _pseudonym(connection, draft.guild_id, draft.member, known)
        draft = replace(draft, author=author)
    named, subject = MEMBER_TARGET.match(draft.target), _subject(draft)
    if named is not None and subject is not None:
        pseudonym = await _pseudonym(connection, draft.guild_id, subject, known)
        target = f"member · {pseudonym}{draft.target[named.end() :]}"
        draft = replace(draft, target=target, subject=subject)
    return draft


def _subject(draft: Entry) -> int | None:
    """Return the member whom a target names by an id."""
    named = MEMBER_TARGET.match(draft.target)
    return int(named[1]) if named is not None and int(named[1]) < LAST else None


async def _knows_members(connection: WritingConnection, draft: Entry) -> bool:
    """Tell whether all members that an entry names by their ids have pseudonyms."""
    for member in (draft.member, _subject(draft)):
        if member is not None:
            found = await QUERIES.get_pseudonym(connection, guild_id=draft.guild_id, member=member)
            if found is None:
                return False
    return True


async def _pseudonym(connection: WritingConnection, guild_id: int, member: int, known: dict[int, str]) -> str:
    if member not in known:
        found: str | None = await QUERIES.get_pseudonym(connection, guild_id=guild_id, member=member)
        if found is None:
            found = new_pseudonym()
            await QUERIES.add_pseudonym(connection, guild_id=guild_id, pseudonym=found, member=member)
        known[member] = found
    return known[member]
