"""Every variable and every secret file is read, and a bad value is named but never shown."""

import os
import socket
import sys
import traceback
from contextlib import nullcontext
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.providers import providers
from bot.settings import Settings, load_settings, ordinal_of
from bot.setup_errors import InvalidSettingError
from bot.store.database import Database

TOKEN = "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000000"
KEYS = "k1:RkFLRS1LRVktRk9SLVRFU1RTLTAwMDAwMDAwMDAwMDA="
ENDPOINTS = {
    endpoint.setting: f"https://provider-{number}.example/api/v1"
    for number, endpoint in enumerate(endpoint for provider in providers() for endpoint in provider.endpoints)
}
SWITCHES = [switch.setting for provider in providers() for switch in provider.switches]
URLS = [*ENDPOINTS, "PATCHBAY_DISCORD_API_URL", "PATCHBAY_DISCORD_GATEWAY_URL"]
OWN_URLS = ["PATCHBAY_PROXY_URL", "PATCHBAY_HEARTBEAT_URL"]
"""Addresses that no member's credentials are sent to, but that are themselves secret."""
VALID = {
    "PATCHBAY_DISCORD_TOKEN": TOKEN,
    "PATCHBAY_DATABASE_URL": "sqlite:////var/lib/patchbay/bot.db",
    "PATCHBAY_ENCRYPTION_KEYS": KEYS,
    **ENDPOINTS,
    **dict.fromkeys(SWITCHES, "true"),
    "PATCHBAY_DISCORD_API_URL": "http://localhost:8081/api/v10",
    "PATCHBAY_DISCORD_GATEWAY_URL": "ws://[::1]:8081",
    "PATCHBAY_PROXY_URL": "http://bot:FAKE%40PASSWORD@proxy.example:3128",
    "PATCHBAY_SHARD_IDS": "0, 2,3",
    "PATCHBAY_SHARD_COUNT": "4",
    "PATCHBAY_HTTP_HOST": "0.0.0.0",  # noqa: S104 - read, not served
    "PATCHBAY_HTTP_PORT": "8090",
    "PATCHBAY_CHECK_INTERVAL": "120",
    "PATCHBAY_HISTORY_DAYS": "365",
    "PATCHBAY_AUDIT_DAYS": "730",
    "PATCHBAY_ERASE_AFTER": "30",
    "PATCHBAY_BACKUP_FOLDER": "/var/backups/patchbay",
    "PATCHBAY_BACKUP_HOURS": "12",
    "PATCHBAY_BACKUP_KEEP": "30",
    "PATCHBAY_HEARTBEAT_URL": "http://192.168.0.2:3001/api/push/FAKE-KEY?status=up&msg=OK",
    "PATCHBAY_OPERATOR_CHANNEL": "1102345678901234567",
    "PATCHBAY_ALLOWED_GUILDS": "1, 2",
    "PATCHBAY_DENIED_GUILDS": "3",
    "PATCHBAY_LOG_FORMAT": "json",
    "PATCHBAY_LOG_LEVEL": "DEBUG",
}


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty secrets folder; the machine's own settings are removed."""
    for name in os.environ:
        if name.startswith("PATCHBAY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATCHBAY_SECRETS_DIR", str(tmp_path))
    return tmp_path


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    """Put values into the environment."""
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def assert_valid(settings: Settings) -> None:
    """Check that the settings are those of VALID."""
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == TOKEN
    assert settings.encryption_keys.get_secret_value() == KEYS
    assert settings.database_path == Path("/var/lib/patchbay/bot.db")
    assert settings.endpoints == ENDPOINTS
    assert settings.switches == dict.fromkeys(SWITCHES, True)
    assert settings.discord_api_url == "http://localhost:8081/api/v10"
    assert settings.discord_gateway_url == "ws://[::1]:8081"
    assert settings.proxy == VALID["PATCHBAY_PROXY_URL"]
    assert settings.heartbeat_url is not None
    assert settings.heartbeat_url.get_secret_value() == VALID["PATCHBAY_HEARTBEAT_URL"]
    assert settings.operator_channel == 1102345678901234567
    assert (settings.shard_ids, settings.shard_count) == ((0, 2, 3), 4)
    assert (settings.http_host, settings.http_port) == ("0.0.0.0", 8090)  # noqa: S104 - read, not served
    assert (settings.check_interval, settings.history_days) == (120, 365)
    assert (settings.audit_days, settings.erase_after) == (730, 30)
    assert settings.backup_folder == Path("/var/backups/patchbay")
    assert (settings.backup_hours, settings.backup_keep) == (12, 30)
    assert (settings.allowed_guilds, settings.denied_guilds) == ((1, 2), (3,))
    assert (settings.log_format, settings.log_level) == ("json", "DEBUG")


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting has a variable, and the variable reaches its field."""
    left_out = len({"encryption_keys_command", "replicas"})
    assert len(VALID) + left_out == len(type(load_settings()).model_fields)
    set_all(monkeypatch, VALID)
    assert_valid(load_settings())


@pytest.mark.parametrize("lower", [False, True])
def test_every_setting_can_be_a_file(folder: Path, lower: bool) -> None:
    """A file of the variable's name, in capitals or not, with a line end after the value, is the same."""
    for name, value in VALID.items():
        (folder / (name.lower() if lower else name)).write_text(f"{value}\n", "utf-8")
    assert_valid(load_settings())


def test_a_variable_wins_over_a_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A variable is stronger than a file in the folder; an empty variable counts as not set."""
    (folder / "PATCHBAY_LOG_LEVEL").write_text("ERROR", "utf-8")
    monkeypatch.setenv("PATCHBAY_LOG_LEVEL", "WARNING")
    assert load_settings().log_level == "WARNING"
    monkeypatch.setenv("PATCHBAY_LOG_LEVEL", "")
    assert load_settings().log_level == "ERROR"


def test_a_file_that_cannot_be_read_is_no_traceback(folder: Path) -> None:
    """Bytes that are no text are reported as an error of the secrets folder, and are not shown."""
    (folder / "PATCHBAY_DISCORD_TOKEN").write_bytes(b"\xff\xfeFAKE")
    with pytest.raises(InvalidSettingError) as caught:
        load_settings()
    assert caught.value.values == {
        "name": "PATCHBAY_SECRETS_DIR",
        "reason": "holds a file that cannot be read as text",
    }


def test_a_missing_folder_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped folder is reported as such, not as missing secrets."""
    monkeypatch.setenv("PATCHBAY_SECRETS_DIR", "/nowhere/at/all")
    with pytest.raises(InvalidSettingError) as caught:
        load_settings()
    assert caught.value.values == {"name": "PATCHBAY_SECRETS_DIR", "reason": "names no folder"}


def test_an_empty_folder_variable_means_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty variable does not mean the current folder."""
    monkeypatch.setenv("PATCHBAY_SECRETS_DIR", "")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "PATCHBAY_LOG_LEVEL").write_text("ERROR", "utf-8")
    assert load_settings().log_level == "INFO"


def test_without_any_setting_the_defaults_hold() -> None:
    """Without settings the bot uses the vendors' addresses, a database in this folder, no port and no
    secret.
    """
    settings = load_settings()
    assert settings.discord_token is None
    assert settings.encryption_keys.get_secret_value() == ""
    assert settings.database_path == Path("patchbay.db")
    assert set(settings.endpoints.values()) == {
        endpoint.default for provider in providers() for endpoint in provider.endpoints
    }
    assert settings.switches == dict.fromkeys(SWITCHES, False)
    assert (settings.http_port, settings.shard_ids, settings.shard_count) == (None, (), None)
    assert (settings.check_interval, settings.history_days) == (60, 90)
    assert (settings.audit_days, settings.erase_after) == (400, 7)


def test_an_empty_variable_is_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compose file passes empty variables for what is not set on the host; they change nothing."""
    before = load_settings()
    set_all(monkeypatch, dict.fromkeys(VALID, ""))
    assert load_settings().model_dump() == before.model_dump()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PATCHBAY_DISCORD_TOKEN", "two words of CANARY"),
        ("PATCHBAY_DISCORD_TOKEN", "“CANARY”"),
        ("PATCHBAY_DISCORD_TOKEN", "CANARY\u200b"),
        ("PATCHBAY_DATABASE_URL", "mysql://user:CANARY@host/db"),
        ("PATCHBAY_DATABASE_URL", "CANARY.db"),
        ("PATCHBAY_DATABASE_URL", "sqlite:///"),
        ("PATCHBAY_SHARD_IDS", "0,CANARY"),
        ("PATCHBAY_SHARD_IDS", "-1"),
        ("PATCHBAY_SHARD_IDS", "0"),
        ("PATCHBAY_SHARD_COUNT", "0"),
        ("PATCHBAY_SHARD_COUNT", "CANARY"),
        ("PATCHBAY_HTTP_PORT", "65536"),
        ("PATCHBAY_HTTP_PORT", "-1"),
        ("PATCHBAY_HTTP_PORT", "CANARY"),
        ("PATCHBAY_CHECK_INTERVAL", "0"),
        ("PATCHBAY_CHECK_INTERVAL", "3601"),
        ("PATCHBAY_HISTORY_DAYS", "0"),
        ("PATCHBAY_HISTORY_DAYS", "CANARY"),
        ("PATCHBAY_LOG_FORMAT", "CANARY"),
        ("PATCHBAY_LOG_LEVEL", "CANARY"),
        ("PATCHBAY_OPERATOR_CHANNEL", "CANARY"),
        ("PATCHBAY_OPERATOR_CHANNEL", "0"),
        ("PATCHBAY_PROXY_URL", "http://proxy.example:3128/CANARY"),
        ("PATCHBAY_PROXY_URL", "http://proxy.example:3128/?CANARY"),
        *((name, value) for name in OWN_URLS for value in (
            "CANARY",
            "socks5://CANARY.example:1080",
            "https://[CANARY",
            "http://user:CANARY@",
            "http://user:CANARY@@host.example",
            "http://user:CAN ARY@host.example",
            "http://user:CANARY@host.example:99999",
            "http://user:CANARY@host.example#x",
        )),
        *((name, value) for name in SWITCHES for value in ("CANARY", "2", "-1", "true CANARY", "null")),
        *((name, value) for name in URLS for value in (
            "CANARY",
            "ftp://CANARY.example",
            "https://user:CANARY@host.example",
            "wss://user:CANARY@host.example",
            "https://host.example/?key=CANARY",
            "http://CANARY.example/api",
            "ws://CANARY.example/api",
            "http://10.0.0.1/CANARY",
            "ws://192.168.0.1/CANARY",
            "https://[CANARY",
        )),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The error names the variable and what is wrong with it; neither it nor its cause holds the value."""
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettingError) as caught:
        load_settings()
    assert caught.value.values["name"] == name
    assert caught.value.values["reason"]
    trace = "".join(traceback.format_exception(caught.value))
    assert "CANARY" not in f"{caught.value.values} {trace}"


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize(
    ("value", "on"),
    [("true", True), ("TRUE", True), ("1", True), ("false", False), ("False", False), ("0", False)],
)
@pytest.mark.parametrize("as_file", [False, True])
def test_a_switch_is_on_or_off(
    monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, value: str, on: bool, as_file: bool
) -> None:
    """A switch is turned on by a word, in a variable or in a file; the other switches stay off."""
    if as_file:
        (folder / name).write_text(f"{value}\n", "utf-8")
    else:
        monkeypatch.setenv(name, value)
    assert load_settings().switches == {**dict.fromkeys(SWITCHES, False), name: on}


def test_a_bad_value_in_a_file_is_not_shown_either(folder: Path) -> None:
    """The value of a secret file is not shown either."""
    (folder / "PATCHBAY_DISCORD_TOKEN").write_text("two CANARY words", "utf-8")
    with pytest.raises(InvalidSettingError) as caught:
        load_settings()
    assert "CANARY" not in f"{caught.value.values}"


@pytest.mark.parametrize(("ids", "count"), [("0,4", "4"), ("4", "4")])
def test_a_shard_has_to_be_one_of_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, ids: str, count: str
) -> None:
    """Shards count from 0, so the greatest id is one less than their number."""
    set_all(monkeypatch, {"PATCHBAY_SHARD_IDS": ids, "PATCHBAY_SHARD_COUNT": count})
    with pytest.raises(InvalidSettingError) as caught:
        load_settings()
    assert caught.value.values["name"] == "PATCHBAY_SHARD_IDS"


@pytest.mark.parametrize("name", URLS)
@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "[::1]"])
def test_plain_http_is_taken_on_loopback(monkeypatch: pytest.MonkeyPatch, name: str, host: str) -> None:
    """A stand-in on this machine needs no certificate, so plain HTTP is accepted there."""
    scheme = "ws" if "GATEWAY" in name else "http"
    monkeypatch.setenv(name, f"{scheme}://{host}:8080/x/")
    settings = load_settings()
    assert getattr(settings, name.removeprefix("PATCHBAY_").lower()) == f"{scheme}://{host}:8080/x"


def test_settings_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither repr nor a dump of the model holds the token or the keys."""
    set_all(monkeypatch, VALID)
    settings = load_settings()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert TOKEN not in shown
    assert KEYS.partition(":")[2] not in shown


def test_settings_do_not_change() -> None:
    """Settings cannot be changed after they are read."""
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.log_level = "ERROR"  # type: ignore[misc]


SERVER = "postgresql://bot:FAKE%40PASSWORD@db.example:5433/patchbay"


def test_an_address_of_a_server_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown without user and password, in no repr, and every spelling of the password is masked."""
    monkeypatch.setenv("PATCHBAY_DATABASE_URL", SERVER)
    settings = load_settings()
    assert settings.database == SERVER
    assert settings.database_name == "postgresql://db.example:5433/patchbay"
    assert {"FAKE%40PASSWORD", "FAKE@PASSWORD"} <= set(settings.secrets_in_urls)
    assert "PASSWORD" not in repr(settings)


def test_what_a_server_is_not_used_with_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that would do nothing, or not what it says, keeps the bot from starting."""
    set_all(monkeypatch, {"PATCHBAY_DATABASE_URL": SERVER, "PATCHBAY_BACKUP_FOLDER": "/backups"})
    with pytest.raises(InvalidSettingError) as caught:
        load_settings()
    assert caught.value.values["name"] == "PATCHBAY_BACKUP_FOLDER"
    assert "PostgreSQL" in str(caught.value.values["reason"])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"PATCHBAY_DATABASE_URL": "sqlite:///patchbay.db"}, "needs a PostgreSQL server"),
        ({"PATCHBAY_SHARD_IDS": "0", "PATCHBAY_SHARD_COUNT": "1"}, "can't be set together"),
        ({"PATCHBAY_REPLICAS": "2"}, "needs a host name that ends in a number from -0 to -1"),
        ({}, ""),
    ],
)
def test_a_number_of_replicas_needs_a_number_of_this_one(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], reason: str
) -> None:
    """It is at the end of the host's name, and says which shards this process holds."""
    monkeypatch.setattr(socket, "gethostname", lambda: "patchbay-2")
    set_all(monkeypatch, {"PATCHBAY_DATABASE_URL": SERVER, "PATCHBAY_REPLICAS": "3", **values})
    refused = pytest.raises(InvalidSettingError) if reason else nullcontext()
    with refused as caught:
        assert load_settings().replicas == 3
    if caught is not None:
        assert caught.value.values["name"] == "PATCHBAY_REPLICAS"
        assert str(caught.value.values["reason"]).startswith(reason)


@pytest.mark.parametrize(
    ("host", "ordinal"),
    [("patchbay-2", 2), ("a-1-b-10", 10), ("patchbay", -1), ("patchbay2", -1), ("p-1.x", -1)],
)
def test_a_host_has_the_number_at_the_end_of_its_name(host: str, ordinal: int) -> None:
    """As the pods of a StatefulSet do."""
    assert ordinal_of(host) == ordinal


async def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(InvalidSettingError) as caught:
        async with Database.open(SERVER):
            pass
    assert "pip install 'patchbay[postgres]'" in str(caught.value.values["reason"])
