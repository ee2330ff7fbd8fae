"""Fetches the encryption keys from a command, such as that of a secret manager."""

import os
import shlex
import signal
import subprocess
import threading
from typing import Final

from pydantic import SecretStr

from bot.settings import Settings
from bot.setup_errors import KeysCommandError

TIMEOUT: Final = 30.0
"""Seconds that the command may take."""
MAX_BYTES: Final = 1 << 16
"""Bytes that it may print: a thousand keys have less."""
_OWN: Final = "PATCHBAY_"


def with_fetched_keys(settings: Settings) -> Settings:
    """Return the settings with the keys that ``PATCHBAY_ENCRYPTION_KEYS_COMMAND`` prints, if that is set.

    It is run without a shell, and without Patchbay's own variables. Lines count as commas. Blocks. Raises
    KeysCommandError, which holds nothing of what the command has printed.
    """
    if settings.encryption_keys_command is None:
        return settings
    printed = _output_of(shlex.split(settings.encryption_keys_command.get_secret_value()))
    try:
        keys = ",".join(printed.decode("utf-8").split())
    except UnicodeDecodeError:
        raise KeysCommandError(reason="printed something else than text") from None
    if not keys:
        raise KeysCommandError(reason="printed nothing")
    return settings.model_copy(update={"encryption_keys": SecretStr(keys)})


def _output_of(words: list[str]) -> bytes:
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith(_OWN)}
    try:
        # What it says on standard error may hold secrets as well.
        process = subprocess.Popen(  # noqa: S603 - the host's own command, without a shell
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise KeysCommandError(reason=f"can't be started ({reason or type(error).__name__})") from None
    late = threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(TIMEOUT, end)
    timer.start()
    with process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        printed = process.stdout.read(MAX_BYTES + 1)
        if len(printed) > MAX_BYTES:
            _kill(process)
        process.wait()
        timer.cancel()
    if late.is_set():
        raise KeysCommandError(reason=f"took longer than {TIMEOUT:g} seconds")
    if len(printed) > MAX_BYTES:
        raise KeysCommandError(reason=f"printed more than {MAX_BYTES} bytes")
    if process.returncode:
        raise KeysCommandError(reason=f"ended with exit code {process.returncode}")
    return printed


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it has started, which may hold its output open."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
