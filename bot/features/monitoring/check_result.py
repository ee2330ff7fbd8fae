"""The result of one check of a connection."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from bot.features.monitoring.access import Access
from bot.features.monitoring.store import CheckedRows
from bot.providers.base.report import Reports


class CheckOutcome(Enum):
    """How a check ended."""

    ANSWERED = auto()
    REFUSED = auto()
    """The provider does not accept the credentials."""
    STILL_REFUSED = auto()
    """The provider refused the credentials before and was not asked again."""
    DOWN = auto()
    """The provider does not answer, or answers with an error of its own."""
    FAILED = auto()
    """The check failed for any other reason, a defect of ours included."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check of all integrations of a connection.

    at: seconds since 1970. reports: None unless the provider answered. own: ids of the integrations that this
    guild linked with this connection. error: the error's key, empty if the provider answered. ignored: ids of
    the integrations that this guild ignores. bots: the Discord users that integrations speak as, by the
    integration's id, as far as they are known. access: what Discord lets them do, by the integration's id.
    is_check: False if only Discord was asked, so that nothing is counted; ``reports`` are those of the last
    check then. is_repeated: whether all of it was found before, and storing that changed nothing. rows: what
    was stored when the result was made, None where nobody has looked.
    """

    guild_id: int
    provider: str
    connection: str
    at: int
    outcome: CheckOutcome
    reports: Reports | None = None
    own: Collection[str] = ()
    error: str = ""
    ignored: Collection[str] = ()
    bots: Mapping[str, int] = field(default_factory=dict)
    access: Mapping[str, Access] = field(default_factory=dict)
    is_check: bool = True
    is_repeated: bool = False
    rows: CheckedRows | None = None
