"""Times without a zone are shown as they came, until the answer to a write has shown the host's zone."""

from datetime import UTC, datetime, timedelta

import discord
import pytest
import simcord

from bot.discord.theme import Tone
from bot.i18n.catalog import LOCALES
from tests.support.english import english
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, shown
from tests.support.toolzz_agent import add_agent_bot, change, look_at, look_closely
from tests.support.toolzz_agent import press as press_status
from tests.support.toolzz_editing import press, propose
from tests.support.toolzz_report import place
from tests.support.toolzz_steps import move_here, put_in

RECEIVED = "2026-01-02 09:15:27.6"
UNZONED = english("toolzz.status.no_zone", time=f"`{RECEIVED}`")
IN_SAO_PAULO = int(datetime(2026, 1, 2, 12, 15, 27, tzinfo=UTC).timestamp())
SHOWN = f"<t:{IN_SAO_PAULO}:f> (<t:{IN_SAO_PAULO}:R>)"


@pytest.fixture
async def harness(harness: BotHarness) -> BotHarness:
    """A server with an integration of Toolzz, whose clock is right and three hours behind UTC."""
    harness.toolzz.clock = lambda: harness.env.now().timestamp()
    harness.toolzz.utc_offset = timedelta(hours=-3)
    await harness.connect("toolzz")
    add_agent_bot(harness)
    move_here(harness)
    change(harness, lastConnectedAt=RECEIVED)
    return harness


async def last_connected(harness: BotHarness) -> str:
    """Return when the integration was last connected, as the status shows it."""
    return place(harness, await look_closely(harness), "last_connected")


async def file_of(harness: BotHarness) -> str:
    """Return the file of a diagnosis."""
    (file,) = final(await press_status(harness, await look_at(harness), "Diagnose")).attachments
    return (harness.env.backend.cdn.get(file.url) or b"").decode()


async def test_a_time_without_a_zone_is_shown_as_it_came(harness: BotHarness) -> None:
    """No zone is assumed, in the status and in the file of the diagnosis, in both languages."""
    assert await last_connected(harness) == UNZONED
    assert f"last connected: {RECEIVED} (time zone not stated)\n" in await file_of(harness)
    assert "UTC" not in shown(await look_at(harness))
    harness.locale = PORTUGUESE
    assert await last_connected(harness) == harness.texts("toolzz.status.no_zone", time=f"`{RECEIVED}`")


async def test_a_change_shows_the_zone(harness: BotHarness) -> None:
    """After one change all times of the host are shown by Discord, also after a restart."""
    await press(harness, await propose(harness, title="Renamed"))
    assert await last_connected(harness) == SHOWN
    assert "last connected: 2026-01-02T12:15:27Z\n" in await file_of(harness)
    await harness.restart()
    assert await last_connected(harness) == SHOWN


async def test_a_creation_shows_the_zone(harness: BotHarness) -> None:
    """So does the answer to `/toolzz connect`."""
    await put_in(harness)
    assert await last_connected(harness) == SHOWN


async def test_a_zone_that_changes_is_learned_again(harness: BotHarness) -> None:
    """An observation that disagrees replaces the one before."""
    for offset, ahead in ((-3, 0), (-2, -3600)):
        harness.toolzz.utc_offset = timedelta(hours=offset)
        await press(harness, await propose(harness, title=f"Renamed {offset}"))
        assert await last_connected(harness) == SHOWN.replace(str(IN_SAO_PAULO), str(IN_SAO_PAULO + ahead))


async def test_an_old_time_teaches_nothing(harness: BotHarness) -> None:
    """An answer with the time of an earlier change, or with a clock that is wrong, says nothing of a zone."""
    harness.toolzz.now = lambda: "2025-12-31 20:00:00"  # type: ignore[method-assign]
    change(harness, updatedAt="2025-12-31 20:00:00")
    await press(harness, await propose(harness, title="Renamed"))
    assert await last_connected(harness) == UNZONED
    harness.toolzz.now = lambda: "2025-12-31 20:07:00"  # type: ignore[method-assign]
    await press(harness, await propose(harness, title="Renamed again"))
    assert await last_connected(harness) == UNZONED


# --- connected, and disconnected later ---


async def contradict(harness: BotHarness) -> simcord.InteractionResult:
    """Let Toolzz report a disconnection after the last connection, and look at the status."""
    change(harness, lastDisconnectedAt="2026-01-02 09:15:28")
    return await look_at(harness)


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_later_disconnection_is_told(harness: BotHarness, locale: str) -> None:
    """The status warns, says what to do, and keeps the symbol of what Toolzz reports; so does a diagnosis."""
    doubt = harness.bot.services.catalog[locale]("toolzz.status.lost_later")
    harness.locale = locale
    assert doubt not in shown(await look_at(harness))
    result = await contradict(harness)
    assert doubt in (embed_of(result).description or "")
    assert (embed_of(result).title or "").startswith("🟢")
    assert embed_of(result).colour == discord.Colour(Tone.WARNING.colour)
    assert field(result, harness.texts("next_step")) == harness.texts("toolzz.next.lost_later")
    found = await press_status(harness, result, harness.texts("toolzz.diagnose.button"))
    assert doubt in shown(found)
    again = harness.texts("diagnosis.fix.again", button=harness.texts("toolzz.diagnose.button"))
    step = harness.texts("toolzz.next.lost_later")
    assert field(found, harness.texts("next_step")) == f"{step} {again}"


async def test_only_a_connected_one_contradicts_itself(harness: BotHarness) -> None:
    """Nothing is said of a disconnected one, nor where the two times cannot be compared."""
    doubt = harness.texts("toolzz.status.lost_later")
    await contradict(harness)
    for changes in (
        {"connectionStatus": "disconnected"},
        {"connectionStatus": "connected", "lastDisconnectedAt": "2026-01-02T23:15:28Z"},
        {"lastDisconnectedAt": "tomorrow"},
        {"lastDisconnectedAt": None},
    ):
        change(harness, **changes)
        assert doubt not in shown(await look_at(harness)), changes
