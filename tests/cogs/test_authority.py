"""Who may still press and send what a command has left open."""

from tests.cogs.town import Town, embed_of, final

NOT_ALLOWED = "⚠️ This button is not for you"


def demote(town: Town) -> None:
    """Take Manage Server from the manager."""
    town.env.backend.get_guild(town.guild.id).members[town.manager.id].role_ids.clear()


async def test_a_former_manager_gets_no_second_form(town: Town) -> None:
    """The button under a refused form opens nothing for who was a manager when the form was sent."""
    form = await town.open_form("add", "toolzz")
    refused = await town.manager.submit_modal(form, dict(town.toolzz.refused_credentials))
    demote(town)
    pressed = await town.manager.click(final(refused).message, label="Enter credentials again")
    assert pressed.modal is None
    assert embed_of(pressed).title == NOT_ALLOWED


async def test_a_former_manager_removes_nothing(town: Town) -> None:
    """A question that was put to a manager is not answered by who is none any more."""
    await town.connect("toolzz")
    question = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    demote(town)
    pressed = await town.manager.click(final(question).message, label="Remove Toolzz · default")
    assert embed_of(pressed).title == NOT_ALLOWED
    assert await town.bot.connections.names(town.guild.id) == ["default"]


async def test_whom_the_server_lets_in_can_finish(town: Town) -> None:
    """An override in Server Settings opens the command to a member, and with it its forms and buttons."""
    town.guild.set_command_permissions(town.bot.tree.command_ids["connections"], {town.member: True})  # type: ignore[attr-defined]
    form = await town.member.slash(town.channel, "connections add", provider="toolzz")
    refused = await town.member.submit_modal(form, dict(town.toolzz.refused_credentials))
    again = await town.member.click(final(refused).message, label="Enter credentials again")
    done = await town.member.submit_modal(again, dict(town.toolzz.credentials))
    assert embed_of(done).title == "✅ Toolzz is connected"


async def test_a_former_manager_whom_the_server_lets_in_can_finish(town: Town) -> None:
    """Running the command anew, as Discord then allows, opens its buttons again."""
    await town.connect("toolzz")
    demote(town)
    town.guild.set_command_permissions(town.bot.tree.command_ids["connections"], {town.manager: True})  # type: ignore[attr-defined]
    question = await town.manager.slash(town.channel, "connections remove", provider="toolzz")
    await town.manager.click(final(question).message, label="Remove Toolzz · default")
    assert await town.bot.connections.names(town.guild.id) == []
