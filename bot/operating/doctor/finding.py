"""What the doctor checks, and what it finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from bot.i18n.catalog import DEFAULT_LOCALE, load_catalog
from bot.setup_errors import SetupError

Group = Literal["settings", "machine", "database", "discord", "providers"]
Outcome = Literal["ok", "warning", "failed", "skipped"]

_SIZES: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    id: stays the same from release to release. outcome: the bot runs in spite of a "warning"; what "failed"
    keeps it from starting or from working; "skipped" was not checked, and the text says why. fix: what to do,
    empty if nothing; lines that begin with blanks are commands. facts: the same for programs, as JSON values.
    """

    id: str
    group: Group
    subject: str
    outcome: Outcome
    text: str
    fix: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """Something that is looked at; its methods make the finding. Fields: as of ``Finding``."""

    id: str
    group: Group
    subject: str

    def ok(self, text: str, **facts: object) -> Finding:
        """Nothing is wrong."""
        return Finding(self.id, self.group, self.subject, "ok", text, facts=facts)

    def warning(self, text: str, fix: str, **facts: object) -> Finding:
        """The bot runs, but not for long or not well."""
        return Finding(self.id, self.group, self.subject, "warning", text, fix, facts)

    def failed(self, text: str, fix: str, **facts: object) -> Finding:
        """The bot does not start, or does not work."""
        return Finding(self.id, self.group, self.subject, "failed", text, fix, facts)

    def skipped(self, reason: str) -> Finding:
        """It could not be looked at."""
        return Finding(self.id, self.group, self.subject, "skipped", reason)


def worded(error: SetupError) -> str:
    """Return the text that the bot itself shows of what keeps it from starting."""
    return load_catalog()[DEFAULT_LOCALE](f"setup.{error.key}", **error.values)


def plain(text: object, limit: int = 64) -> str:
    """Return the beginning of what somebody else has written, without what a terminal acts on."""
    return "".join(character if character.isprintable() else "?" for character in str(text)[:limit])


def size(number: float) -> str:
    """Return a number of bytes in words."""
    unit = 0
    while number >= _STEP and unit < len(_SIZES) - 1:
        number, unit = number / _STEP, unit + 1
    return f"{number:.0f} {_SIZES[unit]}" if unit == 0 else f"{number:.1f} {_SIZES[unit]}"
