"""Secrets and addresses in Sensay's replies do not get past the parser."""

from __future__ import annotations

import logging
from base64 import urlsafe_b64encode
from dataclasses import asdict, is_dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bot.errors import ProviderError
from bot.providers.base.report import Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Answer
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.models import DiscordIntegration, Replica, ReplicaPage
from bot.providers.sensay.simulator import SensaySimulator
from tests.support.exposure import everything_said
from tests.support.sensay_client import user

# Two shapes; no pattern of a redactor finds the second.
CANARIES = ("FAKE-TOKEN-canary.not-a-real.value-00000000000000000000000000", "canary-seven-of-nine")


@pytest.fixture(autouse=True)
def _hide_canaries(simulator: SensaySimulator) -> None:
    """Put canaries where Sensay's replies have private data."""
    for token in CANARIES:
        for replica in simulator.replicas.values():
            if replica["discord_integration"]:
                replica["discord_integration"]["token"] = token
            replica["telegram_integration"] = {"token": token, "service_name": None}
            replica["whitelistEmails"] = [f"{token}@northwind.example"]
            replica["llm"]["systemMessage"] = token
            replica["apiKey"] = token
        for account in simulator.users.values():
            account |= {"email": f"{token}@northwind.example", "name": token}


def dumped(value: object) -> str:
    """Return all text that can be got out of a value."""
    said = [everything_said(value)]
    if isinstance(value, BaseModel):
        said += [
            repr(value.model_dump()),
            value.model_dump_json(by_alias=True),
            repr(value.__pydantic_extra__),
        ]
    elif is_dataclass(value) and not isinstance(value, type):
        said.append(repr(asdict(value)))
    return "\n".join(said)


BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
PARTS = st.text(BASE64, min_size=6, max_size=40)


@given(bot=st.integers(10**14, 2**63 - 1), middle=PARTS, end=PARTS, padded=st.booleans())
def test_of_a_token_only_the_bots_id_is_kept(bot: int, middle: str, end: str, *, padded: bool) -> None:
    """Neither a part of the token nor the encoded id is in a model, its repr, its values or its JSON."""
    first = urlsafe_b64encode(str(bot).encode()).decode()
    token = f"{first if padded else first.rstrip('=')}.{middle}.{end}"
    raw = {"uuid": "u", "discord_integration": {"token": token, "service_name": None, "is_active": True}}
    page = ReplicaPage.model_validate({"items": [raw]})
    (replica,) = page.items
    assert replica.discord_integration is not None
    assert replica.discord_integration.bot_id == bot
    for model in (page, replica, replica.discord_integration):
        said = dumped(model)
        assert not [part for part in (token, first.rstrip("="), f".{middle}", f".{end}") if part in said]
        assert replica.model_fields_set <= set(Replica.model_fields)
    assert DiscordIntegration.model_fields.keys() == {"service_name", "is_active", "bot_id"}


@given(st.text(max_size=80) | st.integers() | st.none() | st.lists(st.text(max_size=5), max_size=2))
def test_any_token_can_be_read(token: object) -> None:
    """What is no token names no bot; of it nothing is kept, and the replica is read all the same."""
    read = DiscordIntegration.model_validate({"token": token, "is_active": True})
    assert read.is_active is True
    assert read.bot_id is None or (isinstance(token, str) and 10**14 <= read.bot_id < 2**63)


async def test_no_token_is_kept_between_checks(sensay: SensayProvider, simulator: SensaySimulator) -> None:
    """The reports and the cache have the bots' ids, and nothing else of the tokens."""
    bot = 1209876543210987654
    first = urlsafe_b64encode(str(bot).encode()).decode().rstrip("=")
    for entry in simulator.replicas.values():
        if entry["discord_integration"]:
            entry["discord_integration"]["token"] = f"{first}.canary.{CANARIES[1]}"
    cache = ResponseCache()
    wanted = Wanted([simulator.ACTIVE, simulator.UNCONNECTED])
    reports = await sensay.reports(user(sensay, simulator), wanted, cache)
    models = [model for _, model, _ in cache._answers.values()]
    assert models
    said = "\n".join([everything_said(reports), everything_said(vars(cache)), *map(dumped, models)])
    assert str(bot) in said
    assert not [part for part in (first, "canary") if part in said]


async def test_nothing_read_holds_a_canary(
    sensay: SensayProvider,
    simulator: SensaySimulator,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Bot tokens, e-mail addresses and instructions are in no model, choice or log line."""
    caplog.set_level(logging.DEBUG)
    credentials = user(sensay, simulator)
    client = sensay.client(credentials)
    replicas = await client.own_replicas()
    read: list[Any] = [
        await client.me(),
        await client.replicas(),
        replicas,
        *replicas.items,
        await client.own_replicas(on_discord=True),
        await client.look_up(simulator.PORTUGUESE),
        await client.replica(simulator.PORTUGUESE),
        *await sensay.choices(credentials),
    ]
    assert replicas.items
    assert "canary" in str(simulator.replicas)
    output = capsys.readouterr()
    for said in [*map(dumped, read), caplog.text, output.out, output.err]:
        assert not [canary for canary in ("canary", *CANARIES) if canary in said]


@pytest.mark.parametrize("status", [200, 400, 500])
async def test_an_unreadable_reply_gives_none_away(
    sensay: SensayProvider, simulator: SensaySimulator, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    """An error about a malformed reply does not contain the reply."""
    caplog.set_level(logging.DEBUG)
    listed = {"items": list(simulator.replicas.values()), "total": "many"}
    simulator.fail(Answer(status, listed), path="/v1/replicas")
    with pytest.raises(ProviderError) as caught:
        await sensay.client(user(sensay, simulator)).own_replicas()
    assert "canary" not in everything_said(caught.value) + caplog.text
