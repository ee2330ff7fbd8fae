"""Reads a page of a guild's log and checks its entries, all in one step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from bot.features.audit.chain import STRIDE, UNSIGNED, Chain, Flaw, Verify, check_window
from bot.features.audit.entry import Entry, Seal, SealKind
from bot.features.audit.store import LAST, QUERIES, Number
from bot.store.rows import Fetch

Labels = Mapping[tuple[str, str], str]
"""The names of a guild's agents, by the provider's slug and the agent's id; hostile text."""
_QUERIES: Final = {(False, False): "", (True, False): "_of_member", (False, True): "_of_action"}
"""How the names of the queries end for which a member, an action or neither is wanted."""


@dataclass(frozen=True, slots=True)
class WantedPage:
    """Which entries are wanted: ``size`` next to ``before``, else to ``after``, else the newest.

    member, action: None for any.
    """

    guild_id: int
    size: int
    before: int | None = None
    after: int | None = None
    member: int | None = None
    action: str | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the log, the newest entry first. is_newest, is_oldest: whether no page comes before or after.

    chain: the result of checking the entries of this page. labels: what the agents that entries name are
    called.
    """

    entries: Sequence[Entry]
    chain: Chain
    is_newest: bool
    is_oldest: bool
    labels: Labels


class _Pseudonym(NamedTuple):
    pseudonym: str


class _Label(NamedTuple):
    provider: str
    id: str
    label: str


def read_page(run: Fetch, wanted: WantedPage, verify: Verify) -> AuditPage:
    """Read and check the wanted entries as they are at one moment. Only the newest page has the log's end."""
    return _PageReader(run, wanted, verify).read()


def read_labels(run: Fetch, guild_id: int) -> Labels:
    """Return what is known of the guild's agents; of several names of one agent, the latest counts."""
    found = run(_Label, QUERIES.list_labels, guild_id=guild_id)
    return {(each.provider, each.id): each.label for each in found}


class _PageReader:
    """Runs the queries for one page. None of them sees what is written meanwhile."""

    def __init__(self, run: Fetch, wanted: WantedPage, verify: Verify) -> None:
        self._run = run
        self._wanted = wanted
        self._guild_id = wanted.guild_id
        self._verify = verify

    def read(self) -> AuditPage:
        wanted, find = self._wanted, self._find
        found = find(wanted.size, before=wanted.before, after=wanted.after)
        if not found and wanted.before is not None:
            found = find(wanted.size, after=wanted.before - 1)  # there is no older page any more
        if len(found) < wanted.size and wanted.after is not None:
            found = find(wanted.size)
        is_newest = not (found and find(1, after=found[0]))
        is_oldest = not (found and find(1, before=found[-1]))
        entries, chain = self._checked(found, is_newest=is_newest)
        return AuditPage(entries, chain, is_newest, is_oldest, read_labels(self._run, self._guild_id))

    def _find(self, size: int, *, before: int | None = None, after: int | None = None) -> Sequence[int]:
        """Return the numbers of entries with the wanted member and action, the newest first.

        An entry whose result is in another one is left out.
        """
        wanted = self._wanted
        author = None if wanted.member is None else self._pseudonym(wanted.member)
        if wanted.member is not None and author is None:
            return []
        return self._numbers(size, author, wanted.action, before=before, after=after)

    def _numbers(
        self, size: int, author: str | None, action: str | None, *, before: int | None, after: int | None
    ) -> Sequence[int]:
        about = _QUERIES.get((author is not None, action is not None), "_of_both")
        is_newer = before is None and after is not None
        query = getattr(QUERIES, ("newer" if is_newer else "older") + about)
        values: dict[str, Any] = (
            {"after": after} if is_newer else {"before": LAST if before is None else before}
        )
        rows = self._run(
            Number, query, guild_id=self._guild_id, author=author, action=action, size=size, **values
        )
        return sorted((row.number for row in rows), reverse=True)

    def _pseudonym(self, member: int) -> str | None:
        found = self._run(_Pseudonym, QUERIES.get_pseudonym, guild_id=self._guild_id, member=member)
        return found[0].pseudonym if found else None

    def _checked(self, numbers: Sequence[int], *, is_newest: bool) -> tuple[Sequence[Entry], Chain]:
        """Read these entries and check them. is_newest: whether the end of the log is checked as well."""
        head, cut = self._seal(SealKind.HEAD), self._seal(SealKind.CUT)
        wanted = {*numbers, head.number} if head is not None and is_newest else set(numbers)
        found: dict[int, Entry] = {}
        chains: list[Chain] = []
        for start in sorted({(number - 1) // STRIDE * STRIDE for number in wanted}):
            rows, chain = self._read_window(start, cut, head)
            found |= {row.number: row for row in rows}
            chains.append(chain)
        length = sum(chain.length for chain in chains)
        flaw = next(self._flaws(chains), Chain(length))
        shown = [found[number] for number in numbers if number in found]
        return shown, replace(flaw, length=length, cut=0 if cut is None else cut.number)

    def _flaws(self, chains: Sequence[Chain]) -> Iterator[Chain]:
        """Yield what is wrong with the windows, then whether the log says of itself that it may be forged."""
        yield from (chain for chain in chains if chain.flaw is not None)
        noted = self._numbers(1, None, UNSIGNED, before=None, after=None)
        if noted:
            yield Chain(0, Flaw.UNVOUCHED, noted[0])

    def _read_window(self, start: int, cut: Seal | None, head: Seal | None) -> tuple[Sequence[Entry], Chain]:
        """Read and check the entries from one seal to the next. start: the number of the first seal."""
        end, key = start + STRIDE, {"guild_id": self._guild_id}
        seals = self._run(Seal, QUERIES.list_points, **key, after=start - 1, until=end)
        points = {each.number: each for each in seals}
        before = points.get(start)
        if cut is not None and start <= cut.number < end:
            start, before = cut.number, cut
        rows = self._run(Entry, QUERIES.read_audit, **key, after=start, until=end, size=STRIDE)
        after = head if head is not None and head.number <= end else points.get(end)
        known = [row for row in rows if head is None or row.number <= head.number]
        chain = check_window(known, before, after, start, self._verify)
        if chain.flaw is None and len(known) < len(rows) and head is not None:
            chain = replace(chain, flaw=Flaw.MISPLACED, number=head.number + 1)
        return rows, chain

    def _seal(self, kind: SealKind) -> Seal | None:
        return next(iter(self._run(Seal, QUERIES.get_seal, guild_id=self._guild_id, kind=kind)), None)
