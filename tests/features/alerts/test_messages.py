"""The nonces of messages: one for each message, in the form that Discord takes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.features.alerts.incident_store import Incident
from bot.features.alerts.messenger import (
    AnyNotice,
    BoardNotice,
    Notice,
    RecoveryNotice,
    RenderedBoard,
    SummaryNotice,
)

INCIDENT = Incident(1, 4, "integration", "toolzz", "a", "default", "Nora", "error", "", opened_at=100)
ALERT = Notice(1, 7, 1, 4, [INCIDENT], {}, {}, [], None, None, "4-1")
RECOVERY = RecoveryNotice(1, 7, 1, 4, [INCIDENT], None, [], "recovery-4-1")
SUMMARY = SummaryNotice(1, 7, 1, 100, 200, [INCIDENT], [], "summary-3-1")
BOARD = BoardNotice(1, 7, 100, "board-0-1", {"title": "x"})


@pytest.mark.parametrize("notice", [ALERT, RECOVERY, SUMMARY, BOARD])
def test_a_nonce_has_24_hexadecimal_digits(notice: AnyNotice) -> None:
    """Discord takes 25 characters at most; with fewer bits two servers could get the same nonce."""
    assert re.fullmatch(r"[0-9a-f]{24}", notice.nonce)


def test_each_message_has_a_nonce_of_its_own() -> None:
    """Discord compares nonces over all servers; what a message shows does not change its nonce."""
    different: list[AnyNotice] = [
        ALERT,
        replace(ALERT, channel_id=8),
        replace(ALERT, reference="4-2"),
        replace(ALERT, guild_id=2),
        replace(ALERT, incidents=[replace(INCIDENT, opened_at=101)]),
        RECOVERY,
        replace(RECOVERY, guild_id=2),
        SUMMARY,
        replace(SUMMARY, guild_id=2),
        replace(SUMMARY, since=101),
        BOARD,
        replace(BOARD, guild_id=2),
        replace(BOARD, channel_id=8),
        replace(BOARD, since=101),
        replace(BOARD, reference="board-0-2"),
    ]
    assert len({notice.nonce for notice in different}) == len(different)
    assert replace(ALERT, incidents=[replace(INCIDENT, state="disconnected")]).nonce == ALERT.nonce
    assert replace(BOARD, embed={"title": "y"}).nonce == BOARD.nonce


def test_the_content_of_a_board_is_what_is_compared() -> None:
    """The hash differs with that alone, whatever the order of its keys."""
    compared = {"title": "x", "color": 1}
    content = RenderedBoard({"title": "x"}, compared).content
    assert RenderedBoard({"title": "y"}, {"color": 1, "title": "x"}).content == content
    assert RenderedBoard({"title": "x"}, {**compared, "color": 2}).content != content
