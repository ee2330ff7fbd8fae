"""A test that leaves a made-up secret behind, in a file that pytest does not find by itself."""

from pathlib import Path


def test_a_secret_is_left_in_a_file(tmp_path: Path) -> None:
    """Whoever searches what this test leaves finds a canary."""
    (tmp_path / "notes.txt").write_text("the token is FAKE-TOKEN-left-behind", "utf-8")
