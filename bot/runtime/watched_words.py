"""How what is watched reads, wherever it is shown: its symbol, its word, its name, and why it is so.

All of it takes what is watched now, or an incident. For an integration's earlier state put that in its place:
``dataclasses.replace(watched, state=State(then.state), detail=then.detail, is_stale=False)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.errors import ErasedSecretError, PatchbayError, ProviderError, UnreadableSecretError
from bot.kit.integration import State
from bot.services.watching import GONE, NOT_CHECKED, Incident, Kind, Watched
from bot.ui.problems import explain
from bot.ui.text import code, plain, quoted
from bot.ui.theme import Tone, state_symbol, state_tone, when

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.i18n.catalog import Texts
    from bot.kit.provider import Provider

_STALE: Final = "⏳"
_OURS: Final = frozenset({GONE, NOT_CHECKED, "beyond"})


def symbol(of: Watched | Incident) -> str:
    """Return the symbol that stands beside its word."""
    return _STALE if _is_stale(of) else state_symbol(State(of.state))


def tone(of: Watched | Incident) -> Tone:
    """Return the tone that it gives an embed of its own."""
    return Tone.WARNING if _is_stale(of) else state_tone(State(of.state))


def word(of: Watched | Incident, texts: Texts) -> str:
    """Name its state; of what is out of date, say so with the last one known."""
    state = texts.find(f"state.{of.kind}.{of.state}") or texts(f"state.{of.state}")
    return texts("state.stale", state=state) if _is_stale(of) else state


def why(of: Watched | Incident, texts: Texts, providers: Mapping[str, Provider]) -> str:
    """Say in a short sentence, or with the provider's own code, why it is as it is; may be empty."""
    provider = provider_name(of, providers)
    detail = of.detail
    if isinstance(of, Watched) and of.is_stale and of.answered_at is not None:
        return texts("state.why.stale", provider=provider, time=when(of.answered_at))
    if detail in _OURS:
        return texts(f"state.why.{detail}", provider=provider)
    if failure := _failure_of(of):
        return texts(f"problem.{failure.key}.title", provider=provider)
    return (texts.find(f"{of.provider}.code.{detail}.cause") or code(detail, 100)) if detail else ""


def fix(of: Watched | Incident, texts: Texts, providers: Mapping[str, Provider]) -> str:
    """Say what to do about it; empty where there is nothing to do."""
    provider = provider_name(of, providers)
    if failure := _failure_of(of):
        names = {of.provider: provider}
        return explain(
            failure(of.provider) if issubclass(failure, ProviderError) else failure(), texts, names
        ).fix
    if of.detail == GONE:
        return texts("state.fix.gone", provider=provider)
    if _is_stale(of):
        return texts("state.fix.unknown")
    known = texts.find(f"{of.provider}.code.{of.detail}.fix") if of.detail else None
    return known or texts.find(f"state.fix.{of.state}", provider=provider) or ""


def name(label: str, integration_id: str) -> str:
    """Name an integration where Discord renders markdown: by its label, else by its id."""
    return quoted(label, 100) or code(integration_id, 70)


def name_of(of: Watched | Incident, providers: Mapping[str, Provider]) -> str:
    """Name what is watched where Discord renders markdown, a connection or a provider included."""
    match of.kind:
        case Kind.PROVIDER:
            return provider_name(of, providers)
        case Kind.CONNECTION:
            return f"{provider_name(of, providers)} · {code(of.id, 40)}"
        case _:
            return name(of.label, of.id)


def plain_name(of: Watched | Incident, limit: int = 100) -> str:
    """Name an integration where Discord renders no markdown: suggestions, labels, files."""
    return plain(of.label, limit) or plain(of.id, limit)


def provider_name(of: Watched | Incident, providers: Mapping[str, Provider]) -> str:
    """Return the proper name of the provider that it is with."""
    return providers[of.provider].name if of.provider in providers else of.provider


def _is_stale(of: Watched | Incident) -> bool:
    return isinstance(of, Watched) and of.is_stale


def _failure_of(of: Watched | Incident) -> type[PatchbayError] | None:
    """Return what kept it from being read, where that is what its detail says."""
    # What a provider says of an integration may look like one of our words.
    asked = of.kind == Kind.INTEGRATION and of.state != State.UNKNOWN
    return None if asked else _FAILURES.get(of.detail)


def _failures() -> Iterator[type[PatchbayError]]:
    yield from (PatchbayError, UnreadableSecretError, ErasedSecretError)
    kinds = ProviderError.__subclasses__()
    for kind in kinds:
        yield kind
        kinds += kind.__subclasses__()


_FAILURES: Final = {failure.key: failure for failure in _failures()}
"""What can keep a check from being made, by its key; other errors want values that are not known here."""
