"""The check that every test of the bot ends with: no message names a button that it has not."""

from typing import Any

import pytest
from simcord.types import HttpLogEntry

from tests.support.named_buttons import missing_buttons, named_buttons

ROWS = [{"type": 1, "components": [{"type": 2, "label": "Refresh"}]}]


def entry(method: str, body: dict[str, Any]) -> HttpLogEntry:
    """Return the log's entry of a request."""
    return HttpLogEntry(method, "/channels/1/messages", {}, body, None)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Nothing to do. Press **Refresh** to check again.", ["Refresh"]),
        ("Press **Link** to watch it here, or **Ignore** to hide it.", ["Link", "Ignore"]),
        ("Dê ao bot **Ver canais** em um canal e clique em **Atualizar**.", ["Atualizar"]),
        ("Press **Reset Token** under **Bot** in the Developer Portal.", []),
        ("Give it **View Channels**. If it goes on, press nothing.", []),
    ],
)
def test_what_is_to_be_pressed_is_found(text: str, named: list[str]) -> None:
    """Of what is in bold, it is what follows the word for pressing, in both languages."""
    assert named_buttons(text) == named


@pytest.mark.parametrize("place", ["description", "field"])
def test_a_button_that_is_not_there_is_found(place: str) -> None:
    """Messages, edits and answers to interactions are judged; an edit may leave the buttons as they are."""
    told = "Press **Refresh** to check again."
    embed = {"description": told} if place == "description" else {"fields": [{"name": "x", "value": told}]}
    bare, whole = {"embeds": [embed]}, {"embeds": [embed], "components": ROWS}
    assert missing_buttons(entry("POST", bare)) == ["Refresh"]
    assert missing_buttons(entry("POST", {"type": 4, "data": bare})) == ["Refresh"]
    assert missing_buttons(entry("PATCH", {**bare, "components": []})) == ["Refresh"]
    for method, body in (
        ("POST", whole),
        ("POST", {"type": 7, "data": whole}),
        ("PATCH", bare),
        ("POST", {"type": 7, "data": bare}),
    ):
        assert missing_buttons(entry(method, body)) == []
