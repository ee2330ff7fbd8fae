"""From the greeting to the first green status, by what is on the screen alone; each press is counted."""

from __future__ import annotations

from typing import Any

import pytest
import simcord

from bot.i18n.catalog import LOCALES
from cogs.guilds.greeting import greet
from tests.support.harness import BotHarness, embed_of, final
from tests.support.sensay_steps import component_of
from tests.support.setup_steps import field_of, finished_title
from tests.support.toolzz_agent import add_agent_bot


class Newcomer:
    """Presses what a message shows, and counts it; has never seen a command."""

    def __init__(self, harness: BotHarness) -> None:
        self.harness = harness
        self.presses = 0

    async def start(self) -> simcord.InteractionResult:
        """Press the button under the greeting, which is in the server's language."""
        guild = self.harness.bot.get_guild(self.harness.guild.id)
        assert guild is not None
        await greet(self.harness.bot, guild)
        sent = self.harness.channel.history()[-1]
        stored = self.harness.env.backend.get_message(self.harness.channel.id, sent.id)
        return await self.press(simcord.ResponseMessage(self.harness.env, stored), "setup.start_button")

    async def press(self, message: simcord.ResponseMessage, key: str) -> simcord.InteractionResult:
        """Press the button whose label has this key, or is a name."""
        self.presses += 1
        label = self.harness.texts(key) if "." in key else key
        return await self.harness.manager.click(message, label=label)

    async def send(
        self, form: simcord.InteractionResult, values: dict[str, str]
    ) -> simcord.InteractionResult:
        """Fill in a form and send it."""
        self.presses += 1
        return await self.harness.manager.submit_modal(form, values)

    async def pick(
        self,
        asked: simcord.InteractionResult,
        menu: str,
        value: Any,  # noqa: ANN401 - as simcord takes it
    ) -> simcord.InteractionResult:
        """Pick an entry of a menu, by the beginning of its custom id."""
        self.presses += 1
        custom_id = component_of(asked, menu)["custom_id"]
        return await self.harness.manager.select(final(asked).message, [value], custom_id=custom_id)


@pytest.mark.parametrize("locale", LOCALES)
async def test_agents_that_run_here_are_green_after_four_presses(harness: BotHarness, locale: str) -> None:
    """Set up, the provider, the form, sending it: the agent is shown; two more set up the rest."""
    harness.locale = locale
    harness.env.backend.get_guild(harness.guild.id).preferred_locale = locale
    await harness.restart()
    add_agent_bot(harness)
    harness.toolzz.place_in_guild(str(harness.guild.id), harness.guild.name, [])
    connected = harness.toolzz.CONNECTED
    harness.toolzz.integrations = {connected: harness.toolzz.integrations[connected]}
    someone = Newcomer(harness)
    steps = await someone.start()
    await someone.press(final(steps), "Toolzz")
    form = await someone.press(final(steps), "setup.enter_button")
    await someone.send(form, dict(harness.toolzz.credentials))
    assert "🟢 **Suporte da loja**" in field_of(harness, steps, "have")
    assert someone.presses == 4
    await someone.press(final(steps), "belonging.link_all.button")
    await someone.pick(steps, "setup:alerts:", harness.channel)
    assert someone.presses == 6
    assert embed_of(steps).title == finished_title(harness, "Toolzz")
    assert list(await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz")) == [connected]
    await someone.press(final(steps), "setup.test_button")
    await someone.pick(steps, "setup:board:", harness.channel)
    assert someone.presses == 8
    assert len(final(steps).components) == 1, "nothing is left to choose, and all is in one message"
