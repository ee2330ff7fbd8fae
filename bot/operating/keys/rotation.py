"""Brings everything that is stored under the first encryption key, and takes the other keys out of use."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog

from bot.errors import UnavailableError
from bot.features.audit.former_store import FormerLogs
from bot.features.audit.store import FIRST_SEAL, AuditStore, SealKey
from bot.features.connections.resealing import Resealed, reseal
from bot.features.connections.store import ConnectionStore
from bot.operating.keys.usage import usage_of
from bot.setup_errors import KeyNotConfiguredError
from bot.store.database import Database
from bot.store.key_marks import KeyMarks
from bot.store.stored_keys import stored_keys
from bot.store.vault import Vault, key_id_of

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_SEALS_AT_ONCE: Final = 250
"""The seals of audit logs that are signed in one transaction."""


@dataclass(frozen=True, slots=True)
class Rotation:
    """What a rotation did and what it left.

    key_id: the first key. sealed, signed: how many credentials and seals of audit logs are under it now that
    were not before. unreadable, unsigned: what no key in use opens or verifies, by the id of the key that it
    names.
    clean: whether all traces of what was replaced have left the file.
    """

    key_id: str
    sealed: int
    signed: int
    unreadable: Counter[str]
    unsigned: Counter[str]
    clean: bool


async def rotate_keys(
    database: Database, vault: Vault, progress: Callable[[int, int], None], now: int
) -> Rotation:
    """Encrypt and sign everything with the first key, then take all others out of use.

    A bot may use the database meanwhile if it has the same first key. Interrupted, this goes on with what is
    left. progress: called with how many secrets are done, and how many there are. now: seconds since 1970.
    Raises KeyNotConfiguredError.
    """
    marks, store = KeyMarks(database, vault), ConnectionStore(database)
    await _require_keys(database, vault)
    total = await store.count_unlike(vault.heading)

    def tell(resealed: Resealed) -> None:
        progress(resealed.done, total)

    resealed = await reseal(store, vault, vault.heading, tell)
    # An earlier release's log has no seals: without the old key nobody could tell whether it is whole.
    missing = await FormerLogs(database, vault).rewrite(now)
    signed, unsigned = await _resign(AuditStore(database), vault)
    unsigned += missing
    await marks.write(vault.current)
    clean = await database.scrub()
    return Rotation(vault.current, resealed.done, signed, resealed.unreadable, unsigned, clean)


async def _resign(store: AuditStore, vault: Vault) -> tuple[int, Counter[str]]:
    """Sign every seal with the first key; return how many, and those that no key in use signed, by key id."""
    signed, unsigned = 0, Counter[str]()
    after: SealKey | None = FIRST_SEAL
    while after is not None:
        step = await store.resign(vault, after, _SEALS_AT_ONCE)
        signed += step.done
        unsigned.update(key_id_of(each.signature) or "?" for each in step.unsigned)
        after = step.last
    return signed, unsigned


async def bring_up_to_date(database: Database, vault: Vault) -> None:
    """Learn which keys are in use, and once encrypt an earlier release's credentials in the present format.

    After that nothing of the earlier format is opened, unless rows are left whose key is not configured: they
    would be lost if the key is configured again. Raises KeyNotConfiguredError if the database belongs to
    other keys: what is sealed and signed from now on would be under a wrong one for good.
    """
    marks = KeyMarks(database, vault)
    if await marks.refresh():
        return
    await _require_keys(database, vault)
    try:
        resealed = await reseal(ConnectionStore(database), vault, vault.format)
        missing = [key_id for key_id in resealed.unreadable if key_id != "?" and not vault.knows(key_id)]
        if not missing:
            await marks.write(*vault.key_ids)
    except UnavailableError:  # the log has said it, and the next start tries again
        return
    if resealed.done or missing:
        _log.info("credentials_encrypted_anew", rows=resealed.done, missing_keys=missing)


async def _require_keys(database: Database, vault: Vault) -> None:
    """Restrict the vault to the keys in use. Raises KeyNotConfiguredError if the database needs others."""
    usage = await asyncio.to_thread(usage_of, await database.examine(stored_keys), vault)
    if usage.missing is not None:
        raise KeyNotConfiguredError(key_id=usage.missing)
