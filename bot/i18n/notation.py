"""How each locale writes numbers and days."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple


class Notation(NamedTuple):
    """The signs of one locale. short_day: a day in its shortest form, without the year."""

    thousands: str
    decimal: str
    short_day: str

    def number(self, value: float, decimals: int = 0) -> str:
        """Return a rounded number; half of the last digit is rounded to the even one."""
        written = f"{Decimal(str(value)):,.{decimals}f}"
        return written.translate({ord(","): self.thousands, ord("."): self.decimal})

    def day(self, day: date) -> str:
        """Return a day in its shortest form."""
        return self.short_day.format(day=day)


NOTATIONS: Final[Mapping[str, Notation]] = {
    "en-US": Notation(",", ".", "{day.month}/{day.day}"),
    "pt-BR": Notation(".", ",", "{day:%d/%m}"),
}
"""By locale, as the Unicode CLDR has them."""
