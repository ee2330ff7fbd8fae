-- name: list_grants(guild_id)
SELECT kind, subject, tier, granted_by, granted_at
FROM access
WHERE guild_id = :guild_id
ORDER BY tier DESC, kind DESC, granted_at, subject;

-- name: put_grant(guild_id, kind, subject, tier, granted_by, granted_at)!
INSERT INTO access (guild_id, kind, subject, tier, granted_by, granted_at)
VALUES (:guild_id, :kind, :subject, :tier, :granted_by, :granted_at)
ON CONFLICT (guild_id, kind, subject) DO UPDATE SET
    tier = excluded.tier, granted_by = excluded.granted_by, granted_at = excluded.granted_at;

-- name: delete_grant(guild_id, kind, subject)!
DELETE FROM access
WHERE guild_id = :guild_id AND kind = :kind AND subject = :subject;

-- name: list_member_grants()
SELECT guild_id, kind, subject, tier, granted_by, granted_at
FROM access
WHERE kind = 'member'
ORDER BY guild_id, subject;

-- name: delete_ended_grant(guild_id, subject, granted_at)!
DELETE FROM access
WHERE guild_id = :guild_id AND kind = 'member' AND subject = :subject AND granted_at = :granted_at;
