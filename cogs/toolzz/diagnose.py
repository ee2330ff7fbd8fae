"""The diagnosis of an integration: each check with its fix, and what Toolzz's support has to know."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from bot.discord.access.channel_access import INCONCLUSIVE
from bot.discord.context import Context
from bot.discord.diagnosis import CheckFinding, Diagnosis, failure_facts
from bot.discord.problems import Explanation, explain
from bot.discord.text import code
from bot.discord.theme import state_symbol, when
from bot.errors import ProviderError
from bot.features.connections.service import Connection
from bot.i18n.catalog import DEFAULT_LOCALE, Texts
from bot.providers.base.diagnosis import Check, Verdict
from bot.providers.toolzz.diagnosis import DiscordFacts, diagnose
from bot.providers.toolzz.models import Integration
from cogs.toolzz.channels import (
    bad_channel_lines,
    channels_in_one_list,
    invitation,
    usable_count,
)
from cogs.toolzz.embeds import heading, state_fix
from cogs.toolzz.formatting import error_words, meaning_of, word_of
from cogs.toolzz.snapshot import IntegrationSnapshot, try_snapshot

_FIXES: Final[Mapping[tuple[str, str], str]] = {
    ("integration", "deleted"): "toolzz.next.deleted",
    ("active", "off"): "toolzz.next.inactive",
    ("server", "elsewhere"): "toolzz.next.elsewhere",
    ("bot", "timed_out"): "toolzz.next.timed_out",
    ("channels", "usable"): "toolzz.next.channels",
    ("error", "unknown"): "toolzz.next.code",
}
"""The text keys of what to do about a check, by its name and reason."""


async def find_out(ctx: Context, connection: Connection, integration: str) -> Diagnosis:
    """Make all checks of an integration now; what Toolzz refuses is a part of the answer.

    Raises RestartingError.
    """
    services, texts = ctx.services, ctx.texts
    snapshot = await try_snapshot(ctx, connection, integration)
    if isinstance(snapshot, ProviderError):
        explained = explain(snapshot, texts, services.provider_names, now=services.clock())
        return diagnosis_of_failure(integration, snapshot, explained, texts)
    return diagnosis_of(snapshot, texts, services.catalog[DEFAULT_LOCALE])


def diagnosis_of_failure(
    integration: str, failure: ProviderError, explained: Explanation, texts: Texts
) -> Diagnosis:
    """Make the checks that are possible when Toolzz does not report an integration."""
    findings = [
        _finding(check, texts.find(_key(check)) or explained.why, explained.fix, texts)
        for check in diagnose(failure)
    ]
    return Diagnosis(code(integration, 70), findings, list(failure_facts(failure)), failure)


def diagnosis_of(snapshot: IntegrationSnapshot, texts: Texts, english: Texts) -> Diagnosis:
    """Make all checks of an integration that Toolzz reports. english: the texts for the file."""
    findings = [
        _finding(check, _says(check, snapshot, texts), _fix(check, snapshot, texts), texts)
        for check in diagnose(snapshot.report, _discord_facts(snapshot))
    ]
    facts = [*_report_facts(snapshot.report, english), *_access_facts(snapshot)]
    return Diagnosis(heading(snapshot.report, texts), findings, facts)


def _discord_facts(snapshot: IntegrationSnapshot) -> DiscordFacts:
    access = snapshot.access
    channels = len(snapshot.report.channels)
    if access is None:
        return DiscordFacts(snapshot.is_here, channels=channels, inconclusive=channels)
    inconclusive = sum(channel.finding in INCONCLUSIVE for channel in access.channels)
    return DiscordFacts(
        snapshot.is_here,
        is_bot_known=access.bot_id is not None,
        is_member=access.is_member,
        is_timed_out=access.timed_out_until is not None,
        channels=channels,
        usable=access.usable,
        inconclusive=inconclusive if access.is_checked else channels,
    )


def _finding(check: Check, says: str, fix: str, texts: Texts) -> CheckFinding:
    is_fine = check.verdict in {Verdict.OK, Verdict.SKIPPED}
    return CheckFinding(check, texts(f"toolzz.check.{check.name}"), says, "" if is_fine else fix)


def _key(check: Check) -> str:
    """Return the key of the text that says how a check came out; some checks have no text of their own."""
    if check.verdict is Verdict.SKIPPED:
        return "diagnosis.skipped"
    return f"toolzz.check.{check.name}.{check.reason}"


def _says(check: Check, snapshot: IntegrationSnapshot, texts: Texts) -> str:
    """Say how a check came out."""
    report = snapshot.report
    match check.name, check.reason:
        case ("integration", "deleted") | ("active", "off"):
            return _state(report, texts)
        case "connected", _ if check.verdict is not Verdict.SKIPPED:
            later = [texts("toolzz.status.lost_later")] if report.lost_connection_later else []
            return "\n".join([_state(report, texts), *later])
        case "channels", "usable" if snapshot.access is not None:
            return "\n".join([usable_count(snapshot.access, texts), *bad_channel_lines(snapshot, texts)])
        case "error", "known":
            return f"{texts(f'toolzz.code.{report.known_code}.cause')} {error_words(report, 300)}"
        case "error", "past" | "unknown" as reason:
            return texts(f"toolzz.check.error.{reason}", error=error_words(report, 300))
    until = None if snapshot.access is None else snapshot.access.timed_out_until
    return texts(_key(check), time="" if until is None else when(until, exact=True))


def _state(report: Integration, texts: Texts) -> str:
    meaning = meaning_of(report.state, texts, is_deleted=report.is_deleted)
    return f"{state_symbol(report.state)} {word_of(report.state, texts)} · {meaning}"


def _fix(check: Check, snapshot: IntegrationSnapshot, texts: Texts) -> str:
    """Say what to do about a check if it did not come out well."""
    match check.name, check.reason:
        case ("connected", _) | ("error", "known"):
            return state_fix(snapshot.report, texts)
        case "bot", "absent":
            return invitation(snapshot, texts)
    return texts(_FIXES.get((check.name, check.reason), "toolzz.check.look"))


def _report_facts(report: Integration, english: Texts) -> Iterator[tuple[str, object]]:
    """Yield what Toolzz reports, for the file: see ``diagnosis_file`` for what may be in it."""
    yield "agent", report.agent_id
    yield "unit", report.unit_id
    yield "application", report.bot_client_id
    yield "state", word_of(report.state, english)
    yield "state in Toolzz's word", report.connection_status
    yield "active", report.is_active
    yield "error code", report.error_code
    yield "error message", report.error_message
    yield "scope", report.scope
    yield "replies on mention", report.reply_on_mention
    yield "creates threads", report.create_threads
    yield "permissions", report.permissions
    for name, time in report.times.items():
        received = time.text if time.time is None else f"{time.text} (time zone not stated)"
        yield name.removesuffix("_at").replace("_", " "), time.moment or received
    yield "server", report.guild_id
    for name, ids in channels_in_one_list(report):
        yield from ((f"only in {name}", channel_id) for channel_id in ids)


def _access_facts(snapshot: IntegrationSnapshot) -> Iterator[tuple[str, object]]:
    """Yield what Discord shows, for the file."""
    yield "server that asks", snapshot.guild_id
    if snapshot.access is not None:
        yield "bot", snapshot.access.bot_id
        yield "bot is a member", snapshot.access.is_member
        if snapshot.access.timed_out_until is not None:
            yield "bot is timed out until", datetime.fromtimestamp(snapshot.access.timed_out_until, UTC)
    for channel, access in snapshot.channels:
        finding = "not checked" if access is None else " ".join([access.finding, *access.missing])
        yield "channel", f"{channel.id} {finding}"
