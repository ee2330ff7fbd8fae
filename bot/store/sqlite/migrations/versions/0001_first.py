"""Make the tables: connections with their encrypted credentials, and the commands that Discord knows."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables. Ids are Discord's, times are whole seconds since 1970, UTC."""
    op.execute(
        """
        CREATE TABLE connection (
            guild_id INTEGER NOT NULL,
            provider TEXT NOT NULL,
            name TEXT NOT NULL,
            secret BLOB NOT NULL,
            set_by INTEGER NOT NULL,
            set_at INTEGER NOT NULL,
            verified_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, provider, name)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute(
        """
        CREATE TABLE synced_commands (
            application_id INTEGER PRIMARY KEY,
            hash TEXT NOT NULL,
            ids TEXT NOT NULL
        ) STRICT
        """
    )
