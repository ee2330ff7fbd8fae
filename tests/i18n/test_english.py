"""The English texts follow the writing guide: short, plain, with contractions, in one word for each thing."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from bot.discord.text import length
from bot.i18n.catalog import DEFAULT_LOCALE
from tests.support.catalogs import FOLDERS, filled, forms, messages, placeholders
from tests.support.source import modules

# Patchbay's own limits, by the place where a text is shown; Discord's are above them.
LIMITS: Final = {
    r"^problem\.[\w.]+\.title$": 45,
    r"^problem\.[\w.]+\.why$": 120,
    r"^problem\.[\w.]+\.fix(_wait)?$": 160,
    r"^(?!problem\.)(?!credential\.\w+\.intro).*\.description$|^(?!problem\.).*\boption\.\w+$": 70,
    r"^credential\.\w+\.\w+\.label$|\.form$|^\w+\.connect\.token$": 45,
    r"^\w+\.connect\.token_how$|^toolzz\.form\.(\w+\.)?\w+_how$": 70,
    r"placeholder$|\.candidates$": 50,
    r"button$|\.look$|^confirm\.keep$|^token\.(yes|again|no|invite)$": 25,
    r"^(sensay|toolzz)\.\w+\.(yes|yes_remove|no)$": 25,
    r"^pages\.(back|forth|refresh|up)$": 25,
    r"_next$|\.next$|\.next\.\w+$|_next_several$": 120,
    r"^(state|alerts|diagnosis)\.fix\.|^toolzz\.code\.\d+\.fix$": 120,
    r"_how$|^connections\.stored\.how$|^alerts\.remove\.how$": 160,
    r"footer$|^problem\.reference$": 80,
}
MAX_TITLE: Final = 45
MAX_FIELD_NAME: Final = 25
MAX_WORDS: Final = 20
# Lists, steps and whole paragraphs, of which no line is a description.
LONG: Final = frozenset({"access.grant.done_next", "privacy.delete.ask_how", "privacy.info_how"})
# A button that names one of several things is as long as that name.
NAMING: Final = frozenset({"connections.remove.button", "connections.list.rotate_button"})
# Labels of checks, of which only the words about the result are as long as a sentence.
SENTENCES: Final = frozenset({"toolzz.check.look"})
VALUES: Final = {
    "provider": "Toolzz",
    "name": "x" * 20,
    "count": "1,204",
    "time": "12 minutes ago",
    "period": "30 days",
}
ANY_VALUE: Final = "x" * 12
# What the guide forbids, by the word that it wants. Only whole words count.
FORBIDDEN: Final = {
    "server": "guilds?",
    "provider": "platforms?",
    "application": "apps?",
    "replace": "rotat(?:e|es|ed|ing|ion)",
    "send": "hand(?:s|ed|ing)? (?:it|them|over|on|a|the|this)",
    "connect": "put(?:s|ting)? (?:it |them |an? \\w+ )?into",
    "link": "count(?:s|ed|ing)? (?:it )?as (?:one|own|this)",
    "Unknown": "not known",
    "not reported": "untold|not told",
    "alert rule": "routes?",
    "incident": "troubles?|No\\. \\d",
    "recovered": "well again|not well",
    "acknowledge": "look(?:s|ed|ing)? after",
    "check again": "look(?:s|ed|ing)? again",
    "give access": "let(?:s|ting)? \\w+ in|let in|grant(?:s|ed)?|tak(?:e|en|es) back",
    "this bot's host": "makers?|whoever hosts|host(?:s|ed)? me",
    "ID": "(?-i:ids?)",
    "setup": "set-up",
    "someone": "somebody|anybody|everybody|nobody",
    "delete": "erased?|forg[eo]t\\w*",
    "turn on": "switch(?:es|ed)? (?:on|off|it)|switched",
    "choose": "pick(?:s|ed)?",
    "fix": "mend(?:s|ed)?",
    "Time Out Members": "moderate members",
    "(nothing)": "anew|any more|meanwhile|as well|all the same|blanks?|sorry|please|unfortunately",
    "the thing": "said above|stands (?:there|above|at)",
    "the state": "doing|how it goes",
    "the plain fact": "asks for a pause",
}
FORBIDDEN_WORD: Final = re.compile(
    r"(?<![\w-])(?:" + "|".join(FORBIDDEN.values()) + r")(?![\w-])", re.IGNORECASE
)
LONG_FORM: Final = re.compile(
    r"\b(?:can ?not|(?:do|does|did|is|are|was|were|has|have|had|will|would|could|should) not"
    r"|(?:it|that|there|what) is(?! \w+ed\b)|(?:you|they|we) are|I (?:am|will|have(?! the\b))|let us)\b",
    re.IGNORECASE,
)
# A name of Discord's, and the key that a browser takes.
BRACKETS: Final = re.compile(r"\((?!default\b|Ctrl\+R\))")
# What a member types or copies, addresses, values, and names of Discord's.
QUOTED: Final = re.compile(r"`[^`]*`|\]\([^)]*\)|\{\w+\}|OAuth2 Code Grant")
USED: Final = re.compile(r"(?<!only )\buse `/", re.IGNORECASE)
# The person who hosts the bot reads these in a terminal.
OPERATOR: Final = re.compile(r"^setup\.(missing|invalid|database|already|discord)_")
FRAGMENT: Final = re.compile(
    r"button$|placeholder$|\.title$|\.look$|\.form$|\.label$|^confirm\.keep$|^token\.(yes|again|no|invite)$"
)
SENTENCE: Final = re.compile(r"^problem\.[\w.]+\.(why|fix|fix_wait)$|_next$|\.next\.\w+$|^state\.fix\.")


def texts() -> Iterator[tuple[str, str]]:
    """Yield key and text of every form of every entry."""
    for folder in FOLDERS:
        for key, message in messages(folder, DEFAULT_LOCALE).items():
            for text in forms(message):
                yield key, text


def of_members() -> Iterator[tuple[str, str]]:
    """Yield what members read."""
    return ((key, text) for key, text in texts() if not OPERATOR.match(key))


def shown(text: str) -> str:
    """Return a text as it is shown: with values of a common length, and without addresses and markdown."""
    named = {name: VALUES.get(name, ANY_VALUE) for name in placeholders(text)}
    return re.sub(r"\]\([^)]*\)", "]", filled(text, DEFAULT_LOCALE, named)).replace("**", "").replace("`", "")


def titles(keys: set[str]) -> set[str]:
    """Return the keys that a notice shows in bold above everything else: those with a description."""
    return {key for key in keys if f"{key}_how" in keys} - {"toolzz.connect.token"}


def field_names() -> set[str]:
    """Return the keys that the program gives a field as its name."""
    found: set[str] = set()
    for _, tree in modules("bot", "cogs"):
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Name(id="Field"), args=[ast.Call(args=[name, *_]), *_]):
                    found |= {
                        each.value
                        for each in ast.walk(name)
                        if isinstance(each, ast.Constant) and isinstance(each.value, str)
                    }
    return found


def test_a_text_fits_its_place() -> None:
    """A reply is read on a phone; what is longer than this is cut there or not read."""
    long = {
        (key, length(shown(text)), limit)
        for key, text in of_members()
        for pattern, limit in LIMITS.items()
        if re.search(pattern, key) and key not in LONG | NAMING | SENTENCES and length(shown(text)) > limit
    }
    assert long == set()


def test_titles_and_field_names_are_short() -> None:
    """A title is one line on a phone, and so is the name of a field."""
    keys = {key for key, _ in texts()}
    names, heads = field_names() & keys, titles(keys)
    assert len(names) > 50
    assert len(heads) > 50
    assert {key for key, text in texts() if key in heads and length(shown(text)) > MAX_TITLE} == set()
    assert {
        key
        for key, text in texts()
        if key in names - heads - SENTENCES and length(shown(text)) > MAX_FIELD_NAME
    } == set()


def test_every_limit_is_for_something() -> None:
    """Each pattern matches a key, and each exception is one."""
    keys = {key for key, _ in texts()}
    assert [pattern for pattern in LIMITS if not any(re.search(pattern, key) for key in keys)] == []
    assert (LONG | NAMING | SENTENCES) - keys == set()


def test_a_sentence_has_one_idea() -> None:
    """No semicolon joins two thoughts, no plural is in brackets, no sentence is too long to read at once."""
    assert [key for key, text in texts() if re.search(r";|\(s\)", QUOTED.sub("", text))] == []
    sentences = ((key, each) for key, text in texts() for each in re.split(r"[.!?]\s|\n", shown(text)))
    assert [(key, each) for key, each in sentences if len(re.findall(r"\S*\w\S*", each)) > MAX_WORDS] == []


def test_brackets_hold_a_default_or_an_example() -> None:
    """Anything else in brackets is a second thought, and gets a sentence of its own."""
    assert [key for key, text in of_members() if BRACKETS.search(QUOTED.sub("", text))] == []


def test_the_words_are_those_of_the_glossary() -> None:
    """One word for each thing, and none that the guide forbids."""
    ours = ((key, text) for key, text in texts() if not key.startswith("permission."))
    found = ((key, FORBIDDEN_WORD.search(QUOTED.sub("", text))) for key, text in ours)
    assert [(key, word[0]) for key, word in found if word] == []


def test_texts_are_written_as_people_speak() -> None:
    """There is a contraction wherever there can be one."""
    found = ((key, LONG_FORM.search(QUOTED.sub("", text))) for key, text in texts())
    assert [(key, form[0]) for key, form in found if form] == []


@pytest.mark.parametrize(
    "text", ["I cannot", "it is not", "does not", "you are", "There is none", "What is new"]
)
def test_a_long_form_is_noticed(text: str) -> None:
    """The pattern finds what it is for."""
    assert LONG_FORM.search(text)


@pytest.mark.parametrize(
    "text", ["can't", "It isn't", "you're", "its", "Who is responsible", "if you do", "I have the token"]
)
def test_a_contraction_is_none(text: str) -> None:
    """The pattern leaves alone what is right."""
    assert not LONG_FORM.search(text)


def test_a_command_is_run() -> None:
    """Members run a command, press a button, and choose from a menu; they use none of them."""
    assert [key for key, text in texts() if USED.search(text)] == []


def test_titles_and_buttons_have_no_period() -> None:
    """A fragment has none; what happened, why and what to do are sentences."""
    keys = {key for key, _ in texts()}
    heads = titles(keys) | field_names()
    fragments = [
        (key, text)
        for key, text in texts()
        if (FRAGMENT.search(key) or key in heads) and key not in SENTENCES
    ]
    assert [key for key, text in fragments if text.endswith((".", "…", ":"))] == []
    assert [key for key, text in texts() if SENTENCE.search(key) and not text.endswith((".", "`"))] == []


def test_titles_and_buttons_do_not_speak_of_i() -> None:
    """Patchbay says "I" only where it tells what it did or cannot do, and once in a text."""
    keys = {key for key, _ in texts()}
    heads = titles(keys) | {key for key in keys if FRAGMENT.search(key) or re.search(r"description$", key)}
    said = [(key, re.findall(r"\bI\b", QUOTED.sub("", text))) for key, text in texts()]
    assert [key for key, found in said if len(found) > 1 or (found and key in heads)] == []
