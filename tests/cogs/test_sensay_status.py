"""How replicas are doing on Discord: what Sensay lists, and apart from it what is known of this server."""

import io
import re
from collections.abc import Callable
from typing import Any

import discord
import pytest
import simcord

from bot.i18n.catalog import load_catalog
from bot.kit.integration import Choice
from bot.providers.sensay.models import DiscordIntegration, Replica
from bot.ui.replies import _link_commands
from bot.ui.theme import Tone
from cogs.sensay.placement import Placement
from cogs.sensay.replica import label_of
from cogs.sensay.status_embeds import beyond_embed, overview_embed, status_embed
from tests.cogs.failures import OUR_REFERENCE
from tests.cogs.town import ENGLISH, Town, buttons, embed_of, field, final, shown
from tests.exposure import everything_said
from tests.ui.hostile import PAYLOADS, marks, plain_marks, unseen
from tests.ui.test_problems import words
from tests.ui.test_theme import accepted

AGENT = 1209876543210987654
LATER = 1_900_000_000
PLACED = Placement(guild_id=1, bot_id=AGENT, by=2, at=1_700_000_000, member=False)


async def status(town: Town, replica: str | None = None, **options: object) -> simcord.InteractionResult:
    """Have the manager ask for one replica's status, or for the overview."""
    if replica is not None:
        options["replica"] = replica
    return await town.manager.slash(town.channel, "sensay status", **options)


async def act_as(town: Town, user: str, name: str | None = None) -> None:
    """Connect Sensay with credentials that name a user."""
    form = await town.open_form("add", "sensay", name)
    await town.manager.submit_modal(form, {**town.sensay.credentials, "user_id": user})


async def place(town: Town, replica: str, bot_id: int | None = AGENT) -> None:
    """Have the manager's server remember that it connected a replica."""
    opened = await town.bot.connections.open(town.guild.id, "sensay")
    await town.bot.integrations.record(opened, replica, "x", bot_id=bot_id, member_id=town.manager.id)


def bring_in(town: Town) -> int:
    """Add a bot to the server, and return its id."""
    return town.guild.add_member(town.env.create_user("desk", bot=True)).id


def crowd(town: Town, number: int) -> None:
    """Give the organization's first user so many replicas, all on Discord, and nobody any other."""
    first = max(town.sensay.replicas.values(), key=lambda replica: replica["ownerID"] == town.sensay.OWNER)
    first = {**first, "discord_integration": {"service_name": "x", "is_active": True}}
    uuids = (f"5a0c7f9e-1d3b-4c2a-8e6f-{number:012}" for number in range(number))
    town.sensay.replicas = {
        uuid: {**first, "uuid": uuid, "name": f"Replica {uuid[-3:]} " + "🚀*_" * 300} for uuid in uuids
    }


def part(result: simcord.InteractionResult, beginning: str) -> dict[str, Any]:
    """Return the component whose custom id begins like this."""
    (found,) = (item for item in buttons(result) if item.get("custom_id", "").startswith(beginning))
    return found


def said_on(result: simcord.InteractionResult) -> list[str]:
    """Return what the buttons of the final answer say."""
    return [item["label"] for item in buttons(result) if "label" in item]


async def choose(
    town: Town, asked: simcord.InteractionResult, *values: str, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Pick from the overview's menu, also what it does not offer."""
    data = {"custom_id": part(asked, "sensay:details:")["custom_id"], "component_type": 3, "values": values}
    return await town.interact(
        discord.InteractionType.component, actor or town.manager, data, message=final(asked)
    )


async def press(town: Town, asked: simcord.InteractionResult, label: str) -> simcord.InteractionResult:
    """Press a button of an answer."""
    return await town.manager.click(final(asked).message, label=label)


# --- all that are on Discord ---


async def test_the_overview_lists_the_worst_first(town: Town) -> None:
    """Each replica on Discord has one line: name, Sensay's word, what runs it, whether it is here."""
    await town.connect("sensay")
    asked = await status(town)
    assert asked.ephemeral
    assert embed_of(asked).title == "🗣️ 4 replicas on Discord"
    assert embed_of(asked).colour == discord.Colour(Tone.QUIET.colour)
    assert (embed_of(asked).description or "").splitlines()[:5] == [
        "⚪ **Customer Care** · Inactive · `simulated-runner` · here: ❔ not known",
        "❔ **Billing Questions** · Sensay does not say · `simulated-runner` · here: ❔ not known",
        "🟢 **Atendimento ao Cliente** · Active · `simulated-runner` · here: ❔ not known",
        "🟢 **Harbour Desk** · Active · `simulated-runner` · here: ❔ not known",
        "",
    ]
    assert "does not say whether the bot is online" in shown(asked)
    assert "so there may be more" not in shown(asked)
    assert field(asked, "Next step") == "Choose a replica below to see what to do for it."


async def test_the_overview_says_what_this_server_connected(town: Town) -> None:
    """Of what was connected from here it tells who, when, and whether that bot is a member now."""
    await town.connect("sensay")
    await place(town, town.sensay.ACTIVE, bring_in(town))
    await place(town, town.sensay.INACTIVE)
    await place(town, town.sensay.UNDECIDED, None)
    lines = {
        line.split("**")[1]: line
        for line in (embed_of(await status(town)).description or "").splitlines()[:4]
    }
    by = rf"connected by <@{town.manager.id}> <t:\d+:R>$"
    assert re.search(f"here: ✅ member · {by}", lines["Harbour Desk"])
    assert re.search(f"here: 🚫 not in this server · {by}", lines["Customer Care"])
    assert re.search(f"here: ❔ not known · {by}", lines["Billing Questions"])
    assert lines["Atendimento ao Cliente"].endswith("here: ❔ not known")


async def test_another_servers_records_are_not_told(town: Town) -> None:
    """What another server connected of the same replica is nobody's business here."""
    await town.connect("sensay")
    opened = await town.bot.connections.open(town.guild.id, "sensay")
    elsewhere = type(opened)(1, "sensay", opened.name, opened.set_at, opened.credentials)
    await town.bot.integrations.record(elsewhere, town.sensay.ACTIVE, "x", bot_id=AGENT, member_id=77)
    for asked in (await status(town), await status(town, town.sensay.ACTIVE)):
        assert "<@77>" not in shown(asked)
        assert str(AGENT) not in shown(asked)


async def test_a_user_sees_their_own_alone(town: Town) -> None:
    """Credentials that name a user list that user's replicas, and nobody's public ones."""
    await act_as(town, town.sensay.OWNER)
    asked = await status(town)
    assert embed_of(asked).title == "🗣️ 3 replicas on Discord"
    assert "Poem of the Day" not in shown(asked)
    assert "Harbour Desk" not in shown(asked)


async def test_with_nothing_on_discord_the_way_there_is_told(town: Town) -> None:
    """No replica on Discord is no error: it says so and leads to connecting one, with no menu."""
    await town.connect("sensay")
    for replica in town.sensay.replicas.values():
        replica["discord_integration"] = None
    asked = await status(town)
    assert embed_of(asked).title == "💤 No replica is on Discord"
    assert "</sensay connect:" in field(asked, "Next step")
    assert said_on(asked) == ["Refresh"]
    assert len(buttons(asked)) == 1


async def test_five_hundred_replicas_are_paged(town: Town) -> None:
    """Ten at a time are shown, all within Discord's limits, and that the list goes on is said."""
    await town.connect("sensay")
    crowd(town, 510)
    asked = await status(town)
    assert embed_of(asked).title == "🗣️ 500 replicas on Discord"
    assert "so there may be more" in shown(asked)
    for number in range(1, 4):
        assert accepted(embed_of(asked))
        assert embed_of(asked).footer.text == f"Page {number} of 50"
        assert shown(asked).count("\n🟢 **Replica") == 10
        assert f"Replica {number * 10 - 1:03}" in shown(asked)
        assert len(part(asked, "sensay:details:")["options"]) == 10
        assert all(len(item["custom_id"]) <= 100 for item in buttons(asked))
        await press(town, asked, "Next")
    await press(town, asked, "Previous")
    assert embed_of(asked).footer.text == "Page 3 of 50"


async def test_there_is_no_turning_over_the_edge(town: Town) -> None:
    """The first page has no way back and the last no way on; a page number that cannot be is refused."""
    await town.connect("sensay")
    crowd(town, 11)
    asked = await status(town)
    previous = part(asked, "sensay:overview:default:0")
    assert (previous["label"], previous["disabled"]) == ("Previous", True)
    refused = await town.press(town.manager, final(asked), previous["custom_id"])
    assert final(refused).ephemeral
    assert shown(refused).startswith("⚠️ There is no such page")
    await press(town, asked, "Next")
    assert part(asked, "sensay:overview:default:3")["disabled"]


async def test_a_page_that_is_gone_leads_to_the_last_one(town: Town) -> None:
    """Where the list has become shorter meanwhile, the last page there is comes instead."""
    await town.connect("sensay")
    crowd(town, 21)
    asked = await status(town)
    await press(town, asked, "Next")
    crowd(town, 5)
    await press(town, asked, "Next")
    assert embed_of(asked).footer.text == "Page 1 of 1"
    assert said_on(asked) == ["Refresh"]


# --- one replica ---


@pytest.mark.parametrize(
    ("of", "symbol", "lists"),
    [
        ("ACTIVE", "🟢", "🟢 **Active** · Sensay has a bot token for it and says that the bot is active."),
        (
            "INACTIVE",
            "⚪",
            "⚪ **Inactive** · Sensay has a bot token for it and says that the bot is not active.",
        ),
        ("UNDECIDED", "❔", "❔ **Sensay does not say** · Sensay has a bot token for it and leaves open"),
        ("UNCONNECTED", "▫️", "▫️ **Not on Discord** · Sensay lists no Discord bot for it."),
    ],
)
async def test_what_sensay_lists_is_said_in_words(town: Town, of: str, symbol: str, lists: str) -> None:
    """The three states, and none at all, each have a symbol, a word and a sentence; none is called online."""
    await town.connect("sensay")
    replica = town.sensay.replicas[getattr(town.sensay, of)]
    asked = await status(town, replica["uuid"])
    assert embed_of(asked).title == f"{symbol} {replica['name']}"
    assert embed_of(asked).description == replica["shortDescription"]
    assert field(asked, "What Sensay lists").startswith(lists)
    assert "online" not in shown(asked).replace("That does not mean that it is online.", "")
    assert field(asked, "Replica") == f"`{replica['uuid']}`"
    assert field(asked, "Connected here") == "Not from this server"
    assert [item.name for item in embed_of(asked).fields][-1] == "➡️ Next step"
    assert said_on(asked) == ["Refresh", "Back to the list"]


@pytest.mark.parametrize(
    ("integration", "reads"),
    [
        ({"service_name": None, "is_active": True}, "Service: *not reported*"),
        ({"is_active": False}, "Service: *not reported*"),
        ({"service_name": "runner `7`", "is_active": None}, "Service: `runner ˋ7ˋ`"),
        ({}, "❔ **Sensay does not say**"),
    ],
)
async def test_what_is_not_reported_is_not_guessed(
    town: Town, integration: dict[str, object], reads: str
) -> None:
    """Each member of the integration may be null or absent."""
    await town.connect("sensay")
    town.sensay.replicas[town.sensay.ACTIVE]["discord_integration"] = integration or {"is_active": None}
    assert reads in field(await status(town, town.sensay.ACTIVE), "What Sensay lists")


@pytest.mark.parametrize("here", ["member", "absent", "untold", "no_bot", "not_ours"])
@pytest.mark.parametrize("active", [True, False, None, "none"])
async def test_each_situation_has_its_next_step(town: Town, here: str, active: object) -> None:
    """Whether the bot is here is told apart from what Sensay lists, and both decide what to do next."""
    await town.connect("sensay")
    replica = town.sensay.replicas[town.sensay.ACTIVE]
    replica["discord_integration"] = None if active == "none" else {"is_active": active}
    bot_id = bring_in(town) if here == "member" else AGENT
    if here != "not_ours":
        await place(town, town.sensay.ACTIVE, None if here == "no_bot" else bot_id)
    if here == "untold":
        town.env.inject_error("GET", f"/guilds/*/members/{bot_id}", status=403, times=None)
    asked = await status(town, town.sensay.ACTIVE)
    invites = here in {"absent", "untold"}
    told = "none" if here == "not_ours" and active == "none" else here
    told_here = field(asked, "In this server")
    bot = f"<@{bot_id}>" if here == "member" else f"`{bot_id}`"
    assert told_here.startswith(town.texts(f"sensay.here.{told}", bot=bot, link="")[:-1])
    assert ("client_id=" in told_here) == (here == "absent")
    assert ("Invite this bot" in said_on(asked)) == (invites and active != "none")
    step = field(asked, "Next step")
    if active == "none":
        assert step == town.linked(town.texts("sensay.next.none"))
    elif active is False:
        portal = f"/{bot_id}/bot" if here in {"member", "absent", "untold"} else ""
        assert f"](https://discord.com/developers/applications{portal}), press **Reset Token**" in step
    elif active is None:
        assert step == town.texts("sensay.next.unknown")
    elif here == "member":
        assert step == town.linked(town.texts("sensay.next.member"))
    elif invites:
        assert f"client_id={bot_id}" in step
        assert f"guild_id={town.guild.id}" in step
    else:
        assert "</sensay ask:" in step
        assert "OAuth2 > URL Generator" in step


async def test_who_connected_it_and_when_outlives_a_restart(town: Town) -> None:
    """The server's own record is read from the database."""
    await town.connect("sensay")
    await place(town, town.sensay.ACTIVE)
    await town.restart()
    connected = field(await status(town, town.sensay.ACTIVE), "Connected here")
    assert re.fullmatch(rf"<@{town.manager.id}> · <t:(\d+):f> \(<t:\1:R>\)", connected)


async def test_a_name_from_the_suggestions_will_do(town: Town) -> None:
    """Replicas are suggested by name, and the name as text means the same one."""
    await town.connect("sensay")
    (choice,) = await town.manager.autocomplete(town.channel, "sensay status", "replica", "harb")
    assert choice == {"name": "🟢 Harbour Desk", "value": town.sensay.ACTIVE}
    assert embed_of(await status(town, "harbour DESK")).title == "🟢 Harbour Desk"
    assert shown(await status(town, "nobody")).startswith("⚠️ I do not know this replica")


@pytest.mark.parametrize("of", ["UNKNOWN", "STRANGER"])
async def test_a_replica_that_is_not_listed_is_told(town: Town, of: str) -> None:
    """Where the whole list was read, a UUID that it does not have is refused, a stranger's public one too."""
    await act_as(town, town.sensay.OWNER)
    asked = await status(town, getattr(town.sensay, of))
    assert shown(asked).startswith("⚠️ Sensay does not list this replica")
    assert "</sensay replicas:" in field(asked, "What to do")
    assert OUR_REFERENCE.search(shown(asked))


async def test_a_list_that_is_too_long_leaves_it_open(town: Town) -> None:
    """Where there are more replicas than are read, one that was not among them is not called missing."""
    await town.connect("sensay")
    crowd(town, 510)
    asked = await status(town, town.sensay.UNKNOWN)
    assert embed_of(asked).title == "❔ I cannot tell whether Sensay lists this replica"
    assert town.sensay.UNKNOWN in (embed_of(asked).description or "")
    assert said_on(asked) == ["Refresh", "Back to the list"]


# --- what must never get out ---


async def test_tokens_of_the_list_are_kept_nowhere(
    town: Town, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """The bot tokens that Sensay sends in clear reach no message, log, cache or file."""
    await town.connect("sensay")
    await town.manager.autocomplete(town.channel, "sensay status", "replica", "")
    asked = await status(town)
    await choose(town, asked, town.sensay.ACTIVE)
    await town.manager.slash(town.channel, "sensay replicas")
    cached = [everything_said(task.result()) for task in town.bot.choices._lists.values()]
    assert "Harbour Desk" in cached[0]
    for place_ in (town.sent_to_discord(), log.getvalue(), "".join(capfd.readouterr()), *cached):
        assert "FAKE-TOKEN" not in place_
        assert "not-a-real" not in place_
    assert b"FAKE-TOKEN" not in town.stored_bytes()


def of_text(text: str) -> Replica:
    """Return a replica in which every text is this one."""
    return Replica.model_construct(
        uuid=text,
        name=text,
        short_description=text,
        discord_integration=DiscordIntegration.model_construct(service_name=text, is_active=True),
    )


def show_status(text: str) -> discord.Embed:
    """Show one replica of this text."""
    return status_embed(of_text(text), PLACED, LATER, load_catalog()[ENGLISH])


def show_overview(text: str) -> discord.Embed:
    """Show three replicas of this text."""
    return overview_embed(
        [of_text(text)] * 3, 1, {text: PLACED}, LATER, load_catalog()[ENGLISH], complete=True
    )


def show_beyond(text: str) -> discord.Embed:
    """Show the answer about a replica that was not found, of this text."""
    return beyond_embed(Choice(text, text), load_catalog()[ENGLISH])


def linked(embed: discord.Embed) -> discord.Embed:
    """Make the commands in an embed links, as on its way out."""
    _link_commands(embed, {"sensay": 1, "connections": 2})
    return embed


@pytest.mark.parametrize("show", [show_status, show_overview, show_beyond])
def test_hostile_text_does_nothing(show: Callable[[str], discord.Embed]) -> None:
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless text gives."""
    harmless = marks(words(linked(show("x"))))
    for payload in PAYLOADS:
        embed = linked(show(payload))
        assert marks(words(embed)) <= harmless, payload
        assert unseen(words(embed)) == set(), payload
        assert plain_marks(label_of(of_text(payload))) == {}, payload
        assert accepted(embed), payload
