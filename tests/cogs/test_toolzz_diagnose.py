"""What a diagnosis finds, in which order, what there is to do, and what its file tells a support team."""

import re
from collections.abc import Callable
from importlib.metadata import version
from itertools import product
from typing import Any

import pytest
import simcord

from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.simulator import Answer
from bot.providers.toolzz.diagnosis import CHECKS
from tests.cogs.failures import FAILURES, ROTATE, Failure
from tests.cogs.toolzz_agent import change, enlist, look_at, move_here, press
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, labels, shown

GONE = "1188765432109876599"
CANARY = "FAKE-TOKEN-canary-of-a-bot.not-real.0123456789abcdef0123456789abcdef"
OK, BAD, OPEN, SKIPPED = "✅❌❔➖"


@pytest.fixture
async def asked(town: Town) -> simcord.InteractionResult:
    """The status of an integration that runs here and is well."""
    await town.connect("toolzz")
    enlist(town)
    move_here(town)
    return await look_at(town)


async def diagnose(town: Town, asked: simcord.InteractionResult) -> simcord.InteractionResult:
    """Press the button that diagnoses."""
    return await press(town, asked, "Diagnose")


def verdicts(result: simcord.InteractionResult) -> str:
    """Return the checks' symbols, in order."""
    return "".join(re.findall(r"(?m)^(.) \*\*[^<*]+\*\* · ", embed_of(result).description or ""))


def fixes(result: simcord.InteractionResult) -> list[str]:
    """Return what is to be done, check by check."""
    return re.findall(r"(?m)^↳ (.*)$", embed_of(result).description or "")


def file_of(town: Town, result: simcord.InteractionResult) -> str:
    """Return what is attached."""
    (file,) = final(result).attachments
    assert file.filename == "diagnosis.txt"
    return (town.env.backend.cdn.get(file.url) or b"").decode()


async def test_where_all_is_well_nothing_is_to_be_done(town: Town, asked: simcord.InteractionResult) -> None:
    """All eight checks are right, in their order; the answer is the presser's alone, the status stays."""
    before = shown(asked)
    found = await diagnose(town, asked)
    assert found.ephemeral
    assert embed_of(found).title == "🩺 Diagnosis of Suporte da loja"
    assert verdicts(found) == OK * 8
    names = re.findall(r"\*\*([^<*]+)\*\* · ", embed_of(found).description or "")
    assert names == [town.texts(f"toolzz.check.{name}") for name in CHECKS]
    assert fixes(found) == []
    assert field(found, "Next step") == town.texts("diagnosis.fine", provider="Toolzz")
    assert labels(found) == ["Diagnose"]
    assert shown(asked) == before


def gone_bot(town: Town) -> None:
    """Let the integration name a bot that is in no server."""
    change(town, botClientId=str(town.env.create_user("stranger", bot=True).id))


def hush(town: Town) -> None:
    """Let Discord not say who is a member."""
    town.env.inject_error("GET", "/guilds/*/members/*", status=500, times=None)


def report(**changes: object) -> Callable[[Town], None]:
    """Return what lets Toolzz report something else."""
    return lambda town: change(town, **changes)


# What is the matter, the verdicts, and the beginning of the first fix.
MATTERS: dict[str, tuple[Callable[[Town], None], str, str]] = {
    "deleted": (report(deletedAt="2026-10-02 17:45:30"), OK + BAD + SKIPPED * 6, "It is gone in Toolzz"),
    "off": (report(isActive=False), OK * 2 + BAD + SKIPPED + OK * 4, "Switch the integration on in Toolzz"),
    "switch untold": (report(isActive=None), OK * 2 + OPEN + OK * 5, "Look at it in Toolzz, or diagnose"),
    "disconnected": (
        report(connectionStatus="disconnected"),
        OK * 3 + BAD + OK * 4,
        "Open the integration in Toolzz and connect it again",
    ),
    "error": (
        report(connectionStatus="error"),
        OK * 3 + BAD + OK * 4,
        "Open the integration in Toolzz, look",
    ),
    "unknown word": (
        report(connectionStatus="hibernating"),
        OK * 3 + OPEN + OK * 4,
        "Press **Refresh** in a",
    ),
    "known code": (
        report(connectionStatus="disconnected", lastConnectionErrorCode="4014"),
        OK * 3 + BAD + OK * 3 + BAD,
        "Switch on **Message Content Intent**",
    ),
    "unknown code": (
        report(connectionStatus="error", lastConnectionErrorCode="5000"),
        OK * 3 + BAD + OK * 3 + OPEN,
        "Open the integration in Toolzz, look at the error",
    ),
    "old code": (report(lastConnectionErrorCode="4004"), OK * 8, ""),
    "elsewhere": (report(guildId=GONE), OK * 4 + BAD + SKIPPED * 2 + OK, "Check in Toolzz which server"),
    "server untold": (report(guildId=None), OK * 4 + OPEN + OK * 3, "Look at it in Toolzz, or diagnose"),
    "bot absent": (gone_bot, OK * 5 + BAD + SKIPPED + OK, "[Invite the bot](https://discord.com/oauth2/"),
    "bot untold": (hush, OK * 5 + OPEN * 2 + OK, "Look at it in Toolzz, or diagnose"),
    "bot nameless": (report(botClientId=None), OK * 5 + OPEN * 2 + OK, "Look at it in Toolzz, or diagnose"),
    "channel gone": (
        report(channelIds=[GONE], channelsDetail=[]),
        OK * 6 + BAD + OK,
        "Change what is marked ❌ above",
    ),
    "no channel": (report(channelIds=[], channelsDetail=[]), OK * 6 + OPEN + OK, "Look at it in Toolzz, or"),
}


@pytest.mark.parametrize("matter", MATTERS)
async def test_what_is_the_matter_is_found(town: Town, asked: simcord.InteractionResult, matter: str) -> None:
    """Each thing that can be wrong fails its own check, and what depends on it is not checked.

    The first one that failed, or else that nobody can tell, says what to do now.
    """
    spoil, expected, step = MATTERS[matter]
    spoil(town)
    found = await diagnose(town, asked)
    assert verdicts(found) == expected
    assert len(fixes(found)) == expected.count(BAD) + expected.count(OPEN)
    assert field(found, "Next step").startswith(step or town.texts("diagnosis.fine", provider="Toolzz"))
    said = file_of(town, found)
    words = {OK: "ok", BAD: "failed", OPEN: "unknown", SKIPPED: "skipped"}
    for name, symbol in zip(CHECKS, expected, strict=True):
        assert f"check {name}: {words[symbol]} (" in said


async def test_a_failure_comes_before_a_doubt(town: Town, asked: simcord.InteractionResult) -> None:
    """What is known to be wrong leads, although something before it could not be told."""
    change(town, isActive=None, channelIds=[GONE], channelsDetail=[])
    found = await diagnose(town, asked)
    assert verdicts(found) == OK * 2 + OPEN + OK * 3 + BAD + OK
    assert field(found, "Next step") == town.texts("toolzz.next.channels")
    assert f"❌ `{GONE}`: not found in this server" in shown(found)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: failure.name)
async def test_a_failure_of_toolzz_is_a_finding(
    town: Town, asked: simcord.InteractionResult, failure: Failure
) -> None:
    """What keeps Toolzz from telling is a check that failed, worded as ever, and all after it is left out."""
    failure.strike(town, "toolzz")
    found = await diagnose(town, asked)
    expected = {"unauthorized": BAD + SKIPPED * 7, "forbidden": BAD + SKIPPED * 7, "not_found": OK + BAD}
    assert verdicts(found).startswith(expected.get(failure.key, OPEN + SKIPPED * 7))
    assert verdicts(found).endswith(SKIPPED * 6)
    assert embed_of(found).title == f"🩺 Diagnosis of `{town.toolzz.CONNECTED}`"
    assert field(found, "Next step") == fixes(found)[0]
    said = file_of(town, found)
    assert f"failure: {failure.key}\n" in said
    assert (f"status: {failure.status}\n" in said) is (failure.status is not None)
    assert (f"request id: {failure.request_id}\n" in said) is (failure.request_id is not None)
    assert "run.ts" not in said + shown(found)
    assert labels(found) == ["Diagnose", *([ROTATE] if failure.key == "unauthorized" else [])]


async def test_it_can_be_diagnosed_again_after_a_restart(
    town: Town, asked: simcord.InteractionResult
) -> None:
    """The button of the status and that of the diagnosis work with another run of the bot."""
    await town.restart()
    found = await diagnose(town, asked)
    await town.restart()
    change(town, isActive=False)
    assert verdicts(await diagnose(town, found)).startswith(OK * 2 + BAD)


async def test_it_speaks_the_language_of_who_presses(town: Town, asked: simcord.InteractionResult) -> None:
    """Checks, fixes and button are in the presser's language; the file is for support, in one language."""
    change(town, isActive=False)
    english = file_of(town, await diagnose(town, asked))
    town.locale = PORTUGUESE
    found = await diagnose(town, asked)
    assert "❌ **Ligada** · Não, está desligada na Toolzz." in shown(found)
    assert field(found, "Próximo passo").startswith("Ligue a integração na Toolzz")
    assert labels(found) == ["Diagnosticar"]
    assert [line for line in file_of(town, found).splitlines() if "written" not in line] == [
        line for line in english.splitlines() if "written" not in line
    ]


async def test_a_member_without_rights_is_refused(town: Town, asked: simcord.InteractionResult) -> None:
    """Under a shared status a diagnosis is for managers, and who is none gets no file."""
    shared = await look_at(town, share=True)
    town.toolzz.requests.clear()
    refused = await press(town, shared, "Diagnose", town.member)
    assert embed_of(refused).title == "⚠️ This is for this server's managers"
    assert final(refused).attachments == []
    assert not town.toolzz.requests
    assert (await press(town, shared, "Diagnose")).ephemeral


async def test_a_connection_removed_meanwhile_is_an_error(
    town: Town, asked: simcord.InteractionResult
) -> None:
    """Without credentials there is nothing to diagnose with, which is no finding about the integration."""
    await town.bot.connections.remove(town.guild.id, "toolzz", "default")
    assert shown(await diagnose(town, asked)).startswith("⚠️ No Toolzz connection named default")


# --- the file ---


async def test_the_file_has_what_support_needs(town: Town, asked: simcord.InteractionResult) -> None:
    """Version, ids, states, times in UTC, checks and channels, line by line."""
    change(
        town,
        channelIds=[str(town.channel.id), GONE],
        lastConnectedAt="2026-11-20 05:15:27.14-03:00",
        lastDisconnectedAt="0001-01-01T00:00:00+23:59",
        permissions="9007199254740993",
    )
    lines = file_of(town, await diagnose(town, asked)).splitlines()
    assert lines[0] == f"patchbay: {version('patchbay')}"
    assert re.fullmatch(r"written: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[1])
    for line in (
        f"integration: {town.toolzz.CONNECTED}",
        f"agent: {town.toolzz.AGENT}",
        "state: connected",
        "active: yes",
        "scope: mentions",
        "permissions: 9007199254740993",
        "last connected: 2026-11-20T08:15:27Z",
        "last disconnected: 0001-01-01T00:00:00+23:59",
        f"server: {town.guild.id}",
        f"server that asks: {town.guild.id}",
        "bot is a member: yes",
        f"channel: {town.channel.id} usable",
        f"channel: {GONE} gone",
        f"only in channelIds: {GONE}",
    ):
        assert line in lines
    assert not [line for line in lines if line.endswith(": None")]


async def test_the_file_names_nobody(town: Town, asked: simcord.InteractionResult) -> None:
    """Neither who asked nor who linked is in it, nor what a server, a channel or an agent is called."""
    opened = await town.bot.connections.open(town.guild.id, "toolzz")
    await town.bot.integrations.record(
        opened, town.toolzz.CONNECTED, "x", bot_id=None, member_id=town.member.id
    )
    said = file_of(town, await diagnose(town, asked))
    for word in (town.manager.id, town.member.id, "mira", "noor", "Harbour", "bridge", "Suporte", "Olá"):
        assert str(word) not in said


@pytest.mark.parametrize("refused", [False, True])
async def test_no_secret_is_in_the_file(
    town: Town, asked: simcord.InteractionResult, refused: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    """Tokens that Toolzz repeats, wherever it does and in whatever words, go nowhere."""
    access = town.toolzz.credentials["access_token"]
    words = f"refused {CANARY} of Bearer {access} token={CANARY[:40]} {access}"
    if refused:
        town.toolzz.fail(Answer(403, {"message": words, "request_id": access, "error_code": CANARY[:30]}))
    else:
        everywhere = dict.fromkeys(
            ("connectionStatus", "botId", "unitId", "scope", "lastConnectionErrorCode"), CANARY
        )
        more = {"botToken": CANARY, "lastConnectionErrorMessage": words, "botClientId": access}
        channels = [str(town.channel.id), CANARY, access]
        change(town, **everywhere, **more, channelIds=channels, channelsDetail=[{"id": CANARY}])
    found = await diagnose(town, asked)
    said = file_of(town, found)
    assert "[redacted]" in said
    for secret, part in product((CANARY, access), (slice(None), slice(20), slice(-20, None))):
        assert secret[part] not in said
    assert CANARY not in "".join(capfd.readouterr())


async def test_the_file_has_one_line_for_each_thing(town: Town, asked: simcord.InteractionResult) -> None:
    """What Toolzz says cannot add lines of its own, nor turn the text around; 500 channels have 500 lines."""
    ids = [str(town.channel.id), *(f"11887654321098{index:05}" for index in range(499))]
    hostile = "x\ncheck bot: ok (member)\r\u2028state: fine\u202e" + "y" * 5_000
    change(town, lastConnectionErrorMessage=hostile, channelIds=ids, channelsDetail=[])
    said = file_of(town, await diagnose(town, asked))
    assert sum(line.startswith("channel: ") for line in said.splitlines()) == 500
    assert sum(line.startswith(("check bot:", "state:")) for line in said.splitlines()) == 2
    assert "\u202e" not in said
    assert max(map(len, said.splitlines())) < 600


@pytest.mark.parametrize("locale", LOCALES)
async def test_every_finding_has_words(town: Town, asked: simcord.InteractionResult, locale: str) -> None:
    """In both languages each matter is worded, with another text for every finding of one check."""
    town.locale = locale
    texts = load_catalog()[locale]
    before: dict[str, Any] = dict(town.toolzz.integrations[town.toolzz.CONNECTED])
    said: dict[str, set[str]] = {name: set() for name in CHECKS}
    for matter in [matter for matter in MATTERS if matter != "bot untold"]:
        change(town, **before)
        MATTERS[matter][0](town)
        found = await diagnose(town, asked)
        description = embed_of(found).description or ""
        for name in CHECKS:
            label = re.escape(f"**{texts(f'toolzz.check.{name}')}** · ")
            (finding,) = re.findall(rf"(?m)^. {label}(.+)$", description)
            said[name].add(finding)
    assert [len(said[name]) for name in CHECKS] == [1, 2, 4, 5, 4, 4, 5, 5]
