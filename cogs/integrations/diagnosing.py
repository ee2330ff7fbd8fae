"""Finds out, one check after the other, what is wrong with an integration of any provider."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from bot.discord.access.agent_bots import bot_page, invite_link, is_member
from bot.discord.context import Context
from bot.discord.diagnosis import (
    DIAGNOSE,
    CheckFinding,
    Diagnosis,
    Fix,
    Remedy,
    failure_facts,
    fix_of_code,
    fix_of_failure,
)
from bot.discord.names import mention_member
from bot.discord.problems import explain
from bot.discord.theme import state_word, when
from bot.errors import ForbiddenError, ProviderError, UnauthorizedError, UnreadableSecretError
from bot.features.alerts.incident_store import OVERDUE, Kind
from bot.features.alerts.routes import Route
from bot.features.connections.service import Connection
from bot.features.monitoring.access import Access, AccessKind
from bot.features.monitoring.breaker import DOWN
from bot.features.monitoring.service import Watched
from bot.i18n.catalog import DEFAULT_LOCALE
from bot.providers.base.diagnosis import Check, Verdict
from bot.providers.base.gateway_errors import known_code
from bot.providers.base.integration import State
from bot.providers.base.report import GONE
from cogs.alerts import AgentBot, Undelivered, fix_of_access, read_bots, read_undelivered
from cogs.connections import open_connection
from cogs.monitoring.formatting import fix, name, provider_name, symbol, why, word

_BY_ACCESS: Final = {
    AccessKind.TIMED_OUT: Remedy.TIMEOUT,
    AccessKind.NO_CHANNEL: Remedy.CHANNELS,
    AccessKind.USABLE: Remedy.CHANNELS,
    AccessKind.ELSEWHERE: Remedy.SERVER,
}
_BY_STATE: Final = {State.INACTIVE: Remedy.SWITCH_ON}


async def diagnose(ctx: Context, watched: Watched) -> tuple[Connection | None, Diagnosis]:
    """Make all checks now; what the provider refuses is a part of the diagnosis.

    Returns the opened connection, None if its secret cannot be read, and the diagnosis. Raises
    NoSuchConnectionError and RestartingError.
    """
    view = ctx.services.views.get(watched.provider)
    connection = None
    try:
        connection = await open_connection(ctx, watched.provider, watched.connection)
    except UnreadableSecretError as error:
        checks = _Checks(ctx, watched)
        findings = [checks.failed("credentials", error), *checks.skipped("answers", "accepted")]
        found = Diagnosis(name(watched.label, watched.id), findings, list(_facts(ctx, watched)))
    else:
        if view is not None and view.diagnose is not None:
            found = await view.diagnose(ctx, connection, watched.id)
            if found.failure is not None:
                # The provider did not say what the integration is called.
                found = replace(found, name=name(watched.label, watched.id))
        else:
            found = await ctx.cancel_on_shutdown(_diagnose_any(ctx, connection, watched))
    # The check that was just made may have begun an incident, or ended one.
    checks = _Checks(ctx, await _current(ctx, watched) or watched)
    routes = await ctx.services.alerts.routes(ctx.guild_id)
    watching = checks.watching(routes, await read_undelivered(ctx))
    return connection, replace(found, findings=[*found.findings, *watching])


async def _current(ctx: Context, watched: Watched) -> Watched | None:
    """Return the integration as it was last checked, None if it is no longer watched."""
    known = await ctx.services.monitoring.integrations(ctx.guild_id)
    return next((each for each in known if each.key == watched.key), None)


async def _diagnose_any(ctx: Context, connection: Connection, watched: Watched) -> Diagnosis:
    """Make the checks that are possible for every provider."""
    services, guild_id = ctx.services, ctx.guild_id
    shown_name = name(watched.label, watched.id)
    try:
        await services.connections.test(guild_id, watched.provider, connection.name)
    except ProviderError as failure:
        findings = list(_Checks(ctx, watched).refused(failure))
        return Diagnosis(shown_name, findings, [*_facts(ctx, watched), *failure_facts(failure)], failure)
    await services.poller.check_guild(guild_id)
    current = await _current(ctx, watched)
    watched = current or watched
    bot = (await read_bots(services, guild_id, [watched]))[watched.provider, watched.id]
    is_here = await is_member(ctx.client, guild_id, bot.user_id)
    findings = list(_Checks(ctx, watched).answered(bot, is_listed=current is not None, is_here=is_here))
    facts = [
        *_facts(ctx, watched),
        ("server that asks", guild_id),
        ("bot", bot.user_id),
        ("bot is a member", is_here),
    ]
    return Diagnosis(name(watched.label, watched.id), findings, facts)


def _facts(ctx: Context, watched: Watched) -> Iterator[tuple[str, object]]:
    answered = watched.answered_at
    yield "provider", watched.provider
    yield "state", state_word(ctx.services.catalog[DEFAULT_LOCALE], watched.provider, watched.state)
    yield "detail", watched.detail or None
    yield "since", datetime.fromtimestamp(watched.changed_at, UTC)
    yield "last answer", None if answered is None else datetime.fromtimestamp(answered, UTC)


@dataclass(frozen=True, slots=True)
class _Checks:
    """Turns the checks of one integration into findings."""

    ctx: Context
    watched: Watched

    def refused(self, failure: ProviderError) -> Iterator[CheckFinding]:
        """Yield the findings where the provider did not accept the credentials."""
        yield self.ok("credentials", "readable")
        if isinstance(failure, DOWN):
            yield self.failed("answers", failure)
            yield from self.skipped("accepted")
            return
        yield self.ok("answers", "there")
        is_refusal = isinstance(failure, (UnauthorizedError, ForbiddenError))
        yield self.failed("accepted", failure, Verdict.FAILED if is_refusal else Verdict.UNKNOWN)

    def answered(self, bot: AgentBot, *, is_listed: bool, is_here: bool | None) -> Iterator[CheckFinding]:
        """Yield the findings where the provider answered.

        is_here: whether the agent's bot is in the server, None if that is not known.
        """
        watched, texts, providers = self.watched, self.ctx.texts, self.ctx.services.providers
        yield self.ok("credentials", "readable")
        yield self.ok("answers", "there")
        yield self.ok("accepted", "yes")
        if not is_listed or watched.detail == GONE:
            gone = Fix(Remedy.REPLACE, texts("state.fix.gone", provider=provider_name(watched, providers)))
            yield self.finding("listed", Verdict.FAILED, "gone", gone)
            return
        fix = self._fix_of_state(bot)
        verdict = {State.CONNECTED: Verdict.OK, State.UNKNOWN: Verdict.UNKNOWN}.get(
            watched.state, Verdict.FAILED
        )
        if verdict is not Verdict.UNKNOWN:
            yield self.ok("listed", "there")
        if verdict is Verdict.OK and fix is not None:
            verdict = Verdict.NOTED
        parts = [f"{symbol(watched)} {word(watched, texts)}", why(watched, texts, providers)]
        yield CheckFinding(
            Check("state", verdict, watched.state),
            texts("diagnosis.check.state"),
            " · ".join(filter(None, parts)),
            fix,
        )
        if bot.user_id is None:
            return
        if is_here:
            yield self.ok("bot", "member")
        elif is_here is None:
            yield self.finding("bot", Verdict.UNKNOWN, "untold", self._again)
        else:
            yield self.finding("bot", Verdict.FAILED, "absent", self._invitation(bot))

    @property
    def _again(self) -> Fix:
        button = self.ctx.texts(DIAGNOSE)
        return Fix(Remedy.AGAIN, self.ctx.texts("diagnosis.fix.wait", button=button))

    def _invitation(self, bot: AgentBot) -> Fix:
        texts, application = self.ctx.texts, bot.application_id
        if application is None:
            return Fix(Remedy.INVITE, texts("preflight.invite_by_hand", portal=bot_page(None)))
        link = invite_link(application, self.ctx.guild_id)
        return Fix(Remedy.INVITE, texts("diagnosis.fix.bot", link=link))

    def _fix_of_state(self, bot: AgentBot) -> Fix | None:
        """Return what to do about the state, None if there is nothing to do."""
        watched, texts, providers = self.watched, self.ctx.texts, self.ctx.services.providers
        general = fix(watched, texts, providers)
        access = Access.of(watched.detail) if watched.state in {State.BLOCKED, State.CONNECTED} else None
        if access is not None:
            if access.kind is AccessKind.ABSENT:
                return self._invitation(bot)
            linked = fix_of_access(access, bot, self.ctx.guild_id, texts)
            return Fix(_BY_ACCESS[access.kind], linked or general)
        if watched.state is State.UNKNOWN and watched.detail != OVERDUE:
            return self._again
        if watched.detail and watched.state in {State.ERROR, State.DISCONNECTED}:
            name = provider_name(watched, providers)
            return fix_of_code(watched.provider, name, known_code(watched.detail), bot.application_id, texts)
        return Fix(_BY_STATE.get(watched.state, Remedy.RECONNECT), general) if general else None

    def watching(self, routes: Sequence[Route], undelivered: Sequence[Undelivered]) -> Iterator[CheckFinding]:
        """Yield the findings on how the integration is watched, and where its alerts go; nobody is asked."""
        watched = self.watched
        answered = watched.answered_at
        if answered is None:
            yield self.finding("fresh", Verdict.UNKNOWN, "never", self._again)
        elif watched.is_stale:
            yield self.finding("fresh", Verdict.UNKNOWN, "stale", self._again, time=when(answered))
        else:
            yield self.ok("fresh", "recent")
        yield self._incident()
        if watched.maintenance_until is not None:
            until = when(watched.maintenance_until)
            yield self.finding("alerts", Verdict.NOTED, "maintenance", None, time=until)
        elif watched.muted_until is not None:
            yield self.finding("alerts", Verdict.NOTED, "muted", None, time=when(watched.muted_until))
        else:
            yield from self._alerts(routes, undelivered)

    def _alerts(self, routes: Sequence[Route], undelivered: Sequence[Undelivered]) -> Iterator[CheckFinding]:
        """Yield where the integration's alerts go, and of which rules Discord does not take them."""
        watched, texts = self.watched, self.ctx.texts
        own = [each for each in routes if each.is_about(Kind.INTEGRATION, watched.provider, watched.id)]
        if not own:
            kind = "narrow" if routes else "none"
            choose = Fix(Remedy.ALERTS, texts("diagnosis.fix.alerts"))
            yield self.finding("alerts", Verdict.NOTED, kind, choose)
        if well := [each for each in own if not each.suspended]:
            channels = dict.fromkeys(f"<#{each.channel_id}>" for each in well)
            yield self.finding("alerts", Verdict.OK, "set", None, channel=", ".join(channels))
        if lost := [each for each in undelivered if each.route in own]:
            check = Check("alerts", Verdict.FAILED, lost[0].suspended or lost[0].waiting[0].why)
            says = " ".join(reason.text for each in lost for reason in each.reasons(self.ctx))
            fix_it = Fix(Remedy.DELIVERY, texts("diagnosis.fix.undelivered"))
            yield CheckFinding(check, texts("diagnosis.check.alerts"), says, fix_it)

    def _incident(self) -> CheckFinding:
        incident = self.watched.incident
        if incident is None:
            none = Check("incident", Verdict.OK, "none")
            return CheckFinding(none, self.ctx.texts("diagnosis.incident.none"))
        values: dict[str, str | int] = {"number": incident.number, "time": when(incident.opened_at)}
        if incident.acknowledged_by is None:
            return self.finding("incident", Verdict.NOTED, "open", None, **values)
        member = mention_member(incident.acknowledged_by, self.ctx.texts)
        return self.finding("incident", Verdict.NOTED, "taken", None, **values, member=member)

    def failed(
        self,
        check: str,
        error: ProviderError | UnreadableSecretError,
        verdict: Verdict = Verdict.FAILED,
    ) -> CheckFinding:
        """Return the finding that an error explains."""
        services, texts = self.ctx.services, self.ctx.texts
        explained = explain(error, texts, services.provider_names, now=services.clock())
        title = texts(f"diagnosis.check.{check}")
        if isinstance(error, ProviderError):
            todo = fix_of_failure(error, explained.fix, texts)
        else:
            todo = Fix(Remedy.CREDENTIALS, explained.fix)
        return CheckFinding(Check(check, verdict, error.key), title, explained.why, todo)

    def skipped(self, *checks: str) -> Iterator[CheckFinding]:
        """Yield a finding for each check that an earlier failure makes pointless."""
        for check in checks:
            title = self.ctx.texts(f"diagnosis.check.{check}")
            yield CheckFinding(Check(check, Verdict.SKIPPED, "skipped"), title)

    def ok(self, check: str, reason: str) -> CheckFinding:
        """Return the finding of a check that came out well and has nothing more to say."""
        return CheckFinding(Check(check, Verdict.OK, reason), self.ctx.texts(f"diagnosis.check.{check}"))

    def finding(
        self, check: str, verdict: Verdict, reason: str, fix: Fix | None, /, **values: str | int
    ) -> CheckFinding:
        """Return a finding with the texts of its check and reason."""
        texts = self.ctx.texts
        provider = provider_name(self.watched, self.ctx.services.providers)
        says = texts(f"diagnosis.{check}.{reason}", provider=provider, **values)
        return CheckFinding(Check(check, verdict, reason), texts(f"diagnosis.check.{check}"), says, fix)
