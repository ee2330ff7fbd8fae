"""What is stored under each key is counted, and a bot does not start with another database's keys."""

import asyncio
import base64
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from bot.features.audit.chain import signed_part
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.operating.keys.rotation import bring_up_to_date, rotate_keys
from bot.operating.keys.usage import KeyUsage, KeyUse, key_usage
from bot.setup_errors import DatabaseUnusableError, KeyNotConfiguredError
from bot.store.database import Database
from bot.store.vault import Place, Vault
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER
from tests.support.old_databases import REVISIONS, execute, release
from tests.support.source import ROOT

OLD, NEW = {"k1": bytes(32)}, {"k2": bytes(range(32))}
OTHER = {"k1": bytes(range(1, 33))}
"""Another key under the old one's id."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The path of the database."""
    return tmp_path / "patchbay.db"


@pytest.fixture
async def database(path: Path, empty_database: Path) -> AsyncIterator[Database]:
    """A database that every test opens."""
    await asyncio.to_thread(path.write_bytes, await asyncio.to_thread(empty_database.read_bytes))
    async with Database.open(path) as opened:
        yield opened


async def connect(database: Database, vault: Vault, *names: str) -> None:
    """Store a guild's connections of these names."""
    for name in names:
        secret = vault.seal({"key": "FAKE-TOKEN-stored"}, Place(GUILD, "sensay", name, 100, 9))
        row = ConnectionRow(GUILD, "sensay", name, secret, MEMBER, 100, 100, generation=9)
        await ConnectionStore(database).insert(row)


async def note(database: Database, vault: Vault, guild_id: int = GUILD) -> None:
    """Add an entry to a guild's audit log."""
    await AuditService(AuditStore(database), vault, Clock()).note(guild_id, "connection.add", "sensay")


async def sign_as_earlier(database: Database, path: Path, vault: Vault) -> None:
    """Let a log have the only seal that an earlier release gave it."""
    query = "SELECT guild_id, number, hash FROM audit_seal"
    ((guild_id, number, hash_),) = await database.examine(lambda each: list(each.rows(query)))
    signature = vault.sign(signed_part("audit", guild_id, number, hash_))
    values = f"{guild_id}, {number}, X'{hash_.hex()}', X'{signature.hex()}'"
    execute(path, f"INSERT INTO audit_head VALUES ({values})", "DELETE FROM audit_seal")  # noqa: S608


async def usage_of(path: Path, keys: Mapping[str, bytes]) -> KeyUsage:
    """Count as the doctor does."""
    return await asyncio.to_thread(key_usage, path, Vault(keys))


async def test_rows_are_counted_by_the_key_that_they_name(path: Path, database: Database) -> None:
    """Readable or not, verified or not: moved rows, rows of unknown keys, and noise are told apart."""
    await bring_up_to_date(database, Vault(NEW | OLD))
    await connect(database, Vault(OLD), "a", "b", "moved")
    await connect(database, Vault(NEW), "c")
    await connect(database, Vault({"k0": bytes(32)}), "lost")
    await connect(database, Vault(OLD), "noise", "erased")
    await note(database, Vault(NEW))
    await note(database, Vault(OTHER), GUILD + 1)
    execute(path, "UPDATE connection SET set_at = 7 WHERE name = 'moved'")
    execute(path, "UPDATE connection SET secret = X'FFFFFF' WHERE name = 'noise'")
    execute(path, "UPDATE connection SET secret = X'' WHERE name = 'erased'")
    assert await usage_of(path, NEW | OLD) == KeyUsage(
        {
            "k1": KeyUse(readable=2, unreadable=1, unverified=1),
            "k2": KeyUse(readable=1, verified=1),
            "k0": KeyUse(unreadable=1),
            "?": KeyUse(unreadable=1),
        }
    )


async def test_a_key_that_is_out_of_use_reads_nothing(path: Path, database: Database) -> None:
    """It counts as the bot sees it: what is still under the old key after a rotation is unreadable."""
    await connect(database, Vault(OLD), "a")
    await rotate_keys(database, Vault(NEW | OLD), lambda *_: None, 100)
    await connect(database, Vault(OLD), "late")
    usage = await usage_of(path, NEW | OLD)
    assert usage == KeyUsage({"k2": KeyUse(readable=1), "k1": KeyUse(unreadable=1)})


@pytest.mark.parametrize("revision", sorted(REVISIONS))
def test_a_database_of_each_earlier_schema_is_counted(path: Path, revision: str) -> None:
    """The doctor looks before the first start with a new release, and changes nothing."""
    release(path, revision)
    before = path.read_bytes()
    usage = key_usage(path, Vault(OLD))
    assert sum(use.unreadable for use in usage.by_key.values())
    assert path.read_bytes() == before


def test_what_cannot_be_counted_is_said(path: Path) -> None:
    """A file that is no database, or none at all."""
    with pytest.raises(DatabaseUnusableError):
        key_usage(path, Vault(OLD))
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DatabaseUnusableError):
        key_usage(path, Vault(OLD))


@pytest.mark.parametrize("kept", ["mark", "no mark"])
@pytest.mark.parametrize("stored", ["connections", "audit entries", "both", "former audit entries"])
@pytest.mark.parametrize("wrong", [NEW, OTHER], ids=["another id", "the same id"])
async def test_keys_that_are_not_the_databases_are_refused(
    path: Path, database: Database, wrong: Mapping[str, bytes], stored: str, kept: str
) -> None:
    """At a start and at a rotation, whatever there is to tell by; and the database stays as it is."""
    vault = Vault(OLD)
    await bring_up_to_date(database, vault)
    if stored in {"connections", "both"}:
        await connect(database, vault, "a")
    if stored != "connections":
        await note(database, vault)
    if stored == "former audit entries":
        await sign_as_earlier(database, path, vault)
    if kept == "no mark":
        execute(path, "DELETE FROM key_mark")
    before = database.commits
    assert (await usage_of(path, wrong)).missing == "k1"
    with pytest.raises(KeyNotConfiguredError, match="key_not_configured") as error:
        await bring_up_to_date(database, Vault(wrong))
    assert error.value.values == {"key_id": "k1"}
    with pytest.raises(KeyNotConfiguredError):
        await rotate_keys(database, Vault(wrong), lambda *_: None, 100)
    assert database.commits == before
    await bring_up_to_date(database, Vault(NEW | OLD))
    assert (await usage_of(path, NEW | OLD)).missing is None


async def test_run_refuses_and_leaves_the_audit_log_alone(path: Path, database: Database) -> None:
    """In one line that names the key, before Discord is asked for anything."""
    await bring_up_to_date(database, Vault(OLD))
    await note(database, Vault(OLD))
    before = (await database.examine(lambda each: list(each.rows("SELECT * FROM audit_seal"))))[0]
    environment = {
        "PATCHBAY_SECRETS_DIR": str(path.parent),
        "PATCHBAY_DATABASE_URL": f"sqlite:///{path}",
        "PATCHBAY_ENCRYPTION_KEYS": f"k2:{base64.b64encode(NEW['k2']).decode()}",
        "PATCHBAY_DISCORD_TOKEN": "FAKE-TOKEN-FOR-TESTS.not-a-real.value",
        "PATCHBAY_DISCORD_API_URL": "http://127.0.0.1:9/api/v10",  # nobody is asked
    }
    run = (sys.executable, "-m", "bot", "run")
    process = await asyncio.create_subprocess_exec(*run, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
    _, said = await process.communicate()
    assert process.returncode
    assert "doesn't have the key k1" in said.decode()
    assert "Traceback" not in said.decode()
    after = (await database.examine(lambda each: list(each.rows("SELECT * FROM audit_seal"))))[0]
    assert tuple(after) == tuple(before)


async def test_an_empty_database_starts_with_any_key(path: Path, database: Database) -> None:
    """There is nothing to compare with: a first start, or one after everything was erased."""
    assert await usage_of(path, NEW) == KeyUsage()
    await bring_up_to_date(database, Vault(NEW))
