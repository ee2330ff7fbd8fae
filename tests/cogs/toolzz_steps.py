"""The steps in which a manager puts a Toolzz agent into the server, and changes how it is set up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bot.kit.simulator import Fault, Slow
from tests.cogs.town import final, shown

if TYPE_CHECKING:
    import simcord
    from aiohttp import web

    from bot.kit.simulator import Received
    from bot.services.integrations import Placed
    from tests.cogs.town import Town

LIST: Final = "/converflow/"
"""Part of the path of the unit's list, and of nothing else."""
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
"""The fields of both writes, by the contract."""


@dataclass(frozen=True)
class Only(Fault):
    """Strikes requests of one method alone; from then on, if it lasts, those of every method."""

    method: str
    fault: Fault
    lasts: bool = False
    begun: list[bool] = field(default_factory=list)

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Let the other one strike, or let the request pass."""
        if request.method == self.method:
            self.begun.append(True)
        elif not (self.lasts and self.begun):
            return None
        return await self.fault.strike(request)


@dataclass(frozen=True)
class Later(Fault):
    """Lets one request pass and strikes those that follow."""

    fault: Fault
    begun: list[bool] = field(default_factory=list)

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Let the first one pass, and the other fault strike after it."""
        if self.begun:
            return await self.fault.strike(request)
        self.begun.append(True)
        return None


def strike(town: Town, method: str, fault: Fault, *, acted: bool = False, lasts: bool = False) -> None:
    """Let requests of a method to Toolzz fail like this. acted: they are carried out all the same."""
    if isinstance(fault, Slow):
        api = town.bot.providers["toolzz"]._api  # type: ignore[attr-defined]
        api._patience = lambda request: 0 if request.method == method else 8
    town.toolzz.fail(Only(method, fault, lasts, after_handling=acted), times=None, path="/chat/")


def move_here(town: Town, *channels: simcord.ChannelHandle) -> None:
    """Let the simulator's integrations belong to the town, with these of its channels."""
    there = [(str(channel.id), channel.name or "") for channel in channels or (town.channel,)]
    town.toolzz.place_in_guild(str(town.guild.id), "Harbour Ops", there)


def sent(town: Town, *methods: str) -> list[Received]:
    """Return the requests to Toolzz that wrote something, or could have."""
    return [request for request in town.toolzz.requests if request.method in (methods or ("POST", "PUT"))]


def body_of(request: Received) -> dict[str, Any]:
    """Return what a request has written."""
    assert isinstance(request.body, dict)
    return request.body


def fields_of(form: simcord.InteractionResult) -> dict[str, dict[str, Any]]:
    """Return the inputs of a form, whatever their kind, by custom id, each with its label's texts."""
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


async def open_form(town: Town, agent: str | None = None, **options: str) -> simcord.InteractionResult:
    """Have the manager run `/toolzz connect` and get the form."""
    form = await town.manager.slash(
        town.channel, "toolzz connect", agent=agent or town.toolzz.AGENT, **options
    )
    assert form.modal is not None, shown(form)
    return form


async def fill_in(
    town: Town, form: simcord.InteractionResult, **differences: object
) -> simcord.InteractionResult:
    """Have the manager send the form, filled in well but for what is different about it."""
    values: dict[str, object] = {
        "title": TITLE,
        "channels": [town.channel],
        "scope": "all",
        "switches": ["mention"],
        "discord_token": town.toolzz.discord_token,
        **differences,
    }
    return await town.manager.submit_modal(form, values)


async def propose(town: Town, agent: str | None = None, **differences: object) -> simcord.InteractionResult:
    """Have the manager open the form and fill it in; the answer is the question, or a refusal."""
    return await fill_in(town, await open_form(town, agent), **differences)


async def choose(town: Town, asked: simcord.InteractionResult, button: str) -> simcord.InteractionResult:
    """Press the question's button with this key: yes, again, no."""
    label = town.texts(f"token.{button}", provider="Toolzz")
    return await town.manager.click(final(asked).message, label=label)


async def put_in(town: Town, agent: str | None = None, **differences: object) -> simcord.InteractionResult:
    """Have the manager fill in the form and confirm."""
    return await choose(town, await propose(town, agent, **differences), "yes")


async def remembered(town: Town) -> dict[str, Placed]:
    """Return what the bot remembers that this server has connected or linked, by integration."""
    return dict(await town.bot.integrations.of_guild(town.guild.id, "toolzz"))


async def suggested(town: Town, typed: str = "") -> dict[str, str]:
    """Return what is suggested to the manager as the agent: id -> name."""
    choices = await town.manager.autocomplete(town.channel, "toolzz connect", "agent", typed)
    return {choice["value"]: choice["name"] for choice in choices}
