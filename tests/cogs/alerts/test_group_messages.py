"""An alert about several incidents names only what stands under it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.features.alerts.incident_store import Incident
from bot.i18n.catalog import LOCALES, string_folders
from cogs.alerts.group_buttons import group_components
from cogs.alerts.messages.group_embed import group_embed
from tests.support.alert_notices import OPEN, notice_of, over, rendering, several, texts_of
from tests.support.embeds import embed_text
from tests.support.harness import ENGLISH

BLOCKED = replace(OPEN, state="blocked", detail="absent")
REFUSED = replace(OPEN, kind="connection", id="default", detail="unauthorized")
LATE = replace(OPEN, kind="connection", id="default", state="disconnected", detail="timeout")
AWAY = replace(OPEN, kind="provider", id="toolzz", state="disconnected", detail="timeout")
GROUPS = {
    "diagnose": several(3, replace(OPEN, detail="4013")),
    "unknown": several(2, replace(OPEN, state="unknown", detail="")),
    "codes": several(2, OPEN),
    "blocked": several(2, BLOCKED),
    "acknowledged": several(2, replace(BLOCKED, acknowledged_by=7)),
    "refused": [replace(REFUSED, number=number, id=f"c{number}") for number in (1, 2)],
    "late": [replace(LATE, number=number, id=f"c{number}") for number in (1, 2)],
    "one refused": [replace(REFUSED, number=1), over(replace(OPEN, number=2))],
    "one to diagnose": [replace(OPEN, number=1, detail="4013"), over(replace(OPEN, number=2))],
    "one away": [replace(AWAY, number=1), over(replace(OPEN, number=2))],
    "mixed": [REFUSED, replace(OPEN, number=13, detail="4013"), replace(AWAY, number=14)],
    "over": [over(each) for each in several(2)],
}
BUTTON = re.compile(r'^msgid "[\w.]+button"\nmsgstr "(.+)"$', re.MULTILINE)
BOLD = re.compile(r"\*\*(.+?)\*\*")


def labels_of_buttons(locale: str) -> set[str]:
    """Return what any button is called in a language."""
    files = [(folder / f"{locale}.po").read_text(encoding="utf-8") for folder in string_folders()]
    return {label for file in files for label in BUTTON.findall(file)}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("incidents", GROUPS.values(), ids=GROUPS)
def test_a_group_names_no_button_that_it_lacks(locale: str, incidents: Sequence[Incident]) -> None:
    """An incident's own buttons are under the answer to the menu only, where the way leads then."""
    used, notice = rendering(locale), notice_of(*incidents)
    named = set(BOLD.findall(embed_text(group_embed(notice, used)))) & labels_of_buttons(locale)
    assert named - {*texts_of(group_components(notice, used))} == set()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", ["diagnose", "refused", "one refused", "one to diagnose", "mixed"])
def test_what_takes_an_incident_s_own_button_is_found_in_the_menu(locale: str, kind: str) -> None:
    """The menu speaks of incidents, for not all of them are about agents."""
    used, notice = rendering(locale), notice_of(*GROUPS[kind])
    assert group_embed(notice, used).fields[0].value == used.texts("alerts.group.next_one")
    assert texts_of(group_components(notice, used))[-1] == used.texts("alerts.group.placeholder")


def test_what_repairs_several_connections_is_not_said_of_agents() -> None:
    """The fix alone stands there."""
    used = rendering(ENGLISH)
    of_agents, of_connections = (
        group_embed(notice_of(*GROUPS[kind]), used).fields[0].value or "" for kind in ("blocked", "late")
    )
    assert of_agents == f"For each agent: {used.texts('state.fix.absent')}"
    assert of_connections not in {"", used.texts("alerts.group.next_one")}
    assert "agent" not in of_connections


def test_a_mute_and_maintenance_have_a_mark_each() -> None:
    """Whoever reads it knows which of them to end, and when either ends."""
    taken, muted, maintained, both = several(4)
    taken = replace(taken, acknowledged_by=7)
    notice = notice_of(
        *(taken, muted, maintained, both),
        muted={2: 1_700_003_600, 4: 1_700_007_200},
        maintenance={3: 1_700_003_600, 4: 1_700_003_600},
    )
    text = group_embed(notice, rendering(ENGLISH)).description or ""
    assert [line.partition("** · ")[2] for line in text.splitlines() if " · **" in line] == [
        "🙋 <@7>",
        "🔕 ends <t:1700003600:R>",
        "🔧 ends <t:1700003600:R>",
        "🔕 ends <t:1700007200:R> · 🔧 ends <t:1700003600:R>",
    ]
