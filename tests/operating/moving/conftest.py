"""What the tests of a move share."""

from pathlib import Path
from shutil import copy

import pytest


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: nothing else runs in the event loop."""


@pytest.fixture
def path(tmp_path: Path, empty_database: Path) -> Path:
    """A file with all tables and no rows."""
    path = Path(copy(empty_database, tmp_path / "patchbay.db"))
    path.chmod(0o600)
    return path
