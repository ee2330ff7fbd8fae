"""Says what an error of PostgreSQL means, without the values that it may quote."""

from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.errors import BusyError, DamagedError, UnavailableError
from bot.setup_errors import DatabaseUnusableError
from bot.store.fence import NotHeldError

LOST: Final = "the server cannot be reached, or has ended the connection"
READ_ONLY: Final = "25006"
UNREADABLE: Final = "the driver cannot read the address"
LOCKED: Final = "55P03"
LEASE_OVER: Final = "PB001"
NOT_HELD: Final = "PB002"
"""What ``require_lease`` raises in the database."""
_BUSY: Final = {"40001", "40P01", LOCKED}
"""A serialization failure, a deadlock, and a lock that was not to be had in time."""
_DAMAGE: Final = {"58P01", "XX001", "XX002"}
"""A file that is missing, and a damaged table or index."""
_REASONS: Final = {
    "08": LOST,
    READ_ONLY: "the server takes no writes: it is a standby, or read-only",
    "25P03": "the server has ended a transaction that stood still",
    "28": "the server refuses the user or the password",
    "3D": "the server has no such database",
    "53100": "the server's disk is full",
    "53200": "the server has no memory left",
    "53300": "the server has no connection left",
    "57014": "the server has cancelled the statement",
    "57P": "the server stops, starts, or has crashed",
    "58": "the server's disk fails",
}
"""The errors that are about the server and not about the statement, by their code or its beginning."""
_AT_CONNECTING: Final = {
    "too many c": _REASONS["53300"],  # clients, or connections
    "connection slots are reserved": _REASONS["53300"],
    "no more connections allowed": _REASONS["53300"],  # PgBouncer's words
    "authentication failed": _REASONS["28"],
    "no password supplied": _REASONS["28"],
    "no pg_hba.conf entry": _REASONS["28"],
    'role "': _REASONS["28"],
    "root certificate file": "the file with the certificates to trust is missing: name it with sslrootcert",
    "certificate verify failed": "the server's certificate is signed by nobody who is trusted",
    "server certificate for": "the server's certificate is for another host",
    "does not support SSL": "the server does not support TLS",
    "does not exist": _REASONS["3D"],
}
"""The same by what the message says: an error at connecting has no code. The first that fits counts."""


class StatementError(Exception):
    """PostgreSQL has refused something. code: SQLSTATE, "" if the connection is lost.

    It quotes nothing of PostgreSQL's message, which may hold what members have written, or secrets.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def refused(error: psycopg.Error) -> StatementError:
    """Return what to raise in an error's place, outside the ``except`` block so that nothing refers to it."""
    code = error.sqlstate or ""
    if not code and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        text = str(error)
        return StatementError("", next((why for part, why in _AT_CONNECTING.items() if part in text), LOST))
    return StatementError(code or "?", f"{type(error).__name__} ({code})")


def unavailable(error: StatementError) -> UnavailableError | None:
    """Return what an error says of the server, None if it is about the statement."""
    if error.code in _BUSY:
        return BusyError(reason="another process has it locked")
    if error.code in {LEASE_OVER, NOT_HELD}:
        return NotHeldError(reason="another process may act for the server")
    if error.code in _DAMAGE:
        return DamagedError(reason=str(error))
    if not error.code:
        return UnavailableError(reason=str(error))
    found = (reason for code, reason in _REASONS.items() if error.code.startswith(code))
    reason = next(found, None)
    return None if reason is None else UnavailableError(reason=reason)


def unusable(error: StatementError, place: str) -> DatabaseUnusableError:
    """Return what to raise where the database is opened. place: what it is called, without secrets."""
    found = unavailable(error)
    return DatabaseUnusableError(path=place, reason=str(error if found is None else found.values["reason"]))


def require_readable(url: str) -> None:
    """Raise StatementError if the driver cannot read an address, and nothing of what it says about it."""
    try:
        conninfo_to_dict(url)
    except psycopg.Error:
        is_readable = False
    else:
        is_readable = True
    if not is_readable:
        raise StatementError("", UNREADABLE)
