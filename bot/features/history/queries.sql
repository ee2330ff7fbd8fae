-- name: put_transition(guild_id, provider, id, at, state, detail)!
INSERT INTO history (guild_id, provider, id, at, state, detail)
VALUES (:guild_id, :provider, :id, :at, :state, :detail)
ON CONFLICT (guild_id, provider, id, at) DO UPDATE SET state = excluded.state, detail = excluded.detail;

-- name: list_history(guild_id, provider, id, since)
-- The first row is the state that held at the beginning.
SELECT at, state, detail
FROM history
WHERE guild_id = :guild_id AND provider = :provider AND id = :id
    AND at >= coalesce(
        (
            SELECT max(at) FROM history
            WHERE guild_id = :guild_id AND provider = :provider AND id = :id AND at <= :since
        ),
        :since
    )
ORDER BY at;

-- name: list_recent_history(guild_id, since)
-- The first row of each watched integration is the state that held at the beginning. The CROSS keeps SQLite from
-- reading all that is kept of the guild before it looks at what is watched.
SELECT history.provider, history.id, history.at, history.state, history.detail
FROM watched
CROSS JOIN history
WHERE watched.guild_id = :guild_id AND watched.kind = 'integration'
    AND history.guild_id = watched.guild_id AND history.provider = watched.provider AND history.id = watched.id
    AND history.at >= coalesce(
        (
            SELECT max(earlier.at) FROM history AS earlier
            WHERE earlier.guild_id = watched.guild_id AND earlier.provider = watched.provider
                AND earlier.id = watched.id AND earlier.at <= :since
        ),
        :since
    )
ORDER BY history.provider, history.id, history.at;

-- name: compact_history(before)!
-- The newest row before that time stays: it is the state that held then. It goes as well if the integration is
-- no longer watched.
DELETE FROM history
WHERE at < :before AND (
    EXISTS (
        SELECT 1 FROM history AS later
        WHERE later.guild_id = history.guild_id AND later.provider = history.provider
            AND later.id = history.id AND later.at > history.at AND later.at <= :before
    )
    OR NOT EXISTS (
        SELECT 1 FROM watched
        WHERE watched.guild_id = history.guild_id AND watched.kind = 'integration'
            AND watched.provider = history.provider AND watched.id = history.id
    )
);
