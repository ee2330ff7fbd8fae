-- name: list_windows(guild_id, since)
-- Those that end after that time, the first to begin first.
SELECT guild_id, number, provider, id, starts_at, ends_at, set_by, set_at
FROM maintenance
WHERE guild_id = :guild_id AND ends_at > :since
ORDER BY starts_at, number;

-- name: get_window(guild_id, number)^
SELECT guild_id, number, provider, id, starts_at, ends_at, set_by, set_at
FROM maintenance
WHERE guild_id = :guild_id AND number = :number;

-- name: count_windows(guild_id, now)$
SELECT count(*) FROM maintenance WHERE guild_id = :guild_id AND ends_at > :now;

-- name: take_number(guild_id)!
INSERT INTO maintenance_count (guild_id, number)
VALUES (:guild_id, 1)
ON CONFLICT (guild_id) DO UPDATE SET number = maintenance_count.number + 1;

-- name: taken_number(guild_id)$
SELECT number FROM maintenance_count WHERE guild_id = :guild_id;

-- name: add_window(guild_id, number, provider, id, starts_at, ends_at, set_by, set_at)!
INSERT INTO maintenance (guild_id, number, provider, id, starts_at, ends_at, set_by, set_at)
VALUES (:guild_id, :number, :provider, :id, :starts_at, :ends_at, :set_by, :set_at);

-- name: end_window(guild_id, number, now)!
UPDATE maintenance SET ends_at = :now WHERE guild_id = :guild_id AND number = :number;

-- name: delete_window(guild_id, number)!
DELETE FROM maintenance WHERE guild_id = :guild_id AND number = :number;

-- name: compact_maintenance(before)!
DELETE FROM maintenance WHERE ends_at < :before;

-- name: look_again(guild_id, now)!
-- Has the outbox decide anew about every alert that waits for something or is about an open incident.
UPDATE outbox SET desired_version = desired_version + 1, next_at = :now
WHERE guild_id = :guild_id AND kind = 'alert' AND (
    next_at IS NOT NULL
    OR EXISTS (
        SELECT 1 FROM alert_incident
        INNER JOIN incident
            ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
        WHERE alert_incident.guild_id = outbox.guild_id AND alert_incident.route = outbox.route
            AND alert_incident.alert = outbox.number AND incident.closed_at IS NULL
    )
);

-- name: look_again_at_pending(guild_id, now)!
-- Has the outbox decide anew about the incidents that nobody was told of yet.
UPDATE alert_incident SET next_at = :now WHERE guild_id = :guild_id AND alert IS NULL;
