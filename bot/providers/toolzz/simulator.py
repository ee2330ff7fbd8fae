"""Toolzz AI on loopback: one unit, whose integrations can be read, made and changed as the contract says."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Final, Literal
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.kit.simulator import Reset, Sample, Simulator
from bot.providers.toolzz import simulated_unit

_ACCEPTED = "FAKE-TOKEN-toolzz-access-0001"
_REFUSED = "FAKE-TOKEN-toolzz-access-expired"
_CHAT, _CONVERFLOW = "/chat/api/v1", "/converflow/api/v1"
_SHORT_FORM = (
    "id",
    "connectionStatus",
    "botClientId",
    "guildName",
    "isActive",
    "channelsDetail",
    "lastConnectedAt",
    "updatedAt",
)
_CREATED_FORM = (
    "id",
    "title",
    "connectionStatus",
    "guildName",
    "channelsDetail",
    "channelIds",
    "isActive",
    "createdAt",
)

_Rule = Callable[[object], bool]


def _text(pattern: str = "(?s).*") -> _Rule:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _list_of(rule: _Rule) -> _Rule:
    return lambda value: isinstance(value, list) and all(rule(item) for item in value)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _is_int(value: object) -> bool:
    return type(value) is int


_UUID = _text(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SNOWFLAKE = _text(r"[0-9]{15,20}")


def _is_channel(value: object) -> bool:
    """Take what a change of an integration says of a channel."""
    return (
        isinstance(value, dict)
        and {"id"} <= value.keys() <= {"id", "name"}
        and _SNOWFLAKE(value["id"])
        and _text()(value.get("name", ""))
    )


def _is_discord_channel(value: object) -> bool:
    """Take a channel as Discord describes it; of its many fields those are looked at that can go wrong."""
    rules = {"id": _SNOWFLAKE, "guild_id": _SNOWFLAKE, "name": _text(), "type": _is_int, "position": _is_int}
    return (
        isinstance(value, dict)
        and "id" in value
        and all(rule(value[name]) for name, rule in rules.items() if name in value)
    )


_CHANGED: Final[Mapping[str, _Rule]] = {
    "botId": _UUID,
    "unitId": _UUID,
    "title": _text(),
    "guildId": _SNOWFLAKE,
    "guildName": _text(),
    "channelIds": _list_of(_SNOWFLAKE),
    "channelsDetail": _list_of(_is_channel),
    "permissions": _text("[0-9]+"),
    "autoReplyOnMention": _is_bool,
    "threadAutoCreate": _is_bool,
    "scope": _text("all|mentions|none"),
}
_CREATED: Final[Mapping[str, _Rule]] = {
    **_CHANGED,
    "channelsDetail": _list_of(_is_discord_channel),
    "botToken": _text(),
}


class ToolzzSimulator(Simulator):
    """Both of the vendor's hosts as two paths of one.

    The state is open to tests, who may also set how it behaves: all attributes without an underscore.
    """

    slug = "toolzz"
    CONNECTED: ClassVar = simulated_unit.CONNECTED
    DISCONNECTED: ClassVar = simulated_unit.DISCONNECTED
    """Switched on but disconnected, with error code 4004."""
    INACTIVE: ClassVar = simulated_unit.INACTIVE
    """Switched off; read alone it comes in the 8 fields of the vendor's sample, all others in full."""
    CROWDED: ClassVar = simulated_unit.CROWDED
    """40 channels, and permissions that a double cannot hold."""
    UNREACHABLE: ClassVar = simulated_unit.UNREACHABLE
    """Listed, but when it is read alone the connection is reset."""
    DELETED: ClassVar = simulated_unit.DELETED
    """Softly: still listed and readable, with deletedAt."""
    STRANGE: ClassVar = simulated_unit.STRANGE
    """Words that nobody has heard of, text that would be markup, channels that disagree with each other."""
    ELSEWHERE: ClassVar = simulated_unit.ELSEWHERE
    """In another server than all the others, wherever those are placed."""
    HOMELESS: ClassVar = simulated_unit.HOMELESS
    """In no server: its report has no guildId, wherever the others are placed."""
    UNKNOWN: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4cff"
    """The id of no integration and of no unit."""
    AGENT: ClassVar = simulated_unit.AGENT
    """The agent of all integrations."""
    RESTING_AGENT: ClassVar = simulated_unit.RESTING_AGENT
    """The one that is switched off."""

    credentials: ClassVar = {"access_token": _ACCEPTED, "unit_id": simulated_unit.UNIT}
    refused_credentials: ClassVar = {"access_token": _REFUSED, "unit_id": simulated_unit.UNIT}
    # Discord reads the application id from a token's first part; no secret scanner takes the second for real.
    discord_token: ClassVar[str] = (
        urlsafe_b64encode(simulated_unit.APPLICATION_ID.encode()).decode().rstrip("=")
        + ".FAKE-TOKEN-demo.not-a-real-value-11111111"
    )

    def __init__(self) -> None:
        """Begin with nine integrations and five agents of one unit, and with nothing made or changed."""
        super().__init__()
        self.integrations = simulated_unit.integrations()
        """id -> all fields."""
        self.agents = simulated_unit.agents()
        self.creations: list[tuple[str, str]] = []
        """Agent id and token of each integration made, in order, repeats included."""
        self.updates: list[dict[str, Any]] = []
        """The body of each change, in order, repeats included."""
        self.envelope: Literal["documented", "data", "items"] | None = "documented"
        """What every list comes in; documented: in data the integrations, in items the agents."""

    def environment(self) -> dict[str, str]:
        """Return the settings of both base URLs."""
        return {
            "PATCHBAY_TOOLZZ_URL": self.url + _CHAT,
            "PATCHBAY_TOOLZZ_UNIT_URL": self.url + _CONVERFLOW,
        }

    def place_in_guild(self, guild_id: str, guild_name: str, channels: Sequence[tuple[str, str]]) -> None:
        """Move the integrations to a server and to its `channels` (id and name), but for two.

        The crowded one gets them on top of made-up ones, 40 in all.
        """
        simulated_unit.place(self.integrations, guild_id, guild_name, channels)

    def touch(self, integration_id: str, **changes: object) -> None:
        """Change an integration as somebody else would, in Toolzz itself. changes: by Toolzz's own names."""
        self.integrations[integration_id].update(changes, updatedAt=simulated_unit.now())

    def discord_integrations(self) -> dict[str, str]:
        """Return the titles of those that are neither switched off nor deleted, by id."""
        return {
            integration_id: entry["title"]
            for integration_id, entry in self.integrations.items()
            if entry["isActive"] and not entry["deletedAt"]
        }

    def break_integration(self, integration_id: str) -> None:
        """Do what happens when an admin resets the bot's token at Discord."""
        self.touch(integration_id, **simulated_unit.refused(simulated_unit.now()))

    def heal_integration(self, integration_id: str) -> None:
        """Connect it again."""
        self.touch(
            integration_id,
            connectionStatus="connected",
            lastConnectedAt=simulated_unit.now(),
            lastConnectionErrorCode=None,
            lastConnectionErrorMessage=None,
        )

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the operations of the contract, each at its own base URL alone."""
        one = f"{_CHAT}/discord/integration/{{id}}"
        return (
            web.post(f"{_CHAT}/discord/integration", self._guarded(self._create)),
            web.get(one, self._guarded(self._get)),
            web.put(one, self._guarded(self._update)),
            web.get(f"{_CONVERFLOW}/discord/integration/unit/{{unit}}", self._guarded(self._list)),
            web.get(f"{_CHAT}/bot/unity/{{unit}}", self._guarded(self._list_agents)),
        )

    def samples(self) -> Iterable[Sample]:
        """Return requests that bring out every documented reply, each in the state that is set for it."""
        one, unit = f"{_CHAT}/discord/integration", f"{_CONVERFLOW}/discord/integration/unit"
        agents = f"{_CHAT}/bot/unity"
        signed = {"Authorization": f"Bearer {self.credentials['access_token']}"}
        refused = {"Authorization": f"Bearer {self.refused_credentials['access_token']}"}
        readable = [uuid for uuid in self.integrations if uuid != self.UNREACHABLE]
        yield from (Sample("GET", f"{one}/{uuid}", signed) for uuid in readable)
        yield from (
            Sample("GET", f"{one}/{self.UNKNOWN}", signed),
            Sample("GET", f"{one}/{self.CONNECTED}", refused),
            Sample("GET", f"{one}/{self.CONNECTED}"),
        )
        for address in (unit, agents):
            yield from (
                Sample("GET", f"{address}/{simulated_unit.UNIT}", signed),
                Sample("GET", f"{address}/{self.UNKNOWN}", signed),
                Sample("GET", f"{address}/{simulated_unit.UNIT}", refused),
            )
        changed = {name: self.integrations[self.CONNECTED][name] for name in _CHANGED}
        created = changed | {"botToken": self.discord_token}
        for method, address, body in (("POST", one, created), ("PUT", f"{one}/{self.CROWDED}", changed)):
            yield Sample(method, address, signed, body)
            yield Sample(method, address, refused, body)
            yield Sample(method, address, signed)
            yield Sample(method, address, signed, [body])
            yield from (Sample(method, address, signed, body | {name: None}) for name in body)
            for name in body:
                yield Sample(method, address, signed, {key: body[key] for key in body.keys() - {name}})
            yield Sample(method, address, signed, body | {"isActive": True})
            yield Sample(method, address, signed, body | {"permissions": 8})
            yield Sample(method, address, signed, body | {"scope": "threads-only"})
            yield Sample(method, address, signed, body | {"channelsDetail": [{"name": "bridge"}]})
        yield Sample("PUT", f"{one}/{self.UNKNOWN}", signed, changed)
        yield Sample("GET", f"{unit}/{simulated_unit.UNIT}", signed)

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if request.headers.get("Authorization") != f"Bearer {self.credentials['access_token']}":
                return self._error(401, "Unauthorized")
            return await handler(request)

        return guarded

    @staticmethod
    def _error(status: int, message: str) -> web.StreamResponse:
        # No error is documented; this is the form of the framework that such APIs are commonly built with.
        return web.json_response({"statusCode": status, "message": message}, status=status)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        integration = self.integrations.get(request.match_info["id"])
        if integration is None:
            return self._error(404, "Integration not found")
        if integration["id"] == self.UNREACHABLE:
            return await Reset().strike(request)
        if integration["id"] == self.INACTIVE:
            return web.json_response({name: integration[name] for name in _SHORT_FORM})
        return web.json_response(integration)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body, mistake = _read(await request.read(), _CREATED)
        if mistake is not None:
            return self._error(400, mistake)
        token, moment = body.pop("botToken"), simulated_unit.now()
        self.creations.append((body["botId"], token))
        made = simulated_unit.integration(str(uuid4()), body.pop("title"), **body) | {
            "botClientId": _account_of(token),
            "channelsDetail": [_named(channel) for channel in body["channelsDetail"]],
            "lastConnectedAt": moment,
            "createdAt": moment,
            "updatedAt": moment,
        }
        self.integrations[made["id"]] = made
        return web.json_response({name: made[name] for name in _CREATED_FORM})

    async def _update(self, request: web.Request) -> web.StreamResponse:
        integration = self.integrations.get(request.match_info["id"])
        if integration is None:
            return self._error(404, "Integration not found")
        body, mistake = _read(await request.read(), _CHANGED)
        if mistake is not None:
            return self._error(400, mistake)
        self.updates.append(body)
        integration.update(body, updatedAt=simulated_unit.now())
        return web.json_response(_listed(integration))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        unit = request.match_info["unit"]
        return self._enveloped(
            [_listed(entry) for entry in self.integrations.values() if entry["unitId"] == unit], "data"
        )

    async def _list_agents(self, request: web.Request) -> web.StreamResponse:
        unit = request.match_info["unit"]
        return self._enveloped([agent for agent in self.agents if agent["unityId"] == unit], "items")

    def _enveloped(self, entries: list[dict[str, Any]], documented: str) -> web.StreamResponse:
        envelope = documented if self.envelope == "documented" else self.envelope
        return web.json_response(entries if envelope is None else {envelope: entries})


def _read(raw: bytes, rules: Mapping[str, _Rule]) -> tuple[dict[str, Any], str | None]:
    """Return a body and what is wrong with it."""
    body: object = None
    with suppress(ValueError):
        body = json.loads(raw)
    if not isinstance(body, dict):
        return {}, "The body is not an object"
    if unknown := body.keys() - rules.keys():
        return body, f"No such field: {', '.join(sorted(unknown))}"
    wrong = [name for name, rule in rules.items() if name not in body or not rule(body[name])]
    return body, f"Missing or wrong: {', '.join(wrong)}" if wrong else None


def _listed(integration: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in integration.items() if name != "botClientId"}


def _named(channel: Mapping[str, Any]) -> dict[str, Any]:
    return {name: channel[name] for name in ("id", "name") if name in channel}


def _account_of(token: str) -> str:
    """Return the application id that a token's first part holds in base64, or one of ours."""
    with suppress(ValueError):
        account = urlsafe_b64decode(token.partition(".")[0] + "==").decode()
        if _SNOWFLAKE(account):
            return account
    return simulated_unit.APPLICATION_ID


SIMULATOR = ToolzzSimulator
