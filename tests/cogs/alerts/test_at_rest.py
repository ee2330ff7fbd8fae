"""What time alone brings about comes while every check finds what the one before has found."""

from __future__ import annotations

import asyncio

import pytest
import simcord

from bot.features.monitoring.incidents import MAX_COUNTED
from tests.support.alert_steps import embed_messages, run_alerts
from tests.support.harness import BotHarness
from tests.support.toolzz_agent import add_agent_bot

HOUR = 3600
BETWEEN = 300
"""Seconds between two checks."""


@pytest.fixture
def on_call(toolzz_connected: BotHarness) -> simcord.RoleHandle:
    """The role that is to be mentioned."""
    return toolzz_connected.guild.create_role("On call", mentionable=True)


@pytest.fixture
def channel(toolzz_connected: BotHarness) -> simcord.ChannelHandle:
    """The channel for alerts."""
    return toolzz_connected.guild.create_text_channel("alerts")


async def check(harness: BotHarness, times: int = 1) -> None:
    """Have the server's connection checked as time does: a check that a member asks for is never at rest."""
    poller = harness.bot.services.poller
    for _ in range(times):
        poller.check_soon(harness.guild.id)
        await poller.tick(lambda _: True)
        await asyncio.gather(*(state.running for state in poller._states if state.running is not None))
    await harness.env.settle()


async def break_one(harness: BotHarness) -> None:
    """Let the one agent that is watched fail, and check until nothing is counted any more."""
    await harness.env.advance_time(BETWEEN)  # a rule tells quietly of what was there before it
    harness.toolzz.break_integration(harness.toolzz.CONNECTED)
    await check(harness, MAX_COUNTED + 1)


async def rest(harness: BotHarness, seconds: int) -> None:
    """Let time pass in which each check is at rest."""
    for _ in range(seconds // BETWEEN):
        await harness.env.advance_time(BETWEEN)
        await check(harness)
        assert all(state.rest is not None for state in harness.bot.services.poller._states)


@pytest.fixture
async def watched(toolzz_connected: BotHarness) -> BotHarness:
    """A server with one agent, which is well."""
    toolzz = toolzz_connected.toolzz
    toolzz.integrations = {toolzz.CONNECTED: toolzz.integrations[toolzz.CONNECTED]}
    add_agent_bot(toolzz_connected)
    await check(toolzz_connected, MAX_COUNTED + 1)
    return toolzz_connected


async def test_reminders_come(
    watched: BotHarness, channel: simcord.ChannelHandle, on_call: simcord.RoleHandle
) -> None:
    """What stays open is posted anew after an hour."""
    await run_alerts(watched, "set", channel=channel, role=on_call, remind="1h")
    await break_one(watched)
    (begun,) = embed_messages(channel)
    await rest(watched, HOUR)
    (again,) = embed_messages(channel)
    assert again.id != begun.id
    assert again.content == on_call.mention


async def test_alerts_escalate(
    watched: BotHarness, channel: simcord.ChannelHandle, on_call: simcord.RoleHandle
) -> None:
    """What nobody acknowledges is told to the second role."""
    leads = watched.guild.create_role("Leads", mentionable=True)
    rule = {"role": on_call, "second_role": leads, "escalate": "15m"}
    await run_alerts(watched, "set", channel=channel, **rule)
    await break_one(watched)
    assert leads.mention not in {each.content for each in channel.history()}
    await rest(watched, HOUR)
    assert leads.mention in {each.content for each in channel.history()}


async def test_maintenance_ends(
    watched: BotHarness, channel: simcord.ChannelHandle, on_call: simcord.RoleHandle
) -> None:
    """What broke meanwhile is told once it is over."""
    await run_alerts(watched, "set", channel=channel, role=on_call)
    await run_alerts(watched, "maintenance", **{"for": "2h"})
    await break_one(watched)
    await rest(watched, HOUR)
    assert embed_messages(channel) == []
    await rest(watched, HOUR + BETWEEN)
    assert [each.content for each in embed_messages(channel)] == [on_call.mention]


async def test_quiet_hours_end(
    watched: BotHarness, channel: simcord.ChannelHandle, on_call: simcord.RoleHandle
) -> None:
    """Who is on call is mentioned when they are over."""
    await run_alerts(watched, "set", channel=channel, role=on_call)
    await run_alerts(watched, "quiet-hours", **{"from": "00:00", "to": "02:00", "timezone": "UTC"})
    await break_one(watched)
    await rest(watched, HOUR)
    assert on_call.mention not in {each.content for each in channel.history()}
    await rest(watched, HOUR + BETWEEN)
    assert on_call.mention in {each.content for each in channel.history()}
