"""Carries out the Dockerfile without a container engine: the same steps in the same order, below a folder.

An absolute path of the image stands for the same path below that folder. The machine gives what the base
image gives: a shell, `python` and `pip`.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from tests.support.source import ROOT, files

IMAGE_PATH = re.compile(r"(?<![\w.])/(?=(?:opt|src|data)\b)")


class Image:
    """The result of the Dockerfile: a tree of files, and how a container starts."""

    def __init__(self, folder: Path) -> None:
        """Carry out every instruction. folder: an empty one. Raises CalledProcessError where a step fails."""
        self.root = folder / "image"
        self._environment: dict[str, str] = {}
        self.start: dict[str, list[str]] = {}
        self.labels: dict[str, str] = {}
        self._build_arguments = {"VERSION": "1.2.3"}
        self._other_stage = folder / "other-stage"
        self._tools = folder / "tools"
        self.folder = self.root
        self._give_python()
        for instruction, arguments in instructions():
            getattr(self, f"_{instruction.lower()}")(arguments)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that the image sets, read-only: all tests of a file share one image."""
        return MappingProxyType(self._environment)

    def run(
        self, *command: str, variables: Mapping[str, str] = MappingProxyType({})
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as in a container: in the image's working folder, with only its environment.

        variables: what the container is given beside the image's own.
        """
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=50,
        )

    def written(self) -> dict[str, int]:
        """Return every file of the image outside /data, and when it was last changed, in nanoseconds."""
        paths = (path for path in self.root.rglob("*") if self.root / "data" not in [path, *path.parents])
        return {str(path): path.lstat().st_mtime_ns for path in paths}

    def _at(self, text: str) -> str:
        """Replace the image's absolute paths in a text by paths below the folder."""
        return IMAGE_PATH.sub(f"{self.root}/", text)

    def _give_python(self) -> None:
        self._tools.mkdir()
        for name, command in (("python", ""), ("pip", "-m pip")):
            tool = self._tools / name
            tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {command} "$@"\n')
            tool.chmod(0o755)

    def _from(self, _base: str) -> None:
        if self.root.exists():
            self.root.rename(self._other_stage)
        self.root.mkdir()
        self._environment = {"HOME": str(self.root), "PATH": f"{self._tools}:/usr/bin:/bin"}
        self.folder = self.root

    def _workdir(self, arguments: str) -> None:
        self.folder = Path(self._at(arguments))
        self.folder.mkdir(parents=True, exist_ok=True)

    def _env(self, arguments: str) -> None:
        for pair in shlex.split(arguments):
            name, value = pair.split("=", 1)
            self._environment[name] = self._at(value).replace("$PATH", self.environment["PATH"])

    def _copy(self, arguments: str) -> None:
        *sources, target = arguments.split()
        if sources[0].startswith("--from="):
            assert sources[1:] == [target], "a virtual environment holds its own path, so it cannot be moved"
            Path(self._at(target)).parent.mkdir(parents=True, exist_ok=True)
            (self._other_stage / target.lstrip("/")).rename(self._at(target))
            return
        let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()}
        for source in sources:
            assert source in let_in, f".dockerignore keeps {source} out"
            whole = (ROOT / source).is_dir()
            for path in (path for path in files() if (ROOT / source) in [path, *path.parents]):
                place = self.folder / target / (path.relative_to(ROOT / source) if whole else path.name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, place)

    def _run(self, arguments: str) -> None:
        step = re.sub(r"--(owner|group)=\d+ ", "", self._at(arguments))  # that user is not on this machine
        # With the machine's settings for pip. To compile all libraries takes longer than to import some from
        # their source, and where nothing is compiled, a program that stores what it compiles is found out.
        environment = {**os.environ, "PATH": self.environment["PATH"], "PIP_COMPILE": "0"}
        subprocess.run(["/bin/sh", "-c", step], cwd=self.folder, env=environment, check=True, timeout=200)

    def _user(self, arguments: str) -> None:
        number = arguments.partition(":")[0]
        assert number.isdigit(), "only a number tells Kubernetes that the user is not root"
        self.start["USER"] = [number]

    def _healthcheck(self, arguments: str) -> None:
        self.start["HEALTHCHECK"] = json.loads(arguments.split("CMD", 1)[1])

    def _arg(self, arguments: str) -> None:
        name, default = arguments.split("=", 1)
        self._build_arguments.setdefault(name, default)

    def _label(self, arguments: str) -> None:
        for pair in shlex.split(arguments):
            name, value = pair.split("=", 1)
            self.labels[name] = self._build_arguments[value[1:]] if value.startswith("$") else value

    def _entrypoint(self, arguments: str) -> None:
        self.start["ENTRYPOINT"] = json.loads(arguments)

    def _cmd(self, arguments: str) -> None:
        self.start["CMD"] = json.loads(arguments)


def instructions() -> Iterator[tuple[str, str]]:
    """Yield each instruction of the Dockerfile with its arguments on one line."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.MULTILINE)
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            instruction, arguments = line.split(maxsplit=1)
            yield instruction, arguments
