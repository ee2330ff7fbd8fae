-- name: list_clocks()
SELECT provider, host, offset_minutes FROM provider_clock ORDER BY provider, host;

-- name: put_clock(provider, host, offset_minutes, learned_at)!
INSERT INTO provider_clock (provider, host, offset_minutes, learned_at)
VALUES (:provider, :host, :offset_minutes, :learned_at)
ON CONFLICT (provider, host) DO UPDATE SET
    offset_minutes = excluded.offset_minutes, learned_at = excluded.learned_at;
