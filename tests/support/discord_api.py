"""The one place at Discord that is asked whose a bot token is, with the faults of every simulator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final

from aiohttp import web

from bot.providers.base.simulator import Answer, Fault, Reset, Sample, Simulator, Slow, Truncated
from bot.providers.base.snowflake import account_id

READS_MESSAGES: Final = 1 << 18
READS_MESSAGES_LIMITED: Final = 1 << 19
"""The flag of the same switch, of a bot in few servers."""
TROUBLE: Final[Mapping[str, Fault]] = {
    "refused": Answer(401, {"message": "401: Unauthorized", "code": 0}),
    "rate limited": Answer(429, {"message": "You are being rate limited.", "retry_after": 3}),
    "broken": Answer(500, {"message": "500: Internal Server Error", "code": 0}),
    "a page": Answer.html(200),
    "a page that refuses": Answer.html(401),
    "another shape": Answer(200, {"id": None}),
    "reset": Reset(),
    "cut off": Truncated(),
    "slow": Slow(30),
}
"""What can become of the question."""


class SimulatedDiscordApi(Simulator):
    """Answers ``GET /applications/@me``; all else that the bot says to Discord goes to simcord."""

    slug = "discord"
    credentials: ClassVar = {}
    refused_credentials: ClassVar = {}

    def __init__(self) -> None:
        """Know no token."""
        super().__init__()
        self.applications: dict[str, dict[str, Any]] = {}
        """Token -> what Discord says of its application."""

    def introduce(self, token: str, name: str, **differences: object) -> dict[str, Any]:
        """Let a token be that of a public bot that reads messages; return what Discord says of it.

        Application and bot have the id that the token's first part names, as with Discord's own.
        """
        number = str(account_id(token))
        self.applications[token] = application = {
            "id": number,
            "name": name,
            "icon": None,
            "description": "Made for the tests",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": READS_MESSAGES_LIMITED,
            "bot": {"id": number, "username": name.lower().replace(" ", "-"), "bot": True},
            **differences,
        }
        return application

    def environment(self) -> dict[str, str]:
        """Return the setting that sends the question here."""
        return {"PATCHBAY_DISCORD_API_URL": f"{self.url}/api/v10"}

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the one operation."""
        return (web.get("/api/v10/applications/@me", self._tell),)

    def samples(self) -> Iterable[Sample]:
        """Return nothing: Discord's contract is not held here."""
        return ()

    async def _tell(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        application = self.applications.get(token)
        if scheme != "Bot" or application is None:
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        return web.json_response(application)
