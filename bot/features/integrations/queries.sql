-- name: list_integrations(guild_id, provider)
SELECT id, connection, label, bot_id, application_id, placed_by, placed_at
FROM integration
WHERE guild_id = :guild_id AND provider = :provider
ORDER BY id;

-- name: get_integration(guild_id, provider, id)^
SELECT id, connection, label, bot_id, application_id, placed_by, placed_at
FROM integration
WHERE guild_id = :guild_id AND provider = :provider AND id = :id;

-- name: list_all_integrations(guild_id)
SELECT provider, id, connection, label, bot_id, application_id, placed_by, placed_at
FROM integration
WHERE guild_id = :guild_id
ORDER BY provider, id;

-- name: put_integration(guild_id, provider, id, connection, label, bot_id, application_id, placed_by, placed_at)!
-- Stores nothing if the connection was removed meanwhile. That is no error. A bot that is known stays known.
INSERT INTO integration (
    guild_id, provider, id, connection, label, bot_id, application_id, placed_by, placed_at
)
SELECT :guild_id, :provider, :id, :connection, :label, :bot_id, :application_id, :placed_by, :placed_at
WHERE EXISTS (
    SELECT 1 FROM connection
    WHERE guild_id = :guild_id AND provider = :provider AND name = :connection
)
ON CONFLICT (guild_id, provider, id) DO UPDATE SET
    connection = excluded.connection, label = excluded.label,
    bot_id = coalesce(excluded.bot_id, integration.bot_id),
    application_id = CASE
        WHEN excluded.bot_id IS NULL THEN coalesce(excluded.application_id, integration.application_id)
        ELSE excluded.application_id
    END,
    placed_by = excluded.placed_by, placed_at = excluded.placed_at;

-- name: delete_integration(guild_id, provider, id)!
DELETE FROM integration
WHERE guild_id = :guild_id AND provider = :provider AND id = :id;

-- name: list_ignored(guild_id, provider)
SELECT id, connection, label, ignored_by, ignored_at
FROM ignored
WHERE guild_id = :guild_id AND provider = :provider
ORDER BY id;

-- name: get_ignored(guild_id, provider, id)^
SELECT id, connection, label, ignored_by, ignored_at
FROM ignored
WHERE guild_id = :guild_id AND provider = :provider AND id = :id;

-- name: put_ignored(guild_id, provider, id, connection, label, ignored_by, ignored_at)!
-- Stores nothing if the connection was removed meanwhile, or if it is ignored already.
INSERT INTO ignored (guild_id, provider, id, connection, label, ignored_by, ignored_at)
SELECT :guild_id, :provider, :id, :connection, :label, :ignored_by, :ignored_at
WHERE EXISTS (
    SELECT 1 FROM connection
    WHERE guild_id = :guild_id AND provider = :provider AND name = :connection
)
ON CONFLICT (guild_id, provider, id) DO NOTHING;

-- name: delete_ignored(guild_id, provider, id)!
DELETE FROM ignored
WHERE guild_id = :guild_id AND provider = :provider AND id = :id;
