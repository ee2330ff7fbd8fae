"""Keep a server's maintenance windows and its quiet hours."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables; ids are Discord's, times are whole seconds since 1970, UTC."""
    # number: counted from 1 in each guild. provider, id: of an agent, both empty for the whole server.
    # ends_at: the first second after the window.
    op.execute(
        """
        CREATE TABLE maintenance (
            guild_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            starts_at INTEGER NOT NULL,
            ends_at INTEGER NOT NULL,
            set_by INTEGER NOT NULL,
            set_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID
        """
    )
    # The last number that was used: a window that was cancelled leaves no row behind.
    op.execute(
        """
        CREATE TABLE maintenance_count (
            guild_id INTEGER PRIMARY KEY,
            number INTEGER NOT NULL
        ) STRICT
        """
    )
    # start, end_: minutes after midnight in the zone.
    op.execute(
        """
        CREATE TABLE quiet_hours (
            guild_id INTEGER PRIMARY KEY,
            start INTEGER NOT NULL,
            end_ INTEGER NOT NULL,
            zone TEXT NOT NULL,
            set_by INTEGER NOT NULL,
            set_at INTEGER NOT NULL
        ) STRICT
        """
    )
