"""Let a guild have several routes, and let incidents that begin together share one message."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables anew; ids are Discord's, times are whole seconds since 1970, UTC."""
    # number: counted from 1 in each guild. provider, integration: what the route is about, empty for all.
    # escalate: seconds without an acknowledgement after which second_role_id is mentioned, 0 for never.
    # recovery: whether a reply tells of a recovery, and whether that mentions anybody. suspended: why the
    # channel takes nothing at present; refused_at: when it refused last; retry_at: when it is tried again;
    # is_reported: whether a manager knows.
    op.execute("ALTER TABLE route RENAME TO former_route")
    op.execute(
        """
        CREATE TABLE route (
            guild_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            channel_id INTEGER NOT NULL,
            role_id INTEGER,
            provider TEXT NOT NULL,
            integration TEXT NOT NULL,
            states TEXT NOT NULL,
            partial INTEGER NOT NULL,
            checks INTEGER NOT NULL,
            remind INTEGER NOT NULL,
            second_role_id INTEGER,
            escalate INTEGER NOT NULL,
            recovery TEXT NOT NULL,
            set_by INTEGER NOT NULL,
            set_at INTEGER NOT NULL,
            suspended TEXT NOT NULL,
            refused_at INTEGER,
            retry_at INTEGER,
            is_reported INTEGER NOT NULL,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID
        """
    )
    # A channel that had refused an alert was given up; it is tried again now.
    op.execute(
        """
        INSERT INTO route
        SELECT
            guild_id, 1, channel_id, role_id, '', '', states, partial, checks, remind, NULL, 0, 'quiet',
            set_by, set_at, lost, CASE WHEN lost <> '' THEN set_at END,
            CASE WHEN lost <> '' THEN set_at END, lost <> ''
        FROM former_route
        """
    )
    op.execute("DROP TABLE former_route")
    for column in (
        "suspended TEXT NOT NULL DEFAULT ''",
        "refused_at INTEGER",
        "retry_at INTEGER",
        "is_reported INTEGER NOT NULL DEFAULT 0",
    ):
        op.execute(f"ALTER TABLE board ADD COLUMN {column}")
    # route: 0 for a board. began_at: when the first incident of an alert was reported, when the quiet hours
    # of a summary began. told_at: when an alert first told somebody, by a mention if the route has a role;
    # empty while quiet hours delay that. mentioned_at: when it mentioned somebody last. escalated_at: when it
    # mentioned the second role. error: why it could not be sent last.
    op.execute("DROP INDEX outbox_due")
    op.execute("ALTER TABLE outbox RENAME TO former_outbox")
    op.execute(
        """
        CREATE TABLE outbox (
            guild_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            route INTEGER NOT NULL,
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
            began_at INTEGER NOT NULL,
            edited_at INTEGER,
            told_at INTEGER,
            mentioned_at INTEGER,
            escalated_at INTEGER,
            error TEXT NOT NULL,
            PRIMARY KEY (guild_id, kind, route, number)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute(
        """
        INSERT INTO outbox
        SELECT
            guild_id, kind, CASE WHEN kind = 'alert' THEN 1 ELSE 0 END, number, channel_id, message_id,
            old_channel_id, old_message_id, posts, desired_version, sent_version, tried_at, tries, posted_at,
            next_at, content, coalesce(posted_at, tried_at, next_at, 0), NULL, coalesce(posted_at, tried_at),
            coalesce(posted_at, tried_at), NULL, ''
        FROM former_outbox
        """
    )
    op.execute("DROP TABLE former_outbox")
    op.execute("CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL")
    # Which alert of a route tells of an incident. alert: its number, empty until that is decided; next_at:
    # when it is. due_at: since when the incident is to be reported. silent: whether it mentions nobody.
    op.execute(
        """
        CREATE TABLE alert_incident (
            guild_id INTEGER NOT NULL,
            route INTEGER NOT NULL,
            incident INTEGER NOT NULL,
            alert INTEGER,
            due_at INTEGER NOT NULL,
            silent INTEGER NOT NULL,
            next_at INTEGER,
            PRIMARY KEY (guild_id, route, incident)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("CREATE INDEX alert_incident_due ON alert_incident (next_at) WHERE next_at IS NOT NULL")
    op.execute(
        """
        INSERT INTO alert_incident
        SELECT guild_id, 1, number, number, began_at, 0, NULL FROM outbox WHERE kind = 'alert'
        """
    )
    op.execute("CREATE INDEX alert_incident_alert ON alert_incident (guild_id, route, alert)")
    # What waited for a channel that had refused is due now, and so is what may have to be posted once more.
    op.execute(
        """
        UPDATE outbox SET next_at = 0
        WHERE kind = 'alert' AND next_at IS NULL AND (
            desired_version > sent_version OR tried_at IS NOT NULL OR old_message_id IS NOT NULL
            OR EXISTS (
                SELECT 1 FROM incident
                WHERE incident.guild_id = outbox.guild_id AND incident.number = outbox.number
                    AND incident.closed_at IS NULL
            )
        )
        """
    )
    # The highest number that a guild has given to an incident: numbers are never given again.
    op.execute(
        """
        CREATE TABLE incident_number (
            guild_id INTEGER PRIMARY KEY,
            highest INTEGER NOT NULL
        ) STRICT
        """
    )
    op.execute("INSERT INTO incident_number SELECT guild_id, max(number) FROM incident GROUP BY guild_id")
