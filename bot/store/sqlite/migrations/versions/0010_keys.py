"""Bind credentials to the moment they were set, and remember which encryption keys are in use."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns. Credentials keep the format in which they are; the next start encrypts them anew."""
    # Random for each replacement of the credentials, which are bound to it; 0 for those of earlier releases.
    op.execute("ALTER TABLE connection ADD COLUMN generation INTEGER NOT NULL DEFAULT 0")
    # The only keys under which anything may be stored, signed with one of them. At most one row.
    op.execute(
        """
        CREATE TABLE key_mark (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            key_ids TEXT NOT NULL,
            signature BLOB NOT NULL
        ) STRICT
        """
    )
