"""Says what to install where the driver of PostgreSQL is missing."""

from importlib import import_module

from bot.setup_errors import InvalidSettingError


def require_driver() -> None:
    """Import the driver. Raises InvalidSettingError if it is not installed, or lacks what it needs."""
    try:
        import_module("psycopg")
    except ImportError:
        reason = "names a PostgreSQL server, whose driver is missing; run: pip install 'patchbay[postgres]'"
        raise InvalidSettingError(name="PATCHBAY_DATABASE_URL", reason=reason) from None
