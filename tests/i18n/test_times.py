"""A relative time says what it is, and a time after "since" or "until" is shown with its date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from bot.i18n.catalog import LOCALES
from tests.support.catalogs import FOLDERS, forms, messages
from tests.support.reply_times import NO_EVENT, bare_times
from tests.support.source import modules


class TimeInText(NamedTuple):
    """A text that is given a time. key: a pattern of its key; is_exact: whether with the date."""

    place: str
    key: str
    name: str
    is_exact: bool


def texts_of(locale: str) -> list[tuple[str, str]]:
    """Return key and text of every form of every entry."""
    entries = [item for folder in FOLDERS for item in messages(folder, locale).items()]
    return [(key, text) for key, message in entries for text in forms(message)]


def is_when(node: ast.AST) -> bool:
    """Tell whether this is a call of ``theme.when``."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "when"


def is_exact(call: ast.AST) -> bool:
    """Tell whether a call of ``when`` asks for the date as well."""
    assert isinstance(call, ast.Call)
    return any(each.arg == "exact" for each in call.keywords)


def key_of(call: ast.Call) -> str | None:
    """Return a pattern of the key that a text is asked for by, None where it is computed elsewhere."""
    if not call.args:
        return None
    match call.args[0]:
        case ast.Constant(value=str(key)):
            return re.escape(key)
        case ast.JoinedStr(values=parts):
            return "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in parts
            )
    return None


def times_in_texts() -> Iterator[TimeInText]:
    """Yield where the program fills a text's placeholder with a time."""
    for path, tree in modules("bot", "cogs"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (key := key_of(node)) is not None:
                for given in node.keywords:
                    if given.arg and is_when(given.value):
                        place = f"{path}:{node.lineno}"
                        yield TimeInText(place, key, given.arg, is_exact(given.value))


def bare() -> Iterator[str]:
    """Yield where a relative time is put together with something else than a text or a field's name."""
    for path, tree in modules("bot", "cogs"):
        nodes = list(ast.walk(tree))
        unpacked = [node.value for node in nodes if isinstance(node, ast.Assign)]
        for node in nodes:
            parts: list[ast.expr] = []
            match node:
                case ast.FormattedValue(value=value):
                    parts = [value]
                case ast.List(elts=values) | ast.Tuple(elts=values) if node not in unpacked:
                    parts = values
                case ast.Call(func=called, args=values) if not is_field(called):
                    parts = values
            yield from (f"{path}:{part.lineno}" for part in parts if is_when(part) and not is_exact(part))


def is_field(called: ast.expr) -> bool:
    """Tell whether this makes a field, whose name says what its value is."""
    return isinstance(called, ast.Name) and called.id in {"Field", "place"}


def test_no_relative_time_stands_alone() -> None:
    """A relative time fills a text's placeholder, or is the value of a field."""
    assert list(bare()) == []
    assert len(list(times_in_texts())) > 20


@pytest.mark.parametrize("locale", LOCALES)
def test_a_relative_time_follows_what_happened(locale: str) -> None:
    """In both languages a word before it in the sentence says what, and none asks for a date."""
    texts = texts_of(locale)
    wrong = [
        f"{found.place}: {text}"
        for found in times_in_texts()
        if not found.is_exact
        for key, text in texts
        if re.fullmatch(found.key, key)
        if bare_times(text.replace(f"{{{found.name}}}", "<t:1:R>"))
    ]
    assert wrong == []


@pytest.mark.parametrize("locale", LOCALES)
def test_since_and_until_take_a_date(locale: str) -> None:
    """What follows "since", "until" and the like is shown with its date."""
    texts = texts_of(locale)
    wrong = [
        f"{found.place}: {text}"
        for found in times_in_texts()
        for key, text in texts
        if re.fullmatch(found.key, key)
        if re.search(rf"(?i)\b({NO_EVENT}) \{{{found.name}\}}", text) and not found.is_exact
    ]
    assert wrong == []


def test_the_rule_is_about_words() -> None:
    """The check itself tells a time that says what it is from one that does not."""
    for good in (
        "Checked <t:1:R>",
        "Verificada <t:1:R>",
        "Since <t:1:f> (<t:1:R>)",
        "Saved by <@1> <t:1:R>",
    ):
        assert bare_times(good) == [], good
    for bad in ("<t:1:R>", "**Polly** · <t:1:R>", "Since <t:1:R>", "🔕 <t:1:R>", "Muted. Desde <t:1:R>"):
        assert bare_times(bad) == [bad], bad
