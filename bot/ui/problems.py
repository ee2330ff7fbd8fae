"""The one place that words an error for a member: what happened, why, what to do, and a reference."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.errors import (
    InvalidInputError,
    NotAllowedError,
    PatchbayError,
    ProviderError,
    RateLimitedError,
    RequestError,
    SetupError,
)
from bot.ui.text import plain, quoted
from bot.ui.theme import Field, Tone, card, when

if TYPE_CHECKING:
    from collections.abc import Mapping

    import discord

    from bot.i18n.catalog import Texts

_REFERENCE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Explanation(NamedTuple):
    """What happened, why, and what to do."""

    title: str
    why: str
    fix: str


def new_reference() -> str:
    """Return a short id that stands in the embed and in the log, without look-alike characters."""
    return "PB-" + "".join(secrets.choice(_REFERENCE_ALPHABET) for _ in range(8))


def what_failed(failure: ProviderError, provider: str, texts: Texts) -> str:
    """Name a failure within a sentence. provider: its proper name."""
    return texts(f"problem.{failure.key}.title", provider=provider, status=failure.status or 0)


def refer_to(embed: discord.Embed, failure: ProviderError, texts: Texts) -> None:
    """Show the provider's own reference, where it gave one."""
    if failure.request_id:
        embed.set_footer(text=texts("problem.reference", reference=plain(failure.request_id, 128)))


def problem(
    error: BaseException, texts: Texts, provider_names: Mapping[str, str], reference: str
) -> discord.Embed:
    """Word an error. reference: ours, shown where the provider gave none of its own."""
    if not isinstance(error, PatchbayError) or isinstance(error, SetupError):
        error = PatchbayError()
    explained = explain(error, texts, provider_names)
    fields: list[Field] = []
    if isinstance(error, ProviderError):
        if error.detail:
            provider = provider_names.get(error.provider, error.provider)
            fields.append(Field(texts("problem.detail", provider=provider), quoted(error.detail, 500)))
        reference = plain(error.request_id or reference, 128)
    fields.append(Field(texts("problem.fix"), explained.fix))
    return card(
        Tone.WARNING if isinstance(error, RequestError) else Tone.BAD,
        explained.title,
        explained.why,
        fields=fields,
        footer=texts("problem.reference", reference=reference),
    )


def explain(error: PatchbayError, texts: Texts, provider_names: Mapping[str, str]) -> Explanation:
    """Say what an error is about, for a place that is more than an error's embed."""
    prefixes: tuple[str, ...]
    if isinstance(error, ProviderError):
        values: dict[str, str | int] = {
            "provider": provider_names.get(error.provider, error.provider),
            "status": error.status or 0,
            "seconds": error.seconds or 0,
        }
        own = f"problem.{error.provider}.{error.key}"
        # An error code is the provider's word: unknown ones have no wording of their own.
        prefixes = (f"{own}.{(error.code or '').lower()}", own, f"problem.{error.key}")
    else:
        values = {name: _show(name, value, texts, provider_names) for name, value in error.values.items()}
        prefixes = (f"problem.{_particular(error)}",)
    return Explanation(
        title=_first(texts, prefixes, "title", values),
        why=_first(texts, prefixes, "why", values),
        fix=_fix(error, texts, prefixes, values),
    )


def _particular(error: PatchbayError) -> str:
    """Return the key of an error, of one that has several wordings with the one that fits."""
    if isinstance(error, InvalidInputError):
        return f"{error.key}.{error.field}"
    return f"{error.key}.{error.needed}" if isinstance(error, NotAllowedError) else error.key


def _fix(
    error: BaseException, texts: Texts, prefixes: tuple[str, ...], values: Mapping[str, str | int]
) -> str:
    if isinstance(error, ProviderError) and error.outcome_unknown:
        # The most important thing to say: a second try could do it twice.
        return _first(
            texts, (f"problem.{error.provider}.outcome_unknown", "problem.outcome_unknown"), "fix", values
        )
    # What is used up for the month does not come back after a pause, whoever asks for one.
    worded_by_code = texts.find(f"{prefixes[0]}.fix", **values) is not None
    if isinstance(error, RateLimitedError) and error.retry_after is not None and not worded_by_code:
        return texts("problem.rate_limited.fix_wait", **values, time=when(time.time() + error.retry_after))
    return _first(texts, prefixes, "fix", values)


def _first(texts: Texts, prefixes: tuple[str, ...], part: str, values: Mapping[str, str | int]) -> str:
    """Return the most particular wording there is; the last prefix always has one."""
    for prefix in prefixes[:-1]:
        if (text := texts.find(f"{prefix}.{part}", **values)) is not None:
            return text
    return texts(f"{prefixes[-1]}.{part}", **values)


def _show(name: str, value: str | int, texts: Texts, provider_names: Mapping[str, str]) -> str | int:
    """Return a value as members know it: a provider's name, an input's label, else the text itself."""
    if isinstance(value, int):
        return when(value) if name == "until" else value
    known = None
    if name == "provider":
        known = provider_names.get(value)
    elif name in {"input", "other"}:
        known = texts.find(f"credential.{value}.label")
    return known or quoted(value)
