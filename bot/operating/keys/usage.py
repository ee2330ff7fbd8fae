"""Counts what each encryption key has sealed and signed, and what the configured keys open of it."""

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import UnreadableSecretError
from bot.features.audit.chain import is_former_head, is_sealed
from bot.features.audit.entry import Seal, SealKind
from bot.store.key_marks import apply_mark
from bot.store.stored_keys import StoredKeys, StoredSeal, stored_keys_in
from bot.store.vault import Vault, key_id_of


@dataclass(slots=True)
class KeyUse:
    """What is stored under one key id.

    readable, unreadable: credentials that the configured keys open, and those that they do not.
    verified, unverified: the same of the signatures of audit logs.
    """

    readable: int = 0
    unreadable: int = 0
    verified: int = 0
    unverified: int = 0


@dataclass(frozen=True, slots=True)
class KeyUsage:
    """What is stored under which key id; "?" stands for what names none.

    missing: the key without which the bot does not start with this database, None if it starts.
    """

    by_key: Mapping[str, KeyUse] = field(default_factory=dict)
    missing: str | None = None


def key_usage(database: Path, vault: Vault) -> KeyUsage:
    """Count by key what is stored in a database of any schema, which stays as it is.

    vault: with the configured keys; afterwards those are out of use in it that a rotation has taken out of
    use. Blocks. Raises DatabaseUnusableError.
    """
    return usage_of(stored_keys_in(database), vault)


def usage_of(stored: StoredKeys, vault: Vault) -> KeyUsage:
    """Do the same with what was read, and restrict the vault as the mark says. Blocks."""
    mark = stored.mark
    is_marked = mark is not None and apply_mark(vault, *mark)
    by_key: dict[str, KeyUse] = defaultdict(KeyUse)
    for secret, place in stored.secrets:
        use = by_key[key_id_of(secret[1:]) or "?"]
        try:
            vault.open(secret, place)
            use.readable += 1
        except UnreadableSecretError:
            use.unreadable += 1
    for each in stored.seals:
        use = by_key[key_id_of(each.signature) or "?"]
        if _is_ours(each, vault):
            use.verified += 1
        else:
            use.unverified += 1
    missing = None
    if not is_marked:
        missing = (key_id_of(mark[1]) if mark else "") or _missing(by_key)
    return KeyUsage(dict(by_key), missing)


def _missing(by_key: Mapping[str, KeyUse]) -> str | None:
    """Return the key that has most to it, if the configured keys open and verify nothing at all."""
    if any(use.readable or use.verified for use in by_key.values()):
        return None
    named = [key_id for key_id in by_key if key_id != "?"]
    return max(named, key=lambda key_id: by_key[key_id].unreadable + by_key[key_id].unverified, default=None)


def _is_ours(stored: StoredSeal, vault: Vault) -> bool:
    with contextlib.suppress(ValueError):  # a kind that there is not
        if stored.kind == "former":
            head = Seal(stored.guild_id, SealKind.HEAD, stored.number, stored.hash, stored.signature)
            return is_former_head(head, vault.verify)
        kind = SealKind(stored.kind)
        return is_sealed(
            Seal(stored.guild_id, kind, stored.number, stored.hash, stored.signature), vault.verify
        )
    return False
