"""A diagnosis as members see it, and the file that goes with it for a provider's support."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import discord

from bot.kit.diagnosis import Check, Verdict
from bot.ui.text import plain
from bot.ui.theme import Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.errors import ProviderError
    from bot.i18n.catalog import Texts
    from bot.kit.redaction import Redactor

FILE: Final = "diagnosis.txt"
_VERSION: Final = version("patchbay")
_LONGEST_VALUE: Final = 500
_SYMBOLS: Final[Mapping[Verdict, str]] = {
    Verdict.OK: "✅",
    Verdict.FAILED: "❌",
    Verdict.UNKNOWN: "❔",
    Verdict.SKIPPED: "➖",  # noqa: RUF001 - a symbol, no sign in a text
    Verdict.NOTED: "📌",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A check in a member's words. title: what is checked. fix: empty where there is nothing to do."""

    check: Check
    title: str
    says: str
    fix: str = ""


def diagnosis_card(
    name: str, provider: str, findings: Sequence[Finding], checked_at: int, texts: Texts
) -> discord.Embed:
    """Show the checks, the fix of each that is not right, and of the worst one as what to do now.

    name: safe where markdown is rendered. provider: its proper name. checked_at: seconds since 1970.
    """
    failed, untold = (
        [finding.fix for finding in findings if finding.check.verdict is verdict]
        for verdict in (Verdict.FAILED, Verdict.UNKNOWN)
    )
    first = next(iter([*failed, *untold]), None)
    return card(
        Tone.BAD if failed else Tone.WARNING if untold else Tone.GOOD,
        texts("diagnosis.title", name=name),
        "\n".join(_line(finding) for finding in findings),
        fields=[
            Field(texts("diagnosis.checked"), when(checked_at)),
            Field(texts("next_step"), first or texts("diagnosis.fine", provider=provider)),
        ],
        footer=texts("diagnosis.footer", file=FILE, provider=provider),
        symbol="🩺",
    )


def diagnosis_file(
    integration_id: str,
    checks: Iterable[Check],
    facts: Iterable[tuple[str, object]],
    checked_at: int,
    redactor: Redactor,
) -> discord.File:
    """Write a line for each thing that is known, in English: what a support team needs, and nothing else.

    facts: no secret, no member, no name of a server or channel; the ids tell as much to those who may look
    them up. Those that are None are left out. checked_at: seconds since 1970.
    """
    lines: list[tuple[str, object]] = [
        ("patchbay", _VERSION),
        ("written", datetime.fromtimestamp(checked_at, UTC)),
        ("integration", integration_id),
        *((f"check {check.name}", f"{check.verdict} ({check.reason})") for check in checks),
        *facts,
    ]
    text = "".join(f"{name}: {_shown(value, redactor)}\n" for name, value in lines if value is not None)
    return discord.File(io.BytesIO(text.encode(errors="replace")), FILE)


def failure_facts(failure: ProviderError) -> Iterator[tuple[str, object]]:
    """Yield what is known of a provider's failure, for the file."""
    yield "failure", failure.key
    yield "status", failure.status
    yield "request id", failure.request_id
    yield "code", failure.code
    yield "said", failure.detail


def _line(finding: Finding) -> str:
    line = f"{_SYMBOLS[finding.check.verdict]} **{finding.title}** · {finding.says}"
    return f"{line}\n↳ {finding.fix}" if finding.fix else line


def _shown(value: object, redactor: Redactor) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        # At the ends of the calendar another zone can be in a year that there is not.
        there = value if value.year in {MINYEAR, MAXYEAR} else value.astimezone(UTC)
        return there.isoformat(timespec="seconds").replace("+00:00", "Z")
    # Before it is cut: half a secret is not recognised as one.
    return plain(redactor.clean(str(value)), _LONGEST_VALUE)
