"""The texts of the demo's page are whole in both languages, and those for simcord are simcord's."""

import inspect
import re
from importlib.resources import files
from string import Formatter

import pytest

from bot.demo import controls
from bot.demo.guide import EMPTY, FILLED
from bot.demo.page_texts import ENGLISH, LANGUAGES, TEXTS
from bot.demo.simcord_texts import PORTUGUESE, SIMCORD
from bot.i18n.catalog import LOCALES

STATIC = files("simcord.preview") / "static"
BUILT = {"True", "False", "Message", "Conversation"}
"""Words that are too common to be looked for."""


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same() -> None:
    """Each text exists in both languages, with the same placeholders."""
    english, portuguese = (TEXTS[locale] for locale in LOCALES)
    assert english.keys() == portuguese.keys()
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in portuguese.items()
    }
    assert tuple(TEXTS) == tuple(LANGUAGES) == tuple(SIMCORD) == LOCALES


def test_each_text_is_shown() -> None:
    """The page's script names each text, or a step of the guide does."""
    scripts = [
        each.read_text("utf-8")
        for each in (files("bot.demo") / "static").iterdir()
        if each.name.endswith(".js")
    ]
    named = {name for script in scripts for name in re.findall(r"texts(?:\.|\[\")([a-z_.]+)", script)}
    named |= {f"{step.key}.{part}" for step in (*FILLED, *EMPTY) for part in ("title", "how")}
    asides = {key for key in ENGLISH if f'"{key}"' in inspect.getsource(controls)}
    assert ENGLISH.keys() == named | asides


@pytest.mark.parametrize("english", sorted(PORTUGUESE.texts.keys() - BUILT))
def test_what_is_translated_is_what_simcord_says(english: str) -> None:
    """A text that simcord no longer has would stay untranslated in silence."""
    sources = [each.read_text("utf-8") for each in STATIC.iterdir() if each.name.endswith((".js", ".html"))]
    assert any(english in source for source in sources)


def test_patterns_are_regular_expressions() -> None:
    """Each pattern can be compiled, and its replacement names groups that it has."""
    for pattern, replacement in PORTUGUESE.patterns:
        groups = re.compile(pattern).groups
        assert all(int(number) <= groups for number in re.findall(r"\$(\d)", replacement))
