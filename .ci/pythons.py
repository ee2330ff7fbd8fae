"""Builds the wheel, installs it with the locked packages for each Python that this machine has, and looks.

This is what somebody gets who installs Patchbay: here a file is missed that only the work tree has, and a
package that only another Python needs. The Python that runs this runs all tests anyway; the others run some
here. A Python that is supported and not here is named: it was not examined.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
PATIENCE = 60.0  # seconds
ENDED_BY_CTRL_C = 130
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
# Where one Python differs from the next: SQLite, asyncio, types that are read at run time, URLs, warnings.
TESTS = ("test_settings.py", "test_logs.py", "store/test_database.py", "features/audit", "pictures")
OURS = ("PATCHBAY_", "PYTHON", "PYTEST")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
ENVIRONMENT["UV_PYTHON_DOWNLOADS"] = "never"
SETTINGS = {
    "PATCHBAY_DISCORD_TOKEN": "FAKE-TOKEN-OF-NOBODY.not-a-real.value-0000000000000000000000000",
    "PATCHBAY_ENCRYPTION_KEYS": "k1:RkFLRS1LRVktRk9SLVRFU1RTLTAwMDAwMDAwMDAwMDA=",
}


def supported() -> list[str]:
    """Return the versions that pyproject.toml names, such as 3.11."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [line.rpartition(" :: ")[2] for line in project["classifiers"]]
    return [each for each in named if each.startswith("3.")]


def found(version: str) -> Path | None:
    """Return the Python of this version: one on the PATH, or one that pyenv has and does not put there."""
    if version == OWN:
        return Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    on_path = shutil.which(f"python{version}")
    candidates = [Path(on_path)] if on_path else []
    candidates += sorted(pyenv.glob(f"{version}.*/bin/python"))
    for candidate in candidates:  # a command of pyenv's may be there without its Python
        if subprocess.run([candidate, "-c", ""], check=False, capture_output=True).returncode == 0:
            return candidate
    return None


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Return what a command prints. Raises SystemExit, with what it printed, if it fails."""
    ended = subprocess.run(
        command,
        cwd=cwd,
        env={**ENVIRONMENT, **environment},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if ended.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {ended.returncode}\n{ended.stdout}")
    return ended.stdout


def install(python: Path, *arguments: str | Path) -> None:
    """Install exactly these into the environment of this Python."""
    run(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", *arguments)


def build(work: Path) -> Path:
    """Return the wheel, built with the locked builder and nothing else."""
    run(UV, "venv", "--quiet", "--python", sys.executable, work / "build")
    python = work / "build" / "bin" / "python"
    install(python, "--require-hashes", "-r", "requirements/build.txt")
    run(python, "-m", "hatchling", "build", "-t", "wheel", "-d", work)
    (wheel,) = work.glob("*.whl")
    return wheel


def examine(version: str, base: Path, wheel: Path) -> str:
    """Install the wheel for a Python where nothing else is; return what was seen.

    Raises SystemExit where something fails.
    """
    work = wheel.parent / version
    run(UV, "venv", "--quiet", "--python", base, work)
    python = work / "bin" / "python"
    install(python, "--require-hashes", "-r", "requirements/run.txt")
    install(python, "--no-index", wheel)
    run(python.with_name("patchbay"), "doctor", "--offline", cwd=work, **SETTINGS)
    run(python, "-c", "import bot.app", cwd=work)
    install(python, "--require-hashes", "-r", "requirements/demo.txt")
    seen = look(work, python.with_name("patchbay"))
    if version == OWN:
        return seen
    install(python, "--require-hashes", "-r", "requirements/build.txt")
    install(python, "--require-hashes", "--no-build-isolation", "-r", "requirements/dev.txt")
    paths = [f"tests/{each}" for each in TESTS]
    pytest = (str(python), "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *paths)
    tests = run(*pytest, PYTHONPATH=str(ROOT))
    return f"{seen}; {tests.strip().splitlines()[-1]}"


def look(work: Path, program: Path) -> str:
    """Start the demo away from the work tree, fetch its page, end it as Ctrl+C does; return what was seen.

    Raises SystemExit with the demo's own words where that fails.
    """
    log = work / "demo.log"
    command = [str(program), "demo", "--no-browser", "--port", "0"]
    with log.open("wb") as output:
        demo = subprocess.Popen(
            command, cwd=work, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        url = printed_url(demo, log)
        with urllib.request.urlopen(url, timeout=PATIENCE) as page:  # noqa: S310 - its own page on loopback
            status, size = page.status, len(page.read())
        demo.send_signal(signal.SIGINT)
        code = demo.wait(PATIENCE)
    except BaseException:
        demo.kill()
        sys.stderr.write(log.read_text("utf-8"))
        raise
    left = processes_of(work)
    said = f"demo: page {status} of {size} bytes, exit code {code}, processes left: {left}"
    if status != HTTPStatus.OK or not size or code not in {0, ENDED_BY_CTRL_C} or left:
        sys.exit(f"{log.read_text('utf-8')}\n{said}")
    return said


def printed_url(demo: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until the demo has printed where it is."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and demo.poll() is None:
        for word in log.read_text("utf-8").split():
            if word.startswith("http://"):
                return word
        time.sleep(0.1)
    raise SystemExit("the demo did not say where its page is")


def processes_of(work: Path) -> list[str]:
    """Name the processes that run a program below this folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(work) in command:
            found.append(command)
    return found


def examined(wheel: Path) -> Iterator[str]:
    """Yield a line for each supported Python: what was seen, or that it is not here."""
    pythons = {version: found(version) for version in supported()}
    with ThreadPoolExecutor() as executor:
        started = {
            version: executor.submit(examine, version, base, wheel)
            for version, base in pythons.items()
            if base is not None
        }
        for version in pythons:
            seen = started[version].result() if version in started else "NOT EXAMINED: not on this machine"
            yield f"Python {version}: {seen}"


def main() -> None:
    """Run all of it in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="patchbay-wheel-") as name:
        for line in examined(build(Path(name))):
            print(line, flush=True)


if __name__ == "__main__":
    main()
