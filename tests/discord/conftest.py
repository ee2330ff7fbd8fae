"""What the tests of the Discord core share."""

import pytest

from tests.support.work import Work


@pytest.fixture
def work() -> Work:
    """Work that has not begun."""
    return Work()
