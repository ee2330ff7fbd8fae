"""Names the newest schema of each engine."""

from pathlib import Path
from typing import Final

HEAD: Final = "0013"
"""The newest revision in ``sqlite/migrations/versions/``; a test holds it to that."""
POSTGRES_HEAD: Final = "0015"
"""The same for a server's database: what only several processes need is not in a file."""


def newest_revision(database: Path | str) -> str:
    """Return the newest revision of a file, or of a database on a server."""
    return HEAD if isinstance(database, Path) else POSTGRES_HEAD
