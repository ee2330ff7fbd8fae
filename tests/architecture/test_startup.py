"""Measures what the command line imports before it has anything to do."""

import json
import subprocess
import sys

import pytest

from tests.support.source import ROOT

PROBE = """
import json, sys
for name in sys.argv[1].split():
    sys.modules[name] = None
sys.argv = ["patchbay", *sys.argv[2:]]
from bot.__main__ import main
try:
    main()
except SystemExit:
    pass
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
DISCORD = {"discord", "simcord"}
DATABASE = {"aiosqlite", "alembic", "psycopg", "sqlalchemy", "sqlite3"}
HTTP = {"aiohttp", "httpx"}


def run(words: str, *missing: str) -> tuple[str, set[str]]:
    """Return what the command prints, and the top-level modules that it has imported by then.

    missing: modules that cannot be imported.
    """
    command = [sys.executable, "-c", PROBE, " ".join(missing), *words.split()]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    *printed, modules = answer.stdout.splitlines()
    return "\n".join(printed), set(json.loads(modules))


@pytest.mark.parametrize("words", ["--help", "run --help", "demo --help", "doctor --help", "sync --help"])
def test_help_needs_none_of_the_heavy_libraries(words: str) -> None:
    """Discord, the database and HTTP are imported by the command that needs them, when it runs."""
    printed, modules = run(words)
    assert "Usage:" in printed
    assert modules & (DISCORD | DATABASE | HTTP) == set()


def test_settings_are_checked_without_discord_or_database() -> None:
    """`doctor --offline` helps where none of these can be imported, and says which one is missing."""
    printed, _ = run("doctor --offline", *DISCORD, *DATABASE)
    assert "encryption keys" in printed
    assert "discord cannot be imported" in printed
