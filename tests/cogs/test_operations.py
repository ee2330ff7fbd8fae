"""A limit belongs to the operation, whichever way leads to it; reads have one budget."""

from collections.abc import Iterator
from typing import Any, Final

from discord import app_commands

from bot.discord.components import PersistentComponent
from cogs.sensay import VIEW as SENSAY
from cogs.toolzz import VIEW as TOOLZZ
from tests.support.handover_steps import RETRY, propose
from tests.support.harness import BotHarness, embed_of, final

WAYS: Final = {
    "alerts test": set(),
    "connections test": {"ConnectionTestButton"},
    "sensay ask": set(),
    "sensay connect": {"SensayConnectButton", "SensayLookButton", "setup:sensay.offer"},
    "sensay usage": set(),
    "toolzz connect": {"ToolzzConnectButton", "ToolzzLookButton", "setup:toolzz.offer.connect"},
}
"""By command with a cooldown: the components, forms' buttons and picks of ``/setup`` that do the same."""


def components(of: type[Any] = PersistentComponent) -> Iterator[type[PersistentComponent[Any]]]:
    """Yield every component of ours that is used."""
    for each in of.__subclasses__():
        if each.__module__.startswith("cogs."):
            yield each
        yield from components(each)


async def test_each_way_to_an_operation_counts(harness: BotHarness) -> None:
    """Every declared cooldown is in the table, and what leads there declares the operation."""
    commands = {each.qualified_name: each for each in harness.bot.tree.walk_commands()}
    limited = {name for name, each in commands.items() if "cooldown" in each.extras}
    assert limited == set(WAYS)
    found: dict[str, set[str]] = {name: set() for name in limited}
    for kind in components():
        if kind.operation is not None:
            found[kind.operation].add(kind.__name__)
    for each in (*SENSAY.lists, *TOOLZZ.lists):
        assert isinstance(commands[each.operation], app_commands.Command)
        if each.operation in limited:
            found[each.operation].add(f"setup:{each.key}")
    assert found == WAYS


async def test_sending_the_form_counts_whichever_way_opened_it(harness: BotHarness) -> None:
    """Forms opened by command and by button are sent five times a minute; then nobody is asked."""
    await harness.connect("sensay")
    own = "0"
    refused = await propose(harness, token=own)
    titles = []
    too_fast = f"⚠️ {harness.texts('problem.cooldown.title')}"
    for _ in range(4):
        refused = await propose(harness, token=own)
        titles.append(embed_of(refused).title)
    assert too_fast not in titles
    pressed = await harness.manager.click(final(refused).message, label=RETRY)
    assert embed_of(pressed).title == too_fast


async def test_reads_have_one_budget(harness: BotHarness) -> None:
    """Commands and presses that read count together; beyond it the provider is not asked."""
    await harness.connect("sensay")
    simulator = harness.simulators["sensay"]
    answers = [await harness.slash("sensay replicas") for _ in range(10)]
    for _ in range(10):
        answers.append(await harness.manager.click(final(answers[0]).message, custom_id=refresh_id(answers[0])))
    too_fast = f"⚠️ {harness.texts('problem.cooldown.title')}"
    assert too_fast not in [embed_of(each).title for each in answers]
    asked = len(simulator.requests)
    for refused in (
        await harness.slash("sensay status"),
        await harness.manager.click(final(answers[0]).message, custom_id=refresh_id(answers[0])),
    ):
        assert embed_of(refused).title == too_fast
        assert "<t:" in str(embed_of(refused).to_dict())
    assert len(simulator.requests) == asked
