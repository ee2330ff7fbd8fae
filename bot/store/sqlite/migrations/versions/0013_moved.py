"""Remember that a database was moved to another one, or that another one is being moved into it."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table; at most one row. Times are whole seconds since 1970, UTC."""
    # direction: 'to' once everything is in the database at that place, and nothing may change here any more;
    # 'from' while rows are copied from there, and not all of them are here. place: without secrets.
    op.execute(
        """
        CREATE TABLE moved (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            direction TEXT NOT NULL CHECK (direction IN ('from', 'to')),
            place TEXT NOT NULL,
            moved_at INTEGER NOT NULL
        ) STRICT
        """
    )
