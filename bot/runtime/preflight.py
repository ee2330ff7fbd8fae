"""Finds out what can be known about a bot token before it is passed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord
import structlog

from bot.errors import InvalidInputError, ProviderError, RateLimitedError, UnauthorizedError
from bot.runtime.membership import is_human, is_member
from bot.ui.discord_token import LEAST_PERMISSIONS, account_id, bot_page, invite_link
from bot.ui.problems import what_failed
from bot.ui.text import code, quoted
from bot.ui.theme import Field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.i18n.catalog import Texts
    from bot.runtime.client import PatchbayBot
    from bot.services.preflight import Application

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Preflight:
    """What Discord said about a token.

    application: None where Discord did not tell; ``failure`` says why. bot_id: the bot's user id, as far as
    Discord or the token names it. member: whether that bot is in the server, None where it is not known.
    permissions: what it is going to need there.
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
        application = self.bot_id if self.application is None else self.application.id
        if self.member or application is None:
            return None
        return invite_link(application, self.guild_id, self.permissions)

    @property
    def portal(self) -> str:
        """The bot's own page in the Developer Portal, where it is known."""
        return bot_page(self.bot_id if self.application is None else self.application.id)


async def examine(
    bot: PatchbayBot, guild_id: int, token: str, permissions: discord.Permissions = LEAST_PERMISSIONS
) -> Preflight:
    """Ask Discord whose token this is, and whether that bot is in the server, where it needs permissions.

    Raises InvalidInputError for our own token and for a person's. Discord's own failures are no reason to
    stop: they are part of what is returned.
    """
    named = account_id(token)
    if named is not None and named in {bot.application_id, bot.user.id if bot.user else None}:
        raise InvalidInputError("own_token")
    asked = await bot.preflight.ask(token)
    if isinstance(asked, ProviderError):
        _log.info("preflight_failed", guild=guild_id, error=asked.key, status=asked.status)
        # Asked with a person's token as if it were a bot's, Discord refuses it like any wrong one. Where it
        # does not get to answering, a person's token is to stay here all the same.
        if named is not None and await is_human(bot, named):
            raise InvalidInputError("user_token")
        member = None if named is None else await is_member(bot, guild_id, named)
        return Preflight(guild_id, None, asked, named, member, permissions)
    if asked.id == bot.application_id:
        raise InvalidInputError("own_token")
    bot_id = named if asked.bot is None else asked.bot.id
    member = None if bot_id is None else await is_member(bot, guild_id, bot_id)
    return Preflight(guild_id, asked, None, bot_id, member, permissions)


def preflight_fields(preflight: Preflight, provider: str, texts: Texts) -> Iterator[Field]:
    """Show what was found out. provider: the proper name of whoever is to receive the token."""
    application = preflight.application
    if preflight.failure is not None:
        yield Field(texts("preflight.bot"), _failure(preflight.failure, provider, texts))
    if application is not None:
        yield Field(texts("preflight.bot"), f"**{quoted(application.name)}**\n{code(str(application.id))}")
        yield Field(
            texts("preflight.intent"),
            texts("preflight.intent_on")
            if application.reads_messages
            else texts("preflight.intent_off", portal=preflight.portal),
        )
    yield Field(texts("preflight.here"), "\n".join(_here(preflight, texts)))


def way_in(preflight: Preflight, texts: Texts) -> discord.ui.Button[discord.ui.View]:
    """Return the button that brings the bot into the server; to the bot's own page where it is there."""
    if preflight.invite is None:
        return discord.ui.Button(label="Developer Portal", url=preflight.portal)
    return discord.ui.Button(label=texts("token.invite"), url=preflight.invite)


def steps_before(last: str, preflight: Preflight, texts: Texts) -> str:
    """Return what the admin still has to do so that the bot can answer in the server, and then ``last``."""
    steps = [*_missing(preflight, texts), last]
    return last if len(steps) == 1 else "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _missing(preflight: Preflight, texts: Texts) -> list[str]:
    steps = []
    if preflight.application is None or not preflight.application.reads_messages:
        steps.append(texts("preflight.step_intent", portal=preflight.portal))
    if preflight.invite is not None:
        steps.append(
            " ".join([texts("preflight.step_invite", link=preflight.invite), *_more(preflight, texts)])
        )
    elif not preflight.member:
        steps.append(texts("preflight.step_invite_by_hand", portal=preflight.portal))
    return steps


def _here(preflight: Preflight, texts: Texts) -> Iterator[str]:
    if preflight.member:
        yield texts("preflight.member")
        return
    if preflight.member is None:
        yield texts("preflight.member_unknown")
    else:
        yield texts("preflight.not_member")
    if preflight.invite is not None:
        yield " ".join([texts("preflight.invite", link=preflight.invite), *_more(preflight, texts)])
    application = preflight.application
    if application is not None and application.bot_require_code_grant:
        yield texts("preflight.code_grant", portal=preflight.portal)
    if application is not None and not application.bot_public:
        yield texts("preflight.not_public")


def _more(preflight: Preflight, texts: Texts) -> Iterator[str]:
    """Say what the invite link grants beyond the least."""
    if preflight.permissions.create_public_threads:
        yield texts("preflight.invite_threads")


def _failure(failure: ProviderError, provider: str, texts: Texts) -> str:
    if isinstance(failure, UnauthorizedError):
        return texts("preflight.refused", provider=provider)
    if isinstance(failure, RateLimitedError):
        return texts("preflight.rate_limited")
    return texts("preflight.failed", why=what_failed(failure, "Discord", texts))
