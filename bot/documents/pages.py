"""Puts the generated parts into their pages: what stands between two marks is made, the rest is written."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bot.documents.commands import TreeCommand, command_reference
from bot.documents.messages import error_messages
from bot.documents.words import WORDS
from bot.i18n.catalog import LOCALES, load_catalog
from bot.operating.metrics import metrics_table
from bot.operating.settings_table import settings_table

_HOSTS: Final = Path("docs/hosting.md")
_OPERATING: Final = Path("docs/operating.md")
_MARKED: Final = re.compile(r"(<!-- made by `make docs`: (\w+) -->\n).*?(\n<!-- end -->)", re.DOTALL)


def made_pages(root: Path, commands: Sequence[TreeCommand]) -> dict[Path, str]:
    """Return each page with a generated part, by its path below ``root``, as it should read now."""
    catalog = load_catalog()
    pages = {_HOSTS: {"settings": settings_table()}, _OPERATING: {"metrics": metrics_table()}}
    for locale in LOCALES:
        words = WORDS[locale]
        folder = Path("docs") / words.folder
        pages[folder / "commands.md"] = {"commands": command_reference(commands, locale, words)}
        pages[folder / "troubleshooting.md"] = {"messages": error_messages(catalog[locale], words)}
    return {path: _filled((root / path).read_text("utf-8"), parts) for path, parts in pages.items()}


def _filled(page: str, parts: Mapping[str, str]) -> str:
    """Return a page with these parts between its marks."""
    return _MARKED.sub(lambda found: f"{found[1]}{parts[found[2]]}{found[3]}", page)
