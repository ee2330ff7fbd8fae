"""Writes an integration's settings once, and finds out what became of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.errors import ProviderError, RestartingError
from bot.kit.integration import Verdict
from bot.providers.toolzz.models import Integration, Settings

if TYPE_CHECKING:
    from bot.providers.toolzz.client import ToolzzClient

UnlessStopping = Callable[[Coroutine[Any, Any, Integration]], Awaitable[Integration]]
"""Awaits; raises RestartingError when the bot is told to stop meanwhile."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a change.

    doubt: why Toolzz's answer does not say, None where it said yes. report: the integration as Toolzz gave it
    last, in whichever form, None where it gave none.
    """

    doubt: ProviderError | None
    verdict: Verdict
    report: Integration | None


async def write_once(
    client: ToolzzClient,
    integration_id: str,
    before: Settings,
    after: Settings,
    *,
    unless_stopping: UnlessStopping,
) -> Outcome:
    """Write settings; without a clear answer, read the integration back.

    before: what Toolzz had until now. Raises ProviderError where it is certain that nothing was written.
    """
    try:
        written = await client.update(integration_id, after)
    except ProviderError as error:
        if not error.outcome_unknown:
            raise
        doubt = error
    else:
        said = Settings.of(written)  # an answer in a shorter form says yes, and no more
        return Outcome(None, Verdict.THERE if said is None else _judge(said, before, after), written)
    try:
        report = await unless_stopping(client.full(integration_id))
    except (ProviderError, RestartingError):
        return Outcome(doubt, Verdict.UNKNOWN, None)
    return Outcome(doubt, _judge(Settings.of(report), before, after), report)


def _judge(now: Settings | None, before: Settings, after: Settings) -> Verdict:
    if now is None:
        return Verdict.UNKNOWN
    if now.essence == after.essence:
        return Verdict.THERE
    return Verdict.NOT_THERE if now.essence == before.essence else Verdict.UNKNOWN
