"""Make the tables that say who may do what in a guild, what was done, and whether we are in it."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create them; ids are Discord's, times are whole seconds since 1970, UTC."""
    # Since when the provider refuses the stored credentials; NULL while it does not.
    op.execute("ALTER TABLE connection ADD COLUMN refused_at INTEGER")
    # removed_at: since when the bot is no longer a member; NULL while it is one.
    op.execute(
        """
        CREATE TABLE guild (
            guild_id INTEGER PRIMARY KEY,
            greeted_at INTEGER,
            removed_at INTEGER,
            audit_channel INTEGER
        ) STRICT
        """
    )
    # subject: of a role or of a member, as kind says.
    op.execute(
        """
        CREATE TABLE access (
            guild_id INTEGER NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('role', 'member')),
            subject INTEGER NOT NULL,
            tier INTEGER NOT NULL,
            granted_by INTEGER NOT NULL,
            granted_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, kind, subject)
        ) STRICT, WITHOUT ROWID
        """
    )
    # member: NULL for what nobody did, such as a provider's refusal. hash: over this and the hash before it.
    op.execute(
        """
        CREATE TABLE audit (
            guild_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            member INTEGER,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            result TEXT NOT NULL,
            hash BLOB NOT NULL,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID
        """
    )
    # Where each guild's chain ends, signed with an encryption key: whoever writes rows cannot write this.
    op.execute(
        """
        CREATE TABLE audit_head (
            guild_id INTEGER PRIMARY KEY,
            number INTEGER NOT NULL,
            hash BLOB NOT NULL,
            signature BLOB NOT NULL
        ) STRICT
        """
    )
