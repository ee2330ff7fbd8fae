"""Prints what the image consists of, as CycloneDX 1.6: what postgres.txt has for its Python on Linux.

It is the same each time. Versions, files' hashes and who needs whom are those of the lock file. Licences are
those that the installed packages declare: an SPDX expression where there is one, else a name, else the text.
"""

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from packaging.markers import Marker

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "postgres.txt"
OWN = "patchbay"
PACKAGE = re.compile(
    r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)(?: ; ([^\\\n]+))?[^\n]*"
    r"((?:\n +--hash=sha256:[0-9a-f]{64}[^\n]*)+)((?:\n +#[^\n]*)*)",
    re.MULTILINE,
)
SHORT = 60  # characters of a licence's name; what is longer is its text
_NAMESPACE = uuid.UUID("6f2f6b1e-6f0f-5b0e-9f5a-0d9b8e1c7a42")


def licence(name: str) -> dict[str, Any]:
    """Return what a package declares. Raises SystemExit if it declares nothing."""
    try:
        known = metadata(name).json
    except PackageNotFoundError:
        return {"license": {"name": "not installed here"}}  # the image has another Python than this machine
    if expression := known.get("license_expression"):
        return {"expression": expression, "acknowledgement": "declared"}
    names = [
        line.rpartition(" :: ")[2] for line in known.get("classifier", []) if line.startswith("License ::")
    ]
    text = str(known.get("license") or "").strip()
    if not names and not text:
        raise SystemExit(f"{name} declares no licence")
    if not names and len(text) > SHORT:
        said = {"name": f"licence of {name}", "text": {"contentType": "text/plain", "content": text}}
    else:
        said = {"name": ", ".join(names) or text}
    return {"license": {**said, "acknowledgement": "declared"}}


def purl(name: str, version: str) -> str:
    """Return a package's address, which also names its entry."""
    return f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"


def component(name: str, version: str, hashes: str) -> dict[str, Any]:
    """Return a locked package. CycloneDX has one file's hashes, so each file of a release is a reference."""
    address = purl(name, version)
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
        "licenses": [licence(name)],
        "externalReferences": [
            {
                "type": "distribution",
                "url": address,
                "hashes": [{"alg": "SHA-256", "content": content}],
            }
            for content in sorted(re.findall(r"sha256:([0-9a-f]{64})", hashes))
        ],
    }


def dependencies(refs: Mapping[str, str], needed_by: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return who needs whom. needed_by: the comments that the lock file has below a package."""
    needs: dict[str, list[str]] = {name: [] for name in refs}
    for name, comment in needed_by.items():
        for by in re.findall(r"^ +# +(?:via +)?([\w.-]+)", comment, re.MULTILINE):
            if by in needs:
                needs[by].append(refs[name])
    return [{"ref": refs[name], "dependsOn": sorted(found)} for name, found in sorted(needs.items())]


def image() -> dict[str, str]:
    """Return by what a marker of the lock file is judged: the Python of the Dockerfile, on Linux."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    (whole,) = set(re.findall(r"^FROM python:([\d.]+)", dockerfile, re.MULTILINE))
    return {
        "python_version": whole.rpartition(".")[0],
        "python_full_version": whole,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "sys_platform": "linux",
    }


def document() -> dict[str, Any]:
    """Return the whole document; its serial number changes only with what is in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    here = image()
    packages = [
        (name, version, hashes, needed_by)
        for name, version, marker, hashes, needed_by in PACKAGE.findall(LOCK.read_text("utf-8"))
        if not marker or Marker(marker).evaluate(here)
    ]
    refs = {OWN: OWN, **{name: purl(name, version) for name, version, _, _ in packages}}
    own = {"type": "application", "bom-ref": OWN, "name": OWN, "version": project["version"]}
    content = {
        "metadata": {"component": {**own, "licenses": [{"expression": project["license"]}]}},
        "components": [component(name, version, hashes) for name, version, hashes, _ in packages],
        "dependencies": dependencies(refs, {name: comment for name, _, _, comment in packages}),
    }
    serial = uuid.uuid5(_NAMESPACE, json.dumps(content, sort_keys=True))
    head = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
    }
    return {**head, **content}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2) + "\n")
