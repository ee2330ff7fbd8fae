"""Every error has words: what happened, why, what to do, and a reference."""

import re
from collections.abc import Iterator
from itertools import product

import discord
import pytest

from bot import errors
from bot.errors import (
    CooldownError,
    EnteredCredentialsRefusedError,
    InvalidInputError,
    NotAllowedError,
    PatchbayError,
    ProviderError,
    ProviderTimeoutError,
    RateLimitedError,
    RejectedError,
    RequestError,
    SetupError,
    UnauthorizedError,
)
from bot.i18n.catalog import LOCALES, load_catalog
from bot.ui.problems import new_reference, problem
from tests.i18n.test_catalogs import kinds, lacks, rules
from tests.ui.hostile import PAYLOADS, marks, plain_marks, unseen
from tests.ui.test_theme import accepted, utf16

NAMES = {"sensay": "Sensay", "toolzz": "Toolzz"}
# Whatever the errors of members carry, by name.
VALUES: dict[str, str | int] = {
    "provider": "toolzz",
    "name": "loja",
    "names": "loja, porto",
    "limit": 25,
    "input": "access_token",
    "other": "unit_id",
    "choices": "discord, telegram",
    "server": "Loja do Norte",
    "min": 50,
    "max": 80,
    "until": 1_700_000_000,
    "permissions": "Send Messages, Embed Links",
}
CANARY = "CANARY-of-a-secret"
PROVIDER_ERRORS = list(kinds(ProviderError))
every_language = pytest.mark.parametrize("locale", LOCALES)


def members_errors() -> Iterator[PatchbayError]:
    """Yield one of each error that a member can cause, with all values that it can carry."""
    for kind in kinds(PatchbayError):
        if issubclass(kind, (ProviderError, SetupError)):
            continue
        if issubclass(kind, InvalidInputError):
            yield from (kind(rule, **VALUES) for rule in rules())
        elif issubclass(kind, NotAllowedError):
            yield from (kind(needed) for needed in lacks())
        else:
            yield kind(**VALUES)


def providers_errors(**values: object) -> Iterator[ProviderError]:
    """Yield one of each error of each provider, and of one that nobody knows."""
    for kind, slug in product(PROVIDER_ERRORS, [*NAMES, "unheard-of"]):
        yield kind(slug, **{"status": 418, **values})  # type: ignore[arg-type]


def worded(error: BaseException, locale: str = LOCALES[0]) -> discord.Embed:
    """Word an error."""
    return problem(error, load_catalog()[locale], NAMES, "PB-22222222")


def words(embed: discord.Embed) -> str:
    """Return what is shown with markup: all but the title's symbol and the footer."""
    parts = [embed.title or "", embed.description or ""]
    return "\n".join([*parts, *(f"{field.name}\n{field.value}" for field in embed.fields)])


def complete(embed: discord.Embed, locale: str) -> bool:
    """Tell whether an embed has all parts of an error, with every value filled in."""
    texts = load_catalog()[locale]
    fields = {field.name: field.value for field in embed.fields}
    return (
        bool(embed.title and embed.title[1:].strip())
        and bool(embed.description)
        and bool(fields.get(texts("problem.fix")))
        and bool(embed.footer.text)
        and not re.search(r"[{}]|\bNone\b", words(embed))
        and accepted(embed)
    )


def test_the_tree_is_the_one_that_the_docstring_draws() -> None:
    """Every class of the module is in the drawing, and the other way round."""
    drawn = set(re.findall(r"\b(\w+Error)\b", errors.__doc__ or ""))
    defined = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    assert drawn == defined


@every_language
def test_every_error_of_a_member_is_worded(locale: str) -> None:
    """Each has title, reason, way out and our reference, and is a warning where the member can act."""
    found = list(members_errors())
    assert len(found) > 15
    for error in found:
        embed = worded(error, locale)
        assert complete(embed, locale), repr(error)
        assert (embed.footer.text or "").endswith("PB-22222222")
        assert (embed.title or "").startswith("⚠️" if isinstance(error, RequestError) else "❌")


@every_language
@pytest.mark.parametrize("unknown", [False, True])
def test_every_error_of_a_provider_is_worded(locale: str, unknown: bool) -> None:
    """Each has its parts for each provider, and the provider's own reference where there is one."""
    for error in providers_errors(request_id="req-1", detail="Said so", outcome_unknown=unknown):
        embed = worded(error, locale)
        assert complete(embed, locale), repr(error)
        assert (embed.footer.text or "").endswith("req-1")
        assert "Said so" in words(embed)
        assert NAMES.get(error.provider, error.provider) in words(embed)
    for error in providers_errors():
        assert (worded(error, locale).footer.text or "").endswith("PB-22222222")


@every_language
def test_no_two_errors_read_the_same(locale: str) -> None:
    """Titles and reasons tell errors apart."""
    of_one = [
        kind("sensay", status=418) for kind in PROVIDER_ERRORS if kind is not EnteredCredentialsRefusedError
    ]
    titles = [worded(error, locale).title for error in (*of_one, *members_errors())]
    assert sorted(titles, key=str) == sorted(set(titles), key=str)


@every_language
@pytest.mark.parametrize("slug", [*NAMES, "unheard-of"])
def test_entered_and_stored_credentials_have_different_ways_out(locale: str, slug: str) -> None:
    """Both were refused, and so says the title; why and what to do differ, and only stored ones rotate."""
    entered = worded(EnteredCredentialsRefusedError(slug, status=401), locale)
    stored = worded(UnauthorizedError(slug, status=401), locale)
    assert entered.title == stored.title
    assert entered.description != stored.description
    assert "`/connections rotate`" in (stored.fields[0].value or "")
    assert "/connections" not in (entered.fields[0].value or "")


@every_language
def test_the_status_is_named(locale: str) -> None:
    """Every refusal says which status it came with, as support will ask for it."""
    without_status = {"timeout", "unreachable", "not_json", "malformed_answer", "too_large"}
    for kind in PROVIDER_ERRORS:
        named = "418" in words(worded(kind("sensay", status=418), locale))
        assert named is (kind.key not in without_status), kind


@every_language
def test_an_unknown_outcome_is_the_first_thing_to_do_something_about(locale: str) -> None:
    """Where a write may have been carried out the way out warns of a second try, for every failure."""
    texts = load_catalog()[locale]
    for error in providers_errors(outcome_unknown=True, retry_after=30):
        value = worded(error, locale).fields[0].value or ""
        name = NAMES.get(error.provider, error.provider)
        general = texts("problem.outcome_unknown.fix", provider=name)
        assert value in {general, texts.find(f"problem.{error.provider}.outcome_unknown.fix")}
        assert value.startswith("**")


def test_a_wait_is_told_as_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry-After becomes the moment from which on it is worth trying."""
    monkeypatch.setattr("bot.ui.problems.time.time", lambda: 1_700_000_000.0)
    assert "<t:1700000030:R>" in words(worded(RateLimitedError("sensay", status=429, retry_after=30)))
    assert "<t:1700000000:R>" in words(worded(RateLimitedError("sensay", status=429, retry_after=0)))
    assert "<t:" not in words(worded(RateLimitedError("sensay", status=429)))


@every_language
def test_what_is_used_up_is_not_a_matter_of_waiting(locale: str) -> None:
    """A code that has its own words keeps them, even where an answer asks for a pause."""
    code = "CONVERSATION_QUOTA_EXCEEDED"
    used_up = worded(RateLimitedError("sensay", status=429, code=code, retry_after=30), locale)
    assert complete(used_up, locale)
    assert "<t:" not in words(used_up)
    assert used_up.title != worded(RateLimitedError("sensay", status=429), locale).title


@every_language
@pytest.mark.parametrize("code", ["SOMETHING_NEW", "TITLE", None])
def test_an_unknown_code_changes_no_word(locale: str, code: str | None) -> None:
    """A code that nobody has words for leaves the error as it reads without one."""
    coded = worded(RateLimitedError("sensay", status=429, code=code), locale)
    assert coded.to_dict() == worded(RateLimitedError("sensay", status=429), locale).to_dict()


@every_language
@pytest.mark.parametrize("seconds", [8, 60])
def test_a_timeout_says_how_long_was_waited(locale: str, seconds: int) -> None:
    """Not every request has the same patience."""
    assert f" {seconds} " in (
        worded(ProviderTimeoutError("sensay", seconds=seconds), locale).description or ""
    )


@every_language
def test_a_cooldown_says_when_it_is_over(locale: str) -> None:
    """The moment is one that Discord shows in each reader's own time."""
    assert "<t:1700000000:R>" in words(worded(CooldownError(until=1_700_000_000), locale))


@every_language
def test_labels_are_those_of_the_form(locale: str) -> None:
    """An input is called what the form calls it, not by its id."""
    embed = worded(InvalidInputError("needs", input="user_id_type", other="user_id"), locale)
    texts = load_catalog()[locale]
    for field in ("user_id_type", "user_id"):
        assert f"**{texts(f'credential.{field}.label')}**" in (embed.description or "")
    assert "user" not in (embed.description or "").lower().replace("user id", "")


@every_language
@pytest.mark.parametrize(
    "error",
    [
        ValueError(CANARY),
        KeyError(CANARY),
        ExceptionGroup(CANARY, [RuntimeError(CANARY)]),
        SetupError(path=CANARY),
        *(kind(name=CANARY, reason=CANARY, path=CANARY) for kind in kinds(SetupError)),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_unexpected_error_keeps_its_text_to_itself(locale: str, error: Exception) -> None:
    """What nobody foresaw is worded as such, without a word of its own, and with a reference."""
    embed = worded(error, locale)
    assert complete(embed, locale)
    assert CANARY not in str(embed.to_dict())
    assert type(error).__name__ not in str(embed.to_dict())
    assert embed.to_dict() == worded(PatchbayError(), locale).to_dict()


def test_hostile_words_do_nothing() -> None:
    """What a provider says, and any value of an error, is shown as the characters that it is."""
    harmless = {
        "detail": marks(words(worded(RejectedError("sensay", status=400, detail="x")))),
        "name": marks(words(worded(errors.ConnectionExistsError(provider="sensay", name="x")))),
    }
    for payload in PAYLOADS:
        detail = worded(RejectedError("sensay", status=400, detail=payload, request_id=payload))
        name = worded(errors.ConnectionExistsError(provider="sensay", name=payload))
        for kind, embed in (("detail", detail), ("name", name)):
            assert marks(words(embed)) <= harmless[kind], payload
            assert unseen(words(embed)) == set(), payload
            assert accepted(embed)
        assert plain_marks(detail.footer.text or "") == {}, payload


@every_language
def test_no_error_is_over_a_limit(locale: str) -> None:
    """The longest words that can come still make an embed that Discord takes."""
    long = "\U0001f600*" * 5_000
    values = {name: long if isinstance(value, str) else value for name, value in VALUES.items()}
    for kind in kinds(RequestError):
        if not issubclass(kind, NotAllowedError):
            error = kind("missing", **values) if issubclass(kind, InvalidInputError) else kind(**values)
            assert accepted(worded(error, locale))
    for failure in providers_errors(detail=long, request_id="r" * 128):
        assert accepted(worded(failure, locale))
    assert utf16(worded(RejectedError("sensay", detail=long)).fields[1].value) <= 500


def test_references_are_short_and_differ() -> None:
    """Eight characters that nobody mixes up, made anew for each error."""
    made = [new_reference() for _ in range(1_000)]
    assert len(set(made)) == len(made)
    assert all(re.fullmatch(r"PB-[2-9A-HJ-NP-Z]{8}", reference) for reference in made)
