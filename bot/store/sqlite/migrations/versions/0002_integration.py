"""Make the table of the integrations that a guild put into Discord with this bot."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create it. Whoever removes a connection has its integrations forgotten with it."""
    op.execute(
        """
        CREATE TABLE integration (
            guild_id INTEGER NOT NULL,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            connection TEXT NOT NULL,
            label TEXT NOT NULL,
            bot_id INTEGER,
            placed_by INTEGER NOT NULL,
            placed_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, provider, id),
            FOREIGN KEY (guild_id, provider, connection)
                REFERENCES connection (guild_id, provider, name) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("CREATE INDEX integration_connection ON integration (guild_id, provider, connection)")
