"""The one place that turns an error into text for members: what happened, why, what to do, a reference."""

import secrets
from collections.abc import Mapping
from typing import Final, NamedTuple

import discord

from bot import errors
from bot.discord.text import plain, quoted
from bot.discord.theme import Field, Tone, card, notice, when
from bot.i18n.catalog import Texts
from bot.network_faults import fault_of
from bot.providers.base.outcome import LookupResult
from bot.setup_errors import SetupError

_REFERENCE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_MAX_DETAIL: Final = 100
"""Characters of the provider's own words, so that what to do is on a phone's screen as well."""


class Explanation(NamedTuple):
    """What happened, why, and what to do."""

    title: str
    why: str
    fix: str


def new_reference() -> str:
    """Return a short id that stands in the embed and in the log, without look-alike characters."""
    return "PB-" + "".join(secrets.choice(_REFERENCE_ALPHABET) for _ in range(8))


def what_failed(failure: errors.ProviderError, provider: str, texts: Texts) -> str:
    """Return the name of a failure for use within a sentence. provider: its proper name."""
    return texts(f"problem.{failure.key}.title", provider=provider, status=failure.status or 0)


def refer_to(embed: discord.Embed, failure: errors.ProviderError, texts: Texts) -> None:
    """Show the HTTP status and the provider's own reference in the footer, where there are any."""
    if footer := _footer(failure.status, failure.request_id or "", texts):
        embed.set_footer(text=footer)


def footer_of(error: errors.PatchbayError, reference: str, texts: Texts) -> str:
    """Return what support asks for first. reference: ours, shown where the provider gave none of its own."""
    if isinstance(error, errors.ProviderError):
        return _footer(error.status, error.request_id or reference, texts)
    return _footer(None, reference, texts)


def _footer(status: int | None, reference: str, texts: Texts) -> str:
    """Return what support asks for first. status: of the response, None where there was none."""
    parts = [f"HTTP {status}" if status else ""]
    parts.append(texts("problem.reference", reference=plain(reference, 128)) if reference else "")
    return " · ".join(filter(None, parts))


def result_notice(
    texts: Texts,
    key: str,
    result: LookupResult,
    *fields: Field,
    doubt: errors.ProviderError | None,
    provider: str,
    next_step: str | None = None,
) -> discord.Embed:
    """Say what a look at the provider has shown of a write.

    key: as for ``notice``; it ends with the result. doubt: why the provider's own answer to the write did not
    say it, where the write was sent just now. provider: its proper name.
    """
    how = texts(f"{key}_how")
    if doubt is not None:
        action = key.removesuffix(f".{result}")
        how = f"{texts(f'{action}.doubt', why=what_failed(doubt, provider, texts))}\n{how}"
    tone = Tone.GOOD if result is LookupResult.THERE else Tone.WARNING
    embed = notice(texts, tone, key, *fields, how=how, next_step=next_step)
    if doubt is not None:
        refer_to(embed, doubt, texts)
    return embed


def problem(
    error: BaseException, texts: Texts, provider_names: Mapping[str, str], reference: str, *, now: float
) -> discord.Embed:
    """Return the embed of an error.

    reference: ours, shown where the provider gave none of its own. now: seconds since 1970.
    """
    error = as_ours(error)
    explained = explain(error, texts, provider_names, now=now)
    fields: list[Field] = []
    if isinstance(error, errors.ProviderError) and error.detail:
        provider = provider_names.get(error.provider, error.provider)
        fields.append(Field(texts("problem.detail", provider=provider), quoted(error.detail, _MAX_DETAIL)))
    fields.append(Field(texts("problem.fix"), explained.fix))
    return card(
        Tone.WARNING if isinstance(error, errors.RequestError) else Tone.BAD,
        explained.title,
        explained.why,
        fields=fields,
        footer=footer_of(error, reference, texts),
    )


def as_ours(error: BaseException) -> errors.PatchbayError:
    """Return an error that has a text: itself, or the one that stands for whatever nobody expected."""
    if not isinstance(error, errors.PatchbayError) or isinstance(error, SetupError):
        return errors.PatchbayError()
    return error


def explain(
    error: errors.PatchbayError, texts: Texts, provider_names: Mapping[str, str], *, now: float | None = None
) -> Explanation:
    """Explain an error, for an answer that shows more than the error.

    now: seconds since 1970, from which the end of a provider's pause is told; None where nobody waits for it.
    """
    prefixes: tuple[str, ...]
    if isinstance(error, errors.ProviderError):
        values: dict[str, str | int] = {
            "provider": provider_names.get(error.provider, error.provider),
            "status": error.status or 0,
            "seconds": error.seconds or 0,
        }
        own = f"problem.{error.provider}.{error.key}"
        # The code comes from the provider; a code that we do not know has no wording.
        prefixes = (f"{own}.{(error.code or '').lower()}", own, f"problem.{error.key}")
        if isinstance(error, errors.UnreachableError):
            prefixes = (own, f"problem.{error.key}.{fault_of(error)}", f"problem.{error.key}")
    else:
        values = {name: _show(name, value, texts, provider_names) for name, value in error.values.items()}
        particular = f"problem.{_particular(error)}"
        prefixes = (f"{particular}.by_role", particular) if "roles" in error.values else (particular,)
    return Explanation(
        title=_first(texts, prefixes, "title", values),
        why=_first(texts, prefixes, "why", values),
        fix=_fix(error, texts, prefixes, values, now),
    )


def _particular(error: errors.PatchbayError) -> str:
    """Return the key of an error, with the case where an error has a wording for each case."""
    if isinstance(error, errors.InvalidInputError):
        return f"{error.key}.{error.field}"
    return f"{error.key}.{error.needed}" if isinstance(error, errors.NotAllowedError) else error.key


def _fix(
    error: errors.PatchbayError,
    texts: Texts,
    prefixes: tuple[str, ...],
    values: Mapping[str, str | int],
    now: float | None,
) -> str:
    if isinstance(error, errors.ProviderError) and error.outcome_unknown:
        # The most important thing to say: a second try could do it twice.
        prefixes = (f"problem.{error.provider}.outcome_unknown", "problem.outcome_unknown")
    elif (
        isinstance(error, errors.ProviderError)
        and error.is_temporary
        and error.retry_after is not None
        and now is not None
    ):
        # A used-up quota has a wording by its code: it does not come back after the pause.
        fix = texts.find(f"{prefixes[0]}.fix", **values)
        return fix or texts("problem.rate_limited.fix_wait", **values, time=when(now + error.retry_after))
    return _first(texts, prefixes, "fix", values)


def _first(texts: Texts, prefixes: tuple[str, ...], part: str, values: Mapping[str, str | int]) -> str:
    """Return the most particular wording that exists; the last prefix always has one."""
    found = (texts.find(f"{prefix}.{part}", **values) for prefix in prefixes[:-1])
    return next((text for text in found if text is not None), None) or texts(
        f"{prefixes[-1]}.{part}", **values
    )


def _show(name: str, value: str | int, texts: Texts, provider_names: Mapping[str, str]) -> str | int:
    """Return a value as members know it: a provider's name, an input's label, a channel, or the text itself.

    An input is written ``<provider>.<field>``, and roles as their ids with blanks between them.
    """
    if isinstance(value, int):
        shown = {"until": when(value), "channel": f"<#{value}>", "role": f"<@&{value}>"}
        return shown.get(name, value)
    if name == "roles":
        return ", ".join(f"<@&{role_id}>" for role_id in value.split())
    known = None
    if name == "provider":
        known = provider_names.get(value)
    elif name in {"input", "other"}:
        known = texts.find(f"credential.{value}.label")
    return known or quoted(value)
