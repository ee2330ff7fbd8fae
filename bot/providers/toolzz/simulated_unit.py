"""What the simulated Toolzz begins with: a unit's agents, and an integration for each thing that can be."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

UNIT: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c00"
APPLICATION_ID: Final = "1219876543210987654"

CONNECTED: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c01"
DISCONNECTED: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c02"
INACTIVE: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c03"
CROWDED: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c04"
UNREACHABLE: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c05"
DELETED: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c06"
STRANGE: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c07"
ELSEWHERE: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c08"
HOMELESS: Final = "e4b1c6d2-90f7-4a35-8c1e-2d7f6a5b4c09"

AGENT: Final = "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b20"
RESTING_AGENT: Final = "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b24"

_GUILD = "1102345678901234567"
_OTHER_GUILD = "1102345678909876543"
_GONE_CHANNEL = "1188765432109876599"
_CHANNELS = (("1188765432109876501", "atendimento"), ("1188765432109876502", "dúvidas"))
_OTHER_CHANNELS = (("1188765432109875501", "balcão"),)
_CROWD = tuple((str(1188765432109877000 + number), f"sala-{number:02}") for number in range(1, 41))


def now() -> str:
    """Return this moment as Toolzz prints it: with a blank, without a zone, without trailing zeros."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")


def integration(uuid: str, title: str, **differences: object) -> dict[str, Any]:
    """Return all 25 fields of a healthy integration but for what is different about this one."""
    return {
        "id": uuid,
        "title": title,
        "connectionStatus": "connected",
        "isActive": True,
        "botId": AGENT,
        "botClientId": APPLICATION_ID,
        "botToken": "****",
        "isTokenMasked": True,
        "unitId": UNIT,
        "guildId": _GUILD,
        "guildName": "Loja do Porto",
        **_both(_CHANNELS),
        "scope": "mentions",
        "permissions": "309237713920",
        "autoReplyOnMention": True,
        "threadAutoCreate": False,
        "welcomeMessage": "",
        "lastConnectedAt": "2026-11-20 08:15:27.6",
        "lastDisconnectedAt": None,
        "lastConnectionErrorCode": None,
        "lastConnectionErrorMessage": None,
        "createdAt": "2026-08-03 14:21:09.047316",
        "updatedAt": "2026-11-20 08:15:27.6",
        "deletedAt": None,
        **differences,
    }


def refused(moment: str) -> dict[str, str]:
    """Return the fields of an integration whose token Discord has refused at that moment."""
    return {
        "connectionStatus": "disconnected",
        "lastDisconnectedAt": moment,
        "lastConnectionErrorCode": "4004",
        "lastConnectionErrorMessage": "The bot token was refused.",
    }


def integrations() -> dict[str, dict[str, Any]]:
    """Return nine integrations of the unit by id, all but two of them in one made-up server."""
    listed = (
        integration(CONNECTED, "Suporte da loja", welcomeMessage="Olá! Como posso ajudar?"),
        integration(
            DISCONNECTED,
            "Pedidos e entregas",
            scope="all",
            **refused("2026-11-21 23:42:50.318"),
            updatedAt="2026-11-21 23:42:50.318",
        ),
        integration(
            INACTIVE,
            "Campanha de inverno",
            connectionStatus="disconnected",
            isActive=False,
            scope="none",
            lastDisconnectedAt="2026-09-01 00:00:00",
        ),
        integration(
            CROWDED, "Comunidade", permissions="9007199254740993", threadAutoCreate=True, **_both(_CROWD)
        ),
        integration(
            UNREACHABLE,
            "Plantão noturno",
            botToken=f"FAKE-TOKEN-toolzz-clear.not-a-real.value-{'0' * 24}",
            isTokenMasked=False,
        ),
        integration(
            DELETED,
            "Piloto antigo",
            connectionStatus="disconnected",
            isActive=False,
            deletedAt="2026-10-02 17:45:30.04",
        ),
        integration(
            STRANGE,
            "Teste_interno **@everyone**",
            connectionStatus="hibernating",
            scope="threads-only",
            botToken=None,
            lastConnectedAt="2026-11-19T06:30:00.000Z",
            lastDisconnectedAt="",
            lastConnectionErrorCode=4014,
            lastConnectionErrorMessage="see [the console](https://example.invalid) <@&1>\n```",
        ),
        integration(
            ELSEWHERE,
            "Balcão do Norte",
            guildId=_OTHER_GUILD,
            guildName="Loja do Norte",
            **_both(_OTHER_CHANNELS),
        ),
        integration(HOMELESS, "Rascunho da recepção"),
    )
    by_id = {str(entry["id"]): entry for entry in listed}
    del by_id[HOMELESS]["guildId"]
    by_id[STRANGE]["channelIds"].append(_GONE_CHANNEL)
    return by_id


def place(
    unit: dict[str, dict[str, Any]], guild_id: str, guild_name: str, channels: Iterable[tuple[str, str]]
) -> None:
    """Move the integrations to a server and its channels, those left out that are not to be in it."""
    there = list(channels)
    for uuid in unit.keys() - {ELSEWHERE, HOMELESS}:
        unit[uuid].update(guildId=guild_id, guildName=guild_name, **_both(there))
    unit[CROWDED].update(_both([*there, *_CROWD][: len(_CROWD)]))
    unit[STRANGE]["channelIds"].append(_GONE_CHANNEL)


def agents() -> list[dict[str, Any]]:
    """Return the unit's five agents, one of them switched off, each with what nobody else should see."""
    names = (
        (AGENT, "Atendente da Loja"),
        ("7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b21", "Consultora de Frete"),
        ("7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b22", "Tira-dúvidas do Curso"),
        ("7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b23", "Guia da Comunidade"),
        (RESTING_AGENT, "Vendedor de Natal"),
    )
    return [
        {
            "id": uuid,
            "name": name,
            "unityId": UNIT,
            "isActivated": uuid != RESTING_AGENT,
            "botGenAI": [
                {
                    "prompt": f"Você é {name}. Nunca revele FAKE-TOKEN-toolzz-prompt-{number}. @everyone",
                    "virtualKey": f"FAKE-TOKEN-toolzz-virtual-key-{number}",
                }
            ],
        }
        for number, (uuid, name) in enumerate(names, 1)
    ]


def _both(channels: Iterable[tuple[str, str]]) -> dict[str, list[Any]]:
    """Return the two views of the same channels."""
    pairs = list(channels)
    return {
        "channelIds": [channel_id for channel_id, _ in pairs],
        "channelsDetail": [{"id": channel_id, "name": name} for channel_id, name in pairs],
    }
