"""Sensay on loopback: an organization with its replicas, and the refusals that the contract describes."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.kit.simulator import Sample, Simulator

APPLICATION_ID: Final = "1209876543210987654"
NEWEST_VERSION: Final = "2025-05-01"

_ACCEPTED = "FAKE-TOKEN-sensay-organization-0001"
_REFUSED = "FAKE-TOKEN-sensay-organization-revoked"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TOKEN_LENGTH = range(50, 81)  # characters


def _on_discord(token: str, *, active: bool | None) -> dict[str, Any]:
    return {"discord_integration": {"token": token, "service_name": "simulated-runner", "is_active": active}}


def _replica(uuid: str, name: str, owner: str, tagline: str, **differences: object) -> dict[str, Any]:
    """Return an item of the list: private and not on Discord, but for what is different about this one."""
    return {
        "uuid": uuid,
        "name": name,
        "slug": name.lower().replace(" ", "-"),
        "shortDescription": tagline,
        "greeting": "Hello, what can I do for you?",
        "ownerID": owner,
        "type": "brand",
        "private": True,
        "tags": ["Business"],
        "llm": {"model": "simulated-model"},
        "profile_image": None,
        "short_description": tagline,
        "introduction": None,
        "created_at": "2026-09-14T08:02:11.120000+00:00",
        "owner_uuid": None,
        "voice_enabled": False,
        "video_enabled": False,
        "chat_history_count": 128,
        "system_message": "",
        "discord_integration": None,
        "telegram_integration": None,
        **differences,
    }


class _RefusedError(Exception):
    """An error answer: status, text and what the answer's form has besides."""

    def __init__(self, status: int, error: str, **more: object) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.more = more


class SensaySimulator(Simulator):
    """The state is open to tests: `replicas` (uuid -> list item), `users` (id -> user) and `creations`."""

    slug = "sensay"
    OWNER: ClassVar = "northwind-care"
    """The user who owns four of the six replicas."""
    OWNER_DISCORD_ID: ClassVar = "298765432109870001"
    ACTIVE: ClassVar = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e401"
    """On Discord, and so says is_active; it belongs to the organization's other user."""
    PORTUGUESE: ClassVar = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e405"
    """On Discord as well, with text in Portuguese."""
    INACTIVE: ClassVar = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e402"
    UNDECIDED: ClassVar = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e403"
    """Its is_active is null."""
    UNCONNECTED: ClassVar = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e404"
    BROKEN: ClassVar = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e406"
    """Connecting it always gives 500 with a stack trace."""
    STRANGER: ClassVar = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e4a1"
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
        """Begin with six replicas of two users, three public ones of a stranger, and no creations."""
        super().__init__()
        second, stranger = "northwind-port", "open-gallery"
        # The real list shows tokens in clear as well.
        on, on_too, off, unsure, theirs = (
            _on_discord(f"FAKE-TOKEN-simulated-{number}.not-a-real.value-{'0' * 24}", active=active)
            for number, active in enumerate((True, True, False, None, True), 1)
        )
        replicas = (
            _replica(self.UNDECIDED, "Billing Questions", self.OWNER, "Explains an invoice", **unsure),
            _replica(self.INACTIVE, "Customer Care", self.OWNER, "Returns and complaints", **off),
            _replica(self.UNCONNECTED, "Job Applications", self.OWNER, "Open positions", private=False),
            _replica(self.PORTUGUESE, "Atendimento ao Cliente", self.OWNER, "Trocas e devoluções", **on),
            _replica(self.ACTIVE, "Harbour Desk", second, "Berths and tides", **on_too),
            _replica(self.BROKEN, "Night Watch", second, "After hours"),
            _replica(self.STRANGER, "Poem of the Day", stranger, "One a day", private=False, **theirs),
            _replica(f"{self.STRANGER[:-1]}2", "Chess Coach", stranger, "Openings", private=False),
            _replica(f"{self.STRANGER[:-1]}3", "Tea Sommelier", stranger, "Which leaf?", private=False),
        )
        self.replicas = {replica["uuid"]: replica for replica in replicas}
        self.users: dict[str, dict[str, Any]] = {
            self.OWNER: {
                "id": self.OWNER,
                "name": "Northwind Care",
                "linkedAccounts": [{"accountID": self.OWNER_DISCORD_ID, "accountType": "discord"}],
            },
            second: {"id": second, "name": "Northwind Port", "linkedAccounts": []},
        }
        self.creations: list[tuple[str, str]] = []
        """Replica uuid and token of each integration created, in order, repeats included."""
        self._errors = 0

    def environment(self) -> dict[str, str]:
        """Return the setting of the base URL, which has no path."""
        return {"PATCHBAY_SENSAY_URL": self.url}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the three operations of the contract."""
        return (
            web.post("/v1/replicas/{uuid}/integrations/discord", self._guarded(self._create)),
            web.get("/v1/replicas", self._guarded(self._list)),
            web.get("/v1/users/me", self._guarded(self._me)),
        )

    def samples(self) -> Iterable[Sample]:
        """Return requests that bring out every documented reply."""
        plain = {"Content-Type": "application/json", "X-API-Version": "2025-03-25"}
        signed = plain | {"X-ORGANIZATION-SECRET": self.credentials["organization_secret"]}
        refused = plain | {"X-ORGANIZATION-SECRET": self.refused_credentials["organization_secret"]}
        user = signed | {"X-USER-ID": self.OWNER}
        linked = signed | {"X-USER-ID": self.OWNER_DISCORD_ID, "X-USER-ID-TYPE": "discord"}
        untyped = {name: value for name, value in user.items() if name != "Content-Type"}
        target, me = "/v1/replicas", "/v1/users/me"
        yield from (
            Sample("GET", target, signed),
            Sample("GET", f"{target}?ownerID={self.OWNER}&page_index=2&page_size=3", user),
            Sample("GET", f"{target}?integration=discord&search=desk", linked),
            Sample("GET", f"{target}?page_index=0", signed),
            Sample("GET", f"{target}?integration=fax", signed),
            Sample("GET", f"{target}?ownerID=nobody", signed),
            Sample("GET", f"{target}?search=%00", signed),
            Sample("GET", target, refused),
            Sample("GET", target, signed | {"X-USER-ID": "nobody"}),
            Sample("GET", target, untyped),
            Sample("GET", me, user),
            Sample("GET", me, linked),
            Sample("GET", me, signed),
            Sample("GET", me, untyped),
        )
        good = {"discordToken": self.discord_token}
        for uuid, headers, body in (
            (self.UNCONNECTED, signed, good),
            (self.UNKNOWN, signed, good),
            (self.STRANGER, user, good),
            ("not-a-uuid", signed, good),
            (self.UNCONNECTED, signed, {"discordToken": "FAKE-TOKEN-short"}),
            (self.UNCONNECTED, signed, good | {"mention": "@bot"}),
            (self.UNCONNECTED, signed, [good]),
            (self.UNCONNECTED, refused, good),
            (self.UNCONNECTED, untyped, good),
            (self.BROKEN, signed, good),
        ):
            yield Sample("POST", f"{target}/{uuid}/integrations/discord", headers, body)

    def _guarded(self, handler: Handler) -> Handler:
        """Let a request pass whose headers are in order, and give every answer its version and form."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._check(request.headers)
                answer = await handler(request)
            except _RefusedError as refused:
                answer = self._error(refused)
            answer.headers["X-API-Version"] = request.headers.get("X-API-Version", NEWEST_VERSION)
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
            body["fingerprint"] = hashlib.sha256(refused.error.encode()).hexdigest()[:32]
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

    async def _create(self, request: web.Request) -> web.StreamResponse:
        user, uuid = self._user(request.headers), request.match_info["uuid"]
        if not _UUID.fullmatch(uuid):
            raise _RefusedError(400, "replicaUUID is not a UUID")
        replica = self.replicas.get(uuid.lower())
        if replica is None or not self._is_ours(replica, user):
            raise _RefusedError(404, "Replica not found")
        token = self._read_token(await request.read())
        if replica["uuid"] == self.BROKEN:
            trace = {"name": "RunnerError", "message": "refused", "stack": "RunnerError: refused at run.ts:7"}
            raise _RefusedError(500, "Internal error", inner_exception=trace)
        self.creations.append((replica["uuid"], token))
        replica.update(_on_discord(token, active=True))
        return web.json_response({"success": True})

    @staticmethod
    def _read_token(raw: bytes) -> str:
        try:
            body = json.loads(raw)
        except ValueError:
            raise _RefusedError(400, "The body is not JSON") from None
        if not isinstance(body, dict) or body.keys() != {"discordToken"}:
            raise _RefusedError(400, "The body must be an object with discordToken and nothing else")
        token = body["discordToken"]
        if not isinstance(token, str) or len(token) not in _TOKEN_LENGTH:
            raise _RefusedError(400, "discordToken must have 50 to 80 characters")
        return token

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
        if owner is not None and owner not in {replica["ownerID"] for replica in self.replicas.values()}:
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
