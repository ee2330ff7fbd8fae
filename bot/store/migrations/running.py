"""Runs Alembic, which takes half a second to import: imported only when a migration is due."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

_FOLDER: Final = Path(__file__).parent


def upgrade(connection: Connection, versions: Path) -> None:
    """Bring a database to the newest revision of a folder, in the transaction of this connection. Blocks."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")  # no other character splits a folder's name
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
