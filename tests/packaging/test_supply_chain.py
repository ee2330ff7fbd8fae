"""Advisories about the locked packages, and the list of what the image consists of."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.support.source import ROOT

Answered = tuple[int, bytes]


@contextmanager
def osv(answer: Callable[[list[dict[str, Any]]], Answered]) -> Iterator[str]:
    """Answer questions about packages on loopback with a status and a body; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/querybatch"
            status, body = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"])
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def results(queries: list[dict[str, Any]], bad: dict[str, Any], package: str = "click") -> Answered:
    """Return an answer in which one package has this result, and every other one none."""
    found = [bad if query["package"]["name"] == package else {} for query in queries]
    return 200, json.dumps({"results": found}).encode()


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

    def answer(queries: list[dict[str, Any]]) -> Answered:
        asked.update({query["package"]["name"]: query["version"] for query in queries})
        return results(queries, {"vulns": [{"id": "PYSEC-2026-1"}]})

    with osv(answer) as address:
        ended = run("advisories.py", address, "--unchecked-ok")
    assert ended.returncode == 1
    assert f"click {asked['click']}: PYSEC-2026-1" in ended.stdout
    assert asked == {name: version for name, (version, _) in locked("dev.txt").items()}


def test_no_advisory_passes() -> None:
    """An answer without advisories says how many packages were checked."""
    with osv(lambda queries: results(queries, {})) as address:
        ended = run("advisories.py", address)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"advisories: 0 known for {len(locked('dev.txt'))} locked packages\n"


def test_every_page_is_read() -> None:
    """OSV gives what is on later pages too, for the one package that has some."""
    pages: dict[str | None, dict[str, Any]] = {
        None: {"next_page_token": "second"},
        "second": {"vulns": [{"id": "PYSEC-2026-2"}], "next_page_token": "third"},
        "third": {"vulns": [{"id": "PYSEC-2026-3"}]},
    }
    asked: list[tuple[int, str | None]] = []

    def answer(queries: list[dict[str, Any]]) -> Answered:
        (query,) = (each for each in queries if each["package"]["name"] == "click")
        asked.append((len(queries), query.get("page_token")))
        return results(queries, pages[asked[-1][1]])

    with osv(answer) as address:
        ended = run("advisories.py", address)
    assert asked == [(len(locked("dev.txt")), None), (1, "second"), (1, "third")]
    assert ended.returncode == 1
    assert [line.rpartition(" ")[2] for line in ended.stdout.splitlines()[:2]] == [
        "PYSEC-2026-2",
        "PYSEC-2026-3",
    ]


def test_pages_without_an_end_are_no_check() -> None:
    """A token that always leads to another page ends with what was found, and never with a pass."""
    with osv(lambda queries: results(queries, {"next_page_token": "again"})) as address:
        ended = run("advisories.py", address)
    assert ended.returncode == 3
    assert ended.stdout == "ADVISORIES WERE NOT CHECKED: click has more than 20 pages\n"


def test_what_was_found_before_a_failure_fails() -> None:
    """An advisory of the first page counts, although the second one was not given."""

    def answer(queries: list[dict[str, Any]]) -> Answered:
        bad = {"vulns": [{"id": "PYSEC-2026-4"}], "next_page_token": "second"}
        return (503, b"") if len(queries) == 1 else results(queries, bad)

    with osv(answer) as address:
        ended = run("advisories.py", address, "--unchecked-ok")
    assert ended.returncode == 1
    assert "PYSEC-2026-4" in ended.stdout
    assert "ADVISORIES WERE NOT CHECKED: the service answered 503" in ended.stdout


@pytest.mark.parametrize(("arguments", "code"), [((), 3), (("--unchecked-ok",), 0)])
def test_an_unreachable_service_is_told(arguments: tuple[str, ...], code: int) -> None:
    """Nobody can take a missing network for a check; only `make check` goes on without one."""
    ended = run("advisories.py", "http://127.0.0.1:9", *arguments)
    assert (ended.returncode, ended.stderr) == (code, "")
    assert ended.stdout.startswith("ADVISORIES WERE NOT CHECKED: ")


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
def test_an_error_status_is_told(status: int) -> None:
    """An answer with another status is no check, whatever is in it."""
    with osv(lambda queries: (status, results(queries, {})[1])) as address:
        ended = run("advisories.py", address)
    assert (ended.returncode, ended.stderr) == (3, "")
    assert ended.stdout.startswith(f"ADVISORIES WERE NOT CHECKED: the service answered {status}")


@pytest.mark.parametrize(
    "content", [b"<html>", b"[]", b'{"results": []}', b'{"results": 3}', b"\xff", b"[" * 100_000]
)
def test_a_malformed_answer_is_told(content: bytes) -> None:
    """An answer that is not about the locked packages is no check either."""
    with osv(lambda _: (200, content)) as address:
        ended = run("advisories.py", address)
    assert (ended.returncode, ended.stderr) == (3, "")
    assert ended.stdout.startswith("ADVISORIES WERE NOT CHECKED: the answer is malformed")


def test_a_silent_service_is_told() -> None:
    """A service that accepts and never answers costs no more than the time for all packages."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = "import sys; sys.path.insert(0, '.ci'); import advisories; advisories.AT_MOST = 0.2;"
        command = f"{began} sys.exit(advisories.main(['http://127.0.0.1:{port}']))"
        ended = subprocess.run(
            [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=9
        )
    assert (ended.returncode, ended.stderr) == (3, "")
    assert ended.stdout.startswith("ADVISORIES WERE NOT CHECKED: ")


def test_the_sbom_names_every_package_of_the_image() -> None:
    """Each package of postgres.txt is in it with its version, its address and all its hashes.

    What only a later Python needs is not in the image.
    """
    document = json.loads(run("sbom.py").stdout)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    listed = {
        each["name"]: (
            each["version"],
            {digest["content"] for file in each["externalReferences"] for digest in file["hashes"]},
        )
        for each in document["components"]
    }
    asked_for = locked("postgres.txt")
    assert asked_for.pop("audioop-lts")
    assert listed == asked_for
    for each in document["components"]:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"


def test_the_sbom_has_what_cyclonedx_requires() -> None:
    """Required fields are there, and every reference in it leads to an entry.

    https://cyclonedx.org/docs/1.6/json/
    """
    document = json.loads(run("sbom.py").stdout)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["serialNumber"])
    subject = document["metadata"]["component"]
    entries = [subject, *document["components"]]
    refs = [each["bom-ref"] for each in entries]
    assert len(set(refs)) == len(refs)
    for each in entries:
        assert each["name"]
        assert each["version"]
        assert each["type"] == ("application" if each is subject else "library")
        (declared,) = each["licenses"]
        # Either an SPDX expression or a licence with a name; never both.
        assert ("expression" in declared) != ("license" in declared)
        assert declared.get("expression") or declared["license"]["name"]
    assert {each["ref"] for each in document["dependencies"]} == set(refs)
    needed = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    assert {ref for needs in needed.values() for ref in needs} == set(refs) - {subject["bom-ref"]}
    assert any(ref.startswith("pkg:pypi/discord-py@") for ref in needed["patchbay"])


def test_the_sbom_is_the_same_each_time() -> None:
    """Two runs print the same bytes, so that a difference between two releases is one of their packages."""
    assert run("sbom.py").stdout == run("sbom.py").stdout
