"""Reads integrations through Patchbay's client for Toolzz, as often as it is told to. See ``bare_reads``."""

from __future__ import annotations

import asyncio
import json
import sys

import httpx

from benchmarks.bare_reads import take_turns
from bot.providers.base.api_client import open_http
from bot.providers.base.credentials import Credentials
from bot.providers.base.current_guild import working_for
from bot.providers.base.redaction import Redactor
from bot.providers.toolzz import ToolzzProvider

GUILD = 1_100_000_000_000_000_000


async def main() -> None:
    """Read until standard input ends. Each answer is parsed as for a command: none is kept."""
    work = json.loads(sys.stdin.readline())
    redactor = Redactor()
    redactor.remember(work["credentials"].values(), GUILD)
    async with open_http(httpx.create_ssl_context()) as http:
        provider = ToolzzProvider(http, work["settings"], {}, redactor)
        client = provider.client(Credentials(work["credentials"]))
        with working_for(GUILD):
            await take_turns(work["ids"], work["at_once"], client.integration)


if __name__ == "__main__":
    asyncio.run(main())
