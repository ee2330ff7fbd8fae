"""Reads the address of a PostgreSQL server's database."""

from urllib.parse import urlsplit


def shown(url: str) -> str:
    """Return an address without the user, the password and whatever else may be secret, for the log."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # what cannot be read may hold the password anywhere
        return "postgresql://"
    place = f"{host}:{port}" if port else host
    return f"postgresql://{place}{parts.path}"
