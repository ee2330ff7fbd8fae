"""Says in words what the commands of the host have found and done."""

from collections.abc import Iterator

from bot.features.privacy.member_store import MemberData
from bot.features.privacy.store import Stored
from bot.operating.keys.rotation import Rotation
from bot.operating.keys.usage import KeyUsage
from bot.store.sqlite.copies import Contents


def of_contents(contents: Contents) -> str:
    """Return what a database holds."""
    return (
        f"schema {contents.revision}, {contents.servers} servers, {contents.connections} connections,"
        f" {contents.entries} audit entries"
    )


def of_stored(stored: Stored) -> str:
    """Return what is stored of a guild."""
    if not stored.total:
        return "nothing"
    return (
        f"connections {stored.connections}, agents {stored.integrations}, grants {stored.grants},"
        f" audit entries {stored.entries}, incidents and alerts {stored.incidents},"
        f" state changes {stored.history}, other records {stored.others}"
    )


def of_member(stored: MemberData) -> str:
    """Return what is stored of a member."""
    if not stored.total:
        return "nothing"
    return (
        f"grants {stored.grants}, other records {stored.others},"
        f" audit entries {stored.entries}, in servers {stored.guilds}"
    )


def of_usage(usage: KeyUsage) -> Iterator[str]:
    """Return a line for each key that is missing."""
    for key_id, use in sorted(usage.by_key.items()):
        if use.unreadable or use.unverified:
            yield (
                f"Unreadable without the key {key_id}: {use.unreadable} connections, {use.unverified} seals"
                " of audit logs. Add it after the first key in PATCHBAY_ENCRYPTION_KEYS."
            )
    if usage.missing is not None:
        yield f"The bot doesn't start with this database without the key {usage.missing}."


def of_rotation(rotation: Rotation) -> Iterator[str]:
    """Return what a rotation did, and a line for whatever it left."""
    yield (
        f"Encrypted {rotation.sealed} connections and signed {rotation.signed} seals of audit logs with"
        f" the key {rotation.key_id}. No other key opens or verifies anything now: you can"
        " remove the others from PATCHBAY_ENCRYPTION_KEYS, and then restart the bot."
    )
    for key_id, number in sorted(rotation.unreadable.items()):
        yield f"Unreadable, and left as they are: {number} connections of the key {key_id}."
    for key_id, number in sorted(rotation.unsigned.items()):
        yield (
            f"Without a valid signature, and left as they are: {number} seals of audit logs"
            f" of the key {key_id}."
        )
    if not rotation.clean:
        yield "Traces of the old values may be left in the file; the bot removes them within the hour."
