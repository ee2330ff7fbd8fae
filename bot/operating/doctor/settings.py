"""Checks what the host has set: variables, files with secrets, keys and token."""

import difflib
import re
import stat
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bot.operating.doctor.finding import DoctorCheck, Finding, worded
from bot.operating.keys.command import with_fetched_keys
from bot.settings import Settings, environment_names, load_settings, secrets_folder, setting_names
from bot.setup_errors import InvalidSettingError, SetupError

SETTINGS: Final = DoctorCheck("settings", "settings", "settings")
NAMES: Final = DoctorCheck("setting-names", "settings", "names of settings")
FILES: Final = DoctorCheck("secret-files", "settings", "secret files")
KEYS: Final = DoctorCheck("encryption-keys", "settings", "encryption keys")
TOKEN: Final = DoctorCheck("discord-token", "settings", "discord token")

_PREFIX: Final = "PATCHBAY_"
_SIMILAR: Final = 0.9
"""How like a setting's name another one is, of 1, so that it was meant whatever it begins with."""
_FAINT: Final = 0.55
"""The same of what follows the prefix, where there is no doubt that it was to be a setting."""
# A line `NAME:value=` of a file for Docker makes a variable whose name is all before the `=`, a secret too.
_WORD: Final = re.compile(r"[A-Za-z0-9_]{0,64}")


def read_settings() -> tuple[Settings | None, Finding]:
    """Read the settings as the bot does. None: they cannot be read, and the finding says why."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about files, of which examine_files says more
        try:
            settings = load_settings()
        except InvalidSettingError as error:
            fix = f"Correct {error.values['name']} or remove it; docs/hosting.md lists what it may be."
            return None, SETTINGS.failed(worded(error).removesuffix("."), fix, setting=error.values["name"])
        except SetupError as error:
            return None, SETTINGS.failed("cannot be read", worded(error))
    number = len(settings.model_fields_set)
    return settings, SETTINGS.ok(f"{number} are set, the others have their defaults", set=number)


def examine_names() -> list[Finding]:
    """Look for variables and files that were meant to be settings. Their values are not read."""
    unknown = list(_unknown_names())
    if not unknown:
        return [NAMES.ok("all are known")]
    said = [
        each["name"] + (f" (did you mean {each['suggestion']}?)" if each["suggestion"] else "")
        for each in unknown
    ]
    fix = "Correct the name, or remove it. Variables are written NAME=value, files are named like variables."
    return [NAMES.warning(f"nobody reads {', '.join(said)}", fix, unknown=unknown)]


def _unknown_names() -> Iterator[Mapping[str, str]]:
    known = setting_names()
    places = {"the environment": environment_names(), str(secrets_folder()): _names_in(secrets_folder())}
    for place, names in places.items():
        for name in sorted(names):
            match = _WORD.match(name)
            word = match[0].upper() if match else ""
            suggestion = _suggestion(word, known)
            if name.upper() not in known and (suggestion or word.startswith(_PREFIX)):
                shown = word if len(word) == len(name) else f"{word}…"
                yield {"name": shown, "place": place, "suggestion": suggestion}


def _suggestion(word: str, known: Sequence[str]) -> str:
    """Return the name that was most likely meant, nothing where none is like it."""
    if similar := difflib.get_close_matches(word, known, 1, _SIMILAR):
        return similar[0]
    # What all names begin with would make each of them like each other.
    rests = [each.removeprefix(_PREFIX) for each in known]
    found = difflib.get_close_matches(word.removeprefix(_PREFIX), rests, 1, _FAINT)
    return f"{_PREFIX}{found[0]}" if found and word.startswith(_PREFIX) else ""


def _names_in(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def examine_files() -> list[Finding]:
    """Look at the files with settings as the bot reads them. What they hold is not shown."""
    return [_examine_files()]


def _examine_files() -> Finding:
    folder = secrets_folder()
    if not folder.is_dir():
        return FILES.ok(f"none, because there is no folder {folder}")
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        return FILES.failed(f"{folder} cannot be listed: {error.strerror}", _access(f"chmod u+rx {folder}"))
    files = [path for path in entries if path.name.upper() in setting_names()]
    flaws = {path.name: flaw for path in files if (flaw := _flaw_of(path, folder))}
    if flaws:
        said = ", ".join(f"{name} {flaw}" for name, flaw in flaws.items())
        commands = [f"chmod u+r {folder / name}" for name, flaw in flaws.items() if flaw == _NO_ACCESS]
        fix = "Put a readable text file in its place." if not commands else _access(*commands)
        return FILES.failed(f"in {folder}: {said}", fix, unreadable=sorted(flaws))
    shared = [path for path in files if path.stat().st_mode & stat.S_IRWXO]
    if shared:
        return FILES.warning(
            f"other users of this machine can read {', '.join(path.name for path in shared)} in {folder}",
            "Take the access away; where Docker or Kubernetes makes the file, set its mode there.\n"
            + "\n".join(f"  chmod o-rwx {path}" for path in shared),
            readable_by_others=[path.name for path in shared],
        )
    return FILES.ok(f"{len(files)} in {folder}")


_NO_ACCESS: Final = "cannot be read by this user"


def _access(*commands: str) -> str:
    lines = "\n".join(f"  {command}" for command in commands)
    return f"Give the user that runs the bot access:\n{lines}"


def _flaw_of(path: Path, folder: Path) -> str:
    """Return why the bot does not get a value from a file, nothing if it does."""
    if path.is_dir():
        return "is a folder: what was to be mounted there does not exist"
    try:
        if folder.resolve() not in path.resolve(strict=True).parents:
            return "is a link to a file outside this folder, which is not followed"
        flaw = "" if path.read_text("utf-8").strip() else "is empty"
    except PermissionError:
        flaw = _NO_ACCESS
    except UnicodeDecodeError:
        flaw = "is no text in UTF-8"
    except (OSError, RuntimeError) as error:  # a link to nowhere, or to itself
        flaw = f"cannot be read ({type(error).__name__})"
    return flaw


def fetch_keys(settings: Settings, *, offline: bool) -> tuple[Settings, Finding | None]:
    """Return the settings with the keys that a command prints, if there is one. None: the keys are there.

    Blocks. offline: the command is not run, because it may ask another machine.
    """
    if offline and settings.encryption_keys_command is not None:
        return settings, KEYS.skipped("PATCHBAY_ENCRYPTION_KEYS_COMMAND is not run with --offline")
    try:
        return with_fetched_keys(settings), None
    except SetupError as error:
        return settings, KEYS.failed("cannot be fetched", worded(error))


def examine_keys(settings: Settings) -> list[Finding]:
    """Tell whether the encryption keys can be used."""
    from bot.store.vault import read_keys  # noqa: PLC0415 - cryptography may be what is missing

    try:
        keys = read_keys(settings.encryption_keys.get_secret_value())
    except SetupError as error:
        return [KEYS.failed("missing or not usable", _with_command_apart(error))]
    return [KEYS.ok(f"{len(keys)}, new secrets use {next(iter(keys))!r}", key_ids=list(keys))]


def _with_command_apart(error: SetupError) -> str:
    command = str(error.values.get("command"))
    return worded(error).replace(f" {command}", f"\n  {command}")


def examine_token(settings: Settings) -> list[Finding]:
    """Tell whether there is a token; Discord is not asked."""
    if settings.discord_token is None:
        fix = "Copy it from the Developer Portal: your application > Bot > Reset Token."
        return [TOKEN.failed("PATCHBAY_DISCORD_TOKEN is not set", fix)]
    return [TOKEN.ok("set")]
