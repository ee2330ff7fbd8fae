"""Counts what was refused or failed, so that repeating it does not fill the log."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from bot.features.audit.entry import Entry

REFUSALS: Final = "audit.refusals"
"""The action of the entry that counts what there was no counter for."""
MAX_OF_GUILD: Final = 20
"""Counters of a guild: so many entries, and one for all others, are the most that a minute adds."""
MAX_OF_ALL: Final = 5000

_Key = tuple[int | None, str, str]


@dataclass(frozen=True, slots=True)
class Tried:
    """What somebody tried without success. at: seconds since 1970. result: ``refused:`` or ``failed:``.

    member: None if several did.
    """

    guild_id: int
    at: int
    member: int | None
    action: str
    target: str
    result: str
    times: int = 1

    @property
    def draft(self) -> Entry:
        """The entry for it."""
        draft = Entry(self.guild_id, 0, self.at, None, self.action, self.target, self.result, b"")
        return replace(draft, member=self.member, times=self.times)


class RefusalCounter:
    """One counter for each member, action and result; the counters are emptied about once a minute."""

    def __init__(self) -> None:
        self._counted: defaultdict[int, dict[_Key, Entry]] = defaultdict(dict)
        self._size = 0

    def has_place(self, tried: Tried) -> bool:
        """Tell whether a try would get a counter that names its member, and has none yet."""
        counted = self._counted.get(tried.guild_id, {})
        is_full = len(counted) >= MAX_OF_GUILD or self._size >= MAX_OF_ALL
        return not is_full and (tried.member, tried.action, tried.result) not in counted

    def count(self, tried: Tried) -> None:
        """Count a try. Beyond the limits it is counted only as one of the others of its guild."""
        counted = self._counted[tried.guild_id]
        key: _Key = (tried.member, tried.action, tried.result)
        if key not in counted and (len(counted) >= MAX_OF_GUILD or self._size >= MAX_OF_ALL):
            key = (None, REFUSALS, "refused")
        known = counted.get(key)
        if known is None:
            member, action, result = key
            target = "" if member is None else tried.target
            counted[key] = replace(tried.draft, action=action, target=target, result=result, member=member)
            self._size += 1
            return
        target = known.target if known.target == tried.target else ""
        counted[key] = replace(
            known, at=max(known.at, tried.at), target=target, times=known.times + tried.times
        )

    def guilds(self) -> Sequence[int]:
        """Return the guilds for which anything is counted."""
        return list(self._counted)

    def take(self, guild_id: int) -> Sequence[Entry]:
        """Return the entries to write for a guild, and count from zero again."""
        taken = list(self._counted.pop(guild_id, {}).values())
        self._size -= len(taken)
        return taken

    def put_back(self, taken: Sequence[Entry]) -> None:
        """Count again what was taken and could not be written, within the same limits."""
        for each in taken:
            self.count(
                Tried(each.guild_id, each.at, each.member, each.action, each.target, each.result, each.times)
            )
