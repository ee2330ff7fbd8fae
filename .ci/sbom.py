"""Prints what the image consists of: the locked packages of run.txt, as CycloneDX 1.6.

Licences are those that the installed packages name; the hashes are those with which pip compares each file.
"""

import json
import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

LOCK = Path(__file__).parents[1] / "requirements" / "run.txt"
PACKAGE = re.compile(
    r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)[^\n]*((?:\n +--hash=sha256:[0-9a-f]{64}[^\n]*)+)", re.MULTILINE
)


def licence(name: str) -> str:
    """Return what a package says of its licence; without a word of it, that it says nothing."""
    try:
        known = metadata(name).json
    except PackageNotFoundError:
        return "not installed here"  # only on other platforms
    expression = known.get("license_expression")
    classifiers = [line for line in known.get("classifier", []) if line.startswith("License ::")]
    named = ", ".join(line.rpartition(" :: ")[2] for line in classifiers)
    return str(expression or named or known.get("license") or "not named").splitlines()[0]


def component(name: str, version: str, hashes: str) -> dict[str, Any]:
    """Return a locked package. CycloneDX has one file's hashes, so each file of a release is a reference."""
    purl = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "licenses": [{"license": {"name": licence(name)}}],
        "externalReferences": [
            {
                "type": "distribution",
                "url": purl,
                "hashes": [{"alg": "SHA-256", "content": content}],
            }
            for content in re.findall(r"sha256:([0-9a-f]{64})", hashes)
        ],
    }


def main() -> None:
    """Print the document."""
    packages = PACKAGE.findall(LOCK.read_text("utf-8"))
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "patchbay"}},
        "components": [component(*package) for package in packages],
    }
    print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
