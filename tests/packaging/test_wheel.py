"""The wheel has the files that the program needs, and no others."""

import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support.source import ROOT, files

DEVELOPMENT = re.compile(
    r"bot/(documents/.*|operating/(new_provider\.py|provider_template/.*)|providers/\w+/contract\.yaml)"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as a release is."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=50)
    (built,) = folder.glob("patchbay-*.whl")
    return built


def test_the_wheel_holds_every_file_of_the_program_and_no_other(wheel: Path) -> None:
    """Catalogues, queries and migrations are installed; tests, docs and what a checkout needs are not."""
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    paths = {path.relative_to(ROOT).as_posix() for path in files()}
    program = {path for path in paths if path.startswith(("bot/", "cogs/"))}
    left_out = {path for path in program if DEVELOPMENT.fullmatch(path)}
    assert len(left_out) > 10
    assert held == program - left_out


def test_what_the_wheel_leaves_out_is_told(wheel: Path, tmp_path: Path) -> None:
    """The command that writes into a checkout says what it needs, in one line."""
    with ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from bot.__main__ import main; main()"
    answer = subprocess.run(
        [sys.executable, "-P", "-c", start, "new-provider", "acme"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: This needs a copy of the repository")
