"""Signs the ends of all guilds' logs with the first key."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from bot.features.audit.chain import is_signed, signed_part
from bot.features.audit.store import AuditStore
from bot.store.vault import Vault, key_id_of

STEP: Final = 250
"""Heads that are signed in one transaction."""


@dataclass(slots=True)
class Resigned:
    """What was done. unsigned: how many heads have no signature of a key in use, by the id of their key."""

    done: int = 0
    unsigned: Counter[str] = field(default_factory=Counter)


async def resign(store: AuditStore, vault: Vault) -> Resigned:
    """Sign every head anew whose signature is of an older key in use.

    A head that no such key signed stays as it is: a new signature would vouch for it.
    """
    result, last = Resigned(), 0
    while heads := await store.heads(last, STEP):
        changes = []
        for head in heads:
            if not is_signed(head, vault.verify):
                result.unsigned[key_id_of(head.signature) or "?"] += 1
            elif key_id_of(head.signature) != vault.current:
                changes.append((head, vault.sign(signed_part(head.guild_id, head.number, head.hash))))
        if changes:
            result.done += await store.resign(changes)
        last = heads[-1].guild_id
    return result
