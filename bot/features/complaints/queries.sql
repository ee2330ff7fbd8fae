-- name: put_complaint(guild_id, message_id, reported_by, channel_id, provider, id, sent_at, reported_at)!
-- Changes no row if the member has reported the message before.
INSERT INTO complaint (guild_id, message_id, reported_by, channel_id, provider, id, sent_at, reported_at)
VALUES (:guild_id, :message_id, :reported_by, :channel_id, :provider, :id, :sent_at, :reported_at)
ON CONFLICT (guild_id, message_id, reported_by) DO NOTHING;

-- name: newest_complaints(guild_id, provider, id, most)
SELECT message_id, reported_by, channel_id, provider, id, sent_at, reported_at
FROM complaint
WHERE guild_id = :guild_id AND provider = :provider AND id = :id
ORDER BY reported_at DESC, message_id DESC, reported_by
LIMIT :most;

-- name: compact_complaints(before)!
DELETE FROM complaint WHERE reported_at < :before;
