"""Toolzz AI on loopback: one unit with an integration for each thing that can be the matter with one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.kit.simulator import Reset, Sample, Simulator

_UNIT: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c00"
_GUILD: Final = "1102345678901234567"

_ACCEPTED = "FAKE-TOKEN-toolzz-access-0001"
_REFUSED = "FAKE-TOKEN-toolzz-access-expired"
_CHAT, _CONVERFLOW = "/chat/api/v1", "/converflow/api/v1"
_CHANNELS = (("1188765432109876501", "atendimento"), ("1188765432109876502", "dúvidas"))
_CROWD = tuple((str(1188765432109877000 + number), f"sala-{number:02}") for number in range(1, 41))
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


def _channels(channels: Iterable[tuple[str, str]]) -> dict[str, Any]:
    pairs = list(channels)
    return {
        "channelIds": [channel_id for channel_id, _ in pairs],
        "channelsDetail": [{"id": channel_id, "name": name} for channel_id, name in pairs],
    }


def _integration(uuid: str, title: str, **differences: object) -> dict[str, Any]:
    """Return all 25 fields of a healthy integration but for what is different about this one."""
    return {
        "id": uuid,
        "title": title,
        "connectionStatus": "connected",
        "isActive": True,
        "botId": "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b20",
        "botClientId": "1219876543210987654",
        "botToken": "****",
        "isTokenMasked": True,
        "unitId": _UNIT,
        "guildId": _GUILD,
        "guildName": "Loja do Porto",
        **_channels(_CHANNELS),
        "scope": "mentions",
        "permissions": "309237713920",
        "autoReplyOnMention": True,
        "threadAutoCreate": False,
        "welcomeMessage": "",
        "lastConnectedAt": "2026-11-20 08:15:27.6",
        "lastDisconnectedAt": None,
        "lastConnectionErrorCode": None,
        "lastConnectionErrorMessage": None,
        "createdAt": "2026-08-03 14:21:09.047316",
        "updatedAt": "2026-11-20 08:15:27.6",
        "deletedAt": None,
        **differences,
    }


class ToolzzSimulator(Simulator):
    """Both of the vendor's hosts as two paths of one; `integrations` (id -> all fields) is open to tests."""

    slug = "toolzz"
    CONNECTED: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c01"
    DISCONNECTED: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c02"
    """Switched on but disconnected, with error code 4004."""
    INACTIVE: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c03"
    """Switched off; read alone it comes in the 8 fields of the vendor's sample, all others in full."""
    CROWDED: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c04"
    """40 channels, and permissions that a double cannot hold."""
    UNREACHABLE: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c05"
    """Listed, but when it is read alone the connection is reset."""
    DELETED: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c06"
    """Softly: still listed and readable, with deletedAt."""
    STRANGE: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c07"
    """Words that nobody has heard of, text that would be markup, channels that disagree with each other."""
    UNKNOWN: ClassVar = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4cff"
    """The id of no integration and of no unit."""

    credentials: ClassVar = {"access_token": _ACCEPTED, "unit_id": _UNIT}
    refused_credentials: ClassVar = {"access_token": _REFUSED, "unit_id": _UNIT}

    def __init__(self) -> None:
        """Begin with seven integrations of one unit, all in one made-up server."""
        super().__init__()
        integrations = (
            _integration(self.CONNECTED, "Suporte da loja", welcomeMessage="Olá! Como posso ajudar?"),
            _integration(
                self.DISCONNECTED,
                "Pedidos e entregas",
                connectionStatus="disconnected",
                scope="all",
                lastDisconnectedAt="2026-11-21 23:42:50.318",
                lastConnectionErrorCode="4004",
                lastConnectionErrorMessage="The bot token was refused.",
                updatedAt="2026-11-21 23:42:50.318",
            ),
            _integration(
                self.INACTIVE,
                "Campanha de inverno",
                connectionStatus="disconnected",
                isActive=False,
                scope="none",
                lastDisconnectedAt="2026-09-01 00:00:00",
            ),
            _integration(
                self.CROWDED,
                "Comunidade",
                permissions="9007199254740993",
                threadAutoCreate=True,
                **_channels(_CROWD),
            ),
            _integration(
                self.UNREACHABLE,
                "Plantão noturno",
                botToken=f"FAKE-TOKEN-toolzz-clear.not-a-real.value-{'0' * 24}",
                isTokenMasked=False,
            ),
            _integration(
                self.DELETED,
                "Piloto antigo",
                connectionStatus="disconnected",
                isActive=False,
                deletedAt="2026-10-02 17:45:30.04",
            ),
            _integration(
                self.STRANGE,
                "Teste_interno **@everyone**",
                connectionStatus="hibernating",
                scope="threads-only",
                botToken=None,
                channelIds=[*(channel_id for channel_id, _ in _CHANNELS), "1188765432109876599"],
                lastConnectedAt="2026-11-19T06:30:00.000Z",
                lastDisconnectedAt="",
                lastConnectionErrorCode=4014,
                lastConnectionErrorMessage="see [the console](https://example.invalid) <@&1>\n```",
            ),
        )
        self.integrations = {integration["id"]: integration for integration in integrations}

    def environment(self) -> dict[str, str]:
        """Return the settings of both base URLs."""
        return {
            "PATCHBAY_TOOLZZ_URL": self.url + _CHAT,
            "PATCHBAY_TOOLZZ_UNIT_URL": self.url + _CONVERFLOW,
        }

    def place_in_guild(self, guild_id: str, guild_name: str, channels: Sequence[tuple[str, str]]) -> None:
        """Move every integration to a server and to its `channels` (id and name).

        The crowded one gets them on top of made-up ones, 40 in all.
        """
        for integration in self.integrations.values():
            integration.update(guildId=guild_id, guildName=guild_name, **_channels(channels))
        self.integrations[self.CROWDED].update(_channels([*channels, *_CROWD][: len(_CROWD)]))

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the two operations of the contract, each at its own base URL alone."""
        return (
            web.get(f"{_CHAT}/discord/integration/{{id}}", self._guarded(self._get)),
            web.get(f"{_CONVERFLOW}/discord/integration/unit/{{unit}}", self._guarded(self._list)),
        )

    def samples(self) -> Iterable[Sample]:
        """Return requests that bring out every documented reply."""
        one, unit = f"{_CHAT}/discord/integration", f"{_CONVERFLOW}/discord/integration/unit"
        signed = {"Authorization": f"Bearer {self.credentials['access_token']}"}
        refused = {"Authorization": f"Bearer {self.refused_credentials['access_token']}"}
        readable = [uuid for uuid in self.integrations if uuid != self.UNREACHABLE]
        yield from (Sample("GET", f"{one}/{uuid}", signed) for uuid in readable)
        yield from (
            Sample("GET", f"{one}/{self.UNKNOWN}", signed),
            Sample("GET", f"{one}/{self.CONNECTED}", refused),
            Sample("GET", f"{one}/{self.CONNECTED}"),
            Sample("GET", f"{unit}/{_UNIT}", signed),
            Sample("GET", f"{unit}/{self.UNKNOWN}", signed),
            Sample("GET", f"{unit}/{_UNIT}", refused),
        )

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

    async def _list(self, request: web.Request) -> web.StreamResponse:
        unit = request.match_info["unit"]
        data = [
            {name: value for name, value in integration.items() if name != "botClientId"}
            for integration in self.integrations.values()
            if integration["unitId"] == unit
        ]
        return web.json_response({"data": data})


SIMULATOR = ToolzzSimulator
