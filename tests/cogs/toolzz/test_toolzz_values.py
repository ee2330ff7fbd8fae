"""``/toolzz status`` makes servers, channels, permissions, times and unknown words of a report readable."""

import re

import discord
import pytest

from bot.discord.theme import Tone
from tests.support.english import english
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, shown
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_report import FULL, INTEGRATION, NOT_REPORTED, details, place, status
from tests.support.toolzz_steps import move_here

UNREADABLE = english("toolzz.status.unreadable")


async def test_forty_channels_are_cut_with_a_count(harness: BotHarness) -> None:
    """Channels that do not fit are counted."""
    await harness.connect("toolzz")
    short = field(await details(harness, integration=harness.toolzz.CROWDED), "40 channels")
    assert short.split(", ") == [f"#sala-{number:02}" for number in range(1, 41)]
    channels = [{"id": f"11887654321098{number:05}", "name": "x" * 60} for number in range(40)]
    long = field(await details(harness, {"id": INTEGRATION, "channelsDetail": channels}), "40 channels")
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
    result = await details(harness, {"id": INTEGRATION, "channelsDetail": channels})
    assert field(result, "2 channels") == f"<#{harness.channel.id}>, #away"


async def test_another_servers_integration_is_marked(harness: BotHarness) -> None:
    """The status of another server's integration says so, and has its own next step.

    One that Toolzz runs there is blocked here; after a move to this server nothing warns.
    """
    await harness.connect("toolzz")
    mark = "belongs to another server"
    for integration, symbol in ((harness.toolzz.CONNECTED, "⛔"), (harness.toolzz.DISCONNECTED, "🔴")):
        there = await status(harness, integration=integration)
        assert mark in shown(there)
        assert embed_of(there).colour == discord.Colour(Tone.BAD.colour)
        assert (embed_of(there).title or "").startswith(symbol)
        assert field(there, "Next step") == harness.linked(harness.texts("toolzz.next.elsewhere"))
    add_agent_bot(harness)
    move_here(harness)
    here = await status(harness, integration=harness.toolzz.CONNECTED)
    assert mark not in shown(here)
    assert embed_of(here).colour == discord.Colour(Tone.GOOD.colour)
    assert field(here, "Next step") == harness.linked(harness.texts("toolzz.next.link"))
    assert field(await details(harness, integration=harness.toolzz.CONNECTED), "Server") == "Harbour Ops"


async def test_a_deleted_one_of_another_server_is_deleted_first(harness: BotHarness) -> None:
    """The next step of another server's deleted integration is that of a deleted one."""
    await harness.connect("toolzz")
    gone = await status(harness, integration=harness.toolzz.DELETED)
    assert "belongs to another server" not in shown(gone)
    more = await details(harness, integration=harness.toolzz.DELETED)
    assert "belongs to another server" in shown(more)
    assert field(gone, "Next step") == harness.linked(harness.texts("toolzz.next.deleted"))


@pytest.mark.parametrize(
    ("bits", "reads"),
    [
        ("0", "none"),
        ("8", "Administrator"),
        (3072, "View Channels, Send Messages"),
        ("9007199254740993", "Create Invite, 1 newer permission"),
        (str(2**62 | 2**63), english.plural("toolzz.status.unnamed_permissions", 2)),
        ("-1", UNREADABLE),
        ("many", UNREADABLE),
        (8.0, UNREADABLE),
        (None, NOT_REPORTED),
        ("", NOT_REPORTED),
    ],
)
async def test_permissions_have_names(harness: BotHarness, bits: object, reads: str) -> None:
    """Permissions are shown by name.

    Bits without a name are counted, and what is no bit field is said to be unreadable.
    """
    await harness.connect("toolzz")
    assert field(await details(harness, {"id": INTEGRATION, "permissions": bits}), "Permissions") == reads


async def test_every_permission_has_a_name_in_both_languages(harness: BotHarness) -> None:
    """All permissions have names in both languages, and fit into the embed."""
    await harness.connect("toolzz")
    report = {"id": INTEGRATION, "permissions": str(discord.Permissions.all().value)}
    assert "Administrator" in field(await details(harness, report), "Permissions")
    harness.locale = PORTUGUESE
    assert "Administrador" in field(await details(harness, report), "Permissões")


@pytest.mark.parametrize(
    ("time", "reads"),
    [
        ("2026-11-20T08:15:27.000Z", "<t:1795162527:f> (<t:1795162527:R>)"),
        ("2026-11-20 05:15:27.14-03:00", "<t:1795162527:f> (<t:1795162527:R>)"),
        ("2026-11-20 05:15:27.14", english("toolzz.status.no_zone", time="`2026-11-20 05:15:27.14`")),
        ("2026-11-20", "`2026-11-20`"),
        ("9999-12-31 23:59:59Z", "<t:253402300799:f> (<t:253402300799:R>)"),
        ("0001-01-01T00:00:00+23:59", "<t:-62135683140:f> (<t:-62135683140:R>)"),
        ("yesterday", "`yesterday`"),
        ("` @everyone\n`", "`ˋ @\u200beveryone ˋ`"),
        ("x" * 80, f"`{'x' * 60}…`"),
        ("", "*never*"),
        (None, "*never*"),
        ({"seconds": 1795162527}, UNREADABLE),
        (0, "`0`"),
        (1795162527, "<t:1795162527:f> (<t:1795162527:R>)"),
        ("1795162527140", "<t:1795162527:f> (<t:1795162527:R>)"),
    ],
)
async def test_times_are_read(harness: BotHarness, time: object, reads: str) -> None:
    """Discord shows a time whose zone is known; any other text and number is shown as it was received."""
    await harness.connect("toolzz")
    assert (
        field(await details(harness, {"id": INTEGRATION, "lastConnectedAt": time}), "Last connected") == reads
    )


@pytest.mark.parametrize(
    ("fields", "reads"),
    [
        ({"channelIds": [], "channelsDetail": []}, "*none*"),
        ({"channelIds": []}, "*none*"),
        ({"channelIds": None, "channelsDetail": []}, "*none*"),
        ({"channelIds": None, "channelsDetail": None}, NOT_REPORTED),
        ({"channelIds": None}, NOT_REPORTED),
        ({"channelIds": "all", "channelsDetail": None}, UNREADABLE),
        ({"channelsDetail": "all"}, UNREADABLE),
    ],
)
async def test_no_channel_is_not_an_unreported_one(
    harness: BotHarness, fields: dict[str, object], reads: str
) -> None:
    """An empty list means none, null means nothing was reported, and anything else cannot be read."""
    await harness.connect("toolzz")
    assert place(harness, await details(harness, {"id": INTEGRATION, **fields}), "channels") == reads


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("isActive", "active"),
        ("guildName", "server"),
        ("scope", "replies.scope"),
        ("autoReplyOnMention", "replies.mention"),
        ("welcomeMessage", "welcome"),
        ("botClientId", "details.bot"),
        ("isTokenMasked", "details.token"),
        ("createdAt", "details.created"),
    ],
)
async def test_what_cannot_be_read_was_reported(harness: BotHarness, name: str, where: str) -> None:
    """A value of a wrong type is neither not reported nor guessed, and is not repeated."""
    await harness.connect("toolzz")
    result = await details(harness, {"id": INTEGRATION, name: {"token": "CANARY"}})
    assert place(harness, result, where).strip() == UNREADABLE
    assert "CANARY" not in shown(result)


async def test_unknown_words_are_shown_as_they_are(harness: BotHarness) -> None:
    """An undocumented state and an undocumented scope are shown as Toolzz reports them."""
    await harness.connect("toolzz")
    result = await details(
        harness, {"id": INTEGRATION, "connectionStatus": "hibernating", "scope": "threads-only"}
    )
    assert "Toolzz reports: `hibernating`" in place(harness, result, "description")
    assert place(harness, result, "replies.scope").endswith("threads-only")


async def test_hostile_text_does_nothing(harness: BotHarness) -> None:
    """Mentions, links, headings and code fences from Toolzz are shown as plain characters."""
    await harness.connect("toolzz")
    hostile = "# @everyone <@1> <@&2> <#3> </ban:4> <t:5> [a](https://x.invalid) discord.gg/a ``` \u202e||x||"
    text = [name for name, value in FULL.items() if isinstance(value, str) and name != "id"]
    result = await details(harness, FULL | dict.fromkeys(text, hostile))
    words = re.sub(r"(?<!\\)`[^`\n]*`", "", shown(result))  # in code nothing is markup
    for mark in ("@everyone", "<@1", "<@&", " <#3", " </ban", " <t:5>", "https://x", "discord.gg", "\u202e"):
        assert mark not in words, mark
    assert "\\`\\`\\`" in shown(result)


async def test_the_answer_can_be_shared(harness: BotHarness) -> None:
    """The answer is for everybody only with share:true."""
    await harness.connect("toolzz")
    assert not (await status(harness, integration=harness.toolzz.CONNECTED, share=True)).ephemeral
    assert (await status(harness, integration=harness.toolzz.CONNECTED, share=False)).ephemeral
