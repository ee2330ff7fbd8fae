"""The fixtures of the tests of backups."""

import base64
from pathlib import Path

import pytest

from bot.settings import Settings, load_settings

KEY = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the commands run in no event loop."""


@pytest.fixture
def settings(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a database and a folder for backups."""
    (tmp_path / "patchbay.db").write_bytes(empty_database.read_bytes())
    monkeypatch.setenv("PATCHBAY_DATABASE_URL", f"sqlite:///{tmp_path / 'patchbay.db'}")
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS", f"k2:{KEY}")
    monkeypatch.setenv("PATCHBAY_BACKUP_FOLDER", str(tmp_path / "backups"))
    monkeypatch.setenv("PATCHBAY_BACKUP_KEEP", "2")
    return load_settings()
