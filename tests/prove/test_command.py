"""`make prove` records what was shown at its full size, and nothing else."""

import logging
import sys
from collections.abc import AsyncIterator, Iterator

import pytest

from prove import __main__ as command
from prove.runner import Figure, Scale
from tests.support.logging_state import logging_restored


@pytest.fixture(autouse=True)
def logging_stays() -> Iterator[None]:
    """Let the command silence the logs of this process for as long as a test takes."""
    with logging_restored():
        yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """What is written into the document."""
    figures: list[Figure] = []
    monkeypatch.setattr(command, "record", figures.extend)
    return figures


async def _breaks(_scale: Scale) -> AsyncIterator[Figure]:
    yield Figure("kept", "1 of 1", holds=True)
    raise TimeoutError("nobody answers")


def test_a_proof_that_cannot_be_carried_out_is_not_recorded(
    recorded: list[Figure], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has shown before is, and the exit code is 1 all the same."""
    monkeypatch.setattr(command, "PROOFS", {"breaks": _breaks})
    monkeypatch.setattr(sys, "argv", ["prove", "--record"])
    assert command.main() == 1
    assert [figure.promise for figure in recorded] == ["kept"]


def test_a_few_repetitions_are_not_recorded(
    recorded: list[Figure], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The two options exclude each other, and nothing is carried out."""
    monkeypatch.setattr(sys, "argv", ["prove", "--quick", "--record"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert "--record is for proofs at their full size" in capsys.readouterr().err
    assert recorded == []
