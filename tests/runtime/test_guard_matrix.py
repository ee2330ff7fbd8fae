"""Every command, button, menu and form that there is, used by everybody that there may be."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import discord
import pytest
import simcord
from discord import app_commands
from simcord.backend import serializers

from bot.kit.tier import Tier
from bot.runtime.client import PatchbayBot
from bot.runtime.guard import needed_tier
from bot.ui.components import Interaction, Lasting, LastingChannelSelect, LastingSelect, SafeModal, SafeView
from tests.cogs.town import Town, embed_of, final

_Kind = discord.InteractionType
OUTSIDE: Final = 0
BUTTON: Final = 2
MENU: Final = 3
CHANNEL_MENU: Final = 8
LOOKS: Final[Mapping[int, Mapping[str, Any]]] = {
    BUTTON: {"label": "x", "style": 1},
    MENU: {"options": [{"label": "x", "value": "x"}]},
    CHANNEL_MENU: {"channel_types": [0]},
}
"""What a component has besides its type and its custom id."""
SAMPLES: Final = ("1", "y", "sensay", "default", "add", "role", "5f0c3a52-6b1e-4a43-9c55-0a51f6f3d0aa", "")
"""One of them fits into each blank of a custom id."""


@pytest.fixture(autouse=True)
def no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one member do more than anybody could in a minute."""
    monkeypatch.setattr("bot.runtime.guard.MEMBER_PACE", (10**6, 60.0))
    monkeypatch.setattr("bot.runtime.guard.GUILD_PACE", (10**6, 60.0))


@dataclass(frozen=True)
class Person:
    """Somebody who uses a handler. guild_id: from where, 0 for a direct message."""

    actor: simcord.MemberActor
    tier: Tier | None
    """What they may do there; None for nothing at all."""
    guild_id: int


@dataclass(frozen=True)
class Handler:
    """Something that a member can use. data: what Discord sends then."""

    name: str
    tier: Tier
    kind: discord.InteractionType
    data: Mapping[str, Any]


class Probe(SafeView):
    """A view with a button that does nothing."""

    @discord.ui.button(label="Probe")
    async def probe(self, interaction: Interaction, _: discord.ui.Button[Any]) -> None:
        """Acknowledge."""
        await interaction.response.defer()


class ProbeForm(SafeModal):
    """A form that does nothing."""

    async def on_submit(self, interaction: Interaction, /) -> None:  # type: ignore[override]
        """Acknowledge."""
        await interaction.response.defer()


def subclasses(kind: type) -> Iterator[type]:
    """Yield every class under another one."""
    children: list[type] = kind.__subclasses__()
    for child in children:
        yield child
        yield from subclasses(child)


def lasting(bot: PatchbayBot) -> list[type[Lasting[Any]]]:
    """Return every lasting component that the bot listens to."""
    kinds: list[type[Lasting[Any]]] = list(bot._connection._view_store._dynamic_items.values())  # type: ignore[arg-type]
    return sorted(kinds, key=lambda kind: kind.__name__)


def component_type(kind: type[Lasting[Any]]) -> int:
    """Return Discord's number for what a lasting component is."""
    if issubclass(kind, LastingChannelSelect):
        return CHANNEL_MENU
    return MENU if issubclass(kind, LastingSelect) else BUTTON


def template_of(kind: type[Lasting[Any]]) -> str:
    """Return the template of a lasting component's custom id, with what may be left out."""
    pattern: str = kind.__discord_ui_compiled_template__.pattern
    return re.sub(r"\(\?:((?:[^()]|\([^()]*\))*)\)\?", r"\1", pattern)


def sample(template: str) -> str:
    """Return a custom id that a component's template takes."""

    def value(group: re.Match[str]) -> str:
        pattern = str(group[1])
        return next(text for text in (*SAMPLES, *pattern.split("|")) if re.fullmatch(pattern, text))

    custom_id = re.sub(r"\(\?P<\w+>([^()]*(?:\([^()]*\))?[^()]*)\)", value, template)
    assert re.fullmatch(template, custom_id), custom_id
    return custom_id


def options(town: Town, command: app_commands.Command[Any, ..., Any]) -> list[dict[str, Any]]:
    """Return the required options of a command with a value of their type each."""
    values: dict[discord.AppCommandOptionType, Any] = {
        discord.AppCommandOptionType.integer: 1,
        discord.AppCommandOptionType.channel: str(town.channel.id),
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


def run(town: Town, command: app_commands.Command[Any, ..., Any]) -> dict[str, Any]:
    """Return what Discord sends when a command is run."""
    sent: list[dict[str, Any]] = options(town, command)
    group = command.parent
    if group is not None:
        sent = [{"name": command.name, "type": 1, "options": sent}]
    top = command.root_parent or command
    backend = town.env.backend
    channel = serializers.channel_payload(backend, backend.get_channel(town.channel.id))
    return {
        "id": str(town.bot.tree.command_ids.get(top.name, 1)),
        "name": top.name,
        "type": 1,
        "options": sent,
        "resolved": {"channels": {channel["id"]: {**channel, "permissions": "0"}}},
    }


def commands(town: Town) -> Iterator[tuple[app_commands.Command[Any, ..., Any], Tier]]:
    """Yield every command with the tier that its top-level command declares."""
    for command in town.bot.tree.walk_commands():
        if isinstance(command, app_commands.Command):
            yield command, needed_tier(command.root_parent or command)


async def handlers(town: Town) -> list[Handler]:
    """Find every handler by introspection; a view and a form for each top-level command."""
    found = [
        Handler(f"/{command.qualified_name}", tier, _Kind.application_command, run(town, command))
        for command, tier in commands(town)
    ]
    for kind in lasting(town.bot):
        custom_id = sample(template_of(kind))
        owner = town.bot.tree.get_command(custom_id.partition(":")[0])
        assert isinstance(owner, (app_commands.Command, app_commands.Group)), (
            f"{kind.__name__} belongs to no command"
        )
        number = component_type(kind)
        chosen = {} if number == BUTTON else {"values": ["x"]}
        data = {"custom_id": custom_id, "component_type": number, **chosen}
        found.append(Handler(kind.__name__, needed_tier(owner), _Kind.component, data))
    for top in town.bot.tree.get_commands():
        assert isinstance(top, (app_commands.Command, app_commands.Group))
        found.extend(opened_by(town, top))
    return found


def opened_by(town: Town, top: app_commands.Command[Any, ..., Any] | app_commands.Group) -> Iterator[Handler]:
    """Listen with a view and a form that a top-level command has opened, and yield both."""
    asked: Any = type("Asked", (), {"extras": {"command": top.name}, "guild_id": town.guild.id})()
    view = Probe(asked, timeout=600)
    town.bot._connection.store_view(view)
    yield Handler(
        f"a view of /{top.name}",
        needed_tier(top),
        _Kind.component,
        {"custom_id": view.probe.custom_id, "component_type": BUTTON},
    )
    retry: Any = None
    form = ProbeForm(asked, title="Probe", retry=retry)
    town.bot._connection.store_view(form)
    yield Handler(
        f"a form of /{top.name}",
        needed_tier(top),
        _Kind.modal_submit,
        {"custom_id": form.custom_id, "components": []},
    )


async def people(town: Town) -> dict[str, Person]:
    """Fill the server with everybody of whom the guard has to have an opinion."""
    guild, env = town.guild, town.env
    crew, lookout = guild.create_role("Crew"), guild.create_role("Lookout")
    admins = guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    here = guild.id
    elsewhere = town.abroad()
    owner = simcord.MemberActor(env, guild, guild.owner)
    known = {
        "owner": Person(owner, Tier.MANAGER, here),
        "administrator": Person(guild.add_member(env.create_user("ada"), roles=[admins]), Tier.MANAGER, here),
        "manager": Person(town.manager, Tier.MANAGER, here),
        "granted manager": Person(guild.add_member(env.create_user("gil")), Tier.MANAGER, here),
        "manager by role": Person(guild.add_member(env.create_user("cam"), roles=[crew]), Tier.MANAGER, here),
        "viewer": Person(town.moderator(), Tier.VIEWER, here),
        "granted viewer": Person(guild.add_member(env.create_user("lou")), Tier.VIEWER, here),
        "viewer by role": Person(
            guild.add_member(env.create_user("kim"), roles=[lookout]), Tier.VIEWER, here
        ),
        "member": Person(town.member, Tier.NONE, here),
        "manager of another server": Person(guild.add_member(elsewhere.manager.user), Tier.NONE, here),
    }
    grants = town.bot.access
    await grants.grant(
        here, "member", known["granted manager"].actor.id, Tier.MANAGER, member_id=town.manager.id
    )
    await grants.grant(here, "role", crew.id, Tier.MANAGER, member_id=town.manager.id)
    await grants.grant(
        here, "member", known["granted viewer"].actor.id, Tier.VIEWER, member_id=town.manager.id
    )
    await grants.grant(here, "role", lookout.id, Tier.VIEWER, member_id=town.manager.id)
    # What was granted elsewhere opens nothing here.
    await grants.grant(
        elsewhere.guild.id, "member", town.member.id, Tier.MANAGER, member_id=elsewhere.manager.id
    )
    return known | {
        f"{name} in a direct message": replace(known[name], tier=None, guild_id=OUTSIDE)
        for name in ("owner", "manager", "member")
    }


def refused(town: Town, result: simcord.InteractionResult) -> bool:
    """Tell whether the guard refused, and that it answered in any case."""
    assert result.acknowledged, "never answered"
    keys = ["outside_server", *(f"not_allowed.{tier.name.lower()}" for tier in Tier)]
    titles = {f"⚠️ {town.texts(f'problem.{key}.title')}" for key in keys}
    return (
        bool(result.response or result.followups)
        and bool(final(result).embeds)
        and embed_of(result).title in titles
    )


def use(
    town: Town, handler: Handler, person: Person, message: simcord.ResponseMessage
) -> simcord.InteractionResult:
    """Send what Discord sends when a person uses a handler; a component hangs on the message."""
    on = None
    if handler.kind is _Kind.component:
        on, stored = message, town.env.backend.get_message(message.channel_id, message.id)
        kind = handler.data["component_type"]
        component = {"type": kind, "custom_id": handler.data["custom_id"], **LOOKS[kind]}
        stored.components = [{"type": 1, "components": [component]}]
    return town.send(handler.kind, person.actor, handler.data, message=on, guild_id=person.guild_id)


async def test_everybody_may_do_what_their_tier_is_for_and_nothing_else(
    town: Town,
    record_property: Any,  # noqa: ANN401 - pytest's own
) -> None:
    """Each handler lets in whoever has its tier in this server, and refuses all others with an answer."""
    shared = final(await town.manager.slash(town.channel, "help"))
    everybody = await people(town)
    wrong = []
    for name, person in everybody.items():
        everything = await handlers(town)  # anew: a form is closed when its sender is refused
        used = [use(town, handler, person, shared) for handler in everything]
        # All at once: to wait for the world to come to rest takes longer than what is done in it.
        await town.env.settle(idle=0.05)
        for handler, result in zip(everything, used, strict=True):
            may = person.tier is not None and person.tier >= handler.tier
            if refused(town, result) is may:
                wrong.append(f"{name} {'is refused' if may else 'gets through'}: {handler.name}")
    size = f"{len(everything)} handlers x {len(everybody)} people"
    record_property("guard matrix", f"{size} = {len(everything) * len(everybody)} uses")
    assert wrong == []
    assert {handler.tier for handler in everything} == set(Tier)


async def test_every_command_declares_what_it_needs(town: Town) -> None:
    """A command without a tier is found, and Discord is told the permission that goes with each tier."""
    permissions = {
        Tier.MANAGER: discord.Permissions(manage_guild=True),
        Tier.VIEWER: discord.Permissions(moderate_members=True),
        Tier.NONE: None,
    }
    for top in town.bot.tree.get_commands():
        assert isinstance(top, (app_commands.Command, app_commands.Group))
        assert top.default_permissions == permissions[needed_tier(top)], top.name
        assert top.guild_only, top.name


def test_no_view_and_no_form_goes_around_the_guard() -> None:
    """Each of ours asks the guard by the one method that does."""
    for base in (SafeView, SafeModal):
        assert [kind for kind in subclasses(base) if "interaction_check" in vars(kind)] == []
    ours = [
        kind
        for base in (discord.ui.View, discord.ui.Modal, discord.ui.DynamicItem)
        for kind in subclasses(base)
        if kind.__module__.startswith(("bot.", "cogs."))
    ]
    assert [kind for kind in ours if not issubclass(kind, (SafeView, SafeModal, Lasting))] == []
    assert [kind for kind in subclasses(Lasting) if "callback" in vars(kind)] == []


async def test_every_lasting_component_is_listened_to(town: Town) -> None:
    """None is forgotten where the bot is told of them."""
    ours = [kind for kind in subclasses(Lasting) if kind.__module__ != Lasting.__module__]
    assert set(ours) == set(lasting(town.bot))
