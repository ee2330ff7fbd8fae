"""The wheel has the files that the program needs, and no others."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.support.source import ROOT, files


def test_the_wheel_holds_every_file_of_the_program_and_no_other(tmp_path: Path) -> None:
    """Catalogues, queries, migrations and contracts are installed; tests and docs are not."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=50)
    (wheel,) = tmp_path.glob("patchbay-*.whl")
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    paths = (path.relative_to(ROOT) for path in files())
    assert held == {path.as_posix() for path in paths if path.parts[0] in {"bot", "cogs"}}
