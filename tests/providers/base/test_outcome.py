"""A write is sent once; without a clear answer a look at the provider says what became of it."""

import pytest

from bot.errors import RejectedError, ServerFaultError, UnreachableError
from bot.providers.base.outcome import CancelOnShutdown, LookupResult, Outcome, write_and_look
from tests.support.shutdown import cancel_at_once, run_to_end

DOUBT = ServerFaultError("x", status=500, outcome_unknown=True)
REFUSAL = RejectedError("x", status=400)


async def written(
    write: Exception | str,
    seen: Exception | str | None = None,
    cancel_on_shutdown: CancelOnShutdown = run_to_end,
) -> tuple[Outcome[str], list[str]]:
    """Write and look. Return the outcome, and what was done.

    write: what the provider answers. seen: what the look shows, None for no look. "new" proves the write.
    """
    done: list[str] = []

    async def answer(act: str, result: Exception | str | None) -> str:
        done.append(act)
        if isinstance(result, Exception):
            raise result
        return str(result)

    def judge(shown: str) -> tuple[LookupResult, str]:
        return LookupResult.THERE if shown == "new" else LookupResult.NOT_THERE, shown

    look = None if seen is None else lambda: answer("look", seen)
    return await write_and_look(answer("write", write), judge, look, judge, cancel_on_shutdown), done


async def test_a_clear_answer_needs_no_look() -> None:
    """What the answer says is judged, be it a yes or not, and nobody looks."""
    for answer, result in (("new", LookupResult.THERE), ("old", LookupResult.NOT_THERE)):
        assert await written(answer, "new") == (Outcome(None, result, answer), ["write"])


async def test_a_clear_no_is_raised() -> None:
    """Where nothing was written for certain, there is nothing to look for."""
    with pytest.raises(RejectedError):
        await written(REFUSAL, "new")


@pytest.mark.parametrize(("seen", "result"), [("new", LookupResult.THERE), ("old", LookupResult.NOT_THERE)])
async def test_a_look_settles_a_doubt(seen: str, result: LookupResult) -> None:
    """Without a clear answer the look is judged; the write is not repeated, and the doubt is kept."""
    assert await written(DOUBT, seen) == (Outcome(DOUBT, result, seen), ["write", "look"])


async def test_a_look_that_fails_proves_nothing() -> None:
    """No look, a failing one, and one that is cut off by a shutdown leave it unknown, and are no error."""
    unknown: Outcome[str] = Outcome(DOUBT, LookupResult.UNKNOWN, None)
    assert await written(DOUBT) == (unknown, ["write"])
    assert await written(DOUBT, UnreachableError("x")) == (unknown, ["write", "look"])
    assert await written(DOUBT, "new", cancel_at_once) == (unknown, ["write"])
