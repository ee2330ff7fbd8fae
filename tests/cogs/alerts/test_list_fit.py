"""`/alerts list` of a server with as much as it can hold: what is wrong and what to do is never lost."""

from __future__ import annotations

import re
from typing import Any

import discord
import pytest

from bot.features.alerts.service import MAX_ROUTES, RouteSettings
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from tests.support.alert_steps import connect_toolzz, record_checks, run_alerts, suspend_routes
from tests.support.embeds import fits_discord, name_and_value
from tests.support.harness import BotHarness, embed_of, field

HELD = 15
BROKEN_MENTION = re.compile(r"<[#@:&t]?[&:]?\d*(?:…|$)", re.MULTILINE)


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with agents of long names, fifteen of them muted and in maintenance, and with quiet hours."""
    await connect_toolzz(harness)
    await record_checks(harness, {f"{number} {'*_' * 50}": State.ERROR for number in range(25)})
    services, guild_id, member_id = harness.bot.services, harness.guild.id, harness.manager.id
    zone = "America/Argentina/ComodRivadavia"
    await services.quiet_hours.set(guild_id, 60, 120, zone, member_id=member_id)
    for each in (await services.monitoring.integrations(guild_id))[:HELD]:
        await services.maintenance.add(guild_id, "toolzz", each.id, 3600, member_id=member_id)
        await services.monitoring.mute(guild_id, each, 3600, member_id=member_id)
    return harness


async def suspend_everything(harness: BotHarness, why: str) -> list[str]:
    """Set ten rules whose channels take nothing, and a board; return the rules' channels as mentions."""
    services, guild_id, now = harness.bot.services, harness.guild.id, int(harness.env.now().timestamp())
    await harness.manager.slash(harness.channel, "integrations board", channel=harness.channel)
    await services.outbox._store.suspend_board(
        guild_id, harness.channel.id, why=why, now=now, retry_at=now + 3600, is_reported=False
    )
    crew, leads = (harness.guild.create_role(name) for name in ("Crew", "Leads"))
    silent: Any = {harness.bot.user: discord.PermissionOverwrite(mention_everyone=False)}
    mentions = []
    for number in range(MAX_ROUTES):
        channel = harness.guild.create_text_channel(f"channel-{number}", overwrites=silent)
        settings = RouteSettings(
            provider="toolzz",
            integration=f"agent-{number}",
            role_id=crew.id,
            second_role_id=leads.id,
            escalate=900,
            partial=True,
            remind=3600,
        )
        await services.alerts.set_route(guild_id, channel.id, settings, member_id=harness.manager.id)
        await suspend_routes(harness, channel, why)
        mentions.append(channel.mention)
    return mentions


@pytest.mark.parametrize("why", ["forbidden", "not_found", "timed_out"])
@pytest.mark.parametrize("locale", LOCALES)
async def test_what_is_wrong_is_never_cut(harness: BotHarness, locale: str, why: str) -> None:
    """Each rule begins with why it waits and what to do about it; settings are shortened instead."""
    harness.locale = locale
    mentions = await suspend_everything(harness, why)
    embed = embed_of(await run_alerts(harness, "list"))
    texts = harness.texts
    assert fits_discord(embed)
    values = [name_and_value(each)[1] for each in embed.fields]
    for mention, value in zip(mentions, values[:MAX_ROUTES], strict=True):
        first, second, *_ = value.splitlines()
        assert first.startswith(f"⚠️ {texts(f'alerts.undelivered.rule.{why}', channel=mention)}")
        assert second.startswith("↳ ")
    assert not BROKEN_MENTION.search("\n".join([embed.description or "", *values]))
    assert values[-1] == harness.linked(texts("alerts.list.lost_next"))
    assert [name_and_value(each)[0] for each in embed.fields][MAX_ROUTES:] == [
        texts("alerts.list.board"),
        texts("alerts.quiet_hours.field"),
        texts("alerts.list.muted"),
        texts("alerts.list.maintenance"),
        texts("next_step"),
    ]


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_is_muted_leaves_room(harness: BotHarness, locale: str) -> None:
    """The number of those that are not shown is said, and open incidents still have room."""
    harness.locale = locale
    await suspend_everything(harness, "forbidden")
    listed = await run_alerts(harness, "list")
    for name in ("alerts.list.muted", "alerts.list.maintenance"):
        *shown, more = field(listed, harness.texts(name)).splitlines()
        assert more == harness.texts.plural("list.more", HELD - len(shown))
    *shown, more = (embed_of(listed).description or "").splitlines()
    assert len(shown) > 1
    assert more == harness.texts.plural("list.more", 10 - len(shown) + 1)


async def test_a_rule_that_works_begins_with_what_it_does(harness: BotHarness) -> None:
    """With few rules nothing is left out."""
    await run_alerts(harness, "set", channel=harness.channel)
    listed = await run_alerts(harness, "list")
    title = harness.texts("alerts.rule.title", number=1, about=harness.texts("alerts.about.everything"))
    rule = field(listed, title).splitlines()
    assert rule[0] == harness.texts("alerts.rule.to_nobody", channel=harness.channel.mention)
    assert len(rule) == 3
    assert len(field(listed, harness.texts("alerts.list.maintenance")).splitlines()) > 3
