"""What waits because Discord does not take it: each screen says why, and who can do what about it."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.features.alerts.service import RouteSettings
from bot.features.alerts.store import Waiting
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from cogs.alerts.undelivered import Undelivered
from tests.support.alert_steps import (
    DOWN,
    KEY,
    connect_toolzz,
    embed_messages,
    record_checks,
    run_alerts,
    suspend_routes,
)
from tests.support.harness import BotHarness, embed_of, field, shown
from tests.support.setup_steps import choose, field_of, open_setup, pick_channel, steps_of

MESSAGES = "/channels/{}/messages"


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with Toolzz connected and alerts in its first channel."""
    await connect_toolzz(harness)
    await run_alerts(harness, "set", channel=harness.channel)
    return harness


async def suspend_board(harness: BotHarness, why: str) -> None:
    """Put a board up, and note that Discord takes no changes of it."""
    await harness.manager.slash(harness.channel, "integrations board", channel=harness.channel)
    now = int(harness.env.now().timestamp())
    await harness.bot.services.outbox._store.suspend_board(
        harness.guild.id, harness.channel.id, why=why, now=now, retry_at=now + 3600, is_reported=False
    )


# --- the list ---


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("code", "why"), [(50001, "forbidden"), (10003, "not_found")])
async def test_a_lost_channel_is_told_until_there_is_another(
    harness: BotHarness, locale: str, code: int, why: str
) -> None:
    """The list says why alerts do not arrive, how many wait, and until when; another channel gets them."""
    harness.locale = locale
    texts, here = harness.texts, harness.channel
    path = MESSAGES.format(here.id)
    harness.env.inject_error("POST", path, status=404 if why == "not_found" else 403, code=code, times=None)
    await record_checks(harness, DOWN)
    listed = await run_alerts(harness, "list")
    assert (embed_of(listed).title or "").startswith("⚠️")
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    says = [
        texts(f"alerts.undelivered.rule.{why}", channel=here.mention),
        texts.plural("alerts.undelivered.unsent", 1),
        texts("alerts.undelivered.retry", time=f"<t:{route.retry_at}:R>"),
    ]
    assert f"⚠️ {' '.join(says)}\n↳ {harness.linked(texts(f'alerts.undelivered.fix.{why}'))}" in shown(listed)
    assert field(listed, texts("next_step")) == texts("alerts.list.lost_next")
    other = harness.guild.create_text_channel("other")
    await run_alerts(harness, "set", channel=other)
    assert len(embed_messages(other)) == 1
    assert says[0] not in shown(await run_alerts(harness, "list"))


async def test_the_missing_permission_is_named(harness: BotHarness) -> None:
    """Where our own cache knows what is missing, the list asks for that."""
    hidden: Any = {harness.guild.default_role: discord.PermissionOverwrite(embed_links=False)}
    closed = harness.guild.create_text_channel("closed", overwrites=hidden)
    await harness.bot.services.alerts.set_route(
        harness.guild.id, closed.id, RouteSettings(), member_id=harness.manager.id, number=1
    )
    await suspend_routes(harness, closed)
    name = harness.texts("permission.embed_links")
    assert harness.texts("alerts.undelivered.fix.lacking", permissions=name) in shown(
        await run_alerts(harness, "list")
    )


@pytest.mark.parametrize("locale", LOCALES)
async def test_each_reason_of_a_message_has_its_words(harness: BotHarness, locale: str) -> None:
    """What Discord did with messages is said for each reason, with what to do if it does not pass."""
    harness.locale = locale
    texts = harness.texts
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    reasons = ("auto_moderation", "rejected", "rate_limited", "unavailable", "unexpected")
    waiting = [Waiting(1, why, 2, 1_700_000_000) for why in reasons]
    with harness.env._bot_scope():
        ctx: Any = mock_context(harness)
        found = Undelivered(route, route.channel_id, "", None, is_reported=False, unsent=0, waiting=waiting)
        lines = list(found.lines(ctx, fixes=True))
    expected = []
    for why in reasons:
        text = texts.plural(f"alerts.undelivered.why.{why}", 2, channel=harness.channel.mention)
        expected.append(f"⚠️ {text} {texts('alerts.undelivered.retry', time='<t:1700000000:R>')}")
        if why not in {"rate_limited", "unavailable"}:
            expected.append(f"↳ {texts(f'alerts.undelivered.fix.{why}')}")
    assert lines == expected


def mock_context(harness: BotHarness) -> Any:  # noqa: ANN401 - as much of a Context as is used
    """Return what the words of a reason need."""
    guild = harness.bot.get_guild(harness.guild.id)
    return type("Asked", (), {"texts": harness.texts, "guild": guild})()


async def test_a_message_that_discord_could_not_take_is_counted(harness: BotHarness) -> None:
    """A failure of Discord's own is listed with the next try, and is over when that succeeds."""
    path = MESSAGES.format(harness.channel.id)
    harness.env.inject_error("POST", path, status=500, code=0, times=None)
    await record_checks(harness, DOWN)
    (waiting,) = (await harness.bot.services.lookups.sending(harness.guild.id)).waiting
    text = harness.texts.plural(f"alerts.undelivered.why.{waiting.why}", 1, channel=harness.channel.mention)
    assert text in shown(await run_alerts(harness, "list"))


async def test_a_board_that_is_out_of_date_is_listed(harness: BotHarness) -> None:
    """The board has a field of its own, with its own command as the fix."""
    await suspend_board(harness, "not_found")
    says = field(await run_alerts(harness, "list"), harness.texts("alerts.list.board"))
    assert harness.texts("alerts.undelivered.board.not_found", channel=harness.channel.mention) in says
    assert harness.linked(harness.texts("alerts.undelivered.fix.not_found_board")) in says


# --- the other screens ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_overview_says_that_nobody_could_be_told(harness: BotHarness, locale: str) -> None:
    """Viewers see what waits, and who can do something; once somebody was told, that sentence is gone."""
    harness.locale = locale
    texts = harness.texts
    await record_checks(harness, DOWN)
    await suspend_routes(harness, harness.channel)
    await suspend_board(harness, "forbidden")
    viewer = harness.moderator()
    seen = await viewer.slash(harness.channel, "integrations overview")
    says = field(seen, texts("integrations.overview.undelivered"))
    assert texts("alerts.undelivered.rule.forbidden", channel=harness.channel.mention) in says
    assert texts("alerts.undelivered.board.forbidden", channel=harness.channel.mention) in says
    assert texts("alerts.undelivered.untold") in says
    assert "↳" not in says
    next_step = harness.linked(texts("integrations.overview.undelivered_next"))
    assert field(seen, texts("next_step")) == next_step
    await suspend_routes(harness, harness.channel, "timed_out")
    await harness.bot.services.outbox._store.resume_board(harness.guild.id)
    seen = await viewer.slash(harness.channel, "integrations overview")
    assert texts("alerts.undelivered.untold") not in shown(seen)


async def test_a_diagnosis_is_about_the_rules_of_its_agent(harness: BotHarness) -> None:
    """A rule about another agent does not count; a suspended one fails, beside one that works."""
    texts, other = harness.texts, harness.guild.create_text_channel("other")
    await record_checks(harness, {"Front desk": State.CONNECTED, "Back office": State.CONNECTED})

    async def alerts_of(agent: str) -> list[str]:
        asked = await harness.manager.slash(harness.channel, "integrations diagnose", integration=agent)
        lines = (embed_of(asked).description or "").splitlines()
        title = f"**{texts('diagnosis.check.alerts')}** · "
        return [line.partition(title)[2] for line in lines if title in line]

    await run_alerts(harness, "set", channel=harness.channel, about=KEY, rule="1")
    assert await alerts_of(KEY) == [texts("diagnosis.alerts.set", channel=harness.channel.mention)]
    assert await alerts_of("toolzz:agent-1") == [texts("diagnosis.alerts.narrow")]
    await run_alerts(harness, "set", channel=other)
    await suspend_routes(harness, harness.channel, is_reported=True)
    works, fails = await alerts_of(KEY)
    assert works == texts("diagnosis.alerts.set", channel=other.mention)
    assert fails.startswith(texts("alerts.undelivered.rule.forbidden", channel=harness.channel.mention))
    await run_alerts(harness, "remove", rule="1")
    await run_alerts(harness, "remove")
    assert await alerts_of(KEY) == [texts("diagnosis.alerts.none")]


@pytest.mark.parametrize("locale", LOCALES)
async def test_setup_counts_rules_for_all_of_a_provider(harness: BotHarness, locale: str) -> None:
    """A rule about one agent is not enough; one about the provider is; what waits is shown beside it."""
    harness.locale = locale
    texts, other = harness.texts, harness.guild.create_text_channel("other")
    await record_checks(harness, {"Front desk": State.CONNECTED})
    await run_alerts(harness, "set", channel=harness.channel, about=KEY, rule="1")
    steps = await choose(harness, await open_setup(harness), "toolzz")
    assert steps_of(steps)[-4:].startswith("▶️")
    assert field_of(harness, steps, "alerts") == texts("setup.alerts.narrow")
    await pick_channel(harness, steps, other)
    assert field_of(harness, steps, "alerts") == texts("setup.alerts.done", channel=other.mention)
    routes = await harness.bot.services.alerts.routes(harness.guild.id)
    assert [(each.channel_id, each.integration) for each in routes] == [
        (harness.channel.id, "agent-0"),
        (other.id, ""),
    ]
    await suspend_routes(harness, harness.channel)
    steps = await choose(harness, await open_setup(harness), "toolzz")
    says = field_of(harness, steps, "alerts")
    assert says.startswith(texts("setup.alerts.done", channel=other.mention))
    assert texts("alerts.undelivered.rule.forbidden", channel=harness.channel.mention) in says


async def test_setup_keeps_what_a_rule_says_besides_the_channel(harness: BotHarness) -> None:
    """Another channel for a rule that is suspended changes neither its role nor its times."""
    crew = harness.guild.create_role("Crew", mentionable=True)
    leads = harness.guild.create_role("Leads", mentionable=True)
    options: dict[str, Any] = {"role": crew, "second_role": leads, "escalate": "1h", "after": 3}
    await run_alerts(harness, "set", channel=harness.channel, **options)
    await suspend_routes(harness, harness.channel)
    harness.env.backend.delete_role(harness.guild.id, leads.id)
    await harness.env.settle()
    other = harness.guild.create_text_channel("other")
    steps = await choose(harness, await open_setup(harness), "toolzz")
    await pick_channel(harness, steps, other)
    (route,) = await harness.bot.services.alerts.routes(harness.guild.id)
    assert (route.channel_id, route.role_id, route.checks) == (other.id, crew.id, 3)
    assert (route.second_role_id, route.escalate, route.suspended) == (None, 0, "")
