"""Toolzz's HTTP interface, one method per operation."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urlsplit

from bot.errors import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    ProviderError,
    RejectedError,
    UnknownUnitError,
)
from bot.providers.base.api_client import ApiClient, Request
from bot.providers.base.credentials import Credentials
from bot.providers.base.response_cache import ResponseCache
from bot.providers.toolzz.models import (
    Agent,
    AgentList,
    Integration,
    IntegrationList,
    IntegrationSettings,
    Outline,
    OutlineList,
    SingleIntegration,
    SingleOutline,
)

CHAT: Final = "PATCHBAY_TOOLZZ_URL"
UNIT: Final = "PATCHBAY_TOOLZZ_UNIT_URL"

ListT = TypeVar("ListT", IntegrationList, OutlineList)

_MAY_MEAN_THE_UNIT: Final = (NotFoundError, ForbiddenError, RejectedError)
"""How Toolzz may refuse to list a unit that it does not know; it documents no error."""
# The id of no integration: asking for it costs Toolzz one look-up.
NO_INTEGRATION: Final = "00000000-0000-0000-0000-000000000000"


class Operation(NamedTuple):
    """Where an operation is served: the setting of its host, the method, the path with its id in braces."""

    setting: str
    method: str
    path: str


# This table decides which host receives which request, and the token with it: Toolzz documents one host for
# most operations of a resource and another for its list. A third host answers questions to agents; such an
# answer costs the customer something and no command needs it, so that host has no setting.
OPERATIONS: Final[Mapping[str, Operation]] = {
    "createDiscordIntegration": Operation(CHAT, "POST", "/discord/integration"),
    "getDiscordIntegration": Operation(CHAT, "GET", "/discord/integration/{integrationId}"),
    "updateDiscordIntegration": Operation(CHAT, "PUT", "/discord/integration/{integrationId}"),
    "listDiscordIntegrationsByUnit": Operation(UNIT, "GET", "/discord/integration/unit/{unitId}"),
    "listAgentsByUnit": Operation(CHAT, "GET", "/bot/unity/{unityId}"),
}


class ToolzzClient:
    """Acts with one connection's credentials.

    urls: base URLs by setting. offsets: see ``Provider.clock_offsets``. cache: of these credentials, None to
    parse each answer anew.
    """

    def __init__(
        self,
        api: ApiClient,
        urls: Mapping[str, str],
        offsets: Mapping[str, timedelta],
        credentials: Credentials,
        cache: ResponseCache | None = None,
    ) -> None:
        self._api = api
        self._urls = urls
        self._offsets = offsets
        self._credentials = credentials
        self._cache = cache

    @property
    def unit_id(self) -> str | None:
        """The unit that the credentials name, None where they name none."""
        return self._credentials.get("unit_id")

    async def integration(self, integration_id: str) -> Integration:
        """Return one integration, in a longer or a shorter form. Raises ProviderError."""
        return await self._send(self._request("getDiscordIntegration", integration_id))

    async def full(self, integration_id: str) -> Integration:
        """Return one integration, completed from the unit's list. Raises ProviderError.

        Without a unit, and where the list cannot be read, the report is returned as it is.
        """
        return await self.completed(await self.integration(integration_id))

    async def completed(self, report: Integration) -> Integration:
        """Return the report with what it lacks taken from the unit's list, if that can be read."""
        if self.unit_id is None or not report.is_short:
            return report
        try:
            listed = (await self.integrations()).data
        except ProviderError:
            return report
        entry = next((entry for entry in listed if entry.id == report.id), None)
        return report if entry is None else report.completed_by(entry)

    async def integrations(self, unit_id: str | None = None) -> IntegrationList:
        """Return the integrations of a unit, soft-deleted ones included.

        unit_id: the connection's by default. Raises ProviderError; InvalidInputError("unit") without one,
        UnknownUnitError if Toolzz does not show the connection's, and InvalidInputError("no_such_unit") if it
        does not show another one.
        """
        listed = await self._integrations(IntegrationList, unit_id)
        request = self._request("listDiscordIntegrationsByUnit", self._unit(unit_id))
        revised = tuple(self._revised(report, request) for report in listed.data)
        return listed.model_copy(update={"data": revised})

    async def outline(self, integration_id: str) -> Outline:
        """Return as much of one integration as monitoring needs. Raises ProviderError."""
        request = self._request("getDiscordIntegration", integration_id)
        return (await self._api.send(request, SingleOutline, self._cache)).data

    async def outlines(self) -> OutlineList:
        """Return as much of the unit's integrations as monitoring needs. Raises as ``integrations`` does."""
        return await self._integrations(OutlineList, cache=self._cache)

    async def agents(self, unit_id: str | None = None) -> tuple[Agent, ...]:
        """Return the agents of a unit, also those that are switched off. Raises as ``integrations`` does."""
        return (await self.agent_list(unit_id)).data

    async def agent_list(self, unit_id: str | None = None) -> AgentList:
        """Return what ``agents`` returns, and whether these are all."""
        request = self._request("listAgentsByUnit", self._unit(unit_id))
        try:
            return await self._api.send(request, AgentList)
        except _MAY_MEAN_THE_UNIT:
            await self.integrations(unit_id)
            raise  # Toolzz shows the unit, so it refuses something else

    async def check_token(self) -> None:
        """Ask for an integration that cannot exist. Raises ProviderError if Toolzz refuses the token.

        Toolzz documents no request that only checks a token. 401 and 403 mean that it refuses the token; 404
        means that it has accepted the token.
        """
        with contextlib.suppress(NotFoundError):
            await self.integration(NO_INTEGRATION)

    async def create(
        self, settings: IntegrationSettings, channels: Sequence[Mapping[str, object]], discord_token: str
    ) -> Integration:
        """Hand a Discord bot token to Toolzz, which then runs that bot for the agent. Raises ProviderError.

        channels: Discord's own channel objects, sent in place of the settings' channels. The request is sent
        only once, because Toolzz does not document what a second one does. The answer has few of the fields.
        """
        request = self._request(
            "createDiscordIntegration",
            json={**_body(settings, channels), "botToken": discord_token},
            secrets=(discord_token,),
        )
        return await self._send(request)

    async def update(self, integration_id: str, settings: IntegrationSettings) -> Integration:
        """Write all settings of an integration. Raises ProviderError.

        A write names no version: it overwrites what somebody else has written since the settings were read.
        So the request is sent only once, and its outcome may be unknown.
        """
        channels = [channel.model_dump(exclude_none=True) for channel in settings.channels]
        request = self._request("updateDiscordIntegration", integration_id, json=_body(settings, channels))
        return await self._send(request)

    async def _send(self, request: Request) -> Integration:
        return self._revised((await self._api.send(request, SingleIntegration)).data, request)

    def _revised(self, report: Integration, request: Request) -> Integration:
        """Add what is known of the host to the times, and mask tokens, which Toolzz may repeat in a text."""
        host = urlsplit(request.base).netloc
        changes: dict[str, object] = {}
        for name, time in report.times.items():
            text = time.text if time.time is not None else self._api.clean(time.text)
            changes[name] = replace(time, text=text, host=host, offset=self._offsets.get(host))
        if report.error_message:
            changes["error_message"] = self._api.clean(report.error_message)
        return report.model_copy(update=changes)

    def _unit(self, unit_id: str | None) -> str:
        unit = unit_id or self.unit_id
        if unit is None:
            raise InvalidInputError("unit")
        return unit

    async def _integrations(
        self, answer: type[ListT], unit_id: str | None = None, cache: ResponseCache | None = None
    ) -> ListT:
        """Return the list of a unit's integrations. Raises as ``integrations`` does."""
        unit = self._unit(unit_id)
        try:
            return await self._api.send(self._request("listDiscordIntegrationsByUnit", unit), answer, cache)
        except _MAY_MEAN_THE_UNIT as refused:
            if refused.status is not None and refused.status < HTTPStatus.BAD_REQUEST:
                raise
            await self.check_token()
            # The token is accepted, so the unit is what Toolzz refuses.
            if unit != self.unit_id:
                raise InvalidInputError("no_such_unit", unit=unit) from None
            raise UnknownUnitError(
                refused.provider,
                status=refused.status,
                request_id=refused.request_id,
                detail=refused.detail,
            ) from None

    def _request(
        self,
        name: str,
        of_id: str = "",
        *,
        json: Mapping[str, Any] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> Request:
        operation = OPERATIONS[name]
        token = self._credentials["access_token"]
        return Request(
            method=operation.method,
            base=self._urls[operation.setting],
            segments=tuple(
                of_id if segment.startswith("{") else segment
                for segment in operation.path.removeprefix("/").split("/")
            ),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            json=json,
            secrets=(token, *secrets),
        )


def _body(settings: IntegrationSettings, channels: Sequence[Mapping[str, object]]) -> dict[str, Any]:
    """Return what both writes have in common; both lists of channels are made from one, so they agree."""
    return {
        "botId": settings.agent_id,
        "unitId": settings.unit_id,
        "title": settings.title,
        "guildId": settings.guild_id,
        "guildName": settings.guild_name,
        "channelIds": [channel["id"] for channel in channels],
        "channelsDetail": [dict(channel) for channel in channels],
        "permissions": str(settings.permissions),
        "autoReplyOnMention": settings.reply_on_mention,
        "threadAutoCreate": settings.create_threads,
        "scope": settings.scope,
    }
