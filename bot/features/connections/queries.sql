-- name: list_connections(guild_id)
SELECT connection.guild_id, connection.provider, connection.name, connection.secret, connection.set_by,
    connection.set_at, connection.verified_at, connection.refused_at, connection.generation, last_check.answered_at
FROM connection
LEFT JOIN last_check ON last_check.guild_id = connection.guild_id
    AND last_check.provider = connection.provider AND last_check.connection = connection.name
WHERE connection.guild_id = :guild_id
ORDER BY connection.provider, connection.name;

-- name: list_all_watchable()
-- Except those of guilds that the bot was removed from.
SELECT connection.guild_id, connection.provider, connection.name, connection.set_at
FROM connection
LEFT JOIN guild ON guild.guild_id = connection.guild_id
WHERE guild.removed_at IS NULL
ORDER BY connection.guild_id, connection.provider, connection.name;

-- name: list_watchable(guild_id)
SELECT connection.guild_id, connection.provider, connection.name, connection.set_at
FROM connection
LEFT JOIN guild ON guild.guild_id = connection.guild_id
WHERE guild.removed_at IS NULL AND connection.guild_id = :guild_id
ORDER BY connection.provider, connection.name;

-- name: insert_connection(guild_id, provider, name, secret, set_by, set_at, verified_at, generation)!
INSERT INTO connection (guild_id, provider, name, secret, set_by, set_at, verified_at, generation)
VALUES (:guild_id, :provider, :name, :secret, :set_by, :set_at, :verified_at, :generation)
ON CONFLICT DO NOTHING;

-- name: replace_secret(secret, set_by, set_at, verified_at, generation, guild_id, provider, name)!
UPDATE connection
SET secret = :secret, set_by = :set_by, set_at = :set_at, verified_at = :verified_at,
    generation = :generation, refused_at = NULL
WHERE guild_id = :guild_id AND provider = :provider AND name = :name;

-- name: mark_verified(verified_at, guild_id, provider, name, set_at)!
-- Marks only the credentials that were tried: they may have been rotated meanwhile.
UPDATE connection
SET verified_at = :verified_at, refused_at = NULL
WHERE guild_id = :guild_id AND provider = :provider AND name = :name AND set_at = :set_at;

-- name: mark_refused(refused_at, guild_id, provider, name, secret)!
-- Marks only the credentials that were refused, once: each encryption gives other bytes.
UPDATE connection
SET refused_at = :refused_at
WHERE guild_id = :guild_id AND provider = :provider AND name = :name AND secret = :secret
    AND refused_at IS NULL;

-- name: delete_connection(guild_id, provider, name)!
DELETE FROM connection
WHERE guild_id = :guild_id AND provider = :provider AND name = :name;

-- name: count_unlike(beginning)^
SELECT count(*) AS secrets
FROM connection
WHERE length(secret) > 0 AND substr(secret, 1, length(:beginning)) <> :beginning;

-- name: list_unlike(beginning, after_guild, provider, name, size)
SELECT guild_id, provider, name, secret, set_by, set_at, verified_at, refused_at, generation
FROM connection
WHERE length(secret) > 0 AND substr(secret, 1, length(:beginning)) <> :beginning
    AND (guild_id, provider, name) > (:after_guild, :provider, :name)
ORDER BY guild_id, provider, name
LIMIT :size;

-- name: reseal(secret, generation, guild_id, provider, name, before)!
-- Credentials that were replaced meanwhile are encrypted with the new key already.
UPDATE connection
SET secret = :secret, generation = :generation
WHERE guild_id = :guild_id AND provider = :provider AND name = :name AND secret = :before;
