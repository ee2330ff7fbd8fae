"""Holds what import-linter cannot say: all has a layer, there is no import circle, providers are alike."""

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest

from bot.providers import slugs
from tests.support.source import ROOT, imported, module_imports, modules, pyproject

PROVIDERS = ROOT / "bot" / "providers"
PROVIDER_FILES = {"__init__.py", "client.py", "contract.yaml", "models.py", "simulator.py", "strings"}
STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE \w+\s+SET|DELETE FROM|CREATE (TABLE|INDEX)|PRAGMA)\b")
MODULES_OF_COGS = {"cogs.alerts.board_rows", "cogs.monitoring.formatting"}
"""The modules of a feature's cog that cogs above it may use as a whole."""


def layers() -> set[str]:
    """Name every module that the contract of layers places."""
    contracts: list[dict[str, Any]] = pyproject()["tool"]["importlinter"]["contracts"]
    (contract,) = (each for each in contracts if each["id"] == "layers")
    return {name.strip() for layer in contract["layers"] for name in layer.split("|")}


def children(package: str) -> set[str]:
    """Name the modules and packages in a package."""
    folder = ROOT.joinpath(*package.split("."))
    found = {path.stem for path in folder.iterdir() if path.is_dir() or path.suffix == ".py"}
    return {f"{package}.{name}" for name in found - {"__init__", "__pycache__"}}


def test_everything_has_a_layer() -> None:
    """Each child of bot, bot.features and cogs has a place among the layers, except the providers' cogs."""
    present = (children("bot") - {"bot.features"}) | children("bot.features") | children("cogs")
    assert present - {f"cogs.{slug}" for slug in slugs()} == layers()


def test_there_is_no_import_circle() -> None:
    """Modules can be put in an order in which each one imports only earlier ones, type checking included."""
    order = TopologicalSorter(module_imports("bot", "cogs")).static_order()
    assert len(list(order)) > 200


@pytest.mark.parametrize(
    ("libraries", "allowed"),
    [
        ({"discord"}, ("bot/discord", "cogs", "bot/demo", "bot/operating", "bot/app.py")),
        ({"simcord"}, ("bot/demo",)),
        ({"httpx"}, ("bot/providers", "bot/operating", "bot/app.py")),
        ({"aiosqlite", "alembic", "psycopg", "sqlalchemy", "sqlite3"}, ("bot/store",)),
    ],
    ids=lambda value: "-".join(sorted(value)) if isinstance(value, set) else "",
)
def test_a_library_is_used_in_few_places(libraries: set[str], allowed: tuple[str, ...]) -> None:
    """Discord, HTTP and the database are each spoken to in a part of the program that is named here."""
    others = [
        f"{path} imports {name}"
        for path, tree in modules("bot", "cogs")
        if not is_below(path, allowed)
        for name in imported(tree)
        if name.partition(".")[0] in libraries
    ]
    assert others == []


def is_below(path: Path, places: tuple[str, ...]) -> bool:
    """Tell whether a file is one of these places or lies in one; a place may be a pattern."""
    return any(each.match(place) for each in (path, *path.parents) for place in places)


def test_only_stores_speak_sql() -> None:
    """SQL stands in .sql files, in stores, and in bot/store; nowhere else."""
    found = [
        f"{path}: {text[:60]!r}"
        for path, tree in modules("bot", "cogs")
        if not is_below(path, ("bot/store", "bot/features/*/*store.py"))
        for text in constants(tree)
        if STATEMENT.match(text)
    ]
    assert found == []


def test_a_provider_is_named_only_by_itself_and_its_own_cog() -> None:
    """To add or to remove a provider changes no file outside its two folders, and nothing imports its cog."""
    others = [
        f"{path} names {name}"
        for slug in slugs()
        for path, tree in modules("bot", "cogs")
        if not is_below(path, (f"bot/providers/{slug}", f"cogs/{slug}"))
        for name in [*imported(tree), *constants(tree)]
        if f"{name}.".startswith((f"bot.providers.{slug}.", f"cogs.{slug}."))
    ]
    assert others == []


def test_a_provider_s_cog_has_its_place() -> None:
    """A provider's cog may import every feature and its cog, but not what starts the program or is on its
    level.
    """
    roots = {"bot.app", "bot.demo", "bot.operating", "bot.settings", "bot.logs", "cogs.setup", "cogs.help"}
    found = [
        f"{module} imports {name}"
        for module, names in module_imports("bot", "cogs").items()
        if module.startswith(tuple(f"cogs.{slug}" for slug in slugs()))
        for name in names
        if ".".join(name.split(".")[:2]) in roots
    ]
    assert found == []


def test_cogs_use_of_each_other_what_is_exported() -> None:
    """Of another cog, a cog imports names that ``__init__`` lists in ``__all__``, and few whole modules."""
    exports = {
        f"cogs.{path.parts[1]}.{name}"
        for path, tree in modules("cogs")
        if path.name == "__init__.py"
        for name in exported(tree)
    }
    found = [
        f"{path} imports {name}"
        for path, tree in modules("cogs")
        if len(path.parts) > 2
        for name in imported(tree)
        if name.startswith("cogs.") and name.split(".")[1] != path.parts[1] and name not in exports
        if not f"{name}.".startswith(tuple(f"{module}." for module in MODULES_OF_COGS))
    ]
    assert found == []


def exported(tree: ast.Module) -> list[str]:
    """Return what a module lists in ``__all__``."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def constants(tree: ast.Module) -> Iterator[str]:
    """Yield the strings of a module: one of them could be handed to import_module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_provider_has_the_same_files() -> None:
    """Whoever knows one provider knows where everything is in the next."""
    assert slugs()
    for slug in slugs():
        assert {path.name for path in (PROVIDERS / slug).iterdir()} >= PROVIDER_FILES, slug
