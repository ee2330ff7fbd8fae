"""What a diagnosis shows: each check with its fix, and the file for Toolzz's support."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import discord

from bot.errors import ProviderError
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.diagnosis import Check, Surroundings, Verdict, diagnose
from bot.runtime.reach import UNTOLD
from bot.ui.problems import explain
from bot.ui.text import code, quoted
from bot.ui.theme import Field, Tone, card, when
from cogs.toolzz.channels import MOST_FLAWS, flaw_lines, invite_of, usable
from cogs.toolzz.diagnosis_file import write
from cogs.toolzz.embeds import state_fix, title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from cogs.toolzz.sight import Sight

_FILE: Final = "diagnosis.txt"
_SYMBOLS: Final[Mapping[Verdict, str]] = {
    Verdict.OK: "✅",
    Verdict.FAILED: "❌",
    Verdict.UNKNOWN: "❔",
    Verdict.SKIPPED: "➖",  # noqa: RUF001 - a symbol, no sign in a text
}


def show_diagnosis(
    bot: PatchbayBot, integration: str, seen: Sight | ProviderError, checked_at: int, texts: Texts
) -> tuple[discord.Embed, discord.File]:
    """Check everything, and return what to show and what to attach.

    seen: why Toolzz did not tell, where it did not. checked_at: seconds since 1970.
    """
    provider = bot.provider(ToolzzProvider)
    embed = diagnosis_embed(integration, seen, checked_at, {provider.slug: provider.name}, texts)
    text = write(integration, seen, checks_of(seen), checked_at, provider.redactor)
    return embed, discord.File(io.BytesIO(text.encode(errors="replace")), _FILE)


def checks_of(seen: Sight | ProviderError) -> tuple[Check, ...]:
    """Make all checks of an integration."""
    if isinstance(seen, ProviderError):
        return diagnose(seen, Surroundings(None))
    return diagnose(seen.report, _around(seen))


def diagnosis_embed(
    integration: str,
    seen: Sight | ProviderError,
    checked_at: int,
    provider_names: Mapping[str, str],
    texts: Texts,
) -> discord.Embed:
    """Show the checks, the fix of each that is not right, and of the first one as what to do now."""
    checks = checks_of(seen)
    says = _Words(seen, provider_names, texts)
    failed = [check for check in checks if check.verdict is Verdict.FAILED]
    untold = [check for check in checks if check.verdict is Verdict.UNKNOWN]
    first = next(iter(failed + untold), None)
    name = code(integration, 70) if isinstance(seen, ProviderError) else title(seen.report, texts)
    return card(
        Tone.BAD if failed else Tone.WARNING if untold else Tone.GOOD,
        texts("toolzz.diagnose.title", title=name),
        "\n".join(_line(check, says, texts) for check in checks),
        fields=[
            Field(texts("toolzz.status.checked"), when(checked_at)),
            Field(texts("next_step"), texts("toolzz.diagnose.fine") if first is None else says.fix(first)),
        ],
        footer=texts("toolzz.diagnose.footer", file=_FILE),
        symbol="🩺",
    )


def _around(sight: Sight) -> Surroundings:
    reach = sight.reach
    channels = len(sight.report.channels)
    if reach is None or not reach.looked:
        bot_known = reach is not None and reach.bot_id is not None
        return Surroundings(sight.is_here, bot_known=bot_known, channels=channels, untold=channels)
    return Surroundings(
        sight.is_here,
        bot_known=reach.bot_id is not None,
        member=reach.member,
        channels=channels,
        usable=reach.usable,
        untold=sum(access.finding in UNTOLD for access in reach.channels),
    )


def _line(check: Check, says: _Words, texts: Texts) -> str:
    line = f"{_SYMBOLS[check.verdict]} **{texts(f'toolzz.check.{check.name}')}** · {says.finding(check)}"
    if check.verdict in {Verdict.OK, Verdict.SKIPPED}:
        return line
    return f"{line}\n↳ {says.fix(check)}"


class _Words:
    """Words what was found, and what to do about it."""

    def __init__(self, seen: Sight | ProviderError, provider_names: Mapping[str, str], texts: Texts) -> None:
        self._seen = seen
        self._provider_names = provider_names
        self._texts = texts

    def finding(self, check: Check) -> str:  # noqa: PLR0911 - one for each kind of words
        """Say how a check came out."""
        texts, seen = self._texts, self._seen
        if check.verdict is Verdict.SKIPPED:
            return texts("toolzz.check.skipped")
        if isinstance(seen, ProviderError):
            known = texts.find(f"toolzz.check.{check.name}.{check.reason}")
            return known or explain(seen, texts, self._provider_names).why
        report = seen.report
        match check.name, check.reason:
            case "connected", state:
                return texts(f"toolzz.state.{state}")
            case "channels", "usable" if seen.reach is not None:
                return "\n".join([usable(seen.reach, texts), *list(flaw_lines(seen, texts))[:MOST_FLAWS]])
            case "error", "known":
                return texts(f"toolzz.code.{report.error_code}.cause")
            case "error", "past" | "unknown" as reason:
                parts = [report.error_code and code(report.error_code, 64)]
                parts.append(report.error_message and quoted(report.error_message, 300))
                return texts(f"toolzz.check.error.{reason}", error=" ".join(filter(None, parts)))
        return texts(f"toolzz.check.{check.name}.{check.reason}")

    def fix(self, check: Check) -> str:  # noqa: PLR0911 - one for each check
        """Say what to do about a check that did not come out well."""
        texts, seen = self._texts, self._seen
        if isinstance(seen, ProviderError):
            return explain(seen, texts, self._provider_names).fix
        match check.name, check.reason:
            case "integration", _:
                return texts("toolzz.next.deleted")
            case "active", "off":
                return texts("toolzz.next.inactive")
            case ("connected", _) | ("error", "known"):
                return state_fix(seen.report, texts)
            case "server", "elsewhere":
                return texts("toolzz.next.elsewhere")
            case "bot", "absent":
                return texts("toolzz.next.invite", link=invite_of(seen))
            case "channels", "usable":
                return texts("toolzz.next.channels")
            case "error", _:
                return texts("toolzz.next.error")
        return texts("toolzz.check.look")
