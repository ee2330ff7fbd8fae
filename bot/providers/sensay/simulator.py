"""Sensay on loopback: an organization with its replicas, and the refusals that the contract describes."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.kit.simulator import Sample, Simulator
from bot.providers.sensay import simulated_organization as organization
from bot.providers.sensay.samples import samples_of

APPLICATION_ID: Final = "1209876543210987654"
NEWEST_VERSION: Final = "2025-05-01"

_ACCEPTED = "FAKE-TOKEN-sensay-organization-0001"
_REFUSED = "FAKE-TOKEN-sensay-organization-revoked"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOKEN_LENGTH = range(50, 81)  # characters
_QUESTION_LENGTH = range(1, 10_001)  # characters
_PLATFORMS = ("discord", "telegram", "embed", "web", "telegram_autopilot")
_ASKED_WITH = {"content", "skip_chat_history", "source", "discord_data"}
_ASKED_WHERE = {"channel_id", "channel_name", "author_id", "author_name", "message_id"}
_ALSO_WHERE = {"created_at", "server_id", "server_name"}


class _RefusedError(Exception):
    """An error answer: status, text and what the answer's form has besides."""

    def __init__(self, status: int, error: str, **more: object) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.more = more


def _fingerprint(error: str) -> str:
    return hashlib.sha256(error.encode()).hexdigest()[:32]


def _read_object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        raise _RefusedError(400, "The body is not JSON") from None
    if not isinstance(body, dict):
        raise _RefusedError(400, "The body is not an object")
    return body


def _break_if_broken(replica: Mapping[str, Any]) -> None:
    if replica["uuid"] == organization.BROKEN:
        trace = {"name": "RunnerError", "message": "refused", "stack": "RunnerError: refused at run.ts:7"}
        raise _RefusedError(500, "Internal error", inner_exception=trace)


class SensaySimulator(Simulator):
    """The state is open to tests, who may also set how it behaves: all attributes without an underscore."""

    slug = "sensay"
    OWNER: ClassVar = organization.OWNER
    """The user who owns four of the six replicas."""
    OTHER_OWNER: ClassVar = organization.OTHER_OWNER
    """The user who owns the other two, the broken one among them."""
    NEWCOMER: ClassVar = organization.NEWCOMER
    """A user who owns nothing."""
    OWNER_DISCORD_ID: ClassVar = organization.OWNER_DISCORD_ID
    ACTIVE: ClassVar = organization.ACTIVE
    """On Discord, and so says is_active; it belongs to the organization's other user."""
    PORTUGUESE: ClassVar = organization.PORTUGUESE
    """On Discord as well, with text in Portuguese."""
    INACTIVE: ClassVar = organization.INACTIVE
    UNDECIDED: ClassVar = organization.UNDECIDED
    """Its is_active is null."""
    UNCONNECTED: ClassVar = organization.UNCONNECTED
    BROKEN: ClassVar = organization.BROKEN
    """Connecting it, asking it and reading its numbers always give 500 with a stack trace."""
    STRANGER: ClassVar = organization.STRANGER
    """Somebody else's public replica."""
    UNKNOWN: ClassVar = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e4ff"
    """The UUID of no replica."""

    credentials: ClassVar = {"organization_secret": _ACCEPTED}
    refused_credentials: ClassVar = {"organization_secret": _REFUSED}
    # Discord reads the application id from a token's first part; no secret scanner takes the second for real.
    discord_token: ClassVar[str] = (
        urlsafe_b64encode(APPLICATION_ID.encode()).decode().rstrip("=")
        + ".FAKE-TOKEN-demo.not-a-real-value-00000000"
    )

    def __init__(self) -> None:
        """Begin with the replicas of two users and a stranger's, and with nothing asked or created."""
        super().__init__()
        self.replicas = organization.replicas()
        """uuid -> item of the list."""
        self.users = organization.users()
        """id -> user."""
        self.history = organization.history()
        """Replica uuid -> running total of conversations by day, today's last."""
        self.sources = organization.sources(self.history)
        """Replica uuid -> platform -> conversations."""
        self.knowledge = organization.knowledge()
        """Replica uuid -> entries of its knowledge base."""
        self.creations: list[tuple[str, str]] = []
        """Replica uuid and token of each integration created, in order, repeats included."""
        self.questions: list[tuple[str, dict[str, Any]]] = []
        """Replica uuid and body of each well-formed question, in order, unanswered ones included."""
        self.answer: str | None = None
        """What every replica answers; None: something of its own."""
        self.quota_used_up = False
        """Whether questions get 429."""
        self.removal: int | None = None
        """The status that a DELETE of an integration gets; None: 404, as there is no such operation."""
        self.served_version: str | None = None
        """The version that every reply claims; None: the one asked for."""
        self._errors = 0

    def reset_token(self, uuid: str) -> None:
        """Do what happens when an admin resets the bot's token at Discord: the replica's bot falls silent."""
        self.replicas[uuid]["discord_integration"]["is_active"] = False

    def discord_integrations(self) -> dict[str, str]:
        """Return the names of the organization's replicas that are on Discord, by uuid."""
        return {
            uuid: replica["name"]
            for uuid, replica in self.replicas.items()
            if replica["ownerID"] in self.users and replica["discord_integration"]
        }

    def break_integration(self, integration_id: str) -> None:
        """Let the replica's bot fall silent in the one way that Sensay shows."""
        self.reset_token(integration_id)

    def heal_integration(self, integration_id: str) -> None:
        """Let the replica's bot talk again."""
        self.replicas[integration_id]["discord_integration"]["is_active"] = True

    def environment(self) -> dict[str, str]:
        """Return the setting of the base URL, which has no path."""
        return {"PATCHBAY_SENSAY_URL": self.url}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the operations of the contract, the guessed one included."""
        replica = "/v1/replicas/{uuid}"
        return (
            web.post(f"{replica}/integrations/discord", self._guarded(self._create)),
            web.delete(f"{replica}/integrations/discord", self._guarded(self._remove)),
            web.post(f"{replica}/chat/completions", self._guarded(self._answer)),
            web.get(f"{replica}/analytics/conversations/sources", self._guarded(self._list_sources)),
            web.get(f"{replica}/analytics/conversations/historical", self._guarded(self._list_days)),
            web.get("/v1/replicas", self._guarded(self._list)),
            web.get("/v1/users/me", self._guarded(self._me)),
            web.get("/v1/users/me/usage", self._guarded(self._usage)),
        )

    def samples(self) -> Iterable[Sample]:
        """Return requests that bring out every documented reply, each in the state that is set for it."""
        return samples_of(self)

    def _guarded(self, handler: Handler) -> Handler:
        """Let a request pass whose headers are in order, and give every answer its version and form."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._check(request.headers)
                answer = await handler(request)
            except _RefusedError as refused:
                answer = self._error(refused)
            asked = request.headers.get("X-API-Version", NEWEST_VERSION)
            answer.headers["X-API-Version"] = self.served_version or asked
            return answer

        return guarded

    def _check(self, headers: Mapping[str, str]) -> None:
        if headers.get("Content-Type", "").partition(";")[0] != "application/json":
            raise _RefusedError(415, "Content-Type must be application/json")
        if headers.get("X-ORGANIZATION-SECRET") != self.credentials["organization_secret"]:
            raise _RefusedError(401, "The organization secret is not valid")

    def _error(self, refused: _RefusedError) -> web.StreamResponse:
        self._errors += 1
        body = {
            "success": False,
            "error": refused.error,
            "request_id": f"sim1::loop:back::{self._errors:05}-1700000000000-{self._errors:012x}",
            **refused.more,
        }
        if refused.status != web.HTTPNotFound.status_code:
            body["fingerprint"] = _fingerprint(refused.error)
        return web.json_response(body, status=refused.status)

    def _user(self, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the acting user, None in organization mode."""
        name, kind = headers.get("X-USER-ID"), headers.get("X-USER-ID-TYPE")
        if name is None:
            return None
        for user in self.users.values():
            account = {"accountID": name, "accountType": kind}
            if account in user["linkedAccounts"] if kind else name == user["id"]:
                return user
        raise _RefusedError(401, "The user does not exist")

    def _is_ours(self, replica: Mapping[str, Any], user: Mapping[str, Any] | None) -> bool:
        """Tell whether the caller may change the replica: a user his own, an organization its users'."""
        return replica["ownerID"] == user["id"] if user else replica["ownerID"] in self.users

    def _named(self, request: web.Request, **long_form: str) -> dict[str, Any]:
        """Return the replica of the path, if it is the caller's. long_form: what a 404 has besides."""
        user, uuid = self._user(request.headers), request.match_info["uuid"]
        if not _UUID.fullmatch(uuid):
            raise _RefusedError(400, "replicaUUID is not a UUID")
        replica = self.replicas.get(uuid.lower())
        if replica is None or not self._is_ours(replica, user):
            raise _RefusedError(404, "Replica not found", **long_form)
        return replica

    async def _create(self, request: web.Request) -> web.StreamResponse:
        replica = self._named(request)
        token = self._read_token(await request.read())
        _break_if_broken(replica)
        self.creations.append((replica["uuid"], token))
        replica.update(organization.on_discord(token, active=True))
        return web.json_response({"success": True})

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        status = self.removal or 404
        if status not in {200, 202}:
            raise _RefusedError(status, "No such operation")
        replica = self._named(request)
        if replica["discord_integration"] is None:
            raise _RefusedError(404, "Integration not found")
        replica["discord_integration"] = None
        later = {} if status == web.HTTPOk.status_code else {"message": "The runner could not be told yet"}
        return web.json_response({"success": True, **later}, status=status)

    @staticmethod
    def _read_token(raw: bytes) -> str:
        body = _read_object(raw)
        if body.keys() != {"discordToken"}:
            raise _RefusedError(400, "The body must have discordToken and nothing else")
        token = body["discordToken"]
        if not isinstance(token, str) or len(token) not in _TOKEN_LENGTH:
            raise _RefusedError(400, "discordToken must have 50 to 80 characters")
        return token

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        replica = self._named(request)
        question = self._read_question(await request.read())
        self.questions.append((replica["uuid"], question))
        _break_if_broken(replica)
        if self.quota_used_up:
            code = "CONVERSATION_QUOTA_EXCEEDED"
            raise _RefusedError(429, "No conversations left this month", error_code=code)
        content = self.answer or organization.answer_of(replica, question["content"])
        return web.json_response({"success": True, "content": content})

    @staticmethod
    def _read_question(raw: bytes) -> dict[str, Any]:
        body = _read_object(raw)
        content, where = body.get("content"), body.get("discord_data", dict.fromkeys(_ASKED_WHERE, ""))
        if not body.keys() <= _ASKED_WITH:
            raise _RefusedError(400, "The body has something that a question has not")
        if not isinstance(content, str) or len(content) not in _QUESTION_LENGTH:
            raise _RefusedError(400, "content must have 1 to 10000 characters")
        if not isinstance(body.get("skip_chat_history", False), bool):
            raise _RefusedError(400, "skip_chat_history must be true or false")
        if body.get("source", "web") not in _PLATFORMS:
            raise _RefusedError(400, "source is not a platform")
        if not isinstance(where, dict) or not _ASKED_WHERE <= where.keys() <= _ASKED_WHERE | _ALSO_WHERE:
            raise _RefusedError(400, "discord_data lacks something, or has too much")
        if not all(isinstance(value, str) for value in where.values()):
            raise _RefusedError(400, "discord_data must have text only")
        return body

    async def _list_sources(self, request: web.Request) -> web.StreamResponse:
        counts = self.sources.get(self._counted(request), {})
        items = [{"source": source, "conversations": count} for source, count in counts.items()]
        return web.json_response({"success": True, "items": items})

    async def _list_days(self, request: web.Request) -> web.StreamResponse:
        totals, today = self.history.get(self._counted(request), []), datetime.now(UTC).date()
        items = [
            {"date": (today - timedelta(days=ago)).isoformat(), "cumulativeConversations": total}
            for ago, total in reversed(list(enumerate(reversed(totals))))
        ]
        return web.json_response({"success": True, "items": items})

    def _counted(self, request: web.Request) -> str:
        replica = self._named(request, fingerprint=_fingerprint("Replica not found"))
        _break_if_broken(replica)
        return str(replica["uuid"])

    async def _usage(self, request: web.Request) -> web.StreamResponse:
        user = self._user(request.headers)
        if user is None:
            raise _RefusedError(401, "X-USER-ID is required")
        if request.query:
            raise _RefusedError(400, "There are no parameters")
        own = [replica for replica in self.replicas.values() if replica["ownerID"] == user["id"]]
        # The contract declares 404 without saying when; that there is nothing to count is our guess.
        if not own:
            raise _RefusedError(404, "No usage found")
        for replica in own:
            _break_if_broken(replica)
        today = datetime.now(UTC).date()
        conversations = {
            replica["uuid"]: self._since_first_of_month(replica["uuid"], today) for replica in own
        }
        knowledge = {replica["uuid"]: self.knowledge.get(replica["uuid"], 0) for replica in own}
        return web.json_response(
            {
                "success": True,
                "conversations": {
                    "currentMonthTotal": sum(conversations.values()),
                    "currentMonthByReplica": conversations,
                },
                "knowledgeBaseEntries": {"total": sum(knowledge.values()), "byReplica": knowledge},
            }
        )

    def _since_first_of_month(self, uuid: str, today: date) -> int:
        """Return what the history has grown by this month; 30 days do not always reach back to its first."""
        totals = (self.history.get(uuid) or [0])[-today.day - 1 :]
        return totals[-1] - totals[0]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        user, query = self._user(request.headers), request.query
        search, owner, integration = query.get("search", ""), query.get("ownerID"), query.get("integration")
        if "\0" in search:
            trace = {"name": "QueryError", "error": "invalid byte", "stack": "QueryError: at list.ts:3"}
            raise _RefusedError(500, "Internal error", inner_exception=trace)
        if integration not in {None, "discord", "telegram"}:
            raise _RefusedError(400, "integration must be discord or telegram")
        page, size = self._count(query, "page_index", 1), self._count(query, "page_size", 24)
        # The contract declares 404 without saying when; an owner nobody has heard of is our guess.
        known = {replica["ownerID"] for replica in self.replicas.values()} | self.users.keys()
        if owner is not None and owner not in known:
            raise _RefusedError(404, "Owner not found")
        found = [
            replica
            for replica in sorted(self.replicas.values(), key=lambda replica: str(replica["name"]))
            if self._is_ours(replica, user) or (user and not replica["private"])
            if owner in {None, replica["ownerID"]}
            if search.lower() in str(replica["name"]).lower()
            if integration is None or replica[f"{integration}_integration"]
        ]
        items = found[(page - 1) * size : page * size]
        return web.json_response({"success": True, "type": "replicas", "items": items, "total": len(found)})

    @staticmethod
    def _count(query: Mapping[str, str], name: str, default: int) -> int:
        value = query.get(name, str(default))
        if not re.fullmatch(r"[1-9][0-9]{0,5}", value):
            raise _RefusedError(400, f"{name} must be a whole number from 1")
        return int(value)

    async def _me(self, request: web.Request) -> web.StreamResponse:
        user = self._user(request.headers)
        if user is None:
            raise _RefusedError(401, "X-USER-ID is required")
        return web.json_response({"success": True, **user})


SIMULATOR = SensaySimulator
