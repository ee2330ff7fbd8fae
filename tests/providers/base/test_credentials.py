"""Credentials that an admin has typed are checked field by field, safe in a header, and never shown."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import InvalidInputError
from bot.providers import providers
from bot.providers.base.credentials import CredentialField, Credentials, read_credentials

SECRET = CredentialField("secret", min_length=8, max_length=20)
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
        assert value in {typed[name].strip(), typed[name].strip().lower()}


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
