-- name: get_route(guild_id)^
SELECT guild_id, channel_id, role_id, states, checks, remind, set_by, set_at, lost
FROM route
WHERE guild_id = :guild_id;

-- name: put_route(guild_id, channel_id, role_id, states, checks, remind, set_by, set_at, lost)!
INSERT INTO route (guild_id, channel_id, role_id, states, checks, remind, set_by, set_at, lost)
VALUES (:guild_id, :channel_id, :role_id, :states, :checks, :remind, :set_by, :set_at, :lost)
ON CONFLICT (guild_id) DO UPDATE SET
    channel_id = excluded.channel_id, role_id = excluded.role_id, states = excluded.states,
    checks = excluded.checks, remind = excluded.remind, set_by = excluded.set_by,
    set_at = excluded.set_at, lost = excluded.lost;

-- name: delete_route(guild_id)!
DELETE FROM route WHERE guild_id = :guild_id;

-- name: lose_route(guild_id, channel_id, lost)!
UPDATE route SET lost = :lost WHERE guild_id = :guild_id AND channel_id = :channel_id AND lost = '';

-- name: announce_open(guild_id, now)!
-- An alert for each open incident that has none.
INSERT INTO alert (guild_id, number, posts, wanted, shown, tries, next_at)
SELECT guild_id, number, 0, 1, 0, 0, :now
FROM incident
WHERE guild_id = :guild_id AND closed_at IS NULL
ON CONFLICT (guild_id, number) DO NOTHING;

-- name: arm_alert(guild_id, number, now)!
-- Has the alert show what is known by now. Where there was none, or no route, there is none.
UPDATE alert SET wanted = wanted + 1, next_at = :now WHERE guild_id = :guild_id AND number = :number;

-- name: arm_all(guild_id, now)!
-- What waits, what was not brought to its end, and what tells of something that is not over.
UPDATE alert SET wanted = wanted + 1, next_at = :now
WHERE guild_id = :guild_id AND (
    wanted > shown
    OR tried_at IS NOT NULL
    OR old_message_id IS NOT NULL
    OR EXISTS (
        SELECT 1 FROM incident
        WHERE incident.guild_id = alert.guild_id AND incident.number = alert.number
            AND incident.closed_at IS NULL
    )
);

-- name: arm_integration(guild_id, provider, id, now)!
UPDATE alert SET wanted = wanted + 1, next_at = :now
WHERE guild_id = :guild_id AND number IN (
    SELECT number FROM incident
    WHERE guild_id = :guild_id AND kind = 'integration' AND provider = :provider AND id = :id
        AND closed_at IS NULL
);

-- name: put_alert(guild_id, number, now)!
INSERT INTO alert (guild_id, number, posts, wanted, shown, tries, next_at)
VALUES (:guild_id, :number, 0, 1, 0, 0, :now)
ON CONFLICT (guild_id, number) DO NOTHING;

-- name: list_due_guilds(now)
SELECT DISTINCT guild_id FROM alert WHERE next_at <= :now;

-- name: list_due(guild_id, now)
SELECT guild_id, number, channel_id, message_id, old_message_id, posts, wanted, shown, tried_at, tries,
    told_at, next_at
FROM alert
WHERE guild_id = :guild_id AND next_at <= :now
ORDER BY number;

-- name: next_due(now)$
-- The first time after now at which something is due.
SELECT min(next_at) FROM alert WHERE next_at > :now;

-- name: get_alert(guild_id, number)^
SELECT guild_id, number, channel_id, message_id, old_message_id, posts, wanted, shown, tried_at, tries,
    told_at, next_at
FROM alert
WHERE guild_id = :guild_id AND number = :number;

-- name: note_alert(guild_id, number, channel_id, message_id, old_message_id, posts, shown, tried_at, tries, told_at, next_at, seen_wanted)!
-- What has come meanwhile is not overwritten: it stays due.
UPDATE alert SET
    channel_id = :channel_id, message_id = :message_id, old_message_id = :old_message_id, posts = :posts,
    shown = :shown, tried_at = :tried_at, tries = :tries, told_at = :told_at,
    next_at = CASE
        WHEN wanted = :seen_wanted THEN :next_at
        ELSE next_at
    END
WHERE guild_id = :guild_id AND number = :number;

-- name: get_board(guild_id)^
SELECT guild_id, channel_id, message_id, posted_at, content, set_by, old_channel_id, old_message_id
FROM board
WHERE guild_id = :guild_id;

-- name: list_boards()
SELECT guild_id, channel_id, message_id, posted_at, content, set_by, old_channel_id, old_message_id
FROM board
ORDER BY guild_id;

-- name: put_board(guild_id, channel_id, message_id, posted_at, content, set_by, old_channel_id, old_message_id)!
INSERT INTO board
    (guild_id, channel_id, message_id, posted_at, content, set_by, old_channel_id, old_message_id)
VALUES
    (:guild_id, :channel_id, :message_id, :posted_at, :content, :set_by, :old_channel_id, :old_message_id)
ON CONFLICT (guild_id) DO UPDATE SET
    channel_id = excluded.channel_id, message_id = excluded.message_id, posted_at = excluded.posted_at,
    content = excluded.content, set_by = excluded.set_by, old_channel_id = excluded.old_channel_id,
    old_message_id = excluded.old_message_id;

-- name: note_board(guild_id, channel_id, message_id, posted_at, content, set_by, old_channel_id, old_message_id)!
UPDATE board SET
    message_id = :message_id, posted_at = :posted_at, content = :content, set_by = :set_by,
    old_channel_id = :old_channel_id, old_message_id = :old_message_id
WHERE guild_id = :guild_id AND channel_id = :channel_id;

-- name: delete_board(guild_id, channel_id)!
DELETE FROM board WHERE guild_id = :guild_id AND channel_id = :channel_id;
