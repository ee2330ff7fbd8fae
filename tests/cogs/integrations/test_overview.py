"""``/integrations overview`` shows viewers all that is connected, the worst first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import discord
import pytest
import simcord
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.discord.pages import pages_of
from bot.discord.text import length
from bot.discord.theme import DESCRIPTION, TOTAL, total
from bot.features.alerts.incident_store import Kind
from bot.features.alerts.service import RouteSettings
from bot.features.monitoring.service import GuildStatus, Watched
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from cogs.integrations.overview import Overview, overview_embed
from cogs.integrations.status import status_card
from tests.support.board_steps import board_text, check, only_board, put_up_board
from tests.support.clock import SharedClock
from tests.support.embeds import embed_text
from tests.support.english import english
from tests.support.fake_provider import FakeProvider, connect_fake_provider
from tests.support.harness import PORTUGUESE, BotHarness, embed_of, field, final, shown
from tests.support.hostile import PAYLOADS, marks
from tests.support.toolzz_agent import add_agent_bot, button, press

OVERVIEW = "integrations overview"


@pytest.fixture
def viewer(harness: BotHarness) -> simcord.MemberActor:
    """A member who is a viewer, by permission to moderate members."""
    return harness.moderator()


@pytest.fixture
async def fake_provider(harness: BotHarness) -> FakeProvider:
    """A provider without a view of its own, connected in the server."""
    return await connect_fake_provider(harness)


async def test_a_moderator_sees_everything_worst_first(
    toolzz_connected: BotHarness, fake_provider: FakeProvider, viewer: simcord.MemberActor
) -> None:
    """The integrations of all providers are in one list, counted, each with its state and the reason."""
    harness = toolzz_connected
    add_agent_bot(harness)
    fake_provider.list_integration("polly", "Polly", State.CONNECTED)
    fake_provider.list_integration("jack", "Jack", State.ERROR, "beak_stuck")
    seen = await viewer.slash(harness.channel, OVERVIEW)
    assert seen.ephemeral
    text = embed_of(seen).description or ""
    first, *rest = re.findall(r"(?m)^(🟠|🔴|❔|⏳|⚪|🟢) \*\*", text)
    assert [first, *rest] == sorted([first, *rest], key="🟠🔴❔⏳⚪🟢".index)
    assert "🟠 **Jack** · Error\n▫️▫️▫️▫️▫️▫️▫️🟥\n↳ `beak_stuck`\n↳ changed <t:" in text
    assert "🟢 **Polly** · Connected\n▫️▫️▫️▫️▫️▫️▫️🟩\n" in text
    assert "🟢 **Suporte da loja** · Connected\n" in text
    assert harness.texts("toolzz.code.4004.cause") in text
    assert re.match(r"\*\*\d need attention · \d unknown · \d inactive\*\*\n", text)
    assert re.search(r"\nChecked <t:\d+:R>$", text)
    assert field(seen, "Next step") == harness.linked(harness.texts("integrations.overview.alerts_next"))
    await harness.bot.services.alerts.set_route(
        harness.guild.id, harness.channel.id, RouteSettings(), member_id=harness.manager.id
    )
    seen = await viewer.slash(harness.channel, OVERVIEW)
    assert field(seen, "Next step") == harness.linked(harness.texts("integrations.overview.bad_next"))


async def test_it_is_for_moderators_and_granted_members(
    toolzz_connected: BotHarness, viewer: simcord.MemberActor
) -> None:
    """A member is refused under a shared list, and admitted after a grant."""
    harness = toolzz_connected
    shared = await viewer.slash(harness.channel, OVERVIEW, share=True)
    assert not shared.ephemeral
    refused = await press(harness, shared, "Refresh", harness.member)
    assert embed_of(refused).title == f"⚠️ {harness.texts('problem.not_allowed.viewer.title')}"
    await harness.manager.slash(harness.channel, "access grant", tier="viewer", member=harness.member)
    assert "**Suporte da loja**" in shown(await press(harness, shared, "Refresh", harness.member))


async def test_it_reads_anew_on_refresh_only(
    harness: BotHarness, fake_provider: FakeProvider, viewer: simcord.MemberActor
) -> None:
    """The first call checks; later ones show the last check until Refresh is pressed."""
    fake_provider.list_integration("polly", "Polly", State.CONNECTED)
    seen = await viewer.slash(harness.channel, OVERVIEW)
    assert "🟢 **Polly**" in shown(seen)
    fake_provider.list_integration("polly", "Polly", State.DISCONNECTED)
    seen = await viewer.slash(harness.channel, OVERVIEW)
    assert "🟢 **Polly**" in shown(seen)
    await harness.env.advance_time(10)
    await press(harness, seen, "Refresh", viewer)
    assert "🔴 **Polly** · Disconnected" in shown(seen)


async def test_an_old_state_is_marked_as_out_of_date(
    harness: BotHarness, fake_provider: FakeProvider, viewer: simcord.MemberActor, clock: SharedClock
) -> None:
    """An integration is not shown as connected if the last answer is from long ago."""
    fake_provider.list_integration("polly", "Polly", State.CONNECTED)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    clock.source = lambda: harness.env.now().timestamp() + 6 * 3600
    text = shown(await viewer.slash(harness.channel, OVERVIEW))
    assert "⏳ **Polly** · Out of date: last known Connected" in text
    assert "**1 out of date**" in text
    assert "↳ Parrot House last responded <t:" in text


async def test_a_refused_connection_is_on_top(
    toolzz_connected: BotHarness, fake_provider: FakeProvider, viewer: simcord.MemberActor
) -> None:
    """It comes with its fix and a button to new credentials, and its integrations do not repeat it."""
    harness = toolzz_connected
    fake_provider.list_integration("polly", "Polly", State.CONNECTED)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    harness.toolzz.fail(Answer(401, {"error": "no"}), times=None)
    await harness.env.advance_time(10)
    seen = await viewer.slash(harness.channel, OVERVIEW)
    await press(harness, seen, "Refresh", viewer)
    text = embed_of(seen).description or ""
    assert "\n\n🟠 **Toolzz · `default`** · Credentials refused · changed <t:" in text
    assert harness.linked(harness.texts("problem.unauthorized.fix")) in text.partition("Polly")[0]
    assert "❔ **Suporte da loja** · Unknown\n" in text
    assert text.count(harness.texts("problem.unauthorized.title", provider="Toolzz")) == 0
    assert "🟢 **Polly**" in text
    assert (
        button(seen, english("connections.list.rotate_button", provider="Toolzz", name="default"))[
            "custom_id"
        ]
        == "connections:rotate:toolzz:default"
    )


async def test_an_empty_overview_says_how_to_begin(harness: BotHarness, viewer: simcord.MemberActor) -> None:
    """Without credentials and without an agent the titles differ, and both lead to the setup."""
    nothing = await viewer.slash(harness.channel, OVERVIEW)
    assert embed_of(nothing).title == f"💤 {harness.texts('integrations.overview.nothing')}"
    await connect_fake_provider(harness)
    none = await viewer.slash(harness.channel, OVERVIEW)
    assert embed_of(none).title == f"💤 {harness.texts('integrations.overview.none')}"
    for seen in (nothing, none):
        assert "</setup:" in field(seen, "Next step")


async def test_many_have_pages_and_a_menu(
    harness: BotHarness, fake_provider: FakeProvider, viewer: simcord.MemberActor
) -> None:
    """A page has ten; the menu has those of the page and opens one in the place of the list."""
    for index in range(23):
        fake_provider.list_integration(f"bird-{index:02}", f"Bird {index:02}", State.CONNECTED)
    seen = await viewer.slash(harness.channel, OVERVIEW)
    assert (embed_of(seen).footer.text or "") == "Page 1 of 3"
    assert embed_of(seen).title == f"📡 {harness.texts.plural('board.title', 23, connected=23)}"
    await press(harness, seen, "Next", viewer)
    await press(harness, seen, "Next", viewer)
    assert "**3" not in (embed_of(seen).description or "")
    options = [item for row in final(seen).components for item in row["components"] if "options" in item]
    assert [option["value"] for option in options[0]["options"]] == [
        f"parrots:bird-{n}" for n in (20, 21, 22)
    ]
    await viewer.select(final(seen).message, ["parrots:bird-21"], custom_id=options[0]["custom_id"])
    assert embed_of(seen).title == "🟢 Bird 21"
    await press(harness, seen, english("pages.up"), viewer)
    assert (embed_of(seen).footer.text or "") == "Page 1 of 3"


def overview_of(
    found: Sequence[Watched],
    candidates: Sequence[Watched] = (),
    *,
    page: int = 1,
    undelivered: Sequence[str] = (),
) -> Overview:
    """Return an overview of these integrations."""
    status = GuildStatus(now=1, troubles=[], integrations=found, last_day={}, answered_at=1)
    return Overview(status, page, candidates, [], undelivered, {}, has_alerts=True)


def embeds_with(text: str) -> list[discord.Embed]:
    """Return the embeds that show an integration with this label and detail."""
    bad = State.ERROR
    row = (1, Kind.INTEGRATION, "toolzz", "x", "default", text, bad, text, 1)
    watched = Watched(*row, answered_at=1, is_stale=False, incident=None)
    candidate = replace(watched, kind=Kind.CANDIDATE)
    texts = load_catalog()["en-US"]
    return [
        overview_embed(overview_of([watched], [candidate]), {}, texts),
        status_card(watched, {}, texts).embed(texts),
        status_card(watched, {}, texts).embed(texts, details=True),
    ]


def test_hostile_text_does_nothing() -> None:
    """A label and a detail are shown as the characters that they are."""
    harmless = [marks(embed_text(embed)) for embed in embeds_with("x")]
    for payload in PAYLOADS[::5]:
        for embed, known in zip(embeds_with(payload), harmless, strict=True):
            assert marks(embed_text(embed)) <= known, payload


async def test_it_has_the_rows_of_the_board(
    harness: BotHarness, fake_provider: FakeProvider, viewer: simcord.MemberActor
) -> None:
    """Both show the same agents in the same words and the same order, problems first."""
    harness.member = viewer
    states = {"Polly": State.CONNECTED, "Jack": State.ERROR, "Coco": State.INACTIVE, "Kiwi": State.CONNECTED}
    for _ in range(2):  # the second bad check in a row opens an incident
        await check(harness, {**states, "Kiwi": State.DISCONNECTED})
    await check(harness, states)
    await put_up_board(harness)
    rows, squares = board_text(harness).split("\n\n")[-2:]
    seen = embed_of(await viewer.slash(harness.channel, OVERVIEW))
    assert seen.title == only_board(harness).embeds[0].title
    assert (seen.description or "").split("\n\n")[-2] == rows
    assert (seen.description or "").split("\n\n")[-1].splitlines()[0] == squares.splitlines()[0]
    assert re.findall(r"(?m)^. \*\*(\w+)\*\*", rows) == ["Jack", "Kiwi", "Coco", "Polly"]
    assert rows.splitlines()[0] == f"🟠 **Jack** · {harness.texts('state.error')}"


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*PAYLOADS, "x" * 97, "🦜" * 48]), st.sampled_from(State)), max_size=200
    ),
    st.integers(0, 30),
    st.lists(st.just("⚠️ " + "y" * 200), max_size=10),
    st.sampled_from(LOCALES),
    st.integers(1, 20),
)
def test_any_agents_fit(
    drawn: list[tuple[str, State]], candidates: int, undelivered: list[str], locale: str, page: int
) -> None:
    """Each agent of the page and the next step are there, whatever is shown beside them."""
    texts = load_catalog()[locale]
    found = [
        Watched(
            *(1, Kind.INTEGRATION, "toolzz", f"id-{number}", "default", f"{number} {name}"[:97], state),
            *("" if state is State.CONNECTED else name, 1),
            answered_at=1,
            is_stale=False,
            incident=None,
        )
        for number, (name, state) in enumerate(drawn)
    ]
    page = min(page, pages_of(len(found)))
    maybe = [replace(each, kind=Kind.CANDIDATE) for each in found[:candidates]]
    embed = overview_embed(overview_of(found, maybe, page=page, undelivered=undelivered), {}, texts)
    text = embed.description or ""
    assert length(text) <= DESCRIPTION
    assert total(embed) <= TOTAL
    assert embed.fields[-1].name == texts("next_step")
    for number in range(len(found))[(page - 1) * 10 : page * 10]:
        assert re.search(rf"\b{number}\b", text)


async def test_it_speaks_portuguese(
    harness: BotHarness, fake_provider: FakeProvider, viewer: simcord.MemberActor
) -> None:
    """States and counts are in the language of the member."""
    fake_provider.list_integration("polly", "Polly", State.DISCONNECTED)
    harness.locale = PORTUGUESE
    text = shown(await viewer.slash(harness.channel, OVERVIEW))
    assert f"**{harness.texts.plural('board.attention', 1)}**" in text
    assert "🔴 **Polly** · Desconectada" in text
