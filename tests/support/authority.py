"""Takes the manager's rights away, and the title of the answer that follows."""

from tests.support.english import english
from tests.support.harness import BotHarness

NOT_ALLOWED = f"⚠️ {english('problem.not_allowed.manager.title')}"


def demote(harness: BotHarness) -> None:
    """Take Manage Server from the manager."""
    harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id].role_ids.clear()
