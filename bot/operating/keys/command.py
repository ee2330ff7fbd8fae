"""Fetches the encryption keys from a command, such as that of a secret manager."""

import os
import selectors
import shlex
import signal
import subprocess
import time
from typing import Final

from pydantic import SecretStr

from bot.settings import Settings, foreign_environment
from bot.setup_errors import KeysCommandError

TIMEOUT: Final = 30.0
"""Seconds that the command may take."""
MAX_BYTES: Final = 1 << 16
"""Bytes that it may print: a thousand keys have less."""


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
    try:
        # What it says on standard error may hold secrets as well.
        process = subprocess.Popen(  # noqa: S603 # nosec B603 - the host's own command, no shell
            words,
            env=foreign_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise KeysCommandError(reason=f"can't be started ({reason or type(error).__name__})") from None
    deadline = time.monotonic() + TIMEOUT
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    try:
        printed = _read(process.stdout.fileno(), deadline)
        process.wait(max(0.0, deadline - time.monotonic()))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise KeysCommandError(reason=f"took longer than {TIMEOUT:g} seconds") from None
    finally:
        process.stdout.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.returncode:
        raise KeysCommandError(reason=f"ended with exit code {process.returncode}")
    return printed


def _read(descriptor: int, deadline: float) -> bytes:
    """Read to the end, which may never come: what the command has started may hold its output open.

    Raises TimeoutError, and KeysCommandError for too much.
    """
    printed = b""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(descriptor, MAX_BYTES)
            if not piece:
                return printed
            printed += piece
            if len(printed) > MAX_BYTES:
                raise KeysCommandError(reason=f"printed more than {MAX_BYTES} bytes")
    raise TimeoutError
