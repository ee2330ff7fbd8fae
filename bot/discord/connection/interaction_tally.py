"""Counts what members do, how it ends and how long it takes, under names that this program has chosen."""

import asyncio
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Final

import aiohttp
import discord

from bot.durations import Durations
from bot.errors import (
    DiscordSilentError,
    ErasedSecretError,
    PatchbayError,
    ProviderError,
    UnavailableError,
    UnreadableSecretError,
)

UNKNOWN: Final = "unknown"
"""The name of what no command, component or form of this version is for."""
_Type = discord.InteractionType
_KINDS: Final = (
    (_Type.application_command, "command"),
    (_Type.autocomplete, "suggestions"),
    (_Type.component, "component"),
    (_Type.modal_submit, "form"),
)


class Ending(StrEnum):
    """How an interaction ended."""

    OK = "ok"
    REFUSED = "refused"
    """The member may not do it, or it cannot be done as asked."""
    PROVIDER = "provider_failed"
    """A provider refused, failed, or could not be understood."""
    DISCORD = "discord_failed"
    """Discord refused or did not take what was sent, or does not say what was asked."""
    DATABASE = "database_failed"
    """The database takes no writes at present, or no key opens what is stored."""
    UNANSWERED = "unanswered"
    """Nothing failed, and Discord got no answer: that is a defect."""
    FAILED = "failed"
    """What nobody foresaw."""

    @classmethod
    def of(cls, error: BaseException) -> "Ending":
        """Return how an interaction ends that raises this error."""
        if isinstance(error, ProviderError):
            return cls.PROVIDER
        if isinstance(error, DiscordSilentError):
            return cls.DISCORD
        # An erased secret is no fault: the server's managers enter it again.
        if isinstance(error, (UnavailableError, UnreadableSecretError)) and not isinstance(
            error, ErasedSecretError
        ):
            return cls.DATABASE
        if isinstance(error, PatchbayError) and type(error) is not PatchbayError:
            return cls.REFUSED
        # Only what is asked of Discord ends with TimeoutError: a provider's deadline has an error of its own.
        is_discords = isinstance(error, (discord.DiscordException, aiohttp.ClientError, TimeoutError))
        return cls.DISCORD if is_discords else cls.FAILED


@dataclass(slots=True)
class Handling:
    """What is noted of an interaction while it is handled. Times are those of ``time.perf_counter``.

    began: when it was first looked at. name: of the command whose view or form it is, or the fixed part of a
    component's custom id; empty where the command tree knows. acknowledged: when Discord
    had the first answer.
    """

    began: float = 0.0
    name: str = ""
    acknowledged: float | None = None
    ending: Ending = Ending.OK

    def answered(self) -> None:
        """Note that Discord has the first answer."""
        if self.acknowledged is None:
            self.acknowledged = time.perf_counter()

    def failed(self, error: BaseException) -> None:
        """Note the first error."""
        if self.ending is Ending.OK:
            self.ending = Ending.of(error)


class InteractionTally:
    """Counts by kind (see ``_KINDS``), name (see ``Handling``) and ending.

    Nothing in a key comes from outside: a name is that of a command in the tree or of a class.
    """

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, str, str]] = Counter()
        """By kind, name and ending."""
        self.acknowledged: defaultdict[str, Durations] = defaultdict(Durations)
        """Until the first answer, by kind."""
        self.completed: defaultdict[tuple[str, str], Durations] = defaultdict(Durations)
        """Until all was answered, by kind and name."""
        self.under_way = 0

    def begin(self, interaction: discord.Interaction[Any]) -> Handling:
        """Count an interaction that the running task handles, once that task ends."""
        handling = Handling(time.perf_counter())
        task = asyncio.current_task()
        if task is not None:
            self.under_way += 1
            task.add_done_callback(partial(self._end, interaction, handling))
        return handling

    def count_unread(self) -> None:
        """Count an interaction that could not be parsed."""
        self.ended[UNKNOWN, UNKNOWN, Ending.FAILED] += 1

    def _end(self, interaction: discord.Interaction[Any], handling: Handling, _: object) -> None:
        now = time.perf_counter()
        self.under_way -= 1
        kind, name = kind_of(interaction), handling.name or name_in_tree(interaction) or UNKNOWN
        if interaction.response.is_done():
            # Where discord.py has answered by itself, nobody has noted when.
            answered = now if handling.acknowledged is None else handling.acknowledged
            self.acknowledged[kind].add(answered - handling.began)
        elif handling.ending is Ending.OK:
            handling.ending = Ending.UNANSWERED
        self.ended[kind, name, handling.ending] += 1
        self.completed[kind, name].add(now - handling.began)


def kind_of(interaction: discord.Interaction[Any]) -> str:
    """Return how a member did something, by the type that Discord sent: see ``_KINDS``."""
    return next((word for each, word in _KINDS if interaction.type is each), UNKNOWN)


def name_in_tree(interaction: discord.Interaction[Any]) -> str | None:
    """Return the name of the command that was run, None where there is none or it cannot be read.

    discord.py reads it from what was sent, whose shape may be the very error that is reported.
    """
    try:
        run = interaction.command
    except Exception:  # noqa: BLE001 - what was sent may be of any shape
        return None
    return None if run is None else run.qualified_name
