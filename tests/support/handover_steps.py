"""The steps in which a manager hands a bot token to Sensay."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import simcord
from aiohttp import web

from bot.features.integrations.store import Placed
from bot.providers.base.simulator import Fault, Received, Slow
from tests.support.harness import BotHarness, buttons, final

CREATION: Final = "integrations/discord"
"""Part of the path of the request that carries the token, and of no other."""
LIST: Final = "/v1/replicas?"
TOKEN_WITHOUT_ID: Final = "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000000"
_GENERATED_ID: Final = re.compile(r"[0-9a-f]{32}")
"""A custom id that discord.py makes for a view that does not survive a restart."""


@dataclass(frozen=True)
class Meanwhile(Fault):
    """Does something while a request is on its way; then the answer comes, or another fault strikes."""

    happens: Callable[[], Awaitable[None] | None]
    then: Fault | None = None

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Do it."""
        happening = self.happens()
        if happening is not None:
            await happening
        return None if self.then is None else await self.then.strike(request)


def token_of(account: int) -> str:
    """Return a token of this account, as Discord would write it."""
    number = urlsafe_b64encode(str(account).encode()).decode().rstrip("=")
    return f"{number}.FAKE-TOKEN-test.not-a-real-value-{'0' * 12}"


async def open_guide(harness: BotHarness, replica: str, **options: str) -> simcord.InteractionResult:
    """Have the manager run `/sensay connect`."""
    return await harness.manager.slash(harness.channel, "sensay connect", replica=replica, **options)


async def open_form(harness: BotHarness, replica: str, **options: str) -> simcord.InteractionResult:
    """Have the manager run `/sensay connect`, and say that they have the token."""
    return await harness.open_form_of(await open_guide(harness, replica, **options))


async def propose(
    harness: BotHarness, replica: str | None = None, token: str | None = None
) -> simcord.InteractionResult:
    """Have the manager fill in the form for a replica of theirs; the answer is the question, or a refusal."""
    form = await open_form(harness, replica or harness.sensay.UNCONNECTED)
    return await harness.manager.submit_modal(form, {"discord_token": token or harness.sensay.discord_token})


async def choose(
    harness: BotHarness,
    asked: simcord.InteractionResult,
    button: str,
    actor: simcord.MemberActor | None = None,
) -> simcord.InteractionResult:
    """Press the question's button with this key: yes, again, no."""
    label = harness.texts(f"token.{button}", provider="Sensay")
    return await (actor or harness.manager).click(final(asked).message, label=label)


async def hand_over(
    harness: BotHarness, replica: str | None = None, token: str | None = None
) -> simcord.InteractionResult:
    """Have the manager fill in the form and confirm."""
    return await choose(harness, await propose(harness, replica, token), "yes")


def is_question(asked: simcord.InteractionResult) -> bool:
    """Tell whether an answer is the question before a token is passed on: yes, perhaps again, no, details."""
    own = [button for button in buttons(asked) if _GENERATED_ID.fullmatch(button.get("custom_id", ""))]
    return len(own) in {3, 4}


def strike_discord(harness: BotHarness, fault: Fault) -> None:
    """Let Discord answer like this whenever it is asked whose a token is."""
    if isinstance(fault, Slow):
        harness.expire_discord_deadline()
    harness.discord_api.fail(fault, times=None)


def sent(harness: BotHarness) -> list[Received]:
    """Return the requests to Sensay that carried a token, or may have."""
    return [request for request in harness.sensay.requests if request.method == "POST"]


async def remembered(harness: BotHarness) -> dict[str, Placed]:
    """Return what the bot remembers that this server has connected, by replica."""
    return dict(await harness.bot.services.integrations.of_guild(harness.guild.id, "sensay"))
