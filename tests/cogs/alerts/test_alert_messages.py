"""What alerts, recoveries and summaries say, and that they fit Discord's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import discord
import pytest

from bot.discord.theme import Tone
from bot.features.alerts.incident_store import UNWATCHED, Incident
from bot.i18n.catalog import LOCALES
from cogs.alerts.buttons import buttons_of
from cogs.alerts.group_buttons import group_components
from cogs.alerts.messages.alert_embed import alert_embed
from cogs.alerts.messages.group_embed import group_embed
from cogs.alerts.messages.mentions import DELETED, NOT_MENTIONABLE, Mentions
from cogs.alerts.messages.recovery_embed import recovery_embed
from cogs.alerts.messages.rendering import AgentBot
from cogs.alerts.messages.summary_embed import summary_embed
from tests.support.alert_notices import (
    OPEN,
    notice_of,
    over,
    recovery_of,
    rendering,
    several,
    summary_of,
    texts_of,
)
from tests.support.embeds import embed_text, fits_discord, utf16_length
from tests.support.harness import ENGLISH
from tests.support.hostile import PAYLOADS, marks, plain_marks, unseen

BOT = {("toolzz", "abc"): AgentBot(77, 1_180_000_000_000_009_999)}
PAGE = "https://discord.com/developers/applications/1180000000000009999/bot"
BLOCKED = replace(OPEN, state="blocked", detail="absent")
REFUSED = replace(OPEN, kind="connection", id="default", detail="unauthorized")
AWAY = replace(OPEN, kind="provider", id="toolzz", state="disconnected", detail="timeout")


def shown(embed: discord.Embed) -> str:
    """Return all text of an embed."""
    return f"{embed_text(embed)}\n{embed.footer.text}"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    ("incident", "looks"),
    [
        (OPEN, ["🟠 #12 · ", " · Desk", "Since <t:1700000000:f>", "`4014`", f"({PAGE})", "Acknowledge"]),
        (replace(OPEN, detail="4004"), ["Reset Token", f"({PAGE})"]),
        (replace(OPEN, detail="4013"), ["Diagnose"]),
        (replace(OPEN, state="unknown", detail="timeout"), ["❔", "may still be working"]),
        (BLOCKED, ["⛔ #12", "client_id=1180000000000009999", "guild_id=1"]),
        (replace(BLOCKED, detail="no_channel"), ["<@77>", "Send Messages", "Server Settings > Roles"]),
        (replace(BLOCKED, detail="timed_out 1700090000"), ["<@77>", "<t:1700090000:f>"]),
        (replace(BLOCKED, state="connected", detail="usable 3 5"), ["⚠️ #12", "3 of 5", "<@77>"]),
        (REFUSED, ["#12 · Credentials refused · Toolzz · `default`", "Enter new credentials"]),
        (AWAY, ["🔴 #12 · Not responding · Toolzz", "Nothing to do"]),
    ],
    ids=[
        "intent",
        "token",
        "intents",
        "unknown",
        "absent",
        "channels",
        "timeout",
        "partial",
        "refused",
        "away",
    ],
)
def test_an_open_alert_says_since_when_why_and_what_to_do(
    locale: str, incident: Incident, looks: list[str]
) -> None:
    """The fix leads to the place where it is done; the phone shows the whole alert at once."""
    embed = alert_embed(notice_of(incident), rendering(locale, BOT))
    assert len(embed_text(embed).splitlines()) <= 8
    assert fits_discord(embed)
    if locale == ENGLISH:
        assert [look for look in looks if look not in shown(embed)] == []
    assert "12-1" in (embed.footer.text or "").split()


def test_a_fix_without_a_known_bot_names_the_place() -> None:
    """A link to the list of applications, and general words where there is nothing to link to."""
    embed = alert_embed(notice_of(OPEN), rendering(ENGLISH))
    assert "(https://discord.com/developers/applications)" in shown(embed)
    embed = alert_embed(notice_of(BLOCKED), rendering(ENGLISH))
    assert rendering(ENGLISH).texts("state.fix.absent") in shown(embed)


@pytest.mark.parametrize("locale", LOCALES)
def test_an_alert_says_who_knows_of_it_and_what_keeps_it_quiet(locale: str) -> None:
    """Acknowledgement, mute, maintenance, the second role, and the role that cannot be mentioned."""
    used = rendering(locale)
    texts = used.texts
    taken = replace(OPEN, acknowledged_by=7, acknowledged_at=1_700_000_100, reopened=1)
    quiet = notice_of(
        taken,
        muted={12: 1_700_003_600},
        maintenance={12: 1_700_007_200},
        second_role_id=8,
        escalated_at=1_700_000_050,
    )
    embed = alert_embed(quiet, replace(used, mentions=Mentions((), {6: DELETED, 5: NOT_MENTIONABLE})))
    expected = [
        texts("alerts.message.acknowledged", member="<@7>", time="<t:1700000100:R>"),
        " · ".join(
            f"{mark} {texts('state.ends', time=time)}"
            for mark, time in (("🔕", "<t:1700003600:R>"), ("🔧", "<t:1700007200:R>"))
        ),
        texts("alerts.message.escalated", role="<@&8>", time="<t:1700000050:R>"),
        texts("alerts.message.no_mention.deleted", role="<@&6>"),
        texts("alerts.message.no_mention.not_mentionable", role="<@&5>"),
        texts.plural("alerts.message.reopened", 1),
    ]
    lines = (embed.description or "").splitlines()
    assert [line for line in expected if line not in lines] == []
    assert texts("alerts.acknowledge.button") not in shown(embed)


def test_a_second_role_that_could_not_be_mentioned_is_not_called_mentioned() -> None:
    """The alert says why not instead."""
    used = replace(rendering(ENGLISH), mentions=Mentions((), {8: DELETED}))
    embed = alert_embed(notice_of(OPEN, second_role_id=8, escalated_at=1_700_000_050), used)
    assert "📣" not in shown(embed)
    assert used.texts("alerts.message.no_mention.deleted", role="<@&8>") in shown(embed)


@pytest.mark.parametrize("locale", LOCALES)
def test_an_alert_that_is_over_says_what_it_was(locale: str) -> None:
    """How long it lasted, and why it ended."""
    texts = rendering(locale).texts
    embed = alert_embed(notice_of(over(OPEN)), rendering(locale))
    assert embed.title == f"✅ #12 · {texts('alerts.message.recovered')} · Desk"
    assert "2 h 5 min" in shown(embed)
    assert embed.colour == discord.Colour(Tone.GOOD.colour)
    embed = alert_embed(notice_of(over(OPEN, ended=UNWATCHED)), rendering(locale))
    assert embed.title == f"💤 #12 · {texts('alerts.message.unwatched')} · Desk"
    assert buttons_of(over(OPEN), texts) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_group_says_once_what_its_agents_have_in_common(locale: str) -> None:
    """State, time, cause and fix stand above the rows; the rest is counted, and what recovered comes last."""
    used = rendering(locale)
    texts = used.texts
    down = replace(OPEN, state="blocked", detail="absent")
    incidents = several(31, down)
    embed = group_embed(notice_of(*incidents), used)
    assert embed.title == f"⛔ {texts.plural('alerts.group.agents', 31)}"
    text = embed.description or ""
    assert text.count(texts("state.why.absent")) == text.count("<t:1700000000:f>") == 1
    assert "⛔ #1 · **Agent 1**\n" in text
    assert text.endswith(texts.plural("list.more", 21))
    assert embed.fields[0].value == texts("alerts.group.each", fix=texts("state.fix.absent"))
    embed = group_embed(notice_of(*map(over, incidents[:2]), *incidents[2:5]), used)
    assert embed.title == f"⛔ {texts.plural('alerts.group.agents', 3)}"
    text = embed.description or ""
    assert text.startswith(texts("alerts.group.counts", open=3, recovered=2))
    assert text.index("⛔ #5 · ") < text.index("✅ #1 · ")


def test_a_group_says_for_each_agent_what_differs() -> None:
    """The worst comes first, with its own state, time and cause."""
    later = replace(OPEN, number=13, label="Lamp", state="blocked", detail="absent", opened_at=1_700_000_600)
    taken = replace(OPEN, number=14, label="Bell", acknowledged_by=7)
    used = rendering(ENGLISH)
    embed = group_embed(notice_of(later, OPEN, taken, muted={13: 1_700_003_600}), used)
    rows = [line for line in (embed.description or "").splitlines() if " · **" in line]
    assert rows == [
        "🟠 #12 · **Desk** · Error · opened <t:1700000000:R>",
        "🟠 #14 · **Bell** · Error · opened <t:1700000000:R> · 🙋 <@7>",
        "⛔ #13 · **Lamp** · Blocked · opened <t:1700000600:R> · 🔕 ends <t:1700003600:R>",
    ]
    assert f"↳ {used.texts('state.why.absent')}" in (embed.description or "")
    assert embed.fields[0].value == used.texts("alerts.group.next_one")


def test_a_group_that_is_over_says_so() -> None:
    """All recovered, or over for another reason; nothing is left to press."""
    used = rendering(ENGLISH)
    incidents = [over(each) for each in several(3)]
    embed = group_embed(notice_of(*incidents), used)
    assert embed.title == "✅ All 3 agents recovered"
    assert group_components(notice_of(*incidents), used) == []
    embed = group_embed(notice_of(*incidents, over(REFUSED)), used)
    assert embed.title == "✅ 4 incidents are over"
    embed = group_embed(notice_of(REFUSED, AWAY), used)
    assert embed.title == "🟠 2 open incidents"


@pytest.mark.parametrize("locale", LOCALES)
def test_a_recovery_says_what_recovered_and_how_long_it_took(locale: str) -> None:
    """A few are named, many are counted; an incident that is open again says so."""
    texts = rendering(locale).texts
    taken = replace(over(OPEN), acknowledged_by=7)
    embed = recovery_embed(recovery_of(taken), rendering(locale))
    assert embed.title == f"✅ {texts('alerts.recovery.title', names='Desk')}"
    assert (embed.description or "").splitlines() == [
        texts("alerts.recovery.lasted", number=12, time="2 h 5 min"),
        texts("alerts.recovery.acknowledged", members="<@7>"),
    ]
    assert "recovery-12-1" in (embed.footer.text or "").split()
    embed = recovery_embed(recovery_of(*map(over, several(4)), over(AWAY, 9000)), rendering(locale))
    assert embed.title == (
        f"✅ {texts('alerts.recovery.title', names=texts.plural('alerts.recovery.incidents', 5))}"
    )
    assert embed.description == texts("alerts.recovery.longest", number=12, time="2 h 30 min")
    for reply_to, key in ((9, "above"), (None, "alone")):
        embed = recovery_embed(recovery_of(OPEN, reply_to=reply_to), rendering(locale))
        assert embed.title == f"🟠 {texts('alerts.recovery.again', names='Desk')}"
        assert embed.description == texts(f"alerts.recovery.again_{key}", numbers="#12")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_summary_says_what_is_open_and_what_ended(locale: str) -> None:
    """The worst that is open comes first; the mention that was not possible is named."""
    used = replace(rendering(locale), mentions=Mentions((), {6: DELETED}))
    texts = used.texts
    incidents = several(14)
    embed = summary_embed(summary_of(*incidents[:12], *map(over, incidents[12:])), used)
    text = embed.description or ""
    assert embed.title == f"🔔 {texts('alerts.summary.title')}"
    for part in (
        texts.plural("alerts.summary.open", 12),
        texts.plural("alerts.summary.over", 2),
        texts.plural("list.more", 2),
        texts("alerts.message.no_mention.deleted", role="<@&6>"),
        "🟠 #1 · **Agent 1**",
        "✅ #13 · **Agent 13** · 2 h 5 min",
    ):
        assert part in text, part
    assert "summary-28333813-1-r2" in (embed.footer.text or "").split()
    embed = summary_embed(summary_of(over(OPEN)), used)
    assert texts("alerts.summary.none_open") in (embed.description or "")


# --- limits and hostile text ---


def embeds_of(incidents: Sequence[Incident], locale: str) -> list[discord.Embed]:
    """Return the embed of every kind of message about these incidents, open and over."""
    used = rendering(locale)
    gone = [over(each) for each in incidents]
    mixed = [*gone[: len(gone) // 2], *incidents[len(incidents) // 2 :]]
    return [
        *(group_embed(notice_of(*each), used) for each in (incidents, gone, mixed)),
        *(recovery_embed(recovery_of(*each), used) for each in (incidents, gone, gone[:3])),
        *(summary_embed(summary_of(*each), used) for each in (incidents, gone, mixed)),
        alert_embed(notice_of(incidents[0]), used),
    ]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("label", ["\U0001f600" * 100, "*_~`" * 30, "\u202e" + "ש" * 300, "x"])
def test_two_hundred_incidents_fit(locale: str, label: str) -> None:
    """With the longest names and causes, every message is within Discord's limits, and says what is left."""
    varied = [
        replace(
            each,
            label=f"{label}{each.number}",
            detail="`\U0001f4a3" * 60 + str(each.number),
            opened_at=OPEN.opened_at + 300 * each.number,
            acknowledged_by=10**18 + each.number,
        )
        for each in several(200)
    ]
    for incidents in (varied, several(200)):
        embeds = embeds_of(incidents, locale)
        assert all(map(fits_discord, embeds))
        more = rendering(locale).texts.plural("list.more", 190).partition("190")[0]
        assert more in (embeds[0].description or "")
        items = group_components(notice_of(*incidents), rendering(locale))
        assert all(utf16_length(text) <= 100 for text in texts_of(items))
        assert len(getattr(items[-1], "item").options) == 25  # noqa: B009 - only the menu has options


def test_hostile_names_and_codes_have_no_effect() -> None:
    """Each message has exactly the marks that it has with harmless text."""
    harmless = [marks(shown(embed)) for embed in embeds_of(named("x"), ENGLISH)]
    for payload in PAYLOADS[::7]:
        for embed, expected in zip(embeds_of(named(payload), ENGLISH), harmless, strict=True):
            found = marks(shown(embed))
            assert found - expected == {}, payload
            assert not unseen(shown(embed)), payload
        items = group_components(notice_of(*named(payload)), rendering(ENGLISH))
        assert not sum((plain_marks(text) for text in texts_of(items)), start=plain_marks("")), payload


def named(text: str) -> list[Incident]:
    """Return two incidents with this name and code."""
    return [replace(each, label=text, detail=text) for each in several(2)]
