"""Holds rules of style that no linter knows."""

import ast
import re
from collections import Counter

import pytest

from bot.providers.base.integration import State
from tests.support.source import ROOT, files, imported, modules, places

MAX_LINES = 400
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
READS_ENVIRONMENT = {"bot/settings.py", "bot/__main__.py"}
LOADED_LATE = {"bot/__main__.py", "bot/pictures/canvas.py"}
"""Modules that import a large library only when they need it."""
MAY_CATCH = {
    # No member waits for an answer there.
    "cogs/alerts/messenger.py",
    "cogs/alerts/testing.py",
    "cogs/audit/mirror.py",
    "cogs/guilds/greeting.py",
    "cogs/guilds/rounds.py",
    # The failure is a part of the answer.
    "cogs/connections/suggestions.py",
    "cogs/integrations/diagnosing.py",
    "cogs/setup/steps.py",
}
# Written in two parts, or this file would be the first to hold them.
NOT_FOR_PUBLIC = tuple(
    "".join(parts)
    for parts in (
        ("../", "shared"),
        ("/", "work/"),
        ("py", "pi.org"),
        ("python", "hosted.org"),
        ("npm", "js.org"),
        ("deb.", "debian.org"),
        ("docker", ".io"),
    )
)


def test_no_file_has_a_name_that_says_nothing() -> None:
    """A module is named for its purpose, so that none collects what has no place."""
    paths = [path.relative_to(ROOT) for path in files()]
    assert [str(path) for path in paths if VAGUE & {part.split(".")[0] for part in path.parts}] == []


def test_no_module_is_too_long_to_read() -> None:
    """A file of bot/ or cogs/ has 400 lines at most."""
    lengths = {str(path): (ROOT / path).read_text("utf-8").count("\n") for path, _ in modules("bot", "cogs")}
    assert {path: lines for path, lines in lengths.items() if lines > MAX_LINES} == {}


def test_the_program_does_not_print() -> None:
    """What the program prints goes through click, rich or the log, never through print()."""
    assert places(prints, "bot", "cogs") == []


def test_cogs_do_not_catch_errors() -> None:
    """A failure in a command becomes an embed in one place, so a cog holds no `try`, but for some modules."""
    assert places(catches, "cogs", but=MAY_CATCH) == []
    assert {place.partition(":")[0] for place in places(catches, "cogs")} == MAY_CATCH


def test_cogs_do_not_fetch_each_other() -> None:
    """No cog asks the bot for another one."""
    assert places(fetches_cog, "bot", "cogs") == []


def test_the_environment_is_read_in_one_place() -> None:
    """Settings are read by bot/settings.py alone, each under one name."""
    assert places(reads_environment, "bot", "cogs", but=READS_ENVIRONMENT) == []


def test_every_test_states_its_fact() -> None:
    """A test's docstring is what it proves."""
    assert places(is_test_without_docstring, "tests") == []


@pytest.mark.parametrize("words", NOT_FOR_PUBLIC)
def test_nothing_names_where_it_was_made(words: str) -> None:
    """The repository names no path of one machine, and no address from which packages were fetched."""
    assert [str(path.relative_to(ROOT)) for path in files() if words.encode() in path.read_bytes()] == []


def test_no_test_imports_another_one() -> None:
    """What tests share stands in tests/support."""
    found = [
        f"{path} imports {name}"
        for path, tree in modules("tests")
        for name in imported(tree)
        if name.startswith("tests.") and any(part.startswith("test_") for part in name.split("."))
    ]
    assert found == []


def test_a_state_is_named_in_one_place() -> None:
    """The text of a state's word is looked up by one module, so that a state has one word everywhere."""
    assert places(composes_state_word, "bot", "cogs", but={"bot/discord/theme.py"}) == []
    assert places(composes_state_word, "bot", "cogs") != []


def test_types_are_imported_like_everything_else() -> None:
    """No import for type checking alone hides an import circle."""
    assert places(is_type_checking, "bot", "cogs", "tests", but=LOADED_LATE) == []


def test_a_class_name_means_one_thing() -> None:
    """No two public classes have the same name, except in the providers, whose files are alike."""
    counts = Counter(
        node.name
        for path, tree in modules("bot", "cogs")
        if path.parts[:2] != ("bot", "providers") or path.parts[2] == "base"
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name: count for name, count in counts.items() if count > 1} == {}


def is_type_checking(node: ast.AST) -> bool:
    """Tell whether this node is an `if TYPE_CHECKING`."""
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def composes_state_word(node: ast.AST) -> bool:
    """Tell whether this node is, or composes, the key of a state's word, such as f"state.{state}"."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        words = "|".join(State)
        return re.fullmatch(rf"([a-z]+\.)?state\.({words})|([a-z]+\.)?state\.", node.value) is not None
    if not isinstance(node, ast.JoinedStr):
        return False
    fixed = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
    return re.fullmatch(r"([a-z]+\.|\{\}\.)?state(\.\{\})+", "".join(map(str, fixed))) is not None


def prints(node: ast.AST) -> bool:
    """Tell whether this node calls the built-in print; rich has a method of that name."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def catches(node: ast.AST) -> bool:
    """Tell whether this node is a `try`."""
    return isinstance(node, ast.Try | ast.TryStar)


def fetches_cog(node: ast.AST) -> bool:
    """Tell whether this node is an attribute get_cog."""
    return isinstance(node, ast.Attribute) and node.attr == "get_cog"


def is_test_without_docstring(node: ast.AST) -> bool:
    """Tell whether this node is a test without a docstring."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return node.name.startswith("test_") and not ast.get_docstring(node)


def reads_environment(node: ast.AST) -> bool:
    """Tell whether this node is os.environ or os.getenv, or imports one of them."""
    names = {"environ", "environb", "getenv", "getenvb"}
    match node:
        case ast.Attribute(value=ast.Name(id="os"), attr=name):
            return name in names
        case ast.ImportFrom(module="os", names=aliases):
            return any(alias.name in names for alias in aliases)
    return False
