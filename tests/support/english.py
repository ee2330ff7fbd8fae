"""The English texts, for tests that look for one of them whatever its wording is."""

from typing import Final

from bot.i18n.catalog import DEFAULT_LOCALE, Texts, load_catalog

english: Final[Texts] = load_catalog()[DEFAULT_LOCALE]
