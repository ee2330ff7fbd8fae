"""Compares what members see before and after a change: commands, options, custom ids and messages.

    .venv/bin/python .ci/compare_messages.py BASE [FOLDER ...]

The tests of both commits run with this file as a pytest plugin, which records every request that the bot
sends to the simulated Discord. Values that differ from run to run (ids, times, ports, references) are masked.
The two sets of requests are then compared, whichever test caused them, so tests may be moved and renamed
between the commits. BASE: a commit. FOLDER: what to run, ``tests`` without the slow journeys by default.
Exit code 1 if anything differs.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RECORD = "PATCHBAY_TEST_RECORD"
"""Names the folder into which the plugin writes."""
RECORDED: list[str] = []
"""JSON lines: a test's name and a request."""
LEFT_OUT = ("tests/journeys", "tests/packaging", "tests/architecture", "tests/operating/test_new_provider.py")
MASKS = (
    (re.compile(r"<t:\d+(:\w)?>"), r"<t:0\1>"),
    (re.compile(r"PB-[2-9A-HJ-NP-Z]{8}"), "PB-0"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:0"),
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[^/\"]+"), r"\1token"),
    (re.compile(r"\b[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\b"), "uuid"),
    (re.compile(r"\b[0-9a-f]{24,64}\b"), "hash"),
    (re.compile(r"(#\d+ · )[0-9a-f]{16}\b"), r"\1hash"),
    (re.compile(r"\d{15,20}"), "id"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)?"), "time"),
    (re.compile(r"\b\d+[,.]\d+ (seconds|segundos)"), r"0 \1"),
)


def pytest_configure() -> None:
    """Record the requests of every simulated Discord when it is shut down."""
    folder = os.environ.get(RECORD)
    if folder is None:
        return
    import simcord  # noqa: PLC0415 - the script itself runs without it

    shutdown = simcord.Env.shutdown

    async def recorded(env: simcord.Env) -> None:
        name = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
        for request in env.http_requests:
            sent = [request.method, request.path, request.params, request.json]
            RECORDED.append(json.dumps([name, sent], default=str, ensure_ascii=False))
        await shutdown(env)

    simcord.Env.shutdown = recorded  # type: ignore[method-assign, assignment]


def pytest_sessionfinish() -> None:
    """Write what was recorded: while a test runs, no file may be written in its event loop."""
    if folder := os.environ.get(RECORD):
        Path(folder, f"{os.getpid()}.jsonl").write_text("".join(f"{line}\n" for line in RECORDED), "utf-8")


def masked(request: list[Any]) -> str:
    """Return a request as one line, with what differs from run to run masked."""
    line = json.dumps(request, sort_keys=True, ensure_ascii=False)
    for pattern, mask in MASKS:
        line = pattern.sub(mask, line)
    return line


def record(tree: Path, folders: list[str]) -> dict[str, str]:
    """Run a tree's tests; return every request, masked, with the name of one test that caused it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    with tempfile.TemporaryDirectory() as written:
        command = [
            *(sys.executable, "-m", "pytest", "-q", "-p", Path(__file__).stem, "-p", "no:randomly"),
            *("-n", "2", "--dist", "worksteal", "--no-header", "--hypothesis-seed=0"),
            *(f"--ignore={path}" for path in LEFT_OUT),
            *folders,
        ]
        environment |= {RECORD: written, "PYTHONPATH": f"{Path(__file__).parent}{os.pathsep}{tree}"}
        ran = subprocess.run(command, cwd=tree, env=environment, check=False, capture_output=True, text=True)
        print(f"{tree.name}: {ran.stdout.strip().splitlines()[-1]}")
        return dict(read(Path(written)))


def read(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every request that was written, masked, with its test's name."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            name, request = json.loads(line)
            yield masked(request), name


def main() -> int:
    """Compare; return the exit code."""
    base, *folders = sys.argv[1:]
    folders = folders or ["tests"]
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary, "before")
        subprocess.run(["git", "worktree", "add", "--detach", "--quiet", tree, base], cwd=ROOT, check=True)
        try:
            before = record(tree, [each for each in folders if (tree / each).exists()])
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, check=True)
    after = record(ROOT, [each for each in folders if (ROOT / each).exists()])
    gone = {line: before[line] for line in before.keys() - after.keys()}
    new = {line: after[line] for line in after.keys() - before.keys()}
    print(f"{len(before.keys() & after.keys())} the same, {len(gone)} only before, {len(new)} only after")
    for sign, lines in (("-", gone), ("+", new)):
        for line, name in sorted(lines.items(), key=lambda each: (each[1], each[0])):
            print(f"{sign} {name}\n  {line}")
    return 1 if gone or new else 0


if __name__ == "__main__":
    sys.exit(main())
