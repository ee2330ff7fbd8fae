"""Keep every message that has to stay up to date, alerts and boards, in one table."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table and move the rows; ids are Discord's, times are whole seconds since 1970, UTC."""
    # kind: alert or board. number: the incident's, 0 for a board. desired_version, sent_version: numbers that
    # grow; the message is up to date where they are equal. tried_at: since when it is not known whether a
    # message was posted. next_at: when something is due. content: a hash of what a board shows.
    op.execute(
        """
        CREATE TABLE outbox (
            guild_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            number INTEGER NOT NULL,
            channel_id INTEGER,
            message_id INTEGER,
            old_channel_id INTEGER,
            old_message_id INTEGER,
            posts INTEGER NOT NULL,
            desired_version INTEGER NOT NULL,
            sent_version INTEGER NOT NULL,
            tried_at INTEGER,
            tries INTEGER NOT NULL,
            posted_at INTEGER,
            next_at INTEGER,
            content TEXT NOT NULL,
            PRIMARY KEY (guild_id, kind, number)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL")
    # An alert on its way to another channel kept the channel of the message that was to be deleted.
    op.execute(
        """
        INSERT INTO outbox
        SELECT
            guild_id, 'alert', number,
            CASE
                WHEN old_message_id IS NULL OR message_id IS NOT NULL OR tried_at IS NOT NULL THEN channel_id
            END,
            message_id,
            CASE WHEN old_message_id IS NOT NULL THEN channel_id END,
            old_message_id, posts, wanted, shown, tried_at, tries, told_at, next_at, ''
        FROM alert
        """
    )
    # For a board without a message it was not known whether one was posted since posted_at.
    op.execute(
        """
        INSERT INTO outbox
        SELECT
            guild_id, 'board', 0, channel_id, message_id, old_channel_id, old_message_id,
            message_id IS NOT NULL, 1, message_id IS NOT NULL,
            CASE WHEN message_id IS NULL THEN posted_at END, 0, posted_at,
            CASE WHEN message_id IS NULL THEN posted_at END, content
        FROM board
        """
    )
    op.execute("DROP TABLE alert")
    for column in ("message_id", "posted_at", "content", "old_channel_id", "old_message_id"):
        op.execute(f"ALTER TABLE board DROP COLUMN {column}")
