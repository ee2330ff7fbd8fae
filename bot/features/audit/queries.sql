-- name: get_audit_head(guild_id)^
SELECT guild_id, number, hash, signature FROM audit_head WHERE guild_id = :guild_id;

-- name: get_last_audit_number(guild_id)$
SELECT max(number) FROM audit WHERE guild_id = :guild_id;

-- name: put_audit_head(guild_id, number, hash, signature)!
INSERT INTO audit_head (guild_id, number, hash, signature)
VALUES (:guild_id, :number, :hash, :signature)
ON CONFLICT (guild_id) DO UPDATE SET
    number = excluded.number, hash = excluded.hash, signature = excluded.signature;

-- name: insert_audit_entry(guild_id, number, at, member, action, target, result, hash)!
INSERT INTO audit (guild_id, number, at, member, action, target, result, hash)
VALUES (:guild_id, :number, :at, :member, :action, :target, :result, :hash);

-- name: count_audit(guild_id, member, action)^
SELECT count(*) AS entries
FROM audit
WHERE guild_id = :guild_id
    AND (:member IS NULL OR member = :member)
    AND (:action IS NULL OR action = :action);

-- name: list_audit(guild_id, member, action, size, skipped)
SELECT guild_id, number, at, member, action, target, result, hash
FROM audit
WHERE guild_id = :guild_id
    AND (:member IS NULL OR member = :member)
    AND (:action IS NULL OR action = :action)
ORDER BY number DESC
LIMIT :size OFFSET :skipped;

-- name: read_audit(guild_id)
-- One statement sees one state: an entry that is added meanwhile must not look as if it were added by hand.
SELECT guild_id, number, at, member, action, target, result, hash, NULL AS signature
FROM audit
WHERE guild_id = :guild_id
UNION ALL
SELECT guild_id, number, NULL, NULL, NULL, NULL, NULL, hash, signature
FROM audit_head
WHERE guild_id = :guild_id
ORDER BY number;

-- name: list_audit_heads(after_guild, size)
-- Of all guilds, for a change of the key that signs them.
SELECT guild_id, number, hash, signature
FROM audit_head
WHERE guild_id > :after_guild
ORDER BY guild_id
LIMIT :size;

-- name: resign_audit_head(signature, guild_id, before)!
-- A head that moved on meanwhile was signed with the new key.
UPDATE audit_head SET signature = :signature WHERE guild_id = :guild_id AND signature = :before;
