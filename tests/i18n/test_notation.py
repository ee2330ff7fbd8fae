"""Numbers and days are written as the Unicode CLDR says, which babel holds."""

from datetime import date

import pytest
from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from bot.i18n.catalog import LOCALES
from bot.i18n.notation import NOTATIONS

EACH_LOCALE = pytest.mark.parametrize("locale", LOCALES)
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(-1e9, 1e9, allow_subnormal=False)


def test_each_locale_has_a_notation() -> None:
    """A language that is added cannot be forgotten here."""
    assert set(NOTATIONS) == set(LOCALES)


@EACH_LOCALE
@given(value=NUMBERS, decimals=st.integers(0, 3))
def test_a_number_is_written_as_babel_writes_it(locale: str, value: float, decimals: int) -> None:
    """With its rounding, the groups of its thousands and its sign."""
    pattern = "#,##0" + "." * (decimals > 0) + "0" * decimals
    expected = format_decimal(value, format=pattern, locale=Locale.parse(locale, sep="-"))
    assert NOTATIONS[locale].number(value, decimals) == expected


@EACH_LOCALE
@given(day=st.dates())
def test_a_day_is_written_as_babel_writes_it(locale: str, day: date) -> None:
    """In the language's shortest form of month and day."""
    assert NOTATIONS[locale].day(day) == format_skeleton("Md", day, locale=Locale.parse(locale, sep="-"))
