"""Make the tables that say how integrations are doing, how they did, and what was told of it."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create them; ids are Discord's, times are whole seconds since 1970, UTC."""
    # One row for whatever can be well or not: an integration, a connection, a provider. It changes with what
    # is found, not with each check. bad, good: checks in a row; bad_at: the first of the bad ones.
    op.execute(
        """
        CREATE TABLE watched (
            guild_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            connection TEXT NOT NULL,
            label TEXT NOT NULL,
            state TEXT NOT NULL,
            detail TEXT NOT NULL,
            changed_at INTEGER NOT NULL,
            bad INTEGER NOT NULL,
            good INTEGER NOT NULL,
            bad_at INTEGER,
            muted_until_at INTEGER,
            muted_by INTEGER,
            found TEXT NOT NULL,
            PRIMARY KEY (guild_id, kind, provider, id)
        ) STRICT, WITHOUT ROWID
        """
    )
    # Of each connection: when it was last read, and when its provider last answered.
    op.execute(
        """
        CREATE TABLE last_check (
            guild_id INTEGER NOT NULL,
            provider TEXT NOT NULL,
            connection TEXT NOT NULL,
            checked_at INTEGER NOT NULL,
            answered_at INTEGER,
            error TEXT NOT NULL,
            PRIMARY KEY (guild_id, provider, connection)
        ) STRICT, WITHOUT ROWID
        """
    )
    # From when on an integration was in a state.
    op.execute(
        """
        CREATE TABLE history (
            guild_id INTEGER NOT NULL,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            at INTEGER NOT NULL,
            state TEXT NOT NULL,
            detail TEXT NOT NULL,
            PRIMARY KEY (guild_id, provider, id, at)
        ) STRICT, WITHOUT ROWID
        """
    )
    # number: counted from 1 in each guild. ended: why it was closed.
    op.execute(
        """
        CREATE TABLE incident (
            guild_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            kind TEXT NOT NULL,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            connection TEXT NOT NULL,
            label TEXT NOT NULL,
            state TEXT NOT NULL,
            detail TEXT NOT NULL,
            opened_at INTEGER NOT NULL,
            closed_at INTEGER,
            ended TEXT NOT NULL,
            reopened INTEGER NOT NULL,
            acknowledged_by INTEGER,
            acknowledged_at INTEGER,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute(
        "CREATE UNIQUE INDEX incident_open ON incident (guild_id, kind, provider, id) WHERE closed_at IS NULL"
    )
    # The outbox: what an incident's message is to show (wanted) and what it shows (shown), as numbers that
    # grow. tried_at: since when nobody knows whether a message was sent. next_at: when something is due.
    op.execute(
        """
        CREATE TABLE alert (
            guild_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            channel_id INTEGER,
            message_id INTEGER,
            old_message_id INTEGER,
            posts INTEGER NOT NULL,
            wanted INTEGER NOT NULL,
            shown INTEGER NOT NULL,
            tried_at INTEGER,
            tries INTEGER NOT NULL,
            told_at INTEGER,
            next_at INTEGER,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("CREATE INDEX alert_due ON alert (next_at) WHERE next_at IS NOT NULL")
    # states: separated by commas. remind: seconds, 0 for never. lost: why the channel takes nothing any more.
    op.execute(
        """
        CREATE TABLE route (
            guild_id INTEGER PRIMARY KEY,
            channel_id INTEGER NOT NULL,
            role_id INTEGER,
            states TEXT NOT NULL,
            checks INTEGER NOT NULL,
            remind INTEGER NOT NULL,
            set_by INTEGER NOT NULL,
            set_at INTEGER NOT NULL,
            lost TEXT NOT NULL
        ) STRICT
        """
    )
    # content: a hash of what the message shows. old_channel_id, old_message_id: one that is to be deleted.
    op.execute(
        """
        CREATE TABLE board (
            guild_id INTEGER PRIMARY KEY,
            channel_id INTEGER NOT NULL,
            message_id INTEGER,
            posted_at INTEGER NOT NULL,
            content TEXT NOT NULL,
            set_by INTEGER NOT NULL,
            old_channel_id INTEGER,
            old_message_id INTEGER
        ) STRICT
        """
    )
