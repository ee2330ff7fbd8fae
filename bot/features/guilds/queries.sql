-- name: greet_guild(guild_id, greeted_at)!
-- Touches a row for a guild that has not been greeted since it joined.
INSERT INTO guild (guild_id, greeted_at)
VALUES (:guild_id, :greeted_at)
ON CONFLICT (guild_id) DO UPDATE SET greeted_at = excluded.greeted_at
WHERE greeted_at IS NULL;

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
