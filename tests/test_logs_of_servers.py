"""One server's secrets are masked in its own lines alone, and never in what the logs write themselves."""

import ast
import json
import logging
from pathlib import Path

import pytest
import structlog

from bot.providers.base.current_guild import working_for
from bot.providers.base.redaction import MASK, Redactor
from tests.support.log_capture import logging_to_memory

ROOT = Path(__file__).parents[1]
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
OURS, OTHERS = 11, 22


def log_words() -> tuple[set[str], set[str]]:
    """Return the names of all events and of all fields that the program logs."""
    events, fields = set(), set()
    for path in [*ROOT.glob("bot/**/*.py"), *ROOT.glob("cogs/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="_log"), attr=method),
                    args=[ast.Constant(value=str(event)), *_],
                ) if method in METHODS:
                    events.add(event)
                    fields |= {word.arg for word in node.keywords if word.arg not in {None, "exc_info"}}
    return events, fields


EVENTS, FIELDS = log_words()
SECRETS = [*EVENTS, *FIELDS, "timestamp", "critical", "warning-", "exception", "2026-11-", "bot.test"]


def lines_of(redactor: Redactor, guild: int) -> list[dict[str, object]]:
    """Return a line of each event with each field, logged for a guild, without the times."""
    values = dict.fromkeys(FIELDS - {"guild"}, "a value")
    with logging_to_memory("json", redactor=redactor) as written:
        for event in EVENTS:
            structlog.get_logger("bot.test").warning(event, guild=guild, **values)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert all(line.pop("timestamp")[10] == "T" for line in lines)
    return lines


def test_no_secret_changes_names_events_and_levels() -> None:
    """Every word that the logs consist of, as an accepted and as a typed secret, leaves them as they are."""
    assert len(EVENTS) > 20
    redactor = Redactor()
    before = {guild: lines_of(Redactor(), guild) for guild in (OURS, OTHERS)}
    for secret in SECRETS:
        redactor.remember([secret], OURS)
    with redactor.typed(SECRETS):
        assert lines_of(redactor, OURS) == before[OURS]
    assert lines_of(redactor, OTHERS) == before[OTHERS]


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_value_is_masked_for_the_guild_of_the_line(style: str) -> None:
    """The line's own guild counts, else the one that the work is for; a library's text is cleaned too."""
    redactor = Redactor()
    redactor.remember(["provider_failed"], OURS)
    for guild, count in ((OURS, 3), (OTHERS, 0)):
        with logging_to_memory(style, redactor=redactor) as written, working_for(guild):
            structlog.get_logger("bot.test").info("provider_failed", why="provider_failed")
            logging.getLogger("other").info("provider_failed")
            with working_for(None):
                structlog.get_logger("bot.test").info("said", guild=guild, why="provider_failed")
        assert written.getvalue().count(MASK) == count


def test_what_was_typed_is_masked_no_longer_than_it_is_tried() -> None:
    """Nothing of it stays in the process."""
    redactor = Redactor()
    with redactor.typed(["provider_failed"]):
        assert redactor.clean("provider_failed") == MASK
    assert redactor.clean("provider_failed") == "provider_failed"


def test_one_guild_cannot_evict_the_values_of_another() -> None:
    """The bound is for each guild."""
    redactor = Redactor()
    redactor.remember(["FAKE-TOKEN-of-others"], OTHERS)
    redactor.remember((f"FAKE-TOKEN-{number:06}" for number in range(1000)), OURS)
    with working_for(OTHERS):
        assert redactor.clean("<FAKE-TOKEN-of-others>") == f"<{MASK}>"
    assert repr(redactor) == "<Redactor of 129 values>"


@pytest.mark.parametrize("style", ["json", "console"])
def test_a_traceback_of_nobodys_may_be_of_anybodys(style: str) -> None:
    """Where nobody knows for whom something failed, every server's secrets are masked; a server's own
    traceback is cleaned of its own.
    """
    redactor = Redactor()
    redactor.remember(["FAKE-TOKEN-ours"], OURS)
    redactor.remember(["FAKE-TOKEN-others"], OTHERS)
    error = ValueError("FAKE-TOKEN-ours", "FAKE-TOKEN-others")
    with logging_to_memory(style, redactor=redactor) as written:
        logging.getLogger("asyncio").error("was never retrieved: %r", error, exc_info=error)
        structlog.get_logger("bot.test").error("tick_failed", exc_info=error)
    assert "FAKE-TOKEN" not in written.getvalue()
    with logging_to_memory(style, redactor=redactor) as written:
        structlog.get_logger("bot.test").info("said", why="FAKE-TOKEN-others")
        structlog.get_logger("bot.test").error("check_failed", guild=OURS, exc_info=error)
    assert "FAKE-TOKEN-ours" not in written.getvalue()
    assert written.getvalue().count("FAKE-TOKEN-others") > 1
