"""Finds out what can be known about a bot token before it is passed on."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import discord
import structlog

from bot.discord.access.agent_bots import (
    LEAST_PERMISSIONS,
    application_of,
    bot_page,
    invite_link,
    is_human,
    is_member,
)
from bot.discord.context import Context
from bot.discord.problems import what_failed
from bot.discord.replies import Answer, view_of
from bot.discord.text import plain, quoted
from bot.discord.theme import Field, Tone, notice
from bot.errors import InvalidInputError, ProviderError, RateLimitedError, UnauthorizedError
from bot.features.handover.service import Application
from bot.i18n.catalog import Texts
from bot.providers.base.snowflake import account_id

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
_MAX_NAME: Final = 40
"""Characters of an application's name in a reply that fits a phone's screen."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What Discord said about a token.

    application: None where Discord did not tell; ``failure`` says why. bot_id: the bot's user id, as far as
    Discord or the token names it. member: whether that bot is in the server, None where it is not known.
    permissions: what it needs there.
    """

    guild_id: int
    application: Application | None
    failure: ProviderError | None
    bot_id: int | None
    member: bool | None
    permissions: discord.Permissions = LEAST_PERMISSIONS

    @property
    def invite(self) -> str | None:
        """The link that brings the bot into the server; None where it is there, or where nobody knows it."""
        application = self._application_id
        if self.member or application is None:
            return None
        return invite_link(application, self.guild_id, self.permissions)

    @property
    def portal(self) -> str:
        """The bot's own page in the Developer Portal, where it is known."""
        return bot_page(self._application_id)

    @property
    def _application_id(self) -> int | None:
        return application_of(self.bot_id, None if self.application is None else self.application.id)

    @property
    def reads_messages(self) -> bool:
        """Whether the bot is known to have the Message Content intent."""
        return self.application is not None and self.application.reads_messages


async def examine(
    ctx: Context, token: str, permissions: discord.Permissions = LEAST_PERMISSIONS
) -> Preflight:
    """Do what ``try_examine`` does. Raises its errors, RestartingError, and what it returns."""
    found = await ctx.cancel_on_shutdown(try_examine(ctx, token, permissions))
    if isinstance(found, InvalidInputError):
        raise found
    return found


async def try_examine(
    ctx: Context, token: str, permissions: discord.Permissions
) -> Preflight | InvalidInputError:
    """Ask Discord whose this token is, and whether that bot is in the server, where it needs permissions.

    Return an InvalidInputError for our own token and for a person's. Discord's own failures are no reason to
    stop: they are part of what is returned. Raises PreflightBudgetError.
    """
    client, guild_id = ctx.client, ctx.guild_id
    named = account_id(token)
    if named is not None and named in {client.application_id, client.user.id if client.user else None}:
        return InvalidInputError("own_token")
    asked = await ctx.services.preflight.ask(token, guild_id, ctx.member.id)
    if isinstance(asked, ProviderError):
        _log.info("preflight_failed", guild=guild_id, error=asked.key, status=asked.status)
        # Asked with a person's token as if it were a bot's, Discord refuses it like any wrong one. A person's
        # token stays here all the same where Discord does not get to answering.
        if named is not None and await is_human(client, named):
            return InvalidInputError("user_token")
        member = await is_member(client, guild_id, named)
        return Preflight(guild_id, None, asked, named, member, permissions)
    if asked.id == client.application_id:
        return InvalidInputError("own_token")
    bot_id = named if asked.bot is None else asked.bot.id
    member = await is_member(client, guild_id, bot_id)
    return Preflight(guild_id, asked, None, bot_id, member, permissions)


def preflight_field(preflight: Preflight, provider: str, texts: Texts) -> Field:
    """Say what was found out. provider: the proper name of whoever is to receive the token."""
    return Field(texts("preflight.bot"), "\n".join(_findings(preflight, provider, texts)))


def preflight_lines(preflight: Preflight, texts: Texts) -> Iterator[str]:
    """Yield in short what was found out; ``preflight_field`` says what to do about it."""
    application = preflight.application
    if preflight.failure is not None:
        is_refused = isinstance(preflight.failure, UnauthorizedError)
        yield texts("preflight.refused_short" if is_refused else "preflight.unchecked")
    if application is not None:
        key = "preflight.intent_on" if application.reads_messages else "preflight.intent_off_short"
        yield f"**{quoted(plain(application.name, _MAX_NAME))}**"
        yield texts(key)
    yield _presence(preflight, texts)
    for obstacle in _obstacles(preflight):
        yield texts(f"preflight.{obstacle}_short")


def _findings(preflight: Preflight, provider: str, texts: Texts) -> Iterator[str]:
    application = preflight.application
    if preflight.failure is not None:
        yield _failure(preflight, preflight.failure, provider, texts)
    if application is not None:
        yield f"**{quoted(application.name)}**"
        yield (
            texts("preflight.intent_on")
            if application.reads_messages
            else texts("preflight.intent_off", portal=preflight.portal)
        )
    yield from _membership(preflight, texts)


def invite_button(preflight: Preflight, texts: Texts) -> discord.ui.Button[discord.ui.View]:
    """Return the button that brings the bot into the server; to the bot's own page where it is there."""
    if preflight.invite is None:
        return discord.ui.Button(label="Developer Portal", url=preflight.portal)
    return discord.ui.Button(label=texts("token.invite"), url=preflight.invite)


def accepted_answer(slug: str, how: str, preflight: Preflight, texts: Texts) -> Answer:
    """Say that the provider took the token, and what is left to do. how: what it says of the agent."""
    last = texts(f"{slug}.connect.see_status")
    step = steps_before(last, preflight, texts)
    embed = notice(texts, Tone.GOOD, f"{slug}.connect.done", how=how, next_step=step)
    return embed, view_of(invite_button(preflight, texts))


def steps_before(last: str, preflight: Preflight, texts: Texts) -> str:
    """Return what the admin still has to do so that the bot can answer in the server, and then ``last``."""
    steps = [*_missing(preflight, texts), last]
    return last if len(steps) == 1 else "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _missing(preflight: Preflight, texts: Texts) -> Iterator[str]:
    if not preflight.reads_messages:
        yield texts("preflight.step_intent", portal=preflight.portal)
    if preflight.invite is not None:
        yield texts("preflight.step_invite", link=preflight.invite)
    elif not preflight.member:
        yield texts("preflight.step_invite_by_hand", portal=preflight.portal)


def _membership(preflight: Preflight, texts: Texts) -> Iterator[str]:
    yield _presence(preflight, texts)
    for obstacle in _obstacles(preflight):
        yield texts(f"preflight.{obstacle}", portal=preflight.portal)


def _presence(preflight: Preflight, texts: Texts) -> str:
    if preflight.member:
        return texts("preflight.in_server")
    return texts("preflight.member_unknown" if preflight.member is None else "preflight.not_in_server")


def _obstacles(preflight: Preflight) -> Iterator[str]:
    """Yield what keeps a bot that is not in the server from being invited."""
    application = preflight.application
    if preflight.member or application is None:
        return
    if application.bot_require_code_grant:
        yield "code_grant"
    if not application.bot_public:
        yield "not_public"


def _failure(preflight: Preflight, failure: ProviderError, provider: str, texts: Texts) -> str:
    if isinstance(failure, UnauthorizedError):
        return texts("preflight.refused", provider=provider, portal=preflight.portal)
    if isinstance(failure, RateLimitedError):
        return texts("preflight.rate_limited")
    return texts("preflight.failed", why=what_failed(failure, "Discord", texts))
