"""Connections that their provider refuses: they need attention, once, and a button leads to what helps."""

import re
import sqlite3
from contextlib import closing

import discord
import pytest
import simcord

from bot.kit.simulator import Answer
from bot.ui.theme import Tone
from tests.cogs.failures import NAMES, ROTATE
from tests.cogs.town import ENGLISH, PORTUGUESE, Town, buttons, embed_of, field, final, labels, shown

READS = {"sensay": "sensay replicas", "toolzz": "toolzz list"}

every_provider = pytest.mark.parametrize("provider", ["sensay", "toolzz"])


@pytest.fixture
async def connected(town: Town) -> Town:
    """The town with both providers connected."""
    for provider in NAMES:
        await town.connect(provider)
    return town


async def read(town: Town, provider: str) -> simcord.InteractionResult:
    """Have the manager ask a provider for something."""
    return await town.manager.slash(town.channel, READS[provider])


async def listing(town: Town) -> simcord.InteractionResult:
    """Have the manager list the connections."""
    return await town.manager.slash(town.channel, "connections list")


async def try_out(town: Town, provider: str) -> simcord.InteractionResult:
    """Have the manager test the connection with a provider."""
    return await town.manager.slash(town.channel, "connections test", provider=provider)


async def refusals(town: Town) -> list[tuple[str, str, int | None]]:
    """Return what the audit log says of refused connections."""
    entries = (await town.bot.audit.page(town.guild.id, 1, 100, action="connection.refused")).entries
    return [(entry.target, entry.result, entry.member) for entry in entries]


def refuse(town: Town, provider: str, status: int = 401, path: str = "") -> None:
    """Let a provider refuse what is asked of it from now on."""
    town.simulator(provider).fail(Answer(status, {"error": "revoked"}), times=None, path=path)


def rows(town: Town) -> list[tuple[object, ...]]:
    """Return all that is stored of connections."""
    with closing(sqlite3.connect(town.database)) as database:
        return database.execute("SELECT * FROM connection").fetchall()


@every_provider
@pytest.mark.parametrize("locale", [ENGLISH, PORTUGUESE])
async def test_a_refused_connection_needs_attention_until_it_is_rotated(
    connected: Town, provider: str, locale: str
) -> None:
    """The answer has the button, the list says since when, and new credentials put an end to it."""
    town, name = connected, NAMES[provider]
    town.locale = locale
    refuse(town, provider)
    refused = await read(town, provider)
    assert embed_of(refused).title == f"❌ {town.texts('problem.unauthorized.title', provider=name)}"
    assert labels(refused)[-1] == town.texts("connections.rotate.button")
    found = await listing(town)
    assert embed_of(found).colour == discord.Colour(Tone.WARNING.colour)
    entry, other = (embed_of(found).description or "").split("\n\n")
    words = town.texts("connections.list.refused", provider=name, time="{}")
    attention = f"\n⚠️ **{town.texts('connections.list.attention')}** · "
    assert re.search(re.escape(attention + words).replace(r"\{\}", r"<t:\d+:f> \(<t:\d+:R>\)") + "\n", entry)
    assert entry.startswith(f"**{name}** · ")
    assert attention not in other
    assert "rotate:" in field(found, town.texts("next_step"))
    assert labels(found) == [town.texts("connections.list.rotate_button", provider=name, name="default")]
    town.simulator(provider).heal()
    form = await town.manager.click(final(found).message, label=labels(found)[0])
    await town.manager.submit_modal(form, dict(town.simulator(provider).credentials))
    mended = await listing(town)
    assert attention not in shown(mended)
    assert labels(mended) == []


@every_provider
async def test_a_refusal_is_noted_once(connected: Town, provider: str) -> None:
    """Ten refused commands in a row cost one request more, and are one entry in the audit log."""
    town = connected
    refuse(town, provider)
    town.simulator(provider).requests.clear()
    for _ in range(10):
        assert ROTATE in labels(await read(town, provider))
    assert len(town.simulator(provider).requests) == 11
    assert await refusals(town) == [(f"{provider} · default", "refused:unauthorized", None)]


async def test_the_button_beside_a_retry_outlives_a_restart(connected: Town) -> None:
    """Both buttons do what they did, and the form that opens is the one of this connection."""
    town = connected
    refuse(town, "toolzz")
    refused = await read(town, "toolzz")
    assert labels(refused) == ["Refresh", ROTATE]
    await town.restart()
    form = await town.manager.click(final(refused).message, label=ROTATE)
    assert form.modal is not None
    assert form.modal["title"] == town.texts("connections.rotate.form", provider="Toolzz", name="default")


async def test_what_is_forbidden_for_one_agent_alone_is_no_refused_connection(connected: Town) -> None:
    """Good credentials that may not see one integration are found good, and nobody is told to rotate."""
    town = connected
    refuse(town, "toolzz", 403, path=town.toolzz.CONNECTED)
    for _ in range(2):
        refused = await town.manager.slash(town.channel, "toolzz status", integration=town.toolzz.CONNECTED)
        assert labels(refused) == ["Refresh"]
    assert labels(await listing(town)) == []
    assert await refusals(town) == []


@every_provider
async def test_what_forbids_everything_is_a_refused_connection(connected: Town, provider: str) -> None:
    """Once that has been found out, an answer of 403 has the button as well."""
    town = connected
    refuse(town, provider, 403)
    assert ROTATE not in labels(await read(town, provider))
    assert ROTATE in labels(await read(town, provider))
    assert await refusals(town) == [(f"{provider} · default", "refused:forbidden", None)]
    assert labels(await listing(town)) == [f"Rotate {NAMES[provider]} · default"]


async def test_a_provider_that_is_down_refuses_nobody(connected: Town) -> None:
    """A failure of the provider's own says nothing about credentials."""
    town = connected
    for fault in (Answer(503), Answer(429), Answer.html(200)):
        town.sensay.heal()
        town.sensay.fail(fault, times=None)
        assert labels(await read(town, "sensay")) == ["Refresh"]
    assert labels(await listing(town)) == []
    assert await refusals(town) == []


async def test_a_refusal_while_typing_is_noted_too(connected: Town) -> None:
    """Suggestions stay empty without an error; each letter typed costs no further request."""
    town = connected
    refuse(town, "sensay")
    town.sensay.requests.clear()
    for typed in ("j", "jo", "job"):
        assert await town.manager.autocomplete(town.channel, "sensay status", "replica", typed) == []
    assert len(town.sensay.requests) == 2
    assert await refusals(town) == [("sensay · default", "refused:unauthorized", None)]
    assert labels(await listing(town)) == ["Rotate Sensay · default"]


async def test_a_refusal_that_a_diagnosis_finds_is_noted_too(connected: Town) -> None:
    """A diagnosis that fails at the credentials offers new ones."""
    town = connected
    asked = await town.manager.slash(town.channel, "toolzz status", integration=town.toolzz.CONNECTED)
    refuse(town, "toolzz")
    found = await town.manager.click(final(asked).message, label="Diagnose")
    assert labels(found) == ["Diagnose", ROTATE]
    assert await refusals(town) == [("toolzz · default", "refused:unauthorized", None)]


@every_provider
async def test_a_test_marks_and_clears(connected: Town, provider: str) -> None:
    """What a test finds refused needs attention; what a later one finds good does not."""
    town = connected
    refuse(town, provider)
    assert labels(await try_out(town, provider)) == [ROTATE]
    assert labels(await listing(town)) == [f"Rotate {NAMES[provider]} · default"]
    town.simulator(provider).heal()
    assert labels(await try_out(town, provider)) == []
    assert labels(await listing(town)) == []
    assert len(await refusals(town)) == 1


@every_provider
async def test_a_rotation_that_fails_keeps_the_old_credentials(connected: Town, provider: str) -> None:
    """Refused, forbidden, invalid, nobody there, or never sent: each row is the same to the byte."""
    town = connected
    simulator = town.simulator(provider)
    refuse(town, provider)
    await read(town, provider)
    before = rows(town)
    simulator.heal()
    await town.manager.submit_modal(
        await town.open_form("rotate", provider), dict(simulator.refused_credentials)
    )
    for fault in (Answer(403), Answer(503), Answer(404), Answer.html(200)):
        simulator.fail(fault)
        await town.manager.submit_modal(await town.open_form("rotate", provider), dict(simulator.credentials))
    blank = dict.fromkeys(simulator.credentials, " ")
    await town.manager.submit_modal(await town.open_form("rotate", provider), blank)
    await town.open_form("rotate", provider)
    await simulator.stop()
    last = await town.manager.submit_modal(
        await town.open_form("rotate", provider), dict(simulator.credentials)
    )
    assert labels(last) == [ROTATE]
    assert rows(town) == before
    assert labels(await listing(town)) == [f"Rotate {NAMES[provider]} · default"]
    assert len(await refusals(town)) == 1


async def test_new_credentials_that_may_do_nothing_do_not_speak_against_the_old(connected: Town) -> None:
    """What a provider says of credentials in a form is not about those that are stored."""
    town = connected
    form = await town.open_form("rotate", "sensay")
    town.sensay.fail(Answer(403), times=None)
    await town.manager.submit_modal(form, dict(town.sensay.credentials))
    assert labels(await listing(town)) == []
    assert await refusals(town) == []


async def test_the_list_begins_with_what_needs_attention(connected: Town) -> None:
    """Unreadable ones too; each of the first five has a button, and a member cannot press it."""
    town = connected
    for number in range(5):
        await town.bot.connections.add(
            town.guild.id, "toolzz", f"unit-{number}", town.toolzz.credentials, member_id=town.manager.id
        )
    town.damage("toolzz")
    found = await listing(town)
    entries = (embed_of(found).description or "").split("\n\n")
    assert ["Needs attention" in entry for entry in entries] == [True] * 6 + [False]
    assert labels(found) == [
        f"Rotate Toolzz · {name}" for name in ("default", "unit-0", "unit-1", "unit-2", "unit-3")
    ]
    pressed = await town.press(town.member, final(found), buttons(found)[1]["custom_id"])
    assert pressed.modal is None
    form = await town.manager.click(final(found).message, custom_id=buttons(found)[1]["custom_id"])
    assert "unit-0" in str(form.modal)
