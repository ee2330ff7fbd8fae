"""What a diagnosis finds: each check with its fix, and what Toolzz's support has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import ProviderError
from bot.kit.diagnosis import Check, Verdict
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.diagnosis import Surroundings, ask, diagnose
from bot.runtime.details import Diagnosis
from bot.runtime.reach import UNTOLD
from bot.ui.diagnosis import Finding, failure_facts
from bot.ui.problems import explain
from bot.ui.text import code, quoted
from cogs.toolzz.channels import MOST_FLAWS, flaw_lines, invite_of, usable
from cogs.toolzz.diagnosis_facts import discord_facts, report_facts
from cogs.toolzz.embeds import state_fix, title
from cogs.toolzz.sight import Sight, look

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection
    from bot.ui.components import Interaction


async def find_out(
    interaction: Interaction, bot: PatchbayBot, connection: Connection, integration: str
) -> Diagnosis:
    """Make all checks of an integration now; what Toolzz refuses is a part of the answer.

    Raises RestartingError.
    """
    texts = bot.catalog[interaction.locale.value]
    names = {slug: provider.name for slug, provider in bot.providers.items()}
    asked = await ask(bot.provider(ToolzzProvider).client(connection.credentials), integration)
    if isinstance(asked, ProviderError):
        return diagnosis_of(integration, asked, names, texts)
    return diagnosis_of(integration, await look(bot, connection, integration, asked), names, texts)


def diagnosis_of(
    integration: str, seen: Sight | ProviderError, provider_names: Mapping[str, str], texts: Texts
) -> Diagnosis:
    """Word what was found. seen: why Toolzz did not tell, where it did not."""
    says = _Words(seen, provider_names, texts)
    findings = [says.of(check) for check in checks_of(seen)]
    if isinstance(seen, ProviderError):
        return Diagnosis(code(integration, 70), findings, list(failure_facts(seen)), seen)
    facts = [*report_facts(seen.report), *discord_facts(seen)]
    return Diagnosis(title(seen.report, texts), findings, facts)


def checks_of(seen: Sight | ProviderError) -> tuple[Check, ...]:
    """Make all checks of an integration."""
    if isinstance(seen, ProviderError):
        return diagnose(seen, Surroundings(None))
    return diagnose(seen.report, _around(seen))


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


class _Words:
    """Words what was found, and what to do about it."""

    def __init__(self, seen: Sight | ProviderError, provider_names: Mapping[str, str], texts: Texts) -> None:
        self._seen = seen
        self._provider_names = provider_names
        self._texts = texts

    def of(self, check: Check) -> Finding:
        """Word a check, with a fix unless it came out well or says nothing."""
        is_fine = check.verdict in {Verdict.OK, Verdict.SKIPPED}
        title = self._texts(f"toolzz.check.{check.name}")
        return Finding(check, title, self._says(check), "" if is_fine else self._fix(check))

    def _says(self, check: Check) -> str:  # noqa: PLR0911 - one for each kind of words
        """Say how a check came out."""
        texts, seen = self._texts, self._seen
        if check.verdict is Verdict.SKIPPED:
            return texts("diagnosis.skipped")
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

    def _fix(self, check: Check) -> str:  # noqa: PLR0911 - one for each check
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
