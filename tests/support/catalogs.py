"""Reads the catalogues with the library that translators' tools use."""

from collections.abc import Mapping
from string import Formatter
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from bot.i18n.catalog import FORMS, load_catalog, string_folders

FOLDERS: Final = {folder.parent.name: folder for folder in string_folders()}


def catalog(folder: str, locale: str) -> Catalog:
    """Read one catalogue with the library that translators' tools use."""
    with (FOLDERS[folder] / f"{locale}.po").open("rb") as source:
        return read_po(source, locale=locale.replace("-", "_"), abort_invalid=True)


def messages(folder: str, locale: str) -> dict[str, Message]:
    """Return a catalogue's entries by key, without the forms of proper names."""
    entries = [message for message in catalog(folder, locale) if message.id and not message.context]
    return {message.id if isinstance(message.id, str) else message.id[0]: message for message in entries}


def forms(message: Message) -> tuple[str, ...]:
    """Return a message's text, in all its plural forms."""
    return tuple(message.string) if isinstance(message.string, (list, tuple)) else (message.string or "",)


def placeholders(text: str) -> set[str]:
    """Return the names of the values that a text needs; a form of the provider's name needs the name."""
    found = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    return {"provider" if name.lower() in FORMS else name for name in found}


def filled(text: str, locale: str, values: Mapping[str, str]) -> str:
    """Return a text with its values, and with the forms of the provider's name among them."""
    texts, name = load_catalog()[locale], values.get("provider", "")
    shown = {form: texts.form(form, name) for form in FORMS}
    capital = {form.capitalize(): word[:1].upper() + word[1:] for form, word in shown.items()}
    return text.format_map({**values, **shown, **capital})
