"""The steps in which a manager hands a bot token to Sensay."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.kit.simulator import Fault, Slow
from tests.cogs.town import buttons, final, shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import simcord
    from aiohttp import web

    from bot.kit.simulator import Received
    from bot.services.integrations import Placed
    from tests.cogs.town import Town

CREATION: Final = "integrations/discord"
"""Part of the path of the request that carries the token, and of no other."""
LIST: Final = "/v1/replicas?"
TOKEN_WITHOUT_ID: Final = "FAKE-TOKEN-FOR-TESTS.not-a-real.value-00000000000000000000000000"
_OF_A_VIEW: Final = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Meanwhile(Fault):
    """Let something happen while a request is on its way; then the answer comes, or another fault strikes."""

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


async def open_form(town: Town, replica: str, **options: str) -> simcord.InteractionResult:
    """Have the manager run `/sensay connect` and get the form."""
    form = await town.manager.slash(town.channel, "sensay connect", replica=replica, **options)
    assert form.modal is not None, shown(form)
    return form


async def propose(
    town: Town, replica: str | None = None, token: str | None = None
) -> simcord.InteractionResult:
    """Have the manager fill in the form for a replica of theirs; the answer is the question, or a refusal."""
    form = await open_form(town, replica or town.sensay.UNCONNECTED)
    return await town.manager.submit_modal(form, {"discord_token": token or town.sensay.discord_token})


async def choose(
    town: Town, asked: simcord.InteractionResult, button: str, actor: simcord.MemberActor | None = None
) -> simcord.InteractionResult:
    """Press the question's button with this key: yes, again, no."""
    label = town.texts(f"token.{button}", provider="Sensay")
    return await (actor or town.manager).click(final(asked).message, label=label)


async def hand_over(
    town: Town, replica: str | None = None, token: str | None = None
) -> simcord.InteractionResult:
    """Have the manager fill in the form and confirm."""
    return await choose(town, await propose(town, replica, token), "yes")


def is_question(asked: simcord.InteractionResult) -> bool:
    """Tell whether an answer is the question before a token is passed on: yes, perhaps again, no."""
    own = [button for button in buttons(asked) if _OF_A_VIEW.fullmatch(button.get("custom_id", ""))]
    return len(own) in {2, 3}


def strike_discord(town: Town, fault: Fault) -> None:
    """Let Discord answer like this whenever it is asked whose a token is."""
    if isinstance(fault, Slow):
        town.bot.preflight._api._patience = lambda _: 0  # type: ignore[method-assign, assignment]
    town.desk.fail(fault, times=None)


def keep_time(town: Town) -> None:
    """Let the bot date its records by the simulated Discord's clock, as both have the same one outside."""
    town.bot.integrations._clock = lambda: town.env.now().timestamp()


def sent(town: Town) -> list[Received]:
    """Return the requests to Sensay that carried a token, or could have."""
    return [request for request in town.sensay.requests if request.method == "POST"]


async def remembered(town: Town) -> dict[str, Placed]:
    """Return what the bot remembers that this server has connected, by replica."""
    return dict(await town.bot.integrations.of_guild(town.guild.id, "sensay"))
