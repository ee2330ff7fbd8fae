"""``/toolzz status``: every field that Toolzz reports has its place."""

import re
from typing import Any

import discord
import pytest
import simcord

from bot.discord.theme import Tone
from bot.providers.base.simulator import Answer
from tests.support.failures import FAILURES, Failure
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, labels, only_button, shown
from tests.support.toolzz_agent import ENOUGH, add_agent_bot
from tests.support.toolzz_steps import move_here

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
# The place of each field, its text there, and its text if it is null, None for no text at all.
# A place is a part of the embed, a field of the embed by its key, or a line of such a field.
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
    harness: BotHarness, report: object = None, *, integration: str = INTEGRATION, **options: bool
) -> simcord.InteractionResult:
    """Have the manager run `/toolzz status`. report: what Toolzz answers, by default the simulator's own."""
    if report is not None:
        harness.toolzz.fail(Answer(200, report))
    return await harness.manager.slash(harness.channel, "toolzz status", integration=integration, **options)


def place(harness: BotHarness, result: simcord.InteractionResult, where: str) -> str:
    """Return the text in one place of the embed, empty if the place is missing."""
    embed = embed_of(result)
    parts = {"title": embed.title, "description": embed.description, "footer": embed.footer.text}
    if where in parts:
        return parts[where] or ""
    of, _, line = where.partition(".")
    name = "channels" if of == "channels" else harness.texts(f"toolzz.status.{of}")
    value = "\n".join(item.value or "" for item in embed.fields if (item.name or "").endswith(name))
    if not line:
        return value
    label = harness.texts(f"toolzz.status.{line}") + ":"
    return "".join(text for text in value.splitlines() if text.startswith(label)).removeprefix(label)


# --- every field ---


def test_the_table_has_every_field() -> None:
    """``PLACES`` has each of the contract's 25 fields."""
    assert len(PLACES) == 25
    assert PLACES.keys() == FULL.keys()


@pytest.mark.parametrize("name", PLACES)
async def test_each_field_has_its_place(harness: BotHarness, name: str) -> None:
    """A reported field is shown in its place, and as not reported if it is null; the others are not affected.

    A field that the report lacks is named as left out, and its place is missing.
    """
    await harness.connect("toolzz")
    where, reads, missing = PLACES[name]
    assert reads in place(harness, await status(harness, FULL), where)
    without = {key: value for key, value in FULL.items() if key != name}
    for report, is_left_out in ((without, True), (FULL | {name: None}, False)):
        result = await status(harness, report)
        if name == "id":
            assert shown(result).startswith("❌ I do not understand Toolzz's answer")
            continue
        if name != "botToken":
            assert reads not in place(harness, result, where)
        if missing == NOT_REPORTED and is_left_out:
            assert place(harness, result, where) == ""
            assert label_of(harness, where) in place(harness, result, "left_out").splitlines()[0].split(", ")
        else:
            assert place(harness, result, "left_out") == ""
        if missing is not None and not (missing == NOT_REPORTED and is_left_out):
            assert missing in place(harness, result, where)
        for other, (there, words, _) in PLACES.items():
            if {name, other} not in ({"channelIds", "channelsDetail"}, {name}):
                assert words in place(harness, result, there), (name, other)


def label_of(harness: BotHarness, where: str) -> str:
    """Return the label of a place."""
    return harness.texts(f"toolzz.status.{where.rpartition('.')[2]}")


async def test_a_report_full_of_nulls_is_shown(harness: BotHarness) -> None:
    """If all fields except the id are null, every place says that they are not reported."""
    await harness.connect("toolzz")
    result = await status(harness, dict.fromkeys(FULL) | {"id": INTEGRATION})
    assert embed_of(result).title == "❔ Untitled integration"
    assert "**Unknown** · Toolzz does not say clearly how it is doing." in place(
        harness, result, "description"
    )
    for where, _, missing in PLACES.values():
        if missing is not None and NOT_REPORTED in missing:
            assert missing in place(harness, result, where)
    assert "Press **Refresh** in a minute" in field(result, "Next step")


async def test_a_short_report_has_no_wall_of_missing_fields(harness: BotHarness) -> None:
    """Fields that the report and the list lack are named in one line, and their places are missing."""
    await harness.connect("toolzz")
    result = await status(harness, {"id": INTEGRATION})
    assert embed_of(result).title == "❔ Untitled integration"
    assert NOT_REPORTED not in shown(result)
    places = dict.fromkeys(
        label_of(harness, where) for where, _, missing in PLACES.values() if missing == NOT_REPORTED
    )
    assert set(place(harness, result, "left_out").split(", ")) == {*places, "Channels"}
    assert [item.name for item in embed_of(result).fields] == [
        "Checked",
        "In this server",
        "Left out of Toolzz's report",
        "➡️ Next step",
    ]


async def test_a_short_report_is_filled_from_the_units_list(harness: BotHarness) -> None:
    """A short report is completed from the unit's list, with two requests in all."""
    await harness.connect("toolzz")
    harness.toolzz.requests.clear()
    result = await status(harness, integration=harness.toolzz.INACTIVE)
    assert embed_of(result).title == "⚪ Campanha de inverno"
    assert place(harness, result, "left_out") == ""
    assert place(harness, result, "replies.scope").endswith("nothing")
    assert len(harness.toolzz.requests) == 2


async def test_without_a_unit_a_short_report_says_how_to_fill_it(harness: BotHarness) -> None:
    """Without a unit the status says that the connection needs one to show more."""
    form = await harness.open_form("add", "toolzz")
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})
    result = await status(harness, integration=harness.toolzz.INACTIVE)
    named, how = place(harness, result, "left_out").splitlines()
    assert "Answers" in named
    assert how == harness.linked(harness.texts("toolzz.status.left_out_unit"))


async def test_the_token_is_dropped(harness: BotHarness, capfd: pytest.CaptureFixture[str]) -> None:
    """A bot token that Toolzz sends is neither shown nor logged nor stored."""
    await harness.connect("toolzz")
    await status(harness, FULL)
    assert "FAKE-TOKEN" not in harness.sent_to_discord() + "".join(capfd.readouterr())
    assert b"FAKE-TOKEN-in-clear" not in harness.stored_bytes()


async def test_the_answer_ends_with_the_next_step(harness: BotHarness) -> None:
    """The last field is the next step; the time of the check is in another one."""
    await harness.connect("toolzz")
    names = [item.name for item in embed_of(await status(harness, FULL)).fields]
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
async def test_each_integration_of_the_unit_is_shown(harness: BotHarness, name: str) -> None:
    """State and next step are right for each integration of the simulator."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    result = await status(harness, integration=getattr(harness.toolzz, name))
    title, word, step = STATES[name]
    assert result.ephemeral
    assert (embed_of(result).title or "").startswith(title)
    assert place(harness, result, "description").startswith(word)
    assert field(result, "Next step").startswith(step)
    assert getattr(harness.toolzz, name) in place(harness, result, "footer")
    assert labels(result) == ENOUGH[: 3 if name == "DELETED" else 4]


async def test_what_was_deleted_is_not_to_be_switched_on(harness: BotHarness) -> None:
    """The next step of a deleted integration is not that of one that is switched off."""
    await harness.connect("toolzz")
    deleted = field(await status(harness, integration=harness.toolzz.DELETED), "Next step")
    inactive = field(await status(harness, integration=harness.toolzz.INACTIVE), "Next step")
    assert deleted != inactive


async def test_the_one_that_breaks_off_is_told_as_unreachable(harness: BotHarness) -> None:
    """A reset connection is an error with the button to try again."""
    await harness.connect("toolzz")
    result = await status(harness, integration=harness.toolzz.UNREACHABLE)
    assert shown(result).startswith("❌ The connection to Toolzz failed")
    assert only_button(result)["label"] == "Refresh"


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_is_explained(harness: BotHarness, failure: Failure) -> None:
    """Each failure is explained with a button to try again, except where the integration does not exist."""
    await harness.connect("toolzz")
    failure.strike(harness, "toolzz")
    result = await status(harness)
    failure.shows_in(harness, result, "toolzz")
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
async def test_an_error_code_comes_with_cause_and_fix(
    harness: BotHarness, error: str, as_number: bool
) -> None:
    """A known code is shown with its cause and its fix; an unknown code is shown as it is."""
    await harness.connect("toolzz")
    code = int(error) if as_number else error
    report = {"id": INTEGRATION, "connectionStatus": "disconnected", "lastConnectionErrorCode": code}
    result = await status(harness, report)
    cause, fix = ERRORS[error]
    assert field(result, "Last error") == f"`{error}`" if not cause else cause in field(result, "Last error")
    assert field(result, "Next step").startswith(fix)


# --- channels, permissions, words ---


async def test_forty_channels_are_cut_with_a_count(harness: BotHarness) -> None:
    """Channels that do not fit are counted."""
    await harness.connect("toolzz")
    short = field(await status(harness, integration=harness.toolzz.CROWDED), "40 channels")
    assert short.split(", ") == [f"#sala-{number:02}" for number in range(1, 41)]
    channels = [{"id": f"11887654321098{number:05}", "name": "x" * 60} for number in range(40)]
    long = field(await status(harness, {"id": INTEGRATION, "channelsDetail": channels}), "40 channels")
    *listed, rest = long.split(", ")
    assert 10 < len(listed) < 40
    assert rest == f"+{40 - len(listed)} more"


async def test_this_servers_channels_are_links(harness: BotHarness) -> None:
    """A channel of this server is a link; any other channel is shown by its name."""
    await harness.connect("toolzz")
    channels = [
        {"id": str(harness.channel.id), "name": "old-name"},
        {"id": "1188765432109876501", "name": "away"},
    ]
    result = await status(harness, {"id": INTEGRATION, "channelsDetail": channels})
    assert field(result, "2 channels") == f"<#{harness.channel.id}>, #away"


async def test_another_servers_integration_is_marked(harness: BotHarness) -> None:
    """The status of another server's integration says so, warns, and has its own next step.

    The symbol is still that of the state; after a move to this server nothing warns.
    """
    await harness.connect("toolzz")
    mark = "belongs to another server"
    for integration, symbol in ((harness.toolzz.CONNECTED, "🟢"), (harness.toolzz.DISCONNECTED, "🔴")):
        there = await status(harness, integration=integration)
        assert mark in shown(there)
        assert embed_of(there).colour == discord.Colour(Tone.WARNING.colour)
        assert (embed_of(there).title or "").startswith(symbol)
        assert field(there, "Next step") == harness.linked(harness.texts("toolzz.next.elsewhere"))
    add_agent_bot(harness)
    move_here(harness)
    here = await status(harness, integration=harness.toolzz.CONNECTED)
    assert mark not in shown(here)
    assert embed_of(here).colour == discord.Colour(Tone.GOOD.colour)
    assert field(here, "Next step") == harness.linked(harness.texts("toolzz.next.link"))
    assert field(here, "Server") == "Harbour Ops"


async def test_a_deleted_one_of_another_server_is_deleted_first(harness: BotHarness) -> None:
    """The next step of another server's deleted integration is that of a deleted one."""
    await harness.connect("toolzz")
    gone = await status(harness, integration=harness.toolzz.DELETED)
    assert "belongs to another server" in shown(gone)
    assert field(gone, "Next step") == harness.linked(harness.texts("toolzz.next.deleted"))


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
async def test_permissions_have_names(harness: BotHarness, bits: object, reads: str) -> None:
    """Permissions are shown by name.

    Bits without a name are counted, and what is no bit field is not reported.
    """
    await harness.connect("toolzz")
    assert field(await status(harness, {"id": INTEGRATION, "permissions": bits}), "Permissions") == reads


async def test_every_permission_has_a_name_in_both_languages(harness: BotHarness) -> None:
    """All permissions have names in both languages, and fit into the embed."""
    await harness.connect("toolzz")
    report = {"id": INTEGRATION, "permissions": str(discord.Permissions.all().value)}
    assert "Administrator" in field(await status(harness, report), "Permissions")
    harness.locale = PORTUGUESE
    assert "Administrador" in field(await status(harness, report), "Permissões")


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
async def test_times_are_read(harness: BotHarness, time: object, reads: str) -> None:
    """Times with and without a zone are shown by Discord; what is no time is not reported."""
    await harness.connect("toolzz")
    assert (
        field(await status(harness, {"id": INTEGRATION, "lastConnectedAt": time}), "Last connected") == reads
    )


async def test_unknown_words_are_shown_as_they_are(harness: BotHarness) -> None:
    """An undocumented state and an undocumented scope are shown as Toolzz reports them."""
    await harness.connect("toolzz")
    result = await status(
        harness, {"id": INTEGRATION, "connectionStatus": "hibernating", "scope": "threads-only"}
    )
    assert "Toolzz reports: `hibernating`" in place(harness, result, "description")
    assert place(harness, result, "replies.scope").endswith("threads-only")


async def test_hostile_text_does_nothing(harness: BotHarness) -> None:
    """Mentions, links, headings and code fences from Toolzz are shown as plain characters."""
    await harness.connect("toolzz")
    hostile = "# @everyone <@1> <@&2> <#3> </ban:4> <t:5> [a](https://x.invalid) discord.gg/a ``` \u202e||x||"
    text = [name for name, value in FULL.items() if isinstance(value, str) and name != "id"]
    result = await status(harness, FULL | dict.fromkeys(text, hostile))
    words = re.sub(r"(?<!\\)`[^`\n]*`", "", shown(result))  # in code nothing is markup
    for mark in ("@everyone", "<@1", "<@&", " <#3", " </ban", " <t:5>", "https://x", "discord.gg", "\u202e"):
        assert mark not in words, mark
    assert "\\`\\`\\`" in (embed_of(result).title or "")


async def test_the_answer_can_be_shared(harness: BotHarness) -> None:
    """The answer is for everybody only with share:true."""
    await harness.connect("toolzz")
    assert not (await status(harness, integration=harness.toolzz.CONNECTED, share=True)).ephemeral
    assert (await status(harness, integration=harness.toolzz.CONNECTED, share=False)).ephemeral


# --- which integration ---


async def test_integrations_are_suggested_by_title(harness: BotHarness) -> None:
    """Each integration except the deleted one is suggested with its symbol, title and id."""
    await harness.connect("toolzz")
    choices = await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "")
    offered = {choice["value"]: choice["name"] for choice in choices}
    assert offered[harness.toolzz.CONNECTED] == "🟢 Suporte da loja"
    assert offered[harness.toolzz.DISCONNECTED] == "🔴 Pedidos e entregas"
    assert offered[harness.toolzz.INACTIVE] == "⚪ Campanha de inverno"
    assert harness.toolzz.DELETED not in offered
    harness.toolzz.requests.clear()
    for typed in ("ped", "PEDI", "pedidos e"):
        (choice,) = await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", typed)
    assert choice["value"] == harness.toolzz.DISCONNECTED
    assert not harness.toolzz.requests


async def test_a_title_that_was_shown_can_be_sent_as_text(harness: BotHarness) -> None:
    """A typed title from the suggestions is accepted."""
    await harness.connect("toolzz")
    await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "com")
    assert embed_of(await status(harness, integration="comunidade ")).title == "🟢 Comunidade"


async def test_a_report_without_a_title_gets_that_of_the_suggestions(harness: BotHarness) -> None:
    """If the report has no title, the title from the suggestions is shown."""
    await harness.connect("toolzz")
    await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "camp")
    harness.toolzz.fail(Answer(500), times=None, path="/converflow/")
    untitled = await status(harness, integration=harness.toolzz.INACTIVE)
    assert embed_of(untitled).title == "⚪ Campanha de inverno"
    harness.toolzz.integrations[harness.toolzz.CONNECTED]["title"] = "Renamed since"
    assert embed_of(await status(harness, integration=harness.toolzz.CONNECTED)).title == "🟢 Renamed since"


async def test_without_a_unit_nothing_is_suggested_and_ids_still_work(harness: BotHarness) -> None:
    """Without a unit nothing is suggested, and an id is still accepted."""
    form = await harness.open_form("add", "toolzz")
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})
    assert await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "") == []
    assert embed_of(await status(harness, integration=harness.toolzz.CONNECTED)).title == "🟢 Suporte da loja"


@pytest.mark.parametrize("text", ["../admin", "a b", "é", "x" * 65, "%2e%2e", "Suporte da loja"])
async def test_what_is_no_id_is_refused_without_asking(harness: BotHarness, text: str) -> None:
    """Text that could change the path of a request is refused, and Toolzz is not asked."""
    await harness.connect("toolzz")
    harness.toolzz.requests.clear()
    refused = await status(harness, integration=text)
    assert shown(refused).startswith(
        "⚠️ I do not know this integration\nIt is neither an id nor a title from the suggestions."
    )
    assert "</connections rotate:" in field(refused, "What to do")
    assert not harness.toolzz.requests


async def test_an_unknown_id_is_toolzzs_to_refuse(harness: BotHarness) -> None:
    """An unknown id is answered with what Toolzz said, and without a button."""
    await harness.connect("toolzz")
    result = await status(harness, integration=harness.toolzz.UNKNOWN)
    assert shown(result).startswith("❌ Toolzz does not know this")
    assert field(result, "What Toolzz said") == "Integration not found"
    assert labels(result) == []
