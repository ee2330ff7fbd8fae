"""Lets users of the demo break and heal an agent with a message in a channel."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bot.demo.env import RemoteEnv
from bot.providers.base.simulator import RunsIntegrations, Simulator


@dataclass(frozen=True)
class FaultTexts:
    """The messages that users write, and the answers to them."""

    breaks: str
    heals: str
    broken: str
    healed: str
    which: str


ENGLISH: Final = FaultTexts(
    breaks="break",
    heals="heal",
    broken="💥 {name} has lost its connection. Patchbay will read that within seconds.",
    healed="🩹 {name} is back. Patchbay will read that within seconds.",
    which="There is no such agent. These can break and heal: {names}",
)
TEXTS: Final[Mapping[str, FaultTexts]] = {
    "en-US": ENGLISH,
    "pt-BR": FaultTexts(
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
    """Listen to messages until the block ends. A bot called Stagehand answers."""
    texts = TEXTS.get(locale, ENGLISH)
    stagehand = env.backend.make_user(STAGEHAND, global_name="Stagehand", bot=True)
    loop = asyncio.get_running_loop()

    def answer(channel_id: int, text: str) -> None:
        env.backend.create_message(channel_id, stagehand.id, text)
        env.tell(changed=True, channel_id=channel_id)

    def listen(event: str, payload: Mapping[str, Any]) -> None:
        if event != "MESSAGE_CREATE" or payload["author"].get("bot"):
            return
        text = _obey(payload["content"], simulators, texts)
        if text is not None:
            # Later, because the message is still being sent to everybody else.
            loop.call_soon(answer, int(payload["channel_id"]), text)

    env.backend.subscribers.append(listen)
    try:
        yield
    finally:
        env.backend.subscribers.remove(listen)


def _obey(content: str, simulators: Sequence[Simulator], texts: FaultTexts) -> str | None:
    """Do what a message asks for and return the answer, None for a message that asks for nothing."""
    verb, _, wanted = content.strip().partition(" ")
    if verb.lower() not in {texts.breaks, texts.heals}:
        return None
    agents = [
        (name, provider, integration)
        for provider in simulators
        if isinstance(provider, RunsIntegrations)
        for integration, name in provider.discord_integrations().items()
    ]
    meant = [agent for agent in agents if wanted.strip() and wanted.strip().lower() in agent[0].lower()]
    if len(meant) != 1:
        return texts.which.format(names=", ".join(name for name, _, _ in agents))
    ((name, provider, integration),) = meant
    if verb.lower() == texts.breaks:
        provider.break_integration(integration)
        return texts.broken.format(name=name)
    provider.heal_integration(integration)
    return texts.healed.format(name=name)
