"""Every read of both providers survives hundreds of malformed answers over a real socket."""

from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from bot.errors import ProviderError
from bot.providers.base.report import Wanted
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.simulator import Simulator
from bot.providers.sensay import SensayProvider
from bot.providers.sensay.simulator import SensaySimulator
from bot.providers.toolzz import ToolzzProvider
from bot.providers.toolzz.simulator import ToolzzSimulator
from tests.support.exposure import everything_said
from tests.support.malformed_answers import ANSWERS
from tests.support.open_provider import accepted, open_provider

Read = Callable[[], Awaitable[object]]


async def tried(attempt: Read, simulator: Simulator) -> tuple[Counter[str], list[str]]:
    """Make the attempt once for each answer; return how often each outcome came, and unexpected ones."""
    outcomes: Counter[str] = Counter()
    wrong = []
    for name, answer in ANSWERS.items():
        simulator.heal()  # what was used up would still be looked through
        simulator.fail(answer)
        outcome: object
        try:
            outcome = await attempt()
        except ProviderError as error:
            outcome = error
            outcomes[type(error).__name__] += 1
        except Exception as error:  # noqa: BLE001 - that there is none is what is shown
            wrong.append(f"{error!r} for {name:.200}")
            continue
        else:
            outcomes["read"] += 1
        if "FAKE-TOKEN" in everything_said(outcome):
            wrong.append(f"a secret in {outcome!r:.200} for {name:.200}")
    return outcomes, wrong


def check(outcomes: Counter[str], wrong: list[str]) -> None:
    """Check that only models and our errors came, and that the answers were diverse."""
    assert wrong == []
    assert outcomes.total() == len(ANSWERS) >= 300
    assert outcomes["read"] > 10
    assert {
        "MalformedAnswerError",
        "NotJsonError",
        "ServerFaultError",
        "UnauthorizedError",
    } <= outcomes.keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    "read",
    ["me", "replicas", "choices", "reports", "look_up", "ask", "usage", "sources", "history", "removal"],
)
async def test_sensay_may_answer_anything(read: str) -> None:
    """Whatever Sensay answers is a model or one of our errors, with no token in it."""
    async with SensaySimulator() as simulator, open_provider(SensayProvider, simulator) as sensay:
        credentials = accepted(sensay, simulator)
        client = sensay.client(credentials)

        async def choices() -> object:
            return await sensay.choices(credentials)

        async def removal() -> object:
            removal = await client.try_removal(simulator.ACTIVE)
            if removal.error is not None:
                raise removal.error
            return removal

        reads: dict[str, Read] = {
            "me": client.me,
            "replicas": client.replicas,
            "choices": choices,
            "reports": lambda: sensay.reports(credentials, Wanted(), ResponseCache()),
            "look_up": partial(client.look_up, simulator.ACTIVE),
            "ask": partial(client.ask, simulator.ACTIVE, "Are you open?", {}, keep=False),
            "usage": client.usage,
            "sources": partial(client.sources, simulator.ACTIVE),
            "history": partial(client.history, simulator.ACTIVE),
            "removal": removal,
        }
        check(*await tried(reads[read], simulator))


@pytest.mark.slow
@pytest.mark.parametrize("read", ["integration", "choices", "reports"])
async def test_toolzz_may_answer_anything(read: str) -> None:
    """Whatever Toolzz answers is a model or one of our errors, with no token in it."""
    async with ToolzzSimulator() as simulator, open_provider(ToolzzProvider, simulator) as toolzz:
        credentials = accepted(toolzz, simulator)
        client = toolzz.client(credentials)

        async def integration() -> object:
            report = await client.integration(simulator.CONNECTED)
            return report, report.state, report.channels

        async def choices() -> object:
            return await toolzz.choices(credentials)

        reads: dict[str, Read] = {
            "integration": integration,
            "choices": choices,
            "reports": lambda: toolzz.reports(credentials, Wanted(), ResponseCache()),
        }
        check(*await tried(reads[read], simulator))
