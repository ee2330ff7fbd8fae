"""Let several processes run the bot on one database: each shard belongs to one of them at a time."""

from pathlib import Path

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Run the statements of the file beside this one."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    for statement in statements.split(";\n\n"):
        op.execute(statement)
