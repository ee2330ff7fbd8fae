"""Make all tables, as SQLite's migrations do up to the one with this number: nothing earlier was released."""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = None


def upgrade() -> None:
    """Run the statements of the file beside this one."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in statements.split(";\n\n"):
        op.execute(statement)
