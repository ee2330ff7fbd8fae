-- What the proof of several processes adds to a database of Patchbay's: each row that is written is noted, with who
-- has written it, and whether that process had a lease and the server's shard at that moment.
CREATE SCHEMA proof;

CREATE TABLE proof.holding (at TIMESTAMPTZ NOT NULL, shard_id BIGINT NOT NULL, process BIGINT);

CREATE TABLE proof.lease (at TIMESTAMPTZ NOT NULL, process BIGINT NOT NULL, pid BIGINT NOT NULL, until TIMESTAMPTZ);

CREATE TABLE proof.written (
    at TIMESTAMPTZ NOT NULL,
    program TEXT NOT NULL,
    table_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    guild_id BIGINT,
    process BIGINT,
    holder BIGINT
);

CREATE FUNCTION proof.note_holding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO proof.holding VALUES (
        clock_timestamp(),
        CASE TG_OP WHEN 'DELETE' THEN OLD.shard_id ELSE NEW.shard_id END,
        CASE TG_OP WHEN 'DELETE' THEN NULL ELSE NEW.process END
    );
    RETURN NULL;
END
$$;

CREATE FUNCTION proof.note_lease() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO proof.lease VALUES (clock_timestamp(), OLD.number, OLD.pid, NULL);
    ELSE
        INSERT INTO proof.lease VALUES (clock_timestamp(), NEW.number, NEW.pid, NEW.expires_at);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION proof.note_written() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    guild BIGINT := (CASE TG_OP WHEN 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END ->> 'guild_id')::bigint;
    program TEXT := current_setting('application_name');
BEGIN
    INSERT INTO proof.written VALUES (
        clock_timestamp(), program, TG_TABLE_NAME, TG_OP, guild,
        (
            SELECT number FROM public.bot_process
            WHERE program = 'patchbay ' || pid AND expires_at > clock_timestamp()
        ),
        (SELECT process FROM public.shard_lease WHERE shard_id = (guild >> 22) % {shards})
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER note_holding AFTER INSERT OR UPDATE OR DELETE ON public.shard_lease
FOR EACH ROW EXECUTE FUNCTION proof.note_holding();

CREATE TRIGGER note_lease AFTER INSERT OR UPDATE OR DELETE ON public.bot_process
FOR EACH ROW EXECUTE FUNCTION proof.note_lease();

DO $$
DECLARE
    name TEXT;
BEGIN
    FOR name IN
        SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN (
            'shard_lease', 'bot_process', 'identify_turn', 'shared_state', 'alembic_version'
        )
    LOOP
        EXECUTE format(
            'CREATE TRIGGER note_written AFTER INSERT OR UPDATE OR DELETE ON public.%I'
            ' FOR EACH ROW EXECUTE FUNCTION proof.note_written()', name
        );
    END LOOP;
END
$$;
