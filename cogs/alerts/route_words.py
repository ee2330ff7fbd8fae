"""Says in words what a server's alert rules do."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import discord

from bot.discord.access.posting import bot_can_mention
from bot.discord.context import Context
from bot.discord.text import code, plain
from bot.discord.theme import duration, shared_state_word
from bot.features.alerts.routes import DEFAULT_CHECKS, DEFAULT_STATES, Recovery, Route
from bot.features.monitoring.service import Watched
from cogs.monitoring.formatting import name, plain_name, told_apart

_MAX_NAME: Final = 40
"""Characters of a channel's or an agent's name where several rules are listed."""


@dataclass(frozen=True, slots=True)
class RouteWords:
    """Words for rules in the language of whoever asks. watched: the guild's integrations, by slug and id."""

    ctx: Context
    watched: Mapping[tuple[str, str], Watched]

    @classmethod
    def of(cls, ctx: Context, integrations: Iterable[Watched]) -> "RouteWords":
        """Return the words with the names of these integrations, which ``told_apart`` has returned."""
        return cls(ctx, {(each.provider, each.id): each for each in integrations})

    def summary(self, route: Route) -> str:
        """Return the rule in one line without markdown, as suggestions show it."""
        guild = self.ctx.guild
        channel = None if guild is None else guild.get_channel_or_thread(route.channel_id)
        # The cache lacks archived threads too, so that only Discord's refusal says what is gone.
        kind = "no_channel" if route.suspended == "not_found" else "channel"
        missing = self.ctx.texts(f"alerts.rule.{kind}", id=route.channel_id)
        parts = [
            f"{route.number}",
            missing if channel is None else f"#{plain(channel.name, _MAX_NAME)}",
            self._about(route, is_plain=True),
            self.states(route),
        ]
        return " · ".join(parts)

    def title(self, route: Route) -> str:
        """Return the rule's number and what it is about."""
        return self.ctx.texts("alerts.rule.title", number=route.number, about=self._about(route))

    def summed_up(self, route: Route) -> Iterator[str]:
        """Yield who is told and where, then all that is not as in a new rule, if anything is."""
        texts, channel = self.ctx.texts, f"<#{route.channel_id}>"
        about = self._about(route) if not route.integration else f"**{self._about(route)}**"
        if route.role_id is None:
            yield texts("alerts.set.goes_nobody", about=about, channel=channel)
        else:
            role = self.role(route.role_id)
            yield texts("alerts.set.goes", about=about, channel=channel, role=role)
        parts = list(self._unusual(route))
        if parts:
            line = " · ".join(parts)
            yield line[0].upper() + line[1:]

    def lines(self, route: Route) -> Iterator[str]:
        """Yield the same in a few short lines."""
        texts, channel = self.ctx.texts, f"<#{route.channel_id}>"
        if route.role_id is None:
            yield texts("alerts.rule.to_nobody", channel=channel)
        else:
            yield texts("alerts.rule.to", channel=channel, role=self.role(route.role_id))
        yield f"{self.states(route)} · {self._checks(route)}"
        reminders = list(self._reminders(route)) or [texts("alerts.rule.no_reminder")]
        yield " · ".join([*reminders, *self._escalation(route), self._on_recovery(route)])

    def _unusual(self, route: Route) -> Iterator[str]:
        """Yield each setting that a new rule does not have by itself."""
        if route.partial or route.states != DEFAULT_STATES:
            yield self.states(route)
        if route.checks != DEFAULT_CHECKS:
            yield self._checks(route)
        yield from self._reminders(route)
        yield from self._escalation(route)
        if self._recovery(route) is not Recovery.QUIET:
            yield self._on_recovery(route)

    def _checks(self, route: Route) -> str:
        time = duration(route.checks * self.ctx.services.monitoring.interval, self.ctx.texts)
        return self.ctx.texts.plural("alerts.rule.checks", route.checks, time=time)

    def _reminders(self, route: Route) -> Iterator[str]:
        if route.remind:
            yield self.ctx.texts("alerts.rule.remind", time=duration(route.remind, self.ctx.texts))

    def _escalation(self, route: Route) -> Iterator[str]:
        if route.second_role_id is not None:
            role, time = self.role(route.second_role_id), duration(route.escalate, self.ctx.texts)
            yield self.ctx.texts("alerts.rule.escalate", role=role, time=time)

    def _on_recovery(self, route: Route) -> str:
        return self.ctx.texts(f"alerts.rule.recovery.{self._recovery(route)}")

    def warnings(self, route: Route) -> Iterator[str]:
        """Yield which of the rule's roles are notified of nothing, and why."""
        texts, guild = self.ctx.texts, self.ctx.guild
        channel = None if guild is None else guild.get_channel_or_thread(route.channel_id)
        if guild is None or not isinstance(channel, (discord.TextChannel, discord.Thread)):
            return
        ids = dict.fromkeys(each for each in (route.role_id, route.second_role_id) if each is not None)
        roles = [role for role in map(guild.get_role, ids) if role is not None]
        if silent := [role.mention for role in roles if not bot_can_mention(role, channel)]:
            yield texts("alerts.rule.silent", role=", ".join(silent))

    def states(self, route: Route) -> str:
        """Return which states open an incident."""
        texts = self.ctx.texts
        words = [shared_state_word(texts, state) for state in route.states]
        return ", ".join([*words, *([texts("alerts.rule.partial")] if route.partial else [])])

    def role(self, role_id: int) -> str:
        """Return a role's mention, or that it was deleted."""
        guild = self.ctx.guild
        is_deleted = guild is not None and guild.get_role(role_id) is None
        return self.ctx.texts("alerts.rule.no_role") if is_deleted else f"<@&{role_id}>"

    def _about(self, route: Route, *, is_plain: bool = False) -> str:
        """Return what the rule is about; without the markdown that escapes a name where none is rendered."""
        texts, providers = self.ctx.texts, self.ctx.services.providers
        if not route.provider:
            return texts("alerts.about.everything")
        provider = providers[route.provider].name if route.provider in providers else route.provider
        if not route.integration:
            return texts("alerts.about.provider", provider=provider)
        watched = self.watched.get((route.provider, route.integration))
        if watched is None:
            gone = plain(route.integration, _MAX_NAME) if is_plain else code(route.integration, _MAX_NAME)
            return texts("alerts.about.unwatched", id=gone)
        return plain_name(watched, _MAX_NAME) if is_plain else name(watched.label, watched.id)

    @staticmethod
    def _recovery(route: Route) -> Recovery:
        """Return what follows once it is over; without a role nobody can be mentioned."""
        is_quiet = route.recovery is Recovery.MENTION and route.role_id is None
        return Recovery.QUIET if is_quiet else route.recovery


async def read_words(ctx: Context) -> RouteWords:
    """Read the names of the guild's integrations."""
    found = told_apart(await ctx.services.monitoring.integrations(ctx.guild_id), ctx.services.providers)
    return RouteWords.of(ctx, found)
