"""What is done to get each picture: commands and presses, as a member would do it.

A step goes by the bot's own texts, so that a scene holds when a layout changes; whether a picture is stale
is known by its fingerprint.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from tests.documents.album import Album
from tests.documents.world import World
from tests.support.harness import buttons, final

AGENT: Final = "Suporte da loja"
HOUR: Final = 3600
WEEK: Final = 7 * 24
"""Hours."""
OUTAGES: Final = {81, 80, 79, 9}
"""How many hours ago the agent was found disconnected."""
Scene = Callable[[World, Album], Awaitable[None]]


async def play_setup(world: World, album: Album) -> None:
    """From a server without anything to the first agent that is connected."""
    toolzz = world.harness.toolzz
    toolzz.integrations = {each: toolzz.integrations[each] for each in (toolzz.CONNECTED, toolzz.HOMELESS)}
    await album.shoot("help", await world.run("help"))
    steps = await world.run("setup")
    await album.shoot("setup", steps)
    await world.press(steps, "Toolzz")
    form = await world.form(await world.press(steps, world.texts("setup.enter_button")))
    await album.shoot("credentials-form", form)
    await world.harness.manager.submit_modal(form, dict(toolzz.credentials))
    await album.shoot("setup-agents", steps)
    await world.check()
    await world.press(steps, world.texts("setup.check_button"))
    wanted = world.texts("setup.alerts.placeholder")
    (menu,) = (each["custom_id"] for each in buttons(steps) if each.get("placeholder") == wanted)
    await world.harness.manager.select(final(steps).message, [world.alerts], custom_id=menu)
    await album.shoot("setup-done", steps)


async def play_sensay(world: World, album: Album) -> None:
    """The bot token of an agent: the form, and the question before it is sent."""
    await world.connect("sensay")
    form = await world.form(await world.run("sensay connect", replica=world.harness.sensay.UNCONNECTED))
    await album.shoot("token-form", form)
    question = await world.harness.manager.submit_modal(
        form, {"discord_token": world.harness.sensay.discord_token}
    )
    await album.shoot("token-question", question)


async def play_toolzz(world: World, album: Album) -> None:
    """The state of an agent, why one does not answer, and a change of its settings."""
    toolzz = world.harness.toolzz
    await world.connect("toolzz")
    await world.check()
    await album.shoot("status", await world.run("toolzz status", integration=toolzz.DISCONNECTED))
    settings = await world.run("toolzz edit", integration=toolzz.CONNECTED)
    form = await world.form(await world.press(settings, world.texts("toolzz.edit.button")))
    answer = {"title": f"{AGENT} 24h", "channels": [world.agents], "scope": "all", "switches": ["mention"]}
    await album.shoot("edit-question", await world.harness.manager.submit_modal(form, answer))
    await world.run("access grant", tier="viewer", role=world.moderators)
    await album.shoot("access-list", await world.run("access list"))


async def play_alerts(world: World, album: Album) -> None:
    """An agent that breaks and recovers: alert, overview, diagnosis, board and history."""
    toolzz = world.harness.toolzz
    toolzz.integrations = {each: toolzz.integrations[each] for each in (toolzz.CONNECTED, toolzz.INACTIVE)}
    await world.connect("toolzz")
    await record_week(world)
    await world.check()
    await album.shoot(
        "alerts-set", await world.run("alerts set", channel=world.alerts, role=world.moderators)
    )
    toolzz.break_integration(toolzz.CONNECTED)
    await world.check(times=3)
    alert = world.last_message()
    await album.shoot("alert-opened", alert)
    key = f"toolzz:{toolzz.CONNECTED}"
    await album.shoot("diagnose", await world.run("integrations diagnose", integration=key))
    await album.shoot("overview", await world.run("integrations overview"))
    await world.run("integrations board", channel=world.agents)
    await world.harness.env.advance_time(10)
    await album.shoot("board", world.agents.history()[-1])
    await world.harness.env.advance_time(HOUR / 2)
    toolzz.heal_integration(toolzz.CONNECTED)
    await world.check(times=3)
    (closed,) = (each for each in world.alerts.history() if each.id == alert.id)
    await album.shoot("alert-closed", closed)
    await album.shoot("history", await world.run("integrations history", integration=key))


async def play_storm(world: World, album: Album) -> None:
    """Several agents that break together, in one alert."""
    toolzz = world.harness.toolzz
    toolzz.heal_integration(toolzz.DISCONNECTED)
    for each in (toolzz.INACTIVE, toolzz.HOMELESS):
        own = {"id": each, "title": toolzz.integrations[each]["title"]}
        toolzz.touch(each, **toolzz.integrations[toolzz.CONNECTED] | own)
    await world.connect("toolzz")
    await world.check()
    await world.run("alerts set", channel=world.alerts, role=world.moderators)
    for each in toolzz.integrations:
        toolzz.break_integration(each)
    await world.check(times=3)
    await album.shoot("alert-group", world.last_message())


async def record_week(world: World) -> None:
    """Record what the checks of a week have found: an outage in each of two nights."""
    now, agent = int(world.harness.env.now().timestamp()), world.harness.toolzz.CONNECTED
    place = str(world.harness.guild.id)
    for hours in range(WEEK, 0, -1):
        state = State.DISCONNECTED if hours in OUTAGES else State.CONNECTED
        await world.harness.bot.services.poller._recorder.record(
            CheckResult(
                world.harness.guild.id,
                "toolzz",
                "default",
                now - hours * HOUR,
                CheckOutcome.ANSWERED,
                Reports((Report(agent, AGENT, state, guild_id=place),)),
            )
        )


SCENES: Final[tuple[Scene, ...]] = (play_setup, play_sensay, play_toolzz, play_alerts, play_storm)
