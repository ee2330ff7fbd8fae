"""Loads the gettext catalogues and gives a text by key and locale."""

import functools
import gettext
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from bot.i18n.notation import NOTATIONS
from bot.i18n.po import CatalogEntry, read_po

DEFAULT_LOCALE: Final = "en-US"
LOCALES: Final = (DEFAULT_LOCALE, "pt-BR")
FORMS: Final = ("o", "do", "no", "ao", "pelo")
"""The forms of a proper name in a language whose article and preposition go with its gender: a Toolzz, da
Toolzz, na Toolzz, à Toolzz, pela Toolzz. The names of the forms are the masculine words.
"""
_WITH_FORMS: Final = frozenset({"pt-BR"})
_ANY_NAME: Final = "{provider}"
"""Where the forms stand that a name without forms of its own takes."""
_PLURAL_RULE: Final = re.compile(r"^Plural-Forms:.*\bplural=([^;\n]+)", re.MULTILINE)
_PACKAGE: Final = Path(__file__).parent.parent


class MissingTextError(LookupError):
    """A catalogue lacks a key, which is a defect of the program."""


def closest_locale(locale: str) -> str:
    """Return the catalogue's locale for a member's: the same one, else the same language, else English."""
    if locale in LOCALES:
        return locale
    language = locale.partition("-")[0]
    return next((known for known in LOCALES if known.partition("-")[0] == language), DEFAULT_LOCALE)


class Texts:
    """The texts of one locale. Call it with a key and the values for its placeholders."""

    def __init__(self, locale: str, entries: Iterable[CatalogEntry]) -> None:
        """entries: of one catalogue after the other; the first one that has a key wins.

        Raises MissingTextError if none of them has a header with the language's plural rule.
        """
        self.locale = locale
        self._notation = NOTATIONS[locale]
        self._texts: dict[str, str] = {}
        self._plurals: dict[str, Sequence[str]] = {}
        self._forms: dict[tuple[str, str], str] = {}
        for entry in entries:
            if entry.context is not None:
                self._forms.setdefault((entry.context, entry.key), entry.texts[0])
                continue
            self._texts.setdefault(entry.key, entry.texts[0])
            if entry.has_plural:
                self._plurals.setdefault(entry.key, entry.texts)
        rule = _PLURAL_RULE.search(self._texts.pop("", ""))
        if rule is None:
            raise MissingTextError(f"{locale}: Plural-Forms")
        self._plural_of = gettext.c2py(rule[1])

    def __call__(self, key: str, **values: str | int) -> str:
        """Return the text.

        Where ``provider`` is given, a text may also name its forms: ``{do}``, or ``{Do}`` with a capital. See
        ``FORMS``. Raises MissingTextError for an unknown key, KeyError for a missing placeholder.
        """
        text = self.find(key, **values)
        if text is None:
            raise MissingTextError(f"{self.locale}: {key}")
        return text

    def find(self, key: str, **values: str | int) -> str | None:
        """Return the text, or None where there is none under this key."""
        text = self._texts.get(key)
        return None if text is None else text.format_map(_Values(values, self))

    def plural(self, key: str, count: int, **values: str | int) -> str:
        """Return the text in its form for the count, which fills ``{count}`` as ``number`` writes it."""
        if key not in self._plurals:
            raise MissingTextError(f"{self.locale}: {key}")
        text = self._plurals[key][self._plural_of(count)]
        return text.format_map(_Values({**values, "count": self.number(count)}, self))

    def form(self, form: str, name: str) -> str:
        """Return a provider's name in one of the ``FORMS``, the name alone where the language has none."""
        found = self._forms.get((form, name))
        if found is not None:
            return found
        return self._forms.get((form, _ANY_NAME), _ANY_NAME).format_map({"provider": name})

    @property
    def thousands(self) -> str:
        """What stands between groups of three digits in the locale's notation."""
        return self._notation.thousands

    def number(self, value: float, decimals: int = 0) -> str:
        """Return a rounded number in the locale's notation."""
        return self._notation.number(value, decimals)

    def percent(self, part: float) -> str:
        """Return a part of 1 in percent, with one decimal at most; only 0 is shown as 0 % and only 1 as
        100 %.
        """
        tenths = math.floor(round(part * 1000, 6))
        if not tenths and part > 0:
            return f"<{self.number(0.1, 1)}%"
        return f"{self.number(tenths / 10, int(tenths % 10 > 0))}%"

    def day(self, day: date) -> str:
        """Return a day in the locale's shortest notation: month and day as numbers, without the year."""
        return self._notation.day(day)


class _Values(dict[str, str | int]):
    """The values for a text's placeholders, and the forms of the provider's name."""

    def __init__(self, values: Mapping[str, str | int], texts: Texts) -> None:
        super().__init__(values)
        self._texts = texts

    def __missing__(self, key: str) -> str:
        form = key.lower()
        if form not in FORMS or "provider" not in self:
            raise KeyError(key)
        shown = self._texts.form(form, str(self["provider"]))
        return shown if key == form else shown[:1].upper() + shown[1:]


class Catalog:
    """Every locale's texts."""

    def __init__(self, texts: Mapping[str, Texts]) -> None:
        self._texts = texts

    def __getitem__(self, locale: str) -> Texts:
        """Return the texts for a member's locale. See ``closest_locale``."""
        return self._texts[closest_locale(locale)]


def string_folders() -> tuple[Path, ...]:
    """Return the folders with ``<locale>.po``: the shared one, then that of each provider."""
    return (_PACKAGE / "i18n" / "strings", *sorted(_PACKAGE.glob("providers/*/strings")))


@functools.cache
def load_catalog() -> Catalog:
    """Read the catalogues, once in a process."""
    return Catalog(
        {
            locale: Texts(
                locale,
                (entry for folder in string_folders() for entry in read_entries(folder / f"{locale}.po")),
            )
            for locale in LOCALES
        }
    )


def read_entries(path: Path) -> Sequence[CatalogEntry]:
    """Return what ``<locale>.po`` says.

    Raises ValueError for a file of another shape, and MissingTextError where a form of a name is missing.
    """
    try:
        entries = tuple(read_po(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if path.stem in _WITH_FORMS:
        _check_forms(entries, path)
    return entries


def _check_forms(entries: Iterable[CatalogEntry], path: Path) -> None:
    """Raise MissingTextError unless a catalogue has one name at least, and each form of its names."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        if entry.context is not None:
            found.setdefault(entry.key, set()).add(entry.context)
    missing = [
        f"{form} of {name}"
        for name in found or ["a provider"]
        for form in FORMS
        if form not in found.get(name, ())
    ]
    if missing:
        raise MissingTextError(f"{path}: {', '.join(missing)}")
