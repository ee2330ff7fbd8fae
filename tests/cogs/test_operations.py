"""A limit belongs to the operation, whichever way leads to it; reads have one budget."""

from collections.abc import Iterator
from typing import Any, Final

import simcord
from discord import app_commands

from bot.discord.components import PersistentComponent
from cogs.sensay import VIEW as SENSAY
from cogs.sensay.replicas import SensayReplicasButton
from cogs.toolzz import VIEW as TOOLZZ
from tests.support.handover_steps import open_form, token_of
from tests.support.harness import BotHarness, buttons, embed_of, final, shown
from tests.support.setup_steps import choose, open_setup

WRONG: Final = token_of(1209876543210000001)

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


async def test_sending_the_form_counts_however_often_it_was_opened(harness: BotHarness) -> None:
    """A form that is sent again and again is taken five times a minute; then nobody is asked."""
    await harness.connect("sensay")
    forms = [await open_form(harness, harness.sensay.UNCONNECTED) for _ in range(5)]
    await harness.env.advance_time(61)
    forms.append(await open_form(harness, harness.sensay.UNCONNECTED))
    titles = [
        embed_of(await harness.manager.submit_modal(form, {"discord_token": WRONG})).title for form in forms
    ]
    too_fast = f"⚠️ {harness.texts('problem.cooldown.title')}"
    assert [title == too_fast for title in titles] == [False] * 5 + [True]
    assert len(harness.discord_api.requests) == 5


async def test_a_pick_of_the_setup_counts_like_its_command(harness: BotHarness) -> None:
    """Five forms a minute, whoever opens them: the command or the list of ``/setup``."""
    await harness.connect("sensay")
    steps = await choose(harness, await open_setup(harness), "sensay")
    for _ in range(5):
        await open_form(harness, harness.sensay.UNCONNECTED)
    picked = await harness.manager.select(
        final(steps).message, [harness.sensay.UNCONNECTED], custom_id="setup:offer:sensay:0:default"
    )
    assert embed_of(picked).title == f"⚠️ {harness.texts('problem.cooldown.title')}"


async def test_reads_have_one_budget(harness: BotHarness) -> None:
    """Commands and presses that read count together; beyond it the provider is not asked."""
    await harness.connect("sensay")

    async def read() -> simcord.InteractionResult:
        return await harness.manager.slash(harness.channel, "sensay replicas")

    too_fast = f"⚠️ {harness.texts('problem.cooldown.title')}"
    first = await read()
    refresh = SensayReplicasButton.custom_id_format
    button = next(
        each["custom_id"] for each in buttons(first) if refresh.pattern.fullmatch(each["custom_id"])
    )
    for _ in range(9):
        assert embed_of(await read()).title != too_fast
    for _ in range(20):
        assert embed_of(await harness.press(harness.manager, final(first), button)).title != too_fast
    harness.sensay.requests.clear()
    for refused in (await read(), await harness.press(harness.manager, final(first), button)):
        assert embed_of(refused).title == too_fast
        assert "<t:" in shown(refused)
    assert not harness.sensay.requests
    await harness.env.advance_time(61)
    assert embed_of(await read()).title != too_fast
