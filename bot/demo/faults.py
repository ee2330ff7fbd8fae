"""Lets whoever plays the demo break and heal an agent, by writing so in a channel."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bot.demo.env import RemoteEnv
from bot.kit.simulator import RunsIntegrations, Simulator


@dataclass(frozen=True)
class Words:
    """What is written, and what is answered to it."""

    breaks: str
    heals: str
    broken: str
    healed: str
    which: str


ENGLISH: Final = Words(
    breaks="break",
    heals="heal",
    broken="💥 {name} has lost its connection. Patchbay will read that within seconds.",
    healed="🩹 {name} is back. Patchbay will read that within seconds.",
    which="There is no such agent. These can break and heal: {names}",
)
WORDS: Final[Mapping[str, Words]] = {
    "en-US": ENGLISH,
    "pt-BR": Words(
        breaks="quebrar",
        heals="consertar",
        broken="💥 {name} perdeu a conexão. O Patchbay vai ler isso em segundos.",
        healed="🩹 {name} voltou. O Patchbay vai ler isso em segundos.",
        which="Não há agente com esse nome. Estes quebram e voltam: {names}",
    ),
}
STAGEHAND: Final = "stagehand"


@contextmanager
def faults(env: RemoteEnv, simulators: Sequence[Simulator], locale: str) -> Iterator[None]:
    """Listen until the block ends. A stagehand, who is a bot of their own, answers."""
    words = WORDS.get(locale, ENGLISH)
    stagehand = env.backend.make_user(STAGEHAND, global_name="Stagehand", bot=True)
    loop = asyncio.get_running_loop()

    def answer(channel_id: int, text: str) -> None:
        env.backend.create_message(channel_id, stagehand.id, text)
        env.tell(changed=True, channel_id=channel_id)

    def listen(event: str, payload: Mapping[str, Any]) -> None:
        if event != "MESSAGE_CREATE" or payload["author"].get("bot"):
            return
        text = _obey(payload["content"], simulators, words)
        if text is not None:
            # Not while the message is still on its way to everybody else.
            loop.call_soon(answer, int(payload["channel_id"]), text)

    env.backend.subscribers.append(listen)
    try:
        yield
    finally:
        env.backend.subscribers.remove(listen)


def _obey(content: str, simulators: Sequence[Simulator], words: Words) -> str | None:
    """Do what a message says, and return what to answer; None for one that says something else."""
    verb, _, wanted = content.strip().partition(" ")
    if verb.lower() not in {words.breaks, words.heals}:
        return None
    agents = [
        (name, provider, integration)
        for provider in simulators
        if isinstance(provider, RunsIntegrations)
        for integration, name in provider.discord_integrations().items()
    ]
    meant = [agent for agent in agents if wanted.strip() and wanted.strip().lower() in agent[0].lower()]
    if len(meant) != 1:
        return words.which.format(names=", ".join(name for name, _, _ in agents))
    ((name, provider, integration),) = meant
    if verb.lower() == words.breaks:
        provider.break_integration(integration)
        return words.broken.format(name=name)
    provider.heal_integration(integration)
    return words.healed.format(name=name)
