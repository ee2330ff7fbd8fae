"""`/alerts quiet-hours`: quiet hours are set, shown and switched off, and their zone is found."""

from typing import Any

import discord
import pytest
import simcord

from bot.features.alerts.quiet_hours import QuietHours
from bot.i18n.catalog import LOCALES
from tests.support.alert_steps import audited_changes, run_alerts
from tests.support.harness import BotHarness, embed_of, field, final, shown

NIGHT = {"from": "22:00", "to": "7:00", "timezone": "America/Sao_Paulo"}


async def run(harness: BotHarness, **options: Any) -> simcord.InteractionResult:  # noqa: ANN401 - as in a command
    """Have the manager run the command."""
    return await run_alerts(harness, "quiet-hours", **options)


async def stored(harness: BotHarness) -> QuietHours | None:
    """Return the server's quiet hours."""
    return await harness.bot.services.quiet_hours.get(harness.guild.id)


async def suggested(harness: BotHarness, typed: str) -> list[str]:
    """Return the time zones that are suggested."""
    found = await harness.manager.autocomplete(harness.channel, "alerts quiet-hours", "timezone", typed)
    return [choice["value"] for choice in found]


@pytest.mark.parametrize("locale", LOCALES)
async def test_quiet_hours_are_set_shown_and_switched_off(harness: BotHarness, locale: str) -> None:
    """The answer says what they do and, while they hold, until when; they are in the list of alerts."""
    harness.locale = locale
    texts = harness.texts
    done = await run(harness, **{**NIGHT, "from": "20h30"})
    assert final(done).ephemeral
    assert embed_of(done).title == f"🌙 {texts('alerts.quiet_hours.done')}"
    assert embed_of(done).description == texts("alerts.quiet_hours.how")
    line = "20:30-07:00 · America/Sao_Paulo"
    assert field(done, texts("alerts.quiet_hours.field")) == line
    end = int(harness.env.now().timestamp()) + 10 * 3600  # it is 21:00 there
    assert field(done, texts("alerts.quiet_hours.now")) == f"<t:{end}:f> (<t:{end}:R>)"
    assert field(done, texts("next_step")) == harness.linked(texts("alerts.quiet_hours.next"))
    assert await stored(harness) == QuietHours(1230, 420, "America/Sao_Paulo")
    listed = await run(harness)
    assert embed_of(listed).title == f"🌙 {texts('alerts.quiet_hours.list')}"
    assert field(listed, texts("alerts.quiet_hours.field")) == line
    assert field(await run_alerts(harness, "list"), texts("alerts.quiet_hours.field")) == line
    off = await run(harness, off=True)
    assert embed_of(off).title == f"🌙 {texts('alerts.quiet_hours.off')}"
    assert await stored(harness) is None
    await run(harness, off=True)
    none = await run(harness)
    assert embed_of(none).title == f"🌙 {texts('alerts.quiet_hours.none')}"
    assert await audited_changes(harness) == [
        ("alerts.quiet_hours", line, "done"),
        ("alerts.quiet_hours", "off", "done"),
    ]


async def test_the_zone_stays_where_none_is_named(harness: BotHarness) -> None:
    """Other times keep the zone that was set before; the first time a zone is needed."""
    refused = await run(harness, **{"from": "22:00", "to": "07:00"})
    assert harness.texts("problem.invalid_input.time_zone_missing.title") in (embed_of(refused).title or "")
    await run(harness, **NIGHT)
    shown_now = await run(harness, **{"from": "01:00", "to": "02:00"})
    assert await stored(harness) == QuietHours(60, 120, "America/Sao_Paulo")
    assert harness.texts("alerts.quiet_hours.now") not in shown(shown_now)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"from": "22:00"}, "quiet_hours_pair"),
        ({"to": "22:00"}, "quiet_hours_pair"),
        ({"timezone": "UTC"}, "quiet_hours_pair"),
        ({**NIGHT, "from": "25:00"}, "quiet_hours_time"),
        ({**NIGHT, "to": "late"}, "quiet_hours_time"),
        ({**NIGHT, "to": "22:00"}, "quiet_hours_equal"),
        ({**NIGHT, "timezone": "Atlantis"}, "time_zone"),
        ({**NIGHT, "timezone": "../../etc/passwd"}, "time_zone"),
        ({**NIGHT, "timezone": ""}, "time_zone"),
        ({**NIGHT, "timezone": "Etc/GMT+3"}, "time_zone"),
    ],
)
async def test_what_cannot_be_is_refused(
    harness: BotHarness, locale: str, options: dict[str, str], rule: str
) -> None:
    """The answer says why, and nothing is set."""
    harness.locale = locale
    refused = await run(harness, **options)
    assert harness.texts(f"problem.invalid_input.{rule}.title") in (embed_of(refused).title or "")
    assert await stored(harness) is None


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("sao paulo", "America/Sao_Paulo"),
        ("São Paulo", "America/Sao_Paulo"),
        ("SÃO_PAULO", "America/Sao_Paulo"),
        ("saopaulo", "America/Sao_Paulo"),
        ("america/sao_paulo", "America/Sao_Paulo"),
        ("lisbon", "Europe/Lisbon"),
        ("utc", "UTC"),
    ],
)
async def test_a_zone_is_found_by_its_city(harness: BotHarness, typed: str, zone: str) -> None:
    """With or without accents and blanks; who picks nothing is understood as well."""
    assert zone in await suggested(harness, typed)
    await run(harness, **{**NIGHT, "timezone": typed})
    hours = await stored(harness)
    assert hours is not None
    assert hours.zone == zone


@pytest.mark.parametrize(
    ("language", "zone"),
    [
        (discord.Locale.american_english, "America/New_York"),
        (discord.Locale.brazil_portuguese, "America/Sao_Paulo"),
        (discord.Locale.swedish, "UTC"),
    ],
)
async def test_likely_zones_are_suggested_first(
    harness: BotHarness, language: discord.Locale, zone: str
) -> None:
    """Those of the server's language come first, and there are as many as Discord shows."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild.preferred_locale = language
    first = await suggested(harness, "")
    assert first[0] == zone
    assert len(first) == len(set(first)) == 25
    assert await suggested(harness, "Atlantis") == []
