"""Every command, button, menu and form, used by every kind of person that there may be."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final

import discord
import simcord
from discord import app_commands
from simcord.backend import serializers

from bot.discord.components import GuardedModal, GuardedView, PersistentComponent
from bot.discord.context import Context, Interaction
from bot.discord.guard import AnyCommand, needed_tier
from bot.discord.replies import acknowledge
from bot.features.access.tier import Tier
from tests.support.harness import BotHarness, embed_of, final
from tests.support.menu_payloads import choose, entries
from tests.support.persistent_components import (
    BUTTON,
    PAYLOADS,
    component_type,
    custom_id_of,
    of_the_program,
    persistent_components,
    subclasses,
)

_Kind = discord.InteractionType
OUTSIDE: Final = 0


@dataclass(frozen=True)
class Person:
    """A person who uses a handler.

    tier: what the person may use there, None for nothing. guild_id: from where, 0 for a direct message.
    """

    actor: simcord.MemberActor
    tier: Tier | None
    guild_id: int


@dataclass(frozen=True)
class Handler:
    """Something that a member can use. data: what Discord sends then."""

    name: str
    tier: Tier
    kind: discord.InteractionType
    data: Mapping[str, Any]


class ProbeView(GuardedView):
    """A view with a button that does nothing."""

    @discord.ui.button(label="Probe")
    async def probe(self, interaction: Interaction, _: discord.ui.Button[Any]) -> None:
        """Acknowledge."""
        await acknowledge(Context.of(interaction))


class ProbeForm(GuardedModal):
    """A form that does nothing."""

    async def submit(self, ctx: Context) -> None:
        """Acknowledge."""
        await acknowledge(ctx)


def options(harness: BotHarness, command: app_commands.Command[Any, ..., Any]) -> list[dict[str, Any]]:
    """Return the required options of a command with a value of their type each."""
    values: dict[discord.AppCommandOptionType, Any] = {
        discord.AppCommandOptionType.integer: 1,
        discord.AppCommandOptionType.channel: str(harness.channel.id),
    }
    return [
        {
            "name": option.display_name,
            "type": option.type.value,
            "value": option.choices[0].value if option.choices else values.get(option.type, "x"),
        }
        for option in command.parameters
        if option.required
    ]


def run(harness: BotHarness, command: app_commands.Command[Any, ..., Any]) -> dict[str, Any]:
    """Return what Discord sends when a command is run."""
    sent: list[dict[str, Any]] = options(harness, command)
    group = command.parent
    if group is not None:
        sent = [{"name": command.name, "type": 1, "options": sent}]
    top = command.root_parent or command
    backend = harness.env.backend
    channel = serializers.channel_payload(backend, backend.get_channel(harness.channel.id))
    return {
        "id": str(harness.bot.services.links.ids.get(top.name, 1)),
        "name": top.name,
        "type": 1,
        "options": sent,
        "resolved": {"channels": {channel["id"]: {**channel, "permissions": "0"}}},
    }


def commands(harness: BotHarness) -> Iterator[tuple[app_commands.Command[Any, ..., Any], Tier]]:
    """Yield every command with the tier that its top-level command declares."""
    for command in harness.bot.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            yield command, needed_tier(command.root_parent or command)


async def handlers(harness: BotHarness, message: discord.Message) -> list[Handler]:
    """Find every handler by introspection; a view and a form for each top-level command.

    message: on which the entries of the Apps menus are chosen.
    """
    found = [
        Handler(f"/{command.qualified_name}", tier, _Kind.application_command, run(harness, command))
        for command, tier in commands(harness)
    ]
    for kind in persistent_components(harness.bot):
        custom_id = custom_id_of(kind)
        owner = harness.bot.tree.get_command(custom_id.partition(":")[0])
        assert isinstance(owner, (app_commands.Command, app_commands.Group)), (
            f"{kind.__name__} belongs to no command"
        )
        number = component_type(kind)
        chosen = {} if number == BUTTON else {"values": ["x"]}
        data = {"custom_id": custom_id, "component_type": number, **chosen}
        found.append(Handler(kind.__name__, needed_tier(owner), _Kind.component, data))
    found += [
        Handler(
            entry.name,
            needed_tier(entry),
            _Kind.application_command,
            choose(harness.env, harness.bot, entry, message),
        )
        for entry in entries(harness.bot)
    ]
    for top in harness.bot.tree.get_commands():
        found.extend(opened_by(harness, top))
    return found


def opened_by(harness: BotHarness, top: AnyCommand) -> Iterator[Handler]:
    """Open a view and a form for a command or an entry of the Apps menus, and yield both."""
    asked: Any = SimpleNamespace(
        command=top.name, operation="", doing="", guild_id=harness.guild.id, screen=None
    )
    view = ProbeView(asked, timeout=600)
    harness.bot._connection.store_view(view)
    yield Handler(
        f"a view of {top.name}",
        needed_tier(top),
        _Kind.component,
        {"custom_id": view.probe.custom_id, "component_type": BUTTON},
    )
    retry: Any = SimpleNamespace(after_not_found=False, operation_in=lambda _: None)
    form = ProbeForm(asked, title="Probe", retry=retry)
    harness.bot._connection.store_view(form)
    yield Handler(
        f"a form of {top.name}",
        needed_tier(top),
        _Kind.modal_submit,
        {"custom_id": form.custom_id, "components": []},
    )


async def people(harness: BotHarness) -> dict[str, Person]:
    """Fill the server with every kind of person that the guard tells apart."""
    guild, env = harness.guild, harness.env
    crew, lookout = guild.create_role("Crew"), guild.create_role("Lookout")
    admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    here = guild.id
    elsewhere = harness.other_guild()
    owner = simcord.MemberActor(env, guild, guild.owner)
    known = {
        "owner": Person(owner, Tier.MANAGER, here),
        "administrator": Person(guild.add_member(env.create_user("ada"), roles=[admins]), Tier.MANAGER, here),
        "manager": Person(harness.manager, Tier.MANAGER, here),
        "granted manager": Person(guild.add_member(env.create_user("gil")), Tier.MANAGER, here),
        "manager by role": Person(guild.add_member(env.create_user("cam"), roles=[crew]), Tier.MANAGER, here),
        "viewer": Person(harness.moderator(), Tier.VIEWER, here),
        "granted viewer": Person(guild.add_member(env.create_user("lou")), Tier.VIEWER, here),
        "viewer by role": Person(
            guild.add_member(env.create_user("kim"), roles=[lookout]), Tier.VIEWER, here
        ),
        "member": Person(harness.member, Tier.NONE, here),
        "manager of another server": Person(guild.add_member(elsewhere.manager.user), Tier.NONE, here),
    }
    grants = harness.bot.services.access
    await grants.grant(
        here, "member", known["granted manager"].actor.id, Tier.MANAGER, member_id=harness.manager.id
    )
    await grants.grant(here, "role", crew.id, Tier.MANAGER, member_id=harness.manager.id)
    await grants.grant(
        here, "member", known["granted viewer"].actor.id, Tier.VIEWER, member_id=harness.manager.id
    )
    await grants.grant(here, "role", lookout.id, Tier.VIEWER, member_id=harness.manager.id)
    # A tier that was granted in another server opens nothing here.
    await grants.grant(
        elsewhere.guild.id, "member", harness.member.id, Tier.MANAGER, member_id=elsewhere.manager.id
    )
    return known | {
        f"{name} in a direct message": replace(known[name], tier=None, guild_id=OUTSIDE)
        for name in ("owner", "manager", "member")
    }


def refused(harness: BotHarness, result: simcord.InteractionResult) -> bool:
    """Tell whether the guard refused; fail if nothing was answered."""
    assert result.acknowledged, "never answered"
    keys = ["outside_server", *(f"not_allowed.{tier.name.lower()}" for tier in Tier)]
    titles = {f"⚠️ {harness.texts(f'problem.{key}.title')}" for key in keys}
    return (
        bool(result.response or result.followups)
        and bool(final(result).embeds)
        and embed_of(result).title in titles
    )


def use(
    harness: BotHarness, handler: Handler, person: Person, message: simcord.ResponseMessage
) -> simcord.InteractionResult:
    """Send what Discord sends when a person uses a handler; a component hangs on the message."""
    on = None
    if handler.kind is _Kind.component:
        on, stored = message, harness.env.backend.get_message(message.channel_id, message.id)
        kind = handler.data["component_type"]
        component = {"type": kind, "custom_id": handler.data["custom_id"], **PAYLOADS[kind]}
        stored.components = [{"type": 1, "components": [component]}]
    return harness.send(handler.kind, person.actor, handler.data, message=on, guild_id=person.guild_id)


async def test_everybody_may_do_what_their_tier_is_for_and_nothing_else(
    harness: BotHarness,
    record_property: Any,  # noqa: ANN401 - pytest's own
) -> None:
    """Each handler admits whoever has its tier in this server, and refuses everybody else with an answer."""
    harness.remove_cooldowns()
    shared = final(await harness.manager.slash(harness.channel, "help"))
    said = await harness.member.send(harness.channel, "hello")
    everybody = await people(harness)
    wrong = []
    for name, person in everybody.items():
        everything = await handlers(harness, said)  # new ones: a form is closed when its sender is refused
        used = [use(harness, handler, person, shared) for handler in everything]
        # All at once: waiting until the bot rests takes longer than what it does.
        await harness.env.settle(idle=0.05)
        for handler, result in zip(everything, used, strict=True):
            may = person.tier is not None and person.tier >= handler.tier
            assert result.acknowledged, f"{handler.name} never answered {name}"
            if refused(harness, result) is may:
                wrong.append(f"{name} {'is refused' if may else 'gets through'}: {handler.name}")
    size = f"{len(everything)} handlers x {len(everybody)} people"
    record_property("guard matrix", f"{size} = {len(everything) * len(everybody)} uses")
    assert wrong == []
    assert {handler.tier for handler in everything} == set(Tier)


async def test_every_command_declares_what_it_needs(harness: BotHarness) -> None:
    """What has no tier is found, and Discord is told the permission that goes with each tier."""
    permissions = {
        Tier.MANAGER: discord.Permissions(manage_guild=True),
        Tier.VIEWER: discord.Permissions(moderate_members=True),
        Tier.NONE: None,
    }
    for top in harness.bot.tree.get_commands():
        assert top.default_permissions == permissions[needed_tier(top)], top.name
        assert top.guild_only, top.name


def test_no_view_and_no_form_goes_around_the_guard() -> None:
    """Each view, form and persistent component of the program asks the guard by the one method that does."""
    bases = (discord.ui.View, discord.ui.Modal, discord.ui.DynamicItem)
    found = of_the_program(kind for base in bases for kind in subclasses(base))
    assert found
    guarded = (GuardedView, GuardedModal, PersistentComponent)
    assert [kind for kind in found if not issubclass(kind, guarded)] == []
    assert [
        kind for kind in found if {"interaction_check", "callback", "from_custom_id"} & vars(kind).keys()
    ] == []


async def test_every_persistent_component_is_listened_to(harness: BotHarness) -> None:
    """No persistent component is missing where the bot is told of them."""
    found = {kind for kind in of_the_program(subclasses(PersistentComponent)) if getattr(kind, "route", "")}
    assert found == set(persistent_components(harness.bot))
