"""How long something took, in words."""

import pytest

from bot.i18n.catalog import load_catalog
from bot.ui.durations import duration

DAY, HOUR, MINUTE = 86_400, 3_600, 60


@pytest.mark.parametrize(
    ("seconds", "english", "portuguese"),
    [
        (-5, "0 s", "0 s"),
        (0.9, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (MINUTE, "1 min", "1 min"),
        (MINUTE + 1, "1 min 1 s", "1 min 1 s"),
        (2 * HOUR + 5 * MINUTE + 59, "2 h 5 min", "2 h 5 min"),
        (HOUR + 59, "1 h", "1 h"),
        (DAY + HOUR, "1 day 1 h", "1 dia 1 h"),
        (DAY + 59 * MINUTE, "1 day", "1 dia"),
        (90 * DAY - 1, "89 days 23 h", "89 dias 23 h"),
    ],
)
def test_the_two_largest_units_are_named(seconds: float, english: str, portuguese: str) -> None:
    """What is shorter than the second of them is left out, never rounded up."""
    assert duration(seconds, load_catalog()["en-US"]) == english
    assert duration(seconds, load_catalog()["pt-BR"]) == portuguese
