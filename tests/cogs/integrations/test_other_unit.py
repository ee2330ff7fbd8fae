"""An integration that is linked here and missing from the list of the connection's unit."""

from __future__ import annotations

from typing import Final

import discord
import pytest

from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from tests.support.alert_steps import run_alerts
from tests.support.harness import BotHarness, embed_of, shown
from tests.support.link_steps import link
from tests.support.toolzz_agent import add_agent_bot
from tests.support.toolzz_steps import LIST, move_here

MINUTES: Final = 60


async def check(harness: BotHarness, times: int = 1) -> None:
    """Check so often, and let alerts be posted; the checks are minutes apart."""
    for _ in range(times):
        await harness.bot.services.poller.check_guild(harness.guild.id)
        await harness.env.advance_time(5 * MINUTES)


async def overview(harness: BotHarness) -> list[str]:
    """Return the overview's lines with the names and states of integrations."""
    answer = await harness.manager.slash(harness.channel, "integrations overview")
    lines = (embed_of(answer).description or "").splitlines()
    return [line for line in lines if line[1:4] == " **"]


def titles(harness: BotHarness) -> list[str]:
    """Return the titles of the alerts."""
    alarm = harness.guild.channels["alarm"]
    return [embed.title or "" for message in alarm.history() for embed in message.embeds]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("units", [True, False], ids=["of another unit", "on a later page"])
async def test_it_is_watched_like_any_other(harness: BotHarness, locale: str, units: bool) -> None:
    """It is shown by overview and status, breaks, alerts and recovers; absence says nothing of it."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale(locale)
    await harness.connect("toolzz")
    toolzz, texts = harness.toolzz, harness.bot.services.catalog[locale]
    add_agent_bot(harness)
    move_here(harness)
    listed, other = toolzz.CONNECTED, toolzz.CROWDED
    toolzz.integrations = {each: toolzz.integrations[each] for each in (listed, other)}
    toolzz.integrations[other].update(toolzz.integrations[listed] | {"id": other, "title": "Comunidade"})
    if units:
        toolzz.integrations[other]["unitId"] = "another-unit"
    else:
        page = {"data": [toolzz.integrations[listed]], "total": 2, "hasMore": True}
        toolzz.fail(Answer(200, page), times=None, path=LIST)
    await link(harness, other)
    await run_alerts(harness, "set", channel=harness.guild.create_text_channel("alarm"))
    harness.locale = locale
    await check(harness, 5)
    up, down = texts("state.connected"), texts("state.disconnected")
    assert await overview(harness) == [
        f"🟢 **Comunidade** · {up}",
        f"🟢 **Suporte da loja** · {up}",
    ]
    assert titles(harness) == []

    toolzz.break_integration(other)
    await check(harness, 2)
    first, second = await overview(harness)
    assert first == f"🔴 **Comunidade** · {down}"
    assert second.startswith("🟢 **Suporte da loja**")
    status = await harness.manager.slash(
        harness.channel, "integrations status", integration=f"toolzz:{other}"
    )
    assert embed_of(status).title == "🔴 Comunidade"
    assert texts("toolzz.code.4004.cause") in shown(status)
    assert titles(harness) == [f"🔴 {texts('alerts.message.title', number=1, state=down, name='Comunidade')}"]

    toolzz.heal_integration(other)
    await check(harness, 2)
    assert all(line.startswith("🟢") for line in await overview(harness))
    alert, reply = titles(harness)
    assert texts("alerts.message.recovered") in alert
    assert reply == f"✅ {texts('alerts.recovery.title', names='Comunidade')}"
    found = await harness.bot.services.monitoring.find(harness.guild.id, f"toolzz:{other}")
    assert (found.state, found.detail) == (State.CONNECTED, "")
