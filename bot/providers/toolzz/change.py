"""Writes an integration's settings once, and finds out what became of them."""

from functools import partial

from bot.providers.base.outcome import CancelOnShutdown, LookupResult, Outcome, write_and_look
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.models import Integration, IntegrationSettings


async def write_once(
    client: ToolzzClient,
    integration_id: str,
    before: IntegrationSettings,
    after: IntegrationSettings,
    *,
    cancel_on_shutdown: CancelOnShutdown,
) -> Outcome[Integration]:
    """Write settings; without a clear answer, read the integration back.

    before: what Toolzz had until now. The outcome has the integration as Toolzz showed it last, in whichever
    form. Raises ProviderError where it is certain that nothing was written.
    """
    judge = partial(_judge, before, after)
    return await write_and_look(
        client.update(integration_id, after),
        # An answer in a shorter form says yes, and no more.
        partial(judge, LookupResult.THERE),
        lambda: client.full(integration_id),
        partial(judge, LookupResult.UNKNOWN),
        cancel_on_shutdown,
    )


def _judge(
    before: IntegrationSettings, after: IntegrationSettings, short: LookupResult, report: Integration
) -> tuple[LookupResult, Integration]:
    """Say which settings a report shows. short: what a report that does not show them all proves."""
    now = IntegrationSettings.of(report)
    if now is None:
        return short, report
    if now.comparable == after.comparable:
        return LookupResult.THERE, report
    return (LookupResult.NOT_THERE if now.comparable == before.comparable else LookupResult.UNKNOWN), report
