"""Asks OSV for known advisories about every locked package.

Exit code 0 if there is none, 1 if there is one, 3 if not every package was checked and no advisory was found.
An argument replaces OSV's address. With --unchecked-ok, 0 takes the place of 3: for `make check`, which must
also work without a network. What is printed stays the same.
"""

import json
import re
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements" / "dev.txt"  # every other lock file is a part of it
OSV = "https://api.osv.dev"
AT_MOST = 15.0  # seconds for all packages and pages; the name's look-up included
LARGEST = 8_000_000  # bytes of an answer
MOST_PAGES = 20  # of one package
SHOWN = 300  # characters of a reason
FOUND, NOT_CHECKED = 1, 3
Asked = tuple[str, str, str]
"""A package's name and version, and the token of the page that is wanted, empty for the first one."""


class NotCheckedError(Exception):
    """Why not every package was checked. found: what was known by then."""

    found: Sequence[str] = ()


def locked() -> list[tuple[str, str]]:
    """Return the name and the version of each locked package."""
    return re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;]+)", LOCK.read_text("utf-8"), re.MULTILINE)


def ask(address: str, asked: Sequence[Asked]) -> bytes:
    """Return what OSV answers to one question about several packages.

    https://google.github.io/osv.dev/post-v1-querybatch/
    """
    queries = [
        {"package": {"ecosystem": "PyPI", "name": name}, "version": version}
        | ({"page_token": token} if token else {})
        for name, version, token in asked
    ]
    body = json.dumps({"queries": queries}).encode()
    request = urllib.request.Request(  # noqa: S310 - the address is a constant or the developer's own
        f"{address}/v1/querybatch", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=AT_MOST) as answer:  # noqa: S310 - see above
        content: bytes = answer.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise NotCheckedError(f"the answer has more than {LARGEST:,} bytes")
    return content


def within(seconds: float, address: str, asked: Sequence[Asked]) -> bytes:
    """Return OSV's answer. Raises NotCheckedError if there is no good one within these seconds."""
    answers: list[bytes | Exception] = []

    def work() -> None:
        try:
            answers.append(ask(address, asked))
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing was checked
            answers.append(error)

    # A look-up of a name, and an answer that comes byte by byte, have no time limit of their own.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    if not answers:
        raise NotCheckedError(f"no answer within {AT_MOST:.0f} s")
    (answer,) = answers
    match answer:
        case bytes():
            return answer
        case NotCheckedError():
            raise answer
        case urllib.error.HTTPError():
            # A proxy that lets nobody out answers for OSV too; a reader must see which status it was.
            raise NotCheckedError(f"the service answered {answer.code} {answer.reason}")
    raise NotCheckedError(str(answer) or type(answer).__name__)


def read(content: bytes, asked: Sequence[Asked]) -> Iterator[tuple[Asked, list[str], str]]:
    """Yield for each package its advisories' ids, and the token of its next page, empty if there is none.

    Raises NotCheckedError if the answer is not about these packages.
    """
    try:
        results: list[dict[str, Any]] = json.loads(content)["results"]
        for each, result in zip(asked, results, strict=True):
            ids = [str(advisory["id"]) for advisory in result.get("vulns") or []]
            yield each, ids, str(result.get("next_page_token") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NotCheckedError(f"the answer is malformed ({type(error).__name__})") from None


def advisories(address: str, packages: Sequence[tuple[str, str]]) -> list[str]:
    """Return a line for each advisory. Raises NotCheckedError, with those that were found by then."""
    end = time.monotonic() + AT_MOST
    asked: list[Asked] = [(name, version, "") for name, version in packages]
    found: dict[str, None] = {}
    try:
        for _ in range(MOST_PAGES):
            if not asked:
                return list(found)
            following: list[Asked] = []
            for (name, version, _token), ids, token in read(
                within(end - time.monotonic(), address, asked), asked
            ):
                found.update(dict.fromkeys(f"{name} {version}: {each}" for each in ids))
                following += [(name, version, token)] if token else []
            asked = following
        raise NotCheckedError(  # noqa: TRY301 - gets what was found, as every other reason
            f"{asked[0][0]} has more than {MOST_PAGES} pages"
        )
    except NotCheckedError as reason:
        reason.found = list(found)
        raise


def main(arguments: Sequence[str]) -> int:
    """Print what is known, and return the exit code."""
    (address,) = [each for each in arguments if each != "--unchecked-ok"] or [OSV]
    packages = locked()
    try:
        found: Sequence[str] = advisories(address, packages)
    except NotCheckedError as reason:
        print(*reason.found, sep="\n", end="\n" if reason.found else "")
        print(f"ADVISORIES WERE NOT CHECKED: {str(reason)[:SHOWN]}")
        if reason.found:
            return FOUND
        return 0 if "--unchecked-ok" in arguments else NOT_CHECKED
    for line in found:
        print(line)
    print(f"advisories: {len(found)} known for {len(packages)} locked packages")
    return FOUND if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
