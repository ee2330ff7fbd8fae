"""Which language a member gets, and what a text that is missing does."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import discord
import pytest

from bot.i18n.catalog import (
    DEFAULT_LOCALE,
    FORMS,
    LOCALES,
    MissingTextError,
    Texts,
    closest_locale,
    load_catalog,
    read_entries,
    string_folders,
)
from bot.i18n.po import CatalogEntry

SENTENCE = "{O}, {o}, {do}, {no}, {ao}, {pelo}, {Do}, {Ao}:{provider}"
FEMININE = "A X, a X, da X, na X, à X, pela X, Da X, À X:X"
MASCULINE = "O X, o X, do X, no X, ao X, pelo X, Do X, Ao X:X"


@pytest.mark.parametrize("locale", list(discord.Locale))
def test_every_language_of_discord_gets_one_of_ours(locale: discord.Locale) -> None:
    """A member with Discord in any language is answered in it, in a relative of it, or in English."""
    expected = "pt-BR" if locale is discord.Locale.brazil_portuguese else "en-US"
    assert closest_locale(locale.value) == expected
    assert load_catalog()[locale.value].locale == expected


@pytest.mark.parametrize("locale", ["pt-PT", "pt", "en-GB", "en", "", "xx-YY", "PT-br"])
def test_a_relative_language_is_closer_than_english(locale: str) -> None:
    """Portuguese of another country gets Brazil's; what nobody knows gets English."""
    assert closest_locale(locale) == ("pt-BR" if locale.startswith("pt") else DEFAULT_LOCALE)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_missing_text_is_named(locale: str) -> None:
    """A key that no catalogue has raises an error with language and key."""
    texts = load_catalog()[locale]
    with pytest.raises(MissingTextError, match=f"{locale}: no.such.key"):
        texts("no.such.key")
    with pytest.raises(MissingTextError, match=f"{locale}: no.such.key"):
        texts.plural("no.such.key", 2)
    assert texts.find("no.such.key") is None


@pytest.mark.parametrize(("locale", "plural_of_none"), [("en-US", "connections"), ("pt-BR", "conexão")])
def test_numbers_take_the_form_of_their_language(locale: str, plural_of_none: str) -> None:
    """English counts none as many, Portuguese as one."""
    texts = load_catalog()[locale]
    assert texts.plural("connections.list.title", 0).endswith(plural_of_none)
    one, two = (texts.plural("connections.list.title", count) for count in (1, 2))
    assert one.partition(" ")[2] != two.partition(" ")[2]


def test_a_value_is_not_read_as_a_placeholder() -> None:
    """Braces inside a value stay as they are."""
    texts = load_catalog()[DEFAULT_LOCALE]
    assert "{secret} {0}" in texts("problem.reference", reference="{secret} {0}")


@pytest.mark.parametrize(
    ("locale", "whole", "split", "day"),
    [("en-US", "1,234,567", "1,234.5", "11/3"), ("pt-BR", "1.234.567", "1.234,5", "03/11")],
)
def test_figures_are_those_of_the_language(locale: str, whole: str, split: str, day: str) -> None:
    """Thousands, decimals and the order of day and month follow the reader."""
    texts = load_catalog()[locale]
    assert texts.number(1_234_567) == whole
    assert texts.number(1_234_567).split(texts.thousands) == ["1", "234", "567"]
    assert texts.number(1_234.54, 1) == split
    assert texts.day(date(2026, 11, 3)) == day


@pytest.mark.parametrize(
    ("part", "english", "portuguese"),
    [
        (0, "0%", "0%"),
        (0.00001, "<0.1%", "<0,1%"),
        (0.29, "29%", "29%"),
        (0.5774, "57.7%", "57,7%"),
        (0.99999, "99.9%", "99,9%"),
        (1, "100%", "100%"),
    ],
)
def test_a_part_is_never_rounded_to_all_or_nothing(part: float, english: str, portuguese: str) -> None:
    """What is not all is not 100%, and what is something is not 0%."""
    assert load_catalog()["en-US"].percent(part) == english
    assert load_catalog()["pt-BR"].percent(part) == portuguese


def texts_of(locale: str, entries: Mapping[str, str | tuple[str, str]]) -> Texts:
    """Return texts with some entries beside the real ones."""
    added = [
        CatalogEntry(key, None, isinstance(text, tuple), text if isinstance(text, tuple) else (text,))
        for key, text in entries.items()
    ]
    read = [entry for folder in string_folders() for entry in read_entries(folder / f"{locale}.po")]
    return Texts(locale, (*read, *added))


@pytest.mark.parametrize("name", ["Sensay", "Toolzz"])
def test_a_provider_s_name_follows_its_gender(name: str) -> None:
    """A text names a form, and gets the provider's own; at the start of a sentence with a capital."""
    texts = texts_of("pt-BR", {"about": SENTENCE})
    assert texts("about", provider=name) == FEMININE.replace("X", name)
    bare = ", ".join([name] * 8)
    assert texts_of("en-US", {"about": SENTENCE})("about", provider=name) == f"{bare}:{name}"


def test_a_masculine_name_has_its_own_forms() -> None:
    """Discord is one, and so is a provider that is no longer built in, whose gender nobody knows."""
    texts = texts_of("pt-BR", {"about": SENTENCE})
    assert texts("about", provider="Discord") == MASCULINE.replace("X", "Discord")
    assert texts("about", provider="gone") == MASCULINE.replace(" X", " provedor gone").replace("X", "gone")


def test_a_form_is_found_in_each_kind_of_text() -> None:
    """A plural takes the forms too, and a text that may be missing."""
    texts = texts_of("pt-BR", {"about": "{count} {do}"})
    assert texts.find("about", provider="Toolzz", count=2) == "2 da Toolzz"
    texts = texts_of("pt-BR", {"about": ("{count} {do}", "{count} {do}")})
    assert texts.plural("about", 1204, provider="Toolzz") == "1.204 da Toolzz"


@pytest.mark.parametrize("name", ["{secret} {0} {", "100%", "{o}"])
def test_a_name_from_outside_is_not_read_as_a_placeholder(name: str) -> None:
    """A name without forms of its own stands in a text as it is."""
    assert texts_of("pt-BR", {"about": "{Do}"})("about", provider=name) == f"Do provedor {name}"


def test_a_form_needs_a_provider() -> None:
    """A text about no provider cannot name a form, which is a defect of the catalogue."""
    texts = texts_of("pt-BR", {"about": "{do}"})
    with pytest.raises(KeyError, match="do"):
        texts("about", name="Toolzz")
    with pytest.raises(KeyError, match="nome"):
        texts_of("pt-BR", {"about": "{nome}"})("about", provider="Toolzz")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("folder", string_folders(), ids=lambda folder: folder.parent.name)
def test_a_catalogue_that_lacks_a_form_is_refused(folder: Path, form: str, tmp_path: Path) -> None:
    """The program does not start with it; the error names the file and the form."""
    copy = tmp_path / "pt-BR.po"
    copy.write_text(
        (folder / copy.name).read_text("utf-8").replace(f'msgctxt "{form}"', 'msgctxt "x"'), "utf-8"
    )
    with pytest.raises(MissingTextError, match=rf"pt-BR\.po: {form} of "):
        read_entries(copy)


def test_a_catalogue_without_any_form_is_refused(tmp_path: Path) -> None:
    """A provider's name has to have its forms in its catalogue, and there is no other place to look."""
    copy = tmp_path / "pt-BR.po"
    copy.write_text('msgid ""\nmsgstr "Language: pt_BR\\n"\n\nmsgid "a.title"\nmsgstr "A"\n', "utf-8")
    with pytest.raises(MissingTextError, match="o of a provider, do of a provider"):
        read_entries(copy)
