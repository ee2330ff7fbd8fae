"""A report of Toolzz with every field of an integration, and what `/toolzz status` shows of a report."""

from __future__ import annotations

from typing import Any, Final

import simcord

from bot.providers.base.simulator import Answer
from tests.support.harness import BotHarness, embed_of
from tests.support.toolzz_agent import press

INTEGRATION: Final = "9d6c1f4e-83b5-4d7a-8f3e-8c6a1b207b2a"
ELSEWHERE: Final = "1102345678901234567"
NOT_REPORTED: Final = "*not reported*"
FULL: Final[dict[str, Any]] = {
    "id": INTEGRATION,
    "title": "Front desk",
    "connectionStatus": "hibernating",
    "isActive": True,
    "botId": "agent-1",
    "botClientId": "1219876543210987654",
    "botToken": "FAKE-TOKEN-in-clear.not-a-real.value-000000000000000000000000",
    "isTokenMasked": False,
    "unitId": "unit-1",
    "guildId": ELSEWHERE,
    "guildName": "Loja do Porto",
    "channelIds": ["1188765432109876501", "1188765432109876502"],
    "channelsDetail": [{"id": "1188765432109876501", "name": "atendimento"}],
    "scope": "mentions",
    "permissions": "3072",
    "autoReplyOnMention": True,
    "threadAutoCreate": False,
    "welcomeMessage": "Good morning",
    "lastConnectedAt": "2026-11-20 08:15:27.6",
    "lastDisconnectedAt": "2026-11-19T08:15:27Z",
    "lastConnectionErrorCode": "4004",
    "lastConnectionErrorMessage": "The bot token was refused.",
    "createdAt": "2026-08-03 14:21:09.047316",
    "updatedAt": "2026-11-20 08:15:27",
    "deletedAt": "2026-11-21 00:00:00",
}


async def status(
    harness: BotHarness, report: object = None, *, integration: str = INTEGRATION, **options: bool
) -> simcord.InteractionResult:
    """Have the manager run `/toolzz status`. report: what Toolzz answers, by default the simulator's own."""
    if report is not None:
        harness.toolzz.fail(Answer(200, report))
    return await harness.manager.slash(harness.channel, "toolzz status", integration=integration, **options)


async def details(
    harness: BotHarness, report: object = None, *, integration: str = INTEGRATION
) -> simcord.InteractionResult:
    """Have the manager run `/toolzz status` and press Details. report: as for ``status``."""
    if report is not None:
        harness.toolzz.fail(Answer(200, report), times=2, path=integration)
    asked = await harness.manager.slash(harness.channel, "toolzz status", integration=integration)
    return await press(harness, asked, harness.texts("status.details"))


def place(harness: BotHarness, result: simcord.InteractionResult, where: str) -> str:
    """Return the text in one place of the embed, empty if the place is missing."""
    embed = embed_of(result)
    parts = {"title": embed.title, "description": embed.description, "footer": embed.footer.text}
    if where in parts:
        return parts[where] or ""
    of, _, line = where.partition(".")
    name = "channels" if of == "channels" else harness.texts(f"toolzz.status.{of}")
    value = "\n".join(item.value or "" for item in embed.fields if (item.name or "").endswith(name))
    if not line:
        return value
    label = harness.texts(f"toolzz.status.{line}") + ":"
    return "".join(text for text in value.splitlines() if text.startswith(label)).removeprefix(label)
