"""A simulated Discord on loopback: REST API and gateway, on top of simcord's data."""

# ruff: noqa: SLF001 - simcord's own routes need what its handles keep private

import base64
import io
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

import discord
from aiohttp import BodyPartReader, web
from simcord import InteractionResult, ResponseMessage
from simcord.backend import serializers
from simcord.backend.errors import BackendError
from simcord.backend.models import User
from simcord.enums import CallbackType
from simcord.http import router

import bot.demo.permission_route  # noqa: F401 - adds the route
from bot.demo.env import RemoteEnv
from bot.demo.gateway import GatewayConnection

LOG: Final = logging.getLogger(__name__)
TOKEN: Final = "FAKE-TOKEN-OF-PATCHBAY.not-a-real.value-0000000000000000000000000"  # noqa: S105
MESSAGE_CONTENT_LIMITED: Final = 1 << 19
"""The application flag of a bot in few servers whose owner switched the intent on."""
UPLOAD_LIMIT: Final = 32 << 20
"""Bytes; above what Discord accepts."""
CLOSED_WITHIN: Final = 1.0
"""Seconds that the other side has to close its socket after we have closed ours."""


@dataclass
class Upload:
    """A file as simcord reads it: a name and bytes."""

    filename: str
    fp: io.BytesIO
    description: str | None = None


@dataclass
class Call:
    """A REST request."""

    method: str
    path: str
    query: Mapping[str, str | int]
    reason: str | None
    body: Any = None
    files: list[Upload] = field(default_factory=list)

    @property
    def authorized_by_path(self) -> bool:
        """Whether the path holds its own token, as in every answer to an interaction."""
        return self.path.startswith(("/interactions/", "/webhooks/"))

    @property
    def channel_id(self) -> int | None:
        """The channel in the path, None if there is none."""
        parts = self.path.split("/")
        return int(parts[2]) if parts[1] == "channels" and parts[2].isdecimal() else None

    @property
    def seen_by_members(self) -> bool:
        return self.method != "GET" and not (
            self.path.endswith("/callback")
            and self.body["type"] == CallbackType.APPLICATION_COMMAND_AUTOCOMPLETE_RESULT
        )


class SimulatedDiscord:
    """A Discord for one bot in another process.

    locale: the language of every member's client and of the guild; ``locales`` (user id -> language)
    overrides it for single members.
    """

    def __init__(self, env: RemoteEnv, *, locale: str) -> None:
        self.env = env
        self.locale = locale
        self.locales: dict[int, str] = {}
        self.token = TOKEN
        self._others: dict[str, tuple[User, int]] = {}
        self._commands: dict[str, list[dict[str, Any]]] = {}
        """What the bot has registered, by the path of the request."""
        self._port = 0
        self._connections: set[GatewayConnection] = set()
        self._follow_ups: Counter[str] = Counter()

    @classmethod
    @asynccontextmanager
    async def serve(cls, *, port: int = 0, locale: str = "en-US") -> AsyncIterator[Self]:
        """Serve an empty Discord until the block ends. port: 0 for a free one."""
        env = RemoteEnv()
        await env.start()
        server = cls(env, locale=locale)
        runner = server._runner()
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            server._port = runner.addresses[0][1]
            yield server
        finally:
            for connection in tuple(server._connections):
                await connection.close()
            await runner.cleanup()
            await env.shutdown()

    def _runner(self) -> web.AppRunner:
        app = web.Application(client_max_size=UPLOAD_LIMIT)
        app.router.add_get("/gateway{slash:/?}", self._open_gateway)
        app.router.add_route("*", "/api/v10/{path:.*}", self._answer_call)
        return web.AppRunner(app, access_log=None, shutdown_timeout=CLOSED_WITHIN)

    def environment(self) -> dict[str, str]:
        """Return the settings that point the bot here."""
        return {
            "PATCHBAY_DISCORD_TOKEN": self.token,
            "PATCHBAY_DISCORD_API_URL": f"http://127.0.0.1:{self._port}/api/v10",
            "PATCHBAY_DISCORD_GATEWAY_URL": f"ws://127.0.0.1:{self._port}/gateway",
        }

    def add_application(self, token: str, name: str, *, reads_messages: bool = True) -> int:
        """Create another bot with this token, which is a member of no server. Return its id.

        As with Discord's tokens, the first part is the application's id in base64. reads_messages: whether
        its Message Content intent is on.
        """
        user_id = int(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
        self.env.backend.reserve_id(user_id)
        user = self.env.backend.users[user_id] = User(id=user_id, name=name, bot=True)
        self._others[token] = (user, MESSAGE_CONTENT_LIMITED if reads_messages else 0)
        return user_id

    def speak(self, locale: str) -> None:
        """Give every member's client another language; what the bot has registered follows."""
        self.locale = locale
        for path in self._commands:
            self._register(path)

    def other_bot(self, application_id: int) -> User:
        """Return the user of an application that was added. Raises LookupError if there is none."""
        for user, _ in self._others.values():
            if user.id == application_id:
                return user
        raise LookupError(application_id)

    def join(self, application_id: int, guild_id: int, permissions: discord.Permissions) -> User:
        """Let another bot join a guild with a role of its own, as its invite link does.

        Raises LookupError if there is no such bot. One that is a member stays as it is.
        """
        user, backend = self.other_bot(application_id), self.env.backend
        if user.id not in backend.guilds[guild_id].members:
            role = backend.create_role(guild_id, name=user.name, permissions=permissions.value)
            backend.add_member(guild_id, user.id, roles=[role.id], announce=True)
        return user

    # --- waiting: `within` is in seconds, after which TimeoutError is raised ------------------------------

    async def until(self, condition: Callable[[], object], within: float = 5) -> None:
        """Return when the condition holds; it is checked whenever the bot has done something."""
        await self.env.until(condition, within)

    @property
    def is_connected(self) -> bool:
        """Whether a bot is connected, ready or not."""
        return bool(self._connections)

    async def bot_ready(self, within: float = 30) -> None:
        """Return when a bot is connected and knows its guilds."""
        await self.until(lambda: any(connection.ready for connection in self._connections), within)

    async def commands_synced(self, within: float = 30) -> None:
        """Return when commands are registered, perhaps by an earlier run of the bot."""
        await self.until(lambda: any(self.env.backend.commands.values()), within)

    async def answer(self, result: InteractionResult, within: float = 10) -> ResponseMessage:
        """Return the final message of an interaction, which may have been deferred.

        Raises LookupError if the bot answered with something else, a modal for instance.
        """
        token = result._interaction.token
        await self.until(
            lambda: result.acknowledged and (not result.deferred or self._follow_ups[token]), within
        )
        messages = [message for message in (result.response, *result.followups) if message is not None]
        if not messages:
            raise LookupError(f"no message: {result!r}")
        return messages[-1]

    # --- gateway ------------------------------------------------------------------------------------------

    async def _open_gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False, timeout=CLOSED_WITHIN)
        await socket.prepare(request)
        connection = GatewayConnection(
            socket,
            self.env,
            token=self.token,
            url=self.environment()["PATCHBAY_DISCORD_GATEWAY_URL"],
            compressed=request.query.get("compress") == "zlib-stream",
            present=self._in_language,
        )
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self.env.tell()
        return socket

    def _in_language(self, event: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        if event != "INTERACTION_CREATE":
            return payload
        user = payload.get("user") or payload["member"]["user"]
        locale = self.locales.get(int(user["id"]), self.locale)
        return {**payload, "locale": locale, "guild_locale": self.locale}

    # --- REST ---------------------------------------------------------------------------------------------

    async def _answer_call(self, request: web.Request) -> web.Response:
        call = await _read(request)
        token = request.headers.get("Authorization", "").removeprefix("Bot ")
        if not (call.authorized_by_path or token == self.token or token in self._others):
            return _json({"code": 0, "message": "401: Unauthorized"}, 401)
        answer: Any
        try:
            if token in self._others:
                answer = self._about(*self._others[token], call.path)
            else:
                answer = self._dispatch(call)
        except BackendError as error:
            return _json(error.to_json(), error.status)
        except Exception:
            # 501 is the status that discord.py neither retries nor takes for something else.
            LOG.exception("the simulated Discord failed", extra={"path": call.path})
            return _json({"code": 0, "message": "the simulation failed"}, 501)
        return web.Response(status=204) if answer is None else _json(answer)

    def _dispatch(self, call: Call) -> Any:  # noqa: ANN401 - any route's JSON
        answer: Any
        match call.path:
            case "/gateway/bot":
                answer = {
                    "url": self.environment()["PATCHBAY_DISCORD_GATEWAY_URL"],
                    "shards": 1,
                    "session_start_limit": {
                        "total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1,
                    },
                }  # fmt: skip
            case "/applications/@me" | "/oauth2/applications/@me" if call.method == "GET":
                answer = {
                    **router.dispatch(self.env.backend, "GET", "/oauth2/applications/@me"),
                    "approximate_guild_count": len(self.env.backend.guilds),
                    "approximate_user_install_count": 0,
                }
            case path if path.endswith("/commands") and call.method == "PUT":
                self._commands[path] = call.body
                answer = self._register(path)
            case _:
                answer = router.dispatch(
                    self.env.backend,
                    call.method,
                    call.path,
                    json=call.body,
                    params=dict(call.query),
                    files=list(call.files),
                    reason=call.reason,
                )
        if call.path.startswith("/webhooks/") and call.method in {"POST", "PATCH"}:
            self._follow_ups[call.path.split("/")[3]] += 1
        self.env.tell(changed=call.seen_by_members, channel_id=call.channel_id)
        return answer

    def _register(self, path: str) -> Any:  # noqa: ANN401 - the route's JSON
        localised = [_localised(command, self.locale) for command in self._commands[path]]
        return router.dispatch(self.env.backend, "PUT", path, json=localised)

    @staticmethod
    def _about(other: User, flags: int, path: str) -> Mapping[str, Any]:
        """Answer a request with another bot's token, which may only ask whose token it is."""
        user = dict(serializers.user_payload(other))
        match path:
            case "/users/@me":
                return user
            case "/applications/@me" | "/oauth2/applications/@me":
                return {
                    "id": user["id"], "name": user["username"], "icon": None, "description": "",
                    "bot_public": True, "bot_require_code_grant": False, "verify_key": "0" * 64,
                    "flags": flags, "team": None, "owner": user, "bot": user,
                }  # fmt: skip
            case _:
                raise BackendError(403, 50001, "Missing Access")


async def _read(request: web.Request) -> Call:
    call = Call(
        method=request.method,
        path=f"/{request.match_info['path']}",
        query={name: int(value) if value.isdecimal() else value for name, value in request.query.items()},
        reason=request.headers.get("X-Audit-Log-Reason"),
    )
    if request.content_type == "application/json":
        call.body = json.loads(await request.read() or b"null")
    elif request.content_type.startswith("multipart/"):
        fields: list[dict[str, Any]] = []
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise web.HTTPBadRequest(text="multipart inside multipart")
            data = bytes(await part.read())
            if part.filename:
                call.files.append(Upload(part.filename, io.BytesIO(data)))
            else:
                fields.append({"name": part.name, "value": data.decode()})
        call.body, call.files = router.parse_form(fields, call.files)
    return call


def _localised(node: Mapping[str, Any], locale: str) -> dict[str, Any]:
    """Return a command or option in one language, as a member's client shows it; simcord's page knows one."""
    own = (node.get("description_localizations") or {}).get(locale, node.get("description", ""))
    localised = {**node, "description": own}
    if choices := node.get("choices"):
        localised["choices"] = [
            {**choice, "name": (choice.get("name_localizations") or {}).get(locale, choice["name"])}
            for choice in choices
        ]
    if options := node.get("options"):
        localised["options"] = [_localised(option, locale) for option in options]
    return localised


def _json(body: Any, status: int = 200) -> web.Response:  # noqa: ANN401 - any JSON
    # discord.py reads JSON only where the content type is exactly this, without a charset.
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers={"Content-Type": "application/json"}
    )
