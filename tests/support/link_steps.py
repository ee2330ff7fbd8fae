"""What a manager does with `/toolzz link` and `/toolzz unlink`."""

import simcord

from tests.support.harness import BotHarness


async def link(
    harness: BotHarness, integration: str | None = None, **options: str
) -> simcord.InteractionResult:
    """Have the manager link an integration."""
    wanted = integration or harness.toolzz.CONNECTED
    return await harness.manager.slash(harness.channel, "toolzz link", integration=wanted, **options)


async def unlink(harness: BotHarness, integration: str | None = None) -> simcord.InteractionResult:
    """Have the manager ask to unlink an integration; the answer is the question, or a refusal."""
    wanted = integration or harness.toolzz.CONNECTED
    return await harness.manager.slash(harness.channel, "toolzz unlink", integration=wanted)
