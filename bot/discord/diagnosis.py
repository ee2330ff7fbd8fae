"""A diagnosis as members see it, and the file that goes with it for a provider's support."""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from importlib.metadata import version
from typing import Final

import discord

from bot.discord.text import plain
from bot.discord.theme import Field, Tone, card, when
from bot.errors import ProviderError
from bot.i18n.catalog import Texts
from bot.providers.base.diagnosis import Check, Verdict
from bot.providers.base.redaction import Redactor

FILE: Final = "diagnosis.txt"
_VERSION: Final = version("patchbay")
_MAX_VALUE: Final = 500
_SYMBOLS: Final[Mapping[Verdict, str]] = {
    Verdict.OK: "✅",
    Verdict.FAILED: "❌",
    Verdict.UNKNOWN: "❔",
    Verdict.SKIPPED: "➖",  # noqa: RUF001 - a symbol
    Verdict.NOTED: "📌",
}


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """A check as members read it. title: what is checked. fix: empty where there is nothing to do."""

    check: Check
    title: str
    says: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was found out about an integration.

    name: the integration's, safe where markdown is rendered. facts: for the file, see ``diagnosis_file``.
    failure: what kept the provider from answering; it is a part of the answer and not reported as an error.
    """

    name: str
    findings: Sequence[CheckFinding]
    facts: Sequence[tuple[str, object]]
    failure: ProviderError | None = None


def diagnosis_card(found: Diagnosis, provider: str, checked_at: int, texts: Texts) -> discord.Embed:
    """Show every check and the fix of each bad one; the fix of the worst one is the next step.

    provider: its proper name. checked_at: seconds since 1970.
    """
    failed, unknown = (
        [finding.fix for finding in found.findings if finding.check.verdict is verdict]
        for verdict in (Verdict.FAILED, Verdict.UNKNOWN)
    )
    first = next(iter([*failed, *unknown]), None)
    return card(
        Tone.BAD if failed else Tone.WARNING if unknown else Tone.GOOD,
        texts("diagnosis.title", name=found.name),
        "\n".join(map(_line, found.findings)),
        fields=[
            Field(texts("diagnosis.checked"), when(checked_at)),
            Field(texts("next_step"), first or texts("diagnosis.fine", provider=provider)),
        ],
        footer=texts("diagnosis.footer", file=FILE, provider=provider),
        symbol="🩺",
    )


def diagnosis_file(
    integration_id: str, found: Diagnosis, checked_at: int, redactor: Redactor
) -> discord.File:
    """Write one line in English for each check and each fact, for a provider's support team.

    The facts hold no secret, no member, and no name of a server or channel; the support team can look the
    ids up. Facts that are None are left out. checked_at: seconds since 1970.
    """
    checks = (finding.check for finding in found.findings)
    lines: list[tuple[str, object]] = [
        ("patchbay", _VERSION),
        ("written", datetime.fromtimestamp(checked_at, UTC)),
        ("integration", integration_id),
        *((f"check {check.name}", f"{check.verdict} ({check.reason})") for check in checks),
        *found.facts,
    ]
    text = "".join(f"{name}: {_shown(value, redactor)}\n" for name, value in lines if value is not None)
    return discord.File(io.BytesIO(text.encode(errors="replace")), FILE)


def failure_facts(failure: ProviderError) -> Iterator[tuple[str, object]]:
    """Yield the facts of a provider's failure, for the file."""
    yield "failure", failure.key
    yield "status", failure.status
    yield "request id", failure.request_id
    yield "code", failure.code
    yield "said", failure.detail
    yield from failure.support.items()


def _line(finding: CheckFinding) -> str:
    line = f"{_SYMBOLS[finding.check.verdict]} **{finding.title}** · {finding.says}"
    return f"{line}\n↳ {finding.fix}" if finding.fix else line


def _shown(value: object, redactor: Redactor) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        # In the calendar's first and last year the conversion can leave the range of datetime.
        time = value if value.year in {MINYEAR, MAXYEAR} else value.astimezone(UTC)
        return time.isoformat(timespec="seconds").replace("+00:00", "Z")
    # Cleaned before it is cut, because half a secret is not recognised as one.
    return plain(redactor.clean(str(value)), _MAX_VALUE)
