"""The keys can come from a command, whose output stays a secret whatever is wrong with it."""

import base64
import os
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.operating.keys import command as keys_command
from bot.operating.keys.command import with_fetched_keys
from bot.settings import Settings, load_settings
from bot.setup_errors import InvalidSettingError, KeysCommandError
from bot.store.vault import read_keys
from tests.support.english import english
from tests.support.operator_commands import patchbay

KEY = base64.b64encode(b"FAKE-KEY-FOR-TESTS-0000000000000").decode()
CANARY = "FAKE-CANARY-of-a-command"


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the commands run in no event loop."""


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database without keys."""
    (tmp_path / "patchbay.db").write_bytes(empty_database.read_bytes())
    for name in [name for name in os.environ if name.startswith("PATCHBAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATCHBAY_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("PATCHBAY_DATABASE_URL", f"sqlite:///{tmp_path / 'patchbay.db'}")
    monkeypatch.setenv("PATCHBAY_DISCORD_TOKEN", "FAKE-TOKEN-for-the-bot")


def python(code: str) -> str:
    """Return a command line that runs Python code."""
    return shlex.join([sys.executable, "-c", code])


def settings_of(command: str) -> Settings:
    """Return the settings with a command."""
    return Settings(encryption_keys_command=SecretStr(command))


@pytest.mark.parametrize("separator", [",", "\n", ",\n", "\r\n"])
def test_what_it_prints_are_the_keys(separator: str) -> None:
    """As in the variable; lines count as commas, and the first key encrypts."""
    printed = f"k2:{KEY}{separator}k1:{KEY}\n"
    settings = with_fetched_keys(settings_of(python(f"print({printed!r}, end='')")))
    assert list(read_keys(settings.encryption_keys.get_secret_value())) == ["k2", "k1"]
    assert KEY not in repr(settings)


def test_there_is_no_shell(tmp_path: Path) -> None:
    """What a shell would read as another command is an argument."""
    made = tmp_path / "made"
    words = python("import sys; print('k1:' + sys.argv[1])") + f" {KEY}; touch {made}"
    with_fetched_keys(settings_of(words))
    assert not made.exists()


def test_it_gets_none_of_our_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the bot's token nor anything else of ours; what the secret manager needs is there."""
    monkeypatch.setenv("VAULT_TOKEN", "FAKE-TOKEN-of-the-vault")
    code = "import os; print('-'.join(os.environ))"
    names = with_fetched_keys(settings_of(python(code))).encryption_keys.get_secret_value()
    assert "PATCHBAY" not in names.upper()
    assert "VAULT_TOKEN" in names


FAULTS = {
    "exit code 3": f"import sys; print({CANARY!r}); print({CANARY!r}, file=sys.stderr); sys.exit(3)",
    "exit code -9": f"import os; print({CANARY!r}, flush=True); os.kill(os.getpid(), 9)",
    "printed nothing": f"import sys; print({CANARY!r}, file=sys.stderr)",
    "something else than text": f"import sys; sys.stdout.buffer.write({CANARY!r}.encode() + bytes([255]))",
    "printed more than": f"while True: print({CANARY!r})",
    "took longer than": f"import time; print({CANARY!r}, flush=True); time.sleep(60)",
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("words", [("run",), ("rotate-key",), ("member", "export", "1")], ids=str)
def test_a_fault_is_one_line_without_the_output(
    fault: str, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For every command that needs keys; what goes on for ever is ended."""
    monkeypatch.setattr(keys_command, "TIMEOUT", 1.5 if "took" in fault else 30.0)
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS_COMMAND", python(FAULTS[fault]))
    ended = patchbay(*words)
    assert ended.exit_code
    assert fault in ended.stderr
    assert CANARY not in ended.output + ended.stderr
    assert "Traceback" not in ended.output + ended.stderr


def test_the_start_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret manager that is sealed after a reboot must not keep the bot down for good."""
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS_COMMAND", python("import sys; sys.exit(2)"))
    assert patchbay("run").exit_code == 75


def test_what_holds_the_output_open_takes_no_more_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command has ended; what it has started in a session of its own goes on, and nobody waits for it."""
    monkeypatch.setattr(keys_command, "TIMEOUT", 1.0)
    ended = tmp_path / "ended"
    daemon = f"import pathlib, time; time.sleep(5); pathlib.Path({str(ended)!r}).touch()"
    code = (
        "import subprocess, sys; print('x', flush=True);"
        f" subprocess.Popen([sys.executable, '-c', {daemon!r}], start_new_session=True)"
    )
    with pytest.raises(KeysCommandError) as error:
        with_fetched_keys(settings_of(python(code)))
    assert not ended.exists()
    assert "took longer than" in str(error.value.values["reason"])


def test_a_command_that_is_not_there_is_named_as_the_fault() -> None:
    """Nothing is run by another name."""
    with pytest.raises(KeysCommandError) as error:
        with_fetched_keys(settings_of("/nowhere/vault read keys"))
    assert error.value.values["reason"] == "can't be started (No such file or directory)"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=3, max_size=60))
def test_unusable_output_is_never_shown(printed: str) -> None:
    """Whatever it is, the error about the keys holds none of it."""
    with pytest.raises(Exception) as error:  # noqa: PT011 - missing, or unusable
        read_keys(f"FAKE-CANARY{printed}")
    assert "FAKE-CANARY" not in repr(error.value) + str(getattr(error.value, "values", ""))


@pytest.mark.parametrize("words", [("rotate-key",), ("member", "export", "1")], ids=str)
def test_commands_use_the_keys(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As they do with the variable."""
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS_COMMAND", python(f"print('k7:{KEY}')"))
    ended = patchbay(*words)
    assert ended.exit_code == 0, ended.stderr
    assert KEY not in ended.output + ended.stderr


def test_a_restore_uses_them_too_and_a_backup_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup can be made while the secret manager is away."""
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS_COMMAND", "/nowhere/vault")
    copy = str(tmp_path / "copy.db")
    assert patchbay("backup", copy).exit_code == 0
    assert patchbay("restore", copy).exit_code == 1
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS_COMMAND", python("print('no key')"))
    assert patchbay("restore", copy).exit_code == 1
    assert list(tmp_path.glob("*.replaced-*")) == [], "nothing was changed"
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS_COMMAND", python(f"print('k1:{KEY}')"))
    assert patchbay("restore", copy).exit_code == 0


def test_both_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody would know which keys count."""
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS", f"k1:{KEY}")
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS_COMMAND", "cat keys")
    with pytest.raises(InvalidSettingError) as error:
        load_settings()
    assert error.value.values["name"] == "PATCHBAY_ENCRYPTION_KEYS_COMMAND"
    assert "PATCHBAY_ENCRYPTION_KEYS;" in str(error.value.values["reason"])


@pytest.mark.parametrize("line", ["'", "  "])
def test_a_line_that_is_no_command_is_refused(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quotation that does not end, and nothing."""
    monkeypatch.setenv("PATCHBAY_ENCRYPTION_KEYS_COMMAND", line)
    with pytest.raises(InvalidSettingError):
        load_settings()


def test_the_text_says_what_to_do() -> None:
    """The host reads what is wrong, and how to see more."""
    assert "Run it by hand" in english("setup.keys_command", reason="x")
