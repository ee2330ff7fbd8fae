"""``/toolzz list`` shows managers the integrations of one unit, worst first, and explains what goes wrong."""

import re

import discord
import pytest

from bot.discord.theme import Tone
from bot.i18n.catalog import LOCALES
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.models import MAX_ENTRIES
from tests.support.english import english
from tests.support.failures import FAILURES, OUR_REFERENCE, Failure
from tests.support.harness import PORTUGUESE, BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.list_steps import OTHER_UNIT, fill_unit, lines, listing, without_unit
from tests.support.sensay_steps import component_of, press
from tests.support.toolzz_settings import UNIT
from tests.support.toolzz_steps import move_here

ALONE = ["Refresh"]
LIST = "/discord/integration/unit/"


def asked_for(harness: BotHarness) -> list[str]:
    """Return the units whose lists were read, in order."""
    paths = [request.path for request in harness.toolzz.requests]
    return [path.rpartition("/")[2] for path in paths if LIST in path]


# --- one page ---


async def test_the_worst_come_first(harness: BotHarness) -> None:
    """Each integration has a line with symbol, title, state and server; deleted ones are marked and last."""
    await harness.connect("toolzz")
    move_here(harness)
    harness.toolzz.touch(harness.toolzz.CROWDED, connectionStatus="error")
    asked = await listing(harness)
    assert asked.ephemeral
    assert embed_of(asked).title == "🧩 9 integrations"
    assert embed_of(asked).colour == discord.Colour(Tone.BAD.colour)
    assert lines(asked) == [
        "🟠 Error: 1 · 🔴 Disconnected: 1 · ❔ Unknown: 1 · ⚪ Inactive: 2 · 🟢 Connected: 4",
        "",
        "🟠 **Comunidade** · Error · 📍 this server",
        "🔴 **Pedidos e entregas** · Disconnected · 📍 this server",
        "❔ **Teste\\_interno \\*\\*@\u200beveryone\\*\\*** · Unknown · 📍 this server",
        "⚪ **Campanha de inverno** · Inactive · 📍 this server",
        "🟢 **Balcão do Norte** · Connected · in Loja do Norte",
        "🟢 **Plantão noturno** · Connected · 📍 this server",
        "🟢 **Rascunho da recepção** · Connected · server ID not reported",
        "🟢 **Suporte da loja** · Connected · 📍 this server",
        "⚪ **Piloto antigo** · Inactive · No longer in Toolzz · 📍 this server",
    ]
    assert embed_of(asked).footer.text == f"Unit {UNIT} · page 1 of 1"
    assert re.fullmatch(r"<t:\d+:R>", field(asked, "Checked"))
    assert "</toolzz link:" in field(asked, "Next step")
    assert labels(asked) == ALONE


async def test_what_is_linked_is_marked(harness: BotHarness) -> None:
    """Only integrations that this server has linked are marked as linked."""
    await harness.connect("toolzz")
    move_here(harness)
    await harness.manager.slash(harness.channel, "toolzz link", integration=harness.toolzz.DISCONNECTED)
    marked = [line for line in lines(await listing(harness)) if "🔗" in line]
    assert marked == ["🔴 **Pedidos e entregas** · Disconnected · 📍 this server · 🔗 linked"]


async def test_the_menu_has_an_entry_for_each(harness: BotHarness) -> None:
    """The menu has an entry for each integration of the page, with symbol, title and state."""
    await harness.connect("toolzz")
    menu = component_of(await listing(harness), "toolzz:one:default:1:")
    assert menu["placeholder"] == english("toolzz.list.placeholder")
    found = [(entry["emoji"]["name"], entry["label"], entry["description"]) for entry in menu["options"]]
    assert found[0] == ("🔴", "Pedidos e entregas", "Disconnected")
    assert found[-1] == ("⚪", "Piloto antigo", "Inactive · No longer in Toolzz")
    assert len({entry["value"] for entry in menu["options"]}) == len(harness.toolzz.integrations)


async def test_sparse_and_odd_entries_are_shown(harness: BotHarness) -> None:
    """An integration without a title is named by its id.

    An invalid id is in no menu, and of an id that comes twice the first entry is shown.
    """
    await harness.connect("toolzz")
    odd = [{"id": "a b"}, {"id": "x", "guildId": 7}, {"id": "x", "title": "again"}, {"id": "y" * 65}]
    odd.insert(1, {"id": "x", "title": "first"})
    harness.toolzz.fail(Answer(200, odd), path=LIST)
    asked = await listing(harness)
    assert embed_of(asked).title == "🧩 3 integrations"
    assert "❔ **`a b`** · Unknown · server ID not reported" in lines(asked)
    assert "❔ **first** · Unknown · server ID not reported" in lines(asked)
    assert [entry["value"] for entry in component_of(asked, "toolzz:one:")["options"]] == ["x"]
    harness.toolzz.fail(Answer(200, [odd[0], odd[2]]), path=LIST)
    asked = await listing(harness)
    assert "❔ **`x`** · Unknown · in `7`" in lines(asked)


async def test_an_empty_unit_is_no_error(harness: BotHarness) -> None:
    """The answer to an empty list says that the unit is empty or unknown to Toolzz."""
    await harness.connect("toolzz")
    asked = await listing(harness, unit=harness.toolzz.UNKNOWN)
    assert embed_of(asked).title == f"💤 {english('toolzz.list.none')}"
    assert f"`{harness.toolzz.UNKNOWN}`" in shown(asked)
    assert "The unit ID may also be wrong." in shown(asked)
    assert "</toolzz connect:" in field(asked, "Next step")
    assert labels(asked) == ALONE
    assert not [item for item in buttons(asked) if "options" in item]


async def test_a_list_that_is_cut_says_so(harness: BotHarness) -> None:
    """If Toolzz lists more than is read, the answer says so."""
    await harness.connect("toolzz")
    fill_unit(harness, MAX_ENTRIES + 1)
    asked = await listing(harness)
    cut = harness.texts("toolzz.list.cut")
    assert lines(asked)[1] == cut
    fill_unit(harness, MAX_ENTRIES - 1)
    await press(harness, asked, "Refresh")
    assert cut not in shown(asked)


# --- which unit ---


async def test_the_option_goes_before_the_connections_unit(harness: BotHarness) -> None:
    """The option's unit is read, also by its buttons; without the option the connection's unit is read."""
    await harness.connect("toolzz")
    await without_unit(harness, "bare")
    fill_unit(harness, 11, OTHER_UNIT)
    harness.toolzz.requests.clear()
    await listing(harness, connection="default")
    asked = await listing(harness, connection="bare", unit=OTHER_UNIT)
    await press(harness, asked, "Next")
    await press(harness, asked, "Refresh")
    assert asked_for(harness) == [UNIT, OTHER_UNIT, OTHER_UNIT, OTHER_UNIT]
    assert embed_of(asked).footer.text == f"Unit {OTHER_UNIT} · page 2 of 2"


@pytest.mark.parametrize("locale", LOCALES)
async def test_without_a_unit_the_answer_asks_which(harness: BotHarness, locale: str) -> None:
    """If neither the option nor the connection names a unit, the answer says where to find it."""
    await without_unit(harness)
    harness.toolzz.requests.clear()
    harness.locale = locale
    refused = await listing(harness)
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.invalid_input.which_unit.title')}"
    fix = field(refused, harness.texts("problem.fix"))
    assert "</connections rotate:" in fix
    assert "</toolzz status:" in fix
    assert OUR_REFERENCE.search(shown(refused)) or locale == PORTUGUESE
    assert not harness.toolzz.requests


@pytest.mark.parametrize("unit", ["../admin", "a b", "é", "%2e%2e", "Loja do Porto"])
async def test_what_is_no_unit_id_is_refused_without_asking(harness: BotHarness, unit: str) -> None:
    """Text that could change the path of a request is refused, and Toolzz is not asked."""
    await harness.connect("toolzz")
    harness.toolzz.requests.clear()
    assert shown(await listing(harness, unit=unit)).startswith(
        f"⚠️ {english('problem.invalid_input.unit_id.title')}"
    )
    assert not harness.toolzz.requests


# --- who may, in which language, and what goes wrong ---


async def test_it_speaks_the_members_language(harness: BotHarness) -> None:
    """Texts, buttons and menu are in the language of the member who presses."""
    await harness.connect("toolzz")
    asked = await listing(harness, share=True)
    assert not asked.ephemeral
    harness.locale = PORTUGUESE
    await press(harness, asked, "Refresh")
    assert embed_of(asked).title == "🧩 9 integrações"
    assert "⚪ **Piloto antigo** · Inativa · Não existe mais na Toolzz · em Loja do Porto" in lines(asked)
    assert labels(asked) == ["Atualizar"]
    assert component_of(asked, "toolzz:one:")["placeholder"] == harness.texts("toolzz.list.placeholder")


async def test_a_member_without_rights_is_refused(harness: BotHarness) -> None:
    """Under a shared list buttons and menu refuse other members, and Toolzz is not asked."""
    await harness.connect("toolzz")
    shared = await listing(harness, share=True)
    before = shown(shared)
    harness.toolzz.requests.clear()
    menu = {**component_of(shared, "toolzz:one:"), "component_type": 3, "values": [harness.toolzz.CONNECTED]}
    pressed = [
        await harness.member.click(final(shared).message, label="Refresh"),
        await harness.interact(
            discord.InteractionType.component, harness.member, menu, message=final(shared)
        ),
    ]
    for refused in pressed:
        assert final(refused).ephemeral
        assert embed_of(refused).title == f"⚠️ {english('problem.not_allowed.manager.title')}"
    assert shown(shared) == before
    assert not harness.toolzz.requests


async def test_a_press_uses_the_connection_of_its_own_server(harness: BotHarness) -> None:
    """A button that is pressed in a server without a connection finds none."""
    await harness.connect("toolzz")
    asked = await listing(harness)
    other_guild = harness.other_guild()
    harness.toolzz.requests.clear()
    pressed = await other_guild.press(other_guild.manager, final(asked), "toolzz:all:default:1:")
    assert shown(pressed).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
    )
    assert not harness.toolzz.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_and_can_be_tried_again(harness: BotHarness, failure: Failure) -> None:
    """Each failure is explained, the list stays, and the button works once Toolzz does."""
    await harness.connect("toolzz")
    fill_unit(harness, 21)
    asked = await listing(harness)
    before = shown(asked)
    failure.strike(harness, "toolzz", LIST)
    failure = failure.of_a_unit()
    failed = await press(harness, asked, "Next")
    failure.shows_in(harness, failed, "toolzz")
    assert final(failed).ephemeral
    assert shown(asked) == before
    assert labels(failed) == failure.offers("Refresh")
    if "Refresh" in labels(failed) and failure.key != "timeout":
        await failure.end(harness, "toolzz")
        await press(harness, failed, "Refresh")
        assert (embed_of(failed).footer.text or "").endswith("page 2 of 3")
