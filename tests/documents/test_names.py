"""The pages for users name what members see, as they see it."""

import re
from pathlib import Path
from typing import Final

import pytest

from bot.documents.words import WORDS
from bot.i18n.catalog import LOCALES
from tests.support.catalogs import FOLDERS, forms, messages
from tests.support.source import ROOT

BOLD: Final = re.compile(r"\*\*([^*]+)\*\*")
MADE: Final = re.compile(r"<!-- made by .*?<!-- end -->", re.DOTALL)
ELSEWHERE: Final = {
    # the Developer Portal, in English in both languages
    "Bot",
    "New Application",
    "Reset Token",
    "Public Bot",
    "Message Content Intent",
    "Requires OAuth2 Code Grant",
    # Discord's menu of a message or member
    "Apps",
    "Aplicativos",
    # what is told apart in a list or a table
    "manager",
    "viewer",
    "managers",
    "viewers",
    "gestão",
    "leitura",
    "Sensay",
    "Sensay:",
    "Toolzz:",
}
"""What stands in bold and is no text of the bot's."""


def known_names(locale: str) -> set[str]:
    """Return all texts of a language, without the emoji in front of some buttons."""
    texts = (text for folder in FOLDERS for each in messages(folder, locale).values() for text in forms(each))
    return {re.sub(r"^\W+", "", text) for text in texts}


@pytest.mark.parametrize("locale", LOCALES)
def test_a_name_in_bold_is_on_the_screen(locale: str) -> None:
    """A button, a menu, a state or a permission is called in a page as the bot or Discord calls it."""
    names, unknown = known_names(locale), []
    for page in sorted((ROOT / "docs" / WORDS[locale].folder).glob("*.md")):
        if page.name != "privacy.md":
            written = MADE.sub("", page.read_text("utf-8"))
            unknown += [f"{page.name}: {name}" for name in named(written) if name not in names | ELSEWHERE]
    assert unknown == []


def named(text: str) -> list[str]:
    """Return what stands in bold, each part of a path such as **Apps > Agent status** by itself."""
    return [part for bold in BOLD.findall(text) for part in re.split(r" > ", " ".join(bold.split()))]


def test_every_exception_is_needed() -> None:
    """What is in bold nowhere needs no exception."""
    pages: list[Path] = [
        page for words in WORDS.values() for page in (ROOT / "docs" / words.folder).glob("*.md")
    ]
    found = {name for page in pages for name in named(page.read_text("utf-8"))}
    assert ELSEWHERE - found == set()
