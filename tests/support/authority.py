"""Takes the manager's rights away, and the title of the answer that follows."""

from tests.support.harness import BotHarness

NOT_ALLOWED = "⚠️ This is for this server's managers"


def demote(harness: BotHarness) -> None:
    """Take Manage Server from the manager."""
    harness.env.backend.get_guild(harness.guild.id).members[harness.manager.id].role_ids.clear()
