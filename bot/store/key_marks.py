"""Remembers in the database which encryption keys are in use, signed with one of them."""

import json
from typing import Final

from bot.store.database import Database
from bot.store.queries import load_queries
from bot.store.vault import Vault

_QUERIES: Final = load_queries("bot.store")


class KeyMarks:
    """Takes keys out of use that are still configured, once nothing is stored under them any more.

    Who can write to the file can delete the mark or put an older file back: then, after the next start, every
    configured key is in use again. Only a key that is not configured opens nothing whatever is in the file.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def refresh(self) -> bool:
        """Restrict the vault as the mark says; return False if there is none that a key in use has signed."""
        row = await self._database.read(_QUERIES.get_key_mark)
        return row is not None and apply_mark(self._vault, row["key_ids"], row["signature"])

    async def write(self, *key_ids: str) -> None:
        """Store that all is in the present format and under these keys, and restrict the vault to it."""
        text = ",".join(key_ids)
        signature = self._vault.sign(_signed(text))
        await self._database.write(_QUERIES.put_key_mark, key_ids=text, signature=signature)
        self._vault.restrict(key_ids)


def apply_mark(vault: Vault, key_ids: str, signature: bytes) -> bool:
    """Restrict the vault to the keys of a mark; return False if no key in use has signed it."""
    if not vault.verify(_signed(key_ids), signature):
        return False
    vault.restrict(key_ids.split(","))
    return True


def _signed(key_ids: str) -> bytes:
    return json.dumps(["keys in use", key_ids]).encode()
