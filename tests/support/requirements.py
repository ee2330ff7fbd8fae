"""What the lock files are made from."""

from packaging.requirements import Requirement

from tests.support.source import ROOT, pyproject


def direct_requirements(lock: str) -> list[Requirement]:
    """Return what a lock file is made from."""
    project = pyproject()["project"]
    listed = {
        "run": project["dependencies"],
        "demo": project["dependencies"] + project["optional-dependencies"]["demo"],
        "postgres": project["dependencies"] + project["optional-dependencies"]["postgres"],
        "build": pyproject()["build-system"]["requires"],
    }
    listed["dev"] = listed["demo"] + listed["postgres"] + listed["build"] + development_tools()
    return [Requirement(line) for line in listed[lock]]


def development_tools() -> list[str]:
    """Return the lines of dev.in that name a package."""
    lines = (ROOT / "requirements" / "dev.in").read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
