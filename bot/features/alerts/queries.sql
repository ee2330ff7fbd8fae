-- name: list_routes(guild_id)
SELECT guild_id, number, channel_id, role_id, provider, integration, states, partial, checks, remind,
    second_role_id, escalate, recovery, set_by, set_at, suspended, refused_at, retry_at, is_reported
FROM route
WHERE guild_id = :guild_id
ORDER BY number;

-- name: get_route(guild_id, number)^
SELECT guild_id, number, channel_id, role_id, provider, integration, states, partial, checks, remind,
    second_role_id, escalate, recovery, set_by, set_at, suspended, refused_at, retry_at, is_reported
FROM route
WHERE guild_id = :guild_id AND number = :number;

-- name: next_route(guild_id)$
-- Messages of a route that was removed keep its number.
SELECT coalesce(max(number), 0) + 1
FROM (
    SELECT number FROM route WHERE guild_id = :guild_id
    UNION ALL SELECT route FROM outbox WHERE guild_id = :guild_id
) AS used;

-- name: put_route(guild_id, number, channel_id, role_id, provider, integration, states, partial, checks, remind, second_role_id, escalate, recovery, set_by, set_at, suspended, refused_at, retry_at, is_reported)!
INSERT INTO route (
    guild_id, number, channel_id, role_id, provider, integration, states, partial, checks, remind,
    second_role_id, escalate, recovery, set_by, set_at, suspended, refused_at, retry_at, is_reported
)
VALUES (
    :guild_id, :number, :channel_id, :role_id, :provider, :integration, :states, :partial, :checks, :remind,
    :second_role_id, :escalate, :recovery, :set_by, :set_at, :suspended, :refused_at, :retry_at, :is_reported
)
ON CONFLICT (guild_id, number) DO UPDATE SET
    channel_id = excluded.channel_id, role_id = excluded.role_id, provider = excluded.provider,
    integration = excluded.integration, states = excluded.states, partial = excluded.partial,
    checks = excluded.checks, remind = excluded.remind, second_role_id = excluded.second_role_id,
    escalate = excluded.escalate, recovery = excluded.recovery, set_by = excluded.set_by,
    set_at = excluded.set_at, suspended = excluded.suspended,
    refused_at = excluded.refused_at, retry_at = excluded.retry_at,
    is_reported = excluded.is_reported;

-- name: delete_route(guild_id, number)!
DELETE FROM route WHERE guild_id = :guild_id AND number = :number;

-- name: suspend_routes(guild_id, channel_id, suspended, refused_at, retry_at, is_reported)!
UPDATE route SET
    suspended = :suspended, refused_at = :refused_at, retry_at = :retry_at, is_reported = :is_reported
WHERE guild_id = :guild_id AND channel_id = :channel_id;

-- name: resume_routes(guild_id, channel_id)!
UPDATE route SET suspended = '', refused_at = NULL, retry_at = NULL, is_reported = 0
WHERE guild_id = :guild_id AND channel_id = :channel_id AND suspended <> '';

-- name: retry_routes(guild_id, now, spacing)!
-- Each suspended route is tried soon, but not more often than once in the spacing.
UPDATE route SET retry_at = CASE
        WHEN retry_at <= :now OR retry_at <= refused_at + :spacing THEN retry_at
        WHEN refused_at + :spacing > :now THEN refused_at + :spacing
        ELSE :now
    END
WHERE guild_id = :guild_id AND suspended <> '';

-- name: retry_board(guild_id, now, spacing)!
UPDATE board SET retry_at = CASE
        WHEN retry_at <= :now OR retry_at <= refused_at + :spacing THEN retry_at
        WHEN refused_at + :spacing > :now THEN refused_at + :spacing
        ELSE :now
    END
WHERE guild_id = :guild_id AND suspended <> '';

-- name: retry_messages(guild_id, now)!
-- Those that could not be sent; what Discord does not take because of what it says waits for its time.
UPDATE outbox SET next_at = :now
WHERE guild_id = :guild_id AND tries > 0 AND error NOT IN ('auto_moderation', 'rejected');

-- name: retry_channel(guild_id, channel_id, now)!
-- Those of the routes to a channel that could not be sent.
UPDATE outbox SET next_at = :now
WHERE guild_id = :guild_id AND tries > 0 AND route IN (
    SELECT number FROM route WHERE guild_id = :guild_id AND channel_id = :channel_id
);

-- name: arm_suspended(guild_id, now)!
-- Has those looked at again whose route or board is suspended.
UPDATE outbox SET next_at = :now
WHERE guild_id = :guild_id AND (
    (kind = 'board' AND EXISTS (
        SELECT 1 FROM board WHERE board.guild_id = outbox.guild_id AND board.suspended <> ''
    ))
    OR (
        (desired_version > sent_version OR tried_at IS NOT NULL OR old_message_id IS NOT NULL)
        AND EXISTS (
            SELECT 1 FROM route
            WHERE route.guild_id = outbox.guild_id AND route.number = outbox.route AND route.suspended <> ''
        )
    )
);

-- name: list_idle_suspended(now)
-- Suspended channels of which it is time to try, and to which nothing is to be sent.
SELECT DISTINCT guild_id, channel_id FROM route AS suspended_route
WHERE suspended <> '' AND retry_at <= :now AND NOT EXISTS (
    SELECT 1 FROM outbox
    INNER JOIN route ON route.guild_id = outbox.guild_id AND route.number = outbox.route
    WHERE outbox.guild_id = suspended_route.guild_id AND route.channel_id = suspended_route.channel_id
        AND (outbox.desired_version > outbox.sent_version OR outbox.tried_at IS NOT NULL)
);

-- name: list_waiting(guild_id)
-- How many messages of each route, or of the board, could not be sent, and when the next one is tried.
SELECT route, error AS why, count(*) AS count, min(next_at) AS next_at
FROM outbox
WHERE guild_id = :guild_id AND tries > 0 AND error <> '' AND (
    kind = 'board'
    OR EXISTS (
        SELECT 1 FROM route WHERE route.guild_id = outbox.guild_id AND route.number = outbox.route
    )
)
GROUP BY route, error
ORDER BY route, error;

-- name: count_unsent(guild_id, route)^
-- Alerts that are to be posted and were not.
SELECT count(*) AS alerts FROM outbox
WHERE guild_id = :guild_id AND kind = 'alert' AND route = :route AND posts = 0
    AND desired_version > sent_version;

-- name: get_board(guild_id)^
SELECT guild_id, channel_id, set_by, suspended, refused_at, retry_at, is_reported FROM board WHERE guild_id = :guild_id;

-- name: list_boards()
SELECT guild_id, channel_id, set_by, suspended, refused_at, retry_at, is_reported FROM board ORDER BY guild_id;

-- name: put_board(guild_id, channel_id, set_by, suspended, refused_at, retry_at, is_reported)!
INSERT INTO board (guild_id, channel_id, set_by, suspended, refused_at, retry_at, is_reported)
VALUES (:guild_id, :channel_id, :set_by, :suspended, :refused_at, :retry_at, :is_reported)
ON CONFLICT (guild_id) DO UPDATE SET
    channel_id = excluded.channel_id, set_by = excluded.set_by, suspended = excluded.suspended,
    refused_at = excluded.refused_at, retry_at = excluded.retry_at, is_reported = excluded.is_reported;

-- name: suspend_board(guild_id, channel_id, suspended, refused_at, retry_at, is_reported)!
UPDATE board SET suspended = :suspended, refused_at = :refused_at, retry_at = :retry_at, is_reported = :is_reported
WHERE guild_id = :guild_id AND channel_id = :channel_id;

-- name: resume_board(guild_id)!
UPDATE board SET suspended = '', refused_at = NULL, retry_at = NULL, is_reported = 0 WHERE guild_id = :guild_id;

-- name: delete_board(guild_id, channel_id)!
DELETE FROM board WHERE guild_id = :guild_id AND channel_id = :channel_id;

-- name: add_message(guild_id, kind, route, number, began_at, next_at)!
-- Does nothing where there is one.
INSERT INTO outbox (
    guild_id, kind, route, number, posts, desired_version, sent_version, tries, next_at, content, began_at, error
)
VALUES (:guild_id, :kind, :route, :number, 0, 1, 0, 0, :next_at, '', :began_at, '')
ON CONFLICT (guild_id, kind, route, number) DO NOTHING;

-- name: delete_message(guild_id, kind, route, number)!
DELETE FROM outbox WHERE guild_id = :guild_id AND kind = :kind AND route = :route AND number = :number;

-- name: replace_board(guild_id, now)!
-- Has the board posted anew, and its present message deleted. What may have been posted is looked for first.
UPDATE outbox SET
    channel_id = CASE
        WHEN tried_at IS NOT NULL THEN channel_id
    END,
    message_id = NULL,
    old_channel_id = CASE
        WHEN message_id IS NULL THEN old_channel_id
        ELSE channel_id
    END,
    old_message_id = coalesce(message_id, old_message_id), desired_version = desired_version + 1, tries = 0,
    posted_at = :now, next_at = :now, content = '', error = ''
WHERE guild_id = :guild_id AND kind = 'board';

-- name: report_incident(guild_id, route, incident, due_at, silent)!
-- Has a route's alerts tell of an incident; does nothing where they do or will. Alert 0 stands for none: the
-- incident was over before anybody was to be told.
INSERT INTO alert_incident (guild_id, route, incident, alert, due_at, silent, next_at)
VALUES (:guild_id, :route, :incident, NULL, :due_at, :silent, :due_at)
ON CONFLICT (guild_id, route, incident) DO UPDATE SET
    alert = NULL, due_at = excluded.due_at, silent = excluded.silent, next_at = excluded.next_at
WHERE alert_incident.alert = 0;

-- name: list_pending(guild_id, now)
-- Incidents for which it is not decided yet which alert tells of them.
SELECT guild_id, route, incident, alert, due_at, silent, next_at
FROM alert_incident
WHERE guild_id = :guild_id AND alert IS NULL AND next_at <= :now
ORDER BY route, due_at, incident;

-- name: assign_incident(guild_id, route, incident, alert)!
UPDATE alert_incident SET alert = :alert, next_at = NULL
WHERE guild_id = :guild_id AND route = :route AND incident = :incident;

-- name: delay_incident(guild_id, route, incident, next_at)!
-- What is reported later than it began belongs to what is reported then.
UPDATE alert_incident SET next_at = :next_at, due_at = :next_at
WHERE guild_id = :guild_id AND route = :route AND incident = :incident AND alert IS NULL;

-- name: drop_pending(guild_id, route)!
DELETE FROM alert_incident WHERE guild_id = :guild_id AND route = :route AND alert IS NULL;

-- name: arm_pending(guild_id, now)!
UPDATE alert_incident SET next_at = :now WHERE guild_id = :guild_id AND alert IS NULL;

-- name: list_members(guild_id, route, alert)
-- The incidents that an alert tells of.
SELECT incident.guild_id, incident.number, incident.kind, incident.provider, incident.id, incident.connection, incident.label, incident.state, incident.detail, incident.opened_at, incident.closed_at, incident.ended, incident.reopened, incident.acknowledged_by, incident.acknowledged_at
FROM alert_incident
INNER JOIN incident ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
WHERE alert_incident.guild_id = :guild_id AND alert_incident.route = :route AND alert_incident.alert = :alert
ORDER BY incident.number;

-- name: count_loud(guild_id, route, alert)$
-- How many of an alert's open incidents may mention somebody.
SELECT count(*)
FROM alert_incident
INNER JOIN incident ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
WHERE alert_incident.guild_id = :guild_id AND alert_incident.route = :route AND alert_incident.alert = :alert
    AND alert_incident.silent = 0 AND incident.closed_at IS NULL;

-- name: latest_alert(guild_id, route)^
-- The route's newest alert, with how many of its incidents are open.
SELECT number, began_at, posts, tried_at, channel_id, message_id,
    (
        SELECT coalesce(min(alert_incident.silent), 0)
        FROM alert_incident
        INNER JOIN incident
            ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
        WHERE alert_incident.guild_id = outbox.guild_id AND alert_incident.route = outbox.route
            AND alert_incident.alert = outbox.number AND incident.closed_at IS NULL
    ) AS silent,
    (
        SELECT count(*)
        FROM alert_incident
        INNER JOIN incident
            ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
        WHERE alert_incident.guild_id = outbox.guild_id AND alert_incident.route = outbox.route
            AND alert_incident.alert = outbox.number AND incident.closed_at IS NULL
    ) AS open_count
FROM outbox
WHERE guild_id = :guild_id AND kind = 'alert' AND route = :route
ORDER BY began_at DESC, number DESC
LIMIT 1;

-- name: list_reported(guild_id, route, since, until)
-- A route's incidents that are open, or that were reported since then; those without an alert are left out, and
-- open ones whose alert tells somebody by itself: it has done so after ``until``, or is still to be posted.
SELECT incident.guild_id, incident.number, incident.kind, incident.provider, incident.id, incident.connection, incident.label, incident.state, incident.detail, incident.opened_at, incident.closed_at, incident.ended, incident.reopened, incident.acknowledged_by, incident.acknowledged_at
FROM alert_incident
INNER JOIN incident ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
WHERE alert_incident.guild_id = :guild_id AND alert_incident.route = :route AND alert_incident.alert > 0
    AND CASE
        WHEN incident.closed_at IS NULL THEN NOT EXISTS (
            SELECT 1 FROM outbox
            WHERE outbox.guild_id = :guild_id AND outbox.kind = 'alert' AND outbox.route = :route
                AND outbox.number = alert_incident.alert
                AND (outbox.posted_at IS NULL OR outbox.told_at >= :until)
        )
        ELSE alert_incident.due_at >= :since
    END
ORDER BY incident.number;

-- name: list_open_alerts(guild_id, route)
-- Those that tell of an open incident.
SELECT guild_id, kind, route, number, channel_id, message_id, old_channel_id, old_message_id, posts,
    desired_version, sent_version, tried_at, tries, posted_at, next_at, content, began_at, edited_at, told_at,
    mentioned_at, escalated_at, error
FROM outbox
WHERE guild_id = :guild_id AND kind = 'alert' AND route = :route AND number IN (
    SELECT alert_incident.alert
    FROM alert_incident
    INNER JOIN incident
        ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
    WHERE alert_incident.guild_id = :guild_id AND alert_incident.route = :route AND alert_incident.alert > 0
        AND incident.closed_at IS NULL
)
ORDER BY number;

-- name: list_told_open(guild_id, route)
-- The open incidents of which a route tells, or is about to, each with its alert.
SELECT alert_incident.incident, coalesce(alert_incident.alert, 0) AS alert
FROM alert_incident
INNER JOIN incident ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
WHERE alert_incident.guild_id = :guild_id AND alert_incident.route = :route
    AND (alert_incident.alert IS NULL OR alert_incident.alert > 0) AND incident.closed_at IS NULL;

-- name: gather_open(guild_id, route, alert)!
-- Has one alert tell of all open incidents of its route, and mention nobody for those that somebody was told of.
UPDATE alert_incident SET
    silent = CASE
        WHEN EXISTS (
            SELECT 1 FROM outbox
            WHERE outbox.guild_id = alert_incident.guild_id AND outbox.kind = 'alert'
                AND outbox.route = alert_incident.route AND outbox.number = alert_incident.alert
                AND outbox.told_at IS NOT NULL
        ) THEN 1
        ELSE silent
    END,
    alert = :alert
WHERE guild_id = :guild_id AND route = :route AND alert > 0 AND EXISTS (
    SELECT 1 FROM incident
    WHERE incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
        AND incident.closed_at IS NULL
);

-- name: renew_alert(guild_id, route, number, now)!
-- Incidents that are reported now may join it; a mention that is owed for one of its incidents is due.
UPDATE outbox SET began_at = :now,
    told_at = CASE
        WHEN EXISTS (
            SELECT 1 FROM alert_incident
            INNER JOIN incident
                ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
            WHERE alert_incident.guild_id = outbox.guild_id AND alert_incident.route = outbox.route
                AND alert_incident.alert = outbox.number AND alert_incident.silent = 0
                AND incident.closed_at IS NULL
        ) THEN NULL
        ELSE told_at
    END
WHERE guild_id = :guild_id AND kind = 'alert' AND route = :route AND number = :number;

-- name: arm_alert(guild_id, route, number, now)!
UPDATE outbox SET desired_version = desired_version + 1, next_at = :now
WHERE guild_id = :guild_id AND kind = 'alert' AND route = :route AND number = :number;

-- name: silence_pending(guild_id, route, now)!
-- Those that something keeps quiet mention somebody once it does not.
UPDATE alert_incident SET silent = 1
WHERE guild_id = :guild_id AND route = :route AND alert IS NULL AND next_at <= :now;

-- name: arm_emptied(guild_id, route, now)!
-- Has the messages deleted whose incidents are told of elsewhere by now.
UPDATE outbox SET desired_version = desired_version + 1, next_at = :now
WHERE guild_id = :guild_id AND kind = 'alert' AND route = :route AND NOT EXISTS (
    SELECT 1 FROM alert_incident
    WHERE alert_incident.guild_id = outbox.guild_id AND alert_incident.route = outbox.route
        AND alert_incident.alert = outbox.number
);

-- name: release_joined(guild_id, route, alert, posted_at, now)!
-- Has those reported anew that joined an alert after somebody had deleted its message.
UPDATE alert_incident SET alert = NULL, due_at = :now, next_at = :now
WHERE guild_id = :guild_id AND route = :route AND alert = :alert AND due_at > :posted_at AND EXISTS (
    SELECT 1 FROM incident
    WHERE incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
        AND incident.closed_at IS NULL
);

-- name: has_summary(guild_id, route)$
-- Whether a summary of quiet hours is still to be posted.
SELECT count(*) FROM outbox
WHERE guild_id = :guild_id AND kind = 'summary' AND route = :route
    AND (desired_version > sent_version OR tried_at IS NOT NULL);

-- name: mark_told(guild_id, kind, route, number, now)!
-- A summary has told of what this message tells of.
UPDATE outbox SET told_at = coalesce(told_at, :now), mentioned_at = :now, next_at = :now
WHERE guild_id = :guild_id AND kind = :kind AND route = :route AND number = :number;

-- name: list_untold_recoveries(guild_id, route)
-- Replies that mentioned nobody because they were posted in quiet hours.
SELECT kind, number FROM outbox
WHERE guild_id = :guild_id AND kind = 'recovery' AND route = :route AND posts > 0 AND told_at IS NULL;

-- name: pending_summary(guild_id, route)^
-- The summary that is still to be posted.
SELECT number FROM outbox
WHERE guild_id = :guild_id AND kind = 'summary' AND route = :route AND desired_version > sent_version
    AND tried_at IS NULL;

-- name: next_summary(guild_id, route, number)$
-- The first number from this one on that no summary has.
SELECT coalesce(max(number) + 1, :number) FROM outbox
WHERE guild_id = :guild_id AND kind = 'summary' AND route = :route AND number >= :number;

-- name: put_off_summary(guild_id, route, number, later, next_at)!
UPDATE outbox SET number = :later, next_at = :next_at
WHERE guild_id = :guild_id AND kind = 'summary' AND route = :route AND number = :number;

-- name: arm_incident(guild_id, incident, now)!
-- Has the messages show what is known of an incident by now. Where there is none, this adds none.
UPDATE outbox SET desired_version = desired_version + 1, next_at = :now
WHERE guild_id = :guild_id AND kind IN ('alert', 'recovery') AND (route, number) IN (
    SELECT route, alert FROM alert_incident
    WHERE guild_id = :guild_id AND incident = :incident AND alert > 0
);

-- name: arm_incident_pending(guild_id, incident, now)!
UPDATE alert_incident SET next_at = :now
WHERE guild_id = :guild_id AND incident = :incident AND alert IS NULL;

-- name: drop_incident_pending(guild_id, incident)!
-- Of what is no longer watched, nobody is told who was not told before.
UPDATE alert_incident SET alert = 0, next_at = NULL
WHERE guild_id = :guild_id AND incident = :incident AND alert IS NULL;

-- name: arm_all_alerts(guild_id, now)!
-- Those that wait, those that were not finished, and those of incidents that are open.
UPDATE outbox SET desired_version = desired_version + 1, next_at = :now
WHERE guild_id = :guild_id AND kind <> 'board' AND (
    desired_version > sent_version
    OR tried_at IS NOT NULL
    OR old_message_id IS NOT NULL
    OR EXISTS (
        SELECT 1 FROM alert_incident
        INNER JOIN incident
            ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
        WHERE outbox.kind = 'alert' AND alert_incident.guild_id = outbox.guild_id
            AND alert_incident.route = outbox.route AND alert_incident.alert = outbox.number
            AND incident.closed_at IS NULL
    )
);

-- name: set_back(now)!
-- Where something has happened in the future, the clock was set back: that would delay what is due.
UPDATE outbox SET
    posted_at = CASE WHEN posted_at > :now THEN :now ELSE posted_at END,
    edited_at = CASE WHEN edited_at > :now THEN :now ELSE edited_at END,
    told_at = CASE WHEN told_at > :now THEN :now ELSE told_at END,
    mentioned_at = CASE WHEN mentioned_at > :now THEN :now ELSE mentioned_at END,
    escalated_at = CASE WHEN escalated_at > :now THEN :now ELSE escalated_at END,
    tried_at = CASE WHEN tried_at > :now THEN :now ELSE tried_at END,
    next_at = CASE WHEN next_at > :now THEN :now ELSE next_at END,
    -- No incident joins an alert that began in the future: nobody would be mentioned.
    began_at = CASE WHEN began_at > :now THEN 0 ELSE began_at END
WHERE (
    posted_at > :now OR edited_at > :now OR told_at > :now OR mentioned_at > :now OR escalated_at > :now
    OR tried_at > :now OR began_at > :now
);

-- name: set_back_pending(now)!
UPDATE alert_incident SET next_at = CASE WHEN next_at > :now THEN :now ELSE next_at END, due_at = :now
WHERE due_at > :now;

-- name: set_back_routes(now, latest)!
UPDATE route SET retry_at = :now WHERE retry_at > :latest;

-- name: set_back_boards(now, latest)!
UPDATE board SET retry_at = :now WHERE retry_at > :latest;

-- name: arm_later(now)!
UPDATE outbox SET next_at = :now WHERE next_at > :now;

-- name: arm_later_pending(now)!
UPDATE alert_incident SET next_at = :now WHERE next_at > :now;

-- name: list_due_lanes(now)
-- Alerts come first.
SELECT DISTINCT guild_id, CASE WHEN kind = 'board' THEN 'board' ELSE 'alert' END AS lane
FROM (
    SELECT guild_id, kind, next_at FROM outbox
    UNION ALL SELECT guild_id, 'alert', next_at FROM alert_incident
) AS due
WHERE next_at <= :now
ORDER BY lane, guild_id;

-- name: list_due(guild_id, is_board, now)
-- Of a guild's board, or of its other messages: a summary is due before the alerts that wait for it.
SELECT guild_id, kind, route, number, channel_id, message_id, old_channel_id, old_message_id, posts,
    desired_version, sent_version, tried_at, tries, posted_at, next_at, content, began_at, edited_at, told_at,
    mentioned_at, escalated_at, error
FROM outbox
WHERE guild_id = :guild_id AND CASE kind WHEN 'board' THEN 1 ELSE 0 END = :is_board AND next_at <= :now
ORDER BY CASE kind WHEN 'alert' THEN 1 WHEN 'recovery' THEN 2 ELSE 0 END, number, route;

-- name: next_due(now)$
-- The first time after now at which something is due.
SELECT min(next_at)
FROM (
    SELECT min(next_at) AS next_at FROM outbox WHERE next_at > :now
    UNION ALL SELECT min(next_at) FROM alert_incident WHERE next_at > :now
) AS earliest;

-- name: get_message(guild_id, kind, route, number)^
SELECT guild_id, kind, route, number, channel_id, message_id, old_channel_id, old_message_id, posts,
    desired_version, sent_version, tried_at, tries, posted_at, next_at, content, began_at, edited_at, told_at,
    mentioned_at, escalated_at, error
FROM outbox
WHERE guild_id = :guild_id AND kind = :kind AND route = :route AND number = :number;

-- name: note_message(guild_id, kind, route, number, channel_id, message_id, old_channel_id, old_message_id, posts, sent_version, tried_at, tries, posted_at, next_at, content, began_at, edited_at, told_at, mentioned_at, escalated_at, error, seen_version)!
-- What has come meanwhile is not overwritten: it stays due.
UPDATE outbox SET
    channel_id = :channel_id, message_id = :message_id, old_channel_id = :old_channel_id,
    old_message_id = :old_message_id, posts = :posts, sent_version = :sent_version, tried_at = :tried_at,
    tries = :tries, posted_at = :posted_at, content = :content, began_at = :began_at, edited_at = :edited_at,
    told_at = :told_at, mentioned_at = :mentioned_at, escalated_at = :escalated_at, error = :error,
    next_at = CASE
        WHEN desired_version = :seen_version THEN :next_at
        ELSE next_at
    END
WHERE guild_id = :guild_id AND kind = :kind AND route = :route AND number = :number;

-- name: compact_alerts(before)!
-- Those of which all incidents were over before that time, and those that were emptied and are gone.
DELETE FROM outbox
WHERE (
    (kind = 'summary' AND next_at IS NULL AND began_at < :before)
    OR (
        kind IN ('alert', 'recovery') AND NOT EXISTS (
            SELECT 1 FROM alert_incident
            INNER JOIN incident
                ON incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
            WHERE alert_incident.guild_id = outbox.guild_id AND alert_incident.route = outbox.route
                AND alert_incident.alert = outbox.number
                AND (incident.closed_at IS NULL OR incident.closed_at >= :before)
        ) AND (
            (message_id IS NULL AND old_message_id IS NULL AND tried_at IS NULL)
            OR EXISTS (
                SELECT 1 FROM alert_incident
                WHERE alert_incident.guild_id = outbox.guild_id AND alert_incident.route = outbox.route
                    AND alert_incident.alert = outbox.number
            )
        )
    )
);

-- name: compact_members(before)!
DELETE FROM alert_incident WHERE EXISTS (
    SELECT 1 FROM incident
    WHERE incident.guild_id = alert_incident.guild_id AND incident.number = alert_incident.incident
        AND incident.closed_at < :before
);

-- name: compact_incidents(before)!
DELETE FROM incident WHERE closed_at < :before;

-- name: list_incidents(guild_id, since)
-- Those that were open at some time since then, the newest first.
SELECT guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id AND (closed_at IS NULL OR closed_at >= :since)
ORDER BY number DESC;

-- name: list_open(guild_id, provider)
SELECT guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id AND provider = :provider AND closed_at IS NULL;

-- name: get_incident(guild_id, number)^
SELECT guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id AND number = :number;

-- name: latest_incident(guild_id, kind, provider, id)^
SELECT guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
FROM incident
WHERE guild_id = :guild_id AND kind = :kind AND provider = :provider AND id = :id
ORDER BY number DESC
LIMIT 1;

-- name: next_incident(guild_id)$
-- Counts up; a number is never given again, not even after its incident was deleted.
INSERT INTO incident_number (guild_id, highest)
VALUES (:guild_id, 1)
ON CONFLICT (guild_id) DO UPDATE SET highest = incident_number.highest + 1
RETURNING highest;

-- name: put_incident(guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended, reopened, acknowledged_by, acknowledged_at)!
INSERT INTO incident (
    guild_id, number, kind, provider, id, connection, label, state, detail, opened_at, closed_at, ended,
    reopened, acknowledged_by, acknowledged_at
)
VALUES (
    :guild_id, :number, :kind, :provider, :id, :connection, :label, :state, :detail, :opened_at, :closed_at,
    :ended, :reopened, :acknowledged_by, :acknowledged_at
)
ON CONFLICT (guild_id, number) DO UPDATE SET
    connection = excluded.connection, label = excluded.label, state = excluded.state,
    detail = excluded.detail, closed_at = excluded.closed_at, ended = excluded.ended,
    reopened = excluded.reopened;

-- name: acknowledge_incident(guild_id, number, acknowledged_by, acknowledged_at)!
UPDATE incident SET acknowledged_by = :acknowledged_by, acknowledged_at = :acknowledged_at
WHERE guild_id = :guild_id AND number = :number AND closed_at IS NULL AND acknowledged_by IS NULL;

-- name: list_mutes(guild_id, since)
-- What is muted, or was after that time.
SELECT kind, provider, id, muted_until_at FROM watched WHERE guild_id = :guild_id AND muted_until_at > :since;

-- name: quiet_hours_of(guild_id)^
SELECT guild_id, start, end_, zone, set_by, set_at FROM quiet_hours WHERE guild_id = :guild_id;

-- name: quiet_hours_put(guild_id, start, end_, zone, set_by, set_at)!
INSERT INTO quiet_hours (guild_id, start, end_, zone, set_by, set_at)
VALUES (:guild_id, :start, :end_, :zone, :set_by, :set_at)
ON CONFLICT (guild_id) DO UPDATE SET
    start = excluded.start, end_ = excluded.end_, zone = excluded.zone, set_by = excluded.set_by,
    set_at = excluded.set_at;

-- name: quiet_hours_delete(guild_id)!
DELETE FROM quiet_hours WHERE guild_id = :guild_id;

-- name: count_open()
-- Of all guilds; only rows of open incidents are read.
SELECT provider, kind, count(*) AS count FROM incident
WHERE closed_at IS NULL
GROUP BY provider, kind;

-- name: count_waiting(now)
-- Of all guilds; only rows for which something is or will be due are read.
SELECT kind, count(*) FILTER (WHERE tries = 0 AND next_at <= :now) AS due,
    count(*) FILTER (WHERE tries > 0) AS failing
FROM outbox
WHERE next_at IS NOT NULL
GROUP BY kind;
