"""The demo's own page around the chat, used with a mouse in a browser."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from playwright.async_api import Route, expect
from simcord.enums import InteractionType

from bot.demo.page_texts import ENGLISH, PORTUGUESE
from bot.demo.stage import Stage
from bot.i18n.catalog import load_catalog
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.browser import CHROMIUM
from tests.support.demo_page import DemoPage
from tests.support.demo_steps import connect, simulator
from tests.support.english import english

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH"),
    pytest.mark.sqlite,  # the page knows no database
]
SOON = 30_000
"""Milliseconds until an alert is posted, and until it is closed."""
TO_THE_END = (
    "(t => t.scrollHeight - t.scrollTop - t.clientHeight)(document.getElementById('channel-timeline'))"
)
"""How far the chat is from its end, in pixels."""


@pytest.fixture(autouse=True)
def checked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bot find out within two seconds."""
    monkeypatch.setattr("bot.demo.stage.CHECK_INTERVAL", 1)


async def test_it_opens_on_an_incident_that_heal_ends(stage: Stage) -> None:
    """The alert of an agent that is down is in its channel; Heal closes it."""
    async with DemoPage.open(stage, has_past=True) as demo:
        await demo.go_to(stage.world.alerts.name or "")
        await expect(demo.chat.locator(".embed-card")).to_contain_text("Pedidos e entregas", timeout=SOON)
        await demo.button(ENGLISH["heal"]).click()
        await expect(demo.chat).to_contain_text(english("alerts.message.recovered"), timeout=SOON)


async def test_an_agent_that_is_broken_is_told_of(stage: Stage) -> None:
    """Break says what it did, and the alert appears; the guide counts it as done."""
    async with DemoPage.open(stage, has_past=True) as demo:
        await demo.go_to(stage.world.alerts.name or "")
        await demo.guide.get_by_role("combobox").select_option("Comunidade")
        await demo.button(ENGLISH["break"]).click()
        await expect(demo.guide.get_by_role("status")).to_contain_text("Comunidade")
        step = demo.guide.locator("li").filter(has_text=ENGLISH["break.title"])
        await expect(step).to_have_attribute("data-done", "true")
        await expect(demo.chat).to_contain_text("Comunidade", timeout=SOON)


async def test_the_chat_follows_what_is_sent(stage: Stage) -> None:
    """The end of each answer is in view, however long it is, and whoever looks further up stays there."""
    async with DemoPage.open(stage, has_past=True) as demo:
        for command in ("integrations overview", "alerts list", "alerts quiet-hours", "connections list"):
            await demo.browser.command(command)
            await demo.browser.answered()
            await wait_for_distance(demo, lambda distance: distance <= 1)
        await demo.chat.hover()
        await demo.page.mouse.wheel(0, -400)
        above = await wait_for_distance(demo, lambda distance: distance > 100)
        await demo.button(ENGLISH["heal"]).click()
        await expect(demo.guide.get_by_role("status")).not_to_be_empty()
        assert await wait_for_distance(demo, lambda distance: distance > 0) >= above


async def wait_for_distance(demo: DemoPage, is_reached: Callable[[float], bool]) -> float:
    """Return how far the chat is from its end, in pixels, once that is as it should be."""
    async with asyncio.timeout(SOON / 1000):
        while not is_reached(distance := await demo.page.locator("#channel-timeline").evaluate(TO_THE_END)):  # noqa: ASYNC110 - the page announces nothing
            await asyncio.sleep(0.05)
    return float(distance)


async def test_everything_on_the_page_changes_its_language(stage: Stage) -> None:
    """The guide, the server's names, simcord's words and the bot's replies are in the chosen language."""
    portuguese = load_catalog()["pt-BR"]
    async with DemoPage.open(stage) as demo:
        await demo.page.locator(".demo-language").select_option("pt-BR")
        await expect(demo.guide).to_contain_text(PORTUGUESE["guide"])
        await expect(demo.page.locator("#channel-name")).to_have_text("operações")
        await expect(demo.composer).to_have_attribute("placeholder", "Conversar em #operações")
        await demo.browser.command("connections list")
        await expect(await demo.browser.answered()).to_contain_text(portuguese("connections.list.none"))
        await expect(demo.chat).to_contain_text("Só você pode ver esta mensagem")
        words = await demo.page.locator("body").inner_text()
        assert not set(ENGLISH.values()) & set(words.splitlines()) - set(PORTUGUESE.values())
        await demo.page.locator(".demo-language").select_option("en-US")
        await expect(demo.composer).to_have_attribute("placeholder", "Message #operations")
        await expect(demo.chat).to_contain_text("Only you can see this")


async def test_each_member_sees_and_may_do_their_own(stage: Stage) -> None:
    """A manager's private reply is not shown to others; each has their own commands in every channel."""
    async with DemoPage.open(stage) as demo:
        await demo.browser.command("connections list")
        answer = await demo.browser.answered()
        await demo.become(ENGLISH["member"])
        await expect(answer).to_be_hidden()
        await demo.composer.fill("/")
        entries = demo.page.locator(".command-entry")
        await expect(entries.filter(has_text="/help")).to_have_count(1)
        await expect(entries.filter(has_text="/connections list")).to_have_count(0)
        await demo.composer.fill("")
        for channel in (stage.world.alerts, stage.world.operations):
            await demo.go_to(channel.name or "")
            await demo.browser.say(f"Hello from {channel.name}")
            await expect(demo.chat).to_contain_text(f"Hello from {channel.name}")
            (*_, last) = stage.discord.env.backend.messages[channel.id].values()
            assert last.content == f"Hello from {channel.name}"


async def test_commands_are_run_and_mentions_pressed_in_another_channel(stage: Stage) -> None:
    """A command that a reply names is typed when it is pressed, and answered where the page is."""
    async with DemoPage.open(stage) as demo:
        await demo.chat.locator(".command-mention").first.click()
        await expect(demo.page.locator("form.channel-composer")).to_contain_text("/setup")
        await demo.go_to(stage.world.support.name or "")
        await demo.button("Type /setup").click()
        await demo.page.locator("form.channel-composer button[type=submit]").click()
        await expect(demo.chat.locator(".embed-card")).to_be_visible()
        (*_, last) = stage.discord.env.backend.messages[stage.world.support.id].values()
        assert last.author_id == stage.discord.env.backend.bot_user.id


async def test_the_bot_of_an_agent_joins_by_its_invite_link(stage: Stage) -> None:
    """The invite button asks as Discord does; then the agent's bot is a member of the server."""
    sensay, members = (
        simulator(stage, SensaySimulator),
        stage.discord.env.backend.guilds[stage.world.guild.id].members,
    )
    async with DemoPage.open(stage) as demo:
        await connect(stage, sensay)
        await demo.browser.message(english("connections.add.done", provider="Sensay")).wait_for()
        await demo.browser.command("sensay connect", "Job Applications")
        await demo.browser.past_guide()
        await demo.browser.fill_in([sensay.discord_token])
        invite = demo.chat.get_by_role("link", name=english("token.invite"))
        before = set(members)
        await invite.click()
        await demo.button(ENGLISH["join.no"]).click()
        await invite.click()
        assert set(members) == before
        await demo.button(ENGLISH["join.yes"]).click()
        await expect(demo.guide.get_by_role("status")).to_contain_text("sensay-agent")
        assert len(set(members) - before) == 1


@pytest.mark.parametrize("how", ["Escape", "Cancel"])
async def test_a_cancelled_form_leaves_the_menus_of_channels_as_they_were(stage: Stage, how: str) -> None:
    """After Cancel or Esc in a form, a menu of channels under an earlier message still offers them."""
    world, backend = stage.world, stage.discord.env.backend
    menu = {"type": 8, "custom_id": "channels", "placeholder": "Where?"}
    async with DemoPage.open(stage) as demo:
        backend.create_message(
            world.operations.id, backend.bot_user.id, "Choose", components=[{"type": 1, "components": [menu]}]
        )
        stage.discord.env.tell(changed=True)
        await expect(demo.chat.get_by_role("combobox")).to_be_visible()
        await demo.browser.command("connections add", "Sensay")
        await demo.browser.past_guide()
        form = await demo.browser.form()
        if how == "Escape":
            await demo.page.keyboard.press("Escape")
        else:
            await form.locator(".modal-actions .button-secondary").click()
        await form.wait_for(state="detached")
        await demo.chat.get_by_role("combobox").click()
        await expect(demo.page.get_by_role("option", name=world.support.name or "")).to_be_visible()


async def test_a_press_while_the_page_updates_is_not_lost(stage: Stage) -> None:
    """What is pressed while another press is under way, or on a page that is outdated, arrives once."""
    env, world = stage.discord.env, stage.world
    buttons = [{"type": 2, "style": 1, "label": name, "custom_id": name} for name in ("One", "Two")]
    pressed: list[str] = []

    def note(event: str, payload: Mapping[str, Any]) -> None:
        if event == "INTERACTION_CREATE" and payload["type"] == InteractionType.MESSAGE_COMPONENT:
            pressed.append(payload["data"]["custom_id"])

    async def delay(route: Route) -> None:
        await asyncio.sleep(0.5)
        await route.continue_()

    env.backend.subscribers.append(note)
    async with DemoPage.open(stage) as demo:
        env.backend.create_message(
            world.operations.id,
            env.backend.bot_user.id,
            "Choose",
            components=[{"type": 1, "components": buttons}],
        )
        env.tell(changed=True)
        one, two = (demo.chat.get_by_role("button", name=name) for name in ("One", "Two"))
        await demo.page.route("**/api/action", delay)
        await one.click()
        await two.click(force=True)  # the page shows it as disabled
        await stage.discord.until(lambda: pressed == ["One", "Two"], within=15)
        await demo.page.unroute("**/api/action")
        await expect(two).not_to_have_attribute("aria-disabled", "true")
        # The page does not hear of what the server publishes.
        await demo.page.route("**/api/state", lambda route: route.abort())
        env.tell(changed=True)
        await demo.page.wait_for_timeout(300)
        await one.click()
        await stage.discord.until(lambda: pressed == ["One", "Two", "One"], within=15)
