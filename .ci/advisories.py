"""Asks OSV for known advisories about every locked package.

Exit code 1 if there is one. Without an answer it says so in one line and exits with 0, because a missing
network is no fault of the packages. An argument replaces OSV's address.
"""

import json
import re
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements" / "dev.txt"  # every other lock file is a part of it
OSV = "https://api.osv.dev"
AT_MOST = 15.0  # seconds for the question about all packages; the name's look-up included
LARGEST = 8_000_000  # bytes of an answer
SHOWN = 300  # characters of a reason


class NotCheckedError(Exception):
    """Why nothing is known about any package."""


def locked() -> list[tuple[str, str]]:
    """Return the name and the version of each locked package."""
    return re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", LOCK.read_text("utf-8"), re.MULTILINE)


def ask(address: str, packages: list[tuple[str, str]]) -> bytes:
    """Return what OSV answers to one question about all packages."""
    queries = [
        {"package": {"ecosystem": "PyPI", "name": name}, "version": version} for name, version in packages
    ]
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is a constant or the developer's own
        f"{address}/v1/querybatch", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=AT_MOST) as answer:  # noqa: S310 - see above
        content: bytes = answer.read(LARGEST)
        return content


def within(seconds: float, address: str, packages: list[tuple[str, str]]) -> bytes:
    """Return OSV's answer. Raises NotCheckedError if there is none within these seconds."""
    answers: list[bytes | Exception] = []

    def work() -> None:
        try:
            answers.append(ask(address, packages))
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was checked
            answers.append(error)

    # A look-up of a name, and an answer that comes byte by byte, have no time limit of their own.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        raise NotCheckedError(f"no answer within {seconds:.0f} s")
    (answer,) = answers
    if isinstance(answer, Exception):
        raise NotCheckedError(str(answer) or type(answer).__name__)
    return answer


def advisories(content: bytes, packages: list[tuple[str, str]]) -> list[str]:
    """Return a line for each advisory. Raises NotCheckedError if the answer is not about them."""
    try:
        results: list[dict[str, Any]] = json.loads(content)["results"]
        return [
            f"{name} {version}: {advisory['id']}"
            for (name, version), result in zip(packages, results, strict=True)
            for advisory in result.get("vulns", [])
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotCheckedError(f"the answer is malformed ({type(error).__name__})") from None


def main(arguments: list[str]) -> int:
    """Print what is known, and return the exit code."""
    (address,) = arguments or [OSV]
    packages = locked()
    try:
        found = advisories(within(AT_MOST, address, packages), packages)
    except NotCheckedError as reason:
        print(f"advisories were not checked: {str(reason)[:SHOWN]}")
        return 0
    for line in found:
        print(line)
    print(f"advisories: {len(found)} known for {len(packages)} locked packages")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
