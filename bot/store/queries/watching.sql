-- name: list_watched(guild_id)
SELECT guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at,
    muted_until_at, muted_by, found
FROM watched
WHERE guild_id = :guild_id
ORDER BY kind, provider, id;

-- name: list_subjects(guild_id, provider)
SELECT guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at,
    muted_until_at, muted_by, found
FROM watched
WHERE guild_id = :guild_id AND provider = :provider;

-- name: put_watched(guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at, found)!
-- Whether it is muted is somebody else's to say.
INSERT INTO watched (
    guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at, found
)
VALUES (
    :guild_id, :kind, :provider, :id, :connection, :label, :state, :detail, :changed_at, :bad, :good,
    :bad_at, :found
)
ON CONFLICT (guild_id, kind, provider, id) DO UPDATE SET
    connection = excluded.connection, label = excluded.label, state = excluded.state,
    detail = excluded.detail, changed_at = excluded.changed_at, bad = excluded.bad, good = excluded.good,
    bad_at = excluded.bad_at, found = excluded.found;

-- name: delete_watched(guild_id, kind, provider, id)!
DELETE FROM watched WHERE guild_id = :guild_id AND kind = :kind AND provider = :provider AND id = :id;

-- name: list_orphans()
-- What belongs to a connection that is no longer there, and providers that no connection is left of.
SELECT guild_id, kind, provider, id, connection, label, state, detail, changed_at, bad, good, bad_at,
    muted_until_at, muted_by, found
FROM watched
WHERE NOT EXISTS (
    SELECT 1 FROM connection
    WHERE connection.guild_id = watched.guild_id AND connection.provider = watched.provider
        AND (watched.kind = 'provider' OR connection.name = watched.connection)
);

-- name: get_muted(guild_id, kind, provider, id)^
SELECT muted_until_at FROM watched
WHERE guild_id = :guild_id AND kind = :kind AND provider = :provider AND id = :id;

-- name: mute_watched(guild_id, provider, id, muted_until_at, muted_by)!
UPDATE watched SET muted_until_at = :muted_until_at, muted_by = :muted_by
WHERE guild_id = :guild_id AND kind = 'integration' AND provider = :provider AND id = :id;

-- name: list_checks(guild_id)
SELECT guild_id, provider, connection, checked_at, answered_at, error
FROM last_check
WHERE guild_id = :guild_id;

-- name: put_check(guild_id, provider, connection, checked_at, answered_at, error)!
-- Not for a connection that was removed meanwhile.
INSERT INTO last_check (guild_id, provider, connection, checked_at, answered_at, error)
SELECT :guild_id, :provider, :connection, :checked_at, :answered_at, :error
WHERE EXISTS (
    SELECT 1 FROM connection
    WHERE guild_id = :guild_id AND provider = :provider AND name = :connection
)
ON CONFLICT (guild_id, provider, connection) DO UPDATE SET
    checked_at = excluded.checked_at, answered_at = coalesce(excluded.answered_at, answered_at),
    error = excluded.error;

-- name: delete_orphan_checks()!
DELETE FROM last_check WHERE NOT EXISTS (
    SELECT 1 FROM connection
    WHERE connection.guild_id = last_check.guild_id AND connection.provider = last_check.provider
        AND connection.name = last_check.connection
);

-- name: put_transition(guild_id, provider, id, at, state, detail)!
INSERT INTO history (guild_id, provider, id, at, state, detail)
VALUES (:guild_id, :provider, :id, :at, :state, :detail)
ON CONFLICT (guild_id, provider, id, at) DO UPDATE SET state = excluded.state, detail = excluded.detail;

-- name: list_history(guild_id, provider, id, since)
-- The first row tells in which state the time began.
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

-- name: compact_history(before)!
-- The newest row before that time stays: it tells in which state what is kept begins. Of what is no longer
-- watched nothing is kept.
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

-- name: compact_alerts(before)!
DELETE FROM alert WHERE EXISTS (
    SELECT 1 FROM incident
    WHERE incident.guild_id = alert.guild_id AND incident.number = alert.number
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
