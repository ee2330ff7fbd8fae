"""Name the guilds whose connections change to all processes: a number told them only that any had changed."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Put notifications in the place of the number."""
    op.execute("DROP TRIGGER connection_changed ON connection")
    op.execute("DROP FUNCTION note_connection_change")
    op.execute("DROP TABLE writer_change")
    op.execute(
        """
        CREATE FUNCTION name_changed_guild() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('watch_list', coalesce(NEW.guild_id, OLD.guild_id)::text);
            RETURN NULL;
        END
        $$
        """
    )
    for table, column in (("connection", "set_at"), ("guild", "removed_at")):
        op.execute(
            f"""
            CREATE TRIGGER {table}_changed AFTER INSERT OR DELETE OR UPDATE OF {column} ON {table}
            FOR EACH ROW EXECUTE FUNCTION name_changed_guild()
            """
        )
