"""Connections that their provider refuses need attention, and a button leads to what helps."""

import re
import sqlite3
from contextlib import closing

import discord
import pytest
import simcord

from bot.discord.theme import Tone
from bot.providers.base.simulator import Answer
from tests.support.english import english
from tests.support.failures import NAMES, ROTATE
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

READS = {"sensay": "sensay replicas", "toolzz": "toolzz list"}

every_provider = pytest.mark.parametrize("provider", ["sensay", "toolzz"])


@pytest.fixture
async def connected(harness: BotHarness) -> BotHarness:
    """Return the harness with both providers connected."""
    for provider in NAMES:
        await harness.connect(provider)
    return harness


async def read(harness: BotHarness, provider: str) -> simcord.InteractionResult:
    """Have the manager ask a provider for something."""
    return await harness.manager.slash(harness.channel, READS[provider])


async def listing(harness: BotHarness) -> simcord.InteractionResult:
    """Have the manager list the connections."""
    return await harness.manager.slash(harness.channel, "connections list")


async def try_out(harness: BotHarness, provider: str) -> simcord.InteractionResult:
    """Have the manager test the connection with a provider."""
    return await harness.manager.slash(harness.channel, "connections test", provider=provider)


async def refusals(harness: BotHarness) -> list[tuple[str, str, int | None]]:
    """Return what the audit log says of refused connections."""
    entries = (
        await harness.bot.services.audit.page(harness.guild.id, 100, action="connection.refused")
    ).entries
    return [(entry.target, entry.result, entry.member) for entry in entries]


def refuse(harness: BotHarness, provider: str, status: int = 401, path: str = "") -> None:
    """Let a provider refuse every request from now on. path: only requests to this path."""
    harness.simulator(provider).fail(Answer(status, {"error": "revoked"}), times=None, path=path)


def rows(harness: BotHarness) -> list[tuple[object, ...]]:
    """Return the rows of all connections as they are stored."""
    with closing(sqlite3.connect(harness.database)) as database:
        return database.execute("SELECT * FROM connection").fetchall()


@every_provider
@pytest.mark.parametrize("locale", [ENGLISH, PORTUGUESE])
async def test_a_refused_connection_needs_attention_until_it_is_rotated(
    connected: BotHarness, provider: str, locale: str
) -> None:
    """The answer has the button, the list says since when, and new credentials put an end to it."""
    harness, name = connected, NAMES[provider]
    harness.locale = locale
    refuse(harness, provider)
    refused = await read(harness, provider)
    assert embed_of(refused).title == f"❌ {harness.texts('problem.unauthorized.title', provider=name)}"
    assert labels(refused)[-1] == harness.texts("connections.rotate.button")
    found = await listing(harness)
    assert embed_of(found).colour == discord.Colour(Tone.WARNING.colour)
    entry, other = (embed_of(found).description or "").split("\n\n")
    reason = harness.texts("connections.list.refused", provider=name, time="{}")
    attention = f"\n⚠️ **{harness.texts('connections.list.attention')}** · "
    assert re.search(re.escape(attention + reason).replace(r"\{\}", r"<t:\d+:f> \(<t:\d+:R>\)") + "\n", entry)
    assert entry.startswith(f"**{name}** · ")
    assert attention not in other
    assert "rotate:" in field(found, harness.texts("next_step"))
    assert labels(found) == [harness.texts("connections.list.rotate_button", provider=name, name="default")]
    harness.simulator(provider).heal()
    form = await harness.manager.click(final(found).message, label=labels(found)[0])
    await harness.manager.submit_modal(form, dict(harness.simulator(provider).credentials))
    mended = await listing(harness)
    assert attention not in shown(mended)
    assert labels(mended) == []


@every_provider
async def test_a_refusal_is_noted_once(connected: BotHarness, provider: str) -> None:
    """Ten refused commands in a row cost one more request, and leave one entry in the audit log."""
    harness = connected
    refuse(harness, provider)
    harness.simulator(provider).requests.clear()
    for _ in range(10):
        assert ROTATE in labels(await read(harness, provider))
    assert len(harness.simulator(provider).requests) == 11
    assert await refusals(harness) == [(f"{provider} · default", "refused:unauthorized", None)]


async def test_the_button_beside_a_retry_survives_a_restart(connected: BotHarness) -> None:
    """After a restart both buttons still work, and the form that opens belongs to this connection."""
    harness = connected
    refuse(harness, "toolzz")
    refused = await read(harness, "toolzz")
    assert labels(refused) == ["Refresh", ROTATE]
    await harness.restart()
    form = await harness.manager.click(final(refused).message, label=ROTATE)
    assert form.modal is not None
    assert form.modal["title"] == harness.texts("connections.rotate.form", provider="Toolzz", name="default")


async def test_what_is_forbidden_for_one_agent_alone_is_no_refused_connection(connected: BotHarness) -> None:
    """Good credentials that may not see one integration are found good, and nobody is told to rotate."""
    harness = connected
    refuse(harness, "toolzz", 403, path=harness.toolzz.CONNECTED)
    for _ in range(2):
        refused = await harness.manager.slash(
            harness.channel, "toolzz status", integration=harness.toolzz.CONNECTED
        )
        assert labels(refused) == ["Refresh"]
    assert labels(await listing(harness)) == []
    assert await refusals(harness) == []


@every_provider
async def test_what_forbids_everything_is_a_refused_connection(connected: BotHarness, provider: str) -> None:
    """Once the provider is known to forbid everything, an answer of 403 has the button as well."""
    harness = connected
    refuse(harness, provider, 403)
    assert ROTATE not in labels(await read(harness, provider))
    assert ROTATE in labels(await read(harness, provider))
    assert await refusals(harness) == [(f"{provider} · default", "refused:forbidden", None)]
    assert labels(await listing(harness)) == [f"Replace {NAMES[provider]} · default"]


async def test_a_provider_that_is_down_refuses_nobody(connected: BotHarness) -> None:
    """A fault of the provider says nothing about credentials."""
    harness = connected
    for fault in (Answer(503), Answer(429), Answer.html(200)):
        harness.sensay.heal()
        harness.sensay.fail(fault, times=None)
        assert labels(await read(harness, "sensay")) == ["Refresh"]
    assert labels(await listing(harness)) == []
    assert await refusals(harness) == []


async def test_a_refusal_while_typing_is_noted_too(connected: BotHarness) -> None:
    """Suggestions stay empty without an error; each letter typed costs no further request."""
    harness = connected
    refuse(harness, "sensay")
    harness.sensay.requests.clear()
    for typed in ("j", "jo", "job"):
        assert await harness.manager.autocomplete(harness.channel, "sensay status", "replica", typed) == []
    assert len(harness.sensay.requests) == 2
    assert await refusals(harness) == [("sensay · default", "refused:unauthorized", None)]
    assert labels(await listing(harness)) == [
        english("connections.list.rotate_button", provider="Sensay", name="default")
    ]


async def test_a_refusal_that_a_diagnosis_finds_is_noted_too(connected: BotHarness) -> None:
    """A diagnosis that fails at the credentials offers new ones."""
    harness = connected
    asked = await harness.manager.slash(
        harness.channel, "toolzz status", integration=harness.toolzz.CONNECTED
    )
    refuse(harness, "toolzz")
    found = await harness.manager.click(final(asked).message, label="Diagnose")
    assert labels(found) == ["Diagnose", ROTATE]
    assert await refusals(harness) == [("toolzz · default", "refused:unauthorized", None)]


@every_provider
async def test_a_test_marks_and_clears(connected: BotHarness, provider: str) -> None:
    """A connection that a test finds refused needs attention until a later test finds it good."""
    harness = connected
    refuse(harness, provider)
    assert labels(await try_out(harness, provider)) == [ROTATE]
    assert labels(await listing(harness)) == [f"Replace {NAMES[provider]} · default"]
    harness.simulator(provider).heal()
    assert labels(await try_out(harness, provider)) == []
    assert labels(await listing(harness)) == []
    assert len(await refusals(harness)) == 1


@every_provider
async def test_a_rotation_that_fails_keeps_the_old_credentials(connected: BotHarness, provider: str) -> None:
    """Whatever a rotation fails with, each stored row stays the same to the byte."""
    harness = connected
    simulator = harness.simulator(provider)
    refuse(harness, provider)
    await read(harness, provider)
    before = rows(harness)
    simulator.heal()
    await harness.manager.submit_modal(
        await harness.open_form("rotate", provider), dict(simulator.refused_credentials)
    )
    for fault in (Answer(403, {"error": "no"}), Answer(503), Answer(404, {"error": "no"}), Answer.html(200)):
        simulator.fail(fault)
        await harness.manager.submit_modal(
            await harness.open_form("rotate", provider), dict(simulator.credentials)
        )
    await harness.env.advance_time(61)
    blank = dict.fromkeys(simulator.credentials, " ")
    await harness.manager.submit_modal(await harness.open_form("rotate", provider), blank)
    await harness.open_form("rotate", provider)
    await simulator.stop()
    last = await harness.manager.submit_modal(
        await harness.open_form("rotate", provider), dict(simulator.credentials)
    )
    assert labels(last) == [ROTATE]
    assert rows(harness) == before
    assert labels(await listing(harness)) == [f"Replace {NAMES[provider]} · default"]
    assert len(await refusals(harness)) == 1


async def test_new_credentials_that_may_do_nothing_do_not_speak_against_the_old(
    connected: BotHarness,
) -> None:
    """What a provider says of credentials in a form does not concern the stored ones."""
    harness = connected
    form = await harness.open_form("rotate", "sensay")
    harness.sensay.fail(Answer(403, {"error": "no"}), times=None)
    await harness.manager.submit_modal(form, dict(harness.sensay.credentials))
    assert labels(await listing(harness)) == []
    assert await refusals(harness) == []


async def test_the_list_begins_with_what_needs_attention(connected: BotHarness) -> None:
    """The first five of those have a button each, and a member cannot press it."""
    harness = connected
    for number in range(5):
        await harness.bot.services.connections.add(
            harness.guild.id,
            "toolzz",
            f"unit-{number}",
            harness.toolzz.credentials,
            member_id=harness.manager.id,
        )
    harness.damage("toolzz")
    found = await listing(harness)
    entries = (embed_of(found).description or "").split("\n\n")
    assert ["Needs attention" in entry for entry in entries] == [True] * 6 + [False] * (len(NAMES) - 1)
    assert labels(found) == [
        f"Replace Toolzz · {name}" for name in ("default", "unit-0", "unit-1", "unit-2", "unit-3")
    ]
    pressed = await harness.press(harness.member, final(found), buttons(found)[1]["custom_id"])
    assert pressed.modal is None
    form = await harness.manager.click(final(found).message, custom_id=buttons(found)[1]["custom_id"])
    assert "unit-0" in str(form.modal)


async def test_last_worked_follows_the_checks(harness: BotHarness) -> None:
    """The time is that of the last test or of the last check that was answered, whichever is later."""
    await harness.connect("toolzz")
    await harness.connect("sensay")

    async def worked(provider: str) -> int:
        entries = (embed_of(await listing(harness)).description or "").split("\n\n")
        (entry,) = (each for each in entries if f"**{NAMES[provider]}**" in each)
        return int(entry.rpartition("Last worked <t:")[2].partition(":")[0])

    added = await worked("toolzz")
    await harness.env.advance_time(600)
    harness.sensay.fail(Answer(500, {}), times=None)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    checked = await worked("toolzz")
    assert checked >= added + 600
    assert await worked("sensay") <= added + 1, "a check that failed does not count"
    await harness.env.advance_time(600)
    await try_out(harness, "toolzz")
    tested = await worked("toolzz")
    assert tested >= checked + 600
    harness.toolzz.fail(Answer(401, {}), times=None)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    assert await worked("toolzz") == tested
