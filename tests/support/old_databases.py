"""Databases as earlier revisions left them, with rows in every table."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

_FIRST: Final = (
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
    "INSERT INTO alembic_version VALUES ('0001')",
    """CREATE TABLE connection (
        guild_id INTEGER NOT NULL, provider TEXT NOT NULL, name TEXT NOT NULL, secret BLOB NOT NULL,
        set_by INTEGER NOT NULL, set_at INTEGER NOT NULL, verified_at INTEGER NOT NULL,
        PRIMARY KEY (guild_id, provider, name)
    ) STRICT, WITHOUT ROWID""",
    "INSERT INTO connection VALUES (1102345678901234567, 'sensay', 'default', X'00FF27', 5, 100, 150)",
    "INSERT INTO connection VALUES (1102345678901234567, 'toolzz', 'second', X'', 6, 200, 200)",
    """CREATE TABLE synced_commands (
        application_id INTEGER PRIMARY KEY, hash TEXT NOT NULL, ids TEXT NOT NULL
    ) STRICT""",
    "INSERT INTO synced_commands VALUES (7, 'abc', '{\"help\": 8}')",
)
REVISIONS: Final = {
    "0001": _FIRST,
    "0002": (
        """CREATE TABLE integration (
            guild_id INTEGER NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, connection TEXT NOT NULL,
            label TEXT NOT NULL, bot_id INTEGER, placed_by INTEGER NOT NULL, placed_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, provider, id),
            FOREIGN KEY (guild_id, provider, connection)
                REFERENCES connection (guild_id, provider, name) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX integration_connection ON integration (guild_id, provider, connection)",
        "INSERT INTO integration VALUES (1102345678901234567, 'sensay', 'a', 'default', 'N', NULL, 5, 160)",
        "UPDATE alembic_version SET version_num = '0002'",
    ),
    "0003": (
        "ALTER TABLE connection ADD COLUMN refused_at INTEGER",
        "UPDATE connection SET refused_at = 170 WHERE provider = 'toolzz'",
        """CREATE TABLE guild (
            guild_id INTEGER PRIMARY KEY, greeted_at INTEGER, removed_at INTEGER, audit_channel INTEGER
        ) STRICT""",
        "INSERT INTO guild VALUES (1102345678901234567, 90, NULL, 1102345678901234568)",
        """CREATE TABLE access (
            guild_id INTEGER NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('role', 'member')),
            subject INTEGER NOT NULL, tier INTEGER NOT NULL, granted_by INTEGER NOT NULL,
            granted_at INTEGER NOT NULL, PRIMARY KEY (guild_id, kind, subject)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO access VALUES (1102345678901234567, 'role', 8, 1, 5, 180)",
        """CREATE TABLE audit (
            guild_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, member INTEGER,
            action TEXT NOT NULL, target TEXT NOT NULL, result TEXT NOT NULL, hash BLOB NOT NULL,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO audit VALUES (1102345678901234567, 1, 180, 5, 'access.grant', 'role', 'done', X'00FF')",
        """CREATE TABLE audit_head (
            guild_id INTEGER PRIMARY KEY, number INTEGER NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL
        ) STRICT""",
        "INSERT INTO audit_head VALUES (1102345678901234567, 1, X'00FF', X'FF00')",
        "UPDATE alembic_version SET version_num = '0003'",
    ),
    "0004": (
        """CREATE TABLE watched (
            guild_id INTEGER NOT NULL, kind TEXT NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL,
            connection TEXT NOT NULL, label TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL,
            changed_at INTEGER NOT NULL, bad INTEGER NOT NULL, good INTEGER NOT NULL, bad_at INTEGER,
            muted_until_at INTEGER, muted_by INTEGER, found TEXT NOT NULL,
            PRIMARY KEY (guild_id, kind, provider, id)
        ) STRICT, WITHOUT ROWID""",
        """INSERT INTO watched VALUES (1102345678901234567, 'integration', 'sensay', 'a', 'default', 'N',
            'error', '4004', 200, 2, 0, 190, NULL, NULL, 'error')""",
        """CREATE TABLE last_check (
            guild_id INTEGER NOT NULL, provider TEXT NOT NULL, connection TEXT NOT NULL,
            checked_at INTEGER NOT NULL, answered_at INTEGER, error TEXT NOT NULL,
            PRIMARY KEY (guild_id, provider, connection)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO last_check VALUES (1102345678901234567, 'sensay', 'default', 200, 200, '')",
        """CREATE TABLE history (
            guild_id INTEGER NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL,
            state TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY (guild_id, provider, id, at)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO history VALUES (1102345678901234567, 'sensay', 'a', 200, 'error', '4004')",
        """CREATE TABLE incident (
            guild_id INTEGER NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, provider TEXT NOT NULL,
            id TEXT NOT NULL, connection TEXT NOT NULL, label TEXT NOT NULL, state TEXT NOT NULL,
            detail TEXT NOT NULL, opened_at INTEGER NOT NULL, closed_at INTEGER, ended TEXT NOT NULL,
            reopened INTEGER NOT NULL, acknowledged_by INTEGER, acknowledged_at INTEGER,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID""",
        """CREATE UNIQUE INDEX incident_open ON incident (guild_id, kind, provider, id)
            WHERE closed_at IS NULL""",
        *(
            "INSERT INTO incident VALUES (1102345678901234567, "  # noqa: S608 - a constant
            f"{number}, 'integration', 'sensay', 'a{number}', "
            "'default', 'N', 'error', '4004', 190, NULL, '', 0, NULL, NULL)"
            for number in range(1, 6)
        ),
        """CREATE TABLE alert (
            guild_id INTEGER NOT NULL, number INTEGER NOT NULL, channel_id INTEGER, message_id INTEGER,
            old_message_id INTEGER, posts INTEGER NOT NULL, wanted INTEGER NOT NULL, shown INTEGER NOT NULL,
            tried_at INTEGER, tries INTEGER NOT NULL, told_at INTEGER, next_at INTEGER,
            PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX alert_due ON alert (next_at) WHERE next_at IS NOT NULL",
        # Posted; posted anew, with the old message to be deleted; tried; on its way to another channel; new.
        "INSERT INTO alert VALUES (1102345678901234567, 1, 7, 11, NULL, 1, 2, 2, NULL, 0, 201, 900)",
        "INSERT INTO alert VALUES (1102345678901234567, 2, 7, 13, 12, 2, 1, 1, NULL, 0, 202, 203)",
        "INSERT INTO alert VALUES (1102345678901234567, 3, 7, NULL, 14, 1, 3, 1, 204, 2, 203, 205)",
        "INSERT INTO alert VALUES (1102345678901234567, 4, 7, NULL, 15, 1, 2, 1, NULL, 1, 204, 206)",
        "INSERT INTO alert VALUES (1102345678901234567, 5, NULL, NULL, NULL, 0, 1, 0, NULL, 0, NULL, 207)",
        """CREATE TABLE route (
            guild_id INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL, role_id INTEGER, states TEXT NOT NULL,
            checks INTEGER NOT NULL, remind INTEGER NOT NULL, set_by INTEGER NOT NULL,
            set_at INTEGER NOT NULL, lost TEXT NOT NULL
        ) STRICT""",
        "INSERT INTO route VALUES (1102345678901234567, 7, 8, 'error', 2, 0, 5, 180, '')",
        """CREATE TABLE board (
            guild_id INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL, message_id INTEGER,
            posted_at INTEGER NOT NULL, content TEXT NOT NULL, set_by INTEGER NOT NULL,
            old_channel_id INTEGER, old_message_id INTEGER
        ) STRICT""",
        # Posted; not posted yet, as far as is known; not posted yet, with the old message to be deleted.
        "INSERT INTO board VALUES (1102345678901234567, 7, 21, 300, 'hash', 5, NULL, NULL)",
        "INSERT INTO board VALUES (1102345678901234568, 7, NULL, 301, '', 6, NULL, NULL)",
        "INSERT INTO board VALUES (1102345678901234569, 8, NULL, 302, 'old', 6, 7, 22)",
        "UPDATE alembic_version SET version_num = '0004'",
    ),
    "0005": (
        """CREATE TABLE outbox (
            guild_id INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, channel_id INTEGER,
            message_id INTEGER, old_channel_id INTEGER, old_message_id INTEGER, posts INTEGER NOT NULL,
            desired_version INTEGER NOT NULL, sent_version INTEGER NOT NULL, tried_at INTEGER,
            tries INTEGER NOT NULL, posted_at INTEGER, next_at INTEGER, content TEXT NOT NULL,
            PRIMARY KEY (guild_id, kind, number)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL",
        """INSERT INTO outbox VALUES (1102345678901234567, 'alert', 1, 7, 11, NULL, NULL, 1, 2, 2, NULL, 0,
            201, 900, '')""",
        """INSERT INTO outbox VALUES (1102345678901234567, 'board', 0, 7, 21, NULL, NULL, 1, 1, 1, NULL, 0,
            300, NULL, 'hash')""",
        "DROP TABLE alert",
        *(
            f"ALTER TABLE board DROP COLUMN {column}"
            for column in ("message_id", "posted_at", "content", "old_channel_id", "old_message_id")
        ),
        # Linked with its bot, and watched; linked and not seen yet; watched and not linked.
        """INSERT INTO integration VALUES (1102345678901234567, 'toolzz', 'b', 'second', 'B',
            1219876543210987654, 5, 1)""",
        "INSERT INTO integration VALUES (1102345678901234567, 'toolzz', 'c', 'second', 'C', 42, 5, 1)",
        *(
            "INSERT INTO watched VALUES (1102345678901234567, 'integration', "  # noqa: S608 - a constant
            f"'toolzz', '{each}', 'second', 'X', 'connected', '', 1, 0, 0, NULL, NULL, NULL, 'connected')"
            for each in "bd"
        ),
        "UPDATE alembic_version SET version_num = '0005'",
    ),
    "0006": (
        """CREATE TABLE ignored (
            guild_id INTEGER NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL, connection TEXT NOT NULL,
            label TEXT NOT NULL, ignored_by INTEGER NOT NULL, ignored_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, provider, id),
            FOREIGN KEY (guild_id, provider, connection)
                REFERENCES connection (guild_id, provider, name) ON DELETE CASCADE
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX ignored_connection ON ignored (guild_id, provider, connection)",
        "INSERT INTO ignored VALUES (1102345678901234567, 'toolzz', 'e', 'second', 'E', 5, 1)",
        "ALTER TABLE integration ADD COLUMN application_id INTEGER",
        "ALTER TABLE watched ADD COLUMN bot_id INTEGER",
        "ALTER TABLE watched ADD COLUMN access TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE watched ADD COLUMN missing INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE watched ADD COLUMN missing_at INTEGER",
        "ALTER TABLE route ADD COLUMN partial INTEGER NOT NULL DEFAULT 0",
        "UPDATE watched SET bot_id = 1219876543210987654 WHERE id = 'b'",
        "UPDATE alembic_version SET version_num = '0006'",
    ),
    "0007": (
        """CREATE TABLE provider_clock (
            provider TEXT NOT NULL, host TEXT NOT NULL, offset_minutes INTEGER NOT NULL,
            learned_at INTEGER NOT NULL, PRIMARY KEY (provider, host)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO provider_clock VALUES ('toolzz', 'toolzz.invalid', -180, 300)",
        "UPDATE alembic_version SET version_num = '0007'",
    ),
    "0008": (
        """CREATE TABLE maintenance (
            guild_id INTEGER NOT NULL, number INTEGER NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL,
            starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, set_by INTEGER NOT NULL,
            set_at INTEGER NOT NULL, PRIMARY KEY (guild_id, number)
        ) STRICT, WITHOUT ROWID""",
        "INSERT INTO maintenance VALUES (1102345678901234567, 1, '', '', 400, 500, 5, 350)",
        "CREATE TABLE maintenance_count (guild_id INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT",
        "INSERT INTO maintenance_count VALUES (1102345678901234567, 1)",
        """CREATE TABLE quiet_hours (
            guild_id INTEGER PRIMARY KEY, start INTEGER NOT NULL, end_ INTEGER NOT NULL, zone TEXT NOT NULL,
            set_by INTEGER NOT NULL, set_at INTEGER NOT NULL
        ) STRICT""",
        "INSERT INTO quiet_hours VALUES (1102345678901234567, 1320, 420, 'America/Sao_Paulo', 5, 350)",
        "UPDATE alembic_version SET version_num = '0008'",
    ),
    "0009": (
        "DROP TABLE route",
        """CREATE TABLE route ( guild_id INTEGER NOT NULL, number INTEGER NOT NULL, channel_id INTEGER NOT
            NULL, role_id INTEGER, provider TEXT NOT NULL, integration TEXT NOT NULL, states TEXT NOT NULL,
            partial INTEGER NOT NULL, checks INTEGER NOT NULL, remind INTEGER NOT NULL, second_role_id
            INTEGER, escalate INTEGER NOT NULL, recovery TEXT NOT NULL, set_by INTEGER NOT NULL, set_at
            INTEGER NOT NULL, suspended TEXT NOT NULL, refused_at INTEGER, retry_at INTEGER, is_reported
            INTEGER NOT NULL, PRIMARY KEY (guild_id, number) ) STRICT, WITHOUT ROWID""",
        "DROP TABLE outbox",
        """CREATE TABLE outbox ( guild_id INTEGER NOT NULL, kind TEXT NOT NULL, route INTEGER NOT NULL,
            number INTEGER NOT NULL, channel_id INTEGER, message_id INTEGER, old_channel_id INTEGER,
            old_message_id INTEGER, posts INTEGER NOT NULL, desired_version INTEGER NOT NULL, sent_version
            INTEGER NOT NULL, tried_at INTEGER, tries INTEGER NOT NULL, posted_at INTEGER, next_at INTEGER,
            content TEXT NOT NULL, began_at INTEGER NOT NULL, edited_at INTEGER, told_at INTEGER,
            mentioned_at INTEGER, escalated_at INTEGER, error TEXT NOT NULL, PRIMARY KEY (guild_id, kind,
            route, number) ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL",
        """CREATE TABLE alert_incident ( guild_id INTEGER NOT NULL, route INTEGER NOT NULL, incident
            INTEGER NOT NULL, alert INTEGER, due_at INTEGER NOT NULL, silent INTEGER NOT NULL, next_at
            INTEGER, PRIMARY KEY (guild_id, route, incident) ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX alert_incident_due ON alert_incident (next_at) WHERE next_at IS NOT NULL",
        "CREATE INDEX alert_incident_alert ON alert_incident (guild_id, route, alert)",
        "CREATE TABLE incident_number ( guild_id INTEGER PRIMARY KEY, highest INTEGER NOT NULL ) STRICT",
        """INSERT INTO route VALUES (1102345678901234567, 1, 7, 8, '', '', 'error', 0, 2, 0, NULL, 0,
            'quiet', 5, 180, '', NULL, NULL, 0)""",
        """INSERT INTO outbox VALUES (1102345678901234567, 'alert', 1, 1, 7, 11, NULL, NULL, 1, 2, 2,
            NULL, 0, 201, 900, '', 201, NULL, 201, 201, NULL, '')""",
        "INSERT INTO alert_incident VALUES (1102345678901234567, 1, 1, 1, 201, 0, NULL)",
        "INSERT INTO incident_number VALUES (1102345678901234567, 5)",
        "ALTER TABLE board ADD COLUMN suspended TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE board ADD COLUMN refused_at INTEGER",
        "ALTER TABLE board ADD COLUMN retry_at INTEGER",
        "ALTER TABLE board ADD COLUMN is_reported INTEGER NOT NULL DEFAULT 0",
        "UPDATE alembic_version SET version_num = '0009'",
    ),
    "0010": (
        "ALTER TABLE connection ADD COLUMN generation INTEGER NOT NULL DEFAULT 0",
        """CREATE TABLE key_mark ( id INTEGER PRIMARY KEY CHECK (id = 1), key_ids TEXT NOT NULL, signature
            BLOB NOT NULL ) STRICT""",
        "INSERT INTO key_mark VALUES (1, 'k1', x'6b3100')",
        "UPDATE alembic_version SET version_num = '0010'",
    ),
    "0011": (
        "ALTER TABLE audit RENAME TO former_audit",
        """CREATE TABLE audit ( guild_id INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL,
            member TEXT, action TEXT NOT NULL, target TEXT NOT NULL, result TEXT NOT NULL, hash BLOB NOT
            NULL, ends INTEGER, times INTEGER NOT NULL, PRIMARY KEY (guild_id, number) ) STRICT,
            WITHOUT ROWID""",
        """INSERT INTO audit SELECT guild_id, number, at, CAST(member AS TEXT), action, target, result, hash,
            NULL, 1 FROM former_audit""",
        "DROP TABLE former_audit",
        "CREATE INDEX audit_by_member ON audit (guild_id, member, number)",
        "CREATE INDEX audit_by_action ON audit (guild_id, action, number)",
        "CREATE INDEX audit_by_both ON audit (guild_id, member, action, number)",
        "CREATE INDEX audit_begun ON audit (guild_id, number) WHERE result = 'begun'",
        "CREATE UNIQUE INDEX audit_ends ON audit (guild_id, ends) WHERE ends IS NOT NULL",
        """CREATE TABLE audit_seal ( guild_id INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL,
            hash BLOB NOT NULL, signature BLOB NOT NULL, PRIMARY KEY (guild_id, kind, number) ) STRICT,
            WITHOUT ROWID""",
        """CREATE TABLE audit_member ( guild_id INTEGER NOT NULL, pseudonym TEXT NOT NULL, member INTEGER NOT
            NULL, PRIMARY KEY (guild_id, pseudonym), UNIQUE (guild_id, member) ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX audit_member_guilds ON audit_member (member, guild_id)",
        """CREATE TABLE tombstone ( guild_id INTEGER PRIMARY KEY, erased_at INTEGER NOT NULL, entries INTEGER
            NOT NULL ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE greeting ( guild_id INTEGER PRIMARY KEY, tries INTEGER NOT NULL, due_at INTEGER NOT
            NULL ) STRICT, WITHOUT ROWID""",
        "INSERT INTO audit_seal VALUES (1102345678901234567, 'head', 1, X'00FF', X'FF00')",
        "INSERT INTO audit_member VALUES (1102345678901234567, 'p', 5)",
        "INSERT INTO tombstone VALUES (1102345678901234599, 300, 4)",
        "INSERT INTO greeting VALUES (1102345678901234567, 1, 400)",
        "UPDATE alembic_version SET version_num = '0011'",
    ),
    "0012": (
        """CREATE TABLE complaint ( guild_id INTEGER NOT NULL, message_id INTEGER NOT NULL, reported_by
            INTEGER NOT NULL, channel_id INTEGER NOT NULL, provider TEXT NOT NULL, id TEXT NOT NULL,
            sent_at INTEGER NOT NULL, reported_at INTEGER NOT NULL,
            PRIMARY KEY (guild_id, message_id, reported_by) ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX complaint_newest ON complaint (guild_id, provider, id, reported_at)",
        "CREATE INDEX complaint_by_member ON complaint (reported_by)",
        "INSERT INTO complaint VALUES (1102345678901234567, 9, 5, 7, 'sensay', 'a', 500, 510)",
        "UPDATE alembic_version SET version_num = '0012'",
    ),
}
"""The statements of each revision, with rows; each revision continues the one before."""


def execute(path: Path, *statements: str) -> None:
    """Run statements on a file, each in its own transaction."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def release(path: Path, revision: str) -> Path:
    """Make a database as that revision left it, with rows in every table."""
    for each, statements in REVISIONS.items():
        if each <= revision:
            execute(path, *statements)
    return path
