"""Reads environment variables and secret files into one frozen model."""

import contextlib
import functools
import os
import re
import shlex
import socket
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeInt,
    SecretStr,
    ValidationError,
    create_model,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from bot.providers import providers
from bot.providers.base.endpoint import Endpoint, Switch, check_own_url, check_url, secrets_in
from bot.providers.base.redaction import MIN_SECRET_LENGTH
from bot.setup_errors import InvalidSettingError
from bot.store.postgres.address import SCHEMES, passwords_in, shown

SECRETS_FOLDER = Path("/run/secrets")
"""Docker and Kubernetes put secrets in this folder, unless ``PATCHBAY_SECRETS_DIR`` names another one."""

_SQLITE = "sqlite:///"
# The token is sent in a header: a quotation mark or a blank that was copied with it would break each request.
_PLAIN = re.compile(r"[!-~]+")
_ORDINAL = re.compile(r"-([0-9]{1,6})$")


def _database(url: SecretStr) -> SecretStr:
    text = url.get_secret_value()
    if not text.startswith(SCHEMES) and (not text.startswith(_SQLITE) or text == _SQLITE):
        raise ValueError("must be sqlite:/// and a path, or the postgresql:// address of a server's database")
    return url


def _numbers(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _plain(token: SecretStr) -> SecretStr:
    text = token.get_secret_value().strip()
    if not _PLAIN.fullmatch(text):
        raise ValueError("holds characters that no token has; copy it anew")
    return SecretStr(text)


def _own_url(url: SecretStr, *, is_proxy: bool = False) -> SecretStr:
    return SecretStr(check_own_url(url.get_secret_value().strip(), is_proxy=is_proxy))


def _command(line: SecretStr) -> SecretStr:
    if not shlex.split(line.get_secret_value()):  # raises ValueError for a quotation that does not end
        raise ValueError("holds no command")
    return line


_Numbers = Annotated[tuple[NonNegativeInt, ...], NoDecode, BeforeValidator(_numbers)]
HttpUrl = Annotated[str, AfterValidator(check_url)]
WebsocketUrl = Annotated[str, AfterValidator(partial(check_url, secure="wss", plain="ws"))]


class Settings(BaseSettings):
    """Every field can be set as ``PATCHBAY_<NAME>`` or as a file of that name in the secrets folder.

    A field's title stands in the hosts' table in place of the default value.
    """

    model_config = SettingsConfigDict(
        env_prefix="PATCHBAY_", frozen=True, hide_input_in_errors=True, extra="ignore", env_ignore_empty=True
    )

    discord_token: Annotated[SecretStr, AfterValidator(_plain)] | None = Field(
        None, description="the bot's token", title="needed"
    )
    encryption_keys: SecretStr = Field(
        SecretStr(""),
        description="`id:base64key` pairs, separated by commas; the first one encrypts, the others decrypt"
        " until `patchbay rotate-key` takes them out of use",
        title="needed",
    )
    encryption_keys_command: Annotated[SecretStr, AfterValidator(_command)] | None = Field(
        None,
        description="in the place of the keys: a command that prints them, run without a shell; see"
        " [Operating](operating.md#keys)",
        title="none",
    )
    database_url: Annotated[SecretStr, AfterValidator(_database)] = Field(
        SecretStr("sqlite:///patchbay.db"),
        description="`sqlite:///` and a path; four slashes make it absolute. Or"
        " `postgresql://user:password@host/database`; see [Operating](operating.md#postgresql)",
        title="`sqlite:///patchbay.db`",
    )
    discord_api_url: HttpUrl = Field(
        "https://discord.com/api/v10",
        description="a REST proxy, or a stand-in on loopback",
        title="Discord's",
    )
    discord_gateway_url: WebsocketUrl | None = Field(
        None, description="the same for the gateway", title="Discord's"
    )
    proxy_url: Annotated[SecretStr, AfterValidator(partial(_own_url, is_proxy=True))] | None = Field(
        None,
        description="a proxy, as `http://host:port` or `http://user:password@host:port`: everything that the"
        " bot sends goes through it",
        title="none",
    )
    shard_ids: _Numbers = Field(
        (), description="the shards of this process, separated by commas", title="all"
    )
    shard_count: int | None = Field(
        None, description="how many shards there are in all", title="as Discord recommends", ge=1
    )
    replicas: int | None = Field(
        None,
        description="how many processes there are, if the names of their hosts end in `-0`, `-1` and so on as"
        " in a StatefulSet; each holds shards of its own ([PostgreSQL](operating.md#several-processes))",
        title="any number",
        ge=1,
    )
    http_host: str = Field("127.0.0.1", description="address of the health endpoint")
    http_port: int | None = Field(
        None,
        description="its port: `/healthz` (alive), `/readyz` (in Discord, storing and checking agents),"
        " `/metrics` (for [Prometheus](operating.md#monitoring))",
        title="off",
        ge=0,
        le=65535,
    )
    check_interval: int = Field(
        60,
        description="seconds, more or less, between two checks of how agents are doing, 1 to 3600",
        ge=1,
        le=3600,
    )
    history_days: int = Field(
        90, description="days for which it is kept how they were doing, 1 to 3650", ge=1, le=3650
    )
    audit_days: int = Field(
        400, description="days for which entries of the audit log are kept, 30 to 3650", ge=30, le=3650
    )
    erase_after: int = Field(
        7,
        description="days after which the data of a server that removed the bot is erased, and the note that"
        " `/privacy delete` leaves; credentials are erased at once",
        ge=0,
        le=365,
    )
    backup_folder: Path | None = Field(
        None,
        description="folder for scheduled backups of the database, on another disk if possible",
        title="off",
    )
    backup_hours: int = Field(24, description="hours between two scheduled backups, 1 to 720", ge=1, le=720)
    backup_keep: int = Field(
        7, description="how many scheduled backups are kept; older ones are deleted, 1 to 365", ge=1, le=365
    )
    heartbeat_url: Annotated[SecretStr, AfterValidator(_own_url)] | None = Field(
        None,
        description="address that is called once a minute while all is well: Healthchecks, Uptime Kuma",
        title="off",
    )
    operator_channel: int | None = Field(
        None, description="id of the channel that is told what its host must know", title="off", ge=1
    )
    allowed_guilds: _Numbers = Field(
        (), description="ids of the only servers to be served, separated by commas", title="all"
    )
    denied_guilds: _Numbers = Field((), description="ids of servers that are not served", title="none")
    log_format: Literal["console", "json"] = Field("console", description="or `json`")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`; secrets are masked at each"
    )

    @property
    def database(self) -> Path | str:
        """Where the database is: the path of its file, or its address on a server, which may hold a password.

        Four slashes in ``database_url`` make the path absolute.
        """
        url = self.database_url.get_secret_value()
        return url if url.startswith(SCHEMES) else Path(url.removeprefix(_SQLITE))

    @property
    def database_name(self) -> str:
        """The same without secrets."""
        return shown(self.database) if isinstance(self.database, str) else str(self.database.absolute())

    @property
    def database_path(self) -> Path:
        """The path of the database's file, for what is copied. Raises InvalidSettingError on a server."""
        if isinstance(self.database, Path):
            return self.database
        reason = "names a PostgreSQL server; back it up with pg_dump, and restore it with pg_restore"
        raise InvalidSettingError(name="PATCHBAY_DATABASE_URL", reason=reason)

    @property
    def proxy(self) -> str | None:
        """The URL of the proxy, which may hold a password, None if there is none."""
        return None if self.proxy_url is None else self.proxy_url.get_secret_value()

    @property
    def secrets_in_urls(self) -> Sequence[str]:
        """What must be masked of the URLs that are secret or hold a password."""
        urls = (self.proxy_url, self.heartbeat_url)
        words = [word for url in urls if url is not None for word in secrets_in(url.get_secret_value())]
        if isinstance(self.database, str):
            words.extend(word for word in passwords_in(self.database) if len(word) >= MIN_SECRET_LENGTH)
        return words

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Every provider's base URLs, checked, by the name of the setting."""
        return {each.setting: getattr(self, _field(each.setting)) for each in _endpoints()}

    @property
    def switches(self) -> Mapping[str, bool]:
        """Every provider's switches, by the name of the setting."""
        return {each.setting: getattr(self, _field(each.setting)) for each in _switches()}


def _endpoints() -> list[Endpoint]:
    return [endpoint for provider in providers() for endpoint in provider.endpoints]


def _switches() -> list[Switch]:
    return [switch for provider in providers() for switch in provider.switches]


@functools.cache
def settings_model() -> type[Settings]:
    """Return the model with the settings of every provider."""
    fields: dict[str, Any] = {
        _field(each.setting): (HttpUrl, Field(each.default, description=each.description))
        for each in _endpoints()
    }
    for each in _switches():
        fields[_field(each.setting)] = bool, Field(default=False, description=each.description)
    return create_model("Settings", __base__=Settings, **fields)


def setting_names() -> tuple[str, ...]:
    """Return the name of every variable that the program reads."""
    return *(f"PATCHBAY_{name.upper()}" for name in settings_model().model_fields), "PATCHBAY_SECRETS_DIR"


def environment_names() -> tuple[str, ...]:
    """Return the name of every variable in the environment, whoever reads it."""
    return tuple(os.environ)


def secrets_folder() -> Path:
    """Return the folder in which files with settings are looked for; there may be none."""
    return Path(os.environ.get("PATCHBAY_SECRETS_DIR") or SECRETS_FOLDER)


def load_settings() -> Settings:
    """Read the environment and the secrets folder.

    Raises InvalidSettingError with the variable and what is wrong with it, never with its value.
    """
    folder = _existing_secrets_folder()
    try:
        settings = settings_model()(_secrets_dir=folder)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        name = f"PATCHBAY_{problem['loc'][0]}".upper()
        reason = problem["msg"].removeprefix("Value error, ").replace("Input should", "must")
        raise InvalidSettingError(name=name, reason=reason[:1].lower() + reason[1:]) from None
    except SettingsError:
        reason = "holds a file that cannot be read as text"
        raise InvalidSettingError(name="PATCHBAY_SECRETS_DIR", reason=reason) from None
    if settings.encryption_keys_command and settings.encryption_keys.get_secret_value():
        reason = "can't be set together with PATCHBAY_ENCRYPTION_KEYS; set one of them"
        raise InvalidSettingError(name="PATCHBAY_ENCRYPTION_KEYS_COMMAND", reason=reason)
    if max(settings.shard_ids, default=-1) >= (settings.shard_count or 0):
        reason = "needs a PATCHBAY_SHARD_COUNT that is greater than each of the ids"
        raise InvalidSettingError(name="PATCHBAY_SHARD_IDS", reason=reason)
    if isinstance(settings.database, str) and settings.backup_folder is not None:
        reason = "can't be set with a PostgreSQL server; schedule pg_dump, which makes backups of it"
        raise InvalidSettingError(name="PATCHBAY_BACKUP_FOLDER", reason=reason)
    if settings.replicas is not None:
        _check_replicas(settings, settings.replicas)
    return settings


def _check_replicas(settings: Settings, replicas: int) -> None:
    """Raise InvalidSettingError if ``replicas`` does not say which shards this process takes."""
    reason = ""
    if isinstance(settings.database, Path):
        reason = "needs a PostgreSQL server; with a file, set PATCHBAY_SHARD_IDS for each process"
    elif settings.shard_ids:
        reason = "can't be set together with PATCHBAY_SHARD_IDS; set one of them"
    elif ordinal_of(socket.gethostname()) not in range(replicas):
        reason = f"needs a host name that ends in a number from -0 to -{replicas - 1}"
    if reason:
        raise InvalidSettingError(name="PATCHBAY_REPLICAS", reason=reason)


def ordinal_of(host: str) -> int:
    """Return the number at the end of a host's name, after a hyphen; -1 if there is none."""
    found = _ORDINAL.search(host)
    return -1 if found is None else int(found[1])


def with_database(settings: Settings, url: str) -> Settings:
    """Return the settings with another database. Raises ValueError with what is wrong with its address."""
    return settings.model_copy(update={"database_url": _database(SecretStr(url))})


def _existing_secrets_folder() -> Path | None:
    """Return the folder that holds secrets, None if there is none. Raises InvalidSettingError."""
    folder = secrets_folder()
    if os.environ.get("PATCHBAY_SECRETS_DIR") and not folder.is_dir():
        raise InvalidSettingError(name="PATCHBAY_SECRETS_DIR", reason="names no folder")
    return folder if folder.is_dir() else None


class _LogFormat(BaseSettings):
    """The format of the logs, read alone."""

    model_config = Settings.model_config
    log_format: Literal["console", "json"] = "console"


def log_format() -> Literal["console", "json"]:
    """Return the format of the logs where the settings cannot be read, for whatever reason."""
    folder = None
    with contextlib.suppress(InvalidSettingError):
        folder = _existing_secrets_folder()
    try:
        return _LogFormat(_secrets_dir=folder).log_format
    except (ValidationError, SettingsError):
        return "console"


def forget_secrets() -> None:
    """Remove the variables that hold secrets from the environment, which every child process inherits.

    Call it once the settings are read, or first if they are not needed. The kernel still shows this
    process's first environment to the same user.
    """
    secret = {
        f"PATCHBAY_{name}".upper()
        for name, field in Settings.model_fields.items()
        if _is_secret(field.annotation)
    }
    for name in [name for name in os.environ if name.upper() in secret]:
        del os.environ[name]


def foreign_environment() -> dict[str, str]:
    """Return the variables that are not Patchbay's own, for a program of somebody else's."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("PATCHBAY_")}


def _is_secret(kind: object) -> bool:
    return kind is SecretStr or any(map(_is_secret, get_args(kind)))


def _field(setting: str) -> str:
    return setting.removeprefix("PATCHBAY_").lower()
