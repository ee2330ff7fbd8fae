"""`/access grant, revoke, list` as managers, those they let in, and Discord itself see it."""

from typing import Any

import discord
import pytest
import simcord
from simcord.backend import serializers

from bot.kit.tier import Tier
from bot.services.access import MOST_GRANTS, Grant
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, shown
from tests.ui.test_theme import accepted

SETTINGS = "Server Settings > Integrations > Patchbay"
HAND_ON = "⚠️ You can hand on viewer only"
Handle = simcord.RoleHandle | simcord.MemberActor | simcord.UserHandle
NAMES = (
    "@everyone",
    "</connections remove:1>",
    "[x](https://example.invalid)",
    "\u202eevil",
    "{who} {0}",
    "discord.gg/abc",
)


async def grant(
    town: Town, actor: simcord.MemberActor, tier: str, **subject: Handle
) -> simcord.InteractionResult:
    """Have somebody let a role or a member in."""
    return await actor.slash(town.channel, "access grant", tier=tier, **subject)


async def revoke(town: Town, actor: simcord.MemberActor, **subject: Handle) -> simcord.InteractionResult:
    """Have somebody take it back."""
    return await actor.slash(town.channel, "access revoke", **subject)


async def listing(town: Town) -> simcord.InteractionResult:
    """Have the manager look at the grants."""
    return await town.manager.slash(town.channel, "access list")


async def held(town: Town) -> dict[tuple[str, int], Tier]:
    """Return the tiers that were granted."""
    return {(each.kind, each.subject): each.tier for each in await town.bot.access.of_guild(town.guild.id)}


async def log(town: Town) -> list[tuple[int | None, str, str, str]]:
    """Return who did what on what with which result, oldest first."""
    entries, _ = await town.bot.audit.export(town.guild.id)
    return [(entry.member, entry.action, entry.target, entry.result) for entry in entries]


async def let_in(town: Town) -> None:
    """Make the member a manager by a grant, to whom an admin shows the command in Server Settings."""
    await town.bot.access.grant(
        town.guild.id, "member", town.member.id, Tier.MANAGER, member_id=town.manager.id
    )
    town.guild.set_command_permissions(town.bot.tree.command_ids["access"], {town.member: True})


@pytest.fixture
def crew(town: Town) -> simcord.RoleHandle:
    """A role that opens nothing by itself."""
    return town.guild.create_role("Crew")


async def test_a_role_is_let_in(town: Town, crew: simcord.RoleHandle) -> None:
    """Its grant is stored, told and logged; the next step is what Discord needs to show the commands."""
    result = await grant(town, town.manager, "manager", role=crew)
    assert result.ephemeral
    assert embed_of(result).title == "✅ Access granted"
    assert f"<@&{crew.id}>: 🛠️ **manager**" in shown(result)
    assert "Until now" not in shown(result)
    step = field(result, "Next step")
    assert SETTINGS in step
    assert f"<@&{crew.id}>" in step
    opened = {name for name in town.bot.tree.command_ids if f"**/{name}**" in step}
    assert opened == set(town.bot.tree.command_ids) - {"help"}
    (stored,) = await town.bot.access.of_guild(town.guild.id)
    now = int(town.env.now().timestamp())
    assert stored == Grant("role", crew.id, Tier.MANAGER, town.manager.id, now)
    assert await log(town) == [(town.manager.id, "access.grant", f"role · {crew.id} · manager", "done")]
    audit = await town.manager.slash(town.channel, "audit list")
    assert f"<@&{crew.id}> · manager" in shown(audit)


async def test_a_viewer_is_led_to_no_managers_command(town: Town) -> None:
    """Whoever is added to a command in Server Settings may use it, so a viewer's names no manager's."""
    result = await grant(town, town.manager, "viewer", member=town.member)
    assert f"<@{town.member.id}>: 👀 **viewer**" in shown(result)
    assert not [
        name for name in ("access", "connections", "sensay", "toolzz") if f"/{name}**" in shown(result)
    ]
    assert await held(town) == {("member", town.member.id): Tier.VIEWER}


async def test_granting_again_changes_the_tier(town: Town, crew: simcord.RoleHandle) -> None:
    """The new tier takes the place of the old one, and the answer tells which that was."""
    await grant(town, town.manager, "viewer", role=crew)
    changed = await grant(town, town.manager, "manager", role=crew)
    assert embed_of(changed).title == "✅ Access changed"
    assert "Until now: 👀 **viewer**" in shown(changed)
    assert await held(town) == {("role", crew.id): Tier.MANAGER}
    again = await grant(town, town.manager, "manager", role=crew)
    assert embed_of(again).title == "✅ Access granted"
    assert "Until now: 🛠️ **manager**" in shown(again)


@pytest.mark.parametrize("command", ["grant", "revoke"])
async def test_it_takes_one_role_or_one_member(town: Town, crew: simcord.RoleHandle, command: str) -> None:
    """Neither and both are refused alike, and nothing is done or logged."""
    more = {"tier": "viewer"} if command == "grant" else {}
    for subject in ({}, {"role": crew, "member": town.member}):
        result = await town.manager.slash(town.channel, f"access {command}", **more, **subject)
        assert embed_of(result).title == "⚠️ A role or a member, one of them"
        assert "`role`" in field(result, "What to do")
    assert await held(town) == {}
    assert await log(town) == []


async def test_everyone_can_be_viewer_only(town: Town) -> None:
    """As manager, everyone is refused with the reason; as viewer, everyone is shown without a ping."""
    everyone = town.guild.default_role
    refused = await grant(town, town.manager, "manager", role=everyone)
    assert embed_of(refused).title == "⚠️ Not everyone can be a manager"
    assert await held(town) == {}
    assert "`@everyone`: 👀" in shown(await grant(town, town.manager, "viewer", role=everyone))
    assert "`@everyone`: by" in shown(await listing(town))
    assert [entry[3] for entry in await log(town)] == ["refused:invalid_input", "done"]


async def test_bots_are_granted_nothing(
    town: Town, crew: simcord.RoleHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot is refused, and so is the role that Discord made for a bot."""
    bot = town.guild.add_member(town.env.create_user("Helper", bot=True))
    payload = serializers.role_payload
    # simcord's roles have no tags, by which Discord tells whose they are.
    monkeypatch.setattr(
        serializers, "role_payload", lambda role: {**payload(role), "tags": {"bot_id": str(bot.id)}}
    )
    for subject in ({"member": bot}, {"role": crew}):
        result = await grant(town, town.manager, "viewer", **subject)
        assert embed_of(result).title == "⚠️ A bot cannot be let in"
    assert await held(town) == {}


async def test_a_manager_by_a_grant_makes_no_managers(town: Town, crew: simcord.RoleHandle) -> None:
    """Whoever was let in hands on viewer and touches no manager's grant but to give up their own."""
    await let_in(town)
    await grant(town, town.manager, "manager", role=crew)
    before = await held(town)
    other = town.guild.add_member(town.env.create_user("ines"))
    for refused in (
        await grant(town, town.member, "manager", member=other),
        await grant(town, town.member, "viewer", role=crew),
        await revoke(town, town.member, role=crew),
    ):
        assert embed_of(refused).title == HAND_ON
    assert await held(town) == before
    assert [entry[3] for entry in await log(town)][-3:] == ["refused:not_allowed"] * 3
    assert embed_of(await grant(town, town.member, "viewer", member=other)).title == "✅ Access granted"
    assert embed_of(await revoke(town, town.member, member=other)).title == "✅ Access taken back"
    assert embed_of(await revoke(town, town.member, member=town.member)).title == "✅ Access taken back"
    assert await held(town) == {("role", crew.id): Tier.MANAGER}


async def test_an_administrator_makes_managers(town: Town, crew: simcord.RoleHandle) -> None:
    """Administrator includes Manage Server."""
    admins = town.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    admin = town.guild.add_member(town.env.create_user("ada"), roles=[admins])
    assert embed_of(await grant(town, admin, "manager", role=crew)).title == "✅ Access granted"


async def test_whom_server_settings_let_in_makes_no_managers(town: Town, crew: simcord.RoleHandle) -> None:
    """An override opens the command, and with it no more than to a manager by a grant."""
    town.guild.set_command_permissions(town.bot.tree.command_ids["access"], {town.member: True})
    assert embed_of(await grant(town, town.member, "manager", role=crew)).title == HAND_ON
    assert await held(town) == {}


async def test_a_grant_is_taken_back(town: Town, crew: simcord.RoleHandle) -> None:
    """It is gone, logged with what it was, and what only an admin can take back is said."""
    await grant(town, town.manager, "viewer", role=crew)
    result = await revoke(town, town.manager, role=crew)
    assert result.ephemeral
    assert embed_of(result).title == "✅ Access taken back"
    assert f"<@&{crew.id}> is no longer 👀 **viewer**" in shown(result)
    assert SETTINGS in field(result, "Next step")
    assert await held(town) == {}
    assert (await log(town))[-1] == (town.manager.id, "access.revoke", f"role · {crew.id} · viewer", "done")
    again = await revoke(town, town.manager, role=crew)
    assert embed_of(again).title == "⚠️ Nothing was granted to them"
    assert (await log(town))[-1][2:] == (f"role · {crew.id}", "refused:no_grant")


async def test_who_has_left_loses_a_grant_too(town: Town) -> None:
    """A grant of somebody who is no member any more can be taken back; a new one is not given."""
    left = town.env.create_user("left")
    await grant(town, town.manager, "viewer", member=town.guild.add_member(left))
    town.guild.remove_member(left)
    assert embed_of(await revoke(town, town.manager, member=left)).title == "✅ Access taken back"
    refused = await grant(town, town.manager, "viewer", member=left)
    assert embed_of(refused).title == "⚠️ An option has an impossible value"
    assert town.env.errors
    assert await held(town) == {}


async def test_the_list_tells_who_gave_what_to_whom(town: Town, crew: simcord.RoleHandle) -> None:
    """Under each tier stand its roles and members, by whom and when, after what goes without a grant."""
    await grant(town, town.manager, "viewer", member=town.member)
    await grant(town, town.manager, "manager", role=crew)
    result = await listing(town)
    assert result.ephemeral
    assert embed_of(result).title == "🔌 2 grants"
    assert (embed_of(result).description or "").splitlines() == [
        town.texts("access.list.base"),
        "🛠️ **manager**",
        f"<@&{crew.id}>: by <@{town.manager.id}> <t:{int(town.env.now().timestamp())}:R>",
        "👀 **viewer**",
        f"<@{town.member.id}>: by <@{town.manager.id}> <t:{int(town.env.now().timestamp())}:R>",
    ]
    assert "</access revoke:" in field(result, "Next step")


async def test_an_empty_list_says_what_goes_without_grants(town: Town) -> None:
    """Nobody was let in: both tiers' permissions are named, and the way to let somebody in."""
    result = await listing(town)
    assert embed_of(result).title == "🔌 Nobody was let in beyond Discord's permissions"
    assert "**Moderate Members**" in shown(result)
    assert "</access grant:" in field(result, "Next step")


async def test_as_many_grants_as_there_may_be_are_all_listed(town: Town, crew: simcord.RoleHandle) -> None:
    """Every one of them has room in the list, roles that are gone are marked, and one more is refused."""
    ids = [crew.id + number for number in range(1, MOST_GRANTS + 1)]
    for subject in ids:
        kind: Any = "member" if subject % 2 else "role"
        await town.bot.access.grant(
            town.guild.id, kind, subject, Tier(1 + subject % 3 // 2), member_id=town.manager.id
        )
    result = await listing(town)
    assert [subject for subject in ids if str(subject) not in shown(result)] == []
    assert shown(result).count("a role that is gone") == MOST_GRANTS // 2
    assert accepted(embed_of(result))
    refused = await grant(town, town.manager, "viewer", role=crew)
    assert embed_of(refused).title == "⚠️ Too many grants"
    assert str(MOST_GRANTS) in shown(refused)


async def test_with_a_role_goes_its_grant(town: Town, crew: simcord.RoleHandle) -> None:
    """A role that is deleted takes its grant along, which is logged as nobody's doing; the others stay."""
    idle = town.guild.create_role("Idle")
    await grant(town, town.manager, "manager", role=crew)
    await grant(town, town.manager, "viewer", member=town.member)
    before = await log(town)
    for role in (crew, idle):
        town.env.backend.delete_role(town.guild.id, role.id)
    await town.env.settle()
    assert await held(town) == {("member", town.member.id): Tier.VIEWER}
    assert (await log(town))[len(before) :] == [
        (None, "access.revoke", f"role · {crew.id} · manager", "done")
    ]


@pytest.mark.parametrize("word", [{"unavailable": False}, {}], ids=["back", "joined"])
async def test_a_role_that_went_meanwhile_loses_its_grant(
    town: Town, crew: simcord.RoleHandle, word: dict[str, bool]
) -> None:
    """What was deleted while the bot was away or out is found when Discord shows the server again."""
    gone = crew.id + 1
    await grant(town, town.manager, "viewer", role=crew)
    await town.bot.access.grant(town.guild.id, "role", gone, Tier.MANAGER, member_id=town.manager.id)
    await town.bot.access.grant(town.guild.id, "member", gone, Tier.VIEWER, member_id=town.manager.id)
    backend = town.env.backend
    shown_again = dict(serializers.guild_create_payload(backend, backend.get_guild(town.guild.id)))
    del shown_again["unavailable"]
    backend.emit("GUILD_CREATE", {**shown_again, **word})
    await town.env.settle()
    assert await held(town) == {("role", crew.id): Tier.VIEWER, ("member", gone): Tier.VIEWER}


async def test_no_server_sees_anothers_grants(town: Town, crew: simcord.RoleHandle) -> None:
    """Each server has its own list."""
    await grant(town, town.manager, "viewer", role=crew)
    assert "Nobody was let in" in shown(await listing(town.abroad()))


@pytest.mark.parametrize("name", NAMES)
async def test_a_roles_name_does_nothing(town: Town, name: str) -> None:
    """Roles are shown by mention: what somebody named one is in no answer and in no log."""
    role = town.guild.create_role(name)
    sent = len(town.env.http_requests)
    answers = [
        await grant(town, town.manager, "viewer", role=role),
        await listing(town),
        await revoke(town, town.manager, role=role),
    ]
    assert all(f"<@&{role.id}>" in shown(each) for each in answers)
    said = [str(entry.json) for entry in town.env.http_requests[sent:]]
    assert not [text for text in said if name in text]
    assert name not in str(await log(town))


async def test_access_speaks_portuguese(town: Town, crew: simcord.RoleHandle) -> None:
    """Grant, list, revoke and a refusal are in the member's own language."""
    town.locale = PORTUGUESE
    given = await grant(town, town.manager, "manager", role=crew)
    assert "🛠️ **gerente**" in shown(given)
    assert "Configurações do servidor > Integrações > Patchbay" in field(given, "Próximo passo")
    assert "por <@" in shown(await listing(town))
    assert embed_of(await revoke(town, town.manager, role=crew)).title == "✅ Acesso retirado"
    assert "Nada foi liberado" in shown(await revoke(town, town.manager, role=crew))
