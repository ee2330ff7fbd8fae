"""Sensay on loopback: an organization with its replicas, and the refusals that the contract describes."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, cast

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field

from bot.providers.base.simulator import RefusedError, Sample, Simulator, read_body
from bot.providers.sensay import samples
from bot.providers.sensay.simulated_organization import SEED, Organization, answer_of, history_of, sources_of

NEWEST_VERSION: Final = "2025-05-01"
_SINGLE_FORM: Final = ("uuid", "name", "slug", "shortDescription", "greeting", "ownerID", "llm")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Creation(_Body):
    discord_token: str = Field(alias="discordToken", min_length=50, max_length=80)


class _DiscordData(_Body):
    channel_id: str
    channel_name: str
    author_id: str
    author_name: str
    message_id: str
    created_at: str = ""
    server_id: str = ""
    server_name: str = ""


class _Question(_Body):
    content: str = Field(min_length=1, max_length=10_000)
    skip_chat_history: bool = False
    source: Literal["discord", "telegram", "embed", "web", "telegram_autopilot"] = "web"
    discord_data: _DiscordData = cast("Any", None)  # may be left out, but not be null


def _fingerprint(error: str) -> str:
    return hashlib.sha256(error.encode()).hexdigest()[:32]


def _break_if_broken(replica: Mapping[str, Any]) -> None:
    if replica["uuid"] == Organization.BROKEN:
        trace = {"name": "RunnerError", "message": "refused", "stack": "RunnerError: refused at run.ts:7"}
        raise RefusedError(500, "Internal error", inner_exception=trace)


class SensaySimulator(Organization, Simulator):
    """Tests may read and set its state and its behaviour: all attributes without an underscore."""

    slug = "sensay"

    def __init__(self) -> None:
        """Start with the organization's replicas and somebody else's, and with nothing asked or created."""
        super().__init__()
        seed = deepcopy(SEED)
        figures: dict[str, Any] = seed["figures"]
        self.replicas: dict[str, dict[str, Any]] = {
            replica["uuid"]: seed["every_replica"] | replica for replica in seed["replicas"]
        }
        """uuid -> item of the list. The real list shows tokens in clear as well."""
        self.users: dict[str, dict[str, Any]] = {user["id"]: user for user in seed["users"]}
        """id -> user."""
        self.history = {uuid: history_of(index, each) for index, (uuid, each) in enumerate(figures.items())}
        """Replica uuid -> running total of conversations by day, today's last."""
        self.sources = {
            uuid: sources_of(self.history[uuid][-1], each["platforms"]) for uuid, each in figures.items()
        }
        """Replica uuid -> platform -> conversations."""
        self.knowledge = {uuid: each["entries"] for uuid, each in figures.items()}
        """Replica uuid -> number of entries of its knowledge base."""
        self.creations: list[tuple[str, str]] = []
        """Replica uuid and token of each integration created, in order, repeats included."""
        self.questions: list[tuple[str, dict[str, Any]]] = []
        """Replica uuid and body of each well-formed question, in order, unanswered ones included."""
        self.answer: str | None = None
        """What every replica answers; None: each has its own answer."""
        self.quota_used_up = False
        """Whether questions get 429."""
        self.removal: int | None = None
        """The status that a DELETE of an integration gets; None: 404, as there is no such operation."""
        self.served_version: str | None = None
        """The version that every reply claims; None: the one asked for."""
        self._errors = 0

    def discord_integrations(self) -> dict[str, str]:
        """Return the names of the organization's replicas that are on Discord, by uuid."""
        return {
            uuid: replica["name"]
            for uuid, replica in self.replicas.items()
            if replica["ownerID"] in self.users and replica["discord_integration"]
        }

    def break_integration(self, integration_id: str) -> None:
        """Make the replica's bot inactive, the only failure that Sensay shows."""
        self.replicas[integration_id]["discord_integration"]["is_active"] = False

    reset_token = break_integration
    """An admin resets the bot's token at Discord, which has the same effect."""

    def heal_integration(self, integration_id: str) -> None:
        """Make the replica's bot active again."""
        self.replicas[integration_id]["discord_integration"]["is_active"] = True

    def environment(self) -> dict[str, str]:
        """Return the setting of the base URL, which has no path."""
        return {"PATCHBAY_SENSAY_URL": self.url}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the operations of the contract, and the undocumented removal."""
        replica = "/v1/replicas/{uuid}"
        return (
            web.post(f"{replica}/integrations/discord", self._create),
            web.delete(f"{replica}/integrations/discord", self._remove),
            web.post(f"{replica}/chat/completions", self._answer),
            web.get(f"{replica}/analytics/conversations/sources", self._list_sources),
            web.get(f"{replica}/analytics/conversations/historical", self._list_days),
            web.get("/v1/replicas", self._list),
            web.get(replica, self._get),
            web.get("/v1/users/me", self._me),
            web.get("/v1/users/me/usage", self._usage),
        )

    def samples(self) -> Iterable[Sample]:
        """Yield each request while the simulator is in the state for it: send it before the next one."""
        yield from samples.stateless_samples()
        self.quota_used_up = True
        yield samples.question(self.ACTIVE)
        self.quota_used_up = False
        removals = ((None, self.ACTIVE), (405, self.ACTIVE), (202, self.ACTIVE), (200, self.INACTIVE))
        for self.removal, uuid in removals:
            yield samples.removal(uuid)
        self.removal = None

    async def respond(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check the headers before the handler, and give every answer its version and form."""
        try:
            self._check(request.headers)
            answer = await handler(request)
        except RefusedError as refused:
            answer = self._error(refused)
        except web.HTTPException as missing:
            answer = self._error(RefusedError(missing.status, missing.reason))
        asked = request.headers.get("X-API-Version", NEWEST_VERSION)
        answer.headers["X-API-Version"] = self.served_version or asked
        return answer

    def _check(self, headers: Mapping[str, str]) -> None:
        if headers.get("Content-Type", "").partition(";")[0] != "application/json":
            raise RefusedError(415, "Content-Type must be application/json")
        if not self.accepts(headers.get("X-ORGANIZATION-SECRET", "")):
            raise RefusedError(401, "The organization secret is not valid")

    def _error(self, refused: RefusedError) -> web.StreamResponse:
        self._errors += 1
        body = {
            "success": False,
            "error": str(refused),
            "request_id": f"sim1::loop:back::{self._errors:05}-1700000000000-{self._errors:012x}",
            **refused.more,
        }
        if refused.status != web.HTTPNotFound.status_code:
            body["fingerprint"] = _fingerprint(str(refused))
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
        raise RefusedError(401, "The user does not exist")

    def _is_ours(self, replica: Mapping[str, Any], user: Mapping[str, Any] | None) -> bool:
        """Tell whether the caller may change the replica: a user their own, an organization its users'."""
        return replica["ownerID"] == user["id"] if user else replica["ownerID"] in self.users

    def _named(self, request: web.Request, **long_form: str) -> dict[str, Any]:
        """Return the replica of the path, if it is the caller's. long_form: extra fields of a 404."""
        user, uuid = self._user(request.headers), request.match_info["uuid"]
        if not _UUID.fullmatch(uuid):
            raise RefusedError(400, "replicaUUID is not a UUID")
        replica = self.replicas.get(uuid.lower())
        if replica is None or not self._is_ours(replica, user):
            raise RefusedError(404, "Replica not found", **long_form)
        return replica

    async def _get(self, request: web.Request) -> web.StreamResponse:
        replica = self._named(request)
        _break_if_broken(replica)
        return web.json_response({"success": True, **{name: replica[name] for name in _SINGLE_FORM}})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        replica = self._named(request)
        token = (await read_body(request, _Creation))["discordToken"]
        _break_if_broken(replica)
        self.creations.append((replica["uuid"], token))
        replica["discord_integration"] = {
            "token": token,
            "service_name": "simulated-runner",
            "is_active": True,
        }
        return web.json_response({"success": True})

    async def _remove(self, request: web.Request) -> web.StreamResponse:
        status = self.removal or 404
        if status not in {200, 202}:
            raise RefusedError(status, "No such operation")
        replica = self._named(request)
        if replica["discord_integration"] is None:
            raise RefusedError(404, "Integration not found")
        replica["discord_integration"] = None
        later = {} if status == web.HTTPOk.status_code else {"message": "The runner could not be told yet"}
        return web.json_response({"success": True, **later}, status=status)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        replica = self._named(request)
        question = await read_body(request, _Question)
        self.questions.append((replica["uuid"], question))
        _break_if_broken(replica)
        if self.quota_used_up:
            code = "CONVERSATION_QUOTA_EXCEEDED"
            raise RefusedError(429, "No conversations left this month", error_code=code)
        content = self.answer or answer_of(replica, question["content"])
        return web.json_response({"success": True, "content": content})

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
            raise RefusedError(401, "X-USER-ID is required")
        if request.query:
            raise RefusedError(400, "There are no parameters")
        own = [replica for replica in self.replicas.values() if replica["ownerID"] == user["id"]]
        # The contract declares 404 without saying when; we assume that it means there is nothing to count.
        if not own:
            raise RefusedError(404, "No usage found")
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
        """Return this month's growth of the history; its 30 days do not always reach back to the first."""
        totals = (self.history.get(uuid) or [0])[-today.day - 1 :]
        return totals[-1] - totals[0]

    async def _list(self, request: web.Request) -> web.StreamResponse:
        user, query = self._user(request.headers), request.query
        search, owner, integration = query.get("search", ""), query.get("ownerID"), query.get("integration")
        if "\0" in search:
            trace = {"name": "QueryError", "error": "invalid byte", "stack": "QueryError: at list.ts:3"}
            raise RefusedError(500, "Internal error", inner_exception=trace)
        if integration not in {None, "discord", "telegram"}:
            raise RefusedError(400, "integration must be discord or telegram")
        page, size = self._count(query, "page_index", 1), self._count(query, "page_size", 24)
        # The contract declares 404 without saying when; we assume that it means an unknown owner.
        known = {replica["ownerID"] for replica in self.replicas.values()} | self.users.keys()
        if owner is not None and owner not in known:
            raise RefusedError(404, "Owner not found")
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
            raise RefusedError(400, f"{name} must be a whole number from 1")
        return int(value)

    async def _me(self, request: web.Request) -> web.StreamResponse:
        user = self._user(request.headers)
        if user is None:
            raise RefusedError(401, "X-USER-ID is required")
        return web.json_response({"success": True, **user})


SIMULATOR = SensaySimulator
