"""A manager decides what belongs to the server: link, ignore and stop ignoring, and where that is seen."""

from __future__ import annotations

import json
import re
from typing import Final

import discord
import pytest

from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from bot.providers.base.report import Report
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.alert_steps import embed_messages
from tests.support.authority import NOT_ALLOWED
from tests.support.belonging_steps import (
    BROKEN,
    ELSEWHERE,
    HERE,
    MAYBE,
    MENU,
    NAMES,
    REPLICA,
    ask_about,
    candidates,
    check,
    entries,
    ignore,
    options,
    overview,
    pick_to_see,
    press,
    suggested,
    watched,
)
from tests.support.fake_provider import connect_fake_provider
from tests.support.handover_steps import Meanwhile, token_of
from tests.support.harness import BotHarness, buttons, embed_of, field, final, labels, shown
from tests.support.sensay_steps import component_of
from tests.support.setup_steps import choose, field_of, open_setup
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import LIST, move_here

SOON: Final = 10.0
"""Seconds after which the board and the alerts show a change."""


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with two integrations of Toolzz, one that may run here, and one that runs in another server.

    Sensay lists one replica, whose bot is not in the server.
    """
    move_here(harness)
    add_agent_bot(harness)
    wanted = {key.partition(":")[2] for key in NAMES}
    channels = {
        name: harness.toolzz.integrations[ToolzzSimulator.CONNECTED][name]
        for name in ("channelIds", "channelsDetail")
    }
    harness.toolzz.touch(ToolzzSimulator.HOMELESS, **channels)
    harness.toolzz.integrations = {
        uuid: each for uuid, each in harness.toolzz.integrations.items() if uuid in wanted
    }
    harness.sensay.replicas = {SensaySimulator.ACTIVE: harness.sensay.replicas[SensaySimulator.ACTIVE]}
    await harness.connect("toolzz")
    await harness.connect("sensay")
    await check(harness)
    harness.remove_cooldowns()
    return harness


# --- what may run here ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_may_run_here_is_listed_and_asked_about(harness: BotHarness, locale: str) -> None:
    """Overview and setup list what a provider runs in no known server, with a menu that asks."""
    harness.locale = locale
    texts = harness.texts
    assert await candidates(harness) == {MAYBE, REPLICA}
    for seen in (await overview(harness), await open_setup(harness)):
        lines = field(seen, texts("belonging.maybe")).splitlines()
        assert {re.sub(r"^\S+ ", "", line) for line in lines} == {
            f"**{NAMES[MAYBE]}** · Toolzz",
            f"**{NAMES[REPLICA]}** · Sensay",
        }
        assert set(options(seen, MENU)) == {MAYBE, REPLICA}
        question = await ask_about(harness, MAYBE, seen)
        assert embed_of(question).title == f"❓ {texts('belonging.question', name=NAMES[MAYBE])}"
        assert texts("belonging.question_how", provider="Toolzz") in shown(question)
        assert field(question, texts("diagnosis.check.state")) == f"🟢 {texts('state.connected')}"
        assert [item["label"] for item in buttons(question)] == [
            texts("belonging.link.button"),
            texts("belonging.ignore.button"),
        ]


async def test_what_is_linked_is_watched(harness: BotHarness) -> None:
    """After Link it is no question any more, and overview and setup show it with its state."""
    done = await press(harness, await ask_about(harness, MAYBE), "belonging.link.button")
    assert embed_of(done).title == f"✅ {harness.texts('belonging.linked', name=NAMES[MAYBE])}"
    assert MAYBE in await watched(harness)
    await check(harness)
    assert (await watched(harness))[MAYBE].state is State.CONNECTED
    assert await candidates(harness) == {REPLICA}
    line = f"🟢 **{NAMES[MAYBE]}** · {harness.texts('state.connected')}"
    assert line in shown(await overview(harness))
    steps = await choose(harness, await open_setup(harness), "toolzz")
    assert line in field_of(harness, steps, "have")


async def test_all_that_run_here_are_linked_by_one_button(harness: BotHarness) -> None:
    """The button links what is known to run here, and neither what may run here nor what runs elsewhere."""
    done = await press(harness, await overview(harness), "belonging.link_all.button")
    assert embed_of(done).title == f"✅ {harness.texts.plural('belonging.all_linked', 2)}"
    placed = await harness.bot.services.integrations.all_of_guild(harness.guild.id)
    assert {f"{each.provider}:{each.id}" for each in placed} == {HERE, BROKEN}
    assert [action for action, _, _ in await entries(harness)] == ["integrations.link"] * 2
    for seen in (await overview(harness), await open_setup(harness)):
        assert harness.texts("belonging.link_all.button") not in labels(seen)


async def test_what_runs_elsewhere_is_offered_nowhere(harness: BotHarness) -> None:
    """An integration that its provider places in another server is no question, option or suggestion."""
    asked = [await overview(harness), await open_setup(harness)]
    asked.append(await choose(harness, asked[1], "toolzz"))
    for seen in asked:
        assert ToolzzSimulator.ELSEWHERE not in json.dumps(final(seen).components)
        assert NAMES[ELSEWHERE] not in shown(seen)
    assert ToolzzSimulator.ELSEWHERE not in await suggested(harness)
    assert ELSEWHERE not in {*await watched(harness), *await candidates(harness)}


# --- ignored ---


@pytest.mark.parametrize("key", [HERE, MAYBE])
async def test_what_is_ignored_is_hidden(harness: BotHarness, key: str) -> None:
    """Overview, board, setup, suggestions and every command about it know it no longer."""
    await harness.manager.slash(harness.channel, "integrations board", channel=harness.channel)
    before = await choose(harness, await open_setup(harness), "toolzz")
    assert NAMES[key] in shown(await overview(harness))
    assert key.partition(":")[2] in json.dumps(final(before).components) or NAMES[key] in shown(before)
    done = await ignore(harness, key)
    assert embed_of(done).title == f"💤 {harness.texts('belonging.ignored', name=NAMES[key])}"
    for checked in (False, True):
        if checked:
            await check(harness)
        await harness.env.advance_time(SOON)
        (board,) = embed_messages(harness.channel)
        setup = await open_setup(harness)
        everything = [
            shown(await overview(harness)),
            json.dumps(final(await overview(harness)).components),
            shown(setup),
            json.dumps(final(setup).components),
            json.dumps(board.embeds[0].to_dict(), ensure_ascii=False),
            await suggested(harness),
        ]
        steps = await choose(harness, setup, "toolzz")
        everything += [shown(steps), json.dumps(final(steps).components)]
        assert [text for text in everything if NAMES[key] in text or key.partition(":")[2] in text] == []
    not_watched = harness.texts("problem.not_watched.title")
    for command in ("integrations status", "integrations history", "integrations diagnose"):
        asked = await harness.manager.slash(harness.channel, command, integration=key)
        assert not_watched in shown(asked)


async def test_the_overview_of_sensay_hides_what_is_ignored(harness: BotHarness) -> None:
    """`/sensay status` without a replica leaves it out; its own list marks it."""
    assert NAMES[REPLICA] in shown(await harness.manager.slash(harness.channel, "sensay status"))
    await ignore(harness, REPLICA)
    assert NAMES[REPLICA] not in shown(await harness.manager.slash(harness.channel, "sensay status"))


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("key", "command"), [(MAYBE, "toolzz list"), (REPLICA, "sensay replicas")])
async def test_the_providers_list_marks_it_and_takes_it_back(
    harness: BotHarness, key: str, command: str, locale: str
) -> None:
    """Only the provider's own list shows what is ignored, with a menu after which it is there again."""
    await ignore(harness, key)
    await check(harness)
    harness.locale = locale
    texts = harness.texts
    listed = await harness.manager.slash(harness.channel, command)
    assert NAMES[key] in shown(listed)
    assert shown(listed).count(texts("belonging.ignored_mark")) == 1
    assert options(listed, "setup:seen:") == [key.partition(":")[2]]
    done = await pick_to_see(harness, listed, key)
    assert texts("belonging.stopped") in (embed_of(done).title or "")
    await check(harness)
    assert key in await candidates(harness)
    listed = await harness.manager.slash(harness.channel, command)
    assert texts("belonging.ignored_mark") not in shown(listed)
    assert options(listed, "setup:seen:") == []


async def test_ignoring_unlinks_and_the_button_takes_it_back(harness: BotHarness) -> None:
    """What was linked is linked no longer once it is ignored; the answer's button shows it again."""
    await harness.manager.slash(harness.channel, "toolzz link", integration=ToolzzSimulator.CONNECTED)
    done = await ignore(harness, HERE)
    assert not await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz")
    await check(harness)
    assert HERE not in await watched(harness)
    await press(harness, done, "belonging.stop.button")
    await check(harness)
    assert (await watched(harness))[HERE].state is State.CONNECTED
    assert not await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz")


async def test_what_is_ignored_while_a_check_runs_stays_hidden(harness: BotHarness) -> None:
    """A check that began before does not bring it back, not even until the next one."""

    async def happens() -> None:
        services, guild = harness.bot.services, harness.guild.id
        await services.integrations.ignore(
            guild, "toolzz", "default", ToolzzSimulator.CONNECTED, "x", member_id=harness.manager.id
        )
        await services.monitoring.stop_watching(guild, "toolzz", ToolzzSimulator.CONNECTED)

    harness.toolzz.fail(Meanwhile(happens), path=LIST)
    await check(harness)
    assert HERE not in await watched(harness)


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_open_alert_ends_when_it_is_ignored(harness: BotHarness, locale: str) -> None:
    """Its incident is closed, and the alert says that it is no longer watched."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale(locale)
    harness.locale = locale
    alarm = harness.guild.create_text_channel("alarm")
    await harness.manager.slash(harness.channel, "alerts set", channel=alarm, after=1)
    await check(harness)
    await harness.env.advance_time(SOON)
    about = [each for each in embed_messages(alarm) if NAMES[BROKEN] in (each.embeds[0].title or "")]
    assert len(about) == 1
    await ignore(harness, BROKEN)
    await harness.env.advance_time(SOON)
    since = int(harness.env.now().timestamp())
    open_ones = await harness.bot.services.alerts.incidents(harness.guild.id, since)
    assert BROKEN not in {f"{each.provider}:{each.id}" for each in open_ones if each.closed_at is None}
    (alert,) = [each for each in embed_messages(alarm) if NAMES[BROKEN] in (each.embeds[0].title or "")]
    assert harness.texts("alerts.message.unwatched") in (alert.embeds[0].title or "")


# --- who may ---


async def test_viewers_decide_nothing(harness: BotHarness) -> None:
    """Under an overview that they may see, every one of these components refuses a viewer."""
    done = await ignore(harness, REPLICA)
    viewer = harness.moderator()
    seen = await overview(harness, share=True)
    asked = await ask_about(harness, MAYBE, seen)
    thing = ToolzzSimulator.HOMELESS
    refused = [
        await viewer.select(final(seen).message, [MAYBE], custom_id=component_of(seen, MENU)["custom_id"]),
        await press(harness, seen, "belonging.link_all.button", viewer),
    ]
    for message, custom_id in (
        (final(asked), f"setup:link:toolzz:{thing}"),
        (final(asked), f"setup:ignore:toolzz:{thing}"),
        (final(done), f"setup:seen:{REPLICA}"),
    ):
        refused += await harness.press_at_once(viewer, message, custom_id)
    listed = await harness.manager.slash(harness.channel, "sensay replicas")
    menu = component_of(listed, "setup:seen:sensay~")["custom_id"]
    picked = {"custom_id": menu, "component_type": 3, "values": [SensaySimulator.ACTIVE]}
    refused.append(
        await harness.interact(discord.InteractionType.component, viewer, picked, message=final(listed))
    )
    assert len(refused) == 6
    assert {embed_of(each).title for each in refused} == {NOT_ALLOWED}
    assert MAYBE in await candidates(harness)
    assert SensaySimulator.ACTIVE in await harness.bot.services.integrations.ignored(
        harness.guild.id, "sensay"
    )
    assert not await harness.bot.services.integrations.all_of_guild(harness.guild.id)


async def test_another_server_changes_nothing(harness: BotHarness) -> None:
    """The same components, used in a server without these integrations, find nothing to change."""
    await ignore(harness, REPLICA)
    before = await watched(harness), await candidates(harness), await entries(harness)
    other = harness.other_guild()
    message = await other.manager.slash(other.channel, "setup")
    for action in ("link", "ignore"):
        for key in (HERE, MAYBE, REPLICA):
            pressed = await other.press_forged(message, f"setup:{action}:{key}")
            assert harness.texts("problem.not_watched.title") in shown(pressed)
    await other.press_forged(message, "setup:link-all")
    await other.press_forged(message, f"setup:seen:{REPLICA}")
    assert (await watched(harness), await candidates(harness), await entries(harness)) == before
    assert SensaySimulator.ACTIVE in await harness.bot.services.integrations.ignored(
        harness.guild.id, "sensay"
    )
    assert not await harness.bot.services.integrations.all_of_guild(other.guild.id)


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_audit_log_names_what_was_decided(harness: BotHarness, locale: str) -> None:
    """Each decision is an entry with the integration's name, in words."""
    await press(harness, await ask_about(harness, MAYBE), "belonging.link.button")
    await check(harness)
    done = await ignore(harness, MAYBE)
    await press(harness, done, "belonging.stop.button")
    await ignore(harness, REPLICA)
    await check(harness)
    target, replica = f"toolzz · {ToolzzSimulator.HOMELESS}", f"sensay · {SensaySimulator.ACTIVE}"
    assert await entries(harness) == [
        ("integrations.link", target, "done"),
        ("integrations.ignore", target, "done"),
        ("integrations.unignore", target, "done"),
        ("integrations.ignore", replica, "done"),
    ]
    harness.locale = locale
    harness.bot.services.choices.forget(
        await harness.bot.services.connections.open(harness.guild.id, "sensay")
    )
    text = shown(await harness.manager.slash(harness.channel, "audit list"))
    for action in ("link", "ignore", "unignore"):
        assert harness.texts(f"audit.action.integrations.{action}") in text
    assert text.count(NAMES[MAYBE]) >= 3
    assert NAMES[REPLICA] in text


async def test_the_components_survive_a_restart(harness: BotHarness) -> None:
    """What was shown before works after it: menu, Link, Ignore, Stop ignoring, and Link all."""
    seen = await overview(harness)
    question = await ask_about(harness, MAYBE, seen)
    await harness.restart()
    await press(harness, await ask_about(harness, REPLICA, seen), "belonging.link.button")
    done = await press(harness, question, "belonging.ignore.button")
    await press(harness, seen, "belonging.link_all.button")
    await harness.restart()
    await press(harness, done, "belonging.stop.button")
    await check(harness)
    placed = await harness.bot.services.integrations.all_of_guild(harness.guild.id)
    assert {f"{each.provider}:{each.id}" for each in placed} == {HERE, BROKEN, REPLICA}
    assert await candidates(harness) == {MAYBE}


# --- setup and overview ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_setup_and_overview_agree(harness: BotHarness, locale: str) -> None:
    """Both list the same agents of all providers, each with the same symbol and word."""
    harness.locale = locale
    bot = harness.guild.add_member(harness.env.create_user("desk", bot=True))
    integration = harness.sensay.replicas[SensaySimulator.ACTIVE]["discord_integration"]
    integration |= {"token": token_of(bot.id), "is_active": True}
    away = harness.env.create_user("away", bot=True)
    parrots = await connect_fake_provider(harness)
    here = str(harness.guild.id)
    for state in State:
        if state is not State.BLOCKED:
            parrots.list_integration(
                state, f"Parrot {state}", state, "moulting" if state is State.ERROR else ""
            )
    parrots.listed["absent"] = Report("absent", "Absent parrot", State.CONNECTED, "", here, bot_id=away.id)
    parrots.listed["far"] = Report("far", "Far parrot", State.CONNECTED, "", "1")
    await press(harness, await ask_about(harness, MAYBE), "belonging.link.button")
    await check(harness)
    expected = await watched(harness)
    assert {each.state for each in expected.values()} == set(State)
    listed = embed_of(await overview(harness)).description or ""
    in_overview = set(re.findall(r"(?m)^(\S+ \*\*.+?\*\* · [^·\n]+)$", listed))
    assert len(in_overview) == len(expected)
    in_setup: set[str] = set()
    setup = await open_setup(harness)
    for provider in ("toolzz", "sensay", parrots.slug):
        of_provider = [each for each in expected.values() if each.provider == provider]
        well = sum(each.state is State.CONNECTED for each in of_provider)
        name = harness.bot.services.providers[provider].name
        counted = harness.texts.plural("setup.have.well", len(of_provider), well=well)
        assert field(setup, name) == counted
        steps = await choose(harness, setup, provider)
        step = "agents" if provider == parrots.slug else "have"
        text = field_of(harness, steps, step)
        in_setup |= set(re.findall(r"(?m)^(\S+ \*\*.+?\*\* · [^·\n]+?)(?= ·|$)", text))
        setup = await open_setup(harness)
    assert in_setup == in_overview
