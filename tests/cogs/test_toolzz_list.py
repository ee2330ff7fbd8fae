"""What integrations a unit has: worst first, a page at a time, and each of them a choice away."""

import re
from typing import Any

import discord
import pytest
import simcord

from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.integration import State
from bot.kit.simulator import Answer
from bot.providers.toolzz.models import MOST_ENTRIES, Integration
from bot.services.integrations import Placed
from bot.ui.theme import Tone
from cogs.toolzz.integration import label_of
from cogs.toolzz.listing_embed import Listing, list_embed, symbol_of, word_of
from tests.cogs.failures import FAILURES, OUR_REFERENCE, Failure
from tests.cogs.test_sensay_status import linked, part, press, said_on
from tests.cogs.town import ENGLISH, PORTUGUESE, Town, buttons, embed_of, field, final, shown
from tests.ui.hostile import PAYLOADS, marks, plain_marks, unseen
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted

ALONE = ["Refresh"]
IN_A_ROW = ["Previous", "Refresh", "Next"]
UNIT = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c00"
OTHER_UNIT = "u" * 64
LIST = "/discord/integration/unit/"


async def listing(town: Town, **options: object) -> simcord.InteractionResult:
    """Have the manager list integrations."""
    return await town.manager.slash(town.channel, "toolzz list", **options)


async def without_unit(town: Town, name: str | None = None) -> None:
    """Connect Toolzz with credentials that name no unit."""
    form = await town.open_form("add", "toolzz", name)
    await town.manager.submit_modal(form, {"access_token": town.toolzz.credentials["access_token"]})


def move_here(town: Town) -> None:
    """Put the simulator's integrations, but for two, into the manager's server."""
    town.toolzz.place_in_guild(str(town.guild.id), "Harbour Ops", [(str(town.channel.id), "bridge")])


def crowd(town: Town, number: int, unit: str = UNIT) -> None:
    """Give a unit so many integrations, and no other unit any."""
    first = {**next(iter(town.toolzz.integrations.values())), "unitId": unit}
    uuids = [f"7c1f9e5a-4b3d-4c2a-8e6f-{index:012}" for index in range(number)]
    town.toolzz.integrations = {
        uuid: {**first, "id": uuid, "title": f"Agent {uuid[-3:]} " + "🚀*_" * 30, "guildName": "n" * 100}
        for uuid in uuids
    }


def asked_for(town: Town) -> list[str]:
    """Return the units whose lists were read, in order."""
    paths = [request.path for request in town.toolzz.requests]
    return [path.rpartition("/")[2] for path in paths if LIST in path]


def lines(result: simcord.InteractionResult) -> list[str]:
    """Return what stands above the fields, line by line."""
    return (embed_of(result).description or "").splitlines()


async def choose(town: Town, asked: simcord.InteractionResult, *values: str) -> simcord.InteractionResult:
    """Pick from the list's menu, also what it does not offer."""
    data = {"custom_id": part(asked, "toolzz:one:")["custom_id"], "component_type": 3, "values": values}
    return await town.interact(discord.InteractionType.component, town.manager, data, message=final(asked))


# --- one page ---


async def test_the_worst_come_first(town: Town) -> None:
    """Each integration has one line: state, title, state's word, server; deleted ones come last, marked."""
    await town.connect("toolzz")
    move_here(town)
    town.toolzz.touch(town.toolzz.CROWDED, connectionStatus="error")
    asked = await listing(town)
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
    assert said_on(asked) == ALONE


async def test_what_is_linked_is_marked(town: Town) -> None:
    """The mark stands on what this server has linked, and on nothing else."""
    await town.connect("toolzz")
    move_here(town)
    await town.manager.slash(town.channel, "toolzz link", integration=town.toolzz.DISCONNECTED)
    marked = [line for line in lines(await listing(town)) if "🔗" in line]
    assert marked == ["🔴 **Pedidos e entregas** · Disconnected · 📍 this server · 🔗 linked"]


async def test_the_menu_has_an_entry_for_each(town: Town) -> None:
    """Its entries are those of the page, with the symbol, the title and the state's word."""
    await town.connect("toolzz")
    menu = part(await listing(town), "toolzz:one:default:1:")
    assert menu["placeholder"] == "Show an integration"
    found = [(entry["emoji"]["name"], entry["label"], entry["description"]) for entry in menu["options"]]
    assert found[0] == ("🔴", "Pedidos e entregas", "Disconnected")
    assert found[-1] == ("🗑️", "Piloto antigo", "Deleted")
    assert len({entry["value"] for entry in menu["options"]}) == len(town.toolzz.integrations)


async def test_sparse_and_odd_entries_are_shown(town: Town) -> None:
    """Without a title the id stands for it; what is no id is in no menu; what comes twice is shown once."""
    await town.connect("toolzz")
    odd = [{"id": "a b"}, {"id": "x", "guildId": 7}, {"id": "x", "title": "again"}, {"id": "y" * 65}]
    town.toolzz.fail(Answer(200, odd), path=LIST)
    asked = await listing(town)
    assert embed_of(asked).title == "🧩 3 integrations"
    assert "❔ **`a b`** · Unknown · server not reported" in lines(asked)
    assert "❔ **again** · Unknown · server not reported" in lines(asked)
    assert [entry["value"] for entry in part(asked, "toolzz:one:")["options"]] == ["x"]
    town.toolzz.fail(Answer(200, odd[:2]), path=LIST)
    asked = await listing(town)
    assert "❔ **`x`** · Unknown · in `7`" in lines(asked)


async def test_an_empty_unit_is_no_error(town: Town) -> None:
    """Toolzz answers so for a unit without integrations and for one that it does not know: both are named."""
    await town.connect("toolzz")
    asked = await listing(town, unit=town.toolzz.UNKNOWN)
    assert embed_of(asked).title == "💤 No integration in this unit"
    assert f"`{town.toolzz.UNKNOWN}`" in shown(asked)
    assert "does not know may look just the same" in shown(asked)
    assert "</toolzz connect:" in field(asked, "Next step")
    assert said_on(asked) == ALONE
    assert not [item for item in buttons(asked) if "options" in item]


async def test_a_list_that_is_cut_says_so(town: Town) -> None:
    """What Toolzz lists beyond what is read is not passed over in silence."""
    await town.connect("toolzz")
    crowd(town, MOST_ENTRIES + 1)
    asked = await listing(town)
    assert lines(asked)[1].startswith("I read the first 1000")
    crowd(town, MOST_ENTRIES - 1)
    await press(town, asked, "Refresh")
    assert "I read the first" not in shown(asked)


# --- which unit ---


async def test_the_option_goes_before_the_connections_unit(town: Town) -> None:
    """A unit that is named is read, and its buttons stay with it; else it is the connection's."""
    await town.connect("toolzz")
    await without_unit(town, "bare")
    crowd(town, 11, OTHER_UNIT)
    town.toolzz.requests.clear()
    await listing(town, connection="default")
    asked = await listing(town, connection="bare", unit=OTHER_UNIT)
    await press(town, asked, "Next")
    await press(town, asked, "Refresh")
    assert asked_for(town) == [UNIT, OTHER_UNIT, OTHER_UNIT, OTHER_UNIT]
    assert embed_of(asked).footer.text == f"Unit {OTHER_UNIT} · page 2 of 2"


@pytest.mark.parametrize("locale", LOCALES)
async def test_without_a_unit_the_answer_asks_which(town: Town, locale: str) -> None:
    """Neither option nor connection names one: Toolzz is not asked, and the answer says where to find it."""
    await without_unit(town)
    town.toolzz.requests.clear()
    town.locale = locale
    refused = await listing(town)
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.invalid_input.which_unit.title')}"
    fix = field(refused, town.texts("problem.fix"))
    assert "</connections rotate:" in fix
    assert "</toolzz status:" in fix
    assert OUR_REFERENCE.search(shown(refused)) or locale == PORTUGUESE
    assert not town.toolzz.requests


@pytest.mark.parametrize("unit", ["../admin", "a b", "é", "%2e%2e", "Loja do Porto"])
async def test_what_is_no_unit_id_is_refused_without_asking(town: Town, unit: str) -> None:
    """Text that could change the request's path never gets into one."""
    await town.connect("toolzz")
    town.toolzz.requests.clear()
    assert shown(await listing(town, unit=unit)).startswith("⚠️ This is no unit id")
    assert not town.toolzz.requests


# --- turning pages, opening one ---


@pytest.mark.parametrize("restarted", [False, True])
async def test_500_integrations_are_paged_in_the_same_message(town: Town, restarted: bool) -> None:
    """The page travels in the buttons, so that a new process knows it; every page is within the limits."""
    await town.connect("toolzz")
    crowd(town, 500)
    asked = await listing(town)
    assert embed_of(asked).title == "🧩 500 integrations"
    assert lines(asked)[0] == "🟢 Connected: 500"
    if restarted:
        await town.restart()
    for number in (2, 3):
        assert (await press(town, asked, "Next")).followups == []
        assert (embed_of(asked).footer.text or "").endswith(f"page {number} of 50")
        assert f"Agent {number * 10 - 1:03}" in shown(asked)
        assert len(lines(asked)) == 12
        assert accepted(embed_of(asked))
    assert (await press(town, asked, "Previous")).followups == []
    assert (embed_of(asked).footer.text or "").endswith("page 2 of 50")
    assert said_on(asked) == IN_A_ROW


async def test_a_page_that_is_gone_leads_to_the_last_one(town: Town) -> None:
    """Where the list has become shorter, the last page there is comes instead, down to an empty one."""
    await town.connect("toolzz")
    crowd(town, 31)
    asked = await listing(town)
    await press(town, asked, "Next")
    await press(town, asked, "Next")
    crowd(town, 12)
    await press(town, asked, "Next")
    assert (embed_of(asked).footer.text or "").endswith("page 2 of 2")
    town.toolzz.integrations = {}
    await press(town, asked, "Refresh")
    assert embed_of(asked).title == "💤 No integration in this unit"


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_choice_opens_the_status_and_leads_back(town: Town, restarted: bool) -> None:
    """The status comes in the list's place, with a way back to the same page of the same unit that stays."""
    await without_unit(town)
    crowd(town, 11, OTHER_UNIT)
    asked = await listing(town, unit=OTHER_UNIT)
    await press(town, asked, "Next")
    (entry,) = part(asked, "toolzz:one:")["options"]
    if restarted:
        await town.restart()
    assert (await choose(town, asked, entry["value"])).followups == []
    assert (embed_of(asked).title or "").startswith("🟢 Agent 010")
    for label in ("Refresh", "Channels", "Refresh", "Back to the status", "Refresh"):
        assert (await press(town, asked, label)).followups == []
        assert said_on(asked).count("Back to the list") == 1
    await press(town, asked, "Back to the list")
    assert embed_of(asked).footer.text == f"Unit {OTHER_UNIT} · page 2 of 2"


async def test_one_of_this_server_can_be_linked_from_there(town: Town) -> None:
    """Two presses lead from the list to the link, which the list then marks; no other status offers it."""
    await town.connect("toolzz")
    move_here(town)
    asked = await listing(town)
    for unlinkable in (town.toolzz.ELSEWHERE, town.toolzz.HOMELESS, town.toolzz.DELETED):
        await choose(town, asked, unlinkable)
        assert "Link to this server" not in said_on(asked)
        await press(town, asked, "Back to the list")
    await choose(town, asked, town.toolzz.CONNECTED)
    pressed = await press(town, asked, "Link to this server")
    assert embed_of(pressed).title == "✅ Linked to this server"
    await press(town, asked, "Back to the list")
    assert "🟢 **Suporte da loja** · Connected · 📍 this server · 🔗 linked" in lines(asked)
    await choose(town, asked, town.toolzz.CONNECTED)
    assert "Link to this server" not in said_on(asked)


@pytest.mark.parametrize("values", [("../admin",), ("",), ("x" * 65,), (), ("x", "y")])
async def test_a_choice_that_is_none_is_refused(town: Town, values: tuple[str, ...]) -> None:
    """What no menu of ours offers is not asked of Toolzz, and the list stays."""
    await town.connect("toolzz")
    asked = await listing(town)
    before = shown(asked)
    town.toolzz.requests.clear()
    refused = await choose(town, asked, *values)
    assert final(refused).ephemeral
    assert shown(refused).startswith("⚠️")
    assert shown(asked) == before
    assert not town.toolzz.requests


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
async def test_a_button_made_up_by_somebody_does_nothing(town: Town, made_up: str) -> None:
    """A custom id that no button of ours can have is refused, and Toolzz is not asked."""
    await town.connect("toolzz")
    asked = await listing(town)
    before = shown(asked)
    town.toolzz.requests.clear()
    pressed = await town.press_forged(asked, made_up)
    assert final(pressed).ephemeral
    assert shown(pressed).startswith("⚠️")
    assert shown(asked) == before
    assert not town.toolzz.requests


async def test_the_longest_ids_fit_into_the_buttons(town: Town) -> None:
    """The longest connection, unit and page make custom ids that Discord takes, and that come back."""
    await without_unit(town, "n" * 20)
    crowd(town, MOST_ENTRIES, OTHER_UNIT)
    asked = await listing(town, unit=OTHER_UNIT)
    await town.press_forged(asked, f"toolzz:all:{'n' * 20}:100:{OTHER_UNIT}")
    assert (embed_of(asked).footer.text or "").endswith("page 100 of 100")
    assert buttons(asked)[-2]["custom_id"].startswith(f"toolzz:all:{'n' * 20}:101:")
    assert max(len(item["custom_id"]) for item in buttons(asked)) == 100
    await press(town, asked, "Previous")
    assert (embed_of(asked).footer.text or "").endswith("page 99 of 100")


# --- who may, in which language, and what goes wrong ---


async def test_it_speaks_the_members_language(town: Town) -> None:
    """Words, buttons and menu are Portuguese for who reads Portuguese, whoever asked."""
    await town.connect("toolzz")
    asked = await listing(town, share=True)
    assert not asked.ephemeral
    town.locale = PORTUGUESE
    await press(town, asked, "Refresh")
    assert embed_of(asked).title == "🧩 9 integrações"
    assert "🗑️ **Piloto antigo** · Excluída · em Loja do Porto" in lines(asked)
    assert said_on(asked) == ["Atualizar"]
    assert part(asked, "toolzz:one:")["placeholder"] == "Mostrar uma integração"


async def test_a_member_without_rights_is_refused(town: Town) -> None:
    """Under a shared answer buttons and menu are not for everyone; Toolzz is not asked."""
    await town.connect("toolzz")
    shared = await listing(town, share=True)
    before = shown(shared)
    town.toolzz.requests.clear()
    menu = {**part(shared, "toolzz:one:"), "component_type": 3, "values": [town.toolzz.CONNECTED]}
    pressed = [
        await town.member.click(final(shared).message, label="Refresh"),
        await town.interact(discord.InteractionType.component, town.member, menu, message=final(shared)),
    ]
    for refused in pressed:
        assert final(refused).ephemeral
        assert embed_of(refused).title == "⚠️ This is for this server's managers"
    assert shown(shared) == before
    assert not town.toolzz.requests


async def test_a_press_uses_the_connection_of_its_own_server(town: Town) -> None:
    """The same button pressed in a server without a connection finds none, whatever its id says."""
    await town.connect("toolzz")
    asked = await listing(town)
    abroad = town.abroad()
    town.toolzz.requests.clear()
    pressed = await abroad.press(abroad.manager, final(asked), "toolzz:all:default:1:")
    assert shown(pressed).startswith("⚠️ No Toolzz connection named default")
    assert not town.toolzz.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_and_can_be_tried_again(town: Town, failure: Failure) -> None:
    """Each failure of Toolzz, an unknown unit's 404 included, leaves the page, and leads on once over."""
    await town.connect("toolzz")
    crowd(town, 21)
    asked = await listing(town)
    before = shown(asked)
    failure.strike(town, "toolzz", LIST)
    failed = await press(town, asked, "Next")
    failure.shows_in(town, failed, "toolzz")
    assert final(failed).ephemeral
    assert shown(asked) == before
    assert said_on(failed) == failure.offers("Refresh")
    if said_on(failed) and failure.key != "timeout":
        town.toolzz.heal()
        await press(town, failed, "Refresh")
        assert (embed_of(failed).footer.text or "").endswith("page 2 of 3")


def show(text: str, guild_id: str | None = "2") -> discord.Embed:
    """Show a page on which every text is this one."""
    report = Integration.model_validate(
        {"id": text, "title": text, "guildName": text, "guildId": guild_id and text, "connectionStatus": text}
    )
    placed = Placed(text, "default", text, None, 1, 2)
    embed = list_embed(Listing([report] * 3, 1, text[:64], 1, {text: placed}, 3), load_catalog()[ENGLISH])
    return linked(embed)


def show_none(text: str) -> discord.Embed:
    """Show that a unit of this id has nothing."""
    return linked(list_embed(Listing([], 1, text, 1, {}, 3), load_catalog()[ENGLISH]))


@pytest.mark.parametrize("build", [show, show_none])
def test_hostile_text_does_nothing(build: Any) -> None:  # noqa: ANN401 - either of the two above
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless text gives."""
    harmless = marks(words(build("x")))
    for payload in PAYLOADS:
        embed = build(payload)
        assert marks(words(embed)) <= harmless, payload
        assert unseen(words(embed)) == set(), payload
        assert plain_marks(embed.footer.text or "") == {}, payload
        assert accepted(embed), payload


def test_a_hostile_title_is_one_line_of_the_menu() -> None:
    """A menu's entry has 1 to 100 characters that ping nobody, and the id where there is no title."""
    for payload in PAYLOADS:
        label = label_of(Integration.model_validate({"id": "x", "title": payload}))
        assert plain_marks(label) == {}, payload
        assert unseen(label) == set(), payload
        assert 1 <= len(label) <= 100
    assert label_of(Integration.model_validate({"id": "x", "title": "\u200b"})) == "x"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("state", State)
def test_a_deleted_one_is_told_from_one_that_is_switched_off(locale: str, state: State) -> None:
    """Whatever state it was in, a deleted integration has a symbol and a word that no state has."""
    texts = load_catalog()[locale]
    status = {"connectionStatus": state.value, "isActive": state is not State.INACTIVE}
    report = Integration.model_validate({"id": "x", **status})
    deleted = Integration.model_validate({"id": "x", "deletedAt": "2026-10-02 17:45:30.04", **status})
    assert report.state is state
    assert symbol_of(deleted) != symbol_of(report)
    assert word_of(deleted, texts) != word_of(report, texts)
