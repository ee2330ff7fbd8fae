"""Names members, and tells entries apart that have the same name."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from bot.discord.text import clamp, length, plain
from bot.i18n.catalog import Texts
from bot.providers.base.integration import name_key

_ID_ENDS: Final = (4, 8, 12, 24, 64)
"""How many of an id's last characters are shown: the first number that is enough."""


def mention_member(member_id: int | None, texts: Texts) -> str:
    """Mention a member whose id is stored; 0 or None stands for one whose data was erased."""
    return f"<@{member_id}>" if member_id else texts("member.erased")


class Named(NamedTuple):
    """An entry that is shown beside others.

    label, id: hostile text. kinds: what may differ between two entries of one name and says more than an id,
    such as the provider's name, the most telling first.
    """

    label: str
    id: str
    kinds: tuple[str, ...] = ()


def tell_apart(entries: Sequence[Named], limit: int = 100) -> list[str]:
    """Return the entries' names, safe where Discord renders no markdown; empty for an invisible one.

    Where people would take two of them for the same, each ends with what tells it apart: one of its kinds, or
    the end of its id. limit: in UTF-16 code units, 80 at least; a name is cut, and its ending never.
    """
    names = [plain(entry.label, limit) for entry in entries]
    shown = [name or plain(entry.id, limit) for name, entry in zip(names, entries, strict=True)]
    # An entry without a name is shown by its id, which tells it apart already.
    endings = [_endings(entry) if name else iter(()) for name, entry in zip(names, entries, strict=True)]
    keys = [name_key(label) for label in shown]
    while True:
        alike: defaultdict[str, list[int]] = defaultdict(list)
        for place, key in enumerate(keys):
            alike[key].append(place)
        several = [place for places in alike.values() if len(places) > 1 for place in places]
        ended = {place: ending for place in several if (ending := next(endings[place], None)) is not None}
        if not ended:
            return [label if name else "" for name, label in zip(names, shown, strict=True)]
        for place, ending in ended.items():
            shown[place] = clamp(names[place], limit - length(ending)) + ending
            keys[place] = name_key(shown[place])


def _endings(entry: Named) -> Iterator[str]:
    """Yield what may follow the name, the shortest first; each once."""
    parts = [*entry.kinds, *(entry.id[-count:] for count in _ID_ENDS)]
    for part in dict.fromkeys(plain(part, _ID_ENDS[-1]) for part in parts):
        if part:
            yield f" · {part}"
