"""``/integrations overview``: all that is connected, the worst first, for those who look after it."""

from __future__ import annotations

import re

import discord
import pytest
import simcord

from bot.i18n.catalog import load_catalog
from bot.kit.integration import State
from bot.kit.simulator import Answer
from bot.services.watching import Kind, Watched
from cogs.integrations.overview_embed import overview_embed
from cogs.integrations.status import status_embed
from tests.cogs.parrots import Parrots, open_house
from tests.cogs.toolzz_agent import button, press
from tests.cogs.town import PORTUGUESE, Town, embed_of, field, final, shown
from tests.ui.hostile import PAYLOADS, marks
from tests.ui.test_problems import words

OVERVIEW = "integrations overview"


@pytest.fixture
def viewer(town: Town) -> simcord.MemberActor:
    """Somebody who may look, and change nothing."""
    return town.moderator()


@pytest.fixture
async def house(town: Town) -> Parrots:
    """A provider that registers nothing, connected in the town."""
    return await open_house(town)


async def test_a_moderator_sees_everything_worst_first(
    office: Town, house: Parrots, viewer: simcord.MemberActor
) -> None:
    """All providers' integrations stand in one list, counted, each with its state in a word, and why."""
    town = office
    house.teach("polly", "Polly", State.CONNECTED)
    house.teach("jack", "Jack", State.ERROR, "beak_stuck")
    seen = await viewer.slash(town.channel, OVERVIEW)
    assert seen.ephemeral
    text = embed_of(seen).description or ""
    first, *rest = re.findall(r"(?m)^(🟠|🔴|❔|⏳|⚪|🟢) \*\*", text)
    assert [first, *rest] == sorted([first, *rest], key="🟠🔴❔⏳⚪🟢".index)
    assert "🟠 **Jack** · Error · Parrot House · <t:" in text
    assert "↳ `beak_stuck`" in text
    assert "🟢 **Polly** · Connected · Parrot House" in text
    assert "**Suporte da loja** · Connected · Toolzz" in text
    assert town.texts("toolzz.code.4004.cause") in text
    assert re.match(r"\*\*\d need attention · \d unknown · \d inactive · \d connected\*\*\n", text)
    assert field(seen, "Last check").startswith("<t:")
    assert field(seen, "Next step") == town.linked(town.texts("integrations.overview.alerts_next"))
    await town.bot.alerts.set_route(town.guild.id, town.channel.id, member_id=town.manager.id)
    seen = await viewer.slash(town.channel, OVERVIEW)
    assert field(seen, "Next step") == town.linked(town.texts("integrations.overview.bad_next"))


async def test_it_is_for_moderators_and_whoever_was_let_in(office: Town, viewer: simcord.MemberActor) -> None:
    """A member is refused where the list is shared for all to see, and let in once granted."""
    town = office
    shared = await viewer.slash(town.channel, OVERVIEW, share=True)
    assert not shared.ephemeral
    refused = await press(town, shared, "Refresh", town.member)
    assert embed_of(refused).title == f"⚠️ {town.texts('problem.not_allowed.viewer.title')}"
    await town.manager.slash(town.channel, "access grant", tier="viewer", member=town.member)
    assert "**Suporte da loja**" in shown(await press(town, shared, "Refresh", town.member))


async def test_it_reads_when_told_to_and_only_then(
    town: Town, house: Parrots, viewer: simcord.MemberActor
) -> None:
    """The first look reads what nobody has read; then what was found last is shown until Refresh."""
    house.teach("polly", "Polly", State.CONNECTED)
    seen = await viewer.slash(town.channel, OVERVIEW)
    assert "🟢 **Polly**" in shown(seen)
    house.teach("polly", "Polly", State.DISCONNECTED)
    seen = await viewer.slash(town.channel, OVERVIEW)
    assert "🟢 **Polly**" in shown(seen)
    await town.env.advance_time(10)
    await press(town, seen, "Refresh", viewer)
    assert "🔴 **Polly** · Disconnected" in shown(seen)


async def test_what_is_out_of_date_says_so(town: Town, house: Parrots, viewer: simcord.MemberActor) -> None:
    """Nobody reads that something is connected when the last answer is from long ago."""
    house.teach("polly", "Polly", State.CONNECTED)
    await town.bot.poller.check_guild(town.guild.id)
    town.bot.watching._clock = lambda: town.env.now().timestamp() + 6 * 3600
    text = shown(await viewer.slash(town.channel, OVERVIEW))
    assert "⏳ **Polly** · Out of date: last known Connected" in text
    assert "**1 out of date**" in text
    assert "↳ Parrot House last answered <t:" in text


async def test_a_refused_connection_and_a_provider_that_is_down_stand_on_top(
    office: Town, house: Parrots, viewer: simcord.MemberActor
) -> None:
    """Each with what to do about it; the way to new credentials is a button."""
    town = office
    house.teach("polly", "Polly", State.CONNECTED)
    await town.bot.poller.check_guild(town.guild.id)
    town.toolzz.fail(Answer(401, {}), times=None)
    await town.env.advance_time(10)
    seen = await viewer.slash(town.channel, OVERVIEW)
    await press(town, seen, "Refresh", viewer)
    text = embed_of(seen).description or ""
    assert text.startswith("🟠 **Toolzz · `default`** · Credentials refused · <t:")
    assert town.linked(town.texts("problem.unauthorized.fix")) in text.partition("Polly")[0]
    assert "❔ **Suporte da loja** · Unknown · Toolzz" in text
    assert text.count(town.texts("problem.unauthorized.title", provider="Toolzz")) == 0, "said on top"
    assert "🟢 **Polly**" in text
    assert button(seen, "Rotate Toolzz · default")["custom_id"] == "connections:rotate:toolzz:default"


async def test_where_nothing_is_connected_it_says_how_to_begin(
    town: Town, viewer: simcord.MemberActor
) -> None:
    """Without credentials, and without an agent, there are other words and a next step."""
    nothing = await viewer.slash(town.channel, OVERVIEW)
    assert embed_of(nothing).title == f"💤 {town.texts('integrations.overview.nothing')}"
    await open_house(town)
    none = await viewer.slash(town.channel, OVERVIEW)
    assert embed_of(none).title == f"💤 {town.texts('integrations.overview.none')}"
    for seen in (nothing, none):
        assert "</setup:" in field(seen, "Next step")


async def test_many_have_pages_and_a_menu(town: Town, house: Parrots, viewer: simcord.MemberActor) -> None:
    """Ten stand on a page; the menu has those of the page and opens one in the list's place, and back."""
    for index in range(23):
        house.teach(f"bird-{index:02}", f"Bird {index:02}", State.CONNECTED)
    seen = await viewer.slash(town.channel, OVERVIEW)
    assert (embed_of(seen).footer.text or "") == "Page 1 of 3"
    await press(town, seen, "Next", viewer)
    await press(town, seen, "Next", viewer)
    assert "**3" not in (embed_of(seen).description or "")
    options = [item for row in final(seen).components for item in row["components"] if "options" in item]
    assert [option["value"] for option in options[0]["options"]] == [
        f"parrots:bird-{n}" for n in (20, 21, 22)
    ]
    await viewer.select(final(seen).message, ["parrots:bird-21"], custom_id="integrations:details")
    assert embed_of(seen).title == "🟢 Bird 21"
    await press(town, seen, "Back to the list", viewer)
    assert (embed_of(seen).footer.text or "") == "Page 1 of 3"


def spoken_of(text: str) -> list[discord.Embed]:
    """Show an integration that a provider calls this, and of which it says this."""
    bad = State.ERROR
    stale = False
    watched = Watched(
        Kind.INTEGRATION, "toolzz", "x", "default", text, bad, text, 1, 1, stale, None, None, None
    )
    texts = load_catalog()["en-US"]
    return [
        overview_embed([watched], 1, [], [], {}, texts, is_told=True),
        status_embed(watched, {}, texts),
    ]


def test_what_a_provider_says_does_nothing() -> None:
    """Its words for an integration, and for what is wrong, are shown as the signs that they are."""
    harmless = [marks(words(embed)) for embed in spoken_of("x")]
    for payload in PAYLOADS[::5]:
        for embed, known in zip(spoken_of(payload), harmless, strict=True):
            assert marks(words(embed)) <= known, payload


async def test_it_speaks_portuguese(town: Town, house: Parrots, viewer: simcord.MemberActor) -> None:
    """States, counts and the next step are in the language of whoever asks."""
    house.teach("polly", "Polly", State.DISCONNECTED)
    town.locale = PORTUGUESE
    text = shown(await viewer.slash(town.channel, OVERVIEW))
    assert "**1 precisa de atenção**" in text
    assert "🔴 **Polly** · Desconectada" in text
