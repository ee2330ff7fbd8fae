"""The actions in the audit log: all of them are declared, and have a name in every language."""

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from bot.features.audit.service import known_actions
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers import providers
from bot.providers.base.provider import Provider
from tests.support.source import modules

DECLARED: Final = known_actions(providers())
ACTION_POSITION: Final = {"ctx.change": 0, "audit.change": 2, "audit.note": 1}
"""Which argument is the action, by the end of what is called."""
PASSES_ON: Final = {"bot/discord/context.py", "bot/features/audit/service.py"}
"""The files whose action is an argument of their own."""


def written_actions() -> Iterator[tuple[str, str]]:
    """Yield the place of each action that the program records, and a pattern of the action."""
    for path, tree in modules("bot", "cogs"):
        if str(path) in PASSES_ON:
            continue
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, (ast.Assign, ast.AnnAssign))
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and node.value is not None
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func).replace("._", ".")
                for end, position in ACTION_POSITION.items():
                    if called == end or called.endswith(f".{end}"):
                        yield f"{path}:{node.lineno}", pattern_of(node.args[position], constants)


def pattern_of(argument: ast.expr, constants: dict[str, ast.expr]) -> str:
    """Return a regular expression that matches what an argument can be. constants: those of the module."""
    match argument:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(pattern_of(part, constants) for part in parts)
        case ast.FormattedValue():
            return "[a-z_]+"
        case ast.Name(id=name) if name in constants:
            return pattern_of(constants[name], constants)
    raise AssertionError(f"line {argument.lineno}: the action cannot be read from the source")


def test_every_written_action_is_declared() -> None:
    """What a command records can be filtered for, and has a name."""
    written = list(written_actions())
    assert {path.split("/")[0] for path, _ in written} == {"bot", "cogs"}
    undeclared = [
        f"{place}: {pattern}"
        for place, pattern in written
        if not any(re.fullmatch(pattern, action) for action in DECLARED)
    ]
    assert undeclared == []


@pytest.mark.parametrize("provider", providers(), ids=lambda provider: provider.slug)
def test_every_action_of_a_provider_is_written(provider: type[Provider]) -> None:
    """A provider declares nothing that no command records."""
    patterns = [pattern for _, pattern in written_actions()]
    declared = [action for action in DECLARED if action.startswith(f"{provider.slug}.")]
    assert [each for each in declared if not any(re.fullmatch(pattern, each) for pattern in patterns)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_action_has_a_name(locale: str) -> None:
    """Each declared action has a name of its own in both languages."""
    texts = load_catalog()[locale]
    assert len({texts(f"audit.action.{action}") for action in DECLARED}) == len(DECLARED)
