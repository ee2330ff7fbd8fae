"""Builds the wheel, installs it with the locked packages where nothing else is, and looks at its demo.

This is what somebody gets who installs Patchbay: here a file is missed that only the work tree has.
"""

import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0  # seconds
ENDED_BY_CTRL_C = 130


def environment(folder: Path, lock: str) -> Path:
    """Make a virtual environment that holds what this lock file names, and return its Python."""
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    install(python, "--require-hashes", "-r", lock)
    return python


def install(python: Path, *arguments: str) -> None:
    """Install exactly these into the environment of this Python, which needs no pip of its own."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-deps", *arguments], check=True, cwd=ROOT)


def build(work: Path) -> Path:
    """Return the wheel, built with the locked builder and nothing else."""
    python = environment(work / "build", "requirements/build.txt")
    command = [str(python), "-m", "hatchling", "build", "-t", "wheel", "-d", str(work)]
    subprocess.run(command, check=True, cwd=ROOT)
    (wheel,) = work.glob("*.whl")
    return wheel


def look(work: Path, program: Path) -> None:
    """Start the demo away from the work tree, fetch its page, end it as Ctrl+C does.

    Raises SystemExit with the demo's own words where that fails.
    """
    log = work / "demo.log"
    command = [str(program), "demo", "--no-browser", "--port", "0"]
    with log.open("wb") as output:
        demo = subprocess.Popen(command, cwd=work, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
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
    said = f"demo from the wheel: page {status} of {size} bytes, exit code {code}, processes left: {left}"
    if status != HTTPStatus.OK or not size or code not in {0, ENDED_BY_CTRL_C} or left:
        sys.exit(f"{log.read_text('utf-8')}\n{said}")
    print(said)


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


def main() -> None:
    """Run all of it in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="patchbay-wheel-") as name:
        work = Path(name)
        wheel = build(work)
        python = environment(work / "demo", "requirements/demo.txt")
        install(python, "--no-index", str(wheel))
        look(work, python.with_name("patchbay"))


if __name__ == "__main__":
    main()
