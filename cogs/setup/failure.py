"""What went wrong last in the steps of ``/setup``, as the message shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import discord

from bot.discord.context import Context
from bot.discord.problems import explain, footer_of
from bot.discord.text import quoted
from bot.errors import PatchbayError, ProviderError

Step = Literal["credentials", "check", "agents", "alerts", "board"]
"""The step of the message, or of its last page, that something fails in."""
_DETAIL: Final = 200
"""Characters of what the provider says of it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that failed: what happened and why, what to do, and what support asks for.

    retry: the button that tries again, if that may help.
    """

    step: Step
    text: str
    fix: str
    footer: str = ""
    retry: Sequence[discord.ui.Item[Any]] = ()


def failure_of(
    step: Step, error: PatchbayError, ctx: Context, reference: str, retry: Sequence[discord.ui.Item[Any]]
) -> Failure:
    """Return what the message shows of an error. reference: ours, which the log has too."""
    texts, names = ctx.texts, ctx.services.provider_names
    explained = explain(error, texts, names, now=ctx.services.clock())
    lines = [f"**{explained.title}**", explained.why]
    if isinstance(error, ProviderError) and error.detail:
        said = texts("problem.detail", provider=names.get(error.provider, error.provider))
        lines.append(f"{said}: {quoted(error.detail, _DETAIL)}")
    return Failure(step, "\n".join(lines), explained.fix, footer_of(error, reference, texts), retry)
