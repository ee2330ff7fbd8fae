"""After a rotation the old key opens and verifies nothing, and nobody notices while it runs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import UnreadableSecretError
from bot.features.audit.chain import Chain, Flaw
from bot.features.audit.service import AuditService
from bot.features.audit.store import AuditStore
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.operating.keys.rotation import Rotation, bring_up_to_date, rotate_keys
from bot.setup_errors import KeyNotConfiguredError
from bot.store.database import Database
from bot.store.key_marks import KeyMarks
from bot.store.vault import Place, Vault
from tests.support.clock import Clock
from tests.support.ids import GUILD, MEMBER

OLD, NEW = {"k1": bytes(32)}, {"k2": bytes(range(32))}
BOTH = NEW | OLD
SECRET = {"organization_secret": "FAKE-TOKEN-rotated"}


@pytest.fixture
async def database(tmp_path: Path, empty_database: Path) -> AsyncIterator[Database]:
    """A database that every test opens."""
    path = tmp_path / "patchbay.db"
    await asyncio.to_thread(path.write_bytes, await asyncio.to_thread(empty_database.read_bytes))
    async with Database.open(path) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    """The clock of the audit log."""
    return Clock()


def sealed_row(
    vault: Vault, guild_id: int = GUILD, name: str = "default", generation: int = 9
) -> ConnectionRow:
    """Return a row as the service stores it."""
    secret = vault.seal(SECRET, Place(guild_id, "sensay", name, 100, generation))
    return ConnectionRow(guild_id, "sensay", name, secret, MEMBER, 100, 100, generation=generation)


def version_1(row: ConnectionRow, key_id: str, key: bytes) -> ConnectionRow:
    """Return the row as an earlier release stored it."""
    nonce = bytes(range(12))
    bound = f'[{row.guild_id}, "{row.provider}", "{row.name}", "{key_id}"]'.encode()
    plain = b'{"organization_secret": "FAKE-TOKEN-rotated"}'
    secret = b"\x01" + key_id.encode() + b"\0" + nonce + AESGCM(key).encrypt(nonce, plain, bound)
    return replace(row, secret=secret, generation=0)


async def secrets_of(database: Database, vault: Vault) -> list[object]:
    """Return what each row of a guild opens to, None where it does not."""
    found: list[object] = []
    for row in await ConnectionStore(database).of_guild(GUILD):
        try:
            found.append(vault.open(row.secret, row.place))
        except UnreadableSecretError:
            found.append(None)
    return found


async def rotate(database: Database, keys: dict[str, bytes] = BOTH) -> Rotation:
    """Rotate to the first key."""
    return await rotate_keys(database, Vault(keys), lambda *_: None, 100)


async def restarted(database: Database, keys: dict[str, bytes]) -> Vault:
    """Return the vault of a bot that has just started."""
    vault = Vault(keys)
    await bring_up_to_date(database, vault)
    return vault


async def test_the_old_key_opens_and_verifies_nothing_after_a_rotation(
    database: Database, clock: Clock
) -> None:
    """Although it is still configured, rows and logs that are forged with it are refused."""
    store, old = ConnectionStore(database), await restarted(database, OLD)
    await store.insert(sealed_row(old))
    await AuditService(AuditStore(database), old, clock).note(GUILD, "connection.add", "sensay")
    assert await rotate(database) == Rotation("k2", 1, 1, Counter(), Counter(), clean=True)

    for vault in (await restarted(database, BOTH), await restarted(database, NEW)):
        assert await secrets_of(database, vault) == [SECRET]
        assert (await AuditService(AuditStore(database), vault, clock).export(GUILD))[1] == Chain(1)
    # Whoever has the old key writes to the file.
    await store.replace_secret(sealed_row(Vault(OLD), generation=10))
    await AuditService(AuditStore(database), Vault(OLD), clock).note(GUILD, "connection.add", "forged")
    vault = await restarted(database, BOTH)
    assert await secrets_of(database, vault) == [None]
    _, chain = await AuditService(AuditStore(database), vault, clock).export(GUILD)
    assert chain.flaw is Flaw.UNSIGNED


async def test_a_running_bot_notices_the_rotation(database: Database) -> None:
    """A bot that has both keys takes the old one out of use, without a restart."""
    await ConnectionStore(database).insert(sealed_row(await restarted(database, OLD)))
    running = await restarted(database, BOTH)
    old_value = await ConnectionStore(database).of_guild(GUILD)
    await rotate(database)
    await KeyMarks(database, running).refresh()
    assert await secrets_of(database, running) == [SECRET]
    with pytest.raises(UnreadableSecretError):
        running.open(old_value[0].secret, old_value[0].place)


async def test_an_old_value_in_its_own_row_is_detected(database: Database) -> None:
    """Credentials that were replaced within the same second do not open when somebody puts them back."""
    store, vault = ConnectionStore(database), await restarted(database, NEW)
    first, second = sealed_row(vault, generation=1), sealed_row(vault, generation=2)
    await store.insert(first)
    await store.replace_secret(second)
    assert await secrets_of(database, vault) == [SECRET]
    await database._engine.connection.execute("UPDATE connection SET secret = ?", (first.secret,))
    assert await secrets_of(database, vault) == [None]


async def test_values_of_an_earlier_release_open_once(database: Database) -> None:
    """They are encrypted anew at the first start; after that one that is put back does not open."""
    store = ConnectionStore(database)
    old = version_1(sealed_row(Vault(OLD)), "k1", OLD["k1"])
    await store.insert(old)
    vault = await restarted(database, BOTH)
    (row,) = await store.of_guild(GUILD)
    assert row.secret.startswith(vault.heading)
    assert row.generation
    assert await secrets_of(database, vault) == [SECRET]
    await database._engine.connection.execute(
        "UPDATE connection SET secret = ?, generation = 0", (old.secret,)
    )
    assert await secrets_of(database, vault) == [None]
    assert await secrets_of(database, await restarted(database, BOTH)) == [None]


async def test_values_whose_key_is_missing_are_not_lost(database: Database) -> None:
    """If a key was forgotten at the first start, its values are encrypted anew once it is configured."""
    store = ConnectionStore(database)
    await store.insert(sealed_row(Vault(NEW), name="a"))
    await store.insert(version_1(sealed_row(Vault(OLD), name="b"), "k1", OLD["k1"]))
    assert await secrets_of(database, await restarted(database, NEW)) == [SECRET, None]
    assert await secrets_of(database, await restarted(database, BOTH)) == [SECRET, SECRET]


async def test_a_forged_mark_changes_nothing(database: Database) -> None:
    """A mark that no key in use has signed is none, and one of the old key does not bring it back."""
    await ConnectionStore(database).insert(sealed_row(Vault(OLD)))
    running = await restarted(database, BOTH)
    await rotate(database)
    await KeyMarks(database, running).refresh()
    await KeyMarks(database, Vault(OLD)).write("k1")
    assert not await KeyMarks(database, running).refresh()
    assert running.key_ids == ("k2",)


@pytest.mark.parametrize("wrong", [OLD, {"k2": bytes(32)}, {"k3": bytes(32)} | OLD])
async def test_a_start_with_the_wrong_key_brings_no_old_key_back(
    database: Database, wrong: dict[str, bytes]
) -> None:
    """It is refused, as is a rotation, names the key that is missing, and leaves the mark as it is."""
    await ConnectionStore(database).insert(sealed_row(await restarted(database, OLD)))
    await rotate(database)
    for refused in (restarted, rotate):
        with pytest.raises(KeyNotConfiguredError) as error:
            await refused(database, wrong)
        assert error.value.values == {"key_id": "k2"}
    assert (await restarted(database, BOTH)).key_ids == ("k2",)


async def test_a_mark_that_names_no_key_is_none(database: Database) -> None:
    """A damaged one does not keep the bot from starting: it could be deleted as well."""
    await rotate(database)
    await database._engine.connection.execute("UPDATE key_mark SET signature = x'ff'")
    assert (await restarted(database, BOTH)).key_ids == ("k2", "k1")


async def test_what_stays_unreadable_is_counted_by_key(database: Database) -> None:
    """Rows of a key that is not configured, and damaged rows, are counted and left as they are."""
    store, old = ConnectionStore(database), Vault(OLD)
    await store.insert(sealed_row(old, name="good"))
    await store.insert(sealed_row(Vault({"k0": bytes(32)}), name="lost"))
    await store.insert(replace(sealed_row(old, name="moved"), set_at=7))
    await store.insert(replace(sealed_row(old, name="noise"), secret=b"\xff" * 40))
    before = {row.name: row.secret for row in await store.of_guild(GUILD)}
    rotation = await rotate(database)
    assert rotation.unreadable == {"k0": 1, "k1": 1, "?": 1}
    after = {row.name: row.secret for row in await store.of_guild(GUILD)}
    assert {name for name in after if after[name] != before[name]} == {"good"}


async def test_an_interrupted_rotation_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after any step, everything opens with both keys, and the next run does only the rest."""
    monkeypatch.setattr("bot.features.connections.resealing.STEP", 10)
    store, old = ConnectionStore(database), await restarted(database, OLD)
    for number in range(45):
        await store.insert(sealed_row(old, name=f"n{number:02}"))

    def stop(done: int, _total: int) -> None:
        if done == 20:
            raise KeyError

    with pytest.raises(KeyError):
        await rotate_keys(database, Vault(BOTH), stop, 100)
    assert await secrets_of(database, await restarted(database, BOTH)) == [SECRET] * 45
    assert (await rotate(database)).sealed == 25
    assert await secrets_of(database, await restarted(database, NEW)) == [SECRET] * 45


async def test_a_rotation_overwrites_no_new_credentials(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that are stored between the read and the write of a step stay, and no read fails."""
    monkeypatch.setattr("bot.features.connections.resealing.STEP", 10)
    store, running = ConnectionStore(database), Vault(BOTH)
    for number in range(60):
        await store.insert(sealed_row(Vault(OLD), name=f"n{number:02}"))
    newer = [sealed_row(running, name=f"n{number:02}", generation=77) for number in range(0, 60, 7)]

    async def replace_some() -> None:
        for row in newer:
            await store.replace_secret(row)
            assert None not in await secrets_of(database, running)

    await asyncio.gather(rotate(database), replace_some())
    stored = {row.name: row for row in await store.of_guild(GUILD)}
    assert [stored[row.name].secret for row in newer] == [row.secret for row in newer]
    assert await secrets_of(database, await restarted(database, NEW)) == [SECRET] * 60


async def test_a_file_that_takes_no_writes_does_not_stop_the_start(database: Database) -> None:
    """If the mark cannot be stored, the bot starts, and the next start tries again."""
    await database._engine.connection.execute("PRAGMA query_only = ON")
    vault = await restarted(database, NEW)
    assert vault.key_ids == ("k2",)
    await database._engine.connection.execute("PRAGMA query_only = OFF")
    assert not await KeyMarks(database, vault).refresh()
    await bring_up_to_date(database, vault)
    assert await KeyMarks(database, vault).refresh()
