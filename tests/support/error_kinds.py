"""The errors that the program raises, and the first arguments with which it does."""

import ast
from collections.abc import Iterator
from typing import TypeVar

from bot.errors import PatchbayError, ProviderError, RequestError
from bot.features.access.tier import Tier
from bot.features.handover.token import MISTAKES
from bot.providers.base.credentials import MISPLACED
from bot.setup_errors import SetupError
from tests.support.source import modules

ErrorT = TypeVar("ErrorT", bound=PatchbayError)


# Errors that only gather others and are never raised themselves.
FAMILIES = {SetupError, RequestError, ProviderError}


def concrete_errors(family: type[ErrorT]) -> Iterator[type[ErrorT]]:
    """Yield every error below this one, without classes that only gather others."""
    for child in family.__subclasses__():
        if child not in FAMILIES:
            yield child
        yield from concrete_errors(child)


def first_arguments(error: str) -> set[str]:
    """Return the constants that the program passes as the first argument of an error."""
    return {
        node.args[0].value
        for _, tree in modules("bot", "cogs")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {error, f"errors.{error}"}
        if isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str)
    }


def missing_rights() -> set[str]:
    """Return what a NotAllowedError can name as missing."""
    return first_arguments("NotAllowedError") | {tier.name.lower() for tier in Tier}


def input_rules() -> set[str]:
    """Return the rules that the program names in an InvalidInputError."""
    return (
        first_arguments("InvalidInputError")
        | first_arguments("NotListedError")
        | set(MISPLACED)
        | {"replica", "integration", "no_integrations", "agent", "no_agents", "unit_id"}
        | {mistake for mistake, _ in MISTAKES}
    )  # handed on
