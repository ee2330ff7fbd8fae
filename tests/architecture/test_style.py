"""Holds the rules of style that no linter knows."""

import ast

import pytest

from tests.architecture.source import ROOT, files, modules, places

MOST_LINES = 400
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
READS_ENVIRONMENT = {"bot/settings.py", "bot/__main__.py"}
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
    """A module is named for what it is for, so there is no drawer for the rest."""
    paths = [path.relative_to(ROOT) for path in files()]
    assert [str(path) for path in paths if VAGUE & {part.split(".")[0] for part in path.parts}] == []


def test_no_module_is_too_long_to_read() -> None:
    """A file of bot/ or cogs/ has 400 lines at most."""
    lengths = {str(path): (ROOT / path).read_text("utf-8").count("\n") for path, _ in modules("bot", "cogs")}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_the_program_does_not_print() -> None:
    """What the program says goes through click, rich or the log, never through print()."""
    assert places(prints, "bot", "cogs") == []


def test_cogs_do_not_catch_errors() -> None:
    """A failure in a command is worded by the tree, in one place, so a cog holds no `try`."""
    assert places(catches, "cogs") == []


def test_cogs_do_not_fetch_each_other() -> None:
    """No cog asks the bot for another one."""
    assert places(fetches_cog, "bot", "cogs") == []


def test_the_environment_is_read_in_one_place() -> None:
    """A setting is read by bot/settings.py and under its one name, not where a module happens to want it."""
    assert places(reads_environment, "bot", "cogs", but=READS_ENVIRONMENT) == []


def test_every_test_states_its_fact() -> None:
    """A test's docstring is what it proves."""
    assert places(is_test_without_docstring, "tests") == []


@pytest.mark.parametrize("words", NOT_FOR_PUBLIC)
def test_nothing_names_where_it_was_made(words: str) -> None:
    """The repository stands by itself: no path of one machine, no address that packages were fetched from."""
    assert [str(path.relative_to(ROOT)) for path in files() if words.encode() in path.read_bytes()] == []


def prints(node: ast.AST) -> bool:
    """Tell whether this node calls the built-in print; rich has a method of that name."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"


def catches(node: ast.AST) -> bool:
    """Tell whether this node is a `try`."""
    return isinstance(node, ast.Try | ast.TryStar)


def fetches_cog(node: ast.AST) -> bool:
    """Tell whether this node is somebody's get_cog."""
    return isinstance(node, ast.Attribute) and node.attr == "get_cog"


def is_test_without_docstring(node: ast.AST) -> bool:
    """Tell whether pytest runs this node and nobody can read what for."""
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
