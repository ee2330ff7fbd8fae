"""What the demo's page shows beside the chat, and what its buttons do."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Final

import discord
from simcord import MemberActor
from simcord.backend.access import can_access_channel, can_access_message

from bot.demo.faults import BreakableAgent, agents_of
from bot.demo.guide import Guide, GuideStep
from bot.demo.page_texts import ENGLISH, LANGUAGES, TEXTS
from bot.demo.simcord_texts import SIMCORD
from bot.demo.stage import CHECK_INTERVAL, RunsInGuild, Stage, TakesDiscordToken
from bot.i18n.catalog import Texts, closest_locale, load_catalog
from bot.providers import providers
from bot.providers.base.simulator import Answer

ERROR: Final = Answer(503, {"message": "Service Unavailable"})
"""What a provider that is down answers."""


class DemoControls:
    """Serves every page of one stage; all of them are one user's."""

    def __init__(self, stage: Stage, steps: Sequence[GuideStep]) -> None:
        self.viewers = (stage.world.mira, stage.world.theo, stage.world.ravi)
        self._stage, self._discord, self._world = stage, stage.discord, stage.world
        self._guide = Guide(stage.world, steps)
        self._kinds = {provider.slug: provider for provider in providers()}

    @property
    def locale(self) -> str:
        """The language of the page, of every member and of the server."""
        return self._discord.locale

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take notice of what members do until the block ends."""
        subscribers = self._discord.env.backend.subscribers
        subscribers.append(self._guide.listen)
        try:
            yield
        finally:
            subscribers.remove(self._guide.listen)

    # --- what is shown --------------------------------------------------------------------------------------

    def state(self, viewer: MemberActor, channel_id: int) -> dict[str, Any]:
        """Return all of it as JSON values, for a page on which this member reads this channel."""
        texts = TEXTS.get(self.locale, ENGLISH)
        roles = zip(self.viewers, ("manager", "viewer", "member"), strict=True)
        step = self._guide.next_step
        return {
            "locale": self.locale,
            "languages": LANGUAGES,
            "texts": texts,
            "simcord": asdict(SIMCORD.get(self.locale, SIMCORD["en-US"])),
            "server": self._world.guild.name,
            "viewerId": str(viewer.id),
            "viewers": [
                {"id": str(each.id), "label": texts[role], "name": each.name.title()} for each, role in roles
            ],
            "channelId": str(channel_id),
            "channels": list(self._channels(viewer)),
            "agents": [*self._agents()],
            "credentials": list(self._credentials(texts)),
            "steps": [self._step(each, texts) for each in self._guide.steps],
            "next": None if step is None else step.key,
        }

    def _channels(self, viewer: MemberActor) -> Iterator[dict[str, str]]:
        env = self._discord.env
        for channel in self._world.channels:
            if can_access_channel(env, channel.id, viewer, history=True):
                messages = env.backend.messages.get(channel.id, {})
                seen = (
                    number
                    for number, message in messages.items()
                    if can_access_message(env, channel.id, message, viewer, history=True)
                )
                yield {"id": str(channel.id), "name": channel.name or "", "latest": str(max(seen, default=0))}

    def _credentials(self, texts: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        catalog = self._catalog()
        for simulator in self._stage.simulators:
            kind = self._kinds[simulator.slug]
            values = [
                {"label": catalog(f"{kind.field_key(field)}.label"), "value": value}
                for field, value in simulator.credentials.items()
            ]
            if isinstance(simulator, TakesDiscordToken):
                values.append({"label": texts["bot_token"], "value": simulator.discord_token})
            yield {"provider": kind.name, "values": values}

    def _step(self, step: GuideStep, texts: Mapping[str, str]) -> dict[str, Any]:
        values = {
            **texts,
            "command": f"/{step.command}",
            "channel": self._world.alerts.name or "",
            "button": self._catalog()("alerts.acknowledge.button"),
        }
        return {
            "key": step.key,
            "title": texts[f"{step.key}.title"],
            "how": texts[f"{step.key}.how"].format_map(values),
            "done": step.key in self._guide.done,
            "command": step.command,
            "channelId": str(self._world.alerts.id) if step.opens_alerts else "",
        }

    def _catalog(self) -> Texts:
        return load_catalog()[closest_locale(self.locale)]

    # --- what buttons do: each returns what the page says then, as a key and its values ---------------------

    def speak(self, locale: str) -> None:
        """Change the language of everything that was not said before. Raises LookupError for another one."""
        if locale not in TEXTS:
            raise LookupError(locale)
        self._discord.speak(locale)
        self._world.translate(locale)

    def break_agent(self, name: str) -> tuple[str, dict[str, str]]:
        """Let an agent lose its connection. Raises KeyError if there is none of this name."""
        self._agents()[name].break_down()
        self._guide.done.add("break")
        return "broken", {"agent": name}

    def break_all(self) -> tuple[str, dict[str, str]]:
        """Let all agents lose their connections."""
        agents = self._agents()
        for agent in agents.values():
            agent.break_down()
        self._guide.done.add("break")
        return "all_broken", {"count": str(len(agents))}

    def heal(self) -> tuple[str, dict[str, str]]:
        """Let all agents and providers work again."""
        for simulator in self._stage.simulators:
            simulator.heal()
        for agent in self._agents().values():
            agent.heal()
        self._guide.done.add("heal")
        return "healed", {}

    def take_down(self, name: str) -> tuple[str, dict[str, str]]:
        """Let an agent's provider answer with errors only. Raises KeyError if there is no such agent."""
        provider = self._agents()[name].provider
        provider.heal()  # or each press adds one
        provider.fail(ERROR, times=None)
        return "is_down", {"provider": self._kinds[provider.slug].name}

    def bot_name(self, application_id: int) -> str:
        """Return the name of an agent's bot. Raises LookupError if there is none with this application."""
        return self._discord.other_bot(application_id).name

    def join(self, application_id: int, permissions: int) -> tuple[str, dict[str, str]]:
        """Let an agent's bot join, as its invite link does. Raises LookupError if there is no such bot."""
        guild = self._world.guild
        bot = self._discord.join(application_id, guild.id, discord.Permissions(permissions))
        self._guide.done.add("connect")
        return "join.done", {"bot": bot.name, "server": guild.name}

    def _agents(self) -> dict[str, BreakableAgent]:
        """Return the agents by name, those that surely run in the server first."""
        agents = agents_of(self._stage.simulators)
        agents.sort(key=lambda agent: not isinstance(agent.provider, RunsInGuild))
        return {agent.name: agent for agent in agents}

    @staticmethod
    def seconds() -> int:
        """Return within how many seconds the bot finds out: it opens an incident at the second bad check."""
        return 2 * CHECK_INTERVAL
