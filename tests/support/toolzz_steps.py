"""The steps in which a manager connects a Toolzz agent to the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import simcord
from aiohttp import web

from bot.features.integrations.store import Placed
from bot.providers.base.simulator import Fault, Received, Slow
from tests.support.harness import BotHarness, final, shown

LIST: Final = "/converflow/"
"""A part of the path of the unit's list that no other path has."""
CREATION: Final = "/chat/api/v1/discord/integration"
TITLE: Final = "Front desk"
BODY: Final = {
    "botId",
    "unitId",
    "title",
    "guildId",
    "guildName",
    "channelIds",
    "channelsDetail",
    "permissions",
    "autoReplyOnMention",
    "threadAutoCreate",
    "scope",
}
"""The fields that both writes send, by the contract."""


@dataclass(frozen=True)
class Only(Fault):
    """A fault of requests with one method. lasts: from the first one on, of requests with every method."""

    method: str
    fault: Fault
    lasts: bool = False
    begun: list[bool] = field(default_factory=list)

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Let the fault strike the request, or let the request pass."""
        if request.method == self.method:
            self.begun.append(True)
        elif not (self.lasts and self.begun):
            return None
        return await self.fault.strike(request)


@dataclass(frozen=True)
class Later(Fault):
    """A fault of every request except the first one."""

    fault: Fault
    begun: list[bool] = field(default_factory=list)

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Let the first request pass, and the fault strike every later one."""
        if self.begun:
            return await self.fault.strike(request)
        self.begun.append(True)
        return None


def strike(
    harness: BotHarness, method: str, fault: Fault, *, acted: bool = False, lasts: bool = False
) -> None:
    """Let requests with a method fail. acted: Toolzz carries them out all the same. lasts: as in ``Only``."""
    if isinstance(fault, Slow):
        harness.expire_provider_deadlines(lambda request: request.method == method)
    harness.toolzz.fail(Only(method, fault, lasts, after_handling=acted), times=None, path="/chat/")


def move_here(harness: BotHarness, *channels: simcord.ChannelHandle) -> None:
    """Move the integrations, except two, to the harness's server. channels: by default its one channel."""
    there = [(str(channel.id), channel.name or "") for channel in channels or (harness.channel,)]
    harness.toolzz.place_in_guild(str(harness.guild.id), "Harbour Ops", there)


def list_only(harness: BotHarness, *wanted: str) -> None:
    """Have Toolzz list only these integrations, without a server, so that none is watched by itself."""
    move_here(harness)
    unit = harness.toolzz
    unit.integrations = {uuid: {**unit.integrations[uuid], "guildId": None} for uuid in wanted}


def sent(harness: BotHarness, *methods: str) -> list[Received]:
    """Return the requests to Toolzz with these methods, by default those that write."""
    return [request for request in harness.toolzz.requests if request.method in (methods or ("POST", "PUT"))]


def body_of(request: Received) -> dict[str, Any]:
    """Return the fields that a request has sent."""
    assert isinstance(request.body, dict)
    return request.body


def fields_of(form: simcord.InteractionResult) -> dict[str, dict[str, Any]]:
    """Return the inputs of a form by custom id, each with the texts of its label."""
    assert form.modal is not None, shown(form)
    labels = [item for item in form.modal["components"] if "component" in item]
    return {
        label["component"]["custom_id"]: {
            **label["component"],
            "text": label["label"],
            "how": label["description"],
        }
        for label in labels
    }


async def open_guide(
    harness: BotHarness, agent: str | None = None, **options: str
) -> simcord.InteractionResult:
    """Have the manager run `/toolzz connect`."""
    chosen = agent or harness.toolzz.AGENT
    return await harness.manager.slash(harness.channel, "toolzz connect", agent=chosen, **options)


async def open_form(
    harness: BotHarness, agent: str | None = None, **options: str
) -> simcord.InteractionResult:
    """Have the manager run `/toolzz connect`, and say that they have the token."""
    return await harness.open_form_of(await open_guide(harness, agent, **options))


async def fill_in(
    harness: BotHarness, form: simcord.InteractionResult, **differences: object
) -> simcord.InteractionResult:
    """Have the manager send the form with valid values. differences: values to send in place of them."""
    values: dict[str, object] = {
        "title": TITLE,
        "channels": [harness.channel],
        "scope": "all",
        "switches": ["mention"],
        "discord_token": harness.toolzz.discord_token,
        **differences,
    }
    return await harness.manager.submit_modal(form, values)


async def propose(
    harness: BotHarness, agent: str | None = None, **differences: object
) -> simcord.InteractionResult:
    """Have the manager open and send the form; the answer is the question, or a refusal."""
    return await fill_in(harness, await open_form(harness, agent), **differences)


async def choose(
    harness: BotHarness, asked: simcord.InteractionResult, button: str
) -> simcord.InteractionResult:
    """Have the manager press a button of the question. button: yes, again or no."""
    label = harness.texts(f"token.{button}", provider="Toolzz")
    return await harness.manager.click(final(asked).message, label=label)


async def put_in(
    harness: BotHarness, agent: str | None = None, **differences: object
) -> simcord.InteractionResult:
    """Have the manager open and send the form, and confirm."""
    return await choose(harness, await propose(harness, agent, **differences), "yes")


async def remembered(harness: BotHarness) -> dict[str, Placed]:
    """Return the integrations that the bot has stored as this server's own, by id."""
    return dict(await harness.bot.services.integrations.of_guild(harness.guild.id, "toolzz"))


async def suggested(harness: BotHarness, typed: str = "") -> dict[str, str]:
    """Return the agents that are suggested to the manager: names by id."""
    choices = await harness.manager.autocomplete(harness.channel, "toolzz connect", "agent", typed)
    return {choice["value"]: choice["name"] for choice in choices}
