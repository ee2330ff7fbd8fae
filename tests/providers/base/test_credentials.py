"""Credentials that an admin has typed are checked field by field, safe in a header, and never shown."""

import asyncio
import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInputError
from bot.providers import providers
from bot.providers.base.credentials import CredentialField, Credentials, Facts, read_credentials
from bot.providers.base.pasted import unwrapped
from bot.providers.base.simulator import made_up_token

SECRET = CredentialField("secret", min_length=8, max_length=20)
LONG = (CredentialField("secret"), CredentialField("user", required=False, secret=False))
TOKEN = made_up_token("1209876543210987654", "00000000")
WEB_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.FAKE-TOKEN-signature"
PUBLIC_KEY = "0123456789abcdefABCDEF" + "0" * 42
KIND = CredentialField("kind", required=False, secret=False, choices=("discord", "telegram"), needs="user")
USER = CredentialField("user", required=False, secret=False)
FIELDS = (SECRET, USER, KIND)

every_field = st.sampled_from([provider.fields for provider in providers()] + [FIELDS])


@given(every_field, st.data())
def test_whatever_is_accepted_keeps_every_rule(
    fields: tuple[CredentialField, ...], data: st.DataObject
) -> None:
    """Any text in any field is refused with the input's name, or is within all bounds and safe in a
    header.
    """
    typed = data.draw(
        st.dictionaries(
            st.sampled_from([field.id for field in fields]) | st.text(max_size=5),
            st.text(max_size=30) | st.from_regex(r"\s?[!-~]{8,20}\s?", fullmatch=True) | st.just("Discord"),
        )
    )
    try:
        read = read_credentials("sim", fields, typed)
    except InvalidInputError as error:
        assert error.values["input"] in {f"sim.{field.id}" for field in fields}  # noqa: PT017 - most texts are refused
        return
    known = {field.id: field for field in fields}
    assert set(read) <= set(known)
    assert {field.id for field in fields if field.required} <= set(read)
    for name, value in read.items():
        field = known[name]
        assert field.min_length <= len(value) <= field.max_length
        assert re.fullmatch(r"[\x21-\x7e]+", value)
        assert not field.choices or value in field.choices
        assert field.needs is None or field.needs in read
        assert value in {unwrapped(typed[name]), unwrapped(typed[name]).lower()}
    assert len(set(read.values())) == len(read)


@pytest.mark.parametrize(
    ("typed", "problem", "field"),
    [
        ({}, "missing", "secret"),
        ({"secret": " \n"}, "missing", "secret"),
        ({"secret": "x" * 7}, "too_short", "secret"),
        ({"secret": "x" * 21}, "too_long", "secret"),
        ({"secret": "two words"}, "not_plain", "secret"),
        ({"secret": "line\r\nX-Evil: 1"}, "not_plain", "secret"),
        ({"secret": "contraseña"}, "not_plain", "secret"),
        ({"secret": "zero\u200bwidth"}, "not_plain", "secret"),
        ({"secret": "x" * 8, "user": "a", "kind": "fax"}, "not_a_choice", "kind"),
        ({"secret": "x" * 8, "kind": "discord"}, "needs", "kind"),
    ],
)
def test_each_rule_has_its_own_error(typed: Mapping[str, str], problem: str, field: str) -> None:
    """The error names the rule and the input, and repeats nothing of what was typed."""
    with pytest.raises(InvalidInputError) as caught:
        read_credentials("sim", FIELDS, typed)
    assert (caught.value.field, caught.value.values["input"]) == (problem, f"sim.{field}")
    values = [str(value) for name, value in caught.value.values.items() if name != "choices"]
    assert [text for text in typed.values() if text.strip() and text in values] == []


def test_blanks_around_a_value_are_taken_off() -> None:
    """Blanks around a value are removed, a choice is compared without case, and an empty field is absent."""
    read = read_credentials("sim", FIELDS, {"secret": "\t12345678 \n", "user": "a", "kind": " Discord "})
    assert dict(read) == {"secret": "12345678", "user": "a", "kind": "discord"}
    assert dict(read_credentials("sim", FIELDS, {"secret": "12345678", "user": " "})) == {
        "secret": "12345678"
    }


@pytest.mark.parametrize(
    ("typed", "problem", "field"),
    [
        ({"secret": TOKEN}, "misplaced_token", "secret"),
        ({"secret": f"Bot {TOKEN}"}, "misplaced_token", "secret"),
        ({"secret": TOKEN.partition(".")[0]}, "misplaced_token", "secret"),
        ({"secret": "mfa.FAKE-TOKEN-of-a-person"}, "misplaced_token", "secret"),
        ({"secret": "12345678", "user": f'"{TOKEN}"'}, "misplaced_token", "user"),
        ({"secret": "1209876543210987654"}, "misplaced_application_id", "secret"),
        ({"secret": " `1209876543210987654` "}, "misplaced_application_id", "secret"),
        ({"secret": PUBLIC_KEY}, "misplaced_public_key", "secret"),
        ({"secret": f"public_key: {PUBLIC_KEY}"}, "misplaced_public_key", "secret"),
        ({"secret": "12345678", "user": WEB_TOKEN}, "misplaced_access_token", "user"),
        ({"secret": "12345678", "user": "Bearer 12345678"}, "same_value", "user"),
    ],
)
def test_what_belongs_elsewhere_is_named(typed: Mapping[str, str], problem: str, field: str) -> None:
    """The error says what was pasted and into which input, and repeats nothing of it."""
    with pytest.raises(InvalidInputError) as caught:
        read_credentials("sim", LONG, typed)
    error = caught.value
    assert (error.field, error.values["input"], error.values["provider"]) == (problem, f"sim.{field}", "sim")
    assert not any(unwrapped(text) in f"{error!r} {error.values}" for text in typed.values())


@pytest.mark.parametrize(
    "typed",
    [
        {"secret": WEB_TOKEN},
        {"secret": "ab" * 16},
        {"secret": "5a0c7f9e-1d3b-4c2a-8e6f-70b1c2d3e401"},
        {"secret": "12345678901234"},
        {"secret": PUBLIC_KEY[1:]},
        {"secret": f"{PUBLIC_KEY}0"},
        {"secret": "12345678", "user": "1209876543210987654"},
        {"secret": "12345678", "user": PUBLIC_KEY},
    ],
)
def test_what_may_be_right_is_accepted(typed: Mapping[str, str]) -> None:
    """A secret may be a web token, digits, a UUID or hexadecimal; an id may be that of a Discord account."""
    assert dict(read_credentials("sim", LONG, typed)) == typed


def test_a_secret_may_look_like_a_public_key() -> None:
    """No provider documents its secrets' form: who is sure may enter 64 hexadecimal digits."""
    assert dict(read_credentials("sim", LONG, {"secret": PUBLIC_KEY}, may_look_like_key=True)) == {
        "secret": PUBLIC_KEY
    }
    with pytest.raises(InvalidInputError, match="invalid_input"):
        read_credentials("sim", LONG, {"secret": TOKEN}, may_look_like_key=True)


def test_what_nobody_asked_for_is_left_out() -> None:
    """A value for an input that the provider does not have is not read."""
    assert "other" not in read_credentials("sim", FIELDS, {"secret": "12345678", "other": "x"})


@given(st.dictionaries(st.sampled_from(["secret", "user"]), st.integers(10**9, 10**12).map(str), min_size=1))
def test_values_are_never_shown(values: dict[str, str]) -> None:
    """repr, str and formatting of credentials name the fields and show no value."""
    credentials = Credentials(values)
    shown = f"{credentials!r} {credentials} {[credentials]} {credentials.items()!r}"
    assert [value for value in values.values() if value in shown] == []


def test_credentials_do_not_change() -> None:
    """Credentials are a copy that cannot be changed."""
    values = {"secret": "12345678"}
    credentials = Credentials(values)
    values["secret"] = "changed"
    assert credentials["secret"] == "12345678"
    assert not hasattr(credentials, "__setitem__")


class Question:
    """A question to a provider that is answered when the test says so."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer = answer
        self.asked = 0
        self.let_go = asyncio.Event()

    async def __call__(self) -> str:
        """Wait, then return or raise the answer."""
        self.asked += 1
        await self.let_go.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_a_fact_is_asked_once() -> None:
    """Callers at the same time share a question, and later ones get its answer."""
    facts, question = Facts(), Question("northwind")
    waiting = [asyncio.create_task(facts.once("owner", question)) for _ in range(20)]
    await asyncio.sleep(0)
    question.let_go.set()
    assert set(await asyncio.gather(*waiting)) == {"northwind"}
    assert await facts.once("owner", question) == "northwind"
    assert question.asked == 1


async def test_a_caller_that_gives_up_takes_nothing_from_the_others() -> None:
    """The question goes on although the one who put it was cancelled."""
    facts, question = Facts(), Question("northwind")
    first, second = (asyncio.create_task(facts.once("owner", question)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    question.let_go.set()
    assert await second == "northwind"
    assert (first.cancelled(), question.asked) == (True, 1)


async def test_a_failure_is_no_fact() -> None:
    """All who wait for it get the failure, and the next caller asks again."""
    facts, question = Facts(), Question(InvalidInputError("x"))
    question.let_go.set()
    waiting = [asyncio.create_task(facts.once("owner", question)) for _ in range(3)]
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [InvalidInputError] * 3
    question.answer = "northwind"
    assert await facts.once("owner", question) == "northwind"
    assert question.asked == 2


async def test_what_a_provider_states_needs_no_question() -> None:
    """A fact that was noted is known, and facts are no part of what credentials show or compare."""
    credentials, question = Credentials({"secret": "12345678"}), Question("x")
    credentials.facts.note("owner", "northwind")
    assert await credentials.facts.once("owner", question) == "northwind"
    assert question.asked == 0
    assert "northwind" not in f"{credentials!r} {credentials} {dict(credentials)}"
    assert credentials == Credentials({"secret": "12345678"})
