"""Writes the figures of a run into docs/benchmarks.md, and those that the README quotes."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, Self

from benchmarks.processes import ROOT
from benchmarks.table import HEAD, Row, line

PAGE: Final = ROOT / "docs" / "benchmarks.md"
README: Final = ROOT / "README.md"
_BEGIN: Final = "<!-- The figures of `make bench ARGS=--record` -->\n"
_END: Final = "<!-- End -->"
_QUOTED: Final = re.compile(r"(<!-- bench: (.+?) -->).*?(<!-- end -->)", re.DOTALL)


@dataclass(frozen=True)
class Machine:
    """The machine, and how busy it was before the run. load: the average of a minute."""

    name: str
    date: str
    load: float

    @classmethod
    def now(cls) -> Self:
        """Return this machine as it is now."""
        described = Path("/proc/cpuinfo").read_text("utf-8")
        model = re.search(r"^model name\s*: (.+)$", described, re.MULTILINE)
        name = (
            f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}),"
            f" Python {platform.python_version()}, discord.py {version('discord.py')}"
        )
        return cls(name, f"{datetime.now(UTC):%Y-%m-%d}", os.getloadavg()[0])

    def __str__(self) -> str:
        return f"{self.date}, {self.name}, load before the run {self.load:.1f}"


def record(machine: Machine, rows: Sequence[Row]) -> None:
    """Put the rows between the two marks of the page, each with its day, and the quoted ones into the README.

    Rows of other figures stay, unless they are of another machine.
    """
    page = recorded(PAGE.read_text("utf-8"), machine, rows)
    PAGE.write_text(page, "utf-8")
    README.write_text(quoted(README.read_text("utf-8"), medians(page)), "utf-8")


def recorded(text: str, machine: Machine, rows: Sequence[Row]) -> str:
    """Return the page with these rows."""
    before, _, rest = text.partition(_BEGIN)
    former, _, after = rest.partition(_END)
    former = former.lstrip()
    where = f"On {machine.name}:\n"
    lines = _lines(former) if former.startswith(where) else {}
    lines |= {row.figure: line((*row.cells, f"{machine.date}, load {machine.load:.1f}")) for row in rows}
    head = line((*HEAD, "measured")) + "\n|" + "---|" * (len(HEAD) + 1)
    return before + "\n".join((_BEGIN, where, head, *lines.values(), "", _END)) + after


def medians(page: str) -> Mapping[str, str]:
    """Return the median of each figure on the page."""
    rows = _lines(page.partition(_BEGIN)[2].partition(_END)[0])
    return {figure: row.split(" | ")[1] for figure, row in rows.items()}


def quoted(text: str, figures: Mapping[str, str]) -> str:
    """Return a text with each figure that it quotes: ``<!-- bench: figure -->1.23<!-- end -->``.

    One that the page does not have is "(not measured)".
    """
    return _QUOTED.sub(lambda found: f"{found[1]}{figures.get(found[2], '(not measured)')}{found[3]}", text)


def _lines(table: str) -> dict[str, str]:
    """Return the lines of a table below its head, by figure."""
    lines = [each for each in table.splitlines() if each.startswith("| ")][1:]
    return {each.removeprefix("| ").partition(" | ")[0]: each for each in lines}
