"""What the tests of Sensay's commands share."""

import pytest


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the undocumented removal on, as the operator may."""
    monkeypatch.setenv("PATCHBAY_SENSAY_UNDOCUMENTED_DELETE", "true")
