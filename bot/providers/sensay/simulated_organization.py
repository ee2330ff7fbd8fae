"""What the simulated Sensay begins with: an organization's users, their replicas and what those have done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

OWNER: Final = "northwind-care"
OWNER_DISCORD_ID: Final = "298765432109870001"
OTHER_OWNER: Final = "northwind-port"
NEWCOMER: Final = "northwind-new"
_STRANGER: Final = "open-gallery"

ACTIVE: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e401"
INACTIVE: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e402"
UNDECIDED: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e403"
UNCONNECTED: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e404"
PORTUGUESE: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e405"
BROKEN: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e406"
STRANGER: Final = "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e4a1"

DAYS: Final = 30
_QUOTED: Final = 80  # characters

# Conversations of a middling day, as a share of the busiest weekday, from Monday on.
_WEEK = (0.9, 1.0, 0.95, 0.9, 0.8, 0.45, 0.3)
_UNEVEN = (0.0, 0.12, -0.08, 0.2, -0.15)  # five of them, so that no two weeks are alike
# Platform -> its part of the conversations in percent; the first one gets what rounding leaves over.
_ON_DISCORD = {"discord": 63, "web": 21, "embed": 9, "telegram": 7}
_NOT_ON_DISCORD = {"web": 70, "embed": 30}
# Replica -> conversations of its busiest weekday, of all the time before, its platforms, what it was taught.
_BUSY: Final[dict[str, tuple[int, int, dict[str, int], int]]] = {
    ACTIVE: (46, 3_120, _ON_DISCORD, 58),
    PORTUGUESE: (31, 1_870, _ON_DISCORD, 42),
    INACTIVE: (9, 640, _ON_DISCORD, 23),
    UNDECIDED: (17, 410, _ON_DISCORD, 31),
    UNCONNECTED: (5, 75, _NOT_ON_DISCORD, 12),
    BROKEN: (0, 0, {}, 0),
}


def on_discord(token: str, *, active: bool | None) -> dict[str, Any]:
    """Return the member of a replica that says how it is connected."""
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


def replicas() -> dict[str, dict[str, Any]]:
    """Return six replicas of the organization's two users and three public ones of a stranger, by uuid."""
    # The real list shows tokens in clear as well.
    on, on_too, off, unsure, theirs = (
        on_discord(f"FAKE-TOKEN-simulated-{number}.not-a-real.value-{'0' * 24}", active=active)
        for number, active in enumerate((True, True, False, None, True), 1)
    )
    hello = {"greeting": "Olá, em que posso ajudar?"}
    listed = (
        _replica(UNDECIDED, "Billing Questions", OWNER, "Explains an invoice", **unsure),
        _replica(INACTIVE, "Customer Care", OWNER, "Returns and complaints", **off),
        _replica(UNCONNECTED, "Job Applications", OWNER, "Open positions", private=False),
        _replica(PORTUGUESE, "Atendimento ao Cliente", OWNER, "Trocas e devoluções", **hello, **on),
        _replica(ACTIVE, "Harbour Desk", OTHER_OWNER, "Berths and tides", **on_too),
        _replica(BROKEN, "Night Watch", OTHER_OWNER, "After hours"),
        _replica(STRANGER, "Poem of the Day", _STRANGER, "One a day", private=False, **theirs),
        _replica(f"{STRANGER[:-1]}2", "Chess Coach", _STRANGER, "Openings", private=False),
        _replica(f"{STRANGER[:-1]}3", "Tea Sommelier", _STRANGER, "Which leaf?", private=False),
    )
    return {replica["uuid"]: replica for replica in listed}


def users() -> dict[str, dict[str, Any]]:
    """Return the organization's users, by id; the newcomer owns nothing."""
    account = {"accountID": OWNER_DISCORD_ID, "accountType": "discord"}
    listed = (
        {"id": OWNER, "name": "Northwind Care", "linkedAccounts": [account]},
        {"id": OTHER_OWNER, "name": "Northwind Port", "linkedAccounts": []},
        {"id": NEWCOMER, "name": "Northwind Newcomer", "linkedAccounts": []},
    )
    return {str(user["id"]): user for user in listed}


def history() -> dict[str, list[int]]:
    """Return each replica's running total of conversations on each of ``DAYS`` days, today's last."""
    today = datetime.now(UTC).date()
    totals = {}
    for seed, (uuid, (busiest, before, _, _)) in enumerate(_BUSY.items()):
        running, days = before, []
        for ago in reversed(range(DAYS)):
            day = today - timedelta(days=ago)
            share = _WEEK[day.weekday()] * (1 + _UNEVEN[(day.toordinal() + 3 * seed) % len(_UNEVEN)])
            running += round(busiest * share)
            days.append(running)
        totals[uuid] = days
    return totals


def sources(totals: dict[str, list[int]]) -> dict[str, dict[str, int]]:
    """Return each replica's conversations by platform; together they are what its history comes to."""
    shares = {uuid: platforms for uuid, (_, _, platforms, _) in _BUSY.items()}
    counts = {}
    for uuid, platforms in shares.items():
        total = totals[uuid][-1]
        count = {platform: total * percent // 100 for platform, percent in platforms.items()}
        if platforms:
            count[next(iter(platforms))] += total - sum(count.values())
        counts[uuid] = count
    return counts


def knowledge() -> dict[str, int]:
    """Return how many entries each replica has been taught."""
    return {uuid: entries for uuid, (_, _, _, entries) in _BUSY.items()}


def answer_of(replica: dict[str, Any], question: str) -> str:
    """Return what a replica says; the same question gets the same answer."""
    words = " ".join(question.split())
    piece = words if len(words) <= _QUOTED else f"{words[:_QUOTED].rstrip()} …"
    name, tagline = replica["name"], replica["shortDescription"]
    if replica["uuid"] == PORTUGUESE:
        return (
            f"Olá, aqui é a simulação de **{name}**! Você perguntou: “{piece}”. Esse assunto é comigo "
            f"mesmo ({tagline}). No Sensay de verdade, a resposta do modelo viria aqui."
        )
    return (
        f"Hello, this is the simulation of **{name}**! You asked: “{piece}”. You have come to the right "
        f"place ({tagline}). With the real Sensay, the model's answer would stand here."
    )
