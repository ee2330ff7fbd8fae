"""``/toolzz list``: a unit's integrations, worst first, a page at a time, with a menu that opens each."""

import re
from typing import Any

import discord
import pytest
import simcord

from bot.discord.theme import Tone
from bot.features.integrations.store import Placed
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.models import MAX_ENTRIES, Integration
from cogs.toolzz.formatting import label_of, symbol_of, word_of
from cogs.toolzz.listing import Listing, list_embed
from tests.support.embeds import embed_text, fits_discord
from tests.support.failures import FAILURES, OUR_REFERENCE, Failure
from tests.support.harness import (
    ENGLISH,
    PORTUGUESE,
    BotHarness,
    buttons,
    embed_of,
    field,
    final,
    labels,
    shown,
)
from tests.support.hostile import PAYLOADS, marks, plain_marks, unseen
from tests.support.sensay_steps import component_of, press, with_command_links
from tests.support.toolzz_steps import move_here

ALONE = ["Refresh"]
IN_A_ROW = ["Previous", "Refresh", "Next"]
UNIT = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c00"
OTHER_UNIT = "u" * 64
LIST = "/discord/integration/unit/"


async def listing(harness: BotHarness, **options: object) -> simcord.InteractionResult:
    """Have the manager run `/toolzz list`."""
    return await harness.manager.slash(harness.channel, "toolzz list", **options)


async def without_unit(harness: BotHarness, name: str | None = None) -> None:
    """Have the manager connect Toolzz with credentials that name no unit."""
    form = await harness.open_form("add", "toolzz", name)
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})


def fill_unit(harness: BotHarness, number: int, unit: str = UNIT) -> None:
    """Give a unit this number of integrations, and every other unit none."""
    first = {**next(iter(harness.toolzz.integrations.values())), "unitId": unit}
    uuids = [f"7c1f9e5a-4b3d-4c2a-8e6f-{index:012}" for index in range(number)]
    harness.toolzz.integrations = {
        uuid: {**first, "id": uuid, "title": f"Agent {uuid[-3:]} " + "🚀*_" * 30, "guildName": "n" * 100}
        for uuid in uuids
    }


def asked_for(harness: BotHarness) -> list[str]:
    """Return the units whose lists were read, in order."""
    paths = [request.path for request in harness.toolzz.requests]
    return [path.rpartition("/")[2] for path in paths if LIST in path]


def lines(result: simcord.InteractionResult) -> list[str]:
    """Return the lines above the fields."""
    return (embed_of(result).description or "").splitlines()


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
        "🟠 Error: 1 · 🔴 Disconnected: 1 · ❔ Unknown: 1 · ⚪ Inactive: 1 · 🟢 Connected: 4 · 🗑️ Deleted: 1",
        "",
        "🟠 **Comunidade** · Error · 📍 this server",
        "🔴 **Pedidos e entregas** · Disconnected · 📍 this server",
        "❔ **Teste\\_interno \\*\\*@\u200beveryone\\*\\*** · Unknown · 📍 this server",
        "⚪ **Campanha de inverno** · Inactive · 📍 this server",
        "🟢 **Balcão do Norte** · Connected · in Loja do Norte",
        "🟢 **Plantão noturno** · Connected · 📍 this server",
        "🟢 **Rascunho da recepção** · Connected · server not reported",
        "🟢 **Suporte da loja** · Connected · 📍 this server",
        "🗑️ **Piloto antigo** · Deleted · 📍 this server",
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
    assert menu["placeholder"] == "Show an integration"
    found = [(entry["emoji"]["name"], entry["label"], entry["description"]) for entry in menu["options"]]
    assert found[0] == ("🔴", "Pedidos e entregas", "Disconnected")
    assert found[-1] == ("🗑️", "Piloto antigo", "Deleted")
    assert len({entry["value"] for entry in menu["options"]}) == len(harness.toolzz.integrations)


async def test_sparse_and_odd_entries_are_shown(harness: BotHarness) -> None:
    """An integration without a title is named by its id.

    An invalid id is in no menu, and an id that comes twice is shown once.
    """
    await harness.connect("toolzz")
    odd = [{"id": "a b"}, {"id": "x", "guildId": 7}, {"id": "x", "title": "again"}, {"id": "y" * 65}]
    harness.toolzz.fail(Answer(200, odd), path=LIST)
    asked = await listing(harness)
    assert embed_of(asked).title == "🧩 3 integrations"
    assert "❔ **`a b`** · Unknown · server not reported" in lines(asked)
    assert "❔ **again** · Unknown · server not reported" in lines(asked)
    assert [entry["value"] for entry in component_of(asked, "toolzz:one:")["options"]] == ["x"]
    harness.toolzz.fail(Answer(200, odd[:2]), path=LIST)
    asked = await listing(harness)
    assert "❔ **`x`** · Unknown · in `7`" in lines(asked)


async def test_an_empty_unit_is_no_error(harness: BotHarness) -> None:
    """The answer to an empty list says that the unit is empty or unknown to Toolzz."""
    await harness.connect("toolzz")
    asked = await listing(harness, unit=harness.toolzz.UNKNOWN)
    assert embed_of(asked).title == "💤 No integration in this unit"
    assert f"`{harness.toolzz.UNKNOWN}`" in shown(asked)
    assert "does not know may look just the same" in shown(asked)
    assert "</toolzz connect:" in field(asked, "Next step")
    assert labels(asked) == ALONE
    assert not [item for item in buttons(asked) if "options" in item]


async def test_a_list_that_is_cut_says_so(harness: BotHarness) -> None:
    """If Toolzz lists more than is read, the answer says so."""
    await harness.connect("toolzz")
    fill_unit(harness, MAX_ENTRIES + 1)
    asked = await listing(harness)
    assert lines(asked)[1].startswith("I read the first 1000")
    fill_unit(harness, MAX_ENTRIES - 1)
    await press(harness, asked, "Refresh")
    assert "I read the first" not in shown(asked)


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
    assert shown(await listing(harness, unit=unit)).startswith("⚠️ This is no unit id")
    assert not harness.toolzz.requests


# --- turning pages, opening one ---


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
    assert embed_of(asked).title == "💤 No integration in this unit"


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_choice_opens_the_status_and_leads_back(harness: BotHarness, restarted: bool) -> None:
    """The status replaces the list, and every screen keeps the button back to the same page and unit."""
    await without_unit(harness)
    fill_unit(harness, 11, OTHER_UNIT)
    asked = await listing(harness, unit=OTHER_UNIT)
    await press(harness, asked, "Next")
    (entry,) = component_of(asked, "toolzz:one:")["options"]
    if restarted:
        await harness.restart()
    assert (await choose(harness, asked, entry["value"])).followups == []
    assert (embed_of(asked).title or "").startswith("🟢 Agent 010")
    for label in ("Refresh", "Channels", "Refresh", "Back to the status", "Refresh"):
        assert (await press(harness, asked, label)).followups == []
        assert labels(asked).count("Back to the list") == 1
    await press(harness, asked, "Back to the list")
    assert embed_of(asked).footer.text == f"Unit {OTHER_UNIT} · page 2 of 2"


async def test_one_of_this_server_can_be_linked_from_there(harness: BotHarness) -> None:
    """The status of an integration of this server offers the link, and the list then marks it."""
    await harness.connect("toolzz")
    move_here(harness)
    asked = await listing(harness)
    for unlinkable in (harness.toolzz.ELSEWHERE, harness.toolzz.HOMELESS, harness.toolzz.DELETED):
        await choose(harness, asked, unlinkable)
        assert "Link to this server" not in labels(asked)
        await press(harness, asked, "Back to the list")
    await choose(harness, asked, harness.toolzz.CONNECTED)
    pressed = await press(harness, asked, "Link to this server")
    assert embed_of(pressed).title == "✅ Linked to this server"
    await press(harness, asked, "Back to the list")
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


# --- who may, in which language, and what goes wrong ---


async def test_it_speaks_the_members_language(harness: BotHarness) -> None:
    """Texts, buttons and menu are in the language of the member who presses."""
    await harness.connect("toolzz")
    asked = await listing(harness, share=True)
    assert not asked.ephemeral
    harness.locale = PORTUGUESE
    await press(harness, asked, "Refresh")
    assert embed_of(asked).title == "🧩 9 integrações"
    assert "🗑️ **Piloto antigo** · Excluída · em Loja do Porto" in lines(asked)
    assert labels(asked) == ["Atualizar"]
    assert component_of(asked, "toolzz:one:")["placeholder"] == "Mostrar uma integração"


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
        assert embed_of(refused).title == "⚠️ This is for this server's managers"
    assert shown(shared) == before
    assert not harness.toolzz.requests


async def test_a_press_uses_the_connection_of_its_own_server(harness: BotHarness) -> None:
    """A button that is pressed in a server without a connection finds none."""
    await harness.connect("toolzz")
    asked = await listing(harness)
    other_guild = harness.other_guild()
    harness.toolzz.requests.clear()
    pressed = await other_guild.press(other_guild.manager, final(asked), "toolzz:all:default:1:")
    assert shown(pressed).startswith("⚠️ No Toolzz connection named default")
    assert not harness.toolzz.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_and_can_be_tried_again(harness: BotHarness, failure: Failure) -> None:
    """Each failure is explained, the list stays, and the button works once Toolzz does."""
    await harness.connect("toolzz")
    fill_unit(harness, 21)
    asked = await listing(harness)
    before = shown(asked)
    failure.strike(harness, "toolzz", LIST)
    failed = await press(harness, asked, "Next")
    failure.shows_in(harness, failed, "toolzz")
    assert final(failed).ephemeral
    assert shown(asked) == before
    assert labels(failed) == failure.offers("Refresh")
    if labels(failed) and failure.key != "timeout":
        harness.toolzz.heal()
        await press(harness, failed, "Refresh")
        assert (embed_of(failed).footer.text or "").endswith("page 2 of 3")


def show(text: str, guild_id: str | None = "2") -> discord.Embed:
    """Return a page of the list whose texts are all this one."""
    report = Integration.model_validate(
        {"id": text, "title": text, "guildName": text, "guildId": guild_id and text, "connectionStatus": text}
    )
    placed = Placed(text, "default", text, None, 1, 2)
    embed = list_embed(Listing([report] * 3, 1, text[:64], 1, {text: placed}, 3), load_catalog()[ENGLISH])
    return with_command_links(embed)


def show_none(text: str) -> discord.Embed:
    """Return the list of an empty unit with this id."""
    return with_command_links(list_embed(Listing([], 1, text, 1, {}, 3), load_catalog()[ENGLISH]))


@pytest.mark.parametrize("build", [show, show_none])
def test_hostile_text_does_nothing(build: Any) -> None:  # noqa: ANN401 - either of the two above
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless text gives."""
    harmless = marks(embed_text(build("x")))
    for payload in PAYLOADS:
        embed = build(payload)
        assert marks(embed_text(embed)) <= harmless, payload
        assert unseen(embed_text(embed)) == set(), payload
        assert plain_marks(embed.footer.text or "") == {}, payload
        assert fits_discord(embed), payload


def test_a_hostile_title_is_one_line_of_the_menu() -> None:
    """A menu's entry has 1 to 100 harmless characters, and the id where there is no visible title."""
    for payload in PAYLOADS:
        label = label_of(Integration.model_validate({"id": "x", "title": payload}))
        assert plain_marks(label) == {}, payload
        assert unseen(label) == set(), payload
        assert 1 <= len(label) <= 100
    assert label_of(Integration.model_validate({"id": "x", "title": "\u200b"})) == "x"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("state", State)
def test_a_deleted_one_is_told_from_one_that_is_switched_off(locale: str, state: State) -> None:
    """A deleted integration has a symbol and a word that no state has."""
    texts = load_catalog()[locale]
    status = {"connectionStatus": state.value, "isActive": state is not State.INACTIVE}
    report = Integration.model_validate({"id": "x", **status})
    deleted = Integration.model_validate({"id": "x", "deletedAt": "2026-10-02 17:45:30.04", **status})
    assert report.state is state
    assert symbol_of(deleted) != symbol_of(report)
    assert word_of(deleted, texts) != word_of(report, texts)
