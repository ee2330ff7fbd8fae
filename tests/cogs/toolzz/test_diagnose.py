"""The diagnosis: its checks and their order, the fixes, and the file for Toolzz's support."""

import re
from collections.abc import Callable
from importlib.metadata import version
from itertools import product
from typing import Any

import pytest
import simcord

from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.simulator import Answer
from bot.providers.toolzz.diagnosis import CHECKS
from tests.support.diagnosis import BAD, OK, OPEN, SKIPPED, file_of, steps, verdicts
from tests.support.english import english
from tests.support.failures import FAILURES, ROTATE, Failure
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, labels, shown
from tests.support.toolzz_agent import add_agent_bot, change, look_at, press
from tests.support.toolzz_steps import move_here

GONE = "1188765432109876599"
LOOK = english("toolzz.check.look", button=english("toolzz.diagnose.button"))
CANARY = "FAKE-TOKEN-canary-of-a-bot.not-real.0123456789abcdef0123456789abcdef"


@pytest.fixture
async def asked(harness: BotHarness) -> simcord.InteractionResult:
    """The status of an integration that is connected and runs in this server."""
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    return await look_at(harness)


async def diagnose(harness: BotHarness, asked: simcord.InteractionResult) -> simcord.InteractionResult:
    """Have the manager press the button that diagnoses."""
    return await press(harness, asked, "Diagnose")


async def test_where_all_is_well_nothing_is_to_be_done(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """All eight checks are good and in order; the answer is private, and the status stays as it was."""
    before = shown(asked)
    found = await diagnose(harness, asked)
    assert found.ephemeral
    assert embed_of(found).title == "🩺 Diagnosis of Suporte da loja"
    assert verdicts(found) == OK * 8
    lines = (embed_of(found).description or "").splitlines()
    assert lines[0] == "✅ Credentials · Integration · Turned on"
    assert lines[1] == "✅ **Connection to Discord** · 🟢 Connected"
    assert lines[2:4] == ["✅ Server · Bot in this server", "✅ **Channels** · **1 of 1 channel usable**"]
    assert lines[4] == f"✅ {harness.texts('toolzz.check.error.none')}"
    assert field(found, "Next step") == harness.texts("diagnosis.fine", provider="Toolzz")
    assert labels(found) == ["Diagnose"]
    assert shown(asked) == before


def remove_bot(harness: BotHarness) -> None:
    """Let the integration name a bot that is in no server."""
    change(harness, botClientId=str(harness.env.create_user("stranger", bot=True).id))


def withhold_members(harness: BotHarness) -> None:
    """Let Discord refuse to say who is a member."""
    harness.env.inject_error("GET", "/guilds/*/members/*", status=500, times=None)


def reporting(**changes: object) -> Callable[[BotHarness], None]:
    """Return a function that changes what Toolzz reports."""
    return lambda harness: change(harness, **changes)


# Each problem: what causes it, the verdicts, and the beginning of what to do about it.
MATTERS: dict[str, tuple[Callable[[BotHarness], None], str, str]] = {
    "deleted": (
        reporting(deletedAt="2026-10-02 17:45:30"),
        OK + BAD + SKIPPED * 6,
        "Choose another integration with",
    ),
    "off": (
        reporting(isActive=False),
        OK * 2 + BAD + SKIPPED + OK * 4,
        "Turn the integration on in Toolzz",
    ),
    "switch untold": (reporting(isActive=None), OK * 2 + OPEN + OK * 5, LOOK),
    "disconnected": (
        reporting(connectionStatus="disconnected"),
        OK * 3 + BAD + OK * 4,
        "Open the integration in Toolzz and connect it again",
    ),
    "error": (
        reporting(connectionStatus="error"),
        OK * 3 + BAD + OK * 4,
        english("toolzz.next.error"),
    ),
    "unknown word": (
        reporting(connectionStatus="hibernating"),
        OK * 3 + OPEN + OK * 4,
        LOOK,
    ),
    "known code": (
        reporting(connectionStatus="disconnected", lastConnectionErrorCode="4014"),
        OK * 3 + BAD + OK * 3 + BAD,
        "Turn on **Message Content Intent**",
    ),
    "unknown code": (
        reporting(connectionStatus="error", lastConnectionErrorCode="5000"),
        OK * 3 + BAD + OK * 3 + OPEN,
        "Send `diagnosis.txt` to Toolzz's support.",
    ),
    "old code": (reporting(lastConnectionErrorCode="4004"), OK * 8, ""),
    "elsewhere": (reporting(guildId=GONE), OK * 4 + BAD + SKIPPED * 2 + OK, "Check its server in Toolzz"),
    "server untold": (reporting(guildId=None), OK * 4 + OPEN + OK * 3, LOOK),
    "bot absent": (remove_bot, OK * 5 + BAD + SKIPPED + OK, "[Invite the bot](https://discord.com/oauth2/"),
    "bot untold": (withhold_members, OK * 5 + OPEN * 2 + OK, LOOK),
    "bot nameless": (
        reporting(botClientId=None),
        OK * 5 + OPEN * 2 + OK,
        LOOK,
    ),
    "channel gone": (
        reporting(channelIds=[GONE], channelsDetail=[]),
        OK * 6 + BAD + OK,
        english("toolzz.check.fix_channels"),
    ),
    "no channel": (
        reporting(channelIds=[], channelsDetail=[]),
        OK * 6 + OPEN + OK,
        english("toolzz.next.no_channels").partition(" `")[0],
    ),
}


@pytest.mark.parametrize("matter", MATTERS)
async def test_what_is_the_matter_is_found(
    harness: BotHarness, asked: simcord.InteractionResult, matter: str
) -> None:
    """Each problem fails its own check, the checks that depend on it are skipped, and one thing is to do."""
    spoil, expected, step = MATTERS[matter]
    spoil(harness)
    found = await diagnose(harness, asked)
    assert verdicts(found) == expected
    (told,) = steps(found)
    assert told.startswith(step or harness.texts("diagnosis.fine", provider="Toolzz"))
    assert "↳" not in shown(found)
    said = file_of(harness, found)
    words = {OK: "ok", BAD: "failed", OPEN: "unknown", SKIPPED: "skipped"}
    for name, symbol in zip(CHECKS, expected, strict=True):
        assert f"check {name}: {words[symbol]} (" in said


async def test_a_failure_comes_before_a_doubt(harness: BotHarness, asked: simcord.InteractionResult) -> None:
    """What is known to help comes before looking again, even if the check in doubt comes first."""
    change(harness, isActive=None, channelIds=[GONE], channelsDetail=[])
    found = await diagnose(harness, asked)
    assert verdicts(found) == OK * 2 + OPEN + OK * 3 + BAD + OK
    assert steps(found) == [harness.texts("toolzz.check.fix_channels"), LOOK]
    assert f"❌ `{GONE}`: deleted" in shown(found)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_of_toolzz_is_a_finding(
    harness: BotHarness, asked: simcord.InteractionResult, failure: Failure
) -> None:
    """A failed request to Toolzz is a failed check with its usual text, and later checks are skipped."""
    failure.strike(harness, "toolzz")
    found = await diagnose(harness, asked)
    expected = {"unauthorized": BAD + SKIPPED * 7, "forbidden": BAD + SKIPPED * 7, "not_found": OK + BAD}
    assert verdicts(found).startswith(expected.get(failure.key, OPEN + SKIPPED * 7))
    assert verdicts(found).endswith(SKIPPED * 6)
    assert embed_of(found).title == f"🩺 Diagnosis of `{harness.toolzz.CONNECTED}`"
    assert len(steps(found)) == 1
    said = file_of(harness, found)
    assert f"failure: {failure.key}\n" in said
    assert (f"status: {failure.status}\n" in said) is (failure.status is not None)
    assert (f"request id: {failure.request_id}\n" in said) is (failure.request_id is not None)
    assert "run.ts" not in said + shown(found)
    may_be_refused = failure.key in {"unauthorized", "intermediary_unauthorized"}
    assert labels(found) == ["Diagnose", *([ROTATE] if may_be_refused else [])]


async def test_it_can_be_diagnosed_again_after_a_restart(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """The buttons of the status and of the diagnosis work after a restart."""
    await harness.restart()
    found = await diagnose(harness, asked)
    await harness.restart()
    change(harness, isActive=False)
    assert verdicts(await diagnose(harness, found)).startswith(OK * 2 + BAD)


async def test_it_speaks_the_language_of_who_presses(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Checks, fixes and button are in the member's language; the file is always in English."""
    change(harness, isActive=False)
    english = file_of(harness, await diagnose(harness, asked))
    harness.locale = PORTUGUESE
    found = await diagnose(harness, asked)
    assert "❌ **Ligada** · ⚪ Inativa · Desligada na Toolzz." in shown(found)
    again = harness.texts("diagnosis.fix.again", button="Diagnosticar")
    assert field(found, "Próximo passo") == f"{harness.texts('toolzz.next.inactive')} {again}"
    assert labels(found) == ["Diagnosticar"]
    assert [line for line in file_of(harness, found).splitlines() if "written" not in line] == [
        line for line in english.splitlines() if "written" not in line
    ]


async def test_a_member_without_rights_is_refused(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Under a shared status only managers get a diagnosis; others get no file."""
    shared = await look_at(harness, share=True)
    harness.toolzz.requests.clear()
    refused = await press(harness, shared, "Diagnose", harness.member)
    assert embed_of(refused).title == f"⚠️ {english('problem.not_allowed.manager.title')}"
    assert final(refused).attachments == []
    assert not harness.toolzz.requests
    assert (await press(harness, shared, "Diagnose")).ephemeral


async def test_a_connection_removed_meanwhile_is_an_error(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Without a connection the button answers with an error and not with a diagnosis."""
    await harness.bot.services.connections.remove(harness.guild.id, "toolzz", "default")
    assert shown(await diagnose(harness, asked)).startswith(
        f"⚠️ {english('problem.no_such_connection.title', provider='Toolzz', name='default')}"
    )


# --- the file ---


async def test_the_file_has_what_support_needs(harness: BotHarness, asked: simcord.InteractionResult) -> None:
    """The file has a line for version, ids, states, times in UTC, checks and channels."""
    change(
        harness,
        channelIds=[str(harness.channel.id), GONE],
        lastConnectedAt="2026-11-20 05:15:27.14-03:00",
        lastDisconnectedAt="0001-01-01T00:00:00+23:59",
        createdAt="2026-04-17 12:26:14.14",
        updatedAt="yesterday",
        permissions="9007199254740993",
    )
    lines = file_of(harness, await diagnose(harness, asked)).splitlines()
    assert lines[0] == f"patchbay: {version('patchbay')}"
    assert re.fullmatch(r"written: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[1])
    for line in (
        f"integration: {harness.toolzz.CONNECTED}",
        f"agent: {harness.toolzz.AGENT}",
        "state: Connected",
        "created: 2026-04-17 12:26:14.14 (time zone not stated)",
        "updated: yesterday",
        "active: yes",
        "scope: mentions",
        "permissions: 9007199254740993",
        "last connected: 2026-11-20T08:15:27Z",
        "last disconnected: 0001-01-01T00:00:00+23:59",
        f"server: {harness.guild.id}",
        f"server that asks: {harness.guild.id}",
        "bot is a member: yes",
        f"channel: {harness.channel.id} usable",
        f"channel: {GONE} deleted",
        f"only in channelIds: {GONE}",
    ):
        assert line in lines
    assert not [line for line in lines if line.endswith(": None")]


async def test_the_file_names_nobody(harness: BotHarness, asked: simcord.InteractionResult) -> None:
    """The file names no member, server, channel or agent."""
    opened = await harness.bot.services.connections.open(harness.guild.id, "toolzz")
    await harness.bot.services.integrations.record(
        opened, harness.toolzz.CONNECTED, "x", bot_id=None, member_id=harness.member.id
    )
    said = file_of(harness, await diagnose(harness, asked))
    for word in (
        harness.manager.id,
        harness.member.id,
        "mira",
        "noor",
        "Harbour",
        "bridge",
        "Suporte",
        "Olá",
    ):
        assert str(word) not in said


@pytest.mark.parametrize("refused", [False, True])
async def test_no_secret_is_in_the_file(
    harness: BotHarness, asked: simcord.InteractionResult, refused: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tokens that Toolzz repeats in any field are not in the file and not in the log."""
    access = harness.toolzz.credentials["access_token"]
    words = f"refused {CANARY} of Bearer {access} token={CANARY[:40]} {access}"
    if refused:
        harness.toolzz.fail(Answer(403, {"message": words, "request_id": access, "error_code": CANARY[:30]}))
    else:
        everywhere = dict.fromkeys(
            ("connectionStatus", "botId", "unitId", "scope", "lastConnectionErrorCode"), CANARY
        )
        more = {"botToken": CANARY, "lastConnectionErrorMessage": words, "botClientId": access}
        channels = [str(harness.channel.id), CANARY, access]
        change(harness, **everywhere, **more, channelIds=channels, channelsDetail=[{"id": CANARY}])
    found = await diagnose(harness, asked)
    said = file_of(harness, found)
    assert "[redacted]" in said
    for secret, part in product((CANARY, access), (slice(None), slice(20), slice(-20, None))):
        assert secret[part] not in said
    assert CANARY not in "".join(capfd.readouterr())


async def test_the_file_has_one_line_for_each_thing(
    harness: BotHarness, asked: simcord.InteractionResult
) -> None:
    """Toolzz's texts cannot add lines to the file or change their direction; 500 channels have 500 lines."""
    ids = [str(harness.channel.id), *(f"11887654321098{index:05}" for index in range(499))]
    hostile = "x\ncheck bot: ok (member)\r\u2028state: fine\u202e" + "y" * 5_000
    change(harness, lastConnectionErrorMessage=hostile, channelIds=ids, channelsDetail=[])
    said = file_of(harness, await diagnose(harness, asked))
    assert sum(line.startswith("channel: ") for line in said.splitlines()) == 500
    assert sum(line.startswith(("check bot:", "state:")) for line in said.splitlines()) == 2
    assert "\u202e" not in said
    assert max(map(len, said.splitlines())) < 600


@pytest.mark.parametrize("locale", LOCALES)
async def test_every_finding_has_words(
    harness: BotHarness, asked: simcord.InteractionResult, locale: str
) -> None:
    """In both languages every finding of a check has a text of its own."""
    harness.locale = locale
    texts = load_catalog()[locale]
    before: dict[str, Any] = dict(harness.toolzz.integrations[harness.toolzz.CONNECTED])
    said: dict[str, set[str]] = {name: set() for name in CHECKS}
    for matter in [matter for matter in MATTERS if matter != "bot untold"]:
        change(harness, **before)
        MATTERS[matter][0](harness)
        found = await diagnose(harness, asked)
        description = embed_of(found).description or ""
        for name in CHECKS:
            titles = [texts(f"toolzz.check.{name}")]
            if name == "error":
                titles.append(texts("toolzz.check.error.none"))
            (line,) = (line for line in description.splitlines() if any(title in line for title in titles))
            label = f"**{titles[0]}** · "
            said[name].add(line[0] + line.partition(label)[2])
    assert [len(said[name]) for name in CHECKS] == [1, 2, 4, 5, 4, 4, 5, 5]
