"""Environment variables and secret files, read into one frozen model."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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

from bot.errors import InvalidSettingError
from bot.kit.endpoint import check_url
from bot.providers import providers

if TYPE_CHECKING:
    from collections.abc import Mapping

SECRETS_FOLDER = Path("/run/secrets")
"""Where Docker and Kubernetes put secrets; ``PATCHBAY_SECRETS_DIR`` names another folder."""

_SQLITE = "sqlite:///"
# What goes into a header: a quotation mark or a blank that came along with a copy would break each request.
_PLAIN = re.compile(r"[!-~]+")


def _websocket(url: str) -> str:
    return check_url(url, secure="wss", plain="ws")


def _database(url: str) -> str:
    if not url.startswith(_SQLITE) or url == _SQLITE:
        raise ValueError("must be sqlite:/// and a path")
    return url


def _numbers(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _plain(token: SecretStr) -> SecretStr:
    text = token.get_secret_value().strip()
    if not _PLAIN.fullmatch(text):
        raise ValueError("holds characters that no token has; copy it anew")
    return SecretStr(text)


_Numbers = Annotated[tuple[NonNegativeInt, ...], NoDecode, BeforeValidator(_numbers)]
HttpUrl = Annotated[str, AfterValidator(check_url)]


class Settings(BaseSettings):
    """Every field can be set as ``PATCHBAY_<NAME>`` or as a file of that name in the secrets folder."""

    model_config = SettingsConfigDict(
        env_prefix="PATCHBAY_", frozen=True, hide_input_in_errors=True, extra="ignore", env_ignore_empty=True
    )

    discord_token: Annotated[SecretStr, AfterValidator(_plain)] | None = None
    database_url: Annotated[str, AfterValidator(_database)] = "sqlite:///patchbay.db"
    encryption_keys: SecretStr = SecretStr("")
    discord_api_url: HttpUrl = "https://discord.com/api/v10"
    discord_gateway_url: Annotated[str, AfterValidator(_websocket)] | None = None
    shard_ids: _Numbers = ()
    shard_count: int | None = Field(default=None, ge=1)
    http_host: str = "127.0.0.1"
    http_port: int | None = Field(default=None, ge=0, le=65535)
    check_interval: int = Field(default=60, ge=1, le=3600)
    history_days: int = Field(default=90, ge=1, le=3650)
    erase_after: int = Field(default=7, ge=0, le=365)
    """Days for which a guild's data outlives the bot's removal from it; credentials go at once."""
    allowed_guilds: _Numbers = ()
    """The only guilds that are served; all where none is named."""
    denied_guilds: _Numbers = ()
    """Guilds that are not served."""
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @property
    def database_path(self) -> Path:
        """The file that ``database_url`` names; four slashes make the path absolute."""
        return Path(self.database_url.removeprefix(_SQLITE))

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Every provider's base URLs by the setting's name, checked."""
        return {
            endpoint.setting: getattr(self, _field(endpoint.setting))
            for provider in providers()
            for endpoint in provider.endpoints
        }

    @property
    def switches(self) -> Mapping[str, bool]:
        """Every provider's switches by the setting's name."""
        return {
            switch.setting: getattr(self, _field(switch.setting))
            for provider in providers()
            for switch in provider.switches
        }


def load_settings() -> Settings:
    """Read the environment and the secrets folder.

    Raises InvalidSettingError naming the variable and what is wrong with it, never its value.
    """
    named = os.environ.get("PATCHBAY_SECRETS_DIR")
    folder = Path(named or SECRETS_FOLDER)
    if named and not folder.is_dir():
        raise InvalidSettingError(name="PATCHBAY_SECRETS_DIR", reason="names no folder")
    # The providers found here bring their own settings along.
    fields: dict[str, Any] = {
        _field(endpoint.setting): (HttpUrl, endpoint.default)
        for provider in providers()
        for endpoint in provider.endpoints
    }
    fields |= {
        _field(switch.setting): (bool, False) for provider in providers() for switch in provider.switches
    }
    model = create_model("Settings", __base__=Settings, **fields)
    try:
        settings: Settings = model(_secrets_dir=folder if folder.is_dir() else None)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        name = f"PATCHBAY_{problem['loc'][0]}".upper()
        raise InvalidSettingError(name=name, reason=_reason(problem["msg"])) from None
    except SettingsError:
        raise InvalidSettingError(
            name="PATCHBAY_SECRETS_DIR", reason="holds a file that cannot be read as text"
        ) from None
    if settings.shard_ids and (
        settings.shard_count is None or max(settings.shard_ids) >= settings.shard_count
    ):
        raise InvalidSettingError(
            name="PATCHBAY_SHARD_IDS",
            reason="needs a PATCHBAY_SHARD_COUNT that is greater than each of the ids",
        )
    return settings


def _field(setting: str) -> str:
    return setting.removeprefix("PATCHBAY_").lower()


def _reason(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
