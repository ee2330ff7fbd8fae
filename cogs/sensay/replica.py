"""Replicas: which one a member means, how its name and its state read, and the client that asks about it."""

from collections.abc import Sequence
from typing import Annotated, Final

from bot.discord.context import Context
from bot.discord.names import Named, tell_apart
from bot.discord.routes import Segment
from bot.discord.text import code, plain, quoted
from bot.discord.theme import Field, state_symbol, state_word
from bot.features.connections.service import Connection
from bot.i18n.catalog import Texts
from bot.providers.base.integration import Choice, State, read_uuid
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.client import SensayClient
from bot.providers.sensay.models import Replica

UUID_PATTERN: Final = r"[0-9a-f-]{36}"
ReplicaUuid = Annotated[str, Segment(UUID_PATTERN)]
"""A replica's id in a custom id."""
_MAX_NAME: Final = 80
_MAX_SHORT: Final = 40
"""Characters of a name in a reply that fits a phone's screen."""
_NOT_ON_DISCORD: Final = "▫️"


def client_of(ctx: Context, connection: Connection) -> SensayClient:
    """Return a client that acts with a connection's credentials."""
    return ctx.services.provider(SensayProvider).client(connection.credentials)


def chosen_replica(ctx: Context, connection: Connection, text: str) -> Choice:
    """Return the replica with this id or of this name; this asks nobody.

    A replica that was not listed lately is found by its UUID alone. Raises InvalidInputError("replica",
    "same_name").
    """
    known = ctx.services.choices.known(connection, text)
    uuid = read_uuid(text if known is None else known.id, "replica")
    return Choice(uuid, uuid) if known is None else Choice(uuid, known.label, known.state)


def named(replica: Choice, listed: Replica | None) -> Choice:
    """Return the choice with the name that Sensay lists now, if it lists one."""
    if listed is None or not listed.name:
        return replica
    return Choice(replica.id, listed.name, replica.state)


def replica_field(replica: Choice, texts: Texts) -> Field:
    """Name a replica as ``replica_line`` does."""
    return Field(texts("sensay.replica"), replica_line(replica))


def replica_line(replica: Choice) -> str:
    """Name a replica on one line: several may have the same name, so the end of its id stands beside it.

    It is named by its whole id where its name is not known.
    """
    name = "" if replica.label == replica.id else quoted(plain(replica.label, _MAX_SHORT))
    return f"{name} · {code(f'…{replica.id[-4:]}')}" if name else code(replica.id)


def told_apart(replicas: Sequence[Replica]) -> list[Replica]:
    """Return replicas that are shown together, with names that differ; one without a name has none."""
    names = tell_apart([Named(replica.name or "", replica.uuid or "") for replica in replicas], _MAX_NAME)
    return [replica.model_copy(update={"name": name}) for replica, name in zip(replicas, names, strict=True)]


def title_of(replica: Replica, limit: int = _MAX_NAME) -> str:
    """Name a replica where Discord renders markdown, by its id if its name is invisible.

    limit: of the name, in characters.
    """
    # Cut before it is escaped: what tells it apart stands at the end.
    return quoted(plain(replica.name or "", limit)) or code(replica.uuid or "", _MAX_NAME)


def label_of(replica: Replica) -> str:
    """Name a replica where Discord renders no markdown."""
    return plain(replica.name or "", _MAX_NAME) or plain(replica.uuid or "", _MAX_NAME)


def symbol_of(state: State | None) -> str:
    """Return the symbol that stands beside the state's word."""
    return _NOT_ON_DISCORD if state is None else state_symbol(state)


def word_of(state: State | None, texts: Texts) -> str:
    """Return the word for a state; None stands for a replica without a Discord bot."""
    return texts("sensay.not_on_discord") if state is None else state_word(texts, "sensay", state)


def listed_line(state: State | None, texts: Texts) -> str:
    """Say what Sensay lists of a replica: the state, and what it means."""
    explained = "none" if state is None else state
    return f"{symbol_of(state)} **{word_of(state, texts)}** · {texts(f'sensay.lists.{explained}')}"
