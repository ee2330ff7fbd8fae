"""`/alerts maintenance`: windows are set, scheduled, listed, ended and cancelled."""

from typing import Any

import pytest
import simcord

from bot.features.maintenance.windows import MaintenanceWindow
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from tests.support.alert_steps import KEY, audited_changes, connect_toolzz, record_checks, run_alerts
from tests.support.harness import BotHarness, buttons, embed_of, field, final, shown
from tests.support.hostile import ATTACKS, marks

HOUR = 3600


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with Toolzz connected, and an agent that it watches."""
    await connect_toolzz(harness)
    await record_checks(harness, {"Front desk": State.CONNECTED})
    return harness


def now(harness: BotHarness) -> int:
    """Return Discord's time, in seconds since 1970: 2026-01-01 in UTC."""
    return int(harness.env.now().timestamp())


async def run(harness: BotHarness, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
    """Have the manager run the command. duration: what Discord calls ``for``."""
    if "duration" in options:
        options["for"] = options.pop("duration")
    return await run_alerts(harness, "maintenance", **options)


async def windows(harness: BotHarness) -> list[MaintenanceWindow]:
    """Return the windows that are not over."""
    return list(await harness.bot.services.maintenance.current(harness.guild.id))


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_agent_is_put_into_maintenance_now(harness: BotHarness, locale: str) -> None:
    """The answer says until when; the list has the window, and in which time zone `at:` is read."""
    harness.locale = locale
    answered = await run(harness, integration=KEY, duration="2h")
    texts, end = harness.texts, now(harness) + 2 * HOUR
    assert final(answered).ephemeral
    assert embed_of(answered).title == f"✅ {texts('alerts.maintenance.done')}"
    when = f"<t:{end}:f> (<t:{end}:R>)"
    how = texts("alerts.maintenance.done_how", name="Front desk", end=when)
    assert embed_of(answered).description == how
    assert field(answered, texts("next_step")) == texts("alerts.maintenance.some_next")
    listed = await run(harness)
    _, _, count, line = (embed_of(listed).description or "").splitlines()
    assert count == f"**{texts.plural('alerts.maintenance.count', 1)}**"
    period = f"<t:{now(harness)}:f> → <t:{end}:f>"
    assert line == f"🔧 #1 **Front desk** · {period} · <@{harness.manager.id}>"
    utc = harness.linked(texts("alerts.maintenance.utc", zone="`UTC`"))
    assert field(listed, texts("alerts.maintenance.time_zone")) == utc
    assert [(each.provider, each.id, each.ends_at) for each in await windows(harness)] == [
        ("toolzz", "agent-0", end)
    ]
    assert await audited_changes(harness) == [
        ("alerts.maintenance", f"{KEY.replace(':', ' · ')} · 2h", "done")
    ]


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_whole_server_is_scheduled_in_its_time_zone(harness: BotHarness, locale: str) -> None:
    """Half past ten in the evening is that of the quiet hours' zone; nothing is held until then."""
    harness.locale = locale
    await run_alerts(
        harness, "quiet-hours", **{"from": "22:00", "to": "07:00", "timezone": "America/Sao_Paulo"}
    )
    answered = await run(harness, duration="30m", at="22:30")
    texts = harness.texts
    start = now(harness) + 90 * 60  # it is 21:00 there
    assert embed_of(answered).title == f"✅ {texts('alerts.maintenance.scheduled')}"
    listed = await run(harness)
    assert f"🗓️ #1 **{texts('alerts.maintenance.all')}** · <t:{start}:f> → <t:{start + 1800}:f>" in shown(
        listed
    )
    assert "`America/Sao_Paulo`" in (embed_of(answered).description or "")
    zone = texts("alerts.maintenance.zone", zone="`America/Sao_Paulo`")
    assert field(listed, texts("alerts.maintenance.time_zone")) == zone
    (option,) = buttons(answered)[0]["options"]
    assert option["description"] == "2025-12-31 22:30 → 2025-12-31 23:00"
    (window,) = await windows(harness)
    assert window.is_for_all
    assert (await audited_changes(harness))[-1][1] == f"server · {harness.guild.id} · 30m"
    log = shown(await harness.manager.slash(harness.channel, "audit list"))
    assert f"{texts('audit.target.server')} · {texts('alerts.maintenance.for.30m')}" in log


async def test_without_options_the_windows_are_listed(harness: BotHarness) -> None:
    """At first there is none, and no menu; nothing is written to the audit log."""
    answered = await run(harness)
    assert embed_of(answered).title == "🔧 Maintenance"
    assert buttons(answered) == []
    assert field(answered, "Next step") == harness.linked(harness.texts("alerts.maintenance.no_next"))
    await run(harness, duration="1h")
    await run(harness, duration="1d", at="2026-02-01 08:00", integration="Front desk")
    listed = await run(harness)
    assert [option["label"] for option in buttons(listed)[0]["options"]] == [
        "#1 The whole server",
        "#2 Front desk",
    ]
    assert len(await audited_changes(harness)) == 2
    assert (
        field(await run_alerts(harness, "list"), "🔧 Maintenance").splitlines()
        == (embed_of(listed).description or "").splitlines()[-2:]
    )


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_window_is_ended_or_cancelled_from_the_menu(harness: BotHarness, locale: str) -> None:
    """What was done takes its place, without the window in the menu; what has been of one is kept."""
    harness.locale = locale
    await run(harness, duration="1h", integration=KEY)
    await run(harness, duration="1h", at="2026-02-01 08:00")
    listed = await run(harness)
    await harness.env.advance_time(60)
    texts = harness.texts
    for number, kind in (("1", "ended"), ("2", "canceled")):
        await harness.manager.select(final(listed).message, [number])
        assert embed_of(listed).title == f"✅ {texts(f'alerts.maintenance.{kind}')}"
        assert number not in {option["value"] for menu in buttons(listed) for option in menu["options"]}
    assert buttons(listed) == []
    (kept,) = await harness.bot.services.maintenance.windows(harness.guild.id, 0)
    assert 60 <= kept.ends_at - kept.starts_at < 120
    assert [each[1] for each in (await audited_changes(harness))[-2:]] == ["#1", "#2"]
    log = shown(await harness.manager.slash(harness.channel, "audit list"))
    assert texts("audit.target.maintenance", number=2) in log


async def test_a_window_that_is_over_cannot_be_picked(harness: BotHarness) -> None:
    """Whoever picks it from an old menu is told so; what is no number is refused."""
    listed = await run(harness, duration="30m")
    await harness.env.advance_time(HOUR)
    menu = buttons(listed)[0]
    picked = await harness.manager.select(final(listed).message, ["1"], custom_id=menu["custom_id"])
    assert harness.texts("problem.invalid_input.maintenance_over.title") in shown(picked)


@pytest.mark.parametrize("locale", LOCALES)
async def test_current_maintenance_is_ended(harness: BotHarness, locale: str) -> None:
    """With an agent only its own windows, without one all current ones; scheduled ones stay."""
    harness.locale = locale
    await run(harness, duration="1h", integration=KEY)
    await run(harness, duration="1h")
    await run(harness, duration="1h", at="2026-02-01 08:00")
    await harness.env.advance_time(60)
    texts = harness.texts
    ended = await run(harness, duration="end", integration=KEY)
    assert embed_of(ended).title == f"✅ {texts('alerts.maintenance.ended_all')}"
    assert [each.number for each in await windows(harness)] == [2, 3]
    again = await run(harness, duration="end", integration=KEY)
    assert embed_of(again).title == f"💤 {texts('alerts.maintenance.none')}"
    await run(harness, duration="end")
    assert [each.number for each in await windows(harness)] == [3]
    changes = [each[1].rpartition(" · ")[2] for each in await audited_changes(harness)]
    assert changes == ["1h", "1h", "1h", "end", "end"]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"integration": KEY}, "invalid_input.maintenance_options"),
        ({"at": "22:30"}, "invalid_input.maintenance_options"),
        ({"duration": "end", "at": "22:30"}, "invalid_input.maintenance_options"),
        ({"duration": "1h", "at": "tomorrow"}, "invalid_input.maintenance_start"),
        ({"duration": "1h", "at": "2025-12-01 22:30"}, "invalid_input.maintenance_past"),
        ({"duration": "1h", "at": "2026-12-01 22:30"}, "invalid_input.maintenance_ahead"),
        ({"duration": "1h", "integration": "nobody"}, "not_watched"),
    ],
)
async def test_what_cannot_be_is_refused(
    harness: BotHarness, locale: str, options: dict[str, str], rule: str
) -> None:
    """The answer says why, and no window is set."""
    harness.locale = locale
    refused = await run(harness, **options)
    title = harness.texts(f"problem.{rule}.title")
    assert title in (embed_of(refused).title or "")
    assert await windows(harness) == []


async def test_so_many_windows_fit_into_answer_and_menu(harness: BotHarness) -> None:
    """The 25th is shown and can be picked; the 26th is refused."""
    harness.remove_cooldowns()
    service, here = harness.bot.services.maintenance, harness.guild.id
    for number in range(24):
        start = now(harness) + HOUR + number
        await service.add(here, "toolzz", "agent-0", 60, member_id=harness.manager.id, starts_at=start)
    await run(harness, duration="1d")
    last = await run(harness)
    assert len(buttons(last)[0]["options"]) == 25
    assert (embed_of(last).description or "").count("\n") >= 25
    refused = await run(harness, duration="1d")
    assert harness.texts("problem.invalid_input.maintenance_many.title") in (embed_of(refused).title or "")
    assert len(field(await run_alerts(harness, "list"), "🔧 Maintenance")) <= 1024


async def test_hostile_names_do_nothing(harness: BotHarness) -> None:
    """No name of an integration adds a ping, a link or any markup, and each fits into the menu."""
    harness.remove_cooldowns()
    await record_checks(harness, {"x": State.CONNECTED})
    await run(harness, duration="1h", integration=KEY)
    harmless = marks(shown(await run(harness)))
    for attack in ATTACKS:
        await record_checks(harness, {attack: State.CONNECTED})
        listed = await run(harness)
        assert marks(shown(listed)) <= harmless, attack
        assert len(buttons(listed)[0]["options"][0]["label"]) <= 100


async def test_an_agent_that_is_gone_is_named_by_its_id(harness: BotHarness) -> None:
    """Its window stays until it is over."""
    await run(harness, duration="1d", integration=KEY)
    await harness.bot.services.monitoring.stop_watching(harness.guild.id, "toolzz", "agent-0")
    listed = await run(harness)
    assert "**`agent-0`**" in shown(listed)
    assert buttons(listed)[0]["options"][0]["label"] == "#1 agent-0"
