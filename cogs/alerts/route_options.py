"""What a member can say about an alert rule in the options of ``/alerts``, and which rule that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import discord

from bot.discord.commands import MAX_CHOICE_LENGTH, Suggestion
from bot.discord.context import Context
from bot.discord.text import clamp
from bot.errors import InvalidInputError, NoRouteError
from bot.features.alerts.routes import DEFAULT_STATES, Recovery, Route
from bot.features.alerts.service import RouteSettings
from bot.providers.base.integration import State, name_key
from cogs.alerts.route_words import RouteWords, read_words
from cogs.monitoring import find_watched, suggest_watched

EVERYTHING: Final = "everything"
"""The value of the option ``about`` for a rule that is for everything. No provider has this slug."""
NEW: Final = "new"
"""The value of the option ``rule`` that asks for another rule; the others are numbers."""
STATES: Final[Mapping[str, tuple[State, ...]]] = {
    "default": DEFAULT_STATES,
    "failing": (State.DISCONNECTED, State.ERROR),
    "unknown": (State.DISCONNECTED, State.ERROR, State.UNKNOWN),
    "all": (*DEFAULT_STATES, State.UNKNOWN),
    "partial": (*DEFAULT_STATES, State.UNKNOWN),
}
"""The states of each choice; ``partial`` adds agents that can answer in some of their channels only."""
REMINDERS: Final[Mapping[str, int]] = {
    "never": 0,
    "1h": 3600,
    "4h": 14_400,
    "12h": 43_200,
    "1d": 86_400,
}
"""Seconds between two reminders; ``alerts.remind.<key>`` names each."""
ESCALATIONS: Final[Mapping[str, int]] = {"never": 0, "15m": 900, "30m": 1800, "1h": 3600, "4h": 14_400}
"""Seconds until the second role is mentioned, 0 for no second role; ``alerts.escalate.<key>`` names each."""


class About(NamedTuple):
    """What a rule is about: everything, a provider, or one integration of it. Fields as those of Route."""

    provider: str = ""
    integration: str = ""

    @classmethod
    def of(cls, route: Route) -> "About":
        """Return what a rule is about."""
        return cls(route.provider, route.integration)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedOptions:
    """What a member has named in the options of ``/alerts set``; None where an option was left out.

    states, remind, escalate, recovery: the choices' values. no_role: whether the role is removed.
    """

    about: About | None
    role: discord.Role | None
    no_role: bool
    states: str | None
    checks: int | None
    remind: str | None
    second_role: discord.Role | None
    escalate: str | None
    recovery: str | None

    def applied_to(self, settings: RouteSettings) -> RouteSettings:
        """Return the settings with what was named; the rest stays. Raises InvalidInputError("no_role")."""
        if self.no_role and self.role is not None:
            raise InvalidInputError("no_role")
        if self.about is not None:
            settings = replace(settings, provider=self.about.provider, integration=self.about.integration)
        if self.role is not None or self.no_role:
            settings = replace(settings, role_id=None if self.role is None else self.role.id)
        if self.states is not None:
            settings = replace(settings, states=STATES[self.states], partial=self.states == "partial")
        if self.checks is not None:
            settings = replace(settings, checks=self.checks)
        if self.remind is not None:
            settings = replace(settings, remind=REMINDERS[self.remind])
        if self.escalate is not None:
            escalate = ESCALATIONS[self.escalate]
            second_role_id = settings.second_role_id if escalate else None
            settings = replace(settings, escalate=escalate, second_role_id=second_role_id)
        if self.second_role is not None:
            settings = replace(settings, second_role_id=self.second_role.id)
        if self.recovery is not None:
            settings = replace(settings, recovery=Recovery(self.recovery))
        return settings


def settings_of(route: Route, guild: discord.Guild | None) -> RouteSettings:
    """Return what a manager has decided about a rule, to set it again; without roles that were deleted."""
    role_id, second_role_id = (
        each if guild is not None and each is not None and guild.get_role(each) is not None else None
        for each in (route.role_id, route.second_role_id)
    )
    return RouteSettings(
        provider=route.provider,
        integration=route.integration,
        role_id=role_id,
        states=route.states,
        partial=route.partial,
        checks=route.checks,
        remind=route.remind,
        second_role_id=second_role_id,
        escalate=0 if second_role_id is None else route.escalate,
        recovery=route.recovery,
    )


async def suggest_about(ctx: Context) -> list[Suggestion]:
    """Suggest everything, every provider that is connected, and every watched integration."""
    providers = ctx.services.providers
    connected = await ctx.services.connections.providers(ctx.guild_id)
    return [
        Suggestion(ctx.texts("alerts.about.everything_choice"), EVERYTHING),
        *(
            Suggestion(ctx.texts("alerts.about.provider", provider=provider.name), slug, (provider.name,))
            for slug, provider in providers.items()
            if slug in connected
        ),
        *(each for each in await suggest_watched(ctx) if len(each.value) <= MAX_CHOICE_LENGTH),
    ]


async def suggest_rules(ctx: Context) -> list[Suggestion]:
    """Suggest the guild's rules."""
    words = await read_words(ctx)
    return [_suggestion(each, words) for each in await ctx.services.alerts.routes(ctx.guild_id)]


async def suggest_rules_and_new(ctx: Context) -> list[Suggestion]:
    """Suggest the guild's rules, and a new one."""
    return [Suggestion(ctx.texts("alerts.rule.new"), NEW), *await suggest_rules(ctx)]


async def read_about(ctx: Context, text: str) -> About:
    """Return what a member wants a rule to be about. text: a suggestion's value, or a name.

    Raises InvalidInputError("about_provider") for a provider that is not connected, and what
    ``MonitoringService.find`` raises.
    """
    wanted = text.strip()
    if wanted == EVERYTHING:
        return About()
    for slug, provider in ctx.services.providers.items():
        if wanted == slug or name_key(wanted) == name_key(provider.name):
            if slug not in await ctx.services.connections.providers(ctx.guild_id):
                raise InvalidInputError("about_provider", provider=slug)
            return About(slug)
    watched = await find_watched(ctx, wanted)
    return About(watched.provider, watched.id)


async def find_rule(ctx: Context, text: str) -> Route:
    """Return the rule that a member means. text: empty for the only one.

    Raises NoRouteError, and InvalidInputError("rule", "which_rule").
    """
    routes = await ctx.services.alerts.routes(ctx.guild_id)
    if not routes:
        raise NoRouteError
    if text:
        return _named(routes, text)
    if len(routes) > 1:
        raise InvalidInputError("which_rule", count=len(routes))
    return routes[0]


def find_replaced(routes: Sequence[Route], text: str, channel_id: int, about: About) -> Route | None:
    """Return the rule that new settings replace, None if they make a new one. text: of the option ``rule``.

    Without it, a rule of the same channel is replaced that is about the same, or else the only rule there is,
    if it is about the same. Raises InvalidInputError("rule").
    """
    if text == NEW:
        return None
    if text:
        return _named(routes, text)
    alike = [each for each in routes if About.of(each) == about]
    in_channel = next((each for each in alike if each.channel_id == channel_id), None)
    return alike[0] if in_channel is None and alike and len(routes) == 1 else in_channel


def _named(routes: Sequence[Route], text: str) -> Route:
    found = next((each for each in routes if str(each.number) == text.strip()), None)
    if found is None:
        raise InvalidInputError("rule")
    return found


def _suggestion(route: Route, words: RouteWords) -> Suggestion:
    name = clamp(words.summary(route), MAX_CHOICE_LENGTH)
    return Suggestion(name, str(route.number), (name,))
