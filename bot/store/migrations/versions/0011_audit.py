"""Keep what is left of an erased server, the greetings that are owed, and who the audit log's members are."""

from alembic import op

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    """Make the tables; ids are Discord's, times are whole seconds since 1970, UTC."""
    # pseudonym: stands for the member in the log, whose hashes cover it and not the member's id.
    op.execute(
        """
        CREATE TABLE audit_member (
            guild_id INTEGER NOT NULL,
            pseudonym TEXT NOT NULL,
            member INTEGER NOT NULL,
            PRIMARY KEY (guild_id, pseudonym),
            UNIQUE (guild_id, member)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("ALTER TABLE audit ADD COLUMN pseudonym TEXT")
    # entries: of the audit log that was erased with the server's data.
    op.execute(
        """
        CREATE TABLE tombstone (
            guild_id INTEGER PRIMARY KEY,
            erased_at INTEGER NOT NULL,
            entries INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """
    )
    # A server that is to be greeted. tries: how often that has failed. due_at: when it is tried next.
    op.execute(
        """
        CREATE TABLE greeting (
            guild_id INTEGER PRIMARY KEY,
            tries INTEGER NOT NULL,
            due_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """
    )
