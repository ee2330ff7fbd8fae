"""The simulated Toolzz can be placed in a server and changed."""

from bot.providers.base.integration import State
from bot.providers.toolzz.client import ToolzzClient
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.toolzz_settings import CHANNELS, SETTINGS, TOKEN

HERE = "1102345678901234599"


async def test_a_server_gets_all_but_two(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """All integrations except ``ELSEWHERE`` and ``HOMELESS`` are moved to the server."""
    other = simulator.integrations[simulator.ELSEWHERE]["guildId"]
    simulator.place_in_guild(HERE, "Harbour Ops", [("1188765432109876000", "bridge")])
    reports = {report.id: report for report in (await client.integrations()).data}
    assert {report.guild_id for report in reports.values()} == {HERE, other, None}
    assert reports[simulator.ELSEWHERE].guild_id == other
    assert reports[simulator.HOMELESS].guild_id is None
    assert (await client.integration(simulator.HOMELESS)).guild_id is None
    assert [channel.name for channel in reports[simulator.CONNECTED].channels] == ["bridge"]
    assert len(reports[simulator.CROWDED].channels) == 40
    assert [uuid for uuid, report in reports.items() if report.channels_disagree] == [simulator.STRANGE]


async def test_somebody_else_may_write(client: ToolzzClient, simulator: ToolzzSimulator) -> None:
    """A touch changes the given fields and the time of the update."""
    first = await client.integration(simulator.CONNECTED)
    simulator.touch(simulator.CONNECTED, scope="none")
    second = await client.integration(simulator.CONNECTED)
    assert (first.scope, second.scope) == ("mentions", "none")
    simulator.touch(simulator.CONNECTED)
    third = await client.integration(simulator.CONNECTED)
    assert third.updated_at != second.updated_at
    assert third.scope == second.scope


async def test_what_is_created_is_there_from_then_on(
    client: ToolzzClient, simulator: ToolzzSimulator
) -> None:
    """Each creation adds an integration that is connected, listed last, and has its token masked."""
    made = [(await client.create(SETTINGS, CHANNELS, TOKEN)).id for _ in range(2)]
    listed = (await client.integrations()).data
    assert [report.id for report in listed[-2:]] == made
    assert {report.state for report in listed[-2:]} == {State.CONNECTED}
    assert {report.is_token_masked for report in listed[-2:]} == {True}
    assert len(simulator.creations) == 2
