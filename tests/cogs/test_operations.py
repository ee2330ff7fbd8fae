"""A limit belongs to the operation, whichever way leads to it; reads have one budget."""

from typing import Any, Final, cast

import discord
import pytest
import simcord
from discord import app_commands

from bot.discord.components import GuardedModal, GuardedView, PersistentComponent
from bot.i18n.catalog import load_catalog
from cogs.connections.forms import CredentialButton
from cogs.sensay import VIEW as SENSAY
from cogs.sensay.replicas import SensayReplicasButton
from cogs.setup.stepper import SetupFormButton, SetupListSelect
from cogs.toolzz import VIEW as TOOLZZ
from tests.support.handover_steps import choose as choose_answer
from tests.support.handover_steps import open_form, propose, token_of
from tests.support.harness import BotHarness, buttons, embed_of, final, labels, shown
from tests.support.menu_payloads import entries
from tests.support.persistent_components import of_the_program, persistent_components, subclasses
from tests.support.setup_steps import choose, open_setup, pick

WRONG: Final = token_of(1209876543210000001)
TEXTS: Final = load_catalog()["en-US"]


def too_fast_title(harness: BotHarness) -> str:
    """Return the title of a refusal because of a limit."""
    return f"⚠️ {harness.texts('problem.cooldown.title')}"


LIMITED: Final = {
    "alerts test": {"SetupTestButton"},
    "audit export": set(),
    "connections add": {"CredentialButton", "SetupFormButton"},
    "connections rotate": {"CredentialButton", "SetupFormButton"},
    "connections test": {"ConnectionTestButton"},
    "integrations history": {"HistoryPeriodButton", "IntegrationHistoryButton"},
    "privacy export": set(),
    "sensay ask": set(),
    "sensay connect": {"SensayConnectButton", "SensayGuideButton", "SensayLookButton", "setup:sensay.offer"},
    "sensay disconnect": set(),
    "sensay usage": set(),
    "toolzz connect": {
        "ToolzzConnectButton",
        "ToolzzGuideButton",
        "ToolzzLookButton",
        "setup:toolzz.offer.connect",
    },
    "toolzz edit": {"ToolzzEditButton"},
}
"""By command with a cooldown: the components, forms' buttons and picks of ``/setup`` that do the same."""
OWN_DATA: Final = "changes or shows what is stored of the server, and asks no provider"
POSTS: Final = "only Discord is asked, whose own limits hold"
NO_LIMIT: Final = {
    "access grant": OWN_DATA,
    "access list": "Discord is asked about at most ten members",
    "access revoke": OWN_DATA,
    "alerts maintenance": OWN_DATA,
    "alerts mute": OWN_DATA,
    "alerts quiet-hours": OWN_DATA,
    "alerts remove": OWN_DATA,
    "alerts set": POSTS,
    "audit mirror": POSTS,
    "connections list": OWN_DATA,
    "connections remove": OWN_DATA,
    "help": "open to everybody, and asks no provider",
    "integrations board": POSTS,
    "privacy delete": OWN_DATA,
    "privacy info": OWN_DATA,
    "toolzz unlink": OWN_DATA,
}
"""Commands that neither read from a provider nor have a cooldown, and why."""
OWN_DATA_COMPONENTS: Final = {
    "AcknowledgeAllButton",
    "AcknowledgeButton",
    "CandidateSelect",
    "GroupMuteButton",
    "GroupMuteSelect",
    "IgnoreButton",
    "LinkAllButton",
    "LinkButton",
    "MaintenanceSelect",
    "MuteButton",
    "MuteSelect",
    "OneIncidentSelect",
    "StopIgnoringButton",
    "StopIgnoringSelect",
}
"""Components that change or show what is stored of the server, and ask no provider."""


def operations_of(kind: type[PersistentComponent[Any]]) -> set[str]:
    """Return the operations that a component can lead to, whatever its custom id says."""
    if kind is SetupListSelect:
        return {each.operation for each in (*SENSAY.lists, *TOOLZZ.lists)}
    if issubclass(kind, (CredentialButton, SetupFormButton)):
        place: dict[str, Any] = {"texts": TEXTS, "provider": "sensay", "name": "x", "connection": "x"}
        made = (kind(action=action, **place) for action in ("add", "rotate"))
        return {each.operation_in(cast("Any", None)) for each in made}
    return set() if kind.operation is None else {kind.operation}


def is_limited(command: app_commands.Command[Any, ..., Any] | app_commands.ContextMenu) -> bool:
    """Tell whether a command counts as a read, or has a cooldown."""
    return bool({"cooldown", "reads"} & command.extras.keys())


async def test_each_way_to_an_operation_counts(harness: BotHarness) -> None:
    """Every declared cooldown is in the table, and what leads there declares the operation."""
    commands = {each.qualified_name: each for each in harness.bot.tree.walk_commands()}
    limited = {name for name, each in commands.items() if "cooldown" in each.extras}
    assert limited == set(LIMITED)
    found: dict[str, set[str]] = {name: set() for name in limited}
    for kind in persistent_components(harness.bot):
        for name in operations_of(kind) - {"setup", "toolzz link"}:
            if kind is not SetupListSelect:
                found[name].add(kind.__name__)
    for each in (*SENSAY.lists, *TOOLZZ.lists):
        assert isinstance(commands[each.operation], app_commands.Command)
        if each.operation in limited:
            found[each.operation].add(f"setup:{each.key}")
    assert found == LIMITED


async def test_no_command_is_without_a_limit_unnoticed(harness: BotHarness) -> None:
    """Each command counts as a read, has a cooldown, or is on the list of those that need neither."""
    commands = [each for each in harness.bot.tree.walk_commands() if isinstance(each, app_commands.Command)]
    assert {each.qualified_name for each in commands if not is_limited(each)} == set(NO_LIMIT)


async def test_no_menu_entry_is_without_a_limit(harness: BotHarness) -> None:
    """Each entry of the Apps menus counts as a read or has a cooldown."""
    found = entries(harness.bot)
    assert {each.name: is_limited(each) for each in found} == {each.name: True for each in found} != {}


async def test_no_component_is_without_a_limit_unnoticed(harness: BotHarness) -> None:
    """Each component counts as a read, names an operation with a limit, or is on the list of the others."""
    commands = {each.qualified_name: each for each in harness.bot.tree.walk_commands()}
    without = set()
    for kind in persistent_components(harness.bot):
        named = [commands[name] for name in operations_of(kind)]
        assert all(isinstance(each, app_commands.Command) and is_limited(each) for each in named), kind
        if not named and not kind.reads_only:
            without.add(kind.__name__)
    assert without == OWN_DATA_COMPONENTS


async def test_a_view_and_a_form_belong_to_what_has_opened_them(harness: BotHarness) -> None:
    """No view and no form has a say in which operation it counts for: the base classes take it over."""
    kinds = [*subclasses(GuardedView), *subclasses(GuardedModal)]
    assert {each.__name__ for each in of_the_program(kinds)} >= {
        "Confirm",
        "TokenQuestion",
        "CredentialModal",
    }
    assert [
        each for each in of_the_program(kinds) if {"interaction_check", "operation"} & vars(each).keys()
    ] == []
    await harness.connect("sensay")
    asked = await propose(harness)
    (view,) = harness.bot._connection._view_store._views.values()
    assert {item.view._asked.operation for item in view.values() if item.view} == {"sensay connect"}  # type: ignore[attr-defined]
    assert asked.acknowledged


async def test_looking_again_counts_like_the_form(harness: BotHarness) -> None:
    """The button that asks Discord again is taken five times a minute, and Discord is asked no sixth time."""
    await harness.connect("sensay")
    asked = await propose(harness)
    await harness.env.advance_time(61)
    harness.discord_api.requests.clear()
    pressed = [await choose_answer(harness, asked, "again") for _ in range(6)]
    assert len(harness.discord_api.requests) == 5
    assert embed_of(pressed[-1]).title == too_fast_title(harness)


@pytest.mark.parametrize("way", ["command", "button", "setup"])
async def test_credentials_are_tried_five_times_a_minute(harness: BotHarness, way: str) -> None:
    """However the form is opened, a sixth one is refused; what was typed goes to nobody."""
    wrong = dict(harness.sensay.refused_credentials)
    forms = [await harness.open_form("add", "sensay") for _ in range(5)]
    await harness.env.advance_time(61)
    answers = [await harness.manager.submit_modal(form, wrong) for form in forms]
    if way == "setup":
        steps = await choose(harness, await open_setup(harness), "sensay")
        form = await harness.manager.click(final(steps).message, label=harness.texts("setup.enter_button"))
    elif way == "button":
        form = await harness.manager.click(final(answers[0]).message, label=labels(answers[0])[0])
    else:
        form = await harness.open_form("add", "sensay")
    assert form.modal is not None
    harness.sensay.requests.clear()
    last = await harness.manager.submit_modal(form, wrong)
    assert embed_of(last).title == too_fast_title(harness)
    assert not harness.sensay.requests
    await harness.env.advance_time(61)
    again = await harness.open_form("add", "sensay")
    assert embed_of(await harness.manager.submit_modal(again, wrong)).title != too_fast_title(harness)


async def test_writes_are_limited_where_they_are_confirmed(harness: BotHarness) -> None:
    """Questions that were collected before are no way around the limit of the write that they lead to."""
    await harness.connect("sensay")

    async def ask() -> simcord.InteractionResult:
        return await harness.manager.slash(
            harness.channel, "sensay disconnect", replica=harness.sensay.UNCONNECTED
        )

    await ask()
    await harness.env.advance_time(31)
    questions = [await ask() for _ in range(4)]
    await harness.env.advance_time(31)
    questions += [await ask() for _ in range(2)]
    pressed = [await harness.manager.click(final(each).message, label=labels(each)[0]) for each in questions]
    titles = [embed_of(each).title if final(each).embeds else "" for each in pressed]
    assert [title == too_fast_title(harness) for title in titles] == [False] * 5 + [True]


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
    picked = await pick(harness, steps, 0, harness.sensay.UNCONNECTED)
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


async def test_what_computes_for_long_is_limited_for_the_server(harness: BotHarness) -> None:
    """More accounts do not export more often; an administrator still can."""
    role = harness.guild.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    admin = harness.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    members = [harness.guild.add_member(harness.env.create_user(f"m{n}"), roles=[role]) for n in range(4)]
    members.append(harness.guild.add_member(harness.env.create_user("root"), roles=[admin]))
    titles = [embed_of(await each.slash(harness.channel, "audit export")).title for each in members]
    assert [title == too_fast_title(harness) for title in titles] == [False, False, False, True, False]
