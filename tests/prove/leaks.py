"""Tests that leave a made-up secret behind, in a file that pytest does not find by itself."""

from pathlib import Path

from bot.operating.metrics import page
from bot.operating.metrics.declared import BUILD
from bot.operating.metrics.reading import Reading


def test_a_secret_is_left_in_a_file(tmp_path: Path) -> None:
    """Whoever searches what this test leaves finds a canary."""
    (tmp_path / "notes.txt").write_text("the token is FAKE-TOKEN-left-behind", "utf-8")


def test_a_secret_is_left_in_a_page() -> None:
    """Whoever searches the pages of metrics finds a canary in a label."""
    page._render([Reading(BUILD, 1, ("FAKE-TOKEN-left-behind", "", "", ""))], "")
