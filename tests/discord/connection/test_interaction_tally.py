"""Who has to act on what went wrong: the member, the host, Discord, a provider, or nobody but us."""

import aiohttp
import pytest

from bot import errors
from bot.discord.connection.interaction_tally import Ending


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (errors.NoGrantError(), Ending.REFUSED),
        (errors.ErasedSecretError(), Ending.REFUSED),
        (errors.DiscordSilentError(), Ending.DISCORD),
        (aiohttp.ClientError(), Ending.DISCORD),
        (TimeoutError(), Ending.DISCORD),
        (errors.UnavailableError(reason="disk full"), Ending.DATABASE),
        (errors.BusyError(reason="locked"), Ending.DATABASE),
        (errors.DamagedError(reason="malformed"), Ending.DATABASE),
        (errors.UnreadableSecretError(), Ending.DATABASE),
        (errors.UnreachableError("toolzz"), Ending.PROVIDER),
        (errors.PatchbayError(), Ending.FAILED),
        (OSError(), Ending.FAILED),
    ],
)
def test_an_error_counts_for_whoever_can_act(error: Exception, ending: Ending) -> None:
    """What the database or Discord cannot do is no refusal of what the member asked for."""
    assert Ending.of(error) is ending
