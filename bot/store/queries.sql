-- name: get_key_mark()^
SELECT key_ids, signature FROM key_mark;

-- name: put_key_mark(key_ids, signature)!
INSERT INTO key_mark (id, key_ids, signature) VALUES (1, :key_ids, :signature)
ON CONFLICT (id) DO UPDATE SET key_ids = excluded.key_ids, signature = excluded.signature;
