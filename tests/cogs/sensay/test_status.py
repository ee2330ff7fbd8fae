"""`/sensay status`: what Sensay lists, and separately what is known of this server."""

import re
from datetime import timedelta

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.discord.access.agent_bots import PORTAL
from bot.discord.theme import Tone, when
from bot.i18n.catalog import LOCALES
from tests.support.embeds import fits_discord
from tests.support.english import english
from tests.support.failures import OUR_REFERENCE
from tests.support.harness import BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.ids import OLD_ID
from tests.support.sensay_steps import (
    AGENT,
    act_as,
    add_bot_member,
    component_of,
    fill_organization,
    look_closely,
    place,
    press,
    status,
)

SEND = discord.Permissions(send_messages=True).value

# --- the overview ---


async def test_the_overview_lists_the_worst_first(harness: BotHarness) -> None:
    """Each replica on Discord has one line: its name, Sensay's word, its service, and whether it is here."""
    await harness.connect("sensay")
    asked = await status(harness)
    assert asked.ephemeral
    assert embed_of(asked).title == "🗣️ 4 replicas on Discord"
    assert embed_of(asked).colour == discord.Colour(Tone.QUIET.colour)
    assert (embed_of(asked).description or "").splitlines()[:5] == [
        "⚪ **Customer Care** · Inactive · `simulated-runner` · membership unknown",
        "❔ **Billing Questions** · Unknown · `simulated-runner` · membership unknown",
        "🟢 **Atendimento ao Cliente** · Active · `simulated-runner` · membership unknown",
        "🟢 **Harbour Desk** · Active · `simulated-runner` · membership unknown",
        "",
    ]
    assert english("sensay.overview.how") in shown(asked)
    assert "There may be more." not in shown(asked)
    assert field(asked, "Next step") == english("sensay.overview.next")


async def test_the_overview_says_what_this_server_connected(harness: BotHarness) -> None:
    """Replicas that were connected from here show by whom, when, and whether that bot is a member now."""
    await harness.connect("sensay")
    await place(harness, harness.sensay.ACTIVE, add_bot_member(harness))
    await place(harness, harness.sensay.INACTIVE)
    await place(harness, harness.sensay.UNDECIDED, None)
    lines = {
        line.split("**")[1]: line
        for line in (embed_of(await status(harness)).description or "").splitlines()[:4]
    }
    by = rf"connected by <@{harness.manager.id}> <t:\d+:R>$"
    assert re.search(f"in this server · {by}", lines["Harbour Desk"])
    assert re.search(f"not in this server · {by}", lines["Customer Care"])
    assert re.search(f"membership unknown · {by}", lines["Billing Questions"])
    assert lines["Atendimento ao Cliente"].endswith(english("sensay.overview.untold"))


async def test_another_servers_records_are_not_told(harness: BotHarness) -> None:
    """Another server's record of the same replica is not shown."""
    await harness.connect("sensay")
    opened = await harness.bot.services.connections.open(harness.guild.id, "sensay")
    elsewhere = type(opened)(1, "sensay", opened.name, opened.set_at, opened.credentials)
    await harness.bot.services.integrations.record(
        elsewhere, harness.sensay.ACTIVE, "x", bot_id=AGENT, member_id=77
    )
    for asked in (await status(harness), await status(harness, harness.sensay.ACTIVE)):
        assert "<@77>" not in shown(asked)
        assert str(AGENT) not in shown(asked)


async def test_a_user_sees_their_own_alone(harness: BotHarness) -> None:
    """Credentials that name a user list that user's replicas, and nobody's public ones."""
    await act_as(harness, harness.sensay.OWNER)
    asked = await status(harness)
    assert embed_of(asked).title == "🗣️ 3 replicas on Discord"
    assert "Poem of the Day" not in shown(asked)
    assert "Harbour Desk" not in shown(asked)


async def test_with_nothing_on_discord_the_way_there_is_told(harness: BotHarness) -> None:
    """Without a replica on Discord the answer leads to connecting one, and has no menu."""
    await harness.connect("sensay")
    for replica in harness.sensay.replicas.values():
        replica["discord_integration"] = None
    asked = await status(harness)
    assert embed_of(asked).title == f"💤 {english('sensay.usage.no_replica')}"
    assert "</sensay connect:" in field(asked, "Next step")
    assert labels(asked) == ["Refresh"]
    assert len(buttons(asked)) == 1


async def test_five_hundred_replicas_are_paged(harness: BotHarness) -> None:
    """A page has ten replicas and is within Discord's limits; the answer says that there may be more."""
    await harness.connect("sensay")
    fill_organization(harness, 510)
    asked = await status(harness)
    assert embed_of(asked).title == "🗣️ 500 replicas on Discord"
    assert "There may be more." in shown(asked)
    for number in range(1, 4):
        assert fits_discord(embed_of(asked))
        assert embed_of(asked).footer.text == f"Page {number} of 50"
        assert shown(asked).count("\n🟢 **Replica") == 10
        assert f"Replica {number * 10 - 1:03}" in shown(asked)
        assert len(component_of(asked, "sensay:details:")["options"]) == 10
        assert all(len(item["custom_id"]) <= 100 for item in buttons(asked))
        await press(harness, asked, "Next")
    await press(harness, asked, "Previous")
    assert embed_of(asked).footer.text == "Page 3 of 50"


async def test_there_is_no_turning_over_the_edge(harness: BotHarness) -> None:
    """The first page has no previous one and the last no next one; an impossible page number is refused."""
    await harness.connect("sensay")
    fill_organization(harness, 11)
    asked = await status(harness)
    previous = component_of(asked, "sensay:overview:default:0")
    assert (previous["label"], previous["disabled"]) == ("Previous", True)
    refused = await harness.press(harness.manager, final(asked), previous["custom_id"])
    assert final(refused).ephemeral
    assert shown(refused).startswith(f"⚠️ {english('problem.invalid_input.page.title')}")
    await press(harness, asked, "Next")
    assert component_of(asked, "sensay:overview:default:3")["disabled"]


async def test_a_page_that_is_gone_leads_to_the_last_one(harness: BotHarness) -> None:
    """Where the list has become shorter, its last page is shown instead."""
    await harness.connect("sensay")
    fill_organization(harness, 21)
    asked = await status(harness)
    await press(harness, asked, "Next")
    fill_organization(harness, 5)
    await press(harness, asked, "Next")
    assert embed_of(asked).footer.text == "Page 1 of 1"
    assert labels(asked) == ["Refresh"]


# --- one replica ---


@pytest.mark.parametrize(
    ("of", "symbol", "lists"),
    [
        ("ACTIVE", "🟢", "🟢 **Active** · Sensay reports the bot as active."),
        ("INACTIVE", "⚪", "⚪ **Inactive** · Sensay reports the bot as inactive."),
        ("UNDECIDED", "❔", "❔ **Unknown** · Sensay doesn't report whether"),
        ("UNCONNECTED", "▫️", "▫️ **Not on Discord** · Sensay lists no Discord bot for it."),
    ],
)
async def test_what_sensay_lists_is_said_in_words(
    harness: BotHarness, of: str, symbol: str, lists: str
) -> None:
    """Each of the three states, and no state, has a symbol, a word and a sentence; none is called online."""
    await harness.connect("sensay")
    replica = harness.sensay.replicas[getattr(harness.sensay, of)]
    asked = await status(harness, replica["uuid"])
    assert embed_of(asked).title == f"{symbol} {replica['name']}"
    assert f"{symbol} {embed_of(asked).description}".startswith(lists)
    assert "online" not in shown(asked).replace("It may not be online.", "")
    assert [item.name for item in embed_of(asked).fields] == ["➡️ Next step"]
    assert labels(asked) == ["Details", "Refresh", english("pages.up")]
    await press(harness, asked, "Details")
    assert field(asked, english("sensay.status.tagline")) == replica["shortDescription"]
    assert field(asked, english("sensay.status.lists")).startswith(lists)
    assert field(asked, "Replica") == f"`{replica['uuid']}`"
    assert field(asked, "Connected here") == "Not from this server"
    assert labels(asked) == ["Refresh", english("status.back")]


@pytest.mark.parametrize(
    ("integration", "reads"),
    [
        ({"service_name": None, "is_active": True}, "Service: *not reported*"),
        ({"is_active": False}, "Service: *not reported*"),
        ({"service_name": "runner `7`", "is_active": None}, "Service: `runner ˋ7ˋ`"),
        ({}, "❔ **Unknown**"),
    ],
)
async def test_what_is_not_reported_is_not_guessed(
    harness: BotHarness, integration: dict[str, object], reads: str
) -> None:
    """Each field of the integration may be null or absent."""
    await harness.connect("sensay")
    harness.sensay.replicas[harness.sensay.ACTIVE]["discord_integration"] = integration or {"is_active": None}
    more = await look_closely(harness, harness.sensay.ACTIVE)
    assert reads in field(more, english("sensay.status.lists"))


@pytest.mark.parametrize("here", ["member", "absent", "untold", "no_bot", "not_ours"])
@pytest.mark.parametrize("active", [True, False, None, "none"])
async def test_each_situation_has_its_next_step(harness: BotHarness, here: str, active: object) -> None:
    """Whether the bot is here is shown apart from what Sensay lists, and both decide the next step."""
    await harness.connect("sensay")
    replica = harness.sensay.replicas[harness.sensay.ACTIVE]
    replica["discord_integration"] = None if active == "none" else {"is_active": active}
    bot_id = add_bot_member(harness) if here == "member" else AGENT
    if here != "not_ours":
        await place(harness, harness.sensay.ACTIVE, None if here == "no_bot" else bot_id)
    if here == "untold":
        harness.env.inject_error("GET", f"/guilds/*/members/{bot_id}", status=403, times=None)
    asked = await status(harness, harness.sensay.ACTIVE)
    invites = here in {"absent", "untold"}
    told = "none" if here == "not_ours" and active == "none" else here
    told_here = field(await look_closely(harness, harness.sensay.ACTIVE), "In this server")
    bot = f"<@{bot_id}>" if here == "member" else f"`{bot_id}`"
    assert told_here.startswith(harness.texts(f"sensay.here.{told}", bot=bot, link="")[:-1])
    assert ("client_id=" in told_here) == (here == "absent")
    assert (english("sensay.status.invite_button") in labels(asked)) == (invites and active != "none")
    step = field(asked, "Next step")
    if active == "none":
        assert step == harness.linked(harness.texts("sensay.next.none"))
    elif active is False:
        portal = f"/{bot_id}/bot" if here in {"member", "absent", "untold"} else ""
        assert f"](https://discord.com/developers/applications{portal})." in step
    elif active is None:
        assert step == harness.texts("sensay.next.unknown")
    elif here == "member":
        assert step == harness.linked(harness.texts("sensay.next.member"))
    elif invites:
        assert f"client_id={bot_id}" in step
        assert f"guild_id={harness.guild.id}" in step
    else:
        assert "</sensay ask:" in step
        assert "OAuth2 > OAuth2 URL Generator" in step


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_bot_that_cannot_write_here_is_told(harness: BotHarness, locale: str) -> None:
    """A member that is timed out, or that may write in no channel, is shown as such, with what to do."""
    harness.locale = locale
    await harness.connect("sensay")
    bot_id = add_bot_member(harness)
    await place(harness, harness.sensay.ACTIVE, bot_id)
    texts, bot, until = harness.texts, f"<@{bot_id}>", harness.env.now() + timedelta(hours=1)
    harness.env.backend.set_overwrite(harness.channel.id, Overwrite(bot_id, OverwriteType.MEMBER, 0, SEND))
    asked = await status(harness, harness.sensay.ACTIVE)
    assert texts("state.why.no_channel") in shown(asked)
    more = await look_closely(harness, harness.sensay.ACTIVE)
    assert field(more, texts("sensay.status.here")) == texts("sensay.here.no_channel", bot=bot)
    assert field(asked, texts("next_step")) == texts("sensay.next.no_channel")
    assert texts("sensay.overview.no_channel") in shown(await status(harness))
    harness.env.backend.get_member(harness.guild.id, bot_id).timed_out_until = until.isoformat()
    asked, time = await status(harness, harness.sensay.ACTIVE), when(until, exact=True)
    assert texts("state.why.timed_out", time=time) in shown(asked)
    more = await look_closely(harness, harness.sensay.ACTIVE)
    assert field(more, texts("sensay.status.here")) == texts("sensay.here.timed_out", bot=bot, time=time)
    assert field(asked, texts("next_step")) == texts("sensay.next.timed_out")
    assert texts("sensay.overview.timed_out", time=time) in shown(await status(harness))


@pytest.mark.parametrize("active", [True, False])
async def test_an_older_bot_is_invited_by_hand(harness: BotHarness, active: bool) -> None:
    """Where the bot's id may not be its application's, it is in no link; the way to one is told instead."""
    await harness.connect("sensay")
    harness.sensay.replicas[harness.sensay.ACTIVE]["discord_integration"] = {"is_active": active}
    await place(harness, harness.sensay.ACTIVE, OLD_ID)
    asked = await status(harness, harness.sensay.ACTIVE)
    more = await look_closely(harness, harness.sensay.ACTIVE)
    assert field(more, "In this server") == f"❌ `{OLD_ID}` isn't a member."
    assert str(OLD_ID) not in field(asked, "Next step")
    assert f"]({PORTAL})" in field(asked, "Next step")
    assert english("sensay.status.invite_button") not in labels(asked)
    harness.env.inject_error("GET", f"/guilds/*/members/{OLD_ID}", status=404, code=10013, times=None)
    asked = await status(harness, harness.sensay.ACTIVE)
    assert "didn't say" in shown(asked)
    assert f"]({PORTAL})" in field(asked, "Next step")


async def test_who_connected_it_and_when_outlives_a_restart(harness: BotHarness) -> None:
    """The server's own record is read from the database."""
    await harness.connect("sensay")
    await place(harness, harness.sensay.ACTIVE)
    await harness.restart()
    connected = field(await look_closely(harness, harness.sensay.ACTIVE), "Connected here")
    assert re.fullmatch(rf"<@{harness.manager.id}> · <t:(\d+):f> \(<t:\1:R>\)", connected)


async def test_a_name_from_the_suggestions_will_do(harness: BotHarness) -> None:
    """Replicas are suggested by name, and the name as typed text means the same replica."""
    await harness.connect("sensay")
    (choice,) = await harness.manager.autocomplete(harness.channel, "sensay status", "replica", "harb")
    assert choice == {"name": "🟢 Harbour Desk", "value": harness.sensay.ACTIVE}
    assert embed_of(await status(harness, "harbour DESK")).title == "🟢 Harbour Desk"
    assert shown(await status(harness, "nobody")).startswith(
        f"⚠️ {english('problem.invalid_input.replica.title')}"
    )


@pytest.mark.parametrize("of", ["UNKNOWN", "FOREIGN"])
async def test_a_replica_that_is_not_listed_is_told(harness: BotHarness, of: str) -> None:
    """Where the whole list was read, a UUID that it lacks is refused, a foreign public replica's too."""
    await act_as(harness, harness.sensay.OWNER)
    asked = await status(harness, getattr(harness.sensay, of))
    assert shown(asked).startswith(f"⚠️ {english('problem.invalid_input.unlisted.title')}")
    assert "</sensay replicas:" in field(asked, "What to do")
    assert OUR_REFERENCE.search(shown(asked))


async def test_a_list_that_is_too_long_leaves_it_open(harness: BotHarness) -> None:
    """Where there are more replicas than are read, a replica that was not found is not called missing."""
    await harness.connect("sensay")
    fill_organization(harness, 510)
    asked = await status(harness, harness.sensay.UNKNOWN)
    assert embed_of(asked).title == f"❔ {english('sensay.status.beyond')}"
    assert english("sensay.status.beyond_how") in (embed_of(asked).description or "")
    assert labels(asked) == ["Details", "Refresh", english("pages.up")]
    await press(harness, asked, "Details")
    assert field(asked, "Replica") == f"`{harness.sensay.UNKNOWN}`"
