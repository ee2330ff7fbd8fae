"""The doctor names mistyped settings and files that cannot be read, and never what they hold."""

import os
import string
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.operating.doctor.finding import plain
from bot.operating.doctor.settings import examine_names
from bot.settings import setting_names
from tests.support.doctor import examine


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("PATCHBAY_DISCORD_TOKE", "PATCHBAY_DISCORD_TOKEN"),
        ("patchbay_encryption_key", "PATCHBAY_ENCRYPTION_KEYS"),
        ("PATCBAY_HTTP_PORT", "PATCHBAY_HTTP_PORT"),
        ("PATCHBAY_DATABASEURL", "PATCHBAY_DATABASE_URL"),
        ("PATCHBAY_SECRET_DIR", "PATCHBAY_SECRETS_DIR"),
        ("PATCHBAY_TOKEN", "PATCHBAY_DISCORD_TOKEN"),
        ("PATCHBAY_WHATEVER_ELSE", ""),
    ],
)
async def test_a_mistyped_name_is_named(environment: dict[str, str], name: str, suggestion: str) -> None:
    """In the environment or as a file, with the closest name where there is one."""
    folder = Path(environment["PATCHBAY_SECRETS_DIR"])
    (folder / name.lower()).write_text("CANARY")
    found = await examine(environment | {name: "CANARY"})
    outcome, text = found.said("setting-names")
    assert outcome == "warning"
    assert name.upper() in text
    assert (f"did you mean {suggestion}?" in text) == bool(suggestion)
    assert found.findings["setting-names"]["facts"]["unknown"] == [
        {"name": name.upper(), "place": place, "suggestion": suggestion}
        for place in ("the environment", str(folder))
    ]
    assert "CANARY" not in found.output
    assert found.exit_code == 0


async def test_other_names_are_not_ours(environment: dict[str, str]) -> None:
    """Neither the variables of other programs nor files that are no settings are complained about."""
    (Path(environment["PATCHBAY_SECRETS_DIR"]) / "patchbay.db.before-0011").touch(0o600)
    others = {"DISCORD_TOKEN": "x", "HTTP_PORT": "1", "PATCH": "x", "PATCHWORK_HTTP_PORT": "2"}
    found = await examine(environment | others)
    assert found.said("setting-names") == ("ok", "all are known")


@given(
    st.sampled_from(setting_names()),
    st.sampled_from(":; -.+/@"),
    st.text(string.ascii_letters + string.digits + "+/._-", min_size=12),
)
def test_a_secret_in_a_name_is_not_shown(name: str, separator: str, secret: str) -> None:
    """A colon in the place of the equals sign makes the secret a part of the variable's name."""
    variable = f"{name}{separator}{secret}".rstrip("=")
    with mock.patch.dict(os.environ, {"PATCHBAY_SECRETS_DIR": "/nowhere", variable: ""}, clear=True):
        (found,) = examine_names()
    assert found.outcome == "warning"
    assert secret not in f"{found}"
    assert secret.upper() not in f"{found}"
    assert name in found.text


@given(st.text(max_size=200), st.integers(0, 80))
def test_others_texts_do_nothing_to_a_terminal(text: str, limit: int) -> None:
    """Control characters, directions and line ends are replaced, and the length is bounded."""
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()


def folder(path: Path) -> None:
    """Make what Docker makes where the file that is to be mounted does not exist."""
    path.mkdir()


def outside(path: Path) -> None:
    """Link to a file elsewhere."""
    elsewhere = path.parent.with_name(f"{path.parent.name}-elsewhere")
    elsewhere.write_text("INFO")
    path.symlink_to(elsewhere)


def to_nowhere(path: Path) -> None:
    """Link to what does not exist."""
    path.symlink_to(path.with_name("missing"))


def to_itself(path: Path) -> None:
    """Link in a circle."""
    path.symlink_to(path)


def binary(path: Path) -> None:
    """Write what is no text."""
    path.write_bytes(b"\xff\xfeCANARY")


def empty(path: Path) -> None:
    """Write nothing."""
    path.write_text("\n")


@pytest.mark.parametrize(
    ("make", "flaw"),
    [
        (folder, "is a folder: what was to be mounted there does not exist"),
        (outside, "is a link to a file outside this folder, which is not followed"),
        (to_nowhere, "cannot be read (FileNotFoundError)"),
        (to_itself, "cannot be read ("),
        (binary, "is no text in UTF-8"),
        (empty, "is empty"),
    ],
)
async def test_an_unreadable_file_is_named(
    environment: dict[str, str], make: Callable[[Path], None], flaw: str
) -> None:
    """The file is named, whether or not the settings can be read without it, and its content is not."""
    path = Path(environment["PATCHBAY_SECRETS_DIR"]) / "patchbay_log_level"
    make(path)
    found = await examine(environment)
    outcome, text = found.said("secret-files")
    assert outcome == "failed"
    assert text.startswith(f"in {path.parent}: patchbay_log_level {flaw}")
    assert found.findings["secret-files"]["facts"] == {"unreadable": ["patchbay_log_level"]}
    assert found.exit_code == 1
    assert "CANARY" not in found.output


async def test_a_file_without_access_is_named(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings cannot be read, and this says because of which file."""
    path = Path(environment["PATCHBAY_SECRETS_DIR"]) / "patchbay_log_level"
    path.touch(0o600)
    read_text = Path.read_text

    def refuse(self: Path, *arguments: str, **options: str) -> str:  # for root, the system refuses nothing
        if self == path:
            raise PermissionError(13, "Permission denied")
        return read_text(self, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", refuse)
    found = await examine(environment)
    assert found.outcomes("failed") == ["settings", "secret-files"]
    assert (
        found.said("secret-files")[1] == f"in {path.parent}: patchbay_log_level cannot be read by this user"
    )
    assert f"  chmod u+r {path}" in found.findings["secret-files"]["fix"]


async def test_a_file_that_others_can_read_is_named(environment: dict[str, str]) -> None:
    """It is a warning with the command that mends it, and the command does."""
    path = Path(environment["PATCHBAY_SECRETS_DIR"]) / "patchbay_discord_token"
    path.write_text(environment.pop("PATCHBAY_DISCORD_TOKEN"))
    path.chmod(0o644)
    found = await examine(environment)
    assert found.said("secret-files")[0] == "warning"
    assert f"  chmod o-rwx {path}" in found.findings["secret-files"]["fix"]
    assert found.findings["secret-files"]["facts"] == {"readable_by_others": [path.name]}
    path.chmod(0o640)
    found = await examine(environment)
    assert found.said("secret-files") == ("ok", f"1 in {path.parent}")
    assert found.said("discord-application")[0] == "ok"


@pytest.mark.parametrize(
    ("change", "check", "text", "fix"),
    [
        ({"PATCHBAY_ENCRYPTION_KEYS": ""}, "encryption-keys", "missing or not usable", "python3 -c"),
        ({"PATCHBAY_ENCRYPTION_KEYS": "k1:c2g="}, "encryption-keys", "missing or not usable", "32 bytes"),
        ({"PATCHBAY_DISCORD_TOKEN": ""}, "discord-token", "PATCHBAY_DISCORD_TOKEN is not set", "Portal"),
        ({"PATCHBAY_LOG_LEVEL": "LOUD"}, "settings", "PATCHBAY_LOG_LEVEL ", "docs/hosting.md"),
        ({"PATCHBAY_SHARD_IDS": "1"}, "settings", "PATCHBAY_SHARD_IDS needs a", "docs/hosting.md"),
        ({"PATCHBAY_SECRETS_DIR": "/no/where"}, "settings", "PATCHBAY_SECRETS_DIR names no", "docs/"),
    ],
)
async def test_what_is_missing_is_named_with_its_fix(
    environment: dict[str, str], change: dict[str, str], check: str, text: str, fix: str
) -> None:
    """One fault is one failure."""
    found = await examine(environment | change)
    assert found.outcomes("failed") == [check]
    assert text in found.said(check)[1]
    assert fix in found.findings[check]["fix"]
    assert found.exit_code == 1


async def test_keys_that_a_command_prints_are_used(environment: dict[str, str], tmp_path: Path) -> None:
    """They are counted, never shown, and not fetched with --offline; a command that fails is a failure."""
    keys = tmp_path / "keys.txt"
    keys.write_text(environment.pop("PATCHBAY_ENCRYPTION_KEYS"))
    environment["PATCHBAY_ENCRYPTION_KEYS_COMMAND"] = f"cat {keys}"
    found = await examine(environment)
    assert found.said("encryption-keys") == ("ok", "2, new secrets use 'new'")
    assert keys.read_text().partition(":")[2][:20] not in found.output
    assert (await examine(environment, "--offline")).said("encryption-keys")[0] == "skipped"
    environment["PATCHBAY_ENCRYPTION_KEYS_COMMAND"] = "sh -c 'echo CANARY; echo CANARY >&2; exit 3'"
    found = await examine(environment)
    assert found.said("encryption-keys") == ("failed", "cannot be fetched")
    assert "exit code 3" in found.findings["encryption-keys"]["fix"]
    assert "echo" not in found.output
    assert "CANARY" not in found.output
    assert found.outcomes("failed") == ["encryption-keys"]
