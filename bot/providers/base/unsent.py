"""The error of a request that this process may not send any more."""

from bot.errors import UnreachableError


class UnsentError(UnreachableError):
    """Another process may ask for the server by now, so nothing was sent. That says nothing of the host."""

    is_unsent = True
