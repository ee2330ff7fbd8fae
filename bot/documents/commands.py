"""The command reference: every command and option of the bot's tree, in one language."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.discord.commands import menu_key
from bot.discord.guard import AnyCommand, declared_limits, needed_tier
from bot.discord.tree import PatchbayTree
from bot.documents.words import Words
from bot.features.access.tier import Tier
from bot.i18n.catalog import load_catalog

_SUBCOMMAND: Final = 1
_CHAT_INPUT: Final = 1
_BOOLEAN: Final = 5

_Payload = Mapping[str, Any]


@dataclass(frozen=True)
class TreeCommand:
    """A top-level command, or an entry of the Apps menu.

    payload: as Discord gets it, with all translations. declared: the command itself or its subcommands, by
    their full names.
    """

    tier: Tier
    payload: _Payload
    declared: Mapping[str, AnyCommand]


async def read_tree(tree: PatchbayTree) -> list[TreeCommand]:
    """Return the commands of a bot that has loaded its cogs, by name."""
    translator = tree.translator
    if translator is None:
        raise RuntimeError("the cogs are not loaded")
    found = []
    for command in sorted(tree.get_commands(), key=lambda each: each.name):
        children = command.walk_commands() if hasattr(command, "walk_commands") else (command,)
        found.append(
            TreeCommand(
                tier=needed_tier(command),
                payload=await command.get_translated_payload(tree, translator),
                declared={each.qualified_name: each for each in children},
            )
        )
    return found


def command_reference(commands: Sequence[TreeCommand], locale: str, words: Words) -> str:
    """Return the reference as Markdown: a table of all commands, then each with its options."""
    typed = [each for each in commands if each.payload.get("type", _CHAT_INPUT) == _CHAT_INPUT]
    parts = [_overview(typed, locale, words)]
    parts += [part for command in typed for part in _command(command, locale, words)]
    if menus := [each for each in commands if each not in typed]:
        parts += [f"## {words.menus}", "\n".join(_menu(each, locale, words) for each in menus)]
    return "\n\n".join(parts)


def _overview(commands: Sequence[TreeCommand], locale: str, words: Words) -> str:
    head = f"| {words.command} | {words.description} | {words.audience} |"
    rows = (
        f"| [`/{name}`](#{name.replace(' ', '-')}) | {_text(leaf, locale)} | {words.who[command.tier]} |"
        for command in commands
        for name, leaf in _leaves(command.payload)
    )
    return "\n".join((head, "|---|---|---|", *rows))


def _command(command: TreeCommand, locale: str, words: Words) -> Iterator[str]:
    payload = command.payload
    if _is_group(payload):
        yield f"## `/{payload['name']}`"
        yield _sentence(payload, locale)
    level = "###" if _is_group(payload) else "##"
    for name, leaf in _leaves(payload):
        yield f"{level} `/{name}`"
        yield f"{_sentence(leaf, locale)} {words.audience.capitalize()}: {words.who[command.tier]}."
        if options := leaf.get("options"):
            yield "\n".join(
                (
                    f"| {words.option} | {words.description} | {words.value} |",
                    "|---|---|---|",
                    *(_option(each, locale, words) for each in options),
                )
            )
        if limits := "  \n".join(_limits(command.declared[name], words)):
            yield limits


def _option(option: _Payload, locale: str, words: Words) -> str:
    name = f"`{option['name']}:`" + (f" ({words.required})" if option.get("required") else "")
    return f"| {name} | {_text(option, locale)} | {_value(option, locale, words)} |"


def _value(option: _Payload, locale: str, words: Words) -> str:
    """Say what can be typed or chosen."""
    if option.get("autocomplete"):
        return words.suggestions
    if choices := option.get("choices"):
        names = (each.get("name_localizations", {}).get(locale, each["name"]) for each in choices)
        return words.one_of.format(choices=" · ".join(names))
    if "min_value" in option and "max_value" in option:
        return words.whole_number.format(low=option["min_value"], high=option["max_value"])
    if option["type"] == _BOOLEAN and not option.get("required"):
        return words.default_no
    return words.kinds[option["type"]]


def _limits(command: AnyCommand, words: Words) -> Iterator[str]:
    for limit, text in zip(declared_limits(command), (words.limit, words.limit_together), strict=True):
        if limit is not None:
            times, seconds = limit
            yield text.format(times=times, seconds=round(seconds))


def _menu(command: TreeCommand, locale: str, words: Words) -> str:
    texts, (entry,) = load_catalog()[locale], command.declared.values()
    name, how = (texts(f"{menu_key(entry)}.{part}") for part in ("name", "description"))
    said = (f"**{name}**: {how}.", f"{words.audience.capitalize()}: {words.who[command.tier]}.")
    return f"- {' '.join((*said, *_limits(entry, words)))}"


def _text(payload: _Payload, locale: str) -> str:
    """Return a description in a language. A bar would end a cell of the table."""
    text: str = payload["description_localizations"][locale]
    return text.replace("|", r"\|")


def _sentence(payload: _Payload, locale: str) -> str:
    return f"{_text(payload, locale).removesuffix('.')}."


def _is_group(payload: _Payload) -> bool:
    return any(each["type"] == _SUBCOMMAND for each in payload.get("options", ()))


def _leaves(payload: _Payload) -> Iterator[tuple[str, _Payload]]:
    """Yield what can be run, with its full name."""
    if not _is_group(payload):
        yield payload["name"], payload
        return
    for each in payload["options"]:
        yield f"{payload['name']} {each['name']}", each
