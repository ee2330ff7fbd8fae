"""Maintenance is marked wherever states are shown, and leaves the availability as it is."""

import csv
import io

import pytest

from bot.features.monitoring.check_result import CheckOutcome, CheckResult
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from bot.providers.base.report import Report, Reports
from tests.support.fake_provider import FakeProvider, connect_fake_provider
from tests.support.harness import BotHarness, embed_of, field, final, shown

HOUR = 3600


@pytest.fixture
async def fake_provider(harness: BotHarness) -> FakeProvider:
    """A provider without a view of its own, connected in the server, with an agent called Polly."""
    provider = await connect_fake_provider(harness)
    provider.list_integration("polly", "Polly", State.CONNECTED)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    return provider


async def begin(harness: BotHarness, seconds: int = HOUR) -> int:
    """Put Polly into maintenance now, and return the end."""
    window = await harness.bot.services.maintenance.add(
        harness.guild.id, FakeProvider.slug, "polly", seconds, member_id=harness.manager.id
    )
    return window.ends_at


@pytest.mark.parametrize("locale", LOCALES)
async def test_overview_status_and_diagnosis_say_until_when(
    harness: BotHarness, fake_provider: FakeProvider, locale: str
) -> None:
    """They have a mark while it lasts, and none afterwards."""
    harness.locale = locale
    until = f"<t:{await begin(harness)}:R>"
    texts, polly = harness.texts, {"integration": "parrots:polly"}
    in_status = texts("integrations.now.maintenance", time=until)
    found = texts("diagnosis.alerts.maintenance", time=until)

    async def run(command: str, **options: str) -> str:
        return shown(await harness.manager.slash(harness.channel, f"integrations {command}", **options))

    assert f"\n↳ 🔧 {texts('state.ends', time=until)}\n" in await run("overview")
    assert in_status in await run("status", **polly)
    assert found in await run("diagnose", **polly)
    await harness.env.advance_time(HOUR)
    assert "🔧" not in await run("overview")
    assert in_status not in await run("status", **polly)
    assert found not in await run("diagnose", **polly)


@pytest.mark.parametrize("locale", LOCALES)
async def test_an_outage_in_maintenance_costs_nothing(
    harness: BotHarness, fake_provider: FakeProvider, locale: str
) -> None:
    """Text, picture and table of the history say how long maintenance was; the figure is that of the rest."""
    harness.locale = locale
    start = int(harness.env.now().timestamp())
    await harness.env.advance_time(2 * HOUR)
    begun = await begin(harness) - HOUR
    await record(harness, begun, State.ERROR)
    await harness.env.advance_time(2 * HOUR)
    await record(harness, begun + HOUR, State.CONNECTED)
    result = await harness.manager.slash(
        harness.channel, "integrations history", integration="parrots:polly", days=1
    )
    texts = harness.texts
    day = "1 day" if locale == "en-US" else "1 dia"
    assert field(result, texts("integrations.history.availability", period=day)).startswith(
        f"**{texts.percent(1)}**"
    )
    times = field(result, texts("integrations.history.times", period=day)).splitlines()
    assert times[-1] == texts("integrations.history.maintenance", duration="1 h")
    assert f"🟠 {texts('state.error')}: **1 h**" in times
    table, picture = sorted(final(result).attachments, key=lambda file: file.filename.endswith("png"))
    assert texts.percent(1) in (picture.description or "")
    content = (harness.env.backend.cdn.get(table.url) or b"").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))[1:]
    assert [row[2:4] for row in rows[1:2]] == [["3600", "3600"]]
    assert sum(int(row[3]) for row in rows) == HOUR
    assert start < begun


async def test_a_time_of_nothing_but_maintenance_has_no_figure(
    harness: BotHarness, fake_provider: FakeProvider
) -> None:
    """It is called what it was, not unknown."""
    await begin(harness, 86_400)
    await harness.env.advance_time(HOUR)
    result = await harness.manager.slash(
        harness.channel, "integrations history", integration="parrots:polly", days=1
    )
    assert field(result, "Availability, 1 day").startswith("Maintenance only\n")
    assert embed_of(result).image.url == "attachment://history.png"


async def record(harness: BotHarness, at: int, state: State) -> None:
    """Record a check of Polly."""
    report = Report("polly", "Polly", state, "", str(harness.guild.id))
    await harness.bot.services.poller._recorder.record(
        CheckResult(
            harness.guild.id, FakeProvider.slug, "default", at, CheckOutcome.ANSWERED, Reports((report,))
        )
    )
