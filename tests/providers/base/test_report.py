"""What a provider reports about an integration is bounded before it is stored."""

from bot.providers.base.integration import State
from bot.providers.base.report import Report


def test_label_and_detail_are_cut() -> None:
    """A label and a detail of any length are cut to 100 characters."""
    report = Report("id", "l" * 1_000_000, State.ERROR, "d" * 1_000_000)
    assert report.label == "l" * 100
    assert report.detail == "d" * 100
