"""Holds the README's table of settings to the program."""

import re

from bot.operating.settings_table import settings_table
from tests.support.source import ROOT

NAME = re.compile(r"\bPATCHBAY_[A-Z_]*[A-Z]\b")


def test_the_readme_describes_every_setting() -> None:
    """The README's table is the one that the settings and the providers give; `make readme` writes it."""
    assert settings_table() in (ROOT / "README.md").read_text("utf-8")


def test_the_table_names_what_is_read_otherwise() -> None:
    """A variable that ``bot/settings.py`` reads without a field is in the table too."""
    assert set(NAME.findall((ROOT / "bot" / "settings.py").read_text("utf-8"))) <= set(
        NAME.findall(settings_table())
    )
