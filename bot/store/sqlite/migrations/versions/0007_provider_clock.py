"""Keep in which time zone a provider's host writes times that name none."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table; times are whole seconds since 1970, UTC."""
    # offset_minutes: east of UTC.
    op.execute(
        """
        CREATE TABLE provider_clock (
            provider TEXT NOT NULL,
            host TEXT NOT NULL,
            offset_minutes INTEGER NOT NULL,
            learned_at INTEGER NOT NULL,
            PRIMARY KEY (provider, host)
        ) STRICT, WITHOUT ROWID
        """
    )
