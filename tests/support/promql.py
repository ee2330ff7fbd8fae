"""Finds the series and labels that a PromQL expression names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<number>[0-9][0-9a-z.]*)|(?P<sign>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){}\[\],@]))""",
    re.VERBOSE,
)
_LISTS: Final = {"by", "without", "on", "ignoring", "group_left", "group_right"}
"""What a list of labels follows."""
_OPERATORS: Final = {"and", "or", "unless", "bool", "offset", "atan2", "inf", "nan", "start", "end"}
_VARIABLE: Final = re.compile(r"\$(?:\{\w+(?::\w+)?\}|\w+)")


@dataclass
class Selected:
    """A series that an expression selects. matchers: label, operator and value."""

    name: str
    matchers: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass
class Expression:
    """What an expression names. listed: the labels after ``by`` and the like."""

    selected: list[Selected] = field(default_factory=list)
    listed: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)


def read(text: str) -> Expression:
    """Return what an expression names; Grafana's variables stand for any value or duration.

    Raises ValueError for what is no PromQL.
    """
    tokens = list(_tokens(_VARIABLE.sub("1m", text)))
    found, at = Expression(), 0
    while at < len(tokens):
        kind, word = tokens[at]
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if word == "{":
            at = _matchers(tokens, at, found.selected[-1])
        elif word == "[":
            at = next(index for index in range(at, len(tokens)) if tokens[index][1] == "]")
        elif kind == "name" and word in _LISTS and following == "(":
            end = next(index for index in range(at, len(tokens)) if tokens[index][1] == ")")
            found.listed |= {name for each, name in tokens[at + 2 : end] if each == "name"}
            at = end
        elif kind == "name" and (following == "(" or following in _LISTS):
            if word not in _OPERATORS:
                found.functions.add(word)
        elif kind == "name" and word not in _OPERATORS | _LISTS:
            found.selected.append(Selected(word))
        at += 1
    return found


def _matchers(tokens: list[tuple[str, str]], at: int, selected: Selected) -> int:
    """Read ``{label="value", …}``; return where it ends."""
    at += 1
    while tokens[at][1] != "}":
        (_, label), (_, operator), (kind, value) = tokens[at : at + 3]
        if kind != "text" or operator not in {"=", "!=", "=~", "!~"}:
            raise ValueError(f"no matcher: {label}{operator}{value}")
        selected.matchers.append((label, operator, value[1:-1]))
        at += 4 if tokens[at + 3][1] == "," else 3
    return at


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"no PromQL at {text[at : at + 20]!r}")
        assert match.lastgroup is not None
        yield match.lastgroup, match[match.lastgroup]
        at = match.end()
