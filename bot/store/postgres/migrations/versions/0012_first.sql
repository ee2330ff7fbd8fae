-- Ids are Discord's, times are whole seconds since 1970, UTC. What the columns mean is said where SQLite's were
-- added, in bot/store/sqlite/migrations/versions. Texts are compared byte by byte, as SQLite does, whatever the database's
-- locale is: orders are the same everywhere, and no index breaks when the locales of the server's host change.

CREATE TABLE connection (
    guild_id BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    secret BYTEA NOT NULL,
    set_by BIGINT NOT NULL,
    set_at BIGINT NOT NULL,
    verified_at BIGINT NOT NULL,
    refused_at BIGINT,
    generation BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (guild_id, provider, name)
);

CREATE TABLE access (
    guild_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('role', 'member')),
    subject BIGINT NOT NULL,
    tier BIGINT NOT NULL,
    granted_by BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (guild_id, kind, subject)
);

CREATE TABLE alert_incident (
    guild_id BIGINT NOT NULL,
    route BIGINT NOT NULL,
    incident BIGINT NOT NULL,
    alert BIGINT,
    due_at BIGINT NOT NULL,
    silent BIGINT NOT NULL,
    next_at BIGINT,
    PRIMARY KEY (guild_id, route, incident)
);

CREATE INDEX alert_incident_alert ON alert_incident (guild_id, route, alert);

CREATE INDEX alert_incident_due ON alert_incident (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE audit (
    guild_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    member TEXT COLLATE "C",
    action TEXT COLLATE "C" NOT NULL,
    target TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    ends BIGINT,
    times BIGINT NOT NULL,
    PRIMARY KEY (guild_id, number)
);

CREATE INDEX audit_begun ON audit (guild_id, number) WHERE result = 'begun';

CREATE INDEX audit_by_action ON audit (guild_id, action, number);

CREATE INDEX audit_by_both ON audit (guild_id, member, action, number);

CREATE INDEX audit_by_member ON audit (guild_id, member, number);

CREATE UNIQUE INDEX audit_ends ON audit (guild_id, ends) WHERE ends IS NOT NULL;

CREATE TABLE audit_head (
    guild_id BIGINT PRIMARY KEY,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    signature BYTEA NOT NULL
);

CREATE TABLE audit_member (
    guild_id BIGINT NOT NULL,
    pseudonym TEXT COLLATE "C" NOT NULL,
    member BIGINT NOT NULL,
    PRIMARY KEY (guild_id, pseudonym),
    UNIQUE (guild_id, member)
);

CREATE INDEX audit_member_guilds ON audit_member (member, guild_id);

CREATE TABLE audit_seal (
    guild_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    signature BYTEA NOT NULL,
    PRIMARY KEY (guild_id, kind, number)
);

CREATE TABLE board (
    guild_id BIGINT PRIMARY KEY,
    channel_id BIGINT NOT NULL,
    set_by BIGINT NOT NULL,
    suspended TEXT COLLATE "C" NOT NULL DEFAULT '',
    refused_at BIGINT,
    retry_at BIGINT,
    is_reported BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE complaint (
    guild_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    reported_by BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    sent_at BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    PRIMARY KEY (guild_id, message_id, reported_by)
);

CREATE INDEX complaint_by_member ON complaint (reported_by);

CREATE INDEX complaint_newest ON complaint (guild_id, provider, id, reported_at);

CREATE TABLE greeting (
    guild_id BIGINT PRIMARY KEY,
    tries BIGINT NOT NULL,
    due_at BIGINT NOT NULL
);

CREATE TABLE guild (
    guild_id BIGINT PRIMARY KEY,
    greeted_at BIGINT,
    removed_at BIGINT,
    audit_channel BIGINT
);

CREATE TABLE history (
    guild_id BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (guild_id, provider, id, at)
);

CREATE TABLE ignored (
    guild_id BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    ignored_by BIGINT NOT NULL,
    ignored_at BIGINT NOT NULL,
    PRIMARY KEY (guild_id, provider, id),
    FOREIGN KEY (guild_id, provider, connection)
        REFERENCES connection (guild_id, provider, name) ON DELETE CASCADE
);

CREATE INDEX ignored_connection ON ignored (guild_id, provider, connection);

CREATE TABLE incident (
    guild_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    ended TEXT COLLATE "C" NOT NULL,
    reopened BIGINT NOT NULL,
    acknowledged_by BIGINT,
    acknowledged_at BIGINT,
    PRIMARY KEY (guild_id, number)
);

CREATE UNIQUE INDEX incident_open ON incident (guild_id, kind, provider, id) WHERE closed_at IS NULL;

CREATE TABLE incident_number (
    guild_id BIGINT PRIMARY KEY,
    highest BIGINT NOT NULL
);

CREATE TABLE integration (
    guild_id BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    bot_id BIGINT,
    placed_by BIGINT NOT NULL,
    placed_at BIGINT NOT NULL,
    application_id BIGINT,
    PRIMARY KEY (guild_id, provider, id),
    FOREIGN KEY (guild_id, provider, connection)
        REFERENCES connection (guild_id, provider, name) ON DELETE CASCADE
);

CREATE INDEX integration_connection ON integration (guild_id, provider, connection);

CREATE TABLE key_mark (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    key_ids TEXT COLLATE "C" NOT NULL,
    signature BYTEA NOT NULL
);

CREATE TABLE last_check (
    guild_id BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    checked_at BIGINT NOT NULL,
    answered_at BIGINT,
    error TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (guild_id, provider, connection)
);

CREATE TABLE maintenance (
    guild_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    set_by BIGINT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (guild_id, number)
);

CREATE TABLE maintenance_count (
    guild_id BIGINT PRIMARY KEY,
    number BIGINT NOT NULL
);

CREATE TABLE outbox (
    guild_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    route BIGINT NOT NULL,
    number BIGINT NOT NULL,
    channel_id BIGINT,
    message_id BIGINT,
    old_channel_id BIGINT,
    old_message_id BIGINT,
    posts BIGINT NOT NULL,
    desired_version BIGINT NOT NULL,
    sent_version BIGINT NOT NULL,
    tried_at BIGINT,
    tries BIGINT NOT NULL,
    posted_at BIGINT,
    next_at BIGINT,
    content TEXT COLLATE "C" NOT NULL,
    began_at BIGINT NOT NULL,
    edited_at BIGINT,
    told_at BIGINT,
    mentioned_at BIGINT,
    escalated_at BIGINT,
    error TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (guild_id, kind, route, number)
);

CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE provider_clock (
    provider TEXT COLLATE "C" NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    offset_minutes BIGINT NOT NULL,
    learned_at BIGINT NOT NULL,
    PRIMARY KEY (provider, host)
);

CREATE TABLE quiet_hours (
    guild_id BIGINT PRIMARY KEY,
    start BIGINT NOT NULL,
    end_ BIGINT NOT NULL,
    zone TEXT COLLATE "C" NOT NULL,
    set_by BIGINT NOT NULL,
    set_at BIGINT NOT NULL
);

CREATE TABLE route (
    guild_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    role_id BIGINT,
    provider TEXT COLLATE "C" NOT NULL,
    integration TEXT COLLATE "C" NOT NULL,
    states TEXT COLLATE "C" NOT NULL,
    partial BIGINT NOT NULL,
    checks BIGINT NOT NULL,
    remind BIGINT NOT NULL,
    second_role_id BIGINT,
    escalate BIGINT NOT NULL,
    recovery TEXT COLLATE "C" NOT NULL,
    set_by BIGINT NOT NULL,
    set_at BIGINT NOT NULL,
    suspended TEXT COLLATE "C" NOT NULL,
    refused_at BIGINT,
    retry_at BIGINT,
    is_reported BIGINT NOT NULL,
    PRIMARY KEY (guild_id, number)
);

CREATE TABLE synced_commands (
    application_id BIGINT PRIMARY KEY,
    hash TEXT COLLATE "C" NOT NULL,
    ids TEXT COLLATE "C" NOT NULL
);

CREATE TABLE tombstone (
    guild_id BIGINT PRIMARY KEY,
    erased_at BIGINT NOT NULL,
    entries BIGINT NOT NULL
);

CREATE TABLE watched (
    guild_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    provider TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    connection TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL,
    bad BIGINT NOT NULL,
    good BIGINT NOT NULL,
    bad_at BIGINT,
    muted_until_at BIGINT,
    muted_by BIGINT,
    found TEXT COLLATE "C" NOT NULL,
    bot_id BIGINT,
    access TEXT COLLATE "C" NOT NULL DEFAULT '',
    missing BIGINT NOT NULL DEFAULT 0,
    missing_at BIGINT,
    PRIMARY KEY (guild_id, kind, provider, id)
);

-- How often each connection to this database has changed the guilds' connections to providers, by its process on the
-- server: what a process of Patchbay has not written itself, another one has.
CREATE TABLE writer_change (
    writer BIGINT PRIMARY KEY,
    number BIGINT NOT NULL
);

CREATE FUNCTION note_connection_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO writer_change VALUES (pg_backend_pid(), 1)
    ON CONFLICT (writer) DO UPDATE SET number = writer_change.number + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER connection_changed AFTER INSERT OR UPDATE OR DELETE ON connection
FOR EACH ROW EXECUTE FUNCTION note_connection_change();

-- Whether deleted data has left traces that are still to be removed.
CREATE TABLE trace_mark (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    state BIGINT NOT NULL
);

INSERT INTO trace_mark VALUES (1, 0);
