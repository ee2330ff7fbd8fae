"""A fault that strikes the requests of one account alone."""

from dataclasses import dataclass

from aiohttp import web

from bot.providers.base.simulator import Fault


@dataclass(frozen=True)
class OnlyFor(Fault):
    """Let another fault strike the requests that have this value in one of their headers."""

    value: str
    fault: Fault

    async def strike(self, request: web.Request) -> web.StreamResponse | None:
        """Return what the other fault makes of the request, or None for anybody else's."""
        if self.value not in request.headers.values():
            return None
        return await self.fault.strike(request)
