-- name: get_seal(guild_id, kind)^
-- The latest one of this kind.
SELECT guild_id, kind, number, hash, signature
FROM audit_seal
WHERE guild_id = :guild_id AND kind = :kind
ORDER BY number DESC
LIMIT 1;

-- name: list_points(guild_id, after, until)
SELECT guild_id, kind, number, hash, signature
FROM audit_seal
WHERE guild_id = :guild_id AND kind = 'point' AND number > :after AND number <= :until
ORDER BY number;

-- name: list_seals(guild_id, kind, number, size)
-- Of all guilds, those after this one.
SELECT guild_id, kind, number, hash, signature
FROM audit_seal
WHERE (guild_id, kind, number) > (:guild_id, :kind, :number)
ORDER BY guild_id, kind, number
LIMIT :size;

-- name: drop_seal(guild_id, kind)!
DELETE FROM audit_seal WHERE guild_id = :guild_id AND kind = :kind;

-- name: drop_points(guild_id, until)!
DELETE FROM audit_seal WHERE guild_id = :guild_id AND kind = 'point' AND number <= :until;

-- name: put_seal(guild_id, kind, number, hash, signature)!
INSERT INTO audit_seal (guild_id, kind, number, hash, signature)
VALUES (:guild_id, :kind, :number, :hash, :signature)
ON CONFLICT (guild_id, kind, number) DO UPDATE SET hash = excluded.hash, signature = excluded.signature;

-- name: get_last_audit_number(guild_id)$
SELECT max(number) FROM audit WHERE guild_id = :guild_id;

-- name: insert_audit_entry(guild_id, number, at, author, action, target, result, hash, ends, times)!
INSERT INTO audit (guild_id, number, at, member, action, target, result, hash, ends, times)
VALUES (:guild_id, :number, :at, :author, :action, :target, :result, :hash, :ends, :times);

-- name: read_audit(guild_id, after, until, size)
-- The oldest first. The target of an entry about a member is "member · ", a pseudonym, and perhaps more.
SELECT entry.guild_id, entry.number, entry.at, entry.member AS author, entry.action, entry.target,
    entry.result, entry.hash, entry.ends, entry.times, known.member, named.member AS subject
FROM audit AS entry
LEFT JOIN audit_member AS known ON known.guild_id = entry.guild_id AND known.pseudonym = entry.member
LEFT JOIN audit_member AS named
    ON named.guild_id = entry.guild_id AND named.pseudonym = substr(entry.target, 10, 23)
    AND entry.target LIKE 'member · %'
WHERE entry.guild_id = :guild_id AND entry.number > :after AND entry.number <= :until
ORDER BY entry.number
LIMIT :size;

-- name: older(guild_id, before, size)
-- An entry whose result another one gives is left out, here and below.
SELECT number FROM audit
WHERE guild_id = :guild_id AND number < :before
    AND NOT (result = 'begun' AND EXISTS (
        SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
    ))
ORDER BY number DESC LIMIT :size;

-- name: older_of_member(guild_id, before, author, size)
SELECT number FROM audit
WHERE guild_id = :guild_id AND number < :before AND member = :author
    AND NOT (result = 'begun' AND EXISTS (
        SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
    ))
ORDER BY number DESC LIMIT :size;

-- name: older_of_action(guild_id, before, action, size)
SELECT number FROM audit
WHERE guild_id = :guild_id AND number < :before AND action = :action
    AND NOT (result = 'begun' AND EXISTS (
        SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
    ))
ORDER BY number DESC LIMIT :size;

-- name: older_of_both(guild_id, before, author, action, size)
SELECT number FROM audit
WHERE guild_id = :guild_id AND number < :before AND member = :author AND action = :action
    AND NOT (result = 'begun' AND EXISTS (
        SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
    ))
ORDER BY number DESC LIMIT :size;

-- name: newer(guild_id, after, size)
SELECT number FROM audit
WHERE guild_id = :guild_id AND number > :after
    AND NOT (result = 'begun' AND EXISTS (
        SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
    ))
ORDER BY number LIMIT :size;

-- name: newer_of_member(guild_id, after, author, size)
SELECT number FROM audit
WHERE guild_id = :guild_id AND number > :after AND member = :author
    AND NOT (result = 'begun' AND EXISTS (
        SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
    ))
ORDER BY number LIMIT :size;

-- name: newer_of_action(guild_id, after, action, size)
SELECT number FROM audit
WHERE guild_id = :guild_id AND number > :after AND action = :action
    AND NOT (result = 'begun' AND EXISTS (
        SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
    ))
ORDER BY number LIMIT :size;

-- name: newer_of_both(guild_id, after, author, action, size)
SELECT number FROM audit
WHERE guild_id = :guild_id AND number > :after AND member = :author AND action = :action
    AND NOT (result = 'begun' AND EXISTS (
        SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
    ))
ORDER BY number LIMIT :size;

-- name: last_about(guild_id, action, target, searched)^
-- The latest entry with this action and target, among the last ones with this action.
SELECT number FROM (
    SELECT number, target FROM audit
    WHERE guild_id = :guild_id AND action = :action
    ORDER BY number DESC LIMIT :searched
) AS latest
WHERE target = :target
ORDER BY number DESC LIMIT 1;

-- name: list_unfinished()
SELECT guild_id, number FROM audit
WHERE result = 'begun' AND NOT EXISTS (
    SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
)
ORDER BY guild_id, number;

-- name: is_unfinished(guild_id, number)$
SELECT count(*) FROM audit
WHERE guild_id = :guild_id AND number = :number AND result = 'begun' AND NOT EXISTS (
    SELECT 1 FROM audit AS later WHERE later.guild_id = audit.guild_id AND later.ends = audit.number
);

-- name: list_aged(before)
-- The guilds whose first entry is older.
SELECT guild_id FROM audit_seal
WHERE kind = 'head' AND (
    SELECT at FROM audit WHERE audit.guild_id = audit_seal.guild_id ORDER BY number LIMIT 1
) < :before
ORDER BY guild_id;

-- name: delete_entries(guild_id, until)!
DELETE FROM audit WHERE guild_id = :guild_id AND number <= :until;

-- name: get_nth(guild_id, skipped)^
-- The first entry after so many.
SELECT number FROM audit WHERE guild_id = :guild_id ORDER BY number LIMIT 1 OFFSET :skipped;

-- name: list_unnamed(guild_id)
-- This reads the whole log: there is no index by what entries are about.
SELECT pseudonym FROM audit_member AS known
WHERE guild_id = :guild_id
    AND NOT EXISTS (
        SELECT 1 FROM audit WHERE audit.guild_id = known.guild_id AND audit.member = known.pseudonym
    )
    AND pseudonym NOT IN (
        SELECT substr(target, 10, 23) FROM audit WHERE guild_id = :guild_id AND target LIKE 'member · %'
    )
ORDER BY pseudonym;

-- name: drop_pseudonym(guild_id, pseudonym, after)*!
-- Unless one of the entries after this one has it, which were added since the others were read.
DELETE FROM audit_member
WHERE guild_id = :guild_id AND pseudonym = :pseudonym AND NOT EXISTS (
    SELECT 1 FROM audit
    WHERE guild_id = :guild_id AND number > :after AND (
        member = :pseudonym OR (target LIKE 'member · %' AND substr(target, 10, 23) = :pseudonym)
    )
);

-- name: get_pseudonym(guild_id, member)$
SELECT pseudonym FROM audit_member WHERE guild_id = :guild_id AND member = :member;

-- name: add_pseudonym(guild_id, pseudonym, member)!
INSERT INTO audit_member (guild_id, pseudonym, member) VALUES (:guild_id, :pseudonym, :member);

-- name: list_labels(guild_id)
-- The names of the guild's agents; where one agent has several, the one that counts comes last.
SELECT provider, id, label FROM (
    SELECT provider, id, label, 1 AS rank FROM ignored WHERE guild_id = :guild_id
    UNION ALL
    SELECT provider, id, label, 2 AS rank FROM integration WHERE guild_id = :guild_id
    UNION ALL
    SELECT provider, id, label, 3 AS rank FROM watched WHERE guild_id = :guild_id AND kind = 'candidate'
    UNION ALL
    SELECT provider, id, label, 4 AS rank FROM watched WHERE guild_id = :guild_id AND kind = 'integration'
) AS known
ORDER BY rank, provider, id;

-- name: list_former()
-- The guilds whose logs have no seals yet.
SELECT guild_id FROM audit_head
UNION
SELECT DISTINCT guild_id FROM audit
WHERE guild_id NOT IN (SELECT guild_id FROM audit_seal WHERE kind = 'head')
ORDER BY guild_id;

-- name: get_former_head(guild_id)^
SELECT guild_id, 'head' AS kind, number, hash, signature FROM audit_head WHERE guild_id = :guild_id;

-- name: drop_former_head(guild_id)!
DELETE FROM audit_head WHERE guild_id = :guild_id;

-- name: rewrite_entry(guild_id, number, author, action, target, result, hash)*!
UPDATE audit SET member = :author, action = :action, target = :target, result = :result, hash = :hash
WHERE guild_id = :guild_id AND number = :number;
