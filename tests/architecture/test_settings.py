"""Holds the README's table of settings to the program."""

import re

from bot.providers import providers
from bot.settings import Settings
from tests.architecture.source import ROOT

NAME = re.compile(r"\bPATCHBAY_[A-Z_]*[A-Z]\b")
ROW = re.compile(r"^\| `(PATCHBAY_[A-Z_]+)` \|", re.MULTILINE)


def test_every_setting_is_in_the_readme() -> None:
    """The table names each variable that the program reads, and none that it does not."""
    fields = {f"PATCHBAY_{name.upper()}" for name in Settings.model_fields}
    provided = {endpoint.setting for provider in providers() for endpoint in provider.endpoints}
    provided |= {switch.setting for provider in providers() for switch in provider.switches}
    others = set(NAME.findall((ROOT / "bot" / "settings.py").read_text("utf-8")))
    assert set(ROW.findall((ROOT / "README.md").read_text("utf-8"))) == fields | provided | others
