"""Finds out, one thing after the other, what is wrong with an integration of any provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.errors import (
    ForbiddenError,
    NotWatchedError,
    ProviderError,
    UnauthorizedError,
    UnreadableSecretError,
)
from bot.kit.diagnosis import Check, Verdict
from bot.kit.integration import State
from bot.monitors.breaker import DOWN
from bot.runtime.connections import open_connection
from bot.runtime.details import Diagnosis
from bot.runtime.membership import is_member
from bot.runtime.watched_words import fix, name, provider_name, symbol, why, word
from bot.services.watching import GONE
from bot.ui.components import guild_of
from bot.ui.diagnosis import Finding, failure_facts
from bot.ui.discord_token import invite_link
from bot.ui.problems import explain
from bot.ui.theme import when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.errors import PatchbayError
    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.alerts import Route
    from bot.services.connections import Connection
    from bot.services.watching import Watched
    from bot.ui.components import Interaction


async def diagnose(interaction: Interaction, bot: PatchbayBot, watched: Watched) -> Diagnosis:
    """Make all checks now; what the provider refuses is a part of the answer.

    Raises NoSuchConnectionError and RestartingError.
    """
    own = bot.details.get(watched.provider)
    guild_id, texts = guild_of(interaction), bot.catalog[interaction.locale.value]
    try:
        connection = await open_connection(interaction, watched.provider, watched.connection)
    except UnreadableSecretError as error:
        findings = _Words(bot, watched, texts).unreadable(error)
        found = Diagnosis(name(watched.label, watched.id), findings, list(_facts(watched)))
    else:
        if own is not None and own.diagnose is not None:
            found = await own.diagnose(interaction, bot, connection, watched.id)
        else:
            found = await bot.unless_stopping(_find_out(bot, watched, connection, texts))
    # A check that was just made may have begun an incident, or ended one.
    seen = await _current(bot, guild_id, watched) or watched
    watching = _Words(bot, seen, texts).watching(await bot.alerts.route(guild_id))
    return replace(found, findings=[*found.findings, *watching])


async def _current(bot: PatchbayBot, guild_id: int, watched: Watched) -> Watched | None:
    """Return how it was found last, None where it is watched no longer."""
    try:
        return await bot.watching.find(guild_id, watched.key)
    except NotWatchedError:
        return None


async def _find_out(bot: PatchbayBot, watched: Watched, connection: Connection, texts: Texts) -> Diagnosis:
    """Make the checks that can be made of any provider."""
    guild_id = connection.guild_id
    try:
        await bot.connections.test(guild_id, watched.provider, connection.name)
    except ProviderError as failure:
        findings = _Words(bot, watched, texts).refused(failure)
        return Diagnosis(
            name(watched.label, watched.id), findings, [*_facts(watched), *failure_facts(failure)], failure
        )
    await bot.poller.check_guild(guild_id)
    seen = await _current(bot, guild_id, watched)
    watched = seen or watched
    placed = (await bot.integrations.of_guild(guild_id, watched.provider)).get(watched.id)
    bot_id = None if placed is None else placed.bot_id
    member = None if bot_id is None else await is_member(bot, guild_id, bot_id)
    findings = _Words(bot, watched, texts).answered(
        guild_id, bot_id, is_listed=seen is not None, member=member
    )
    facts = [*_facts(watched), ("server that asks", guild_id), ("bot", bot_id), ("bot is a member", member)]
    return Diagnosis(name(watched.label, watched.id), findings, facts)


def _facts(watched: Watched) -> Iterator[tuple[str, object]]:
    yield "provider", watched.provider
    yield "state", watched.state
    yield "detail", watched.detail or None
    yield "since", datetime.fromtimestamp(watched.changed_at, UTC)
    yield (
        "last answer",
        None if watched.answered_at is None else datetime.fromtimestamp(watched.answered_at, UTC),
    )


class _Words:
    """Words what was found."""

    def __init__(self, bot: PatchbayBot, watched: Watched, texts: Texts) -> None:
        self._providers = bot.providers
        self._watched = watched
        self._texts = texts
        self._provider = provider_name(watched, bot.providers)

    def unreadable(self, error: UnreadableSecretError) -> list[Finding]:
        """Word that there is nothing to ask with."""
        return [self._failed("credentials", Verdict.FAILED, error), *self._skipped("answers", "accepted")]

    def refused(self, failure: ProviderError) -> list[Finding]:
        """Word why the provider did not say that the credentials are good."""
        found = [self._ok("credentials", "readable")]
        if isinstance(failure, DOWN):
            return [*found, self._failed("answers", Verdict.FAILED, failure), *self._skipped("accepted")]
        refused = isinstance(failure, (UnauthorizedError, ForbiddenError))
        verdict = Verdict.FAILED if refused else Verdict.UNKNOWN
        return [*found, self._ok("answers", "there"), self._failed("accepted", verdict, failure)]

    def answered(
        self, guild_id: int, bot_id: int | None, *, is_listed: bool, member: bool | None
    ) -> list[Finding]:
        """Word what is known of the integration itself."""
        found = [
            self._ok("credentials", "readable"),
            self._ok("answers", "there"),
            self._ok("accepted", "yes"),
        ]
        watched, texts = self._watched, self._texts
        if not is_listed or watched.detail == GONE:
            gone = texts("state.fix.gone", provider=self._provider)
            return [*found, self._finding("listed", Verdict.FAILED, "gone", gone)]
        verdict = {State.CONNECTED: Verdict.OK, State.UNKNOWN: Verdict.UNKNOWN}.get(
            watched.state, Verdict.FAILED
        )
        if verdict is not Verdict.UNKNOWN:
            found.append(self._ok("listed", "there"))
        said = [f"{symbol(watched)} {word(watched, texts)}", why(watched, texts, self._providers)]
        found.append(
            Finding(
                Check("state", verdict, watched.state),
                texts("diagnosis.check.state"),
                " · ".join(filter(None, said)),
                fix(watched, texts, self._providers),
            )
        )
        if bot_id is not None:
            found.append(self._bot(bot_id, guild_id, member))
        return found

    def watching(self, route: Route | None) -> Iterator[Finding]:
        """Word what is known without asking anybody: how it is watched, and who is told."""
        watched, texts = self._watched, self._texts
        if watched.answered_at is None:
            yield self._finding("fresh", Verdict.UNKNOWN, "never", texts("state.fix.unknown"))
        elif watched.is_stale:
            time = when(watched.answered_at)
            yield self._finding("fresh", Verdict.UNKNOWN, "stale", texts("state.fix.unknown"), time=time)
        else:
            yield self._ok("fresh", "recent", time=when(watched.answered_at))
        yield self._incident()
        if watched.muted_until is not None:
            yield self._finding("alerts", Verdict.NOTED, "muted", time=when(watched.muted_until))
        elif route is None:
            yield self._finding("alerts", Verdict.NOTED, "none", texts("diagnosis.fix.alerts"))
        elif route.lost:
            channel = f"<#{route.channel_id}>"
            yield self._finding(
                "alerts", Verdict.FAILED, "lost", texts("diagnosis.fix.alerts"), channel=channel
            )
        else:
            yield self._ok("alerts", "set", channel=f"<#{route.channel_id}>")

    def _incident(self) -> Finding:
        incident = self._watched.incident
        if incident is None:
            return self._ok("incident", "none")
        since: dict[str, str | int] = {"number": incident.number, "time": when(incident.opened_at)}
        if incident.acknowledged_by is None:
            return self._finding("incident", Verdict.NOTED, "open", **since)
        member = f"<@{incident.acknowledged_by}>"
        return self._finding("incident", Verdict.NOTED, "taken", **since, member=member)

    def _bot(self, bot_id: int, guild_id: int, member: bool | None) -> Finding:  # noqa: FBT001 - three answers
        if member:
            return self._ok("bot", "member")
        invite = self._texts("diagnosis.fix.bot", link=invite_link(bot_id, guild_id))
        if member is None:
            return self._finding("bot", Verdict.UNKNOWN, "untold", self._texts("state.fix.unknown"))
        return self._finding("bot", Verdict.FAILED, "absent", invite)

    def _failed(self, check: str, verdict: Verdict, error: PatchbayError) -> Finding:
        explained = explain(error, self._texts, {self._watched.provider: self._provider})
        title = self._texts(f"diagnosis.check.{check}")
        return Finding(Check(check, verdict, error.key), title, explained.why, explained.fix)

    def _skipped(self, *checks: str) -> Iterator[Finding]:
        for check in checks:
            title = self._texts(f"diagnosis.check.{check}")
            yield Finding(Check(check, Verdict.SKIPPED, "skipped"), title, self._texts("diagnosis.skipped"))

    def _ok(self, check: str, reason: str, **values: str | int) -> Finding:
        return self._finding(check, Verdict.OK, reason, **values)

    def _finding(
        self, check: str, verdict: Verdict, reason: str, fix: str = "", /, **values: str | int
    ) -> Finding:
        title = self._texts(f"diagnosis.check.{check}")
        says = self._texts(f"diagnosis.{check}.{reason}", provider=self._provider, **values)
        return Finding(Check(check, verdict, reason), title, says, fix)
