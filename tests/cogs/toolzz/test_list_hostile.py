"""Hostile text from Toolzz does nothing in the list, and no state looks like a deleted integration."""

from typing import Any

import discord
import pytest

from bot.features.integrations.store import Placed
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.integration import State
from bot.providers.toolzz.models import Integration
from cogs.toolzz.formatting import label_of, state_words
from cogs.toolzz.listing import Listing, list_embed
from tests.support.embeds import embed_text, fits_discord
from tests.support.harness import ENGLISH
from tests.support.hostile import PAYLOADS, marks, plain_marks, unseen
from tests.support.sensay_steps import with_command_links


def show(text: str, guild_id: str | None = "2") -> discord.Embed:
    """Return a page of the list whose texts are all this one."""
    report = Integration.model_validate(
        {"id": text, "title": text, "guildName": text, "guildId": guild_id and text, "connectionStatus": text}
    )
    placed = Placed(id=text, connection="default", label=text, bot_id=None, placed_by=1, placed_at=2)
    listing = Listing(
        [report] * 3,
        accesses={},
        complete=True,
        page=1,
        unit=text[:64],
        guild_id=1,
        linked={text: placed},
        ignored={},
        checked_at=3,
    )
    return with_command_links(list_embed(listing, load_catalog()[ENGLISH]))


def show_none(text: str) -> discord.Embed:
    """Return the list of an empty unit with this id."""
    listing = Listing(
        [], {}, complete=True, page=1, unit=text, guild_id=1, linked={}, ignored={}, checked_at=3
    )
    return with_command_links(list_embed(listing, load_catalog()[ENGLISH]))


@pytest.mark.parametrize("build", [show, show_none])
def test_hostile_text_does_nothing(build: Any) -> None:  # noqa: ANN401 - either of the two above
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless text gives."""
    harmless = marks(embed_text(build("x")))
    for payload in PAYLOADS:
        embed = build(payload)
        assert marks(embed_text(embed)) <= harmless, payload
        assert unseen(embed_text(embed)) == set(), payload
        assert plain_marks(embed.footer.text or "") == {}, payload
        assert fits_discord(embed), payload


def test_a_hostile_title_is_one_line_of_the_menu() -> None:
    """A menu's entry has 1 to 100 harmless characters, and the id where there is no visible title."""
    for payload in PAYLOADS:
        label = label_of(Integration.model_validate({"id": "x", "title": payload}))
        assert plain_marks(label) == {}, payload
        assert unseen(label) == set(), payload
        assert 1 <= len(label) <= 100
    for title in ("\u200b", "\u200d\u200c", "\u0301", "\U000e0067\U000e007f"):
        assert label_of(Integration.model_validate({"id": "x", "title": title})) == "x"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("state", [each for each in State if each is not State.BLOCKED])
def test_a_deleted_one_is_told_from_one_that_is_switched_off(locale: str, state: State) -> None:
    """A deleted integration is inactive, and says in the list and in menus that Toolzz no longer has it."""
    texts = load_catalog()[locale]
    status = {"connectionStatus": state.value, "isActive": state is not State.INACTIVE}
    report = Integration.model_validate({"id": "x", **status})
    deleted = Integration.model_validate({"id": "x", "deletedAt": "2026-10-02 17:45:30.04", **status})
    assert report.state is state
    assert deleted.state is State.INACTIVE
    assert state_words(deleted, deleted.state, texts) == [texts("state.inactive"), texts("toolzz.list.gone")]
    assert state_words(report, state, texts) == [texts(f"state.{state}")]


def test_toolzzs_own_word_blocked_is_unknown() -> None:
    """Only Discord can make an integration blocked: Toolzz documents no such word for a connection."""
    report = Integration.model_validate({"id": "x", "connectionStatus": "blocked", "isActive": True})
    assert report.state is State.UNKNOWN
