"""The symbol, state, name, reason and fix of something watched, or of an incident, as members read them.

For an earlier state of an integration pass
``dataclasses.replace(watched, state=then.state, detail=then.detail, is_stale=False)``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.discord.names import Named, tell_apart
from bot.discord.problems import explain
from bot.discord.text import code, plain, quoted
from bot.discord.theme import Tone, condition_word, state_symbol, state_tone, state_word, when
from bot.errors import ErasedSecretError, PatchbayError, ProviderError, UnreadableSecretError
from bot.features.alerts.incident_store import OVERDUE, Incident, Kind
from bot.features.monitoring.absence import ACCEPTED, MISSING
from bot.features.monitoring.access import Access, AccessKind
from bot.features.monitoring.service import NOT_CHECKED, NOT_YET, Watched
from bot.i18n.catalog import Texts
from bot.providers.base.gateway_errors import known_code
from bot.providers.base.integration import State
from bot.providers.base.provider import Provider
from bot.providers.base.report import GONE, NOT_LISTED

_STALE: Final = "⏳"
_MAX_NAME: Final = 97
"""Discord's limit for a suggestion without the symbol, which counts as two, and a space."""
_OWN_DETAILS: Final = frozenset({GONE, NOT_CHECKED, NOT_YET, NOT_LISTED, ACCEPTED, OVERDUE, MISSING})
"""The details that Patchbay sets itself; other details are error keys or the provider's codes."""


def symbol(of: Watched | Incident) -> str:
    """Return the symbol of the state."""
    return _STALE if _is_stale(of) else state_symbol(State(of.state))


def tone(of: Watched | Incident) -> Tone:
    """Return the tone of an embed that shows nothing else."""
    is_partial = of.state == State.CONNECTED and _access_of(of) is not None
    return Tone.WARNING if _is_stale(of) or is_partial else state_tone(State(of.state))


def word(of: Watched | Incident, texts: Texts) -> str:
    """Return the name of the state; of a state that is out of date, the last known one marked as such."""
    state = State(of.state)
    is_condition = of.kind in {Kind.CONNECTION, Kind.PROVIDER}
    shown = condition_word(texts, of.kind, state) if is_condition else state_word(texts, of.provider, state)
    return texts("state.stale", state=shown) if _is_stale(of) else shown


def why(of: Watched | Incident, texts: Texts, providers: Mapping[str, Provider]) -> str:
    """Return the reason of the state: a short sentence, the provider's own code, both, or nothing."""
    provider = provider_name(of, providers)
    detail = of.detail
    if isinstance(of, Watched) and of.is_stale and of.answered_at is not None:
        return texts("state.why.stale", provider=provider, time=when(of.answered_at))
    if access := _access_of(of):
        return why_access(access, texts)
    if _is_own(of):
        return texts(f"state.why.{detail}", provider=provider)
    if failure := _failure_of(of):
        return texts(f"problem.{failure.key}.title", provider=provider)
    return " ".join(filter(None, (_of_known_code(of, "cause", texts), detail and code(detail, 100))))


def fix(of: Watched | Incident, texts: Texts, providers: Mapping[str, Provider]) -> str:
    """Return what to do about the state, empty if there is nothing to do."""
    provider = provider_name(of, providers)
    if failure := _failure_of(of):
        names = {of.provider: provider}
        return explain(
            failure(of.provider) if issubclass(failure, ProviderError) else failure(), texts, names
        ).fix
    if access := _access_of(of):
        return texts(f"state.fix.{access.kind}", provider=provider)
    if _is_own(of) and of.detail in {GONE, OVERDUE}:
        return texts(f"state.fix.{of.detail}", provider=provider)
    if _is_stale(of):
        return texts("state.fix.unknown")
    if of.detail and not _is_own(of) and of.state != State.INACTIVE:
        return _of_known_code(of, "fix", texts) or texts("state.fix.code", provider=provider)
    return texts.find(f"state.fix.{of.state}", provider=provider) or ""


def name(label: str, integration_id: str) -> str:
    """Return an integration's label, else its id, safe where Discord renders markdown."""
    # Cut before it is escaped: what tells it apart stands at the end.
    return quoted(plain(label)) or code(integration_id, 70)


def name_of(of: Watched | Incident, providers: Mapping[str, Provider]) -> str:
    """Return the name of an integration, connection or provider, safe where Discord renders markdown."""
    match of.kind:
        case Kind.PROVIDER:
            return provider_name(of, providers)
        case Kind.CONNECTION:
            return f"{provider_name(of, providers)} · {code(of.id, 40)}"
        case _:
            return name(of.label, of.id)


def plain_name(of: Watched | Incident, limit: int = 100) -> str:
    """Return an integration's label, else its id, safe where Discord renders no markdown."""
    return plain(of.label, limit) or plain(of.id, limit)


def quiet_marks(muted_until: int | None, maintenance_until: int | None, texts: Texts) -> list[str]:
    """Say when a mute and when maintenance end; None where there is none."""
    marks = (("🔕", muted_until), ("🔧", maintenance_until))
    return [f"{mark} {texts('state.ends', time=when(until))}" for mark, until in marks if until is not None]


def told_apart(integrations: Sequence[Watched], providers: Mapping[str, Provider]) -> list[Watched]:
    """Return integrations that are shown together, with labels that differ, and fit a suggestion.

    Pass all of a guild's, so that one has the same name wherever it is shown.
    """
    named = [
        Named(each.label, each.id, (provider_name(each, providers), each.connection)) for each in integrations
    ]
    labels = tell_apart(named, _MAX_NAME)
    # Most labels stay as they are, and a copy takes time.
    return [
        each if each.label == label else replace(each, label=label)
        for each, label in zip(integrations, labels, strict=True)
    ]


def with_labels(incidents: Iterable[Incident], integrations: Iterable[Watched]) -> list[Incident]:
    """Return incidents with the labels of their integrations; those of anything else stay as they are."""
    labels: dict[tuple[str, str, str], str] = {
        (each.kind, each.provider, each.id): each.label for each in integrations
    }
    return [
        replace(each, label=labels.get((each.kind, each.provider, each.id), each.label)) for each in incidents
    ]


def provider_name(of: Watched | Incident, providers: Mapping[str, Provider]) -> str:
    """Return the proper name of the provider."""
    return providers[of.provider].name if of.provider in providers else of.provider


def _access_of(of: Watched | Incident) -> Access | None:
    """Return what Discord lets an agent do, where that is the reason of its state."""
    is_ours = of.state in {State.CONNECTED, State.BLOCKED} and of.kind == Kind.INTEGRATION
    return Access.of(of.detail) if is_ours else None


def why_access(access: Access, texts: Texts) -> str:
    """Say what Discord lets an agent do, where that is not all that it needs."""
    if access.kind is AccessKind.USABLE:
        return texts.plural("state.why.usable", access.channels, usable=access.usable)
    if access.kind is AccessKind.TIMED_OUT:
        return texts("state.why.timed_out", time=when(access.until, exact=True))
    return texts(f"state.why.{access.kind}")


def _is_stale(of: Watched | Incident) -> bool:
    return isinstance(of, Watched) and of.is_stale


def _of_known_code(of: Watched | Incident, part: str, texts: Texts) -> str | None:
    """Return the cause or the fix of an error whose cause is known, in the provider's own texts."""
    known = known_code(of.detail)
    return None if known is None else texts.find(f"{of.provider}.code.{known}.{part}")


def _is_own(of: Watched | Incident) -> bool:
    """Tell whether Patchbay set the detail itself; a provider's own code may look the same."""
    return of.detail in _OWN_DETAILS and of.state in {State.INACTIVE, State.UNKNOWN}


def _failure_of(of: Watched | Incident) -> type[PatchbayError] | None:
    """Return the error that kept it from being checked, if its detail is the key of one."""
    # A provider's own code for an integration may look like one of our keys.
    is_checked = of.kind == Kind.INTEGRATION and of.state != State.UNKNOWN
    return None if is_checked else _FAILURES.get(of.detail)


def _failures() -> Iterator[type[PatchbayError]]:
    yield from (PatchbayError, UnreadableSecretError, ErasedSecretError)
    kinds = ProviderError.__subclasses__()
    for kind in kinds:
        yield kind
        kinds += kind.__subclasses__()


_FAILURES: Final = {failure.key: failure for failure in _failures()}
"""The errors that can keep a check from being made, by key; the texts of others need unknown values."""
