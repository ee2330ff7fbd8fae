-- name: get_route(guild_id)^
SELECT guild_id, channel_id, role_id, states, checks, remind, set_by, set_at, lost, partial
FROM route
WHERE guild_id = :guild_id;

-- name: put_route(guild_id, channel_id, role_id, states, checks, remind, set_by, set_at, lost, partial)!
INSERT INTO route (guild_id, channel_id, role_id, states, checks, remind, set_by, set_at, lost, partial)
VALUES (:guild_id, :channel_id, :role_id, :states, :checks, :remind, :set_by, :set_at, :lost, :partial)
ON CONFLICT (guild_id) DO UPDATE SET
    channel_id = excluded.channel_id, role_id = excluded.role_id, states = excluded.states,
    checks = excluded.checks, remind = excluded.remind, set_by = excluded.set_by,
    set_at = excluded.set_at, lost = excluded.lost, partial = excluded.partial;

-- name: delete_route(guild_id)!
DELETE FROM route WHERE guild_id = :guild_id;

-- name: mark_route_lost(guild_id, channel_id, lost)!
UPDATE route SET lost = :lost WHERE guild_id = :guild_id AND channel_id = :channel_id AND lost = '';

-- name: get_board(guild_id)^
SELECT guild_id, channel_id, set_by FROM board WHERE guild_id = :guild_id;

-- name: list_boards()
SELECT guild_id, channel_id, set_by FROM board ORDER BY guild_id;

-- name: put_board(guild_id, channel_id, set_by)!
INSERT INTO board (guild_id, channel_id, set_by)
VALUES (:guild_id, :channel_id, :set_by)
ON CONFLICT (guild_id) DO UPDATE SET channel_id = excluded.channel_id, set_by = excluded.set_by;

-- name: delete_board(guild_id, channel_id)!
DELETE FROM board WHERE guild_id = :guild_id AND channel_id = :channel_id;

-- name: add_message(guild_id, kind, number, now)!
-- Does nothing where there is one.
INSERT INTO outbox (guild_id, kind, number, posts, desired_version, sent_version, tries, next_at, content)
VALUES (:guild_id, :kind, :number, 0, 1, 0, 0, :now, '')
ON CONFLICT (guild_id, kind, number) DO NOTHING;

-- name: delete_message(guild_id, kind, number)!
DELETE FROM outbox WHERE guild_id = :guild_id AND kind = :kind AND number = :number;

-- name: replace_board(guild_id, now)!
-- Has the board posted anew, and its present message deleted. What may have been posted is looked for first.
UPDATE outbox SET
    channel_id = CASE
        WHEN tried_at IS NOT NULL THEN channel_id
    END,
    message_id = NULL,
    old_channel_id = CASE
        WHEN message_id IS NULL THEN old_channel_id
        ELSE channel_id
    END,
    old_message_id = coalesce(message_id, old_message_id), desired_version = desired_version + 1, tries = 0,
    posted_at = :now, next_at = :now, content = ''
WHERE guild_id = :guild_id AND kind = 'board';

-- name: announce_open(guild_id, now)!
-- Adds an alert for each open incident that has none.
INSERT INTO outbox (guild_id, kind, number, posts, desired_version, sent_version, tries, next_at, content)
SELECT guild_id, 'alert', number, 0, 1, 0, 0, :now, ''
FROM incident
WHERE guild_id = :guild_id AND closed_at IS NULL
ON CONFLICT (guild_id, kind, number) DO NOTHING;

-- name: arm_alert(guild_id, number, now)!
-- Has the alert show what is known by now. Where there is no alert, this adds none.
UPDATE outbox SET desired_version = desired_version + 1, next_at = :now
WHERE guild_id = :guild_id AND kind = 'alert' AND number = :number;

-- name: arm_all_alerts(guild_id, now)!
-- Those that wait, those that were not finished, and those of incidents that are open.
UPDATE outbox SET desired_version = desired_version + 1, next_at = :now
WHERE guild_id = :guild_id AND kind = 'alert' AND (
    desired_version > sent_version
    OR tried_at IS NOT NULL
    OR old_message_id IS NOT NULL
    OR EXISTS (
        SELECT 1 FROM incident
        WHERE incident.guild_id = outbox.guild_id AND incident.number = outbox.number
            AND incident.closed_at IS NULL
    )
);

-- name: arm_integration(guild_id, provider, id, now)!
UPDATE outbox SET desired_version = desired_version + 1, next_at = :now
WHERE guild_id = :guild_id AND kind = 'alert' AND number IN (
    SELECT number FROM incident
    WHERE guild_id = :guild_id AND kind = 'integration' AND provider = :provider AND id = :id
        AND closed_at IS NULL
);

-- name: list_due_lanes(now)
-- Alerts come first.
SELECT DISTINCT guild_id, kind FROM outbox WHERE next_at <= :now ORDER BY kind, guild_id;

-- name: list_due(guild_id, kind, now)
SELECT guild_id, kind, number, channel_id, message_id, old_channel_id, old_message_id, posts, desired_version,
    sent_version, tried_at, tries, posted_at, next_at, content
FROM outbox
WHERE guild_id = :guild_id AND kind = :kind AND next_at <= :now
ORDER BY number;

-- name: next_due(now)$
-- The first time after now at which something is due.
SELECT min(next_at) FROM outbox WHERE next_at > :now;

-- name: get_message(guild_id, kind, number)^
SELECT guild_id, kind, number, channel_id, message_id, old_channel_id, old_message_id, posts, desired_version,
    sent_version, tried_at, tries, posted_at, next_at, content
FROM outbox
WHERE guild_id = :guild_id AND kind = :kind AND number = :number;

-- name: note_message(guild_id, kind, number, channel_id, message_id, old_channel_id, old_message_id, posts, sent_version, tried_at, tries, posted_at, next_at, content, seen_version)!
-- What has come meanwhile is not overwritten: it stays due.
UPDATE outbox SET
    channel_id = :channel_id, message_id = :message_id, old_channel_id = :old_channel_id,
    old_message_id = :old_message_id, posts = :posts, sent_version = :sent_version, tried_at = :tried_at,
    tries = :tries, posted_at = :posted_at, content = :content,
    next_at = CASE
        WHEN desired_version = :seen_version THEN :next_at
        ELSE next_at
    END
WHERE guild_id = :guild_id AND kind = :kind AND number = :number;

-- name: compact_alerts(before)!
DELETE FROM outbox WHERE kind = 'alert' AND EXISTS (
    SELECT 1 FROM incident
    WHERE incident.guild_id = outbox.guild_id AND incident.number = outbox.number
        AND incident.closed_at < :before
);

-- name: compact_incidents(before)!
DELETE FROM incident WHERE closed_at < :before;

-- name: list_incidents(guild_id, since)
-- Those that were open at some time since then, the newest first.
SELECT guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id AND (closed_at IS NULL OR closed_at >= :since)
ORDER BY number DESC;

-- name: list_open(guild_id, provider)
SELECT guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id AND provider = :provider AND closed_at IS NULL;

-- name: get_incident(guild_id, number)^
SELECT guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id AND number = :number;

-- name: latest_incident(guild_id, kind, provider, id)^
SELECT guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id AND kind = :kind AND provider = :provider AND id = :id
ORDER BY number DESC
LIMIT 1;

-- name: next_incident(guild_id)$
SELECT coalesce(max(number), 0) + 1 FROM incident WHERE guild_id = :guild_id;

-- name: put_incident(guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended, reopened, acknowledged_by, acknowledged_at)!
INSERT INTO incident (
    guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
)
VALUES (
    :guild_id, :number, :kind, :provider, :id, :connection, :label, :state, :detail, :opened_at, :closed_at,
    :ended, :reopened, :acknowledged_by, :acknowledged_at
)
ON CONFLICT (guild_id, number) DO UPDATE SET
    connection = excluded.connection, label = excluded.label, state = excluded.state,
    detail = excluded.detail, closed_at = excluded.closed_at, ended = excluded.ended,
    reopened = excluded.reopened;

-- name: acknowledge_incident(guild_id, number, acknowledged_by, acknowledged_at)!
UPDATE incident SET acknowledged_by = :acknowledged_by, acknowledged_at = :acknowledged_at
WHERE guild_id = :guild_id AND number = :number AND closed_at IS NULL AND acknowledged_by IS NULL;

-- name: get_muted(guild_id, kind, provider, id)^
SELECT muted_until_at FROM watched
WHERE guild_id = :guild_id AND kind = :kind AND provider = :provider AND id = :id;

-- name: quiet_hours_of(guild_id)^
SELECT guild_id, start, end_, zone, set_by, set_at FROM quiet_hours WHERE guild_id = :guild_id;

-- name: quiet_hours_put(guild_id, start, end_, zone, set_by, set_at)!
INSERT INTO quiet_hours (guild_id, start, end_, zone, set_by, set_at)
VALUES (:guild_id, :start, :end_, :zone, :set_by, :set_at)
ON CONFLICT (guild_id) DO UPDATE SET
    start = excluded.start, end_ = excluded.end_, zone = excluded.zone, set_by = excluded.set_by,
    set_at = excluded.set_at;

-- name: quiet_hours_delete(guild_id)!
DELETE FROM quiet_hours WHERE guild_id = :guild_id;
