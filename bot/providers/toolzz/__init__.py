"""Toolzz AI: runs agents inside units and ties each to one Discord server."""

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Final
from urllib.parse import urlsplit

from bot.errors import NotFoundError, ProviderError, RateLimitedError, UnauthorizedError
from bot.providers.base.credentials import CredentialField, Credentials
from bot.providers.base.endpoint import Endpoint
from bot.providers.base.error_format import ErrorFormat
from bot.providers.base.gateway_errors import known_code
from bot.providers.base.integration import Choice, State, is_id
from bot.providers.base.provider import Provider
from bot.providers.base.report import (
    GONE,
    MAX_LENGTH,
    MAX_SINGLE_READS,
    Report,
    Reports,
    Wanted,
    in_turn,
)
from bot.providers.base.response_cache import ResponseCache
from bot.providers.base.snowflake import is_one_id, read_snowflake
from bot.providers.toolzz.client import CHAT, NO_INTEGRATION, UNIT, ToolzzClient
from bot.providers.toolzz.models import Outline

_MAX_PARALLEL: Final = 4
"""How many integrations are read by themselves at the same time."""
_LAST: Final = "last_single_read"
_ASKED: Final = "bot_asked:"
"""What is kept between checks: the last id that was read by itself, and each id whose bot was asked for."""

AGENTS: Final = "agents"
"""The kind of list that members pick agents from; the main list has the integrations."""


class ToolzzProvider(Provider):
    """https://docs.toolzz.dev; the contract that Patchbay holds it to is ``contract.yaml``."""

    slug = "toolzz"
    name = "Toolzz"
    fields = (
        CredentialField(
            "access_token",
            max_length=4000,
            # Under "Authorization" it says in which menu of the platform the token is.
            page="https://docs.toolzz.dev/ai-reference/fun%C3%A7%C3%B5es/integra%C3%A7%C3%A3o/discord-bot/get/",
        ),
        CredentialField(
            "unit_id", required=False, secret=False, max_length=64, pattern=re.compile(r"[A-Za-z0-9_-]+")
        ),
    )
    endpoints = (
        Endpoint(
            CHAT,
            "https://chat.api.toolzz.com.br/api/v1",
            "where Toolzz is reached",
            f"/discord/integration/{NO_INTEGRATION}",
        ),
        # The page of the by-unit list prints another host than the rest of the same resource.
        Endpoint(
            UNIT,
            "https://converflow.api.prod.toolzz.media/api/v1",
            "where Toolzz lists a unit's integrations; another host than the rest",
            f"/discord/integration/unit/{NO_INTEGRATION}",
        ),
    )
    unit_field = "unit_id"
    # Toolzz documents no errors. These are the fields of the framework that it seems to use.
    error_format = ErrorFormat(frozenset({"statusCode", "message", "error"}))
    audit_actions = ("link", "unlink", "connect", "edit")

    def client(self, credentials: Credentials, cache: ResponseCache | None = None) -> ToolzzClient:
        """Return a client that acts with these credentials. cache: of the same credentials."""
        return ToolzzClient(self._api, self._urls, self.clock_offsets, credentials, cache)

    async def verify(self, credentials: Credentials) -> None:
        """List the unit, or try the token alone. UnknownUnitError says that only the unit is wrong."""
        self._api.under_way.begin_anew()
        client = self.client(credentials)
        if client.unit_id is not None:
            await client.integrations()
        else:
            await client.check_token()

    async def choices(self, credentials: Credentials) -> Sequence[Choice]:
        """List the unit's integrations except deleted ones."""
        integrations = (await self.client(credentials).integrations()).data
        return [
            Choice(
                item.id,
                item.title or item.guild_name or item.id,
                item.state,
                (item.guild_id or "").strip() or None,
            )
            for item in integrations
            if not item.is_deleted
        ]

    def host(self, credentials: Credentials) -> str:
        """Return the host of the list, or that of the single reads where no unit is known."""
        return urlsplit(self._urls[UNIT if "unit_id" in credentials else CHAT]).netloc

    async def reports(self, credentials: Credentials, wanted: Wanted, cache: ResponseCache) -> Reports:
        """List the unit's integrations, and read those by themselves that the list lacks.

        The list does not say which bot an integration speaks as; a single read does, so one is made of each
        integration of which that is not known, once. Where no unit is known, each wanted one is read.
        """
        client = self.client(credentials, cache)
        if client.unit_id is None:
            if not wanted.ids:
                await client.check_token()  # or an answer would be noted that nobody gave
            return _merged({}, await self._each(client, wanted.ids))
        reports = filter(None, cache.made_of((await client.outlines()).data, self._listed))
        listed = {each.id: each for each, is_deleted in reports if not is_deleted or each.id in wanted.ids}
        here = str(wanted.guild_id)
        placed = (each.id for each in listed.values() if each.guild_id == here and each.bot_id is None)
        new = set(placed) - set(wanted.ids)
        nameless = {each for each in {*wanted.without_bot, *new} if f"{_ASKED}{each}" not in cache.notes}
        unlisted = set(wanted.ids) - listed.keys()
        turn = in_turn(unlisted | (nameless & listed.keys()), cache.notes.get(_LAST, ""), MAX_SINGLE_READS)
        if not turn:
            return _merged(listed, {})
        # Without the cache: most of these are read only once, and would be kept for good.
        read = await self._each(self.client(credentials), turn, may_all_fail=True)
        for each in takewhile(read.__contains__, turn):
            cache.notes[_LAST] = each  # the next turn begins with the first that a pause has left out
        cache.notes.update((f"{_ASKED}{each}", "") for each, found in read.items() if _is_answer(found))
        return _merged(listed, read)

    async def _each(
        self, client: ToolzzClient, ids: Collection[str], *, may_all_fail: bool = False
    ) -> dict[str, Report | NotFoundError]:
        """Read each of these, until Toolzz wants no more requests for a while.

        Unless all of them may fail, the first error is raised where all do, and any 401 at once.
        """
        # A few at a time: a request waits for a free connection within its deadline, and commands need one
        # too.
        places, limited = asyncio.Semaphore(_MAX_PARALLEL), list[RateLimitedError]()
        try:
            async with asyncio.TaskGroup() as group:
                reading = [
                    group.create_task(_read(client, each, places, limited, raises=not may_all_fail))
                    for each in ids
                ]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        answers = {each: read.result() for each, read in zip(ids, reading, strict=True)}
        failures = [answer for answer in answers.values() if isinstance(answer, ProviderError)]
        failures = [each for each in failures if not isinstance(each, NotFoundError)]
        if failures and len(failures) == len(answers) and not may_all_fail:
            raise failures[0]
        found: dict[str, Report | NotFoundError] = {}
        for each, answer in answers.items():
            if isinstance(answer, NotFoundError):
                found[each] = answer
            elif may_all_fail and isinstance(answer, RateLimitedError):
                continue  # it has its turn later
            elif isinstance(answer, ProviderError):
                found[each] = Report(each, "", State.UNKNOWN, answer.key)
            else:
                # Toolzz may write the id in another way than it was asked for.
                found[each] = replace(self._report(answer), id=each)
        return found

    def _listed(self, found: Outline) -> tuple[Report, bool] | None:
        """Return the report of a list's entry, and whether the integration is deleted; None without an id."""
        return (self._report(found), found.is_deleted) if is_id(found.id) else None

    def _report(self, found: Outline) -> Report:
        application = read_snowflake(found.bot_client_id)
        return Report(
            found.id,
            found.title or found.guild_name or found.id,
            found.state,
            GONE if found.is_deleted else self._detail(found),
            (found.guild_id or "").strip() or None,
            application if application is not None and is_one_id(application) else None,
            found.ids_of_channels,
            bool(found.create_threads),
        )

    def _detail(self, found: Outline) -> str:
        """Return the error's code; the known code before one that does not show it by itself.

        An error of before is no reason for the present state.
        """
        if found.state in {State.CONNECTED, State.INACTIVE}:
            return ""
        code, known = self._api.clean(found.error_code or ""), found.known_code
        return (
            code if known in {None, known_code(code[:MAX_LENGTH])} else f"{known}: {code}".removesuffix(": ")
        )

    async def other_choices(self, kind: str, credentials: Credentials) -> Sequence[Choice]:
        """List the unit's agents; those that are switched off are inactive."""
        if kind != AGENTS:
            return await super().other_choices(kind, credentials)
        return [agent.choice for agent in await self.client(credentials).agents()]


async def _read(
    client: ToolzzClient,
    integration_id: str,
    places: asyncio.Semaphore,
    limited: list[RateLimitedError],
    *,
    raises: bool,
) -> Outline | ProviderError:
    """Return one integration, or the error if it cannot be read.

    limited: gets the error with which Toolzz asks for a pause; what has not been read by then is not read.
    raises: whether UnauthorizedError is raised, as all other requests would be refused as well.
    """
    async with places:
        if limited:
            return limited[0]
        try:
            return await client.outline(integration_id)
        except RateLimitedError as error:
            limited.append(error)
            return error
        except UnauthorizedError as error:
            if raises:
                raise
            return error
        except ProviderError as error:
            return error


def _is_answer(found: Report | NotFoundError) -> bool:
    """Tell whether Toolzz said how an integration is, or that it does not exist."""
    return isinstance(found, NotFoundError) or bool(found.label)


def _merged(listed: Mapping[str, Report], read: Mapping[str, Report | NotFoundError]) -> Reports:
    """Put what the list shows and what single reads show together; of an entry of both, the list counts."""
    items = dict(listed)
    for each, found in read.items():
        if isinstance(found, Report):
            known = items.get(each)
            items[each] = found if known is None else replace(known, bot_id=found.bot_id or known.bot_id)
    missing = (each for each, found in read.items() if isinstance(found, NotFoundError))
    return Reports(tuple(items.values()), frozenset(missing) - items.keys())


PROVIDER = ToolzzProvider
