"""Names states: one word for one state, wherever it is shown."""

from bot.i18n.catalog import Texts
from bot.providers.base.integration import State


def state_word(texts: Texts, provider: str, state: State) -> str:
    """Return the word for the state of an integration: the provider's own, else the one that all share.

    provider: the slug. A provider words its states itself under ``<slug>.state.<state>``.
    """
    return texts.find(f"{provider}.state.{state}") or shared_state_word(texts, state)


def shared_state_word(texts: Texts, state: State) -> str:
    """Return the word for a state where no single provider is meant."""
    return texts(f"state.{state}")


def condition_word(texts: Texts, kind: str, state: State) -> str:
    """Return the word for the state of a connection or a provider. kind: which of the two."""
    return texts.find(f"state.{kind}.{state}") or shared_state_word(texts, state)
