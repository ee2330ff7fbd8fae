"""`/sensay status` of a replica that Sensay runs and that can answer nowhere in the server."""

import discord

from bot.discord.theme import Tone
from tests.support.english import english
from tests.support.harness import BotHarness, embed_of, field, shown
from tests.support.sensay_steps import component_of, place, press, status


async def test_a_blocked_one_says_first_what_counts_here(harness: BotHarness) -> None:
    """The card begins with the state that counts here and its reason; the details say what Sensay lists.

    The overview's line, menu and colour show the same state.
    """
    await harness.connect("sensay")
    replica = harness.sensay.replicas[harness.sensay.ACTIVE]
    await place(harness, replica["uuid"])
    asked = await status(harness, replica["uuid"])
    assert embed_of(asked).title == f"⛔ {replica['name']}"
    first, checked = (embed_of(asked).description or "").splitlines()
    assert first == f"**Blocked** · {harness.texts('state.why.absent')}"
    assert checked.startswith("Checked <t:")
    await press(harness, asked, "Details")
    assert field(asked, english("sensay.status.tagline")) == replica["shortDescription"]
    assert field(asked, english("sensay.status.lists")).startswith("🟢 **Active** · ")
    overview = await status(harness)
    assert f"⛔ **{replica['name']}** · Blocked" in shown(overview)
    menu = component_of(overview, "sensay:details:")["options"]
    (entry,) = [each for each in menu if each["value"] == replica["uuid"]]
    assert (entry["emoji"]["name"], entry["description"]) == ("⛔", "Blocked")
    assert embed_of(overview).colour == discord.Colour(Tone.BAD.colour)
