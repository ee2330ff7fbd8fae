"""Remember that a database was moved to another one, or that another one is being moved into it."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table; what its columns mean is said in SQLite's file with this number."""
    op.execute(
        """
        CREATE TABLE moved (
            id BIGINT PRIMARY KEY CHECK (id = 1),
            direction TEXT COLLATE "C" NOT NULL CHECK (direction IN ('from', 'to')),
            place TEXT COLLATE "C" NOT NULL,
            moved_at BIGINT NOT NULL
        )
        """
    )
