"""Holds the hosts' table of settings to the program."""

import re

from bot.operating.settings_table import settings_table
from tests.support.source import ROOT

NAME = re.compile(r"\bPATCHBAY_[A-Z_]*[A-Z]\b")


def test_the_table_names_what_is_read_otherwise() -> None:
    """A variable that ``bot/settings.py`` reads without a field is in the table too."""
    assert set(NAME.findall((ROOT / "bot" / "settings.py").read_text("utf-8"))) <= set(
        NAME.findall(settings_table())
    )
