"""A simulated Toolzz on loopback: one unit, whose integrations can be read, created and changed."""

import re
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bot.providers.base.simulator import RefusedError, Reset, Sample, Simulator, made_up_token, read_body
from bot.providers.toolzz.simulated_unit import (
    APPLICATION_ID,
    CROWD,
    DELETED_CHANNEL,
    SEED,
    Unit,
    both_lists,
    integration,
    integrations,
    written,
)

_CHAT, _CONVERFLOW = "/chat/api/v1", "/converflow/api/v1"
_Uuid = Annotated[str, Field(pattern=r"^(?i:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")]
_Snowflake = Annotated[str, Field(pattern=r"^[0-9]{15,20}$")]


class _Channel(BaseModel):
    """A channel as a change of an integration sends it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: _Snowflake
    name: str = ""


class _DiscordChannel(BaseModel):
    """A channel as Discord describes it. Only the fields that may be wrong are checked, and two are kept."""

    model_config = ConfigDict(strict=True)

    id: _Snowflake
    name: str = ""
    guild_id: _Snowflake = Field("", exclude=True)
    type: int = Field(0, exclude=True)
    position: int = Field(0, exclude=True)


class _Written(BaseModel):
    """What a creation and a change have in common."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)

    bot_id: _Uuid
    unit_id: _Uuid
    title: str
    guild_id: _Snowflake
    guild_name: str
    channel_ids: list[_Snowflake]
    permissions: str = Field(pattern=r"^[0-9]+$")
    auto_reply_on_mention: bool
    thread_auto_create: bool
    scope: Literal["all", "mentions", "none"]


class _Change(_Written):
    channels_detail: list[_Channel]


class _Creation(_Written):
    channels_detail: list[_DiscordChannel]
    bot_token: str


class ToolzzSimulator(Unit, Simulator):
    """Both of Toolzz's hosts as two paths of one host. Tests may change every public attribute."""

    slug = "toolzz"
    credentials: ClassVar = {"access_token": "FAKE-TOKEN-toolzz-access-0001", "unit_id": Unit.UNIT}
    refused_credentials: ClassVar = {"access_token": "FAKE-TOKEN-toolzz-access-expired", "unit_id": Unit.UNIT}
    discord_token: ClassVar[str] = made_up_token(APPLICATION_ID, "11111111")

    def __init__(self) -> None:
        """Begin with nine integrations and five agents of one unit."""
        super().__init__()
        self.integrations = integrations()
        """All fields of each integration, by its id."""
        self.agents = deepcopy(SEED["agents"])
        self.creations: list[tuple[str, str]] = []
        """The agent id and the token of each creation, in order."""
        self.updates: list[dict[str, Any]] = []
        """The body of each change, in order."""
        self.envelope: Literal["documented", "data", "items"] | None = "documented"
        """The envelope of every list; ``data`` is documented for integrations, ``items`` for agents."""
        self.clock: Callable[[], float] = time.time
        """Seconds since 1970."""
        self.utc_offset = timedelta()
        """How far from UTC its times are, which name no zone."""

    def environment(self) -> dict[str, str]:
        """Return the settings of both base URLs."""
        return {
            "PATCHBAY_TOOLZZ_URL": self.url + _CHAT,
            "PATCHBAY_TOOLZZ_UNIT_URL": self.url + _CONVERFLOW,
        }

    def place_in_guild(self, guild_id: str, guild_name: str, channels: Sequence[tuple[str, str]]) -> None:
        """Move all integrations except ``ELSEWHERE`` and ``HOMELESS`` to a server. channels: ids and names.

        ``CROWDED`` gets made-up channels as well, 40 in all.
        """
        for uuid in self.integrations.keys() - {self.ELSEWHERE, self.HOMELESS}:
            place = {"guildId": guild_id, "guildName": guild_name, **both_lists(channels)}
            self.integrations[uuid].update(place)
        crowd = [*channels, *CROWD][: len(CROWD)]
        self.integrations[self.CROWDED].update(both_lists(crowd))
        self.integrations[self.STRANGE]["channelIds"].append(DELETED_CHANNEL)

    def now(self) -> str:
        """Return the present time as it writes times."""
        return written(datetime.fromtimestamp(self.clock(), UTC) + self.utc_offset)

    def touch(self, integration_id: str, **changes: object) -> None:
        """Change an integration as if somebody did it in Toolzz. changes: by Toolzz's names."""
        self.integrations[integration_id].update(changes, updatedAt=self.now())

    def discord_integrations(self) -> dict[str, str]:
        """Return the titles of the integrations that are neither switched off nor deleted, by id."""
        return {
            integration_id: entry["title"]
            for integration_id, entry in self.integrations.items()
            if entry["isActive"] and not entry["deletedAt"]
        }

    def break_integration(self, integration_id: str) -> None:
        """Let the integration lose its connection, as when an admin resets the bot's token at Discord."""
        self.touch(
            integration_id,
            connectionStatus="disconnected",
            lastDisconnectedAt=self.now(),
            lastConnectionErrorCode="4004",
            lastConnectionErrorMessage="The bot token was refused.",
        )

    def heal_integration(self, integration_id: str) -> None:
        """Let the integration be connected again."""
        self.touch(
            integration_id,
            connectionStatus="connected",
            lastConnectedAt=self.now(),
            lastConnectionErrorCode=None,
            lastConnectionErrorMessage=None,
        )

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the operations of the contract, each at its own base URL only."""
        one = f"{_CHAT}/discord/integration/{{id}}"
        return (
            web.post(f"{_CHAT}/discord/integration", self._create),
            web.get(one, self._get),
            web.put(one, self._update),
            web.get(f"{_CONVERFLOW}/discord/integration/unit/{{unit}}", self._list),
            web.get(f"{_CHAT}/bot/unity/{{unit}}", self._list_agents),
        )

    def samples(self) -> Iterable[Sample]:
        """Return requests that lead to every documented reply."""
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
                Sample("GET", f"{address}/{self.UNIT}", signed),
                Sample("GET", f"{address}/{self.UNKNOWN}", signed),
                Sample("GET", f"{address}/{self.UNIT}", refused),
            )
        fields = [field.alias for field in _Change.model_fields.values() if field.alias]
        changed = {name: self.integrations[self.CONNECTED][name] for name in fields}
        created = changed | {"botToken": self.discord_token}
        for method, address, body in (("POST", one, created), ("PUT", f"{one}/{self.CROWDED}", changed)):
            yield Sample(method, address, signed, body)
            yield Sample(method, address, refused, body)
            yield Sample(method, address, signed)
            yield Sample(method, address, signed, [body])
            for name in body:
                yield Sample(method, address, signed, {key: body[key] for key in body.keys() - {name}})
            mistakes: list[dict[str, object]] = [{name: None} for name in body]
            mistakes += [{"isActive": True}, {"permissions": 8}, {"scope": "threads-only"}]
            mistakes += [{"channelsDetail": [{"name": "bridge"}]}]
            yield from (Sample(method, address, signed, body | mistake) for mistake in mistakes)
        yield Sample("PUT", f"{one}/{self.UNKNOWN}", signed, changed)
        yield Sample("GET", f"{unit}/{self.UNIT}", signed)

    async def respond(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check the token before the handler. Toolzz documents no error; many such APIs have this form."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or not self.accepts(token):
            return self._refusal(RefusedError(401, "Unauthorized"))
        try:
            return await handler(request)
        except RefusedError as refused:
            return self._refusal(refused)
        except web.HTTPException as missing:
            return self._refusal(RefusedError(missing.status, missing.reason))

    @staticmethod
    def _refusal(refused: RefusedError) -> web.StreamResponse:
        body = {"statusCode": refused.status, "message": str(refused)}
        return web.json_response(body, status=refused.status)

    def _named(self, request: web.Request) -> dict[str, Any]:
        """Return the integration of the path."""
        try:
            return self.integrations[request.match_info["id"]]
        except KeyError:
            raise RefusedError(404, "Integration not found") from None

    async def _get(self, request: web.Request) -> web.StreamResponse:
        found = self._named(request)
        if found["id"] == self.UNREACHABLE:
            return await Reset().strike(request)
        if found["id"] == self.INACTIVE:
            return web.json_response({name: found[name] for name in SEED["short_form"]})
        return web.json_response(found)

    async def _create(self, request: web.Request) -> web.StreamResponse:
        body = await read_body(request, _Creation)
        token, moment = body.pop("botToken"), self.now()
        self.creations.append((body["botId"], token))
        made = integration(str(uuid4()), body.pop("title"), **body) | {
            "botClientId": _account_of(token),
            "lastConnectedAt": moment,
            "createdAt": moment,
            "updatedAt": moment,
        }
        self.integrations[made["id"]] = made
        return web.json_response({name: made[name] for name in SEED["created_form"]})

    async def _update(self, request: web.Request) -> web.StreamResponse:
        found = self._named(request)
        body = await read_body(request, _Change)
        self.updates.append(body)
        found.update(body, updatedAt=self.now())
        return web.json_response(_listed(found))

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


def _listed(integration: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in integration.items() if name != "botClientId"}


def _account_of(token: str) -> str:
    """Return the application id in a token's first part, or a fixed one if there is none."""
    with suppress(ValueError):
        account = urlsafe_b64decode(token.partition(".")[0] + "==").decode()
        if re.fullmatch(r"[0-9]{15,20}", account):
            return account
    return APPLICATION_ID


SIMULATOR = ToolzzSimulator
