"""Every persistent component that the bot listens to, with possible custom ids; and the classes of ours."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from bot.discord.client import PatchbayBot
from bot.discord.components import PersistentChannelSelect, PersistentComponent, PersistentSelect

BUTTON: Final = 2
MENU: Final = 3
CHANNEL_MENU: Final = 8
PAYLOADS: Final[Mapping[int, Mapping[str, Any]]] = {
    BUTTON: {"label": "x", "style": 1},
    MENU: {"options": [{"label": "x", "value": "x"}]},
    CHANNEL_MENU: {"channel_types": [0]},
}
"""What Discord sends of a component besides its type and its custom id, by type."""
SAMPLES: Final = ("1", "y", "sensay", "default", "add", "role", "5f0c3a52-6b1e-4a43-9c55-0a51f6f3d0aa", "")


def persistent_components(bot: PatchbayBot) -> list[type[PersistentComponent[Any]]]:
    """Return every persistent component that the bot listens to."""
    kinds: list[type[PersistentComponent[Any]]]
    kinds = list(bot._connection._view_store._dynamic_items.values())  # type: ignore[arg-type]
    return sorted(kinds, key=lambda kind: kind.__name__)


def component_type(kind: type[PersistentComponent[Any]]) -> int:
    """Return Discord's number for the type of a component."""
    if issubclass(kind, PersistentChannelSelect):
        return CHANNEL_MENU
    return MENU if issubclass(kind, PersistentSelect) else BUTTON


def custom_id_of(
    kind: type[PersistentComponent[Any]], preferred: Mapping[str, str] | None = None, *others: str
) -> str:
    """Return a possible custom id of a component.

    preferred: values by field. others: values for any field. Each is used where the field can have it.
    """
    values = {}
    for name, segment in kind.custom_id_format.segments.items():
        given = (preferred or {}).get(name)
        possible = [*([] if given is None else [given]), *others, *SAMPLES, *segment.pattern.split("|")]
        values[name] = next(text for text in possible if re.fullmatch(segment.pattern, text))
    custom_id = kind.route.format_map(values)
    assert kind.custom_id_format.pattern.fullmatch(custom_id), custom_id
    return custom_id


def subclasses(kind: type) -> Iterator[type]:
    """Yield every class below another one."""
    children: list[type] = kind.__subclasses__()
    for child in children:
        yield child
        yield from subclasses(child)


def of_the_program(kinds: Iterable[type]) -> list[type]:
    """Leave out the classes of libraries, of tests and of the module that defines the base classes."""
    return [
        kind
        for kind in kinds
        if kind.__module__.startswith(("bot.", "cogs.")) and kind.__module__ != PersistentComponent.__module__
    ]
