"""Which replica a member means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.kit.integration import Choice, read_uuid

if TYPE_CHECKING:
    from bot.providers.sensay.models import Replica
    from bot.runtime.client import PatchbayBot
    from bot.services.connections import Connection


def chosen_replica(bot: PatchbayBot, connection: Connection, text: str) -> Choice:
    """Return the replica with this id or of this name; asks nobody.

    One that was not listed lately goes by its UUID alone. Raises InvalidInputError("replica").
    """
    known = bot.choices.known(connection, text)
    uuid = read_uuid(text if known is None else known.id, "replica")
    return Choice(uuid, uuid) if known is None else Choice(uuid, known.label, known.state)


def named(replica: Choice, listed: Replica | None) -> Choice:
    """Return the choice with the name that Sensay lists, where it went by its UUID alone."""
    if replica.label != replica.id or listed is None or not listed.name:
        return replica
    return Choice(replica.id, listed.name, replica.state)
