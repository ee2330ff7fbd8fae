"""Secrets and addresses in Sensay's replies do not get past the parser."""

from __future__ import annotations

import logging
from dataclasses import asdict, is_dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from bot.errors import ProviderError
from bot.providers.base.simulator import Answer
from bot.providers.sensay import SensayProvider
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
        *await sensay.choices(credentials),
    ]
    assert replicas.items
    assert "canary" in str(simulator.replicas)
    assert "GET" in caplog.text
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
