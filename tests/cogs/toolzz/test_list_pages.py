"""The buttons and the menu of a list turn its pages and open an integration, and refuse made-up values."""

import discord
import pytest
import simcord

from bot.providers.toolzz.models import MAX_ENTRIES
from tests.support.embeds import fits_discord
from tests.support.english import english
from tests.support.harness import BotHarness, buttons, embed_of, final, labels, shown
from tests.support.list_steps import OTHER_UNIT, fill_unit, lines, listing, without_unit
from tests.support.sensay_steps import component_of, press
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import move_here

IN_A_ROW = ["Previous", "Refresh", "Next"]

BACK = english("status.back")


async def choose(
    harness: BotHarness, asked: simcord.InteractionResult, *values: str
) -> simcord.InteractionResult:
    """Have the manager pick values from the menu, also values that it does not offer."""
    data = {
        "custom_id": component_of(asked, "toolzz:one:")["custom_id"],
        "component_type": 3,
        "values": values,
    }
    return await harness.interact(
        discord.InteractionType.component, harness.manager, data, message=final(asked)
    )


@pytest.mark.parametrize("restarted", [False, True])
async def test_500_integrations_are_paged_in_the_same_message(harness: BotHarness, restarted: bool) -> None:
    """The custom ids have the page, so the buttons work after a restart; Discord accepts every page."""
    await harness.connect("toolzz")
    fill_unit(harness, 500)
    asked = await listing(harness)
    assert embed_of(asked).title == "🧩 500 integrations"
    assert lines(asked)[0] == "🟢 Connected: 500"
    if restarted:
        await harness.restart()
    for number in (2, 3):
        assert (await press(harness, asked, "Next")).followups == []
        assert (embed_of(asked).footer.text or "").endswith(f"page {number} of 50")
        assert f"Agent {number * 10 - 1:03}" in shown(asked)
        assert len(lines(asked)) == 12
        assert fits_discord(embed_of(asked))
    assert (await press(harness, asked, "Previous")).followups == []
    assert (embed_of(asked).footer.text or "").endswith("page 2 of 50")
    assert labels(asked) == IN_A_ROW


async def test_a_page_that_is_gone_leads_to_the_last_one(harness: BotHarness) -> None:
    """If the list has become shorter, the last page is shown, even an empty one."""
    await harness.connect("toolzz")
    fill_unit(harness, 31)
    asked = await listing(harness)
    await press(harness, asked, "Next")
    await press(harness, asked, "Next")
    fill_unit(harness, 12)
    await press(harness, asked, "Next")
    assert (embed_of(asked).footer.text or "").endswith("page 2 of 2")
    harness.toolzz.integrations = {}
    await press(harness, asked, "Refresh")
    assert embed_of(asked).title == f"💤 {english('toolzz.list.none')}"


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_choice_opens_the_status_and_leads_back(harness: BotHarness, restarted: bool) -> None:
    """The status replaces the list, and every screen keeps the button back to the same page and unit."""
    await without_unit(harness)
    add_agent_bot(harness)
    move_here(harness)
    fill_unit(harness, 11, OTHER_UNIT)
    asked = await listing(harness, unit=OTHER_UNIT)
    await press(harness, asked, "Next")
    (entry,) = component_of(asked, "toolzz:one:")["options"]
    if restarted:
        await harness.restart()
    assert (await choose(harness, asked, entry["value"])).followups == []
    assert (embed_of(asked).title or "").startswith("🟢 Agent 010")
    for label in ("Refresh", "Details", "Refresh", BACK, "Channels", "Refresh", BACK, "Refresh"):
        assert (await press(harness, asked, label)).followups == []
        assert labels(asked).count(english("pages.up")) == 1
    await press(harness, asked, english("pages.up"))
    assert embed_of(asked).footer.text == f"Unit {OTHER_UNIT} · page 2 of 2"


async def test_one_of_this_server_can_be_linked_from_there(harness: BotHarness) -> None:
    """The status of an integration of this server offers the link, and the list then marks it."""
    await harness.connect("toolzz")
    move_here(harness)
    asked = await listing(harness)
    for unlinkable in (harness.toolzz.ELSEWHERE, harness.toolzz.HOMELESS, harness.toolzz.DELETED):
        await choose(harness, asked, unlinkable)
        assert "Link to this server" not in labels(asked)
        await press(harness, asked, english("pages.up"))
    await choose(harness, asked, harness.toolzz.CONNECTED)
    pressed = await press(harness, asked, "Link to this server")
    assert embed_of(pressed).title == "✅ Linked to this server"
    await press(harness, asked, english("pages.up"))
    assert "🟢 **Suporte da loja** · Connected · 📍 this server · 🔗 linked" in lines(asked)
    await choose(harness, asked, harness.toolzz.CONNECTED)
    assert "Link to this server" not in labels(asked)


@pytest.mark.parametrize("values", [("../admin",), ("",), ("x" * 65,), (), ("x", "y")])
async def test_a_choice_that_is_none_is_refused(harness: BotHarness, values: tuple[str, ...]) -> None:
    """A value that no menu offers is refused, Toolzz is not asked, and the list stays."""
    await harness.connect("toolzz")
    asked = await listing(harness)
    before = shown(asked)
    harness.toolzz.requests.clear()
    refused = await choose(harness, asked, *values)
    assert final(refused).ephemeral
    assert shown(refused).startswith("⚠️")
    assert shown(asked) == before
    assert not harness.toolzz.requests


@pytest.mark.parametrize(
    "made_up",
    [
        "toolzz:all:default:0:",
        "toolzz:all:default:1000:",
        "toolzz:all:default:-1:",
        "toolzz:all:default:1:../admin",
        f"toolzz:all:default:1:{'x' * 65}",
        "toolzz:all::1:",
        "toolzz:all:default:1",
    ],
)
async def test_a_button_made_up_by_somebody_does_nothing(harness: BotHarness, made_up: str) -> None:
    """An impossible custom id is refused, and Toolzz is not asked."""
    await harness.connect("toolzz")
    asked = await listing(harness)
    before = shown(asked)
    harness.toolzz.requests.clear()
    pressed = await harness.press_forged(asked, made_up)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith("⚠️")
    assert shown(asked) == before
    assert not harness.toolzz.requests


async def test_the_longest_ids_fit_into_the_buttons(harness: BotHarness) -> None:
    """Discord accepts the custom ids of the longest connection, unit and page, and the buttons work."""
    await without_unit(harness, "n" * 20)
    fill_unit(harness, MAX_ENTRIES, OTHER_UNIT)
    asked = await listing(harness, unit=OTHER_UNIT)
    await harness.press_forged(asked, f"toolzz:all:{'n' * 20}:100:{OTHER_UNIT}")
    assert (embed_of(asked).footer.text or "").endswith("page 100 of 100")
    assert buttons(asked)[-2]["custom_id"].startswith(f"toolzz:all:{'n' * 20}:101:")
    assert max(len(item["custom_id"]) for item in buttons(asked)) == 100
    await press(harness, asked, "Previous")
    assert (embed_of(asked).footer.text or "").endswith("page 99 of 100")
