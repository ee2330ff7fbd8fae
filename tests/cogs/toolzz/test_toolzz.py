"""``/toolzz status`` finds the integration that is asked for, and shows every reported field in its place."""

import pytest

from bot.providers.base.simulator import Answer
from tests.support.english import english
from tests.support.harness import BotHarness, embed_of, field, labels, shown
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_report import (
    ELSEWHERE,
    FULL,
    INTEGRATION,
    NOT_REPORTED,
    details,
    place,
    status,
)
from tests.support.toolzz_steps import move_here

NEVER = "*never*"
EMPTY = {NOT_REPORTED, NEVER, "*none*"}
"""What is shown of a field that is null."""
# The place of each field, its text there, and its text if it is null, None for no text at all.
# A place is a part of the embed, a field of the embed by its key, or a line of such a field.
PLACES: dict[str, tuple[str, str, str | None]] = {
    "id": ("footer", INTEGRATION, None),
    "title": ("title", "Front desk", "Untitled integration"),
    "connectionStatus": ("description", "`hibernating`", None),
    "deletedAt": ("description", english("toolzz.status.no_zone", time="`2026-11-21 00:00:00`"), None),
    "isActive": ("active", "✅ yes", NOT_REPORTED),
    "guildId": ("details.server", f"`{ELSEWHERE}`", NOT_REPORTED),
    "guildName": ("server", "Loja do Porto", NOT_REPORTED),
    "lastConnectedAt": (
        "last_connected",
        english("toolzz.status.no_zone", time="`2026-11-20 08:15:27.6`"),
        NEVER,
    ),
    "lastDisconnectedAt": ("last_disconnected", "<t:1795076127:f> (<t:1795076127:R>)", NEVER),
    "lastConnectionErrorCode": ("error", "`4004`", "The bot token was refused."),
    "lastConnectionErrorMessage": ("error", "The bot token was refused.", "`4004`"),
    "scope": ("replies.scope", "mentions only", NOT_REPORTED),
    "autoReplyOnMention": ("replies.mention", "✅ yes", NOT_REPORTED),
    "threadAutoCreate": ("replies.threads", "🚫 no", NOT_REPORTED),
    "channelIds": ("channels", "`1188765432109876502`", None),
    "channelsDetail": ("channels", "#atendimento", "`1188765432109876501`"),
    "permissions": ("permissions", "View Channels, Send Messages", NOT_REPORTED),
    "welcomeMessage": ("welcome", "Good morning", "*none*"),
    "botClientId": ("details.bot", "`1219876543210987654`", NOT_REPORTED),
    "botId": ("details.agent", "`agent-1`", NOT_REPORTED),
    "unitId": ("details.unit", "`unit-1`", NOT_REPORTED),
    "isTokenMasked": ("details.token", "⚠️ sent unmasked by Toolzz", NOT_REPORTED),
    "createdAt": (
        "details.created",
        english("toolzz.status.no_zone", time="`2026-08-03 14:21:09.047316`"),
        NOT_REPORTED,
    ),
    "updatedAt": (
        "details.updated",
        english("toolzz.status.no_zone", time="`2026-11-20 08:15:27`"),
        NOT_REPORTED,
    ),
    "botToken": ("description", "", None),
}


# --- every field ---


def test_the_table_has_every_field() -> None:
    """``PLACES`` has each of the contract's 25 fields."""
    assert len(PLACES) == 25
    assert PLACES.keys() == FULL.keys()


@pytest.mark.parametrize("name", PLACES)
async def test_each_field_has_its_place(harness: BotHarness, name: str) -> None:
    """A reported field is shown in its place, and what null means in it; the others are not affected.

    A field that the report lacks is named as left out, and its place is missing.
    """
    await harness.connect("toolzz")
    where, reads, missing = PLACES[name]
    assert reads in place(harness, await details(harness, FULL), where)
    without = {key: value for key, value in FULL.items() if key != name}
    for report, is_left_out in ((without, True), (FULL | {name: None}, False)):
        if name == "id":
            assert shown(await status(harness, report)).startswith(
                f"❌ {english('problem.malformed_answer.title', provider='Toolzz')}"
            )
            continue
        result = await details(harness, report)
        if name != "botToken":
            assert reads not in place(harness, result, where)
        if missing in EMPTY and is_left_out:
            assert place(harness, result, where) == ""
            assert label_of(harness, where) in place(harness, result, "left_out").splitlines()[0].split(", ")
        else:
            assert place(harness, result, "left_out") == ""
        if missing is not None and not (missing in EMPTY and is_left_out):
            assert missing in place(harness, result, where)
        for other, (there, words, _) in PLACES.items():
            if {name, other} not in ({"channelIds", "channelsDetail"}, {name}):
                assert words in place(harness, result, there), (name, other)


def label_of(harness: BotHarness, where: str) -> str:
    """Return the label of a place."""
    return harness.texts(f"toolzz.status.{where.rpartition('.')[2]}")


async def test_a_report_full_of_nulls_is_shown(harness: BotHarness) -> None:
    """If all fields except the id are null, every place says what that means."""
    await harness.connect("toolzz")
    result = await details(harness, dict.fromkeys(FULL) | {"id": INTEGRATION})
    assert embed_of(result).title == "❔ Untitled integration"
    assert "**Unknown**\nToolzz doesn't report a clear state." in place(harness, result, "description")
    for where, _, missing in PLACES.values():
        if missing in EMPTY:
            assert missing in place(harness, result, where)


async def test_a_short_report_has_no_wall_of_missing_fields(harness: BotHarness) -> None:
    """Fields that the report and the list lack are named in one line, and their places are missing."""
    await harness.connect("toolzz")
    result = await details(harness, {"id": INTEGRATION})
    assert embed_of(result).title == "❔ Untitled integration"
    assert NOT_REPORTED not in shown(result)
    places = dict.fromkeys(
        label_of(harness, where) for where, _, missing in PLACES.values() if missing in EMPTY
    )
    assert set(place(harness, result, "left_out").split(", ")) == {*places, "Channels"}
    assert [item.name for item in embed_of(result).fields] == [
        "In this server",
        english("toolzz.status.left_out"),
    ]


async def test_a_short_report_is_filled_from_the_units_list(harness: BotHarness) -> None:
    """A short report is completed from the unit's list, with two requests in all."""
    await harness.connect("toolzz")
    result = await details(harness, integration=harness.toolzz.INACTIVE)
    assert embed_of(result).title == "⚪ Campanha de inverno"
    assert place(harness, result, "left_out") == ""
    assert place(harness, result, "replies.scope").endswith("nothing")
    harness.toolzz.requests.clear()
    await status(harness, integration=harness.toolzz.INACTIVE)
    assert len(harness.toolzz.requests) == 2


async def test_without_a_unit_a_short_report_says_how_to_fill_it(harness: BotHarness) -> None:
    """Without a unit the status says that the connection needs one to show more."""
    form = await harness.open_form("add", "toolzz")
    await harness.manager.submit_modal(form, {"access_token": harness.toolzz.credentials["access_token"]})
    result = await details(harness, integration=harness.toolzz.INACTIVE)
    named, how = place(harness, result, "left_out").splitlines()
    assert "Answers" in named
    assert how == harness.linked(harness.texts("toolzz.status.left_out_unit"))


async def test_the_token_is_dropped(harness: BotHarness, capfd: pytest.CaptureFixture[str]) -> None:
    """A bot token that Toolzz sends is neither shown nor logged nor stored."""
    await harness.connect("toolzz")
    await details(harness, FULL)
    assert "FAKE-TOKEN" not in harness.sent_to_discord() + "".join(capfd.readouterr())
    assert b"FAKE-TOKEN-in-clear" not in harness.stored_bytes()


async def test_the_answer_is_short_and_ends_with_the_next_step(harness: BotHarness) -> None:
    """Of a full report the answer has the state, its cause, the time of the check, and the next step."""
    await harness.connect("toolzz")
    result = await status(harness, FULL)
    assert [item.name for item in embed_of(result).fields] == ["➡️ Next step"]
    state, checked = (embed_of(result).description or "").splitlines()
    assert state.startswith("**Inactive** · ")
    assert checked.startswith("Checked <t:")


# --- which integration ---


async def test_integrations_are_suggested_by_title(harness: BotHarness) -> None:
    """Each integration is suggested with its symbol, title and id, but none of another server."""
    await harness.connect("toolzz")
    move_here(harness)
    choices = await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "")
    offered = {choice["value"]: choice["name"] for choice in choices}
    assert offered[harness.toolzz.CONNECTED] == "🟢 Suporte da loja"
    assert offered[harness.toolzz.DISCONNECTED] == "🔴 Pedidos e entregas"
    assert offered[harness.toolzz.INACTIVE] == "⚪ Campanha de inverno"
    assert offered.keys().isdisjoint({harness.toolzz.DELETED, harness.toolzz.ELSEWHERE})
    harness.toolzz.requests.clear()
    for typed in ("ped", "PEDI", "pedidos e"):
        (choice,) = await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", typed)
    assert choice["value"] == harness.toolzz.DISCONNECTED
    assert not harness.toolzz.requests


async def test_a_title_that_was_shown_can_be_sent_as_text(harness: BotHarness) -> None:
    """A typed title from the suggestions is accepted."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "com")
    assert embed_of(await status(harness, integration="comunidade ")).title == "🟢 Comunidade"


async def test_a_report_without_a_title_gets_that_of_the_suggestions(harness: BotHarness) -> None:
    """If the report has no title, the title from the suggestions is shown."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
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
    add_agent_bot(harness)
    move_here(harness)
    assert await harness.manager.autocomplete(harness.channel, "toolzz status", "integration", "") == []
    assert embed_of(await status(harness, integration=harness.toolzz.CONNECTED)).title == "🟢 Suporte da loja"


@pytest.mark.parametrize("text", ["../admin", "a b", "é", "x" * 65, "%2e%2e", "Suporte da loja"])
async def test_what_is_no_id_is_refused_without_asking(harness: BotHarness, text: str) -> None:
    """Text that could change the path of a request is refused, and Toolzz is not asked."""
    await harness.connect("toolzz")
    harness.toolzz.requests.clear()
    refused = await status(harness, integration=text)
    assert shown(refused).startswith(
        f"⚠️ {english('problem.invalid_input.integration.title')}\nThis isn't an ID, "
        "or a title from the suggestions."
    )
    assert "</connections rotate:" in field(refused, "What to do")
    assert not harness.toolzz.requests


async def test_an_unknown_id_is_toolzzs_to_refuse(harness: BotHarness) -> None:
    """An unknown id is answered with what Toolzz said, and without a button."""
    await harness.connect("toolzz")
    result = await status(harness, integration=harness.toolzz.UNKNOWN)
    assert shown(result).startswith(f"❌ {english('problem.not_found.title', provider='Toolzz')}")
    assert field(result, english("problem.detail", provider="Toolzz")) == "Integration not found"
    assert labels(result) == []
