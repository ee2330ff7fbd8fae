"""Encrypts the stored credentials of all guilds anew, in steps that others can write between."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bot.errors import UnreadableSecretError
from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.store.vault import Vault, key_id_of, new_generation

STEP: Final = 250
"""Rows that are encrypted anew in one transaction."""


@dataclass(slots=True)
class Resealed:
    """What was done. unreadable: how many rows could not be decrypted, by the id of their key."""

    done: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)


async def reseal(
    store: ConnectionStore,
    vault: Vault,
    beginning: bytes,
    progress: Callable[[Resealed], None] = lambda _: None,
) -> Resealed:
    """Encrypt every secret that does not begin like this in the present format and with the first key.

    A row that somebody changes meanwhile is looked at again. Interrupted, it goes on with what is left.
    progress: called after each step.
    """
    result, more = Resealed(), True
    while more:
        more, last = False, None
        result.unreadable.clear()
        while rows := await store.unlike(beginning, last, STEP):
            pairs, unreadable = await asyncio.to_thread(_sealed_anew, vault, rows)
            result.unreadable += unreadable
            if pairs:
                more = True
                result.done += await store.reseal(pairs)
            progress(result)
            last = rows[-1]
    return result


def _sealed_anew(
    vault: Vault, rows: Sequence[ConnectionRow]
) -> tuple[list[tuple[ConnectionRow, ConnectionRow]], Counter[str]]:
    pairs, unreadable = [], Counter[str]()
    for row in rows:
        # Credentials of earlier releases have no number.
        fresh = replace(row, generation=row.generation or new_generation())
        try:
            plain = vault.open(row.secret, row.place)
        except UnreadableSecretError:
            unreadable[key_id_of(row.secret[1:]) or "?"] += 1
        else:
            pairs.append((row, replace(fresh, secret=vault.seal(plain, fresh.place))))
    return pairs, unreadable
