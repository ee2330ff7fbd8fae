-- name: list_guilds(after, size)
-- The next guilds of which anything is stored, by their ids. Each is looked up in every index: this takes as long
-- for a guild with a million rows as for one with a single row.
WITH RECURSIVE held (guild_id, place) AS (
    VALUES (:after, 0)
    UNION ALL
    SELECT (
        SELECT min(guild_id)
        FROM (
            SELECT min(guild_id) AS guild_id FROM guild WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM connection WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM integration WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM ignored WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM access WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM audit WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM audit_head WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM audit_seal WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM audit_member WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM watched WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM last_check WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM history WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM incident WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM outbox WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM alert_incident WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM incident_number WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM route WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM board WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM maintenance WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM maintenance_count WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM quiet_hours WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM complaint WHERE guild_id > held.guild_id
            UNION ALL SELECT min(guild_id) FROM greeting WHERE guild_id > held.guild_id
        ) AS later
    ), place + 1
    FROM held
    WHERE held.guild_id IS NOT NULL AND place < :size
)
SELECT held.guild_id, guild.removed_at
FROM held
LEFT JOIN guild USING (guild_id)
WHERE held.guild_id > :after
ORDER BY held.guild_id;

-- name: count_stored(guild_id)^
SELECT
    (SELECT count(*) FROM connection WHERE guild_id = :guild_id) AS connections,
    (SELECT count(*) FROM integration WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM ignored WHERE guild_id = :guild_id) AS integrations,
    (SELECT count(*) FROM access WHERE guild_id = :guild_id) AS grants,
    -- The numbers of entries have no gaps, and counting 400,000 rows takes a while.
    coalesce(
        (SELECT max(number) FROM audit WHERE guild_id = :guild_id)
        - (SELECT min(number) FROM audit WHERE guild_id = :guild_id) + 1,
        0
    ) AS entries,
    (SELECT count(*) FROM incident WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM outbox WHERE guild_id = :guild_id AND kind <> 'board')
    + (SELECT count(*) FROM alert_incident WHERE guild_id = :guild_id) AS incidents,
    (SELECT count(*) FROM history WHERE guild_id = :guild_id) AS history,
    (SELECT count(*) FROM guild WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM audit_head WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM audit_seal WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM audit_member WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM watched WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM last_check WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM incident_number WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM route WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM board WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM maintenance WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM maintenance_count WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM quiet_hours WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM complaint WHERE guild_id = :guild_id)
    + (SELECT count(*) FROM greeting WHERE guild_id = :guild_id) AS others;

-- name: mark_removed(guild_id, removed_at)!
-- Touches a row when the guild was not known to be removed. Whoever comes back is greeted again.
INSERT INTO guild (guild_id, removed_at)
VALUES (:guild_id, :removed_at)
ON CONFLICT (guild_id) DO UPDATE SET removed_at = excluded.removed_at, greeted_at = NULL
WHERE guild.removed_at IS NULL;

-- name: mark_returned(guild_id)!
UPDATE guild SET removed_at = NULL WHERE guild_id = :guild_id AND removed_at > 0;

-- name: mark_erasing(guild_id)!
-- From then on the guild is overdue, wherever the bot is; touches a row when it was not marked before.
INSERT INTO guild (guild_id, removed_at) VALUES (:guild_id, 0)
ON CONFLICT (guild_id) DO UPDATE SET removed_at = 0
WHERE guild.removed_at IS NULL OR guild.removed_at <> 0;

-- name: is_erasing(guild_id)$
SELECT count(*) FROM guild WHERE guild_id = :guild_id AND removed_at = 0;

-- name: is_removed(guild_id)$
SELECT count(*) FROM guild WHERE guild_id = :guild_id AND removed_at IS NOT NULL;

-- name: count_audit(guild_id)$
SELECT count(*) FROM audit WHERE guild_id = :guild_id;

-- name: erase_secrets(guild_id)!
UPDATE connection SET secret = substr(secret, 1, 0) WHERE guild_id = :guild_id AND length(secret) > 0;

-- name: list_late_secrets()
-- Entered in a form that was open while the bot was removed. The CROSS has the guilds read first, which are fewer
-- and shorter than the connections.
SELECT DISTINCT guild.guild_id
FROM guild CROSS JOIN connection
WHERE connection.guild_id = guild.guild_id AND guild.removed_at IS NOT NULL AND length(connection.secret) > 0;

-- name: list_overdue(removed_before)
SELECT guild_id, removed_at FROM guild WHERE removed_at <= :removed_before ORDER BY guild_id;

-- name: erase_outbox(guild_id)!
DELETE FROM outbox WHERE guild_id = :guild_id;

-- name: erase_alert_incident(guild_id)!
DELETE FROM alert_incident WHERE guild_id = :guild_id;

-- name: erase_incident_number(guild_id)!
DELETE FROM incident_number WHERE guild_id = :guild_id;

-- name: erase_incident(guild_id)!
DELETE FROM incident WHERE guild_id = :guild_id;

-- name: erase_history(guild_id)!
DELETE FROM history WHERE guild_id = :guild_id;

-- name: erase_last_check(guild_id)!
DELETE FROM last_check WHERE guild_id = :guild_id;

-- name: erase_watched(guild_id)!
DELETE FROM watched WHERE guild_id = :guild_id;

-- name: erase_route(guild_id)!
DELETE FROM route WHERE guild_id = :guild_id;

-- name: erase_board(guild_id)!
DELETE FROM board WHERE guild_id = :guild_id;

-- name: erase_maintenance(guild_id)!
DELETE FROM maintenance WHERE guild_id = :guild_id;

-- name: erase_maintenance_count(guild_id)!
DELETE FROM maintenance_count WHERE guild_id = :guild_id;

-- name: erase_quiet_hours(guild_id)!
DELETE FROM quiet_hours WHERE guild_id = :guild_id;

-- name: erase_complaint(guild_id)!
DELETE FROM complaint WHERE guild_id = :guild_id;

-- name: erase_integration(guild_id)!
DELETE FROM integration WHERE guild_id = :guild_id;

-- name: erase_ignored(guild_id)!
DELETE FROM ignored WHERE guild_id = :guild_id;

-- name: erase_connection(guild_id)!
DELETE FROM connection WHERE guild_id = :guild_id;

-- name: erase_access(guild_id)!
DELETE FROM access WHERE guild_id = :guild_id;

-- name: erase_audit(guild_id)!
DELETE FROM audit WHERE guild_id = :guild_id;

-- name: erase_audit_head(guild_id)!
DELETE FROM audit_head WHERE guild_id = :guild_id;

-- name: erase_audit_seal(guild_id)!
DELETE FROM audit_seal WHERE guild_id = :guild_id;

-- name: erase_audit_member(guild_id)!
DELETE FROM audit_member WHERE guild_id = :guild_id;

-- name: erase_greeting(guild_id)!
DELETE FROM greeting WHERE guild_id = :guild_id;

-- name: erase_guild(guild_id)!
DELETE FROM guild WHERE guild_id = :guild_id;

-- name: erase_tombstone(guild_id)!
DELETE FROM tombstone WHERE guild_id = :guild_id;

-- name: erase_old_tombstones(erased_before)!
DELETE FROM tombstone WHERE erased_at <= :erased_before;

-- name: put_tombstone(guild_id, erased_at, entries)!
-- Whoever erases a second time must not hide how much the first time erased.
INSERT INTO tombstone (guild_id, erased_at, entries)
VALUES (:guild_id, :erased_at, :entries)
ON CONFLICT (guild_id) DO UPDATE SET
    erased_at = excluded.erased_at, entries = tombstone.entries + excluded.entries;

-- name: get_tombstone(guild_id)^
SELECT erased_at, entries FROM tombstone WHERE guild_id = :guild_id;

-- name: export_guild(guild_id)
SELECT greeted_at, removed_at, audit_channel FROM guild WHERE guild_id = :guild_id;

-- name: export_connection(guild_id)
SELECT provider, name, set_by, set_at, verified_at, refused_at
FROM connection
WHERE guild_id = :guild_id
ORDER BY provider, name;

-- name: export_integration(guild_id)
SELECT provider, id, connection, label, bot_id, application_id, placed_by, placed_at
FROM integration
WHERE guild_id = :guild_id
ORDER BY provider, id;

-- name: export_ignored(guild_id)
SELECT provider, id, connection, label, ignored_by, ignored_at
FROM ignored
WHERE guild_id = :guild_id
ORDER BY provider, id;

-- name: export_access(guild_id)
SELECT kind, subject, tier, granted_by, granted_at
FROM access
WHERE guild_id = :guild_id
ORDER BY kind, subject;

-- name: newest_audit(guild_id, size)^
-- The number before the newest entries, so many at most.
SELECT max(number) - :size AS before FROM audit WHERE guild_id = :guild_id;

-- name: export_audit(guild_id, after, size)
SELECT number, at, member, action, target, result, ends, times
FROM audit
WHERE guild_id = :guild_id AND number > :after
ORDER BY number
LIMIT :size;

-- name: export_audit_member(guild_id)
SELECT pseudonym, member FROM audit_member WHERE guild_id = :guild_id ORDER BY pseudonym;

-- name: export_greeting(guild_id)
SELECT tries, due_at FROM greeting WHERE guild_id = :guild_id;

-- name: export_tombstone(guild_id)
SELECT erased_at, entries FROM tombstone WHERE guild_id = :guild_id;

-- name: export_audit_head(guild_id)
SELECT number, hash, signature FROM audit_head WHERE guild_id = :guild_id;

-- name: export_audit_seal(guild_id)
SELECT kind, number, hash, signature FROM audit_seal WHERE guild_id = :guild_id ORDER BY kind, number;

-- name: export_outbox(guild_id)
SELECT kind, route, number, channel_id, message_id, old_channel_id, old_message_id, posts, desired_version,
    sent_version, tried_at, tries, posted_at, next_at, content, began_at, edited_at, told_at, mentioned_at,
    escalated_at, error
FROM outbox
WHERE guild_id = :guild_id
ORDER BY kind, route, number;

-- name: export_alert_incident(guild_id)
SELECT route, incident, alert, due_at, silent, next_at
FROM alert_incident
WHERE guild_id = :guild_id
ORDER BY route, incident;

-- name: export_incident_number(guild_id)
SELECT highest FROM incident_number WHERE guild_id = :guild_id;

-- name: export_incident(guild_id)
SELECT number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended, reopened,
    acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id
ORDER BY number;

-- name: export_history(guild_id)
SELECT provider, id, at, state, detail FROM history WHERE guild_id = :guild_id ORDER BY provider, id, at;

-- name: export_last_check(guild_id)
SELECT provider, connection, checked_at, answered_at, error
FROM last_check
WHERE guild_id = :guild_id
ORDER BY provider, connection;

-- name: export_watched(guild_id)
SELECT kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at, muted_until_at,
    muted_by, found, bot_id, access, missing, missing_at
FROM watched
WHERE guild_id = :guild_id
ORDER BY kind, provider, id;

-- name: export_route(guild_id)
SELECT number, channel_id, role_id, provider, integration, states, partial, checks, remind, second_role_id,
    escalate, recovery, set_by, set_at, suspended, refused_at, retry_at, is_reported
FROM route
WHERE guild_id = :guild_id
ORDER BY number;

-- name: export_board(guild_id)
SELECT channel_id, set_by, suspended, refused_at, retry_at, is_reported FROM board WHERE guild_id = :guild_id;

-- name: export_maintenance(guild_id)
SELECT number, provider, id, starts_at, ends_at, set_by, set_at
FROM maintenance
WHERE guild_id = :guild_id
ORDER BY number;

-- name: export_maintenance_count(guild_id)
SELECT number FROM maintenance_count WHERE guild_id = :guild_id;

-- name: export_quiet_hours(guild_id)
SELECT start, end_, zone, set_by, set_at FROM quiet_hours WHERE guild_id = :guild_id;

-- name: export_complaint(guild_id)
SELECT channel_id, message_id, provider, id, sent_at, reported_by, reported_at
FROM complaint
WHERE guild_id = :guild_id
ORDER BY reported_at, message_id, reported_by;

-- Of one member in all guilds. The audit log names members by pseudonyms, and ``audit_member`` alone says who
-- that is; entries from before that may hold the member's id, which their hashes cover.

-- name: member_access(member)
SELECT guild_id, kind, subject, tier, granted_by, granted_at
FROM access
WHERE (kind = 'member' AND subject = :member) OR granted_by = :member
ORDER BY guild_id, kind, subject;

-- name: member_audit(member)
SELECT entry.guild_id, entry.number, entry.at, entry.member, entry.action, entry.target, entry.result,
    entry.ends, entry.times
FROM audit_member AS known
INNER JOIN audit AS entry ON entry.guild_id = known.guild_id AND (
    entry.member = known.pseudonym
    OR entry.target LIKE 'member · %' AND substr(entry.target, 10, 23) = known.pseudonym
)
WHERE known.member = :member
ORDER BY entry.guild_id, entry.number;

-- name: member_audit_member(member)
SELECT guild_id, pseudonym, member FROM audit_member WHERE member = :member ORDER BY guild_id;

-- name: member_connection(member)
SELECT guild_id, provider, name, set_by, set_at
FROM connection
WHERE set_by = :member
ORDER BY guild_id, provider, name;

-- name: member_integration(member)
SELECT guild_id, provider, id, label, placed_by, placed_at
FROM integration
WHERE placed_by = :member
ORDER BY guild_id, provider, id;

-- name: member_ignored(member)
SELECT guild_id, provider, id, label, ignored_by, ignored_at
FROM ignored
WHERE ignored_by = :member
ORDER BY guild_id, provider, id;

-- name: member_watched(member)
SELECT guild_id, kind, provider, id, label, muted_by, muted_until_at
FROM watched
WHERE muted_by = :member
ORDER BY guild_id, kind, provider, id;

-- name: member_incident(member)
SELECT guild_id, number, provider, id, label, acknowledged_by, acknowledged_at
FROM incident
WHERE acknowledged_by = :member
ORDER BY guild_id, number;

-- name: member_route(member)
SELECT guild_id, number, channel_id, set_by, set_at FROM route WHERE set_by = :member ORDER BY guild_id, number;

-- name: member_board(member)
SELECT guild_id, channel_id, set_by FROM board WHERE set_by = :member ORDER BY guild_id;

-- name: member_maintenance(member)
SELECT guild_id, number, provider, id, set_by, set_at
FROM maintenance
WHERE set_by = :member
ORDER BY guild_id, number;

-- name: member_quiet_hours(member)
SELECT guild_id, set_by, set_at FROM quiet_hours WHERE set_by = :member ORDER BY guild_id;

-- name: member_complaint(member)
SELECT guild_id, channel_id, message_id, provider, id, sent_at, reported_by, reported_at
FROM complaint
WHERE reported_by = :member
ORDER BY guild_id, reported_at, message_id;

-- name: forget_member_access_subject(member)!
DELETE FROM access WHERE kind = 'member' AND subject = :member;

-- name: forget_member_access_granted_by(member)!
UPDATE access SET granted_by = 0 WHERE granted_by = :member;

-- name: forget_member_audit_member_member(member)!
DELETE FROM audit_member WHERE member = :member;

-- name: forget_member_connection_set_by(member)!
UPDATE connection SET set_by = 0 WHERE set_by = :member;

-- name: forget_member_integration_placed_by(member)!
UPDATE integration SET placed_by = 0 WHERE placed_by = :member;

-- name: forget_member_ignored_ignored_by(member)!
UPDATE ignored SET ignored_by = 0 WHERE ignored_by = :member;

-- name: forget_member_watched_muted_by(member)!
UPDATE watched SET muted_by = 0 WHERE muted_by = :member;

-- name: forget_member_incident_acknowledged_by(member)!
UPDATE incident SET acknowledged_by = 0 WHERE acknowledged_by = :member;

-- name: forget_member_route_set_by(member)!
UPDATE route SET set_by = 0 WHERE set_by = :member;

-- name: forget_member_board_set_by(member)!
UPDATE board SET set_by = 0 WHERE set_by = :member;

-- name: forget_member_maintenance_set_by(member)!
UPDATE maintenance SET set_by = 0 WHERE set_by = :member;

-- name: forget_member_quiet_hours_set_by(member)!
UPDATE quiet_hours SET set_by = 0 WHERE set_by = :member;

-- name: forget_member_complaint_reported_by(member)!
DELETE FROM complaint WHERE reported_by = :member;
