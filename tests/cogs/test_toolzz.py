"""How a Toolzz integration is doing: each thing that Toolzz reports has its place, reported or not."""

import re
from typing import Any

import discord
import pytest
import simcord

from bot.kit.simulator import Answer
from bot.ui.theme import Tone
from tests.cogs.failures import FAILURES, Failure
from tests.cogs.toolzz_agent import ENOUGH, enlist, move_here
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, labels, only_button, shown

INTEGRATION = "9d6c1f4e-83b5-4d7a-8f3e-8c6a1b207b2a"
ELSEWHERE = "1102345678901234567"
NOT_REPORTED = "*not reported*"
FULL: dict[str, Any] = {
    "id": INTEGRATION,
    "title": "Front desk",
    "connectionStatus": "hibernating",
    "isActive": True,
    "botId": "agent-1",
    "botClientId": "1219876543210987654",
    "botToken": "FAKE-TOKEN-in-clear.not-a-real.value-000000000000000000000000",
    "isTokenMasked": False,
    "unitId": "unit-1",
    "guildId": ELSEWHERE,
    "guildName": "Loja do Porto",
    "channelIds": ["1188765432109876501", "1188765432109876502"],
    "channelsDetail": [{"id": "1188765432109876501", "name": "atendimento"}],
    "scope": "mentions",
    "permissions": "3072",
    "autoReplyOnMention": True,
    "threadAutoCreate": False,
    "welcomeMessage": "Good morning",
    "lastConnectedAt": "2026-11-20 08:15:27.6",
    "lastDisconnectedAt": "2026-11-19T08:15:27Z",
    "lastConnectionErrorCode": "4004",
    "lastConnectionErrorMessage": "The bot token was refused.",
    "createdAt": "2026-08-03 14:21:09.047316",
    "updatedAt": "2026-11-20 08:15:27",
    "deletedAt": "2026-11-21 00:00:00",
}
# Where each field stands, how it reads, and how it reads when it is null; None: nowhere at all.
# A place is a part of the embed, a field of it by its key, or a line of such a field.
PLACES: dict[str, tuple[str, str, str | None]] = {
    "id": ("footer", INTEGRATION, None),
    "title": ("title", "Front desk", "Untitled integration"),
    "connectionStatus": ("description", "`hibernating`", None),
    "deletedAt": ("description", "<t:1795219200:f> (<t:1795219200:R>)", None),
    "isActive": ("active", "✅ yes", NOT_REPORTED),
    "guildId": ("details.server", f"`{ELSEWHERE}`", NOT_REPORTED),
    "guildName": ("server", "Loja do Porto", NOT_REPORTED),
    "lastConnectedAt": ("last_connected", "<t:1795162527:f> (<t:1795162527:R>)", NOT_REPORTED),
    "lastDisconnectedAt": ("last_disconnected", "<t:1795076127:f> (<t:1795076127:R>)", NOT_REPORTED),
    "lastConnectionErrorCode": ("error", "`4004`", "The bot token was refused."),
    "lastConnectionErrorMessage": ("error", "The bot token was refused.", "`4004`"),
    "scope": ("replies.scope", "mentions only", NOT_REPORTED),
    "autoReplyOnMention": ("replies.mention", "✅ yes", NOT_REPORTED),
    "threadAutoCreate": ("replies.threads", "🚫 no", NOT_REPORTED),
    "channelIds": ("channels", "`1188765432109876502`", None),
    "channelsDetail": ("channels", "#atendimento", "`1188765432109876501`"),
    "permissions": ("permissions", "View Channels, Send Messages", NOT_REPORTED),
    "welcomeMessage": ("welcome", "Good morning", NOT_REPORTED),
    "botClientId": ("details.bot", "`1219876543210987654`", NOT_REPORTED),
    "botId": ("details.agent", "`agent-1`", NOT_REPORTED),
    "unitId": ("details.unit", "`unit-1`", NOT_REPORTED),
    "isTokenMasked": ("details.token", "⚠️ sent unmasked by Toolzz", NOT_REPORTED),
    "createdAt": ("details.created", "<t:1785766869:f> (<t:1785766869:R>)", NOT_REPORTED),
    "updatedAt": ("details.updated", "<t:1795162527:f> (<t:1795162527:R>)", NOT_REPORTED),
    "botToken": ("description", "", None),
}


async def status(
    town: Town, report: object = None, *, integration: str = INTEGRATION, **options: bool
) -> simcord.InteractionResult:
    """Have the manager ask for a status; with a report, that is what Toolzz answers."""
    if report is not None:
        town.toolzz.fail(Answer(200, report))
    return await town.manager.slash(town.channel, "toolzz status", integration=integration, **options)


def place(town: Town, result: simcord.InteractionResult, where: str) -> str:
    """Return what stands in one place of the embed, nothing where the place is missing."""
    embed = embed_of(result)
    parts = {"title": embed.title, "description": embed.description, "footer": embed.footer.text}
    if where in parts:
        return parts[where] or ""
    of, _, line = where.partition(".")
    name = "channels" if of == "channels" else town.texts(f"toolzz.status.{of}")
    value = "\n".join(item.value or "" for item in embed.fields if (item.name or "").endswith(name))
    if not line:
        return value
    label = town.texts(f"toolzz.status.{line}") + ":"
    return "".join(text for text in value.splitlines() if text.startswith(label)).removeprefix(label)


# --- every field ---


def test_the_table_has_every_field() -> None:
    """Each of the 25 fields of the contract has a row of its own."""
    assert len(PLACES) == 25
    assert PLACES.keys() == FULL.keys()


@pytest.mark.parametrize("name", PLACES)
async def test_each_field_has_its_place(town: Town, name: str) -> None:
    """A field is shown where it belongs; null it reads as not reported, and nothing else fails.

    A report without it names it among what was left out, and its place is gone.
    """
    await town.connect("toolzz")
    where, reads, missing = PLACES[name]
    assert reads in place(town, await status(town, FULL), where)
    without = {key: value for key, value in FULL.items() if key != name}
    for report, is_left_out in ((without, True), (FULL | {name: None}, False)):
        result = await status(town, report)
        if name == "id":
            assert shown(result).startswith("❌ I do not understand Toolzz's answer")
            continue
        if name != "botToken":
            assert reads not in place(town, result, where)
        if missing == NOT_REPORTED and is_left_out:
            assert place(town, result, where) == ""
            assert label_of(town, where) in place(town, result, "left_out").splitlines()[0].split(", ")
        else:
            assert place(town, result, "left_out") == ""
        if missing is not None and not (missing == NOT_REPORTED and is_left_out):
            assert missing in place(town, result, where)
        for other, (there, words, _) in PLACES.items():
            if {name, other} not in ({"channelIds", "channelsDetail"}, {name}):
                assert words in place(town, result, there), (name, other)


def label_of(town: Town, where: str) -> str:
    """Return the label of a place."""
    return town.texts(f"toolzz.status.{where.rpartition('.')[2]}")


async def test_a_report_full_of_nulls_is_shown(town: Town) -> None:
    """With all other fields null every place is still there and says so."""
    await town.connect("toolzz")
    result = await status(town, dict.fromkeys(FULL) | {"id": INTEGRATION})
    assert embed_of(result).title == "❔ Untitled integration"
    assert "**Unknown** · Toolzz does not say clearly how it is doing." in place(town, result, "description")
    for where, _, missing in PLACES.values():
        if missing is not None and NOT_REPORTED in missing:
            assert missing in place(town, result, where)
    assert "Press **Refresh** in a minute" in field(result, "Next step")


async def test_a_short_report_has_no_wall_of_missing_fields(town: Town) -> None:
    """What is left out, and in no list either, is named in one line; each place of it is gone."""
    await town.connect("toolzz")
    result = await status(town, {"id": INTEGRATION})
    assert embed_of(result).title == "❔ Untitled integration"
    assert NOT_REPORTED not in shown(result)
    places = dict.fromkeys(
        label_of(town, where) for where, _, missing in PLACES.values() if missing == NOT_REPORTED
    )
    assert set(place(town, result, "left_out").split(", ")) == {*places, "Channels"}
    assert [item.name for item in embed_of(result).fields] == [
        "Checked",
        "In this server",
        "Left out of Toolzz's report",
        "➡️ Next step",
    ]


async def test_a_short_report_is_filled_from_the_units_list(town: Town) -> None:
    """The eight fields of the single read become whole, with as many requests as that takes."""
    await town.connect("toolzz")
    town.toolzz.requests.clear()
    result = await status(town, integration=town.toolzz.INACTIVE)
    assert embed_of(result).title == "⚪ Campanha de inverno"
    assert place(town, result, "left_out") == ""
    assert place(town, result, "replies.scope").endswith("nothing")
    assert len(town.toolzz.requests) == 2


async def test_without_a_unit_a_short_report_says_how_to_fill_it(town: Town) -> None:
    """Where the connection names no unit there is no list to look into, and that can be changed."""
    form = await town.open_form("add", "toolzz")
    await town.manager.submit_modal(form, {"access_token": town.toolzz.credentials["access_token"]})
    result = await status(town, integration=town.toolzz.INACTIVE)
    named, how = place(town, result, "left_out").splitlines()
    assert "Answers" in named
    assert how == town.linked(town.texts("toolzz.status.left_out_unit"))


async def test_the_token_is_dropped(town: Town, capfd: pytest.CaptureFixture[str]) -> None:
    """A bot token that Toolzz sends in clear appears nowhere."""
    await town.connect("toolzz")
    await status(town, FULL)
    assert "FAKE-TOKEN" not in town.sent_to_discord() + "".join(capfd.readouterr())
    assert b"FAKE-TOKEN-in-clear" not in town.stored_bytes()


async def test_the_answer_ends_with_the_next_step(town: Town) -> None:
    """The last field says what to do now; when Toolzz was asked stands further up."""
    await town.connect("toolzz")
    names = [item.name for item in embed_of(await status(town, FULL)).fields]
    assert "Checked" in names
    assert names[-1] == "➡️ Next step"


# --- states ---

STATES = {
    "CONNECTED": ("🟢 Suporte da loja", "**Connected** · ", "Nothing to do. With </toolzz link:"),
    "DISCONNECTED": (
        "🔴 Pedidos e entregas",
        "**Disconnected** · ",
        "In the Developer Portal open the agent's application, press **Reset Token**",
    ),
    "INACTIVE": (
        "⚪ Campanha de inverno",
        "**Inactive** · Switched off in Toolzz.",
        "Switch the integration on in Toolzz",
    ),
    "CROWDED": ("🟢 Comunidade", "**Connected** · ", "Change what is marked ❌ above"),
    "DELETED": (
        "⚪ Piloto antigo",
        "**Inactive** · Deleted in Toolzz.",
        "It is gone in Toolzz: pick another integratio",
    ),
    "STRANGE": ("❔ Teste", "**Unknown** · ", "Switch on **Message Content Intent**"),
}


@pytest.mark.parametrize("name", STATES)
async def test_each_integration_of_the_unit_is_shown(town: Town, name: str) -> None:
    """State, word and next step fit what is the matter with each integration of the simulator."""
    await town.connect("toolzz")
    enlist(town)
    move_here(town)
    result = await status(town, integration=getattr(town.toolzz, name))
    title, word, step = STATES[name]
    assert result.ephemeral
    assert (embed_of(result).title or "").startswith(title)
    assert place(town, result, "description").startswith(word)
    assert field(result, "Next step").startswith(step)
    assert getattr(town.toolzz, name) in place(town, result, "footer")
    assert labels(result) == ENOUGH[: 3 if name == "DELETED" else 4]


async def test_what_was_deleted_is_not_to_be_switched_on(town: Town) -> None:
    """The next step for a deleted integration is another one than for one that is switched off."""
    await town.connect("toolzz")
    deleted = field(await status(town, integration=town.toolzz.DELETED), "Next step")
    inactive = field(await status(town, integration=town.toolzz.INACTIVE), "Next step")
    assert deleted != inactive


async def test_the_one_that_breaks_off_is_told_as_unreachable(town: Town) -> None:
    """A connection reset while it is read is an error with the same button to try again."""
    await town.connect("toolzz")
    result = await status(town, integration=town.toolzz.UNREACHABLE)
    assert shown(result).startswith("❌ The connection to Toolzz failed")
    assert only_button(result)["label"] == "Refresh"


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained(town: Town, failure: Failure) -> None:
    """Each failure is told apart and offers to try again, but for what Toolzz does not have."""
    await town.connect("toolzz")
    failure.strike(town, "toolzz")
    result = await status(town)
    failure.shows_in(town, result, "toolzz")
    assert result.ephemeral
    assert labels(result) == failure.offers("Refresh")


ERRORS = {
    "4004": (
        "Discord refused the bot's token",
        "In the Developer Portal open the agent's application, press **R",
    ),
    "4013": ("Discord does not know one of the intents", "This is for Toolzz to mend"),
    "4014": ("The bot asked for an intent", "Switch on **Message Content Intent**"),
    "5000": ("", "Open the integration in Toolzz"),
}


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("as_number", [False, True])
async def test_an_error_code_comes_with_cause_and_fix(town: Town, error: str, as_number: bool) -> None:
    """Known codes are explained and lead the next step; an unknown one is shown as it is."""
    await town.connect("toolzz")
    code = int(error) if as_number else error
    report = {"id": INTEGRATION, "connectionStatus": "disconnected", "lastConnectionErrorCode": code}
    result = await status(town, report)
    cause, fix = ERRORS[error]
    assert field(result, "Last error") == f"`{error}`" if not cause else cause in field(result, "Last error")
    assert field(result, "Next step").startswith(fix)


# --- channels, permissions, words ---


async def test_forty_channels_are_cut_with_a_count(town: Town) -> None:
    """Forty short names fit; of long ones as many are named as fit, and the rest is counted."""
    await town.connect("toolzz")
    short = field(await status(town, integration=town.toolzz.CROWDED), "40 channels")
    assert short.split(", ") == [f"#sala-{number:02}" for number in range(1, 41)]
    channels = [{"id": f"11887654321098{number:05}", "name": "x" * 60} for number in range(40)]
    long = field(await status(town, {"id": INTEGRATION, "channelsDetail": channels}), "40 channels")
    *listed, rest = long.split(", ")
    assert 10 < len(listed) < 40
    assert rest == f"+{40 - len(listed)} more"


async def test_this_servers_channels_are_links(town: Town) -> None:
    """A channel that exists here is linked; another server's, or one that is gone, is named."""
    await town.connect("toolzz")
    channels = [
        {"id": str(town.channel.id), "name": "old-name"},
        {"id": "1188765432109876501", "name": "away"},
    ]
    result = await status(town, {"id": INTEGRATION, "channelsDetail": channels})
    assert field(result, "2 channels") == f"<#{town.channel.id}>, #away"


async def test_another_servers_integration_is_marked(town: Town) -> None:
    """The report of another server says so, warns by its colour and leads to one of this server's own.

    The state's symbol stays, whatever the state and its error; after the move here nothing warns any more.
    """
    await town.connect("toolzz")
    mark = "belongs to another server"
    for integration, symbol in ((town.toolzz.CONNECTED, "🟢"), (town.toolzz.DISCONNECTED, "🔴")):
        there = await status(town, integration=integration)
        assert mark in shown(there)
        assert embed_of(there).colour == discord.Colour(Tone.WARNING.colour)
        assert (embed_of(there).title or "").startswith(symbol)
        assert field(there, "Next step") == town.linked(town.texts("toolzz.next.elsewhere"))
    enlist(town)
    move_here(town)
    here = await status(town, integration=town.toolzz.CONNECTED)
    assert mark not in shown(here)
    assert embed_of(here).colour == discord.Colour(Tone.GOOD.colour)
    assert field(here, "Next step") == town.linked(town.texts("toolzz.next.link"))
    assert field(here, "Server") == "Harbour Ops"


async def test_a_deleted_one_of_another_server_is_deleted_first(town: Town) -> None:
    """What is gone cannot be moved here: the next step is the one for a deleted integration."""
    await town.connect("toolzz")
    gone = await status(town, integration=town.toolzz.DELETED)
    assert "belongs to another server" in shown(gone)
    assert field(gone, "Next step") == town.linked(town.texts("toolzz.next.deleted"))


@pytest.mark.parametrize(
    ("bits", "reads"),
    [
        ("0", "none"),
        ("8", "Administrator"),
        (3072, "View Channels, Send Messages"),
        ("9007199254740993", "Create Invite, 1 newer one"),
        (str(2**62 | 2**63), "2 newer ones"),
        ("-1", NOT_REPORTED),
        ("many", NOT_REPORTED),
        (8.0, NOT_REPORTED),
    ],
)
async def test_permissions_have_names(town: Town, bits: object, reads: str) -> None:
    """A bit field is read without losing a bit; what is no bit field is not guessed at."""
    await town.connect("toolzz")
    assert field(await status(town, {"id": INTEGRATION, "permissions": bits}), "Permissions") == reads


async def test_every_permission_has_a_name_in_both_languages(town: Town) -> None:
    """All bits at once fit into the embed, the rest counted."""
    await town.connect("toolzz")
    report = {"id": INTEGRATION, "permissions": str(discord.Permissions.all().value)}
    assert "Administrator" in field(await status(town, report), "Permissions")
    town.locale = PORTUGUESE
    assert "Administrador" in field(await status(town, report), "Permissões")


@pytest.mark.parametrize(
    ("time", "reads"),
    [
        ("2026-11-20T08:15:27.000Z", "<t:1795162527:f> (<t:1795162527:R>)"),
        ("2026-11-20 05:15:27.14-03:00", "<t:1795162527:f> (<t:1795162527:R>)"),
        ("2026-11-20", "<t:1795132800:f> (<t:1795132800:R>)"),
        ("9999-12-31 23:59:59", "<t:253402300799:f> (<t:253402300799:R>)"),
        ("0001-01-01T00:00:00+23:59", "<t:-62135683140:f> (<t:-62135683140:R>)"),
        ("yesterday", NOT_REPORTED),
        ("", NOT_REPORTED),
        (1795162527, NOT_REPORTED),
    ],
)
async def test_times_are_read(town: Town, time: object, reads: str) -> None:
    """Times with and without a zone become Discord's own; what is no time is not guessed at."""
    await town.connect("toolzz")
    assert field(await status(town, {"id": INTEGRATION, "lastConnectedAt": time}), "Last connected") == reads


async def test_unknown_words_are_shown_as_they_are(town: Town) -> None:
    """A state and a scope that nobody has heard of are quoted, not translated."""
    await town.connect("toolzz")
    result = await status(
        town, {"id": INTEGRATION, "connectionStatus": "hibernating", "scope": "threads-only"}
    )
    assert "Toolzz reports: `hibernating`" in place(town, result, "description")
    assert place(town, result, "replies.scope").endswith("threads-only")


async def test_hostile_text_does_nothing(town: Town) -> None:
    """Mentions, links, headings and code fences from Toolzz are shown as the characters that they are."""
    await town.connect("toolzz")
    hostile = "# @everyone <@1> <@&2> <#3> </ban:4> <t:5> [a](https://x.invalid) discord.gg/a ``` \u202e||x||"
    text = [name for name, value in FULL.items() if isinstance(value, str) and name != "id"]
    result = await status(town, FULL | dict.fromkeys(text, hostile))
    words = re.sub(r"(?<!\\)`[^`\n]*`", "", shown(result))  # in code nothing is markup
    for mark in ("@everyone", "<@1", "<@&", " <#3", " </ban", " <t:5>", "https://x", "discord.gg", "\u202e"):
        assert mark not in words, mark
    assert "\\`\\`\\`" in (embed_of(result).title or "")


async def test_the_answer_can_be_shared(town: Town) -> None:
    """With share:true everyone sees the answer; a failure to get it is shared too, without harm."""
    await town.connect("toolzz")
    assert not (await status(town, integration=town.toolzz.CONNECTED, share=True)).ephemeral
    assert (await status(town, integration=town.toolzz.CONNECTED, share=False)).ephemeral


# --- which integration ---


async def test_integrations_are_suggested_by_title(town: Town) -> None:
    """Each is offered with its state's symbol and its id, but for the deleted one."""
    await town.connect("toolzz")
    choices = await town.manager.autocomplete(town.channel, "toolzz status", "integration", "")
    offered = {choice["value"]: choice["name"] for choice in choices}
    assert offered[town.toolzz.CONNECTED] == "🟢 Suporte da loja"
    assert offered[town.toolzz.DISCONNECTED] == "🔴 Pedidos e entregas"
    assert offered[town.toolzz.INACTIVE] == "⚪ Campanha de inverno"
    assert town.toolzz.DELETED not in offered
    town.toolzz.requests.clear()
    for typed in ("ped", "PEDI", "pedidos e"):
        (choice,) = await town.manager.autocomplete(town.channel, "toolzz status", "integration", typed)
    assert choice["value"] == town.toolzz.DISCONNECTED
    assert not town.toolzz.requests


async def test_a_title_that_was_shown_can_be_sent_as_text(town: Town) -> None:
    """Who sends the typed title instead of picking it gets that integration."""
    await town.connect("toolzz")
    await town.manager.autocomplete(town.channel, "toolzz status", "integration", "com")
    assert embed_of(await status(town, integration="comunidade ")).title == "🟢 Comunidade"


async def test_a_report_without_a_title_gets_that_of_the_suggestions(town: Town) -> None:
    """Who picked an integration by its title reads that title, although the report itself has none."""
    await town.connect("toolzz")
    await town.manager.autocomplete(town.channel, "toolzz status", "integration", "camp")
    town.toolzz.fail(Answer(500), times=None, path="/converflow/")
    untitled = await status(town, integration=town.toolzz.INACTIVE)
    assert embed_of(untitled).title == "⚪ Campanha de inverno"
    town.toolzz.integrations[town.toolzz.CONNECTED]["title"] = "Renamed since"
    assert embed_of(await status(town, integration=town.toolzz.CONNECTED)).title == "🟢 Renamed since"


async def test_without_a_unit_nothing_is_suggested_and_ids_still_work(town: Town) -> None:
    """A connection without a unit cannot list, and an id that is pasted is read all the same."""
    form = await town.open_form("add", "toolzz")
    await town.manager.submit_modal(form, {"access_token": town.toolzz.credentials["access_token"]})
    assert await town.manager.autocomplete(town.channel, "toolzz status", "integration", "") == []
    assert embed_of(await status(town, integration=town.toolzz.CONNECTED)).title == "🟢 Suporte da loja"


@pytest.mark.parametrize("text", ["../admin", "a b", "é", "x" * 65, "%2e%2e", "Suporte da loja"])
async def test_what_is_no_id_is_refused_without_asking(town: Town, text: str) -> None:
    """Text that could change the request's path never gets into one."""
    await town.connect("toolzz")
    town.toolzz.requests.clear()
    refused = await status(town, integration=text)
    assert shown(refused).startswith(
        "⚠️ I do not know this integration\nIt is neither an id nor a title from the suggestions."
    )
    assert "</connections rotate:" in field(refused, "What to do")
    assert not town.toolzz.requests


async def test_an_unknown_id_is_toolzzs_to_refuse(town: Town) -> None:
    """A well-formed id of nothing is told apart, with what Toolzz said and no button that asks again."""
    await town.connect("toolzz")
    result = await status(town, integration=town.toolzz.UNKNOWN)
    assert shown(result).startswith("❌ Toolzz does not know this")
    assert field(result, "What Toolzz said") == "Integration not found"
    assert labels(result) == []
