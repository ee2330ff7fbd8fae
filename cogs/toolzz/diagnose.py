"""The diagnosis of an integration: each check with its fix, and what Toolzz's support has to know."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from bot.discord.access.channel_access import INCONCLUSIVE
from bot.discord.context import Context
from bot.discord.diagnosis import (
    CheckFinding,
    Diagnosis,
    Fix,
    Remedy,
    failure_facts,
    fix_of_code,
    fix_of_failure,
)
from bot.discord.problems import Explanation, explain
from bot.discord.text import code
from bot.discord.theme import state_symbol, when
from bot.errors import ProviderError
from bot.features.connections.service import Connection
from bot.i18n.catalog import DEFAULT_LOCALE, Texts
from bot.providers.base.diagnosis import Check, Verdict
from bot.providers.base.integration import State
from bot.providers.toolzz.diagnosis import DiscordFacts, diagnose
from bot.providers.toolzz.models import Integration
from cogs.toolzz.channels import (
    application_in,
    bad_channel_lines,
    channels_in_one_list,
    invitation,
    usable_count,
)
from cogs.toolzz.embeds import heading, state_fix
from cogs.toolzz.formatting import error_words, meaning_of, word_of
from cogs.toolzz.snapshot import IntegrationSnapshot, try_snapshot

_FIXES: Final[Mapping[tuple[str, str], tuple[Remedy, str]]] = {
    ("integration", "missing"): (Remedy.REPLACE, "toolzz.next.deleted"),
    ("integration", "deleted"): (Remedy.REPLACE, "toolzz.next.deleted"),
    ("active", "off"): (Remedy.SWITCH_ON, "toolzz.next.inactive"),
    ("server", "elsewhere"): (Remedy.SERVER, "toolzz.next.elsewhere"),
    ("bot", "timed_out"): (Remedy.TIMEOUT, "toolzz.next.timed_out"),
    ("channels", "none"): (Remedy.CHANNELS, "toolzz.next.no_channels"),
    ("channels", "usable"): (Remedy.CHANNELS, "toolzz.check.fix_channels"),
}
"""What to do about a check and the key of the text that says so, by the check's name and reason."""
_SAID_BY_TITLE: Final = frozenset(
    {
        ("credentials", "accepted"),
        ("integration", "there"),
        ("active", "on"),
        ("server", "here"),
        ("bot", "member"),
        ("error", "none"),
    }
)
"""The checks of which the title says enough, by name and reason."""


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
    findings = [_finding_of_failure(check, failure, explained, texts) for check in diagnose(failure)]
    return Diagnosis(code(integration, 70), findings, list(failure_facts(failure)), failure)


def diagnosis_of(snapshot: IntegrationSnapshot, texts: Texts, english: Texts) -> Diagnosis:
    """Make all checks of an integration that Toolzz reports. english: the texts for the file."""
    findings = [
        CheckFinding(
            check,
            _title(check, texts),
            "" if _is_bare(check) else _says(check, snapshot, texts),
            _fix(check, snapshot, texts),
        )
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


def _finding_of_failure(
    check: Check, failure: ProviderError, explained: Explanation, texts: Texts
) -> CheckFinding:
    title = _title(check, texts)
    if _is_bare(check):
        return CheckFinding(check, title)
    known = _FIXES.get((check.name, check.reason))
    if known is not None:
        return CheckFinding(check, title, texts(_key(check)), Fix(known[0], texts(known[1])))
    return CheckFinding(check, title, explained.why, fix_of_failure(failure, explained.fix, texts))


def _title(check: Check, texts: Texts) -> str:
    key = "error.none" if (check.name, check.reason) == ("error", "none") else check.name
    return texts(f"toolzz.check.{key}")


def _is_bare(check: Check) -> bool:
    """Tell whether there is nothing to say but the title."""
    return check.verdict is Verdict.SKIPPED or (check.name, check.reason) in _SAID_BY_TITLE


def _key(check: Check) -> str:
    """Return the key of the text that says how a check came out; some checks have no text of their own."""
    return f"toolzz.check.{check.name}.{check.reason}"


def _says(check: Check, snapshot: IntegrationSnapshot, texts: Texts) -> str:
    """Say how a check came out whose title does not say it."""
    report = snapshot.report
    match check.name, check.reason:
        case ("integration", "deleted") | ("active", "off"):
            return _state(report, texts)
        case "connected", _:
            later = [texts("toolzz.status.lost_later")] if report.lost_connection_later else []
            # With the title, the word says what the state means, unless nobody knows.
            is_known = report.state is not State.UNKNOWN
            state = f"{state_symbol(report.state)} {word_of(report.state, texts)}"
            return "\n".join([state if is_known else _state(report, texts), *later])
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


def _fix(check: Check, snapshot: IntegrationSnapshot, texts: Texts) -> Fix | None:
    """Say what to do about a check, None if it came out well."""
    if check.verdict in {Verdict.OK, Verdict.SKIPPED}:
        return None
    match check.name, check.reason:
        case ("connected" | "error", _):
            return _fix_of_state(snapshot, texts)
        case "bot", "absent":
            return Fix(Remedy.INVITE, invitation(snapshot, texts))
    known = _FIXES.get((check.name, check.reason))
    return _again(texts) if known is None else Fix(known[0], texts(known[1]))


def _again(texts: Texts) -> Fix:
    return Fix(Remedy.AGAIN, texts("toolzz.check.look", button=texts("toolzz.diagnose.button")))


def _fix_of_state(snapshot: IntegrationSnapshot, texts: Texts) -> Fix:
    """Say what to do about a state, or about the error that explains it."""
    report = snapshot.report
    if report.state is not State.CONNECTED and (report.error_code or report.error_message):
        return fix_of_code("toolzz", "Toolzz", report.known_code, application_in(snapshot), texts)
    if report.state is State.UNKNOWN:
        return _again(texts)
    return Fix(Remedy.RECONNECT, state_fix(report, texts))


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
