"""A diagnosis as members see it, and the file that goes with it for a provider's support."""

import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from enum import IntEnum, auto
from importlib.metadata import version
from itertools import groupby
from typing import Final, NamedTuple

import discord

from bot.discord.access.agent_bots import bot_page
from bot.discord.sync import CommandLinks
from bot.discord.text import listed, plain
from bot.discord.theme import Field, Tone, card, when
from bot.errors import ForbiddenError, ProviderError, UnauthorizedError
from bot.i18n.catalog import Texts
from bot.providers.base.diagnosis import Check, Verdict
from bot.providers.base.redaction import Redactor

DIAGNOSE: Final = "integrations.diagnose.button"
"""The key of the label of the button that diagnoses."""
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


FOR_SUPPORT: Final = "4013"
"""The code of an error that only the provider can repair: the bot asked for an intent that does not exist."""
_ACTIONS: Final = re.compile(rf"\]\(https://|`/[a-z]|`{re.escape(FILE)}`")
"""What something can be done with, besides a button: a link, a command, or the file."""


class Remedy(IntEnum):
    """What somebody does about a finding, in the order in which to do it."""

    CREDENTIALS = auto()
    """Enter credentials that the provider accepts, and that can be read."""
    PROVIDER = auto()
    """Wait until the provider answers, or report that it does not."""
    REPLACE = auto()
    """Take another agent, or create it again."""
    SWITCH_ON = auto()
    PORTAL = auto()
    """Change the agent's bot in the Developer Portal."""
    RECONNECT = auto()
    """Connect the agent again where its provider lets one."""
    SERVER = auto()
    """Check which server it is for."""
    INVITE = auto()
    TIMEOUT = auto()
    CHANNELS = auto()
    """Let the bot work in its channels, or choose others."""
    SUPPORT = auto()
    """Send the file to the provider's support."""
    ALERTS = auto()
    """Choose where alerts go."""
    DELIVERY = auto()
    """Let alerts arrive where they go."""
    AGAIN = auto()
    """Diagnose again in a while."""


class Fix(NamedTuple):
    """What to do about a finding, as members read it."""

    remedy: Remedy
    text: str


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """A check as members read it.

    title: what is checked. says: what was found, empty where the title and the symbol say it. fix: None where
    there is nothing to do.
    """

    check: Check
    title: str
    says: str = ""
    fix: Fix | None = None


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


def fix_of_code(
    provider: str, provider_name: str, known: str | None, application: int | None, texts: Texts
) -> Fix:
    """Return what to do about an error that a provider reports of an agent.

    provider: the slug. known: the code that the error stands for, see ``known_code``. application: that of
    the agent's bot, None if it is not known.
    """
    step = f"{provider}.code.{known}.step"
    if known != FOR_SUPPORT and (text := texts.find(step, page=bot_page(application))):
        return Fix(Remedy.PORTAL, text)
    return Fix(Remedy.SUPPORT, texts("diagnosis.fix.support", file=FILE, provider=provider_name))


def fix_of_failure(failure: ProviderError, fix: str, texts: Texts) -> Fix:
    """Return what to do about a provider's failure. fix: what is said of it anywhere."""
    if isinstance(failure, UnauthorizedError):
        return Fix(Remedy.CREDENTIALS, texts("diagnosis.fix.rotate"))
    return Fix(Remedy.CREDENTIALS if isinstance(failure, ForbiddenError) else Remedy.PROVIDER, fix)


def fixes_of(findings: Iterable[CheckFinding]) -> list[Fix]:
    """Return each thing to do once, in the order in which to do it."""
    fixes: dict[Remedy, Fix] = {}
    for finding in findings:
        if finding.fix is not None:
            fixes.setdefault(finding.fix.remedy, finding.fix)
    return sorted(fixes.values())


def steps_of(
    fixes: Sequence[Fix], usable: Collection[str], buttons: Sequence[str], texts: Texts
) -> list[str]:
    """Say what to do, or who can do it.

    What can be done from the answer has a link, a command, a button or the file. Whoever does anything else
    is told in the end how to check it.

    usable: the names of the top-level commands that the reader may use. buttons: the labels of the answer's
    buttons that texts may name; the first one diagnoses again.
    """
    refused = [CommandLinks.named_in(each.text) - set(usable) for each in fixes]
    steps = [
        texts("diagnosis.fix.ask", fix=each.text) if commands else each.text
        for each, commands in zip(fixes, refused, strict=True)
    ]
    first, *others = (f"**{each}**" for each in buttons)
    can_be_done = all(_ACTIONS.search(step) or any(each in step for each in others) for step in steps)
    if can_be_done or any(first in step for step in steps):
        return steps
    again = texts("diagnosis.fix.again", button=buttons[0])
    return [*steps, again] if len(steps) > 1 else [f"{steps[0]} {again}"]


def diagnosis_card(
    found: Diagnosis, steps: Sequence[str], provider: str, checked_at: int, texts: Texts
) -> discord.Embed:
    """Show every check, then the steps, numbered where there are several.

    provider: its proper name. checked_at: seconds since 1970.
    """
    verdicts = {finding.check.verdict for finding in found.findings}
    is_bad, is_open = Verdict.FAILED in verdicts, Verdict.UNKNOWN in verdicts
    if len(steps) > 1:
        todo = listed((f"{number}. {step}" for number, step in enumerate(steps, start=1)), texts)
        next_steps = Field(texts("diagnosis.steps"), todo)
    else:
        step = next(iter(steps), texts("diagnosis.fine", provider=provider))
        next_steps = Field(texts("next_step"), step)
    return card(
        Tone.BAD if is_bad else Tone.WARNING if is_open else Tone.GOOD,
        texts("diagnosis.title", name=found.name),
        "\n".join([*_lines(found.findings, texts), texts("diagnosis.checked", time=when(checked_at))]),
        fields=[next_steps],
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


def _lines(findings: Iterable[CheckFinding], texts: Texts) -> Iterator[str]:
    """Yield a line for each check; checks in a row that have nothing more to say share one."""
    for verdict, group in groupby(findings, lambda each: None if each.says else each.check.verdict):
        if verdict is None:
            yield from (f"{_SYMBOLS[each.check.verdict]} **{each.title}** · {each.says}" for each in group)
            continue
        titles = " · ".join(each.title for each in group)
        shown = texts("diagnosis.skipped", checks=titles) if verdict is Verdict.SKIPPED else titles
        yield f"{_SYMBOLS[verdict]} {shown}"


def _shown(value: object, redactor: Redactor) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        # In the calendar's first and last year the conversion can leave the range of datetime.
        time = value if value.year in {MINYEAR, MAXYEAR} else value.astimezone(UTC)
        return time.isoformat(timespec="seconds").replace("+00:00", "Z")
    # Cleaned before it is cut, because half a secret is not recognised as one.
    return plain(redactor.clean(str(value)), _MAX_VALUE)
