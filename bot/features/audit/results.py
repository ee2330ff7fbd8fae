"""Words the result of a change for its entry."""

from bot.errors import PatchbayError, ProviderError, RequestError
from bot.features.audit.chain import UNKNOWN


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
