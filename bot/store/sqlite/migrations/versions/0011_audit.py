"""Let an audit log be verified in parts, be cut at its beginning, and hold pseudonyms instead of members.

Keep what is left of an erased server, and the greetings that are owed.
"""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables; ids are Discord's, times are whole seconds since 1970, UTC."""
    # member: a pseudonym from audit_member; the id itself until the log is rewritten, which takes the keys.
    # ends: the number of the entry whose result this one gives. times: how often it happened.
    op.execute("ALTER TABLE audit RENAME TO former_audit")
    op.execute(
        """
        CREATE TABLE audit (
            guild_id INTEGER NOT NULL,
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            member TEXT,
            action TEXT NOT NULL,
            target TEXT NOT NULL,
            result TEXT NOT NULL,
            hash BLOB NOT NULL,
            ends INTEGER,
            times INTEGER NOT NULL,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID
        """
    )
    op.execute(
        """
        INSERT INTO audit
        SELECT guild_id, number, at, CAST(member AS TEXT), action, target, result, hash, NULL, 1
        FROM former_audit
        """
    )
    op.execute("DROP TABLE former_audit")
    op.execute("CREATE INDEX audit_by_member ON audit (guild_id, member, number)")
    op.execute("CREATE INDEX audit_by_action ON audit (guild_id, action, number)")
    op.execute("CREATE INDEX audit_by_both ON audit (guild_id, member, action, number)")
    op.execute("CREATE INDEX audit_begun ON audit (guild_id, number) WHERE result = 'begun'")
    op.execute("CREATE UNIQUE INDEX audit_ends ON audit (guild_id, ends) WHERE ends IS NOT NULL")
    # Hashes of a guild's chain, signed with a key derived from an encryption key. kind: 'head', the last
    # entry; 'point', an entry on the way; 'cut', the last entry that was deleted because of its age.
    op.execute(
        """
        CREATE TABLE audit_seal (
            guild_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            number INTEGER NOT NULL,
            hash BLOB NOT NULL,
            signature BLOB NOT NULL,
            PRIMARY KEY (guild_id, kind, number)
        ) STRICT, WITHOUT ROWID
        """
    )
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
    op.execute("CREATE INDEX audit_member_guilds ON audit_member (member, guild_id)")
    # What is left of a guild whose data was erased. entries: how many its audit log had.
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
