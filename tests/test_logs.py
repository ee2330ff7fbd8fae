"""No logged line holds a secret, whoever logs it, and other lines are not changed."""

import io
import json
import logging
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.features.connections.store import ConnectionRow, ConnectionStore
from bot.providers.base.redaction import MASK, Redactor
from bot.store.database import Database
from tests.support.log_capture import logging_to_memory

STYLES = ("console", "json")
KNOWN = {
    "organization_secret": "FAKE-CANARY-organization-0001",
    "access_token": 'FAKE-"CANARY"-\\access-0002',
    "encryption_key": "FAKE+CANARY/key=0003",
    "discord_token": "FAKE-CANARY-known-0004",
}
# Not known by value: these have to be recognised.
SHAPED = {
    "discord token": "FAKEFAKEFAKEFAKEFAKEFAKE.CANARY.FAKE-TOKEN-CANARY-000000000",
    "bearer": "Authorization: Bearer CANARY-CANARY-CANARY-0001",
    "bot": "authorization: Bot CANARY-CANARY-CANARY-0002",
    "header": "X-ORGANIZATION-SECRET: CANARY-0003",
    "headers": repr(httpx.Headers({"x-organization-secret": "CANARY-0004", "accept": "*/*"})),
    "raw headers": repr([(b"X-ORGANIZATION-SECRET", b"CANARY-0005")]),
    "webhook": "https://discord.com/api/v10/webhooks/1219876543210987654/CANARY-CANARY-CANARY-0006/messages/@original",
    "callback": "POST /interactions/1219876543210987654/CANARY-CANARY-CANARY-0007/callback",
    "body": json.dumps({"discordToken": "CANARY-0008"}),
    "parameters": repr({"botToken": "CANARY-0009", "password": "CANARY 0010"}),
}


@pytest.fixture(params=STYLES)
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """The log at DEBUG, in each style, of a process that knows the secrets of KNOWN."""
    redactor = Redactor()
    redactor.remember(KNOWN.values())
    with logging_to_memory(request.param, redactor=redactor) as stream:
        yield stream


def fail_with(text: str) -> None:
    """Raise an error with a cause and a note, so that the text is in every part of a traceback."""
    held = f"{text} in a variable"
    try:
        dict.fromkeys(["other"])[held]
    except KeyError as error:
        failure = ValueError(f"failed: {text}")
        failure.add_note(text)
        raise failure from error


def log_everywhere(text: str) -> None:
    """Log a text in every way in which the program and its libraries log."""
    ours, theirs = structlog.get_logger("bot.test"), logging.getLogger("somebody.else")
    ours.info(text)
    ours.warning("event", value=text, nested={"list": [text], "bytes": text.encode()}, pair=(text, text))
    ours.debug("positional %s", text)
    theirs.debug(text)
    theirs.info("said %s and %r", text, {"inner": text})
    theirs.warning("%(named)s", {"named": text})
    theirs.error("cannot be formatted %s %s", text)
    with structlog.contextvars.bound_contextvars(context=text):
        ours.info("with context")
    try:
        fail_with(text)
    except ValueError:
        ours.exception("failed", value=text)
        theirs.exception("failed")
        theirs.critical(text, exc_info=True, stack_info=True)
    try:
        fail_with(text)
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)


def canaries(text: str) -> list[str]:
    """Return the lines that hold a part of a canary."""
    return [line for line in text.splitlines() if re.search("canary", line, re.IGNORECASE)]


@pytest.mark.parametrize("secret", KNOWN.values(), ids=KNOWN)
def test_a_known_secret_is_in_no_line(written: io.StringIO, secret: str) -> None:
    """Known secrets are masked in messages, values, context and tracebacks, from structlog and from
    logging.
    """
    log_everywhere(f"before {secret} after")
    assert canaries(written.getvalue()) == []
    assert written.getvalue().count(MASK) > 20
    assert written.getvalue().count("after") > 20


@pytest.mark.parametrize("text", SHAPED.values(), ids=SHAPED)
def test_an_unknown_secret_is_in_no_line(written: io.StringIO, text: str) -> None:
    """Unknown secrets are recognised by their shape in the same places."""
    log_everywhere(text)
    assert canaries(written.getvalue()) == []
    assert written.getvalue().count(MASK) > 15


def test_what_a_value_shows_of_itself_is_cleaned(written: io.StringIO) -> None:
    """A secret in a repr is masked like in any text."""

    class Careless:
        def __repr__(self) -> str:
            return f"Careless(password='{KNOWN['organization_secret']}')"

    structlog.get_logger().info("event", value=Careless())
    logging.getLogger("x").info("%r", Careless())
    assert canaries(written.getvalue()) == []


words = st.lists(st.text(string.ascii_letters + string.digits + "_.-", max_size=10)).map(" ".join)


@given(st.sampled_from(STYLES), words)
def test_ordinary_words_come_out_whole(style: str, text: str) -> None:
    """Text without a secret is logged unchanged, in the message and as a value."""
    with logging_to_memory(style) as stream:
        structlog.get_logger("bot.test").info("said", text=f"<{text}>")
        logging.getLogger("other").info("<%s>", text)
    assert stream.getvalue().count(f"<{text}>") == 2


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_a_json_line_is_json(written: io.StringIO) -> None:
    """Each line of the json style is an object with event, level, logger and time, whatever was masked."""
    for text in (*KNOWN.values(), *SHAPED.values(), 'quotes " and \\ and\nlines'):
        log_everywhere(text)
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert len(lines) > 100
    assert [line for line in lines if not {"event", "level", "logger", "timestamp"} <= set(line)] == []


def test_a_traceback_shows_no_variables(written: io.StringIO) -> None:
    """A logged error has its traceback, without the values of variables."""
    secret_of_the_caller = "the-value-of-a-variable"
    try:
        fail_with("why it failed")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "failed: why it failed" in written.getvalue()
    assert "Traceback" in written.getvalue()
    assert secret_of_the_caller not in written.getvalue()


def test_a_level_hides_what_is_below(written: io.StringIO) -> None:
    """At WARNING nothing is written at INFO, neither by the program nor by libraries."""
    with logging_to_memory("console", "WARNING") as stream:
        structlog.get_logger().info("ours")
        logging.getLogger("theirs").info("theirs")
        structlog.get_logger().warning("loud")
    assert "ours" not in stream.getvalue()
    assert "theirs" not in stream.getvalue()
    assert "loud" in stream.getvalue()


@pytest.mark.parametrize("name", [
    "aiosqlite", "psycopg", "httpx", "httpcore.http11", "sqlalchemy.engine.Engine",
    "alembic.runtime.migration",
    "discord.http", "discord.gateway", "aiohttp.client", "asyncio",
    "prometheus_client", "a_library.of.tomorrow",
])  # fmt: skip
def test_talkative_libraries_are_quiet_even_at_debug(written: io.StringIO, name: str) -> None:
    """SQL parameters, URLs, headers and gateway messages that any library logs at DEBUG are not written."""
    logging.getLogger(name).debug("detail")
    assert written.getvalue() == ""
    logging.getLogger(name).warning("trouble")
    assert "trouble" in written.getvalue()


async def test_the_database_driver_logs_no_parameters(written: io.StringIO, tmp_path: Path) -> None:
    """The parameters of a query, encrypted or not, are not logged at DEBUG."""
    async with Database.open(tmp_path / "patchbay.db") as database:
        row = ConnectionRow(1, "sensay", "bound-to-a-query", b"bound to a query", 1, 2, 3)
        assert await ConnectionStore(database).insert(row)
    assert "bound" not in written.getvalue()


UNCAUGHT = """
import asyncio
from bot.providers.base.redaction import Redactor
from bot.logs import set_up_logs

redactor = Redactor()
redactor.remember(["FAKE-CANARY-organization-0001"])
set_up_logs("INFO", "{style}", redactor)

async def main():
    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    del task
    await fail()

async def fail():
    raise ValueError("sent FAKE-CANARY-organization-0001 on")

asyncio.run(main())
"""


@pytest.mark.parametrize("style", STYLES)
def test_what_nobody_caught_is_cleaned_too(style: str) -> None:
    """An error that ends the process, and one of a task that nobody awaits, are logged without the secret."""
    root = Path(__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", UNCAUGHT.format(style=style)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert canaries(ended.stderr + ended.stdout) == []
    assert "uncaught" in ended.stderr
    assert "never retrieved" in ended.stderr
    assert ended.stderr.count(f"sent {MASK} on") >= 2


BESIDE = """
import logging, threading, warnings
from bot.providers.base.redaction import Redactor
from bot.logs import set_up_logs

class Careless:
    def __del__(self):
        fail()

def fail():
    raise ValueError("sent FAKE-CANARY-organization-0001 on")

redactor = Redactor()
redactor.remember(["FAKE-CANARY-organization-0001"])
set_up_logs("INFO", "json", redactor)
thread = threading.Thread(target=fail)
thread.start()
thread.join()
Careless()
warnings.warn("sent FAKE-CANARY-organization-0001 on")
logging.getLogger("x").warning("%d", "FAKE-CANARY-organization-0001")
"""


def test_what_python_writes_by_itself_is_a_line_too() -> None:
    """An error in a thread, one while an object is removed, and a warning are JSON, without the secret."""
    root = Path(__file__).parents[1]
    ended = subprocess.run(
        [sys.executable, "-c", BESIDE], cwd=root, capture_output=True, text=True, check=True
    )
    assert canaries(ended.stderr + ended.stdout) == []
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["event"] for line in lines[:2]] == ["uncaught_in_thread", "uncaught_in_cleanup"]
    assert (lines[2]["logger"], len(lines)) == ("py.warnings", 3)
    assert all(f"sent {MASK} on" in str(line) for line in lines)


SIGNS = ("token", "TOKEN:", '"', "\\", '\\"', "'", ": ", "=", ",", "Bearer ")
cutting = st.text(string.ascii_letters + "\"'\\:=,{}[] \n\x1f0") | st.lists(
    st.sampled_from([*SIGNS, *KNOWN.values(), *SHAPED.values()]), max_size=8
).map("".join)
values = st.recursive(
    cutting | st.integers() | st.booleans() | st.none() | cutting.map(str.encode) | cutting.map(ValueError),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(cutting, inner)
        | st.dictionaries(cutting | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ("access_token", "after", "before", "headers", "other")
OWN = {"event", "level", "logger", "timestamp"}


def texts_in(value: object) -> Iterator[str]:
    """Yield every text and every name in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_in(inner)


@given(cutting, st.fixed_dictionaries(dict.fromkeys(FIELDS, values)), words)
def test_every_field_of_a_json_line_survives(event: str, fields: dict[str, object], ordinary: str) -> None:
    """Masking in one field changes no other field, and no field holds a secret."""
    redactor = Redactor()
    redactor.remember(KNOWN.values())
    with logging_to_memory("json", redactor=redactor) as written:
        structlog.get_logger("ours").info(event, **{name: [ordinary, fields[name]] for name in FIELDS})
        logging.getLogger("theirs").error(event, exc_info=ValueError(event))
    ours, theirs = (json.loads(line) for line in written.getvalue().splitlines())
    assert ours.keys() == OWN | set(FIELDS)
    assert theirs.keys() == OWN | {"exception"}
    assert (ours["level"], ours["logger"]) == ("info", "ours")
    assert (theirs["level"], theirs["logger"]) == ("error", "theirs")
    assert [ours[name][0] for name in FIELDS if name != "access_token"] == [ordinary] * (len(FIELDS) - 1)
    assert len(ours["headers"]) == 2
    for text in [written.getvalue(), *texts_in(ours), *texts_in(theirs)]:
        assert not [secret for secret in KNOWN.values() if secret in text]


@pytest.mark.parametrize("written", ["json"], indirect=True)
def test_a_field_named_for_a_secret_does_not_show_it(written: io.StringIO) -> None:
    """An unknown secret is masked by its name, in a mapping and in a pair, at any depth."""
    structlog.get_logger().info(
        "event",
        access_token="CANARY",
        nested=[{"password": "CANARY", "Authorization": ["CANARY"], "name": "stays"}],
        headers=[("X-ORGANIZATION-SECRET", "CANARY"), (b"x-api-key", b"CANARY"), ("accept", "stays")],
        token_count=3,
    )
    assert canaries(written.getvalue()) == []
    line = json.loads(written.getvalue())
    assert line["nested"][0]["name"] == line["headers"][2][1] == "stays"
    assert line["token_count"] == 3
