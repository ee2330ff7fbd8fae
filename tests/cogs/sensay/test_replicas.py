"""`/sensay replicas`: a page of Sensay's list at a time, with the search in the buttons' custom ids."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import discord
import pytest
import simcord

from bot.discord.pages import MAX_PAGES
from bot.i18n.catalog import load_catalog
from bot.providers.base.simulator import Answer
from bot.providers.sensay.models import DiscordIntegration, Replica
from cogs.sensay.replicas import MAX_SEARCH, ReplicaListPage, page_embed
from tests.support.embeds import embed_text, fits_discord
from tests.support.english import english
from tests.support.failures import FAILURES, Failure
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
from tests.support.sensay_steps import (
    PLACED,
    act_as,
    add_bot_member,
    component_of,
    fill_organization,
    place,
    press,
    with_command_links,
)

ALONE = ["Refresh"]
IN_A_ROW = ["Previous", "Refresh", "Next"]


async def replicas(harness: BotHarness, **options: object) -> simcord.InteractionResult:
    """Have the manager list replicas."""
    return await harness.manager.slash(harness.channel, "sensay replicas", **options)


def listed(harness: BotHarness) -> list[dict[str, str]]:
    """Return the parameters of each request for the list, in order."""
    targets = [urlsplit(request.path) for request in harness.sensay.requests]
    return [dict(parse_qsl(target.query)) for target in targets if target.path == "/v1/replicas"]


# --- one page ---


async def test_each_replica_is_shown_with_its_state(harness: BotHarness) -> None:
    """Each entry has the name, the state on Discord, the tagline, the service and the id."""
    await harness.connect("sensay")
    asked = await replicas(harness)
    assert asked.ephemeral
    assert embed_of(asked).title == "🗣️ 6 replicas"
    assert embed_of(asked).footer.text == "Page 1 of 1"
    lines = (embed_of(asked).description or "").splitlines()
    assert lines[:2] == [english("sensay.replicas.own"), ""]
    start = lines.index("❔ **Billing Questions** · on Discord · Unknown")
    assert lines[start + 1 : start + 4] == [
        "Explains an invoice",
        "`simulated-runner` · membership unknown",
        f"`{harness.sensay.UNDECIDED}`",
    ]
    start = lines.index("▫️ **Job Applications** · Not on Discord")
    assert lines[start + 1 : start + 3] == ["Open positions", f"`{harness.sensay.UNCONNECTED}`"]
    assert "🟢 **Harbour Desk** · on Discord · Active" in lines
    assert "⚪ **Customer Care** · on Discord · Inactive" in lines
    assert "▫️ **Night Watch** · Not on Discord" in lines
    assert "Poem of the Day" not in shown(asked)
    assert "</sensay connect:" in field(asked, "Next step")
    assert "</sensay status:" in field(asked, "Next step")
    assert labels(asked) == ALONE


async def test_the_list_says_what_this_server_connected(harness: BotHarness) -> None:
    """Replicas that were connected from here show by whom, when, and whether that bot is here.

    They do so after a restart too, and show who connected them where Sensay lists no bot any more.
    """
    await harness.connect("sensay")
    await place(harness, harness.sensay.ACTIVE, add_bot_member(harness))
    await place(harness, harness.sensay.INACTIVE)
    await place(harness, harness.sensay.UNCONNECTED)
    await harness.restart()
    lines = (embed_of(await replicas(harness)).description or "").splitlines()
    by = rf"connected by <@{harness.manager.id}> <t:\d+:R>"
    for name, seen in (
        ("Harbour Desk", f"`simulated-runner` · in this server · {by}"),
        ("Customer Care", f"`simulated-runner` · not in this server · {by}"),
        ("Job Applications", by),
    ):
        (start,) = (number for number, line in enumerate(lines) if f"**{name}**" in line)
        assert re.fullmatch(seen, lines[start + 2])


async def test_sensay_is_asked_for_one_page(harness: BotHarness) -> None:
    """One request asks for ten entries; the user's id, known since it was entered, names the owner."""
    await harness.connect("sensay", "all")
    await act_as(harness, harness.sensay.OWNER, "mine")
    harness.sensay.requests.clear()
    await replicas(harness, connection="all", search="desk")
    assert listed(harness) == [{"page_index": "1", "page_size": "10", "search": "desk"}]
    harness.sensay.requests.clear()
    await replicas(harness, connection="mine")
    assert listed(harness) == [{"page_index": "1", "page_size": "10", "ownerID": harness.sensay.OWNER}]
    assert len(harness.sensay.requests) == 1


async def test_a_user_sees_strangers_only_on_request(harness: BotHarness) -> None:
    """Everybody's public replicas are listed only with everyone:true, and then with their owners."""
    await act_as(harness, harness.sensay.OWNER)
    own = await replicas(harness)
    assert embed_of(own).title == "🗣️ 4 replicas"
    assert "Poem of the Day" not in shown(own)
    assert "owner" not in shown(own)
    everyone = await replicas(harness, everyone=True)
    assert embed_of(everyone).title == "🗣️ 7 replicas"
    assert english("sensay.replicas.everyone") in shown(everyone)
    assert f"`{harness.sensay.INACTIVE}` · 👤 yours" in shown(everyone)
    assert f"`{harness.sensay.FOREIGN}` · owner: `open-gallery`" in shown(everyone)
    assert "🟢 **Poem of the Day** · on Discord · Active" in shown(everyone)


async def test_an_organization_is_told_that_it_has_no_strangers(harness: BotHarness) -> None:
    """Without a user there are no public replicas; the answer says so, and shows owners all the same."""
    await harness.connect("sensay")
    asked = await replicas(harness, everyone=True)
    assert english("sensay.replicas.organization") in shown(asked)
    assert f"`{harness.sensay.ACTIVE}` · owner: `northwind-port`" in shown(asked)


async def test_what_sensay_fails_to_filter_is_left_out(harness: BotHarness) -> None:
    """Where Sensay ignores the owner, the replicas of others and the total are left out."""
    await act_as(harness, harness.sensay.OWNER)
    items = [
        dict(harness.sensay.replicas[uuid]) for uuid in (harness.sensay.INACTIVE, harness.sensay.FOREIGN)
    ]
    harness.sensay.fail(Answer(200, {"items": items, "total": 90}), path="/v1/replicas")
    asked = await replicas(harness)
    assert embed_of(asked).title == "🗣️ Replicas"
    assert english.plural("sensay.replicas.strangers", 1) in shown(asked)
    assert "Customer Care" in shown(asked)
    assert "Poem of the Day" not in shown(asked)
    assert labels(asked) == IN_A_ROW
    harness.sensay.fail(Answer(200, {"items": items[1:], "total": 1}), path="/v1/replicas")
    assert embed_of(await replicas(harness)).title == "💤 None of yours on this page"


@pytest.mark.parametrize(
    ("search", "title"),
    [
        ("", f"💤 {english('sensay.replicas.none')}"),
        ("no *such* name", "💤 Nothing found for no \\*such\\* name"),
    ],
)
async def test_nothing_to_list_is_no_error(harness: BotHarness, search: str, title: str) -> None:
    """An empty list names what was searched for and has a next step."""
    await harness.connect("sensay")
    harness.sensay.replicas = {}
    asked = await replicas(harness, **({"search": search} if search else {}))
    assert embed_of(asked).title == title
    assert ("</sensay replicas:" if search else "</sensay connect:") in field(asked, "Next step")
    assert labels(asked) == ALONE


async def test_a_sparse_reply_is_shown(harness: BotHarness) -> None:
    """A replica may lack every field, and the reply its total; then a full page has a next one."""
    await harness.connect("sensay")
    harness.sensay.fail(Answer(200, {"items": [{}, {"name": "\u200b", "uuid": "X"}]}), times=1)
    asked = await replicas(harness, everyone=True)
    assert embed_of(asked).title == "🗣️ Replicas"
    assert "▫️ **`x`** · Not on Discord" in shown(asked)
    assert "*not reported* · owner: *not reported*" in shown(asked)
    assert embed_of(asked).footer.text == "Page 1"
    assert labels(asked) == ALONE
    harness.sensay.fail(Answer(200, {"items": [{"uuid": "x"}] * 10}), times=1)
    full = await replicas(harness)
    assert component_of(full, "sensay:replicas:default:own:2:").get("disabled", False) is False


async def test_more_than_was_asked_for_is_counted(harness: BotHarness) -> None:
    """Where Sensay ignores the page size, the answer counts what does not fit."""
    await harness.connect("sensay")
    items = [{"name": "n" * 200, "shortDescription": "t" * 200, "uuid": f"{n}"} for n in range(400)]
    harness.sensay.fail(Answer(200, {"items": items, "total": 400}))
    asked = await replicas(harness)
    assert fits_discord(embed_of(asked))
    assert (embed_of(asked).description or "").endswith(" more")


async def test_it_speaks_the_members_language(harness: BotHarness) -> None:
    """After a press, text and buttons are in the language of the member who pressed."""
    await harness.connect("sensay")
    fill_organization(harness, 11)
    asked = await replicas(harness, share=True)
    assert not asked.ephemeral
    harness.locale = PORTUGUESE
    await press(harness, asked, "Next")
    assert embed_of(asked).title == "🗣️ 11 réplicas"
    assert "· no Discord · Ativa" in shown(asked)
    assert labels(asked) == ["Anterior", "Atualizar", "Próxima"]


# --- turning pages ---


@pytest.mark.parametrize("restarted", [False, True])
async def test_pages_are_turned_in_the_same_message(harness: BotHarness, restarted: bool) -> None:
    """The buttons' custom ids carry search, owner and page, so that a restarted bot knows them."""
    await act_as(harness, harness.sensay.OWNER)
    fill_organization(harness, 500)
    asked = await replicas(harness, search="Replica", everyone=True)
    assert embed_of(asked).title == "🗣️ 500 replicas"
    if restarted:
        await harness.restart()
    harness.sensay.requests.clear()
    for number in (2, 3):
        assert (await press(harness, asked, "Next")).followups == []
        assert embed_of(asked).footer.text == f"Page {number} of 50"
        assert f"Replica {number * 10 - 1:03}" in shown(asked)
        assert fits_discord(embed_of(asked))
    assert (await press(harness, asked, "Previous")).followups == []
    assert (await press(harness, asked, "Refresh")).followups == []
    assert embed_of(asked).footer.text == "Page 2 of 50"
    expected = {"page_size": "10", "search": "Replica"}
    assert listed(harness) == [{"page_index": page, **expected} for page in ("2", "3", "2", "2")]


async def test_a_page_that_is_gone_leads_to_the_last_one(harness: BotHarness) -> None:
    """Where the list has become shorter, its last page is shown instead, or an empty first one."""
    await harness.connect("sensay")
    fill_organization(harness, 31)
    asked = await replicas(harness)
    await press(harness, asked, "Next")
    await press(harness, asked, "Next")
    fill_organization(harness, 12)
    await press(harness, asked, "Next")
    assert embed_of(asked).footer.text == "Page 2 of 2"
    assert shown(asked).count("**Replica") == 2
    harness.sensay.replicas = {}
    await press(harness, asked, "Refresh")
    assert embed_of(asked).title == f"💤 {english('sensay.replicas.none')}"


async def test_a_page_that_cannot_be_is_refused(harness: BotHarness) -> None:
    """The page before the first one is refused, and Sensay is not asked."""
    await harness.connect("sensay")
    fill_organization(harness, 11)
    asked = await replicas(harness)
    before = shown(asked)
    harness.sensay.requests.clear()
    forged = component_of(asked, "sensay:replicas:default:own:0:")
    assert forged["disabled"]
    refused = await harness.press(harness.manager, final(asked), forged["custom_id"])
    assert final(refused).ephemeral
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.page.title')}")
    assert shown(asked) == before
    assert not harness.sensay.requests


async def test_there_is_a_last_page_for_the_longest_list(harness: BotHarness) -> None:
    """However many replicas Sensay claims, every custom id fits, and the last page is the last that fits."""
    await harness.connect("sensay", "n" * 20)
    harness.sensay.fail(Answer(200, {"items": [{"uuid": "x"}] * 10, "total": 10**12}), times=None)
    asked = await replicas(harness, search="s" * MAX_SEARCH)
    assert embed_of(asked).footer.text == f"Page 1 of {MAX_PAGES}"
    harness.sensay.fail(Answer(200, {"items": [{"uuid": "x"}] * 10}), times=None)
    assert max(len(item["custom_id"]) for item in buttons(asked)) <= 100


@pytest.mark.parametrize(
    ("search", "sent"),
    [(" desk \n x", "desk x"), ("a\x00b\u202ec", "a b c"), ("a:b:1", "a:b:1"), ("@everyone", "@everyone")],
)
async def test_what_is_searched_is_one_line(harness: BotHarness, search: str, sent: str) -> None:
    """Line ends and invisible characters are taken out; the rest is sent to Sensay, by a button too."""
    await harness.connect("sensay")
    asked = await replicas(harness, search=search)
    await press(harness, asked, "Refresh")
    assert [params["search"] for params in listed(harness)[-2:]] == [sent, sent]


async def test_a_search_that_fits_no_button_is_refused(harness: BotHarness) -> None:
    """A search that is too long for a custom id is refused, and Sensay is not asked."""
    await harness.connect("sensay")
    harness.sensay.requests.clear()
    refused = await replicas(harness, search="🚀" * 26)
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.search.title')}")
    assert not harness.sensay.requests
    assert embed_of(await replicas(harness, search="🚀" * 25)).title == f"💤 Nothing found for {'🚀' * 25}"


# --- who may, and what goes wrong ---


async def test_a_member_without_rights_is_refused(harness: BotHarness) -> None:
    """A member without rights cannot use the buttons of a shared answer, and Sensay is not asked."""
    await harness.connect("sensay")
    fill_organization(harness, 11)
    shared = await replicas(harness, share=True)
    before = shown(shared)
    harness.sensay.requests.clear()
    pressed = await harness.member.click(final(shared).message, label="Next")
    assert final(pressed).ephemeral
    assert embed_of(pressed).title == f"⚠️ {english('problem.not_allowed.manager.title')}"
    assert shown(shared) == before
    assert not harness.sensay.requests


async def test_a_press_uses_the_connection_of_its_own_server(harness: BotHarness) -> None:
    """A button that is pressed in a server without a connection finds none, whatever its custom id says."""
    await harness.connect("sensay")
    asked = await replicas(harness)
    other = harness.env.create_guild("Elsewhere")
    elsewhere = replace(harness, guild=other, channel=other.create_text_channel("quay"))
    role = other.create_role("Managers", permissions=discord.Permissions(manage_guild=True))
    manager = other.add_member(harness.manager.user, roles=[role])
    harness.sensay.requests.clear()
    pressed = await elsewhere.press(manager, final(asked), "sensay:replicas:default:own:1:")
    assert shown(pressed).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Sensay', name='default')}"
    )
    assert not harness.sensay.requests


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained_and_can_be_tried_again(harness: BotHarness, failure: Failure) -> None:
    """Each failure of Sensay is worded, and its button leads to the wanted page."""
    await harness.connect("sensay")
    fill_organization(harness, 21)
    asked = await replicas(harness, search="replica")
    before = shown(asked)
    failure.strike(harness, "sensay")
    failed = await press(harness, asked, "Next")
    failure.shows_in(harness, failed, "sensay")
    assert final(failed).ephemeral
    assert shown(asked) == before
    assert labels(failed) == failure.offers("Refresh")
    if labels(failed) and failure.key != "timeout":
        await failure.end(harness, "sensay")
        await press(harness, failed, "Refresh")
        assert embed_of(failed).footer.text == "Page 2 of 3"


def show(text: str) -> discord.Embed:
    """Return the embed of a page on which every text is this one."""
    integration = DiscordIntegration.model_construct(service_name=text, is_active=None)
    replica = Replica.model_construct(
        uuid=text, name=text, short_description=text, owner_id=text, discord_integration=integration
    )
    page = ReplicaListPage(
        (replica,) * 3, 1, total=3, last=1, search=text[:50], owner="me", everyone=True, foreign=0
    )
    page = replace(page, placements={text: PLACED})
    return with_command_links(page_embed(page, load_catalog()[ENGLISH]))


def show_none(text: str) -> discord.Embed:
    """Return the embed for a search for this text that found nothing."""
    page = ReplicaListPage((), 1, total=0, last=1, search=text[:50], owner=None, everyone=False, foreign=0)
    return with_command_links(page_embed(page, load_catalog()[ENGLISH]))


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
