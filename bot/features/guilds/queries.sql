-- name: greet_guild(guild_id, greeted_at)!
-- Touches a row for a guild that has not been greeted since it joined.
INSERT INTO guild (guild_id, greeted_at)
VALUES (:guild_id, :greeted_at)
ON CONFLICT (guild_id) DO UPDATE SET greeted_at = excluded.greeted_at
WHERE guild.greeted_at IS NULL;

-- name: put_greeting(guild_id, due_at)!
INSERT INTO greeting (guild_id, tries, due_at)
VALUES (:guild_id, 0, :due_at)
ON CONFLICT (guild_id) DO UPDATE SET tries = 0, due_at = excluded.due_at;

-- name: list_greetings(now)
SELECT guild_id FROM greeting WHERE due_at <= :now ORDER BY due_at, guild_id;

-- name: get_greeting_tries(guild_id)$
SELECT tries FROM greeting WHERE guild_id = :guild_id;

-- name: delay_greeting(guild_id, due_at)!
UPDATE greeting SET tries = tries + 1, due_at = :due_at WHERE guild_id = :guild_id;

-- name: delete_greeting(guild_id)!
DELETE FROM greeting WHERE guild_id = :guild_id;

-- name: get_audit_channel(guild_id)^
SELECT audit_channel FROM guild WHERE guild_id = :guild_id;

-- name: put_audit_channel(guild_id, audit_channel)!
INSERT INTO guild (guild_id, audit_channel)
VALUES (:guild_id, :audit_channel)
ON CONFLICT (guild_id) DO UPDATE SET audit_channel = excluded.audit_channel;

-- name: drop_audit_channel(guild_id)!
UPDATE guild SET audit_channel = NULL WHERE guild_id = :guild_id;

-- name: drop_failed_channel(guild_id, audit_channel)!
UPDATE guild SET audit_channel = NULL WHERE guild_id = :guild_id AND audit_channel = :audit_channel;
