"""Reads the project's own source, for the architecture tests."""

import ast
import subprocess
import tomllib
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@cache
def pyproject() -> dict[str, Any]:
    """Return pyproject.toml, parsed."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


@cache
def files() -> tuple[Path, ...]:
    """Return every file of the repository: those that git tracks, and new ones that it does not ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=30).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return tuple(sorted({path for path in paths if path.is_file()}))


def modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Yield each Python file below these folders, as a path from the root and its tree."""
    for path in files():
        relative = path.relative_to(ROOT)
        if path.suffix == ".py" and relative.parts[0] in folders:
            yield relative, parsed(path)


@cache
def parsed(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text("utf-8"), str(path))


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted name of everything that a module imports, anywhere in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def module_imports(*folders: str) -> dict[str, set[str]]:
    """Return which modules of these folders each module imports, by dotted name."""
    trees = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__"): tree
        for path, tree in modules(*folders)
    }
    return {
        name: {found for each in imported(tree) if (found := _module_of(each, trees))}
        for name, tree in trees.items()
    }


def _module_of(name: str, known: Collection[str]) -> str:
    """Return the module of an imported name, empty for a module of another folder or library."""
    parent = name.rpartition(".")[0]
    return name if name in known else parent if parent in known else ""


def places(matches: Callable[[ast.AST], bool], *folders: str, but: Collection[str] = ()) -> list[str]:
    """Return ``path:line`` of every node in these folders that matches; the files in ``but`` are left out."""
    return [
        f"{path}:{getattr(node, 'lineno', 1)}"
        for path, tree in modules(*folders)
        if str(path) not in but
        for node in ast.walk(tree)
        if matches(node)
    ]
