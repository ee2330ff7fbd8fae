-- The rows of many servers, one statement after the other. Of each server: an agent, its connection, two incidents of
-- which one in fifty is open, each with its alert, a route, a grant and five entries of the audit log. Some have a
-- board, quiet hours or a maintenance window. The history is spread over so long that some of it is too old, as it is
-- an hour after such rows were last deleted.

CREATE TEMP TABLE server AS
WITH RECURSIVE counted (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM counted WHERE i + 1 < :size)
SELECT :first + i AS guild_id, :member + i AS member, i, printf('00000000-0000-4000-8000-%012x', i) AS agent
FROM counted;

CREATE TEMP TABLE nth AS
WITH RECURSIVE counted (number) AS (VALUES (1) UNION ALL SELECT number + 1 FROM counted WHERE number < :each)
SELECT number FROM counted;

INSERT INTO guild SELECT guild_id, :now, NULL, NULL FROM server;

INSERT INTO connection
SELECT guild_id, 'toolzz', 'default', :secret, member, :now, :now, NULL, i FROM server;

INSERT INTO integration
SELECT guild_id, 'toolzz', agent, 'default', 'Agent', NULL, member, :now, NULL FROM server;

INSERT INTO watched
SELECT guild_id, kind, 'toolzz',
    CASE kind WHEN 'integration' THEN agent WHEN 'connection' THEN 'default' ELSE 'toolzz' END,
    CASE kind WHEN 'provider' THEN '' ELSE 'default' END,
    'Agent', 'connected', '', :now, 0, 9, NULL, NULL, NULL, 'connected', NULL, '', 0, NULL
FROM server
CROSS JOIN (SELECT 'connection' AS kind UNION SELECT 'integration' UNION SELECT 'provider');

INSERT INTO last_check SELECT guild_id, 'toolzz', 'default', :now, :now, '' FROM server;

INSERT INTO history
SELECT guild_id, 'toolzz', agent, :now - :kept / :each * number + i % 3600,
    CASE WHEN number % 2 THEN 'connected' ELSE 'disconnected' END, ''
FROM server CROSS JOIN nth;

INSERT INTO incident_number SELECT guild_id, 2 FROM server;

INSERT INTO incident
SELECT guild_id, number, 'integration', 'toolzz', agent, 'default', 'Agent', 'disconnected', '',
    :now - 86400 * (3 - number), CASE WHEN number = 1 OR i % 50 THEN :now - 80000 * (3 - number) END,
    '', 0, NULL, NULL
FROM server CROSS JOIN nth
WHERE number <= 2;

INSERT INTO route
SELECT guild_id, 1, guild_id + 1, NULL, '', '', 'disconnected,error', 0, 2, 0, NULL, 0, 'quiet', member, :now, '',
    NULL, NULL, 0
FROM server;

INSERT INTO outbox
SELECT guild_id, 'alert', 1, number, guild_id + 1, guild_id + 9 + number, NULL, NULL, 1, 2, 2, NULL, 0, opened_at,
    NULL, '', opened_at, closed_at, opened_at, opened_at, NULL, ''
FROM incident
WHERE guild_id >= :first;

INSERT INTO alert_incident
SELECT guild_id, 1, number, number, opened_at, 0, NULL FROM incident WHERE guild_id >= :first;

INSERT INTO board SELECT guild_id, guild_id + 2, member, '', NULL, NULL, 0 FROM server WHERE i % 10 = 0;

INSERT INTO outbox
SELECT guild_id, 'board', 0, 0, channel_id, guild_id + 8, NULL, NULL, 1, 9, 9, NULL, 0, :now, NULL, 'shown', 0, :now,
    NULL, NULL, NULL, ''
FROM board
WHERE guild_id >= :first;

INSERT INTO access SELECT guild_id, 'role', guild_id + 5, 1, member, :now FROM server;

INSERT INTO audit_member SELECT guild_id, printf('p%022d', i), member FROM server;

INSERT INTO audit
SELECT guild_id, number, :now - 86400 * (60 - number), printf('p%022d', i), 'connections.add', 'toolzz · default',
    CASE number WHEN 4 THEN 'begun' ELSE 'done' END, zeroblob(32), CASE number WHEN 5 THEN 4 END, 1
FROM server CROSS JOIN nth
WHERE number <= 5;

INSERT INTO audit_seal SELECT guild_id, 'head', 5, zeroblob(32), zeroblob(40) FROM server;

INSERT INTO quiet_hours SELECT guild_id, 1320, 420, 'UTC', member, :now FROM server WHERE i % 10 = 1;

INSERT INTO maintenance
SELECT guild_id, 1, '', '', :now - 7200, :now - 3600, member, :now - 7200 FROM server WHERE i % 20 = 2;

INSERT INTO maintenance_count SELECT guild_id, 1 FROM server WHERE i % 20 = 2;
