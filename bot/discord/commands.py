"""Declares slash commands, and entries of the Apps menu, whose handlers take a ``Context``.

The texts of a command follow from its name: ``<group>.<command>.description`` describes it, and the first of
``<group>.<command>.option.<option>``, ``<group>.option.<option>`` and ``option.<option>`` that exists
describes an option. The group's key is that of its cog's ``group_name``. An entry of the Apps menu has a key:
``<key>.name`` is its name, and ``<key>.description`` says in ``/help`` what it does.
"""

import functools
import inspect
import itertools
import unicodedata
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, TypeVar

import discord
from discord import app_commands
from discord.app_commands import TranslationContextTypes, locale_str

from bot.discord.connection.first_answer import first_answer
from bot.discord.context import Context, Interaction
from bot.discord.guard import AnyCommand
from bot.discord.reporting import report
from bot.i18n.catalog import DEFAULT_LOCALE, LOCALES, load_catalog

CogT = TypeVar("CogT")
P = ParamSpec("P")

TargetT = TypeVar("TargetT")

Handler = Callable[Concatenate[CogT, Context, P], Coroutine[Any, Any, None]]
MenuHandler = Callable[[Context, TargetT], Coroutine[Any, Any, None]]
MAX_CHOICES: Final = 25
"""Discord's limit for the choices of one suggestion, and for the entries of a menu."""
MAX_CHOICE_LENGTH: Final = 100
"""Discord's limit for a choice's name and for its value."""


class Suggestion(NamedTuple):
    """A value of an option, and the name by which members pick it.

    searched: the texts of which a part is typed to find it; name and value where there are none.
    """

    name: str
    value: str
    searched: tuple[str, ...] = ()


_MENU_KEY: Final = "menu_key"
Suggest = Callable[[Context], Awaitable[Sequence[Suggestion]]]
"""Returns all values of an option that can be suggested, the same for all members of one language."""


def localized(key: str) -> locale_str:
    """Return the English text under a key, marked with the key so that it can be translated."""
    return app_commands.locale_str(load_catalog()[DEFAULT_LOCALE](key), key=key)


def described(command: str, option: str | None = None) -> locale_str:
    """Return the description of a command or of one of its options. command: its full name, with dots.

    An option is described by the most particular text that there is: the command's, the group's, or that of
    the option in general.
    """
    if option is None:
        return localized(f"{command}.description")
    texts = load_catalog()[DEFAULT_LOCALE]
    group = command.partition(".")[0]
    keys = (f"{command}.option.{option}", f"{group}.option.{option}")
    return localized(next((key for key in keys if texts.find(key) is not None), f"option.{option}"))


class CatalogTranslator(app_commands.Translator):
    """Looks texts up by the key that ``localized`` put on them; command names have none."""

    async def translate(
        self, string: locale_str, locale: discord.Locale, _context: TranslationContextTypes
    ) -> str | None:
        """Return the text, or None where we do not speak the locale."""
        key = string.extras.get("key")
        if key is None or locale.value not in LOCALES:
            return None
        return load_catalog()[locale.value](key)


def command(
    path: str, **suggestions: Suggest
) -> Callable[[Handler[CogT, P]], app_commands.Command[Any, P, None]]:
    """Make a handler a slash command. path: the command's full name. suggestions: by option."""
    name = path.rpartition(" ")[2]
    key = path.replace(" ", ".")

    def declare(handler: Handler[CogT, P]) -> app_commands.Command[Any, P, None]:
        @functools.wraps(handler)
        async def callback(self: CogT, interaction: Interaction, *args: P.args, **options: P.kwargs) -> None:
            await handler(self, Context.of(interaction), *args, **options)

        # discord.py reads the annotations of the options in the wrong module unless they are resolved.
        signature = inspect.signature(handler, eval_str=True)
        callback.__signature__ = signature  # type: ignore[attr-defined]
        options = list(signature.parameters)[2:]
        decorated: Any = app_commands.describe(**{each: described(key, each) for each in options})(callback)
        made: app_commands.Command[Any, P, None] = app_commands.command(
            name=name, description=described(key)
        )(decorated)
        for option, suggest in suggestions.items():
            made.autocomplete(option)(_suggesting(suggest))
        return made

    return declare


def context_menu(key: str) -> Callable[[MenuHandler[TargetT]], app_commands.ContextMenu]:
    """Make a handler an entry of the Apps menu of a user or of a message, whichever its parameter is."""

    def declare(handler: MenuHandler[TargetT]) -> app_commands.ContextMenu:
        @functools.wraps(handler)
        async def callback(interaction: Interaction, target: TargetT) -> None:
            await handler(Context.of(interaction), target)

        callback.__signature__ = inspect.signature(handler, eval_str=True)  # type: ignore[attr-defined]
        made: Any = callback
        return app_commands.ContextMenu(name=localized(f"{key}.name"), callback=made, extras={_MENU_KEY: key})

    return declare


def menu_key(entry: AnyCommand) -> str:
    """Return the key that ``context_menu`` was given. Raises KeyError for a command."""
    key: str = entry.extras[_MENU_KEY]
    return key


def without_accents(text: str) -> str:
    """Return a text as it is compared with another: without accents, and in lower case."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


class _Searchable(NamedTuple):
    """A choice, and the texts of which a part is typed to find it, as ``without_accents`` returns them."""

    choice: app_commands.Choice[str]
    texts: tuple[str, ...]


def _suggesting(suggest: Suggest) -> Callable[[Interaction, str], Coroutine[Any, Any, list[Any]]]:
    async def searchable(ctx: Context) -> list[_Searchable]:
        return [
            _Searchable(
                app_commands.Choice(name=each.name, value=each.value),
                tuple(map(without_accents, each.searched or each[:2])),
            )
            for each in await suggest(ctx)
        ]

    async def matching(interaction: Interaction, typed: str) -> list[Any]:
        ctx = Context.of(interaction)
        key = (suggest, interaction.locale.value, _other_options(interaction))
        found = await ctx.services.suggestions.get(ctx.guild_id, key, lambda: searchable(ctx))
        wanted = without_accents(typed.strip())
        choices = (each.choice for each in found if any(wanted in text for text in each.texts))
        return list(itertools.islice(choices, MAX_CHOICES))

    async def suggesting(interaction: Interaction, typed: str) -> list[Any]:
        # Sent here, because discord.py keeps to itself what Discord says to suggestions.
        try:
            answer = interaction.response.autocomplete(await matching(interaction, typed))
            await first_answer(interaction, discord.InteractionResponseType.autocomplete_result, answer)
        except Exception as error:
            await report(interaction, error)
            if not interaction.response.is_done():
                raise  # else discord.py would send suggestions once more
        return []

    return suggesting


def _other_options(interaction: Interaction) -> str:
    """Return what is in the options that are not being typed: suggestions may depend on it."""
    command: Any = interaction.data or {}
    options = command.get("options", [])
    while options and "options" in options[0]:
        options = options[0]["options"]
    return repr([(each["name"], each.get("value")) for each in options if not each.get("focused")])
