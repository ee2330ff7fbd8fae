"""What replicas there are: a page of Sensay's list at a time, with what was searched in the buttons."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import discord
import pytest
import simcord

from bot.i18n.catalog import load_catalog
from bot.kit.simulator import Answer
from bot.providers.sensay.models import DiscordIntegration, Replica
from bot.ui.pages import MOST_PAGES
from cogs.sensay.replicas import LONGEST_SEARCH
from cogs.sensay.replicas_embed import Page, page_embed
from tests.cogs.failures import FAILURES, Failure
from tests.cogs.test_sensay_status import (
    PLACED,
    act_as,
    bring_in,
    crowd,
    linked,
    part,
    place,
    press,
    said_on,
)
from tests.cogs.town import ENGLISH, PORTUGUESE, Town, buttons, embed_of, field, final, shown
from tests.ui.hostile import PAYLOADS, marks, plain_marks, unseen
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted

ALONE = ["Refresh"]
IN_A_ROW = ["Previous", "Refresh", "Next"]


async def replicas(town: Town, **options: object) -> simcord.InteractionResult:
    """Have the manager list replicas."""
    return await town.manager.slash(town.channel, "sensay replicas", **options)


def listed(town: Town) -> list[dict[str, str]]:
    """Return the parameters of each list that was asked of Sensay, in order."""
    targets = [urlsplit(request.path) for request in town.sensay.requests]
    return [dict(parse_qsl(target.query)) for target in targets if target.path == "/v1/replicas"]


# --- one page ---


async def test_each_replica_is_shown_with_its_state(town: Town) -> None:
    """Name, whether it is on Discord and how Sensay says it does there, tagline, service and id."""
    await town.connect("sensay")
    asked = await replicas(town)
    assert asked.ephemeral
    assert embed_of(asked).title == "🗣️ 6 replicas"
    assert embed_of(asked).footer.text == "Page 1 of 1"
    lines = (embed_of(asked).description or "").splitlines()
    assert lines[:2] == ["What these credentials own.", ""]
    start = lines.index("❔ **Billing Questions** · on Discord · Sensay does not say")
    assert lines[start + 1 : start + 4] == [
        "Explains an invoice",
        "`simulated-runner` · here: ❔ not known",
        f"`{town.sensay.UNDECIDED}`",
    ]
    start = lines.index("▫️ **Job Applications** · Not on Discord")
    assert lines[start + 1 : start + 3] == ["Open positions", f"`{town.sensay.UNCONNECTED}`"]
    assert "🟢 **Harbour Desk** · on Discord · Active" in lines
    assert "⚪ **Customer Care** · on Discord · Inactive" in lines
    assert "▫️ **Night Watch** · Not on Discord" in lines
    assert "Poem of the Day" not in shown(asked)
    assert "</sensay connect:" in field(asked, "Next step")
    assert "</sensay status:" in field(asked, "Next step")
    assert said_on(asked) == ALONE


async def test_the_list_says_what_this_server_connected(town: Town) -> None:
    """Of what was connected from here it tells who, when, and whether that bot is here, after a restart too.

    Who connected a replica whose bot Sensay lists no more is told as well.
    """
    await town.connect("sensay")
    await place(town, town.sensay.ACTIVE, bring_in(town))
    await place(town, town.sensay.INACTIVE)
    await place(town, town.sensay.UNCONNECTED)
    await town.restart()
    lines = (embed_of(await replicas(town)).description or "").splitlines()
    by = rf"connected by <@{town.manager.id}> <t:\d+:R>"
    for name, seen in (
        ("Harbour Desk", f"`simulated-runner` · here: ✅ member · {by}"),
        ("Customer Care", f"`simulated-runner` · here: 🚫 not in this server · {by}"),
        ("Job Applications", by),
    ):
        (start,) = (number for number, line in enumerate(lines) if f"**{name}**" in line)
        assert re.fullmatch(seen, lines[start + 2])


async def test_sensay_is_asked_for_one_page(town: Town) -> None:
    """One request of ten entries; as a user, who that is comes first and the owner is asked for."""
    await town.connect("sensay", "all")
    await act_as(town, town.sensay.OWNER, "mine")
    town.sensay.requests.clear()
    await replicas(town, connection="all", search="desk")
    assert listed(town) == [{"page_index": "1", "page_size": "10", "search": "desk"}]
    town.sensay.requests.clear()
    await replicas(town, connection="mine")
    assert listed(town) == [{"page_index": "1", "page_size": "10", "ownerID": town.sensay.OWNER}]
    assert len(town.sensay.requests) == 2


async def test_a_user_sees_strangers_only_on_request(town: Town) -> None:
    """Everybody's public replicas are left out, and listed with everyone:true, where owners are told."""
    await act_as(town, town.sensay.OWNER)
    own = await replicas(town)
    assert embed_of(own).title == "🗣️ 4 replicas"
    assert "Poem of the Day" not in shown(own)
    assert "owner" not in shown(own)
    everyone = await replicas(town, everyone=True)
    assert embed_of(everyone).title == "🗣️ 7 replicas"
    assert "and everybody's public replicas." in shown(everyone)
    assert f"`{town.sensay.INACTIVE}` · 👤 yours" in shown(everyone)
    assert f"`{town.sensay.STRANGER}` · owner: `open-gallery`" in shown(everyone)
    assert "🟢 **Poem of the Day** · on Discord · Active" in shown(everyone)


async def test_an_organization_is_told_that_it_has_no_strangers(town: Town) -> None:
    """Without a user there are no public ones to list, which is said; owners are told all the same."""
    await town.connect("sensay")
    asked = await replicas(town, everyone=True)
    assert "only for a connection with a user id." in shown(asked)
    assert f"`{town.sensay.ACTIVE}` · owner: `northwind-port`" in shown(asked)


async def test_what_sensay_fails_to_filter_is_left_out(town: Town) -> None:
    """Where Sensay ignores whose replicas were asked for, others' are dropped, and its total too."""
    await act_as(town, town.sensay.OWNER)
    items = [dict(town.sensay.replicas[uuid]) for uuid in (town.sensay.INACTIVE, town.sensay.STRANGER)]
    town.sensay.fail(Answer(200, {"items": items, "total": 90}), path="/v1/replicas")
    asked = await replicas(town)
    assert embed_of(asked).title == "🗣️ Replicas"
    assert "1 of somebody else's on this page is left out." in shown(asked)
    assert "Customer Care" in shown(asked)
    assert "Poem of the Day" not in shown(asked)
    assert said_on(asked) == IN_A_ROW
    town.sensay.fail(Answer(200, {"items": items[1:], "total": 1}), path="/v1/replicas")
    assert embed_of(await replicas(town)).title == "💤 None of yours on this page"


@pytest.mark.parametrize(
    ("search", "title"),
    [("", "💤 No replica yet"), ("no *such* name", "💤 Nothing found for no \\*such\\* name")],
)
async def test_nothing_to_list_is_no_error(town: Town, search: str, title: str) -> None:
    """An empty list says so, naming what was searched, and what to do next."""
    await town.connect("sensay")
    town.sensay.replicas = {}
    asked = await replicas(town, **({"search": search} if search else {}))
    assert embed_of(asked).title == title
    assert ("</sensay replicas:" if search else "</sensay connect:") in field(asked, "Next step")
    assert said_on(asked) == ALONE


async def test_a_sparse_reply_is_shown(town: Town) -> None:
    """Everything about a replica may be missing, and the total too; a full page may have one after it."""
    await town.connect("sensay")
    town.sensay.fail(Answer(200, {"items": [{}, {"name": "\u200b", "uuid": "X"}]}), times=1)
    asked = await replicas(town, everyone=True)
    assert embed_of(asked).title == "🗣️ Replicas"
    assert "▫️ **`x`** · Not on Discord" in shown(asked)
    assert "*not reported* · owner: *not reported*" in shown(asked)
    assert embed_of(asked).footer.text == "Page 1"
    assert said_on(asked) == ALONE
    town.sensay.fail(Answer(200, {"items": [{"uuid": "x"}] * 10}), times=1)
    full = await replicas(town)
    assert part(full, "sensay:replicas:default:own:2:").get("disabled", False) is False


async def test_more_than_was_asked_for_is_counted(town: Town) -> None:
    """Where Sensay ignores the size of a page, what no longer fits is counted."""
    await town.connect("sensay")
    items = [{"name": "n" * 200, "shortDescription": "t" * 200, "uuid": f"{n}"} for n in range(400)]
    town.sensay.fail(Answer(200, {"items": items, "total": 400}))
    asked = await replicas(town)
    assert accepted(embed_of(asked))
    assert (embed_of(asked).description or "").endswith(" more")


async def test_it_speaks_the_members_language(town: Town) -> None:
    """Words and buttons are Portuguese for who reads Portuguese, whoever asked."""
    await town.connect("sensay")
    crowd(town, 11)
    asked = await replicas(town, share=True)
    assert not asked.ephemeral
    town.locale = PORTUGUESE
    await press(town, asked, "Next")
    assert embed_of(asked).title == "🗣️ 11 réplicas"
    assert "· no Discord · Ativa" in shown(asked)
    assert said_on(asked) == ["Anterior", "Atualizar", "Próxima"]


# --- turning pages ---


@pytest.mark.parametrize("restarted", [False, True])
async def test_pages_are_turned_in_the_same_message(town: Town, restarted: bool) -> None:
    """Search, owner and page travel in the buttons, so that a new process knows them."""
    await act_as(town, town.sensay.OWNER)
    crowd(town, 500)
    asked = await replicas(town, search="Replica", everyone=True)
    assert embed_of(asked).title == "🗣️ 500 replicas"
    if restarted:
        await town.restart()
    town.sensay.requests.clear()
    for number in (2, 3):
        assert (await press(town, asked, "Next")).followups == []
        assert embed_of(asked).footer.text == f"Page {number} of 50"
        assert f"Replica {number * 10 - 1:03}" in shown(asked)
        assert accepted(embed_of(asked))
    assert (await press(town, asked, "Previous")).followups == []
    assert (await press(town, asked, "Refresh")).followups == []
    assert embed_of(asked).footer.text == "Page 2 of 50"
    expected = {"page_size": "10", "search": "Replica"}
    assert listed(town) == [{"page_index": page, **expected} for page in ("2", "3", "2", "2")]


async def test_a_page_that_is_gone_leads_to_the_last_one(town: Town) -> None:
    """Where the list has become shorter, the last page there is comes instead, down to an empty first one."""
    await town.connect("sensay")
    crowd(town, 31)
    asked = await replicas(town)
    await press(town, asked, "Next")
    await press(town, asked, "Next")
    crowd(town, 12)
    await press(town, asked, "Next")
    assert embed_of(asked).footer.text == "Page 2 of 2"
    assert shown(asked).count("**Replica") == 2
    town.sensay.replicas = {}
    await press(town, asked, "Refresh")
    assert embed_of(asked).title == "💤 No replica yet"


async def test_a_page_that_cannot_be_is_refused(town: Town) -> None:
    """The page before the first one, which no button leads to, is not asked of Sensay."""
    await town.connect("sensay")
    crowd(town, 11)
    asked = await replicas(town)
    before = shown(asked)
    town.sensay.requests.clear()
    forged = part(asked, "sensay:replicas:default:own:0:")
    assert forged["disabled"]
    refused = await town.press(town.manager, final(asked), forged["custom_id"])
    assert final(refused).ephemeral
    assert shown(refused).startswith("⚠️ There is no such page")
    assert shown(asked) == before
    assert not town.sensay.requests


async def test_there_is_a_last_page_for_the_longest_list(town: Town) -> None:
    """However many replicas Sensay claims, every button fits and the last page that fits leads no further."""
    await town.connect("sensay", "n" * 20)
    town.sensay.fail(Answer(200, {"items": [{"uuid": "x"}] * 10, "total": 10**12}), times=None)
    asked = await replicas(town, search="s" * LONGEST_SEARCH)
    assert embed_of(asked).footer.text == f"Page 1 of {MOST_PAGES}"
    town.sensay.fail(Answer(200, {"items": [{"uuid": "x"}] * 10}), times=None)
    assert max(len(item["custom_id"]) for item in buttons(asked)) <= 100


@pytest.mark.parametrize(
    ("search", "sent"),
    [(" desk \n x", "desk x"), ("a\x00b\u202ec", "a b c"), ("a:b:1", "a:b:1"), ("@everyone", "@everyone")],
)
async def test_what_is_searched_is_one_line(town: Town, search: str, sent: str) -> None:
    """Blanks, line ends and what nobody sees are taken out; the rest goes to Sensay, also by button."""
    await town.connect("sensay")
    asked = await replicas(town, search=search)
    await press(town, asked, "Refresh")
    assert [params["search"] for params in listed(town)[-2:]] == [sent, sent]


async def test_a_search_that_fits_no_button_is_refused(town: Town) -> None:
    """Signs that count twice in a button's id can be too many; Sensay is not asked."""
    await town.connect("sensay")
    town.sensay.requests.clear()
    refused = await replicas(town, search="🚀" * 26)
    assert shown(refused).startswith("⚠️ Too long to search for")
    assert not town.sensay.requests
    assert embed_of(await replicas(town, search="🚀" * 25)).title == f"💤 Nothing found for {'🚀' * 25}"


# --- who may, and what goes wrong ---


async def test_a_member_without_rights_is_refused(town: Town) -> None:
    """Under a shared answer the buttons are not for everyone; Sensay is not asked."""
    await town.connect("sensay")
    crowd(town, 11)
    shared = await replicas(town, share=True)
    before = shown(shared)
    town.sensay.requests.clear()
    pressed = await town.member.click(final(shared).message, label="Next")
    assert final(pressed).ephemeral
    assert embed_of(pressed).title == "⚠️ This is for this server's managers"
    assert shown(shared) == before
    assert not town.sensay.requests


async def test_a_press_uses_the_connection_of_its_own_server(town: Town) -> None:
    """The same button pressed in a server without a connection finds none, whatever its id says."""
    await town.connect("sensay")
    asked = await replicas(town)
    other = town.env.create_guild("Elsewhere")
    elsewhere = replace(town, guild=other, channel=other.create_text_channel("quay"))
    role = other.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    manager = other.add_member(town.manager.user, roles=[role])
    town.sensay.requests.clear()
    pressed = await elsewhere.press(manager, final(asked), "sensay:replicas:default:own:1:")
    assert shown(pressed).startswith("⚠️ No Sensay connection named default")
    assert not town.sensay.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_and_can_be_tried_again(town: Town, failure: Failure) -> None:
    """Each failure of Sensay is worded, and its button leads to the page that was wanted."""
    await town.connect("sensay")
    crowd(town, 21)
    asked = await replicas(town, search="replica")
    before = shown(asked)
    failure.strike(town, "sensay")
    failed = await press(town, asked, "Next")
    failure.shows_in(town, failed, "sensay")
    assert final(failed).ephemeral
    assert shown(asked) == before
    assert said_on(failed) == failure.offers("Refresh")
    if said_on(failed) and failure.key != "timeout":
        town.sensay.heal()
        await press(town, failed, "Refresh")
        assert embed_of(failed).footer.text == "Page 2 of 3"


def show(text: str) -> discord.Embed:
    """Show a page on which every text is this one."""
    integration = DiscordIntegration.model_construct(service_name=text, is_active=None)
    replica = Replica.model_construct(
        uuid=text, name=text, short_description=text, owner_id=text, discord_integration=integration
    )
    page = Page((replica,) * 3, 1, total=3, last=1, search=text[:50], owner="me", everyone=True, strangers=0)
    page = replace(page, placements={text: PLACED})
    return linked(page_embed(page, load_catalog()[ENGLISH]))


def show_none(text: str) -> discord.Embed:
    """Show that nothing was found for this text."""
    page = Page((), 1, total=0, last=1, search=text[:50], owner=None, everyone=False, strangers=0)
    return linked(page_embed(page, load_catalog()[ENGLISH]))


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
