"""The table of settings in the hosts' document, which ``make docs`` writes."""

from collections.abc import Iterator

from bot.settings import SECRETS_FOLDER, settings_model


def settings_table() -> str:
    """Return a Markdown table of every variable that the program reads: name, default and meaning."""
    rows = (f"| {' | '.join(row)} |" for row in _rows())
    return "\n".join(("| variable | default | meaning |", "|---|---|---|", *rows))


def _rows() -> Iterator[tuple[str, str, str]]:
    for name, field in settings_model().model_fields.items():
        yield _code(f"PATCHBAY_{name.upper()}"), field.title or _code(field.default), field.description or ""
    yield _code("PATCHBAY_SECRETS_DIR"), _code(SECRETS_FOLDER), "another folder for the files"


def _code(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
