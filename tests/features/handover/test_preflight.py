"""Discord is asked whose a bot token is; whatever it answers, the token goes nowhere else."""

import io
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from bot.errors import (
    AnswerTooLargeError,
    IntermediaryError,
    IntermediaryUnauthorizedError,
    MalformedAnswerError,
    NotJsonError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    ServerFaultError,
    UnauthorizedError,
    UnexpectedStatusError,
    UnreachableError,
)
from bot.features.handover.budget import InvalidRequestBudget
from bot.features.handover.service import DISCORD_ERRORS, Application, BotUser, PreflightService
from bot.providers.base.api_client import ApiClient, open_http
from bot.providers.base.redaction import Redactor
from bot.providers.base.simulator import Answer, Fault, GzipBomb, Reset, Slow, Truncated
from tests.support.discord_api import READS_MESSAGES, READS_MESSAGES_LIMITED, SimulatedDiscordApi
from tests.support.exposure import everything_said
from tests.support.handover_steps import token_of
from tests.support.log_capture import logging_to_memory
from tests.support.malformed_answers import ANSWERS, damaged, swapped

ID = 1209876543210987654
TOKEN = token_of(ID)
BASE = "/api/v10"


@pytest.fixture
async def discord_api() -> AsyncIterator[SimulatedDiscordApi]:
    """Discord, as far as it is asked; it knows one token."""
    async with SimulatedDiscordApi() as discord_api:
        discord_api.introduce(TOKEN, "Northwind Helper")
        yield discord_api


@pytest.fixture
async def preflight(discord_api: SimulatedDiscordApi, redactor: Redactor) -> AsyncIterator[PreflightService]:
    """The service, pointed at the stand-in; nobody told the redactor of the token."""
    base = f"{discord_api.url}{BASE}"
    async with open_http(httpx.create_ssl_context(), lambda _: 1) as http:
        api = ApiClient(http, "discord", [base], redactor, DISCORD_ERRORS)
        yield PreflightService(api, base, InvalidRequestBudget(lambda: 0.0))


@pytest.fixture
def log(redactor: Redactor) -> Iterator[io.StringIO]:
    """What is logged meanwhile at DEBUG."""
    with logging_to_memory("json", redactor=redactor) as written:
        yield written


async def told(preflight: PreflightService) -> Application:
    """Ask, and return what Discord told."""
    application = await preflight.ask(TOKEN, 1, 2)
    assert isinstance(application, Application), application
    return application


async def test_an_application_is_read(discord_api: SimulatedDiscordApi, preflight: PreflightService) -> None:
    """Its id, name and bot are told, and that one request was all."""
    application = await told(preflight)
    assert application == Application(
        id=ID,
        name="Northwind Helper",
        flags=READS_MESSAGES_LIMITED,
        bot=BotUser(id=ID, username="northwind-helper"),
    )
    assert (application.bot_public, application.bot_require_code_grant) == (True, False)
    (received,) = discord_api.requests
    assert (received.method, received.path) == ("GET", f"{BASE}/applications/@me")
    assert received.headers["Authorization"] == f"Bot {TOKEN}"
    assert received.body is None


@pytest.mark.parametrize(
    ("flags", "reads"),
    [
        (0, False),
        (READS_MESSAGES, True),
        (READS_MESSAGES_LIMITED, True),
        (READS_MESSAGES | READS_MESSAGES_LIMITED, True),
        (READS_MESSAGES_LIMITED | 1 << 15 | 1 << 23, True),
        (~(READS_MESSAGES | READS_MESSAGES_LIMITED) & (1 << 40) - 1, False),
    ],
)
async def test_whether_it_reads_messages(
    discord_api: SimulatedDiscordApi, preflight: PreflightService, flags: int, reads: bool
) -> None:
    """Either of the intent's two flags says so, and no other does."""
    discord_api.introduce(TOKEN, "Helper", flags=flags)
    assert (await told(preflight)).reads_messages is reads


@pytest.mark.parametrize("field", ["flags", "bot", "bot_public", "bot_require_code_grant"])
async def test_what_discord_leaves_out_is_the_usual(
    discord_api: SimulatedDiscordApi, preflight: PreflightService, field: str
) -> None:
    """Not every field is always there: without flags nothing is read, and a bot is public."""
    discord_api.introduce(TOKEN, "Helper", flags=READS_MESSAGES)
    del discord_api.applications[TOKEN][field]
    application = await told(preflight)
    usual: dict[str, Any] = {"flags": 0, "bot": None, "bot_public": True, "bot_require_code_grant": False}
    assert getattr(application, field) == usual[field]


@pytest.mark.parametrize("field", ["bot_public", "bot_require_code_grant"])
@pytest.mark.parametrize("value", [True, False])
async def test_what_stands_in_the_way_of_an_invitation(
    discord_api: SimulatedDiscordApi, preflight: PreflightService, field: str, value: bool
) -> None:
    """Whether others may invite the bot, and whether a link is enough, is as Discord says."""
    discord_api.introduce(TOKEN, "Helper", **{field: value})
    assert getattr(await told(preflight), field) is value


async def test_a_name_is_handed_on_as_it_is(
    discord_api: SimulatedDiscordApi, preflight: PreflightService
) -> None:
    """Text of others is disarmed where it is shown, and not before."""
    discord_api.introduce(TOKEN, "@everyone \u202e[x](https://example.com)\0")
    assert (await told(preflight)).name == "@everyone \u202e[x](https://example.com)\0"


TROUBLE: list[Any] = [
    pytest.param(Answer(401, {"message": "401: Unauthorized", "code": 0}), UnauthorizedError, id="refused"),
    pytest.param(Answer(429, {"message": "slow down"}, {"Retry-After": "3"}), RateLimitedError, id="limit"),
    pytest.param(Answer(500, {"message": f"with {TOKEN}"}), ServerFaultError, id="fault"),
    pytest.param(Answer(302, headers={"Location": "https://example.com"}), UnexpectedStatusError, id="away"),
    pytest.param(Answer.html(200), NotJsonError, id="page"),
    pytest.param(Answer.html(401), IntermediaryUnauthorizedError, id="page-401"),
    pytest.param(Answer(403, {"detail": TOKEN}), IntermediaryError, id="other-json"),
    pytest.param(Answer(200, {"id": TOKEN, "name": TOKEN}), MalformedAnswerError, id="shape"),
    pytest.param(GzipBomb(), AnswerTooLargeError, id="bomb"),
    pytest.param(Reset(), UnreachableError, id="reset"),
    pytest.param(Truncated(), UnreachableError, id="truncated"),
    pytest.param(Slow(3600), ProviderTimeoutError, id="slow"),
]


@pytest.mark.parametrize(("fault", "kind"), TROUBLE)
async def test_why_discord_did_not_tell(
    discord_api: SimulatedDiscordApi,
    preflight: PreflightService,
    log: io.StringIO,
    fault: Fault,
    kind: type[ProviderError],
) -> None:
    """Each trouble is told apart and returned, not raised: it is Discord's, and no secret is in it."""
    discord_api.fail(fault, times=None)
    failure = await preflight.ask(TOKEN, 1, 2)
    assert isinstance(failure, kind)
    assert (failure.provider, failure.outcome_unknown) == ("discord", False)
    assert "FAKE-TOKEN" not in everything_said(failure) + log.getvalue()


async def test_an_echo_of_any_token_is_masked(
    discord_api: SimulatedDiscordApi, preflight: PreflightService
) -> None:
    """What is asked about is a secret although it has not the shape of one."""
    discord_api.fail(Answer(400, {"message": "unknown FAKE-TOKEN-odd"}))
    failure = await preflight.ask("FAKE-TOKEN-odd", 1, 2)
    assert isinstance(failure, ProviderError)
    assert failure.detail == "unknown [redacted]"


async def test_a_refusal_says_when_to_come_back(
    discord_api: SimulatedDiscordApi, preflight: PreflightService
) -> None:
    """What Discord's header says of the limit is kept."""
    discord_api.fail(Answer(429, {"message": "You are being rate limited."}, {"Retry-After": "3"}))
    failure = await preflight.ask(TOKEN, 1, 2)
    assert isinstance(failure, RateLimitedError)
    assert failure.retry_after == 3


async def test_discord_may_answer_anything(
    discord_api: SimulatedDiscordApi, preflight: PreflightService, log: io.StringIO
) -> None:
    """Whatever comes is an application or one of our errors, with Discord's name on it and no token in it."""
    guilds = itertools.count(1)
    application = discord_api.applications[TOKEN]
    del application["verify_key"]
    answers = [
        *(Answer(200, odd) for odd in swapped(application)),
        *(Answer(200, body) for body in damaged(json.dumps(application))),
        *list(ANSWERS.values())[::10],
    ]
    outcomes = {"read": 0}
    for answer in answers:
        discord_api.fail(answer)
        outcome = await preflight.ask(TOKEN, next(guilds), 1)
        assert "FAKE-TOKEN" not in everything_said(outcome), repr(answer)
        if isinstance(outcome, ProviderError):
            assert outcome.provider == "discord"
            outcomes[outcome.key] = outcomes.get(outcome.key, 0) + 1
        else:
            outcomes["read"] += 1
    assert outcomes["read"] > 10
    assert len(outcomes) > 5
    assert "FAKE-TOKEN" not in log.getvalue()


def test_what_is_known_of_a_bot_does_not_hold_its_token() -> None:
    """No field of an application takes a token, so that none is left after parsing."""
    read = Application.model_validate(
        {"id": "1", "name": "a", "token": TOKEN, "bot": {"id": "1", "username": "a", "token": TOKEN}}
    )
    assert TOKEN not in everything_said(read) + read.model_dump_json()
