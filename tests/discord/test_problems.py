"""Every error has an embed that says what happened, why, and what to do, with a reference."""

import re
from collections.abc import Iterator
from itertools import product
from types import ModuleType

import discord
import pytest

from bot import errors, setup_errors
from bot.discord.problems import new_reference, problem
from bot.errors import (
    CooldownError,
    EnteredCredentialsRefusedError,
    InvalidInputError,
    NotAllowedError,
    NotListedError,
    PatchbayError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    RejectedError,
    RequestError,
    ServerFaultError,
    UnauthorizedError,
)
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.unsent import UnsentError
from bot.setup_errors import SetupError
from tests.support.embeds import embed_text, fits_discord, utf16_length
from tests.support.error_kinds import concrete_errors, input_rules, missing_rights
from tests.support.hostile import PAYLOADS, marks, plain_marks, unseen

NAMES = {"sensay": "Sensay", "toolzz": "Toolzz"}
# A value for each name under which a member's error carries one.
VALUES: dict[str, str | int] = {
    "provider": "toolzz",
    "name": "loja",
    "names": "loja, porto",
    "limit": 25,
    "count": 3,
    "number": 2,
    "input": "toolzz.access_token",
    "other": "toolzz.unit_id",
    "choices": "discord, telegram",
    "server": "Loja do Norte",
    "unit": "unit-7",
    "min": 50,
    "max": 80,
    "until": 1_700_000_000,
    "permissions": "Send Messages, Embed Links",
    "channel": 1_456_074_443_980_800_019,
    "role": 1_456_074_443_980_800_020,
}
CANARY = "CANARY-of-a-secret"
NOW = 1_700_000_000
PROVIDER_ERRORS = list(concrete_errors(ProviderError))
every_language = pytest.mark.parametrize("locale", LOCALES)


def members_errors() -> Iterator[PatchbayError]:
    """Yield one of each error that a member can cause, with all values that it can carry."""
    for kind in concrete_errors(PatchbayError):
        if issubclass(kind, (ProviderError, SetupError)):
            continue
        if kind is NotListedError:
            continue  # an InvalidInputError with the same texts
        if issubclass(kind, InvalidInputError):
            yield from (kind(rule, **VALUES) for rule in input_rules())
        elif issubclass(kind, NotAllowedError):
            yield from (kind(needed) for needed in missing_rights())
        else:
            yield kind(**VALUES)


def providers_errors(**values: object) -> Iterator[ProviderError]:
    """Yield one of each error of each provider, and of an unknown provider."""
    for kind, slug in product(PROVIDER_ERRORS, [*NAMES, "unheard-of"]):
        yield kind(slug, **{"status": 418, **values})  # type: ignore[arg-type]


def embed_of(error: BaseException, locale: str = LOCALES[0]) -> discord.Embed:
    """Return the embed of an error, made at the time ``NOW``."""
    return problem(error, load_catalog()[locale], NAMES, "PB-22222222", now=NOW)


def is_complete(embed: discord.Embed, locale: str) -> bool:
    """Tell whether an embed has all parts of an error, with all values filled in."""
    texts = load_catalog()[locale]
    fields = {field.name: field.value for field in embed.fields}
    return (
        bool(embed.title and embed.title[1:].strip())
        and bool(embed.description)
        and bool(fields.get(texts("problem.fix")))
        and bool(embed.footer.text)
        and not re.search(r"[{}]|\bNone\b", embed_text(embed))
        and fits_discord(embed)
    )


@pytest.mark.parametrize("module", [errors, setup_errors])
def test_the_docstring_draws_the_whole_tree(module: ModuleType) -> None:
    """The drawing in the docstring of each module of errors has exactly the classes of the module."""
    drawn = set(re.findall(r"\b(\w+Error)\b", module.__doc__ or ""))
    defined = {name for name, kind in vars(module).items() if isinstance(kind, type)}
    assert drawn == defined


@every_language
def test_every_error_of_a_member_is_complete(locale: str) -> None:
    """Each error has a title, a reason, a fix and our reference, and is a warning if the member can act."""
    found = list(members_errors())
    assert len(found) > 15
    for error in found:
        embed = embed_of(error, locale)
        assert is_complete(embed, locale), repr(error)
        assert (embed.footer.text or "").endswith("PB-22222222")
        assert (embed.title or "").startswith("⚠️" if isinstance(error, RequestError) else "❌")


@every_language
@pytest.mark.parametrize("tier", ["manager", "viewer"])
def test_a_refusal_names_the_roles_that_have_access(locale: str, tier: str) -> None:
    """The roles stand in what to do; a provider's name or a member's text could not be taken for one."""
    embed = embed_of(NotAllowedError(tier, 4711, 4712), locale)
    assert is_complete(embed, locale)
    assert embed.fields[0].value == load_catalog()[locale](
        f"problem.not_allowed.{tier}.by_role.fix", roles="<@&4711>, <@&4712>"
    )
    assert embed.description == embed_of(NotAllowedError(tier), locale).description


@every_language
@pytest.mark.parametrize("unknown", [False, True])
def test_every_error_of_a_provider_is_complete(locale: str, unknown: bool) -> None:
    """Each error is complete for each provider, and shows the provider's own reference if there is one."""
    for error in providers_errors(request_id="req-1", detail="Said so", outcome_unknown=unknown):
        embed = embed_of(error, locale)
        assert is_complete(embed, locale), repr(error)
        assert (embed.footer.text or "").endswith("req-1")
        assert "Said so" in embed_text(embed)
        assert NAMES.get(error.provider, error.provider) in embed_text(embed)
    for error in providers_errors():
        assert (embed_of(error, locale).footer.text or "").endswith("PB-22222222")


@every_language
def test_no_two_errors_have_the_same_title(locale: str) -> None:
    """The title tells the errors apart."""
    named_alike = {EnteredCredentialsRefusedError, UnsentError}  # as what they are a kind of
    of_one = [kind("sensay", status=418) for kind in PROVIDER_ERRORS if kind not in named_alike]
    titles = [embed_of(error, locale).title for error in (*of_one, *members_errors())]
    assert sorted(titles, key=str) == sorted(set(titles), key=str)


@every_language
@pytest.mark.parametrize("slug", [*NAMES, "unheard-of"])
def test_entered_and_stored_credentials_have_different_fixes(locale: str, slug: str) -> None:
    """Both have the same title; reason and fix differ, and only stored credentials are to be rotated."""
    entered = embed_of(EnteredCredentialsRefusedError(slug, status=401), locale)
    stored = embed_of(UnauthorizedError(slug, status=401), locale)
    assert entered.title == stored.title
    assert entered.description != stored.description
    assert "`/connections rotate`" in (stored.fields[0].value or "")
    assert "/connections" not in (entered.fields[0].value or "")


@every_language
def test_the_status_is_shown(locale: str) -> None:
    """Every error that came with an HTTP status shows it in the footer, as support will ask for it."""
    for kind in PROVIDER_ERRORS:
        footer = embed_of(kind("sensay", status=418), locale).footer.text or ""
        assert footer.startswith("HTTP 418 · "), kind
        assert "HTTP" not in embed_text(embed_of(kind("sensay"), locale)), kind


@every_language
def test_an_unknown_outcome_has_a_fix_of_its_own(locale: str) -> None:
    """Where a write may have been carried out, the fix warns of a second try, for every failure."""
    texts = load_catalog()[locale]
    for error in providers_errors(outcome_unknown=True, retry_after=30):
        value = embed_of(error, locale).fields[0].value or ""
        name = NAMES.get(error.provider, error.provider)
        general = texts("problem.outcome_unknown.fix", provider=name)
        assert value in {general, texts.find(f"problem.{error.provider}.outcome_unknown.fix")}
        assert value.startswith("**")


def test_a_pause_is_shown_by_its_end() -> None:
    """Retry-After is shown as the time at which the pause ends."""
    assert "<t:1700000030:R>" in embed_text(embed_of(RateLimitedError("sensay", status=429, retry_after=30)))
    assert "<t:1700000000:R>" in embed_text(embed_of(RateLimitedError("sensay", status=429, retry_after=0)))
    down = embed_of(ServerFaultError("sensay", status=503, retry_after=30))
    assert "<t:1700000030:R>" in embed_text(down)
    assert "<t:" not in embed_text(embed_of(RateLimitedError("sensay", status=429)))


@every_language
def test_a_used_up_quota_shows_no_end_of_a_pause(locale: str) -> None:
    """A code that has a wording of its own keeps it, even if the provider asks for a pause."""
    code = "CONVERSATION_QUOTA_EXCEEDED"
    used_up = embed_of(RateLimitedError("sensay", status=429, code=code, retry_after=30), locale)
    assert is_complete(used_up, locale)
    assert "<t:" not in embed_text(used_up)
    assert used_up.title != embed_of(RateLimitedError("sensay", status=429), locale).title


@every_language
@pytest.mark.parametrize("code", ["SOMETHING_NEW", "TITLE", None])
def test_an_unknown_code_changes_nothing(locale: str, code: str | None) -> None:
    """An error with a code that has no wording reads like the error without a code."""
    coded = embed_of(RateLimitedError("sensay", status=429, code=code), locale)
    assert coded.to_dict() == embed_of(RateLimitedError("sensay", status=429), locale).to_dict()


@every_language
@pytest.mark.parametrize("seconds", [8, 60])
def test_a_timeout_shows_how_long_the_bot_waited(locale: str, seconds: int) -> None:
    """The reason names the seconds of this request."""
    assert f" {seconds} " in (
        embed_of(ProviderTimeoutError("sensay", seconds=seconds), locale).description or ""
    )


@every_language
def test_a_cooldown_shows_its_end(locale: str) -> None:
    """The end is a time that Discord shows in each reader's own zone."""
    assert "<t:1700000000:R>" in embed_text(embed_of(CooldownError(until=1_700_000_000), locale))


@every_language
def test_labels_are_those_of_the_form(locale: str) -> None:
    """An input is shown with its label in the form, not with its id."""
    embed = embed_of(InvalidInputError("needs", input="sensay.user_id_type", other="sensay.user_id"), locale)
    texts = load_catalog()[locale]
    for field in ("user_id_type", "user_id"):
        assert f"**{texts(f'credential.sensay.{field}.label')}**" in (embed.description or "")
    assert "user" not in (embed.description or "").lower().replace("user id", "")


@every_language
@pytest.mark.parametrize(
    "error",
    [
        ValueError(CANARY),
        KeyError(CANARY),
        ExceptionGroup(CANARY, [RuntimeError(CANARY)]),
        SetupError(path=CANARY),
        *(kind(name=CANARY, reason=CANARY, path=CANARY) for kind in concrete_errors(SetupError)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unexpected_error_keeps_its_text_to_itself(locale: str, error: Exception) -> None:
    """An error that nobody foresaw reads like any other such error, and shows no text of its own."""
    embed = embed_of(error, locale)
    assert is_complete(embed, locale)
    assert CANARY not in str(embed.to_dict())
    assert type(error).__name__ not in str(embed.to_dict())
    assert embed.to_dict() == embed_of(PatchbayError(), locale).to_dict()


def test_hostile_text_does_nothing() -> None:
    """A provider's text and the values of an error are shown as the characters that they are."""
    harmless = {
        "detail": marks(embed_text(embed_of(RejectedError("sensay", status=400, detail="x")))),
        "name": marks(embed_text(embed_of(errors.ConnectionExistsError(provider="sensay", name="x")))),
    }
    for payload in PAYLOADS:
        detail = embed_of(RejectedError("sensay", status=400, detail=payload, request_id=payload))
        name = embed_of(errors.ConnectionExistsError(provider="sensay", name=payload))
        for kind, embed in (("detail", detail), ("name", name)):
            assert marks(embed_text(embed)) <= harmless[kind], payload
            assert unseen(embed_text(embed)) == set(), payload
            assert fits_discord(embed)
        assert plain_marks(detail.footer.text or "") == {}, payload


@every_language
def test_no_error_is_over_a_limit(locale: str) -> None:
    """The longest possible texts still make an embed that Discord takes."""
    long = "\U0001f600*" * 5_000
    values = {name: long if isinstance(value, str) else value for name, value in VALUES.items()}
    for kind in concrete_errors(RequestError):
        if not issubclass(kind, NotAllowedError):
            error = kind("missing", **values) if issubclass(kind, InvalidInputError) else kind(**values)
            assert fits_discord(embed_of(error, locale))
    for failure in providers_errors(detail=long, request_id="r" * 128):
        assert fits_discord(embed_of(failure, locale))
    assert utf16_length(embed_of(RejectedError("sensay", detail=long)).fields[1].value) <= 500


def test_references_are_short_and_differ() -> None:
    """A reference has eight characters without look-alikes, and each error gets another one."""
    made = [new_reference() for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"PB-[2-9A-HJ-NP-Z]{8}", reference) for reference in made)
