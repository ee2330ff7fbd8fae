"""The buttons and the menu under `/sensay status`: who may use them, when, and what they change."""

import sys
from types import SimpleNamespace

import pytest

from tests.cogs.failures import FAILURES, Failure
from tests.cogs.test_sensay_status import LATER, choose, part, press, said_on, status
from tests.cogs.town import PORTUGUESE, Town, buttons, embed_of, field, final, shown


@pytest.mark.parametrize("restarted", [False, True])
async def test_the_message_itself_is_renewed(
    town: Town, restarted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the overview to a replica, refreshed, and back: one message, after a restart of the bot too."""
    await town.connect("sensay")
    asked = await status(town)
    if restarted:
        await town.restart()
    monkeypatch.setattr(sys.modules["cogs.sensay.status"], "time", SimpleNamespace(time=lambda: LATER + 0.9))
    picked = await town.manager.select(final(asked).message, [town.sensay.INACTIVE])
    assert picked.followups == []
    assert embed_of(asked).title == "⚪ Customer Care"
    town.sensay.replicas[town.sensay.INACTIVE]["discord_integration"]["is_active"] = True
    if restarted:
        await town.restart()
    assert (await press(town, asked, "Refresh")).followups == []
    assert embed_of(asked).title == "🟢 Customer Care"
    assert field(asked, "Checked") == f"<t:{LATER}:R>"
    assert (await press(town, asked, "Back to the list")).followups == []
    assert embed_of(asked).title == "🗣️ 4 replicas on Discord"
    assert (await press(town, asked, "Refresh")).followups == []
    assert field(asked, "Checked") == f"<t:{LATER}:R>"


async def test_it_speaks_the_language_of_who_presses(town: Town) -> None:
    """Words, buttons and menu are in the presser's language."""
    await town.connect("sensay")
    asked = await status(town)
    town.locale = PORTUGUESE
    await press(town, asked, "Refresh")
    assert "⚪ **Customer Care** · Inativa · `simulated-runner` · aqui: ❔ não se sabe" in shown(asked)
    assert part(asked, "sensay:details:")["placeholder"] == "Escolha uma réplica para ver mais"
    await town.manager.select(final(asked).message, [town.sensay.ACTIVE])
    assert field(asked, "Próximo passo")
    assert said_on(asked) == ["Atualizar", "Voltar à lista"]


async def test_a_member_without_rights_is_refused(town: Town) -> None:
    """Under a shared answer neither button nor menu is for everyone; Sensay is not asked."""
    await town.connect("sensay")
    shared = await status(town, share=True)
    assert not shared.ephemeral
    before = shown(shared)
    town.sensay.requests.clear()
    for pressed in (
        await town.member.click(final(shared).message, label="Refresh"),
        await town.member.select(final(shared).message, [town.sensay.ACTIVE]),
    ):
        assert final(pressed).ephemeral
        assert embed_of(pressed).title == "⚠️ This is for this server's managers"
    assert shown(shared) == before
    assert not town.sensay.requests


@pytest.mark.parametrize("values", [(), ("Harbour Desk",), ("../users",), ("x" * 36,), ("a", "b")])
async def test_what_is_picked_is_looked_at_again(town: Town, values: tuple[str, ...]) -> None:
    """A menu that sends what it never offered is refused, and nothing is asked of Sensay."""
    await town.connect("sensay")
    await town.manager.autocomplete(town.channel, "sensay status", "replica", "")
    asked = await status(town)
    before = shown(asked)
    town.sensay.requests.clear()
    refused = await choose(town, asked, *values)
    assert final(refused).ephemeral
    title = "I do not know this replica" if len(values) == 1 else "An option has an impossible value"
    assert shown(refused).startswith(f"⚠️ {title}")
    assert shown(asked) == before
    assert not town.sensay.requests


async def test_an_id_that_no_button_can_hold_is_not_offered(town: Town) -> None:
    """A replica whose id is no UUID has its line and no entry in the menu; without entries, no menu."""
    await town.connect("sensay")
    only = {**town.sensay.replicas[town.sensay.ACTIVE], "uuid": "../users?" + "x" * 300}
    town.sensay.replicas[town.sensay.ACTIVE] = only
    asked = await status(town)
    assert "**Harbour Desk**" in shown(asked)
    assert len(part(asked, "sensay:details:")["options"]) == 3
    town.sensay.replicas = {"x": only}
    assert len(buttons(await status(town))) == 1


async def test_a_connection_removed_meanwhile_is_told(town: Town) -> None:
    """Without its connection each component answers with an error, and the message stays as it was."""
    await town.connect("sensay")
    asked = await status(town)
    before = shown(asked)
    await town.bot.connections.remove(town.guild.id, "sensay", "default")
    for pressed in (await press(town, asked, "Refresh"), await choose(town, asked, town.sensay.ACTIVE)):
        assert shown(pressed).startswith("⚠️ No Sensay connection named default")
    assert shown(asked) == before


@pytest.mark.parametrize("replica", [None, "ACTIVE"])
@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_and_can_be_tried_again(
    town: Town, failure: Failure, replica: str | None
) -> None:
    """Each failure of Sensay is worded, and its button turns the error into the status."""
    await town.connect("sensay")
    failure.strike(town, "sensay")
    failed = await status(town, replica and getattr(town.sensay, replica))
    failure.shows_in(town, failed, "sensay")
    assert failed.ephemeral
    assert said_on(failed) == failure.offers("Refresh")


async def test_a_press_that_fails_leaves_the_message_alone(town: Town) -> None:
    """A failed pick is told apart from the overview, and its button leads to the replica."""
    await town.connect("sensay")
    asked = await status(town)
    before = shown(asked)
    (failure,) = (failure for failure in FAILURES if failure.name == "500")
    failure.strike(town, "sensay")
    picked = await choose(town, asked, town.sensay.ACTIVE)
    assert final(picked).ephemeral
    failure.shows_in(town, picked, "sensay")
    assert shown(asked) == before
    town.sensay.heal()
    await press(town, picked, "Refresh")
    assert embed_of(picked).title == "🟢 Harbour Desk"
