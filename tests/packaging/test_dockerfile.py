"""Carries out the Dockerfile and starts the result."""

import asyncio
import re
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.demo.stage import READY_WITHIN, open_stage
from tests.support.dockerfile import Image, instructions
from tests.support.source import ROOT, pyproject

pytestmark = pytest.mark.timeout(300)  # installs the locked packages into an environment of their own
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
SERVICE = COMPOSE["services"]["patchbay"]


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the event loop that must not block is in the container's process."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The image that the Dockerfile makes."""
    return Image(tmp_path_factory.mktemp("docker"))


def test_the_base_image_is_one_that_nobody_can_exchange() -> None:
    """Both stages begin with the same image, which is named by its digest: a tag can be moved."""
    bases = [arguments.split()[0] for name, arguments in instructions() if name == "FROM"]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", bases[0])


def test_the_image_starts_the_program(image: Image) -> None:
    """The entry point is installed with all that it imports, and the work tree is not on its path."""
    answer = image.run(*image.start["ENTRYPOINT"], "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "Usage:" in answer.stdout


def test_the_program_is_not_root(image: Image) -> None:
    """A container has no rights except those that the program needs."""
    assert image.start["USER"] != ["0"]


def test_compose_takes_away_what_the_program_does_not_need() -> None:
    """Its root is read-only, it has no capability, and it writes to one named volume."""
    assert SERVICE["read_only"] is True
    assert SERVICE["cap_drop"] == ["ALL"]
    assert SERVICE["security_opt"] == ["no-new-privileges:true"]
    assert "tmpfs" not in SERVICE
    data, secrets = SERVICE["volumes"]
    assert data == "data:/data"
    assert (secrets["target"], secrets["read_only"]) == ("/run/secrets", True)


@pytest.mark.parametrize("service", COMPOSE["services"].values(), ids=COMPOSE["services"])
def test_compose_limits_what_a_fault_can_take(service: dict[str, Any]) -> None:
    """Memory, processes and the log have an end, and no port is open to the host's network."""
    assert service["mem_limit"]
    assert service["pids_limit"] > 0
    assert {"max-size", "max-file"} <= service["logging"]["options"].keys()
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert "ports" not in service


def test_the_image_sets_nothing_that_a_secret_file_may_set(image: Image) -> None:
    """A variable goes before a file of the secrets folder, so the database's address is in none."""
    assert {name for name in image.environment if name.startswith("PATCHBAY_")} == {
        *("PATCHBAY_HTTP_HOST", "PATCHBAY_HTTP_PORT", "PATCHBAY_LOG_FORMAT")
    }


def test_compose_starts_a_database_server_only_if_it_is_asked_to() -> None:
    """Without the profile there is the bot alone; with it, the bot waits until the server is ready."""
    assert "profiles" not in SERVICE
    assert COMPOSE["services"]["postgres"]["profiles"] == ["postgres"]
    assert SERVICE["depends_on"]["postgres"] == {"condition": "service_healthy", "required": False}


def test_the_image_makes_no_volume_without_a_name() -> None:
    """Whoever starts a container names the volume: one without a name is lost with the container."""
    assert "VOLUME" not in dict(instructions())


def test_the_image_says_what_it_is(image: Image) -> None:
    """The build gives the image's labels, by the names of the Open Container Initiative.

    https://github.com/opencontainers/image-spec/blob/main/annotations.md
    """
    prefix = "org.opencontainers.image."
    assert {name.removeprefix(prefix) for name in image.labels} == {
        *("title", "description", "licenses", "version", "revision", "created", "source")
    }
    assert image.labels[f"{prefix}version"] == "1.2.3"
    assert image.labels[f"{prefix}licenses"] == pyproject()["project"]["license"]


def test_a_release_is_the_same_for_every_architecture() -> None:
    """No instruction is for one architecture only."""
    words = " ".join(arguments for _, arguments in instructions())
    assert re.findall(r"amd64|x86_64|arm64|aarch64|--platform", words) == []


def test_the_image_has_the_libraries_of_postgres_txt_only(image: Image) -> None:
    """What tests or the demo need is not in the image."""
    probe = "import importlib.metadata as m; print(*sorted(d.name.lower() for d in m.distributions()))"
    names = image.run("python", "-c", probe).stdout.split()
    assert {"patchbay", "psycopg", "psycopg-binary"} <= set(names)
    assert {"pytest", "simcord", "hatchling", "pip"}.isdisjoint(names)


async def test_the_container_runs_and_writes_to_data_only(image: Image, tmp_path: Path) -> None:
    """With a read-only root the bot starts, is healthy, and ends with exit code 0 when it is told to."""
    before = image.written()
    async with open_stage("en-US") as stage:
        variables = {name: value for name, value in stage.environment().items() if "URL" in name}
        variables.pop("PATCHBAY_DATABASE_URL")
        variables |= {"PATCHBAY_SECRETS_DIR": str(tmp_path), "PATCHBAY_HTTP_PORT": str(free_port())}
        for name in ("patchbay_discord_token", "patchbay_encryption_keys"):
            (tmp_path / name).write_text(stage.environment()[name.upper()])
        command = [*image.start["ENTRYPOINT"], *image.start["CMD"]]
        environment = {**image.environment, **variables}
        bot = await asyncio.create_subprocess_exec(*command, cwd=image.folder, env=environment)
        try:
            await stage.discord.bot_ready(READY_WITHIN)
            healthy = await asyncio.to_thread(image.run, *image.start["HEALTHCHECK"], variables=variables)
            bot.terminate()
            assert await bot.wait() == 0
        finally:
            if bot.returncode is None:
                bot.kill()
                await bot.wait()
        ended = await asyncio.to_thread(image.run, *image.start["HEALTHCHECK"], variables=variables)
    assert (healthy.returncode, ended.returncode) == (0, 1), healthy.stderr
    assert (image.root / "data" / "patchbay.db").is_file()
    assert image.written() == before


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
