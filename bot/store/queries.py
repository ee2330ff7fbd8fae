"""Loads the SQL that a feature keeps beside its store."""

from importlib.resources import files
from typing import Any

import aiosql


def load_queries(package: str) -> Any:  # noqa: ANN401 - aiosql makes the methods from the file
    """Return the queries of ``queries.sql`` in a package, as methods that take a connection first."""
    return aiosql.from_path(str(files(package) / "queries.sql"), "aiosqlite")
