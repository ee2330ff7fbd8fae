-- name: list_watched(guild_id)
SELECT guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at,
    muted_until_at AS muted_until, muted_by, found, bot_id, access, missing, missing_at
FROM watched
WHERE guild_id = :guild_id
ORDER BY kind, provider, id;

-- name: list_subjects(guild_id, provider)
SELECT guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at,
    muted_until_at AS muted_until, muted_by, found, bot_id, access, missing, missing_at
FROM watched
WHERE guild_id = :guild_id AND provider = :provider;

-- name: list_kinds(guild_id, provider, id)
-- As what an agent is known: as one that is watched, or as one that may run in the guild.
SELECT kind
FROM watched
WHERE guild_id = :guild_id AND kind IN ('integration', 'candidate') AND provider = :provider AND id = :id;

-- name: put_watched(guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at, found, bot_id, access, missing, missing_at)!
-- It does not change whether the row is muted: mute_watched does.
INSERT INTO watched (
    guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at, found,
    bot_id, access, missing, missing_at
)
VALUES (
    :guild_id, :kind, :provider, :id, :connection, :label, :state, :detail, :changed_at, :bad, :good,
    :bad_at, :found, :bot_id, :access, :missing, :missing_at
)
ON CONFLICT (guild_id, kind, provider, id) DO UPDATE SET
    connection = excluded.connection, label = excluded.label, state = excluded.state,
    detail = excluded.detail, changed_at = excluded.changed_at, bad = excluded.bad, good = excluded.good,
    bad_at = excluded.bad_at, found = excluded.found, bot_id = excluded.bot_id, access = excluded.access,
    missing = excluded.missing, missing_at = excluded.missing_at;

-- name: delete_watched(guild_id, kind, provider, id)!
DELETE FROM watched WHERE guild_id = :guild_id AND kind = :kind AND provider = :provider AND id = :id;

-- name: list_orphan_guilds()
-- The guilds of which ``list_orphans`` or ``delete_orphan_checks`` finds something. All guilds are looked at, which is
-- no part of a transaction.
SELECT guild_id FROM watched
WHERE NOT EXISTS (
    SELECT 1 FROM connection
    WHERE connection.guild_id = watched.guild_id AND connection.provider = watched.provider
        AND (watched.kind = 'provider' OR connection.name = watched.connection)
)
UNION
SELECT guild_id FROM last_check
WHERE NOT EXISTS (
    SELECT 1 FROM connection
    WHERE connection.guild_id = last_check.guild_id AND connection.provider = last_check.provider
        AND connection.name = last_check.connection
);

-- name: list_orphans(guild_id)
-- What belongs to a connection that was removed, and providers without any connection.
SELECT guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at,
    muted_until_at AS muted_until, muted_by, found, bot_id, access, missing, missing_at
FROM watched
WHERE guild_id = :guild_id AND NOT EXISTS (
    SELECT 1 FROM connection
    WHERE connection.guild_id = watched.guild_id AND connection.provider = watched.provider
        AND (watched.kind = 'provider' OR connection.name = watched.connection)
);

-- name: mute_watched(guild_id, provider, id, muted_until_at, muted_by)!
UPDATE watched SET muted_until_at = :muted_until_at, muted_by = :muted_by
WHERE guild_id = :guild_id AND kind = 'integration' AND provider = :provider AND id = :id;

-- name: list_checks(guild_id)
-- What a connection found that was removed since is not counted, even before its row is deleted.
SELECT guild_id, provider, connection, checked_at, answered_at, error
FROM last_check
WHERE guild_id = :guild_id AND EXISTS (
    SELECT 1 FROM connection
    WHERE connection.guild_id = last_check.guild_id AND connection.provider = last_check.provider
        AND connection.name = last_check.connection
);

-- name: list_check_errors(guild_id, provider)
-- Why the provider did not answer the last checks, empty where it did.
SELECT connection, error FROM last_check WHERE guild_id = :guild_id AND provider = :provider;

-- name: put_check(guild_id, provider, connection, checked_at, answered_at, error)!
-- Stores nothing if the connection was removed meanwhile.
INSERT INTO last_check (guild_id, provider, connection, checked_at, answered_at, error)
SELECT :guild_id, :provider, :connection, :checked_at, :answered_at, :error
WHERE EXISTS (
    SELECT 1 FROM connection
    WHERE guild_id = :guild_id AND provider = :provider AND name = :connection
)
ON CONFLICT (guild_id, provider, connection) DO UPDATE SET
    checked_at = excluded.checked_at, answered_at = coalesce(excluded.answered_at, last_check.answered_at),
    error = excluded.error;

-- name: delete_orphan_checks(guild_id)!
DELETE FROM last_check WHERE guild_id = :guild_id AND NOT EXISTS (
    SELECT 1 FROM connection
    WHERE connection.guild_id = last_check.guild_id AND connection.provider = last_check.provider
        AND connection.name = last_check.connection
);

-- name: list_watched_guilds(after, size)
SELECT DISTINCT guild_id FROM watched WHERE guild_id > :after ORDER BY guild_id LIMIT :size;

-- name: count_agents(guild_id)
SELECT guild_id, provider, state, count(*) AS count FROM watched
WHERE guild_id = :guild_id AND kind = 'integration'
GROUP BY guild_id, provider, state;
