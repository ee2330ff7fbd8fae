-- name: get_synced_commands(application_id)^
SELECT hash, ids FROM synced_commands WHERE application_id = :application_id;

-- name: put_synced_commands(application_id, hash, ids)!
INSERT INTO synced_commands (application_id, hash, ids)
VALUES (:application_id, :hash, :ids)
ON CONFLICT (application_id) DO UPDATE SET hash = excluded.hash, ids = excluded.ids;

-- name: get_other_application(application_id)^
SELECT application_id FROM synced_commands
WHERE application_id <> :application_id
ORDER BY application_id
LIMIT 1;
