-- name: list_integrations(guild_id, provider)
SELECT id, connection, label, bot_id, placed_by, placed_at
FROM integration
WHERE guild_id = :guild_id AND provider = :provider
ORDER BY id;

-- name: put_integration(guild_id, provider, id, connection, label, bot_id, placed_by, placed_at)!
-- Stores nothing if the connection was removed meanwhile. That is no error.
INSERT INTO integration (guild_id, provider, id, connection, label, bot_id, placed_by, placed_at)
SELECT :guild_id, :provider, :id, :connection, :label, :bot_id, :placed_by, :placed_at
WHERE EXISTS (
    SELECT 1 FROM connection
    WHERE guild_id = :guild_id AND provider = :provider AND name = :connection
)
ON CONFLICT (guild_id, provider, id) DO UPDATE SET
    connection = excluded.connection, label = excluded.label, bot_id = excluded.bot_id,
    placed_by = excluded.placed_by, placed_at = excluded.placed_at;

-- name: delete_integration(guild_id, provider, id)!
DELETE FROM integration
WHERE guild_id = :guild_id AND provider = :provider AND id = :id;
