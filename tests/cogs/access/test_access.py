"""`/access grant, revoke, list` as managers, members with a grant, and Discord itself see it."""

from typing import Any

import discord
import pytest
import simcord
from simcord.backend import serializers

from bot.discord.guard import needed_tier
from bot.features.access.service import MAX_GRANTS
from bot.features.access.store import Grant
from bot.features.access.tier import Tier
from tests.support.embeds import fits_discord
from tests.support.english import english
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, shown

SETTINGS = "Server Settings > Integrations > Patchbay"
HAND_ON = f"⚠️ {english('problem.not_allowed.hand_on.title')}"
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
    harness: BotHarness, actor: simcord.MemberActor, tier: str, **subject: Handle
) -> simcord.InteractionResult:
    """Have somebody grant a tier to a role or a member."""
    return await actor.slash(harness.channel, "access grant", tier=tier, **subject)


async def revoke(
    harness: BotHarness, actor: simcord.MemberActor, **subject: Handle
) -> simcord.InteractionResult:
    """Have somebody take a grant back."""
    return await actor.slash(harness.channel, "access revoke", **subject)


async def listing(harness: BotHarness) -> simcord.InteractionResult:
    """Have the manager list the grants."""
    return await harness.manager.slash(harness.channel, "access list")


async def held(harness: BotHarness) -> dict[tuple[str, int], Tier]:
    """Return the granted tiers by kind and id."""
    return {
        (each.kind, each.subject): each.tier
        for each in await harness.bot.services.access.of_guild(harness.guild.id)
    }


async def log(harness: BotHarness) -> list[tuple[int | None, str, str, str]]:
    """Return member, action, target and result of each audit entry, oldest first."""
    entries, _ = await harness.bot.services.audit.export(harness.guild.id)
    return [(entry.member, entry.action, entry.target, entry.result) for entry in entries]


async def let_in(harness: BotHarness) -> None:
    """Make the member a manager by a grant, and have an admin show them the command."""
    await harness.bot.services.access.grant(
        harness.guild.id, "member", harness.member.id, Tier.MANAGER, member_id=harness.manager.id
    )
    harness.guild.set_command_permissions(harness.bot.services.links.ids["access"], {harness.member: True})


@pytest.fixture
def crew(harness: BotHarness) -> simcord.RoleHandle:
    """Return a role that opens nothing by itself."""
    return harness.guild.create_role("Crew")


async def test_a_role_is_let_in(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """A grant is stored, shown and logged; the next step says how Discord shows the commands."""
    result = await grant(harness, harness.manager, "manager", role=crew)
    assert result.ephemeral
    assert embed_of(result).title == f"✅ {english('access.grant.done')}"
    assert f"<@&{crew.id}>: 🛠️ **Manager access**" in shown(result)
    assert "Before: " not in shown(result)
    step = field(result, "Next step")
    assert SETTINGS in step
    assert f"<@&{crew.id}>" in step
    # A manager may use every command: a list of them all would hide the steps.
    assert english("access.grant.any") in step
    (stored,) = await harness.bot.services.access.of_guild(harness.guild.id)
    now = int(harness.env.now().timestamp())
    assert stored == Grant("role", crew.id, Tier.MANAGER, harness.manager.id, now)
    assert await log(harness) == [(harness.manager.id, "access.grant", f"role · {crew.id} · manager", "done")]
    audit = await harness.manager.slash(harness.channel, "audit list")
    assert f"<@&{crew.id}> · Manager access" in shown(audit)


async def test_a_viewer_is_led_to_no_managers_command(harness: BotHarness) -> None:
    """A viewer's next step names no manager's command: Server Settings would open it to them."""
    result = await grant(harness, harness.manager, "viewer", member=harness.member)
    assert f"<@{harness.member.id}>: 👀 **Viewer access**" in shown(result)
    assert not [
        name for name in ("access", "connections", "sensay", "toolzz") if f"/{name}**" in shown(result)
    ]
    # Server Settings lists the entries of the Apps menus beside the commands.
    step, tree = field(result, "Next step"), harness.bot.tree
    for_viewers = {each.name for each in tree.get_commands() if needed_tier(each) is Tier.VIEWER}
    assert {name for name in harness.bot.services.links.ids if f"{name}**" in step} == for_viewers
    assert await held(harness) == {("member", harness.member.id): Tier.VIEWER}


async def test_granting_again_changes_the_tier(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """The new tier replaces the old one, and the answer names the old one."""
    await grant(harness, harness.manager, "viewer", role=crew)
    changed = await grant(harness, harness.manager, "manager", role=crew)
    assert embed_of(changed).title == "✅ Access changed"
    assert english("access.grant.before", tier="👀 **Viewer access**") in shown(changed)
    assert await held(harness) == {("role", crew.id): Tier.MANAGER}
    again = await grant(harness, harness.manager, "manager", role=crew)
    assert embed_of(again).title == f"✅ {english('access.grant.done')}"
    assert english("access.grant.before", tier="🛠️ **Manager access**") in shown(again)


@pytest.mark.parametrize("command", ["grant", "revoke"])
async def test_it_takes_one_role_or_one_member(
    harness: BotHarness, crew: simcord.RoleHandle, command: str
) -> None:
    """Neither and both are refused alike, and nothing is done or logged."""
    more = {"tier": "viewer"} if command == "grant" else {}
    for subject in ({}, {"role": crew, "member": harness.member}):
        result = await harness.manager.slash(harness.channel, f"access {command}", **more, **subject)
        assert embed_of(result).title == f"⚠️ {english('problem.invalid_input.one_subject.title')}"
        assert "`role:`" in field(result, "What to do")
    assert await held(harness) == {}
    assert await log(harness) == []


async def test_everyone_can_be_viewer_only(harness: BotHarness) -> None:
    """Everyone is refused as manager, with the reason, and shown without a ping as viewer."""
    everyone = harness.guild.default_role
    refused = await grant(harness, harness.manager, "manager", role=everyone)
    assert embed_of(refused).title == f"⚠️ {english('problem.invalid_input.everyone_manager.title')}"
    assert await held(harness) == {}
    assert "`@everyone`: 👀" in shown(await grant(harness, harness.manager, "viewer", role=everyone))
    assert "`@everyone`: given by" in shown(await listing(harness))
    assert [entry[3] for entry in await log(harness)] == ["done", "refused:invalid_input"]


async def test_bots_are_granted_nothing(
    harness: BotHarness, crew: simcord.RoleHandle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot is refused, and so is the role that Discord made for a bot."""
    bot = harness.guild.add_member(harness.env.create_user("Helper", bot=True))
    payload = serializers.role_payload
    # simcord's roles have no tags, by which Discord tells whose they are.
    monkeypatch.setattr(
        serializers, "role_payload", lambda role: {**payload(role), "tags": {"bot_id": str(bot.id)}}
    )
    for subject in ({"member": bot}, {"role": crew}):
        result = await grant(harness, harness.manager, "viewer", **subject)
        assert embed_of(result).title == f"⚠️ {english('problem.invalid_input.bot_subject.title')}"
    assert await held(harness) == {}


async def test_a_manager_by_a_grant_makes_no_managers(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """Such a manager can grant viewer, and can take back no manager's grant but their own."""
    await let_in(harness)
    await grant(harness, harness.manager, "manager", role=crew)
    before = await held(harness)
    other = harness.guild.add_member(harness.env.create_user("ines"))
    for refused in (
        await grant(harness, harness.member, "manager", member=other),
        await grant(harness, harness.member, "viewer", role=crew),
        await revoke(harness, harness.member, role=crew),
    ):
        assert embed_of(refused).title == HAND_ON
    assert await held(harness) == before
    assert [entry[3] for entry in await log(harness)][-2:] == ["refused:not_allowed"] * 2
    assert (
        embed_of(await grant(harness, harness.member, "viewer", member=other)).title
        == f"✅ {english('access.grant.done')}"
    )
    assert (
        embed_of(await revoke(harness, harness.member, member=other)).title
        == f"✅ {english('access.revoke.done')}"
    )
    assert (
        embed_of(await revoke(harness, harness.member, member=harness.member)).title
        == f"✅ {english('access.revoke.done')}"
    )
    assert await held(harness) == {("role", crew.id): Tier.MANAGER}


async def test_an_administrator_makes_managers(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """Administrator includes Manage Server."""
    admins = harness.guild.create_role("Admins", permissions=discord.Permissions(administrator=True))
    admin = harness.guild.add_member(harness.env.create_user("ada"), roles=[admins])
    assert (
        embed_of(await grant(harness, admin, "manager", role=crew)).title
        == f"✅ {english('access.grant.done')}"
    )


async def test_whom_server_settings_let_in_makes_no_managers(
    harness: BotHarness, crew: simcord.RoleHandle
) -> None:
    """An override opens the command, with the same limits as for a manager by a grant."""
    harness.guild.set_command_permissions(harness.bot.services.links.ids["access"], {harness.member: True})
    assert embed_of(await grant(harness, harness.member, "manager", role=crew)).title == HAND_ON
    assert await held(harness) == {}


async def test_a_grant_is_taken_back(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """The grant is gone and the tier is logged; the answer says what only an admin can take back."""
    await grant(harness, harness.manager, "viewer", role=crew)
    result = await revoke(harness, harness.manager, role=crew)
    assert result.ephemeral
    assert embed_of(result).title == f"✅ {english('access.revoke.done')}"
    assert f"👀 **Viewer access** removed from <@&{crew.id}>" in shown(result)
    assert SETTINGS in field(result, "Next step")
    assert await held(harness) == {}
    assert (await log(harness))[-1] == (
        harness.manager.id,
        "access.revoke",
        f"role · {crew.id} · viewer",
        "done",
    )
    again = await revoke(harness, harness.manager, role=crew)
    assert embed_of(again).title == f"⚠️ {english('problem.no_grant.title')}"
    assert (await log(harness))[-1][2:] == (f"role · {crew.id}", "refused:no_grant")


async def test_who_has_left_loses_a_grant_too(harness: BotHarness) -> None:
    """A grant of a former member can be taken back; a new one is not given."""
    left = harness.env.create_user("left")
    await grant(harness, harness.manager, "viewer", member=harness.guild.add_member(left))
    harness.guild.remove_member(left)
    assert (
        embed_of(await revoke(harness, harness.manager, member=left)).title
        == f"✅ {english('access.revoke.done')}"
    )
    refused = await grant(harness, harness.manager, "viewer", member=left)
    assert embed_of(refused).title == f"⚠️ {english('problem.invalid_input.option.title')}"
    assert harness.env.errors
    assert await held(harness) == {}


async def test_the_list_tells_who_gave_what_to_whom(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """The list has what needs no grant, then for each tier its roles and members, by whom and when."""
    await grant(harness, harness.manager, "viewer", member=harness.member)
    await grant(harness, harness.manager, "manager", role=crew)
    result = await listing(harness)
    by = f"<@{harness.manager.id}> <t:{int(harness.env.now().timestamp())}:R>"
    assert result.ephemeral
    assert embed_of(result).title == f"🔌 {english.plural('access.list.title', 2)}"
    assert (embed_of(result).description or "").splitlines() == [
        harness.texts("access.list.base"),
        "🛠️ **Manager access**",
        f"<@&{crew.id}>: given by {by}",
        "👀 **Viewer access**",
        f"<@{harness.member.id}>: given by {by}",
    ]
    assert "</access revoke:" in field(result, "Next step")


async def test_an_empty_list_says_what_goes_without_grants(harness: BotHarness) -> None:
    """Without grants, the list names both tiers' permissions, and the command that grants a tier."""
    result = await listing(harness)
    assert embed_of(result).title == f"🔌 {english('access.list.none')}"
    assert "**Time Out Members**" in shown(result)
    assert "</access grant:" in field(result, "Next step")


async def test_as_many_grants_as_there_may_be_are_all_listed(
    harness: BotHarness, crew: simcord.RoleHandle
) -> None:
    """The maximum number has room in the list, deleted roles are marked, and one more is refused."""
    ids = [crew.id + number for number in range(1, MAX_GRANTS + 1)]
    for subject in ids:
        kind: Any = "member" if subject % 2 else "role"
        await harness.bot.services.access.grant(
            harness.guild.id, kind, subject, Tier(1 + subject % 3 // 2), member_id=harness.manager.id
        )
    result = await listing(harness)
    assert [subject for subject in ids if str(subject) not in shown(result)] == []
    assert shown(result).count("a deleted role") == MAX_GRANTS // 2
    assert fits_discord(embed_of(result))
    refused = await grant(harness, harness.manager, "viewer", role=crew)
    assert embed_of(refused).title == f"⚠️ {english('problem.grant_limit.title')}"
    assert str(MAX_GRANTS) in shown(refused)


async def test_with_a_role_goes_its_grant(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """A deleted role's grant is removed, which is logged without a member; other grants stay."""
    idle = harness.guild.create_role("Idle")
    await grant(harness, harness.manager, "manager", role=crew)
    await grant(harness, harness.manager, "viewer", member=harness.member)
    before = await log(harness)
    for role in (crew, idle):
        harness.env.backend.delete_role(harness.guild.id, role.id)
    await harness.env.settle()
    assert await held(harness) == {("member", harness.member.id): Tier.VIEWER}
    assert (await log(harness))[len(before) :] == [
        (None, "access.revoke", f"role · {crew.id} · manager", "done")
    ]


@pytest.mark.parametrize("word", [{"unavailable": False}, {}], ids=["back", "joined"])
async def test_a_role_that_went_meanwhile_loses_its_grant(
    harness: BotHarness, crew: simcord.RoleHandle, word: dict[str, bool]
) -> None:
    """A role deleted while the bot was away is found when Discord shows the server again."""
    gone = crew.id + 1
    await grant(harness, harness.manager, "viewer", role=crew)
    await harness.bot.services.access.grant(
        harness.guild.id, "role", gone, Tier.MANAGER, member_id=harness.manager.id
    )
    await harness.bot.services.access.grant(
        harness.guild.id, "member", gone, Tier.VIEWER, member_id=harness.manager.id
    )
    backend = harness.env.backend
    shown_again = dict(serializers.guild_create_payload(backend, backend.get_guild(harness.guild.id)))
    del shown_again["unavailable"]
    backend.emit("GUILD_CREATE", {**shown_again, **word})
    await harness.env.settle()
    assert await held(harness) == {("role", crew.id): Tier.VIEWER, ("member", gone): Tier.VIEWER}


async def test_no_server_sees_anothers_grants(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """Each server has its own list."""
    await grant(harness, harness.manager, "viewer", role=crew)
    assert english("access.list.none") in shown(await listing(harness.other_guild()))


@pytest.mark.parametrize("name", NAMES)
async def test_a_roles_name_does_nothing(harness: BotHarness, name: str) -> None:
    """Roles are shown by mention: a role's name is in no answer and in no log."""
    role = harness.guild.create_role(name)
    sent = len(harness.env.http_requests)
    answers = [
        await grant(harness, harness.manager, "viewer", role=role),
        await listing(harness),
        await revoke(harness, harness.manager, role=role),
    ]
    assert all(f"<@&{role.id}>" in shown(each) for each in answers)
    said = [str(entry.json) for entry in harness.env.http_requests[sent:]]
    assert not [text for text in said if name in text]
    assert name not in str(await log(harness))


async def test_access_speaks_portuguese(harness: BotHarness, crew: simcord.RoleHandle) -> None:
    """Grant, list, revoke and a refusal are in the member's own language."""
    harness.locale = PORTUGUESE
    given = await grant(harness, harness.manager, "manager", role=crew)
    assert f"🛠️ **{harness.texts('access.tier.manager')}**" in shown(given)
    assert "Configurações do servidor > Integrações > Patchbay" in field(given, "Próximo passo")
    assert "por <@" in shown(await listing(harness))
    assert (
        embed_of(await revoke(harness, harness.manager, role=crew)).title
        == f"✅ {harness.texts('access.revoke.done')}"
    )
    assert harness.texts("problem.no_grant.title") in shown(await revoke(harness, harness.manager, role=crew))
