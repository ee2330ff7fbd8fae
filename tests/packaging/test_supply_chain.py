"""Advisories about the locked packages, and the list of what the image consists of."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.support.source import ROOT


@contextmanager
def osv(answer: Callable[[list[dict[str, Any]]], bytes]) -> Iterator[str]:
    """Answer the question about all packages on loopback; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer(queries))

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script of .ci to its end."""
    command = [sys.executable, str(ROOT / ".ci" / script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def locked(lock: str) -> dict[str, tuple[str, set[str]]]:
    """Return the version and the hashes of each package in a lock file."""
    found: dict[str, tuple[str, set[str]]] = {}
    for line in (ROOT / "requirements" / lock).read_text("utf-8").splitlines():
        if package := re.match(r"([\w.-]+)(?:\[.*\])?==([^\s;]+)", line):
            name, version = package.groups()
            found[name] = (version, set())
        elif hashed := re.search(r"--hash=sha256:(\w+)", line):
            found[name][1].add(hashed[1])
    return found


def test_an_advisory_fails_and_is_named() -> None:
    """OSV is asked about every locked package, and the one with an advisory is shown."""
    asked: dict[str, str] = {}

    def answer(queries: list[dict[str, Any]]) -> bytes:
        asked.update({query["package"]["name"]: query["version"] for query in queries})
        bad = {"vulns": [{"id": "PYSEC-2026-1"}]}
        return json.dumps(
            {"results": [bad if query["package"]["name"] == "click" else {} for query in queries]}
        ).encode()

    with osv(answer) as address:
        ended = run("advisories.py", address)
    assert ended.returncode == 1
    assert f"click {asked['click']}: PYSEC-2026-1" in ended.stdout
    assert asked == {name: version for name, (version, _) in locked("dev.txt").items()}


def test_no_advisory_passes() -> None:
    """An answer without advisories says how many packages were checked."""
    with osv(lambda queries: json.dumps({"results": [{} for _ in queries]}).encode()) as address:
        ended = run("advisories.py", address)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"advisories: 0 known for {len(locked('dev.txt'))} locked packages\n"


def test_an_unreachable_service_is_told() -> None:
    """Without a network nothing fails, and nobody can take it for a check."""
    ended = run("advisories.py", "http://127.0.0.1:9")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("advisories were not checked: ")


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"results": []}', b'{"results": 3}', b"\xff"])
def test_a_malformed_answer_is_told(content: bytes) -> None:
    """An answer that is not about the locked packages is no check either."""
    with osv(lambda _: content) as address:
        ended = run("advisories.py", address)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("advisories were not checked: the answer is malformed")


def test_the_sbom_names_every_locked_package() -> None:
    """Each package of run.txt is in it with its version, its address and all its hashes."""
    document = json.loads(run("sbom.py").stdout)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    listed = {
        each["name"]: (
            each["version"],
            {digest["content"] for file in each["externalReferences"] for digest in file["hashes"]},
        )
        for each in document["components"]
    }
    assert listed == locked("run.txt")
    for each in document["components"]:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert each["licenses"][0]["license"]["name"] not in {"", "not named", "UNKNOWN"}
