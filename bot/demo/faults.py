"""Lets users of the demo break and heal an agent, or all of them, with a message in a channel."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bot.demo.env import RemoteEnv
from bot.providers.base.simulator import RunsIntegrations, Simulator


@dataclass(frozen=True)
class FaultTexts:
    """The messages that users write, and the answers to them. everything: the name that means all agents."""

    breaks: str
    heals: str
    everything: str
    broken: str
    healed: str
    all_broken: str
    all_healed: str
    which: str


ENGLISH: Final = FaultTexts(
    breaks="break",
    heals="heal",
    everything="everything",
    broken="💥 {name} has lost its connection. Patchbay will read that within seconds.",
    healed="🩹 {name} is back. Patchbay will read that within seconds.",
    all_broken="💥 All {count} agents have lost their connections. Patchbay will read that within seconds.",
    all_healed="🩹 All {count} agents are back. Patchbay will read that within seconds.",
    which="There is no such agent. These can break and heal, or {everything}: {names}",
)
TEXTS: Final[Mapping[str, FaultTexts]] = {
    "en-US": ENGLISH,
    "pt-BR": FaultTexts(
        breaks="quebrar",
        heals="consertar",
        everything="tudo",
        broken="💥 {name} perdeu a conexão. O Patchbay vai ler isso em segundos.",
        healed="🩹 {name} voltou. O Patchbay vai ler isso em segundos.",
        all_broken="💥 Os {count} agentes perderam a conexão. O Patchbay vai ler isso em segundos.",
        all_healed="🩹 Os {count} agentes voltaram. O Patchbay vai ler isso em segundos.",
        which="Não há agente com esse nome. Estes quebram e voltam, ou {everything}: {names}",
    ),
}
STAGEHAND: Final = "stagehand"


@dataclass(frozen=True)
class BreakableAgent:
    """An agent of a simulated provider that can break."""

    name: str
    integration: str
    provider: Simulator

    def break_down(self) -> None:
        assert isinstance(self.provider, RunsIntegrations)  # noqa: S101 - see agents_of
        self.provider.break_integration(self.integration)

    def heal(self) -> None:
        assert isinstance(self.provider, RunsIntegrations)  # noqa: S101 - see agents_of
        self.provider.heal_integration(self.integration)


def agents_of(simulators: Sequence[Simulator]) -> list[BreakableAgent]:
    """Return the agents that can break, those of each provider together."""
    return [
        BreakableAgent(name, integration, provider)
        for provider in simulators
        if isinstance(provider, RunsIntegrations)
        for integration, name in provider.discord_integrations().items()
    ]


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
    agents = agents_of(simulators)
    named = wanted.strip().lower()
    is_everything = named == texts.everything
    meant = agents if is_everything else [agent for agent in agents if named and named in agent.name.lower()]
    if not is_everything and len(meant) != 1:
        names = ", ".join(agent.name for agent in agents)
        return texts.which.format(everything=texts.everything, names=names)
    is_break = verb.lower() == texts.breaks
    for agent in meant:
        (agent.break_down if is_break else agent.heal)()
    if is_everything:
        return (texts.all_broken if is_break else texts.all_healed).format(count=len(meant))
    return (texts.broken if is_break else texts.healed).format(name=meant[0].name)
