"""Shows findings: as text while they come, or as one JSON document at the end."""

import json
import platform
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

import click

from bot.operating.doctor.finding import Finding, Outcome

FORMAT: Final = 1
"""Raised when a key of the JSON document changes its meaning or goes; keys and ids may be added."""
_MARKS: Final[dict[Outcome, tuple[str, str]]] = {
    "failed": ("✗", "red"),
    "warning": ("!", "yellow"),
    "ok": ("✓", "green"),
    "skipped": ("-", "cyan"),
}
_WORDS: Final[dict[Outcome, str]] = {"failed": "failed", "warning": "to look at", "ok": "fine"}
_SUBJECT: Final = 24
"""Columns; the longest subject is the name of a setting."""
_INDENT: Final = _SUBJECT + 6
_MAX_WIDTH: Final = 120
_MIN_WIDTH: Final = 40


class DoctorReport:
    """What the doctor has found so far."""

    def __init__(self, *, is_json: bool, is_offline: bool) -> None:
        self._is_json = is_json
        self._is_offline = is_offline
        self._findings: list[Finding] = []

    @property
    def exit_code(self) -> int:
        """1 if anything failed, else 0: a warning keeps no bot from starting."""
        return int(any(each.outcome == "failed" for each in self._findings))

    def add(self, finding: Finding) -> None:
        """Take a finding, and show it at once as text."""
        if not self._is_json and finding.outcome != "skipped":
            self._show(finding)
        self._findings.append(finding)

    def finish(self) -> None:
        """Show the rest."""
        if self._is_json:
            click.echo(json.dumps(self._document(), indent=1))
            return
        for line in self._summary():
            click.echo(line)

    def _show(self, finding: Finding) -> None:
        shown = [each.group for each in self._findings if each.outcome != "skipped"]
        if finding.group not in shown:
            click.secho("\n" * bool(shown) + finding.group.capitalize(), bold=True)
        subject = click.style(f"{finding.subject:<{_SUBJECT}}", bold=finding.outcome != "ok")
        first, *rest = _wrapped(finding.text, _INDENT) or [""]
        click.echo(f"  {_mark(finding.outcome)} {subject}  {first}")
        for line in rest:
            click.echo(" " * _INDENT + line)
        for line in _wrapped_fix(finding.fix):
            click.echo(f"      {line}")

    def _summary(self) -> Iterator[str]:
        counts = Counter(each.outcome for each in self._findings)
        skipped: dict[str, list[str]] = {}
        for each in self._findings:
            if each.outcome == "skipped":
                skipped.setdefault(each.text, []).append(each.subject)
        yield ""
        for reason, subjects in skipped.items():
            yield f"{_mark('skipped')} not checked, because {reason}: {', '.join(subjects)}"
        yield ", ".join(
            f"{_mark(outcome)} {counts[outcome]} {words}"
            for outcome, words in _WORDS.items()
            if counts[outcome] or outcome == "ok"
        )
        if failed := [each.subject for each in self._findings if each.outcome == "failed"]:
            yield f"The bot does not start, or does not work, until this is mended: {', '.join(failed)}."

    def _document(self) -> dict[str, object]:
        counts = Counter(each.outcome for each in self._findings)
        return {
            "format": FORMAT,
            "version": version("patchbay"),
            "python": platform.python_version(),
            "checked_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "offline": self._is_offline,
            "exit_code": self.exit_code,
            "counts": {outcome: counts[outcome] for outcome in _MARKS},
            "findings": [asdict(each) for each in self._findings],
        }


def _mark(outcome: Outcome) -> str:
    symbol, colour = _MARKS[outcome]
    return click.style(symbol, fg=colour)


def _wrapped(text: str, indent: int) -> list[str]:
    """Return a text in lines that fit the terminal, and as it is where it goes to a file or a program."""
    if not sys.stdout.isatty():
        return [text]
    width = min(shutil.get_terminal_size().columns, _MAX_WIDTH) - indent
    return textwrap.wrap(text, max(width, _MIN_WIDTH), break_long_words=False, break_on_hyphens=False)


def _wrapped_fix(fix: str) -> Iterator[str]:
    """Yield a fix in lines; a command stays whole, so that it can be copied."""
    arrow = "→ "
    for line in fix.splitlines():
        for part in [line] if line.startswith("  ") else _wrapped(line, 8):
            yield arrow + part
            arrow = "  "
