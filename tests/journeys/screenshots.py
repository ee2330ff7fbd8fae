"""Takes the pictures in docs/screenshots from the demo, in both languages."""

import asyncio
import io
import re
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.async_api import Locator, ViewportSize, expect

from bot.demo.faults import TEXTS as FAULTS
from bot.demo.page import live_page
from bot.demo.stage import Stage, open_stage
from bot.demo.world import TEXTS
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.simulator import Answer
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.browser import Browser
from tests.support.demo_steps import simulator

FOLDER: Final = Path(__file__).parents[2] / "docs" / "screenshots"
QUESTIONS: Final = {"en-US": "How long can I return a coat?", "pt-BR": "Até quando posso trocar um casaco?"}
ABSENT: Final = "1180000000000009999"
"""The bot of an agent that is no member of the server."""
OTHER_UNIT: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4d00"
TALL: Final = ViewportSize(width=1000, height=2300)
"""A height at which the longest answer is visible at once."""
SOON: Final = 30_000
"""Milliseconds until an alert is posted, and until it is closed."""
TRIES: Final = 3
"""How often something is picked before it counts as impossible."""
AT_REST: Final = 700
"""Milliseconds after which the page has stopped scrolling."""


async def shoot(shown: Locator, name: str) -> None:
    """Save a picture of a message or form after the page has stopped moving."""
    await shown.page.mouse.move(0, 0)
    await shown.page.evaluate("document.activeElement?.blur()")  # what was pressed shows its tools
    await shown.page.wait_for_timeout(AT_REST)
    taken = await shown.screenshot(animations="disabled")
    with Image.open(io.BytesIO(taken)) as picture:  # 128 colours do, at a quarter of the size
        picture.convert("RGB").quantize(128).save(FOLDER / f"{name}.png", optimize=True)


async def play(stage: Stage, browser: Browser, locale: str) -> None:
    """Connect both providers and take pictures of what the commands answer."""
    sensay, toolzz = simulator(stage, SensaySimulator), simulator(stage, ToolzzSimulator)
    await browser.command("help")
    await shoot(await browser.answered(), f"{locale}-help")

    await browser.command("connections add", "Sensay")
    await shoot(await browser.form(), f"{locale}-connections-add-form")
    await browser.fill_in(sensay.credentials.values())
    await shoot(await browser.answered(), f"{locale}-connections-add")

    await play_sensay(sensay, browser, locale)

    await browser.command("connections add", "Toolzz")
    await browser.fill_in(toolzz.credentials.values())
    await browser.answered()
    await play_toolzz(stage, toolzz, browser, locale)


async def play_setup(stage: Stage, browser: Browser, locale: str) -> None:
    """Set up everything with `/setup`."""
    sensay, toolzz = simulator(stage, SensaySimulator), simulator(stage, ToolzzSimulator)
    texts = load_catalog()[locale]
    await browser.command("setup")
    steps = await browser.answered()
    await shoot(steps, f"{locale}-setup")
    await browser.press("Toolzz", steps)
    await expect(steps).to_contain_text(texts("setup.next.enter").replace("*", ""))
    await shoot(steps, f"{locale}-setup-credentials")
    await browser.press(texts("setup.enter_button"), steps)
    await browser.fill_in(toolzz.credentials.values())
    await expect(steps.get_by_role("combobox").first).to_be_visible()
    await shoot(steps, f"{locale}-setup-agents")
    await browser.pick(texts("toolzz.offer.link.placeholder"), "Suporte da loja", steps)
    await browser.answered()
    await expect(steps).to_contain_text("🟢")
    channel = stage.world.alerts.name or ""
    done = texts("setup.alerts.done", channel=f"#{channel}")
    # What is picked while the steps change by themselves is lost: nobody would wait for that.
    for _ in range(TRIES):
        await browser.pick(texts("setup.alerts.placeholder"), channel, steps)
        await steps.locator(".embed-card").click()  # a menu of channels is sent when it closes
        with suppress(AssertionError):
            await expect(steps).to_contain_text(done)
            break
    await expect(steps).to_contain_text(done)
    await shoot(steps, f"{locale}-setup-done")

    await browser.press(texts("setup.all_button"), steps)
    await browser.press("Sensay", steps)
    await browser.press(texts("setup.enter_button"), steps)
    await browser.fill_in(sensay.credentials.values())
    await browser.pick(texts("sensay.offer.placeholder"), "Job Applications", steps)
    await browser.fill_in([sensay.discord_token])
    await browser.press(texts("token.yes", provider="Sensay"), await browser.answered())
    await expect(steps).to_contain_text("🟢")
    await shoot(steps, f"{locale}-setup-invite")

    sensay.fail(Answer(401, {"success": False, "error": "Unauthorized"}), times=None)
    await browser.press(texts("setup.check_button"), steps)
    await expect(steps).to_contain_text("❌")
    await shoot(steps, f"{locale}-setup-problem")
    await play_managers(browser, locale)


async def play_managers(browser: Browser, locale: str) -> None:
    """Take pictures of what managers see: connections, access, the audit log and the stored data."""
    viewer = load_catalog()[locale]("access.tier.viewer")
    await browser.command("connections list")
    await shoot(await browser.answered(), f"{locale}-connections-list")
    await browser.command("access grant", viewer, role=TEXTS[locale].moderator)
    await shoot(await browser.answered(), f"{locale}-access-grant")
    await browser.command("access list")
    await shoot(await browser.answered(), f"{locale}-access-list")
    await browser.command("audit list")
    await shoot(await browser.answered(), f"{locale}-audit-list")
    await browser.command("privacy info")
    await shoot(await browser.answered(), f"{locale}-privacy-info")
    await browser.command("privacy delete")
    await shoot(await browser.answered(), f"{locale}-privacy-delete")


async def play_toolzz(stage: Stage, toolzz: ToolzzSimulator, browser: Browser, locale: str) -> None:
    """Show integrations in every way; link one, create one and change it."""
    texts = load_catalog()[locale]
    await browser.command("toolzz status", "Suporte da loja")
    status = await browser.answered()
    await shoot(status, f"{locale}-toolzz-status-connected")
    await browser.press(texts("toolzz.diagnose.button"), status)
    await shoot(await browser.answered(), f"{locale}-toolzz-diagnose")
    await browser.command("toolzz status", "Pedidos e entregas")
    await shoot(await browser.answered(), f"{locale}-toolzz-status-disconnected")
    await browser.command("toolzz status", "Comunidade")
    crowded = await browser.answered()
    await browser.press(texts("toolzz.channels.button"), crowded)
    await shoot(crowded, f"{locale}-toolzz-channels")

    await browser.command("toolzz link", "Suporte da loja")
    await shoot(await browser.answered(), f"{locale}-toolzz-link")
    await browser.command("toolzz list")
    await shoot(await browser.answered(), f"{locale}-toolzz-list")
    await browser.command("toolzz unlink", "Suporte da loja")
    await shoot(await browser.answered(), f"{locale}-toolzz-unlink-question")

    await browser.command("toolzz connect", "Consultora de Frete")
    form = await browser.form()
    await browser.choose(form, stage.world.agents.name or "")
    await shoot(form, f"{locale}-toolzz-connect-form")
    await form.locator("input, textarea").last.fill(toolzz.discord_token)
    await browser.submit(form)
    question = await browser.answered()
    await shoot(question, f"{locale}-toolzz-connect-question")
    await browser.press(texts("token.yes", provider="Toolzz"), question)
    await shoot(await browser.answered(), f"{locale}-toolzz-connect")

    await browser.command("toolzz edit", "Suporte da loja")
    settings = await browser.answered()
    await shoot(settings, f"{locale}-toolzz-edit")
    await browser.press(texts("toolzz.edit.button"), settings)
    form = await browser.form()
    await shoot(form, f"{locale}-toolzz-edit-form")
    await form.get_by_text(texts("toolzz.scope.all")).first.click()
    await browser.submit(form)
    question = await browser.answered()
    await shoot(question, f"{locale}-toolzz-edit-question")
    await browser.press(texts("toolzz.edit.yes"), question)
    await shoot(question, f"{locale}-toolzz-edit-done")


async def play_sensay(sensay: SensaySimulator, browser: Browser, locale: str) -> None:
    """Connect a replica to Discord, show its status and usage, ask it, and disconnect it."""
    texts = load_catalog()[locale]
    confirm = texts("token.yes", provider="Sensay")
    await browser.command("sensay connect", "Job Applications")
    await shoot(await browser.form(), f"{locale}-sensay-connect-form")
    await browser.fill_in([sensay.discord_token])
    question = await browser.answered()
    await shoot(question, f"{locale}-sensay-connect-question")
    await browser.press(confirm, question)
    await shoot(await browser.answered(), f"{locale}-sensay-connect")

    await browser.command("sensay connect", "Night Watch")
    await browser.fill_in([sensay.discord_token])
    await browser.press(confirm, await browser.answered())
    await shoot(await browser.answered(), f"{locale}-sensay-connect-doubt")

    await browser.command("sensay status")
    await shoot(await browser.answered(), f"{locale}-sensay-status")
    await browser.command("sensay status", replica="Job Applications")
    await shoot(await browser.answered(), f"{locale}-sensay-status-replica")
    await browser.command("sensay replicas")
    await shoot(await browser.answered(), f"{locale}-sensay-replicas")
    await browser.command("sensay ask", "Customer Care", text=QUESTIONS[locale])
    await shoot(await browser.answered(), f"{locale}-sensay-ask")
    await browser.command("sensay usage")
    await shoot(await browser.answered(), f"{locale}-sensay-usage")

    await browser.command("sensay disconnect", "Job Applications")
    question = await browser.answered()
    await shoot(question, f"{locale}-sensay-disconnect-question")
    await browser.press(texts("sensay.disconnect.yes", replica="Job Applications"), question)
    await shoot(question, f"{locale}-sensay-disconnect")
    sensay.reset_token(sensay.UNCONNECTED)
    await browser.press(texts("sensay.disconnect.look"), question)
    await shoot(question, f"{locale}-sensay-disconnect-settled")


async def play_watching(stage: Stage, browser: Browser, locale: str) -> None:
    """Break and heal an agent; take pictures of the alert and of the history."""
    toolzz, texts, agent = simulator(stage, ToolzzSimulator), load_catalog()[locale], "Suporte da loja"
    breaks, heals = FAULTS[locale].breaks, FAULTS[locale].heals
    toolzz.integrations = {
        each: toolzz.integrations[each] for each in (toolzz.CONNECTED, toolzz.INACTIVE, toolzz.CROWDED)
    }
    await browser.command("connections add", "Toolzz")
    await browser.fill_in(toolzz.credentials.values())
    await browser.answered()
    await browser.command("alerts set", stage.world.operations.name or "", role=TEXTS[locale].moderator)
    await shoot(await browser.answered(), f"{locale}-alerts-set")
    await browser.command("integrations board", channel=stage.world.operations.name or "")
    await browser.answered()

    await browser.say(f"{breaks} {agent}")
    down = f"{texts('state.disconnected')} · {agent}"
    alert = browser.message(down)
    await expect(alert).to_be_visible(timeout=SOON)
    # What the page is sent while a message changes is not taken, and the board changes a little later.
    board = browser.message(texts("board.footer"))
    await expect(board).to_contain_text(texts("state.disconnected"), timeout=SOON)
    await shoot(alert, f"{locale}-alert-opened")
    await browser.press(texts("toolzz.diagnose.button"), alert)
    await shoot(await browser.answered(), f"{locale}-integrations-diagnose")
    await browser.command("integrations overview")
    await shoot(await browser.answered(), f"{locale}-integrations-overview")
    await browser.command("integrations status", agent)
    await shoot(await browser.answered(), f"{locale}-integrations-status")
    await browser.press(texts("alerts.acknowledge.button"), alert)
    await browser.answered()
    await expect(board).to_contain_text("🙋", timeout=SOON)
    await shoot(alert, f"{locale}-alert-acknowledged")
    await shoot(board, f"{locale}-integrations-board")
    await browser.command("alerts list")
    await shoot(await browser.answered(), f"{locale}-alerts-list")

    await browser.say(f"{heals} {agent}")
    closed = browser.message(f"{texts('alerts.message.recovered')} · {agent}")
    await expect(closed).to_be_visible(timeout=SOON)
    await expect(board).not_to_contain_text("🙋", timeout=SOON)
    await shoot(closed, f"{locale}-alert-closed")
    await browser.command("integrations history", agent)
    await shoot(await browser.answered(), f"{locale}-integrations-history")


async def play_storm(stage: Stage, browser: Browser, locale: str) -> None:
    """Break and heal all agents at once; take pictures of their alert."""
    toolzz, texts, faults = simulator(stage, ToolzzSimulator), load_catalog()[locale], FAULTS[locale]
    await browser.command("connections add", "Toolzz")
    await browser.fill_in(toolzz.credentials.values())
    await browser.answered()
    channel = stage.world.operations.name or ""
    await browser.command("alerts set", channel, role=TEXTS[locale].moderator)
    await browser.answered()
    await browser.say(f"{faults.breaks} {faults.everything}")
    group = browser.message(with_any_count(texts.plural("alerts.group.agents", 2)))
    await expect(group).to_be_visible(timeout=SOON)
    await shoot(group, f"{locale}-alert-group")
    await browser.press(texts("alerts.group.acknowledge_button"), group)
    await shoot(await browser.answered(), f"{locale}-alert-group-acknowledged")
    await browser.say(f"{faults.heals} {faults.everything}")
    closed = browser.message(with_any_count(texts.plural("alerts.group.recovered", 2)))
    await expect(closed).to_be_visible(timeout=SOON)
    await shoot(closed, f"{locale}-alert-group-closed")


def with_any_count(text: str) -> re.Pattern[str]:
    """Return a pattern of a text about two, for any other number."""
    return re.compile(re.escape(text).replace("2", r"\d+"))


async def play_belonging(stage: Stage, browser: Browser, locale: str) -> None:
    """Show a blocked agent, an ignored one, one of another unit, and two of one name."""
    toolzz, texts = simulator(stage, ToolzzSimulator), load_catalog()[locale]
    toolzz.touch(toolzz.CROWDED, botClientId=ABSENT)
    toolzz.touch(toolzz.UNREACHABLE, title=toolzz.integrations[toolzz.CONNECTED]["title"])
    toolzz.heal_integration(toolzz.DISCONNECTED)
    await browser.command("connections add", "Toolzz")
    await browser.fill_in(toolzz.credentials.values())
    await browser.answered()
    await browser.command("toolzz link", "Pedidos e entregas")
    await browser.answered()
    toolzz.touch(toolzz.DISCONNECTED, unitId=OTHER_UNIT)
    await browser.command("toolzz status", "Campanha de inverno")
    await browser.press(texts("belonging.ignore.button"), await browser.answered())
    await shoot(await browser.answered(), f"{locale}-belonging-ignored")
    await browser.command("integrations board", channel=stage.world.operations.name or "")
    await browser.answered()
    board = browser.message(texts("board.footer"))
    await expect(board).to_contain_text(texts("state.blocked"), timeout=SOON)
    await shoot(board, f"{locale}-belonging-board")
    await browser.command("integrations overview")
    await shoot(await browser.answered(), f"{locale}-belonging-overview")
    await browser.command("toolzz status", "Comunidade")
    await shoot(await browser.answered(), f"{locale}-toolzz-status-blocked")
    await browser.command("toolzz list")
    await shoot(await browser.answered(), f"{locale}-belonging-list")
    await browser.command("setup")
    steps = await browser.answered()
    await browser.press("Toolzz", steps)
    await expect(steps).to_contain_text("⛔")
    await shoot(steps, f"{locale}-belonging-setup")


async def main() -> None:
    """Take every picture again."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for locale, scene in product(LOCALES, (play_setup, play, play_watching, play_storm, play_belonging)):
        async with open_stage(locale) as stage:
            world = stage.world
            viewers = (world.mira, world.theo, world.ravi)
            async with (
                live_page(stage.discord.env, world.operations, viewers, locale=locale) as page,
                stage.running_bot(),
                Browser.open(page.url) as browser,
            ):
                await browser.page.set_viewport_size(TALL)
                await scene(stage, browser, locale)


if __name__ == "__main__":
    asyncio.run(main())
