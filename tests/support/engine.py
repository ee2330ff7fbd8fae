"""The engine with which the stores' tests run: SQLite, or PostgreSQL with ``--engine postgresql``."""

from pathlib import Path
from typing import Final

import pytest

Address = Path | str
"""The path of a SQLite database, or the URL of one on a PostgreSQL server."""

_FILE: Final = "path"
"""The fixture of tests about SQLite's own file."""
_OWN: Final = {_FILE, "postgres_url", "empty_postgres_url", "own_server"}
"""The fixtures of tests that choose their engine themselves: they run without the option."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the engine be chosen."""
    parser.addoption("--engine", choices=["sqlite", "postgresql"], default="sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out tests that are about one engine, or that open no database."""
    if config.getoption("engine") != "postgresql":
        return
    suited = [each for each in items if _suits(each)]
    config.hook.pytest_deselected(items=[each for each in items if each not in suited])
    items[:] = suited


def _suits(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    return "address" in names and _OWN.isdisjoint(names) and item.get_closest_marker("sqlite") is None


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Address:
    """The address of a database with all tables and no rows, or of one that is yet to be made."""
    is_file = request.config.getoption("engine") == "sqlite"
    found: Address = request.getfixturevalue(_FILE if is_file else "postgres_url")
    return found
