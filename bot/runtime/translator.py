"""Gives Discord the names and descriptions of commands in every language that we speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.i18n.catalog import DEFAULT_LOCALE, LOCALES, load_catalog

if TYPE_CHECKING:
    from discord.app_commands import TranslationContextTypes, locale_str


def said(key: str) -> locale_str:
    """Return the English text under a key, marked with the key so that it can be translated."""
    return app_commands.locale_str(load_catalog()[DEFAULT_LOCALE](key), key=key)


class CatalogTranslator(app_commands.Translator):
    """Looks texts up by the key that ``said`` put on them; what has none stays as it is (command names)."""

    async def translate(
        self, string: locale_str, locale: discord.Locale, _context: TranslationContextTypes
    ) -> str | None:
        """Return the text, or None where we do not speak the locale."""
        key = string.extras.get("key")
        if key is None or locale.value not in LOCALES:
            return None
        return load_catalog()[locale.value](key)
