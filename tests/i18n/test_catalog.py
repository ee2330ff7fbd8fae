"""Which language a member gets, and what a text that is missing does."""

from datetime import date

import discord
import pytest

from bot.i18n.catalog import DEFAULT_LOCALE, LOCALES, MissingTextError, closest_locale, load_catalog


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
