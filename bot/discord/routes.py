"""Custom ids that carry values: a route such as ``toolzz:status:{connection}:{integration}``.

Each field of a route is a class attribute whose annotation says how the value looks in the custom id. A
custom id has 100 characters at most.

A menu's custom id ends with a part that differs each time the menu is shown. Discord's clients keep what was
picked from a menu as long as its custom id stays, and send nothing when the same entry is picked again.
https://github.com/discord/discord-api-docs/issues/7536
"""

import inspect
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args, get_origin

MAX_CUSTOM_ID: Final = 100
"""How many characters Discord takes."""
_FIELD: Final = re.compile(r"\{(\w+)\}")
_FIELD_IN_ROUTE: Final = re.compile(r":?\{\w+\}")
_MARK: Final = "~"
"""What no field of a route can have in it: it begins the part that differs each time."""
_FRESH: Final = rf"(?:{_MARK}[0-9a-f]{{4}})?"
"""That part, which menus of earlier versions do not have."""


@dataclass(frozen=True, slots=True)
class Segment:
    """How a value is written in a custom id. pattern: a regular expression without groups."""

    pattern: str
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str


ConnectionName = Annotated[str, Segment(r"[a-z0-9_-]{1,20}")]
ProviderSlug = Annotated[str, Segment(r"[a-z0-9_-]{1,32}")]
IntegrationId = Annotated[str, Segment(r"[A-Za-z0-9_-]{1,64}")]
PageNumber = Annotated[int, Segment(r"[0-9]{1,5}", read=int)]
"""A page as it was sent, counted from 1; ``check_page`` says whether it can be one."""
Snowflake = Annotated[
    int | None,
    Segment(r"[0-9]{1,20}", read=lambda text: int(text) or None, write=lambda value: str(value or 0)),
]
"""One of Discord's ids; 0 stands for None."""
Ternary = Annotated[
    bool | None,
    Segment(
        r"[ynu]",
        read={"y": True, "n": False}.get,
        write={True: "y", False: "n", None: "u"}.__getitem__,
    ),
]
"""Yes, no, or unknown."""


class CustomIdFormat:
    """How the values of a route are written into a custom id and read from it."""

    def __init__(self, route: str, owner: type, *, is_menu: bool = False) -> None:
        """owner: the class whose annotations describe the fields. is_menu: whether each custom id differs.

        Raises TypeError where an annotation is missing.
        """
        self.route = route
        self.name = _FIELD_IN_ROUTE.sub("", route).strip(":")
        """What all its custom ids have in common: the route without its fields."""
        self.is_menu = is_menu
        annotations = inspect.get_annotations(owner, eval_str=True)
        self.segments: Mapping[str, Segment] = {
            name: _segment(name, annotations.get(name), owner) for name in _FIELD.findall(route)
        }
        literals = map(re.escape, _FIELD.split(route)[::2])
        groups = (f"(?P<{name}>{segment.pattern})" for name, segment in self.segments.items())
        parts = [part for pair in zip(literals, [*groups, ""], strict=True) for part in pair]
        self.pattern: Final = re.compile("".join([*parts, _FRESH if is_menu else ""]))

    def write(self, values: Mapping[str, Any]) -> str:
        """Return the custom id that carries these values."""
        written = self.route.format_map(
            {name: segment.write(values[name]) for name, segment in self.segments.items()}
        )
        return renewed(written) if self.is_menu else written

    def read(self, match: re.Match[str]) -> dict[str, Any]:
        """Return the values of a custom id that matches ``pattern``."""
        return {name: segment.read(match[name]) for name, segment in self.segments.items()}


def renewed(custom_id: str) -> str:
    """Return a menu's custom id with another end than it has, so that clients forget what was picked.

    One without room for another end stays as it is.
    """
    plain = custom_id.partition(_MARK)[0]
    fresh = custom_id
    while fresh == custom_id:
        fresh = f"{plain}{_MARK}{secrets.token_hex(2)}"
    return fresh if len(fresh) <= MAX_CUSTOM_ID else custom_id


def _segment(name: str, annotation: object, owner: type) -> Segment:
    if get_origin(annotation) is Literal:
        return Segment("|".join(map(re.escape, get_args(annotation))))
    for extra in getattr(annotation, "__metadata__", ()):
        if isinstance(extra, Segment):
            return extra
    raise TypeError(f"{owner.__name__}.{name}: the annotation does not say how it looks in a custom id")
