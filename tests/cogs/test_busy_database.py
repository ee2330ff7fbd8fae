"""While another process has the database locked, members read that, and the log says it once."""

import pytest
from structlog.testing import capture_logs

from tests.support.harness import PORTUGUESE, BotHarness, embed_of
from tests.support.write_lock import locked


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: the test's own connection makes some."""


async def test_a_member_reads_that_it_is_busy(harness: BotHarness) -> None:
    """In their language, each time; and afterwards the same works."""
    with capture_logs() as logs:
        with locked(harness.database):
            for locale in (harness.locale, PORTUGUESE):
                harness.locale = locale
                result = await harness.manager.slash(
                    harness.channel, "access grant", tier="viewer", member=harness.member
                )
                assert embed_of(result).title == f"❌ {harness.texts('problem.busy.title')}"
            assert await harness.bot.services.access.of_guild(harness.guild.id) == []
            refusal = harness.bot.services.write_state.refusal
            assert refusal is not None
            assert refusal.endswith("another process has it locked")
        result = await harness.manager.slash(
            harness.channel, "access grant", tier="viewer", member=harness.member
        )
    assert harness.texts("access.grant.done") in (embed_of(result).title or "")
    assert harness.bot.services.write_state.refusal is None
    failing = [entry for entry in logs if entry["event"] == "writes_failing"]
    assert len(failing) == 1
    assert failing[0]["database"] == str(harness.database)
    assert failing[0]["operation"]
    assert [entry["event"] for entry in logs].count("writes_back") == 1
    assert not [entry for entry in logs if "exc_info" in entry]
