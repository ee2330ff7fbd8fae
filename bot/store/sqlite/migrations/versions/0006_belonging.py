"""Keep what belongs to a server: ignored integrations, each agent's bot, and what Discord lets it do."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table and the columns; ids are Discord's, times are whole seconds since 1970, UTC."""
    op.execute(
        """
        CREATE TABLE ignored (
            guild_id INTEGER NOT NULL,
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            connection TEXT NOT NULL,
            label TEXT NOT NULL,
            ignored_by INTEGER NOT NULL,
            ignored_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, provider, id),
            FOREIGN KEY (guild_id, provider, connection)
                REFERENCES connection (guild_id, provider, name) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute("CREATE INDEX ignored_connection ON ignored (guild_id, provider, connection)")
    # The application of the bot, where Discord has confirmed it. Old applications have another id than their
    # bots.
    op.execute("ALTER TABLE integration ADD COLUMN application_id INTEGER")
    # bot_id: the Discord user that an agent speaks as. access: the last that is known of what Discord lets it
    # do here. missing: checks in a row in which the provider said that it does not exist; missing_at: the
    # first of them.
    op.execute("ALTER TABLE watched ADD COLUMN bot_id INTEGER")
    op.execute("ALTER TABLE watched ADD COLUMN access TEXT NOT NULL DEFAULT ''")
    op.execute("ALTER TABLE watched ADD COLUMN missing INTEGER NOT NULL DEFAULT 0")
    op.execute("ALTER TABLE watched ADD COLUMN missing_at INTEGER")
    op.execute(
        """
        UPDATE watched SET bot_id = (
            SELECT integration.bot_id FROM integration
            WHERE integration.guild_id = watched.guild_id AND integration.provider = watched.provider
                AND integration.id = watched.id
        )
        WHERE kind = 'integration'
        """
    )
    # partial: whether alerts tell of agents that can answer in some of their channels only.
    op.execute("ALTER TABLE route ADD COLUMN partial INTEGER NOT NULL DEFAULT 0")
    # Whoever wants to hear of an agent that is switched off wants to hear of one that cannot answer.
    op.execute(
        """
        UPDATE route SET states = states || ',blocked'
        WHERE ',' || states || ',' LIKE '%,disconnected,%' AND ',' || states || ',' LIKE '%,error,%'
            AND ',' || states || ',' LIKE '%,inactive,%'
        """
    )
