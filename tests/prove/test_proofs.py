"""The proofs of `make prove` find what they are there to find."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prove import power_cuts
from prove.canaries import search
from prove.processes.disk import SECTOR, Kind, after_power_cut, note
from prove.runner import Figure, Proof, Scale, run

FILE = "/data/patchbay.db"


async def test_a_store_that_synchronises_too_little_falls_short() -> None:
    """With synchronous=NORMAL a power cut loses acknowledged writes, as it does not with the bot's own."""
    assert not power_cuts.figure(await power_cuts.cut(3, [power_cuts.NORMAL])).holds
    assert power_cuts.figure(await power_cuts.cut(2, [[], power_cuts.SMALL_LOG])).holds


steps = st.lists(
    st.tuples(st.integers(0, 3 * SECTOR), st.binary(min_size=1, max_size=3 * SECTOR)), min_size=1, max_size=6
)


@given(synchronised=steps, waiting=steps, seed=st.integers())
def test_a_power_cut_takes_what_was_not_synchronised(
    synchronised: list[tuple[int, bytes]], waiting: list[tuple[int, bytes]], seed: int
) -> None:
    """All of it, or a part of it; what was synchronised stays wherever nothing was written after it."""
    log, model = bytearray(), bytearray()
    for offset, data in synchronised:
        log += note(Kind.WRITE, FILE, offset, data)
        model.extend(bytes(max(0, offset + len(data) - len(model))))
        model[offset : offset + len(data)] = data
    log += note(Kind.SYNC, FILE, len(log))
    for offset, data in waiting:
        log += note(Kind.WRITE, FILE, offset, data)
    left = after_power_cut(bytes(log), {})
    assert left.files == {FILE: bytes(model)}
    assert left.dropped == len(waiting)
    torn = after_power_cut(bytes(log), {}, random.Random(seed)).files[FILE]  # noqa: S311 - no secret
    touched = {at for offset, data in waiting for at in range(offset, offset + len(data))}
    assert all(torn[at] == model[at] for at in range(len(model)) if at not in touched)


def test_a_file_that_was_never_synchronised_is_gone() -> None:
    """Neither its content nor its name reached the disk."""
    assert after_power_cut(note(Kind.WRITE, FILE, 0, b"x"), {}, random.Random(1)).files == {}  # noqa: S311 - no secret


def test_a_truncation_reaches_the_disk_with_its_synchronisation() -> None:
    """Until then the file is as long as before."""
    cut = note(Kind.TRUNCATE, FILE, 2)
    assert after_power_cut(cut, {FILE: b"long"}).files == {FILE: b"long"}
    assert after_power_cut(cut + note(Kind.SYNC, FILE, len(cut)), {FILE: b"long"}).files == {FILE: b"lo"}


async def _breaks(_scale: Scale) -> AsyncIterator[Figure]:
    yield Figure("kept", "1 of 1", holds=True)
    raise TimeoutError("nobody answers")


async def _falls_short(_scale: Scale) -> AsyncIterator[Figure]:
    yield Figure("broken", "0 of 1", holds=False)


async def test_a_proof_that_cannot_be_carried_out_falls_short(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, and the others are carried out all the same."""
    proofs: dict[str, Proof] = {"breaks": _breaks, "falls_short": _falls_short}
    figures = await run(proofs, Scale(quick=True))
    assert [figure.holds for figure in figures] == [True, False, False]
    written = capsys.readouterr().out.splitlines()
    assert written[:3] == [
        "kept: 1 of 1",
        "breaks: not carried out: TimeoutError: nobody answers - FALLS SHORT",
        "broken: 0 of 1 - FALLS SHORT",
    ]
    assert written[3].startswith("3 promises, 2 fall short")


@pytest.mark.slow
async def test_a_secret_that_is_left_is_found() -> None:
    """Tests that leave one in a file that is deleted later, and in a page, make the search fall short."""
    figure = await search([str(Path(__file__).with_name("leaks.py"))], processes=0)
    assert not figure.holds
    assert "2 hits" in figure.figure
