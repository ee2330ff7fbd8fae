"""Remember which answers of agents members have reported: where and when, never what they say."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table; ids are Discord's, times are whole seconds since 1970, UTC."""
    # provider, id: of the integration whose bot wrote the message. sent_at: when it wrote it.
    op.execute(
        """
        CREATE TABLE complaint (
            guild_id INTEGER NOT NULL,
            message_id INTEGER NOT NULL,
            reported_by INTEGER NOT NULL,
            channel_id INTEGER NOT NULL,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            sent_at INTEGER NOT NULL,
            reported_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, message_id, reported_by)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("CREATE INDEX complaint_newest ON complaint (guild_id, provider, id, reported_at)")
    op.execute("CREATE INDEX complaint_by_member ON complaint (reported_by)")
