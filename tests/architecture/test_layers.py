"""Holds what import-linter cannot say: everything has a layer, and what is found by being there is alike."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.architecture.source import ROOT, imported, modules, pyproject

PROVIDERS = ROOT / "bot" / "providers"
PROVIDER_FILES = {"__init__.py", "client.py", "contract.yaml", "models.py", "simulator.py", "strings"}


def children(folder: Path) -> set[str]:
    """Name the modules and folders of a package."""
    found = {path.stem for path in folder.iterdir() if path.is_dir() or path.suffix == ".py"}
    return found - {"__init__", "__pycache__"}


def contract(name: str) -> dict[str, Any]:
    """Return the import-linter contract with this id."""
    contracts: list[dict[str, Any]] = pyproject()["tool"]["importlinter"]["contracts"]
    (found,) = (entry for entry in contracts if entry["id"] == name)
    return found


def layers() -> set[str]:
    """Name every module that the contract of layers places."""
    return {name.strip(" ()") for layer in contract("layers")["layers"] for name in layer.split("|")}


def test_every_child_of_bot_has_a_layer() -> None:
    """A new module or folder of bot/ is not taken in before it has been given its place among the layers."""
    assert {f"bot.{child}" for child in children(ROOT / "bot")} - layers() == set()


def test_only_the_kit_the_providers_and_the_roots_may_speak_http() -> None:
    """Whatever has a layer is held to the contract on httpx, but for the four that may."""
    free = {"bot.kit", "bot.providers", "bot.app", "bot.doctor"}
    assert set(contract("httpx")["source_modules"]) == present(layers()) - free


def test_only_the_store_may_speak_sql() -> None:
    """Whatever has a layer is held to the contract on SQL drivers, but for the store."""
    assert set(contract("sql")["source_modules"]) == present(layers()) - {"bot.store"}


def present(names: set[str]) -> set[str]:
    """Leave out the layers that nothing fills yet."""
    return {name for name in names if name == "cogs" or name.removeprefix("bot.") in children(ROOT / "bot")}


def test_a_provider_is_named_only_by_itself_and_its_own_cog() -> None:
    """Removing or adding a provider changes no file outside its two folders."""
    strangers = [
        f"{path} names {name}"
        for slug in children(PROVIDERS)
        for path, tree in modules("bot", "cogs")
        if path.parts[:3] != ("bot", "providers", slug) and path.with_suffix("").parts[:2] != ("cogs", slug)
        for name in [*imported(tree), *constants(tree)]
        if f"{name}.".startswith(f"bot.providers.{slug}.")
    ]
    assert strangers == []


def constants(tree: ast.Module) -> Iterator[str]:
    """Yield the strings of a module: what could be handed to import_module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_provider_has_the_same_files() -> None:
    """Who has read one provider knows where everything is in the next."""
    assert children(PROVIDERS)
    for slug in children(PROVIDERS):
        assert {path.name for path in (PROVIDERS / slug).iterdir()} >= PROVIDER_FILES, slug
