"""Words the result of a change for its entry, and says which entries could not be written."""

from collections.abc import Iterable
from typing import Final

import structlog

from bot.errors import PatchbayError, ProviderError, RequestError
from bot.features.audit.chain import UNKNOWN
from bot.features.audit.entry import Entry

_log: Final[structlog.stdlib.BoundLogger] = structlog.get_logger(__name__)


def result_of(error: BaseException) -> str:
    """Return the result of a change that ended with this error: what it is and the error's key."""
    match error:
        case RequestError():
            return f"refused:{error.key}"
        case ProviderError(outcome_unknown=True):
            return UNKNOWN
        case PatchbayError():
            return f"failed:{error.key}"
        case Exception():
            return "failed:unexpected"
    return "failed:interrupted"


def log_failed(drafts: Iterable[Entry], error: Exception) -> None:
    """Log each entry that could not be written, without who it is about."""
    why = f"{type(error).__name__}: {error}"
    for draft in drafts:
        _log.error(
            "audit_failed",
            guild=draft.guild_id,
            action=draft.action,
            result=draft.result,
            times=draft.times,
            error=why,
        )
