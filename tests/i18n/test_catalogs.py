"""The catalogues are complete in both languages, hold no unused text, and every text fits its place."""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import discord
import pytest

from bot.discord.text import length
from bot.errors import PatchbayError
from bot.i18n.catalog import LOCALES
from bot.network_faults import NetworkFault
from bot.providers import providers
from bot.providers.base.integration import State
from bot.setup_errors import SetupError
from tests.support.catalogs import FOLDERS, catalog, filled, forms, messages, placeholders
from tests.support.contract import Contract
from tests.support.error_kinds import (
    concrete_errors,
    input_rules,
    missing_rights,
)
from tests.support.named_buttons import ELSEWHERE, named_buttons
from tests.support.source import modules

# How long a text may be depends on where it is shown, with its values filled in; Discord counts UTF-16 units.
LIMITS = {
    r"\.description$": 100,
    r"option\.": 100,
    r"\.form$": 45,
    r"^credential\.\w+\.label$|^\w+\.connect\.token$": 45,
    r"\.placeholder$": 100,
    r"button$|^confirm\.keep$|\.refresh$": 80,
    r"^toolzz\.form\.(title|channels|scope|switches)$": 45,
    r"^toolzz\.form\.(.*_how|scope\.\w+|switch\.\w+)$": 100,
    r"^\w+\.connect\.token_how$|\.choice\.": 100,
    r"\.candidates$": 150,
    r"\.intro$": 4000,
    r"^problem\.[\w.]+\.title$|\.done$|\.ask$|\.kept$": 200,
    r"^problem\.[\w.]+\.(why|fix)$": 1000,
    r"^(toolzz\.next|toolzz\.code)\.": 1000,
    r"footer$|reference$": 400,
}
# The longest values that appear in a short place.
LONG_VALUES = {"provider": "Toolzz", "name": "x" * 20}
# Proper names and bare patterns, the same in any language.
ALIKE = {
    "alerts.message.title",
    "duration.hours",
    "integrations.status.id",
    "preflight.bot",
    "sensay.ask.seconds",
    "sensay.usage.total",
    "duration.minutes",
    "duration.seconds",
    "toolzz.status.bot",
    "toolzz.status.line",
    "sensay.usage.source.discord",
    "sensay.usage.source.telegram",
    "setup.invalid_setting",
}
# Texts that get the provider's name, and of which only the Portuguese needs it.
NAMED_IN_PORTUGUESE = {"alerts.message.on_provider", "problem.no_connection.why"}
COMMAND = re.compile(r"`/([a-z]+(?: [a-z-]+)?)`")
WORD = re.compile(r"[\w.]+")
FIELD = re.compile(r"\{\w+\}")


def every_text() -> Iterator[tuple[str, str, str]]:
    """Yield locale, key and text of every form of every entry."""
    for folder in FOLDERS:
        for locale in LOCALES:
            for key, message in messages(folder, locale).items():
                for text in forms(message):
                    yield locale, key, text


def keys() -> set[str]:
    """Return all keys of all folders."""
    return {key for folder in FOLDERS for key in messages(folder, LOCALES[0])}


@pytest.mark.parametrize("folder", FOLDERS)
def test_both_languages_have_the_same_keys(folder: str) -> None:
    """Both languages have the same texts in the same order."""
    one, other = (list(messages(folder, locale)) for locale in LOCALES)
    assert one == other


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_catalogue_has_each_key_once(folder: str) -> None:
    """No key is there twice, which would hide one of its texts."""
    for locale in LOCALES:
        text = (FOLDERS[folder] / f"{locale}.po").read_text("utf-8")
        found = re.findall(r'^(?:msgctxt "(.+)"\n)?msgid "(.+)"$', text, re.MULTILINE)
        assert sorted(found) == sorted(set(found))


def test_each_provider_s_name_has_its_forms() -> None:
    """The program checks that the forms are complete, but cannot know of which name."""
    for provider in providers():
        named = {message.id for message in catalog(provider.slug, "pt-BR") if message.context}
        assert named == {provider.name}


def test_no_key_is_in_two_folders() -> None:
    """The shared texts and each provider's keep apart."""
    found = [key for folder in FOLDERS for key in messages(folder, LOCALES[0])]
    assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("folder", FOLDERS)
def test_both_languages_want_the_same_values(folder: str) -> None:
    """A placeholder that one language lacks would drop a fact, one too many would fail.

    The name of the provider stands beside most texts about one, so that Portuguese may leave it out.
    """
    one, other = (messages(folder, locale) for locale in LOCALES)
    for key, message in one.items():
        wanted = {frozenset(placeholders(text)) for text in forms(message)}
        found = {frozenset(placeholders(text)) for text in forms(other[key])}
        assert len(wanted) == len(found) == 1, key
        assert wanted.pop() ^ found.pop() <= {"provider"}, key
    named = {key for key, message in other.items() if "provider" in placeholders(forms(message)[0])}
    unnamed = {key for key, message in one.items() if "provider" not in placeholders(forms(message)[0])}
    assert named & unnamed <= NAMED_IN_PORTUGUESE


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("locale", LOCALES)
def test_plurals_are_complete(folder: str, locale: str) -> None:
    """What is counted has as many forms as the language, and its count in each."""
    number = catalog(folder, locale).num_plurals
    for key, message in messages(folder, locale).items():
        if message.pluralizable:
            assert len(forms(message)) == number, key
            assert all("{count}" in text for text in forms(message)), key


def test_no_text_is_empty_fuzzy_or_its_own_key() -> None:
    """Gettext cannot tell a text that equals its key from one that is missing."""
    for locale, key, text in every_text():
        assert text.strip() == text, (locale, key)
        assert text not in ("", key), (locale, key)
    entries = [messages(folder, locale).values() for folder in FOLDERS for locale in LOCALES]
    assert not any(message.fuzzy for found in entries for message in found)


def test_texts_are_translated() -> None:
    """The Portuguese of a sentence is not its English, but for proper names and bare patterns."""
    alike = set()
    for folder in FOLDERS:
        one, other = (messages(folder, locale) for locale in LOCALES)
        alike |= {key for key, message in one.items() if forms(message) == forms(other[key])}
    assert alike == ALIKE | {f"{provider.slug}.title" for provider in providers()}


@pytest.mark.parametrize("locale", LOCALES)
def test_texts_fit_their_places(locale: str) -> None:
    """With the longest values filled in, a text is within Discord's limit for where it goes."""
    for of, key, text in every_text():
        if of != locale:
            continue
        values = {name: LONG_VALUES.get(name, "x" * 60) for name in placeholders(text)}
        for pattern, limit in LIMITS.items():
            if re.search(pattern, key):
                assert length(filled(text, locale, values)) <= limit, (locale, key)


def test_every_limit_is_for_something() -> None:
    """Each pattern matches a key; one that matches none would check nothing."""
    assert [pattern for pattern in LIMITS if not any(re.search(pattern, key) for key in keys())] == []


def test_commands_in_texts_exist() -> None:
    """A text that names a command names one that has a description, so that it becomes a link."""
    described = {key.removesuffix(".description") for key in keys() if key.endswith(".description")}
    commands = {key.replace(".", " ") for key in described}
    for locale, key, text in every_text():
        for name in COMMAND.findall(text):
            assert name in commands, (locale, key, name)


def test_both_languages_name_the_same_commands() -> None:
    """A translation names the same commands as its original."""
    for folder in FOLDERS:
        one, other = (messages(folder, locale) for locale in LOCALES)
        for key, message in one.items():
            named = [sorted(COMMAND.findall(" ".join(forms(entry)))) for entry in (message, other[key])]
            assert named[0] == named[1], key


# --- keys that the program uses ---


def used_keys() -> tuple[set[str], set[str]]:
    """Return the string constants of the program that look like keys, and patterns for the composed ones."""
    plain: set[str] = set()
    patterns: set[str] = set()
    endings: set[str] = set()
    for path, tree in modules("bot", "cogs"):
        if path.parts[:2] == ("bot", "demo") or path.name == "simulator.py":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if WORD.fullmatch(node.value):
                    plain.add(node.value)
                elif "{" in node.value:  # a caption that names fields of its route
                    parts = [each for part in FIELD.split(node.value) for each in (part, None)]
                    patterns.add(pattern(parts[:-1]))
            elif isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
                patterns.add(pattern(parts))
                if len(parts) == 2 and parts[0] is None and re.fullmatch("_[a-z]+", str(parts[1])):
                    endings.add(str(parts[1]))
    patterns -= {""}
    plain |= {f"{key}{ending}" for key in plain for ending in endings}
    return plain, patterns | {f"{key}{ending}" for key in patterns for ending in endings}


def pattern(parts: Sequence[object]) -> str:
    """Return a pattern for the keys that a composed text can become; empty where it is no key.

    parts: the fixed parts of the text, and None for the others.
    """
    fixed = "".join(part for part in parts if isinstance(part, str))
    if not re.fullmatch(r"[a-z_.]*[a-z][a-z_.]*", fixed) or "." not in fixed:
        return ""
    return "".join(re.escape(part) if isinstance(part, str) else r"[\w.-]+" for part in parts)


def looked_up() -> Iterator[tuple[Path, int, str]]:
    """Yield where the program looks up a fixed key: texts("..."), notice(texts, tone, "...")."""
    for path, tree in modules("bot", "cogs"):
        lookups = {"texts", "plural", "localized"}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            if called.removeprefix("_") in lookups:
                yield from ((path, node.lineno, key) for key in constants(node.args[0]))
            elif called == "notice":
                yield from ((path, node.lineno, key) for key in noticed(node))


def noticed(call: ast.Call) -> Iterator[str]:
    """Yield the keys of the texts that a notice with a fixed key shows, but for those that are replaced."""
    replaced = {keyword.arg for keyword in call.keywords}
    for key in constants(call.args[2]):
        for ending, part in (("", "title"), ("_how", "how"), ("_next", "next_step")):
            if part not in replaced:
                yield key + ending


def constants(node: ast.expr) -> Iterator[str]:
    """Yield the fixed strings that an argument can be: itself, or either side of a condition."""
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.IfExp():
            yield from constants(node.body)
            yield from constants(node.orelse)


def test_every_fixed_key_exists() -> None:
    """Each fixed key that the program looks up is in the catalogues."""
    places = list(looked_up())
    assert len(places) > 50
    known = keys()
    assert [f"{path}:{line} {key}" for path, line, key in places if key not in known] == []


def computed() -> set[str]:
    """Return the keys that the program composes from classes and names that it finds, and that must exist."""
    slugs = {provider.slug for provider in providers()}
    fields = {provider.field_key(field.id) for provider in providers() for field in provider.fields}
    found = {f"permission.{name}" for name, _ in discord.Permissions.all()} | {"permission.none"}
    found |= {f"{part}.{state}" for state in State for part in ("state", "toolzz.means", "toolzz.next")}
    found |= {f"credential.{slug}.intro" for slug in slugs}
    found |= {f"{field}.{part}" for field in fields for part in ("label", "description")}
    found |= set(choice_keys())
    worded: list[type[PatchbayError]] = [PatchbayError, *concrete_errors(PatchbayError)]
    errors = {error.key for error in worded if error not in setup_errors()}
    errors = errors - {"invalid_input", "not_allowed"} | {f"invalid_input.{rule}" for rule in input_rules()}
    errors |= {f"not_allowed.{needed}" for needed in missing_rights()}
    errors |= {f"sensay.{key}" for key in coded()}
    return found | {f"problem.{key}.{part}" for key in errors for part in ("title", "why", "fix")}


def choice_keys() -> Iterator[str]:
    """Yield the key of each entry of the radio groups that ask for credentials."""
    for provider in providers():
        for field in provider.fields:
            none = ("none",) if field.choices and not field.required else ()
            yield from (f"{provider.field_key(field.id)}.choice.{each}" for each in (*field.choices, *none))


def setup_errors() -> set[type[PatchbayError]]:
    """Return the errors that the operator reads; their texts have keys of their own."""
    return {SetupError, *concrete_errors(SetupError)}


def coded() -> set[str]:
    """Return kind and code for each error code in Sensay's contract; all of them are quotas."""
    _, field = Contract.of("sensay").resolve(
        ("components", "schemas", "Error", "allOf", "1", "properties", "error_code")
    )
    return {f"rate_limited.{code.lower()}" for code in field["examples"]}


def test_every_computed_key_exists() -> None:
    """Each state, permission, credential field, provider and error has its texts."""
    assert len(input_rules()) > 5
    assert computed() - keys() == set()


BUTTONS = re.compile(r"(?:^|[._])(?:button|yes|no|keep|look|refresh|back|forth|up)$")
"""The keys of the labels of buttons."""


@pytest.mark.parametrize("locale", LOCALES)
def test_buttons_in_texts_exist(locale: str) -> None:
    """What a text tells its reader to press is the label of a button, or one of another program's."""
    texts = {key: forms(each) for folder in FOLDERS for key, each in messages(folder, locale).items()}
    labels = {text for key, found in texts.items() if BUTTONS.search(key) for text in found}
    named = {label for found in texts.values() for text in found for label in named_buttons(text)}
    assert {label for label in named if "{" not in label} - labels == set()
    assert len(named) > 10


def test_what_is_pressed_elsewhere_is_named() -> None:
    """Each exemption is for a text that there is."""
    told = [
        text
        for folder in FOLDERS
        for locale in LOCALES
        for each in messages(folder, locale).values()
        for text in forms(each)
    ]
    assert {label for label in ELSEWHERE if not any(f"**{label}**" in text for text in told)} == set()


def test_every_text_is_used() -> None:
    """The program can look up each key of the catalogues."""
    plain, patterns = used_keys()
    composed = re.compile("|".join(f"(?:{part})" for part in sorted(patterns)))
    assert {key for key in keys() if key not in plain and not composed.fullmatch(key)} == set()


def test_every_problem_is_one_that_happens() -> None:
    """Each text of an error, a permission or a credential belongs to one that exists."""
    of_providers = {
        f"problem.{provider.slug}.{key.removeprefix('problem.')}"
        for provider in providers()
        for key in computed() | {"problem.outcome_unknown.fix"}
    }
    others = {"problem.fix", "problem.reference", "problem.detail", "problem.outcome_unknown.fix"}
    others |= {"problem.rate_limited.fix_wait"}
    others |= {f"problem.unreachable.{fault}.why" for fault in NetworkFault}
    others |= {f"problem.not_allowed.{tier}.by_role.fix" for tier in ("manager", "viewer")}
    optional = {
        f"{provider.field_key(field.id)}.placeholder" for provider in providers() for field in provider.fields
    }
    of_families = {key for key in keys() if key.partition(".")[0] in ("problem", "permission", "credential")}
    assert of_families - computed() - of_providers - others - optional == set()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "key", ["privacy.erased_how", "privacy.info.erased_what", "handover.unsettled.unknown"]
)
def test_a_date_within_a_sentence_has_its_preposition(locale: str, key: str) -> None:
    """Discord shows the time of these sentences as a date."""
    (text,) = forms(messages("i18n", locale)[key])
    assert f"{'on' if locale == 'en-US' else 'em'} {{time}}" in text
