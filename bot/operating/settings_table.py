"""``python -m bot.operating.settings_table`` writes the table of settings into the README, in a checkout."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bot.settings import SECRETS_FOLDER, settings_model

_BETWEEN: Final = re.compile(r"(?<=<!-- settings -->\n).*?(?=\n<!-- /settings -->)", re.DOTALL)


def settings_table() -> str:
    """Return a Markdown table of every variable that the program reads: name, default and meaning."""
    rows = (f"| {' | '.join(row)} |" for row in _rows())
    return "\n".join(("| variable | default | meaning |", "|---|---|---|", *rows))


def write_table(readme: Path) -> None:
    """Put the table in the place of what is between the two marks of a README."""
    readme.write_text(_BETWEEN.sub(lambda _: settings_table(), readme.read_text("utf-8")), "utf-8")


def _rows() -> Iterator[tuple[str, str, str]]:
    for name, field in settings_model().model_fields.items():
        yield _code(f"PATCHBAY_{name.upper()}"), field.title or _code(field.default), field.description or ""
    yield _code("PATCHBAY_SECRETS_DIR"), _code(SECRETS_FOLDER), "another folder for the files"


def _code(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    write_table(Path("README.md"))
