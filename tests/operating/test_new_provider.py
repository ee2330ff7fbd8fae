"""`patchbay new-provider` writes a provider that passes the tests that every provider has to pass."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from tests.support.source import ROOT

COPIED = (".gitignore", "bot", "cogs", "docs", "README.md", "pyproject.toml")
GENERATED = shutil.ignore_patterns("__pycache__", "screenshots")
# What looks at every provider, command or text that there is, and what shows several providers at once.
FOR_EVERY_PROVIDER = (
    "tests/architecture",
    "tests/providers/test_provider_suite.py",
    "tests/providers/test_contracts.py",
    "tests/i18n/test_catalogs.py",
    "tests/cogs/setup/test_setup.py",
    "tests/cogs/setup/test_without_lists.py",
    "tests/cogs/setup/test_setup_failures.py::test_each_list_has_its_texts",
    "tests/cogs/connections/test_connections.py",
    "tests/cogs/connections/test_guide.py",
    "tests/cogs/connections/test_several.py",
    "tests/cogs/integrations/test_status.py",
    "tests/cogs/integrations/test_overview.py",
    "tests/cogs/audit/test_actions.py",
    "tests/cogs/test_commands.py",
    "tests/documents/test_generated.py",
    "tests/operating/doctor",
    "tests/test_settings.py",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of this project without its tests, of which most of these tests have no use."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=GENERATED)
        else:
            shutil.copy2(source, tmp_path / name)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def new_provider(root: Path, *arguments: str) -> Result:
    """Run the command on a checkout."""
    return CliRunner().invoke(main, ["new-provider", "--root", str(root), *arguments])


def entries(root: Path) -> set[str]:
    """Return the paths of all files below a folder."""
    return {
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and ".git" not in path.parts
    }


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: there is no event loop."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_new_provider_passes_the_tests_of_every_provider(checkout: Path) -> None:
    """Two folders, and what `make docs` writes, are all that it takes."""
    shutil.copytree(ROOT / "tests", checkout / "tests", ignore=GENERATED)
    before = entries(checkout)
    assert new_provider(checkout, "nimbus", "--name", "Nimbus: Cloud #1").exit_code == 0
    added = entries(checkout) - before
    assert {path.rpartition("/nimbus/")[0] for path in added} == {"bot/providers", "cogs"}
    # What names another provider is tested in the project itself, and so are the cogs in both languages.
    chosen = "not sensay and not toolzz and (not cogs or not pt-BR)"
    tested = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            "-k",
            chosen,
            *FOR_EVERY_PROVIDER,
        ],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout[-4000:] + tested.stderr[-1000:]


def test_what_is_written_passes_the_linter(checkout: Path) -> None:
    """After `make format`, nothing is left to mend, whatever the length and the place in the alphabet."""
    slug = "z" * 20
    assert new_provider(checkout, slug, "--name", "N" * 30).exit_code == 0
    folders = [f"bot/providers/{slug}", f"cogs/{slug}"]
    for command in (["check", "--fix"], ["format"], ["check"]):
        ran = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", *folders],
            cwd=checkout,
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("slug", ["x", "Nimbus", "9lives", "two-words", "n" * 21, "../up", "nímbus", "class"])
def test_a_slug_is_a_short_word(checkout: Path, slug: str) -> None:
    """A slug becomes a module, a command and a part of custom ids, so it has to fit all of them."""
    before = entries(checkout)
    refused = new_provider(checkout, slug)
    assert (refused.exit_code, entries(checkout)) == (1, before)
    assert "no slug" in refused.output


@pytest.mark.parametrize("name", [" ", 'Nim"bus', "Nim\nbus", "{nimbus}", "n" * 31])
def test_a_name_fits_into_the_files(checkout: Path, name: str) -> None:
    """A name stands in code and in texts, which it must not end."""
    before = entries(checkout)
    refused = new_provider(checkout, "nimbus", "--name", name)
    assert (refused.exit_code, entries(checkout)) == (1, before)
    assert "the name" in refused.output


@pytest.mark.parametrize("folder", ["bot/providers/sensay", "cogs/help"])
def test_nothing_is_overwritten(checkout: Path, folder: str) -> None:
    """One folder that exists is enough to write neither."""
    before = entries(checkout)
    refused = new_provider(checkout, Path(folder).name)
    assert (refused.exit_code, entries(checkout)) == (1, before)
    assert f"{folder} exists already" in refused.output


def test_another_folder_is_no_checkout(tmp_path: Path) -> None:
    """Where the project is not, nothing is written."""
    refused = new_provider(tmp_path, "nimbus")
    assert (refused.exit_code, entries(tmp_path)) == (1, set())
    assert "is no checkout" in refused.output
