"""The generated parts of the documents are those of this program, and leave nothing out."""

import re
from pathlib import Path

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.client import PatchbayBot
from bot.discord.commands import menu_key
from bot.documents.commands import TreeCommand, command_reference, read_tree
from bot.documents.messages import error_messages, group_of
from bot.documents.pages import made_pages
from bot.documents.words import WORDS
from bot.errors import PatchbayError
from bot.features.access.tier import Tier
from bot.i18n.catalog import LOCALES, load_catalog
from bot.setup_errors import SetupError
from tests.support.error_kinds import concrete_errors, input_rules, missing_rights
from tests.support.source import ROOT

every_language = pytest.mark.parametrize("locale", LOCALES)


@pytest.fixture
async def commands(bot: PatchbayBot) -> list[TreeCommand]:
    """The commands of the real bot."""
    await bot.load_cogs()
    return await read_tree(bot.tree)


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: no member waits for a document."""


async def test_no_page_is_stale(commands: list[TreeCommand]) -> None:
    """Each page reads as the commands, texts and settings have it now."""
    pages = made_pages(ROOT, commands)
    stale = [str(path) for path, text in pages.items() if text != (ROOT / path).read_text("utf-8")]
    assert stale == [], "run `make docs`"


async def test_each_generated_part_has_its_place(commands: list[TreeCommand], tmp_path: Path) -> None:
    """A page without its two marks would stay as it is for ever, and nobody would notice."""
    for path, text in made_pages(ROOT, commands).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(re.sub(r"(<!-- made by .* -->\n)", r"\1stale\n", text), "utf-8")
    pages = made_pages(tmp_path, commands)
    assert pages == made_pages(ROOT, commands)
    assert len(pages) == 2 * len(LOCALES) + 2


@every_language
async def test_every_command_and_option_is_in_the_reference(
    bot: PatchbayBot, commands: list[TreeCommand], locale: str
) -> None:
    """Whatever is in the tree has a heading, its text in this language, and a row for each option."""
    page = command_reference(commands, locale, WORDS[locale])
    for command in bot.tree.walk_commands():
        assert f" `/{command.qualified_name}`\n" in page
        assert load_catalog()[locale](f"{command.qualified_name.replace(' ', '.')}.description") in page
        for option in getattr(command, "parameters", ()):
            assert f"| `{option.display_name}:`" in page
    for kind in (discord.AppCommandType.user, discord.AppCommandType.message):
        for entry in bot.tree.walk_commands(type=kind):
            key = menu_key(entry)
            assert f"- **{load_catalog()[locale](f'{key}.name')}**: " in page


@every_language
async def test_the_reference_says_who_may_use_each_command(commands: list[TreeCommand], locale: str) -> None:
    """Each command's line of the table ends with its tier."""
    words = WORDS[locale]
    page = command_reference(commands, locale, words)
    assert {each.tier for each in commands} == set(Tier)
    for command in commands:
        if command.payload.get("type", 1) == 1:
            rows = [line for line in page.splitlines() if line.startswith(f"| [`/{command.payload['name']}")]
            assert rows
            assert all(row.endswith(f"| {words.who[command.tier]} |") for row in rows)


@every_language
def test_every_error_has_a_paragraph(locale: str) -> None:
    """Each error that the program raises is explained, and so is what a provider words in its own way."""
    page = error_messages(load_catalog()[locale], WORDS[locale])
    kinds: list[type[PatchbayError]] = [PatchbayError, *concrete_errors(PatchbayError)]
    keys = {kind.key for kind in kinds if not issubclass(kind, SetupError)} - {"invalid_input", "not_allowed"}
    keys |= {f"invalid_input.{rule}" for rule in input_rules()}
    keys |= {f"not_allowed.{needed}" for needed in missing_rights()}
    missing = [key for key in sorted(keys) if page.count(f'<a id="{key}"></a>') != 1]
    assert missing == []
    assert '<a id="sensay.unauthorized"></a>' in page
    assert '<a id="toolzz.4014"></a>' in page


@every_language
def test_no_paragraph_has_a_gap(locale: str) -> None:
    """Each value has words in its place, and each provider of no name is "the provider"."""
    page = error_messages(load_catalog()[locale], WORDS[locale])
    assert not set("{}\ue000") & set(page)
    assert "provedor provedor" not in page


@given(st.from_regex(r"[a-z_]+(\.[a-z_]+)?", fullmatch=True))
def test_every_error_has_a_group(key: str) -> None:
    """Also the error of a provider that does not exist yet stands under one of the headings."""
    for words in WORDS.values():
        assert group_of(key) in words.groups


@pytest.mark.parametrize(
    ("key", "group"),
    [
        ("not_allowed.viewer", "access"),
        ("invalid_input.user_token", "token"),
        ("invalid_input.misplaced_token", "credentials"),
        ("unauthorized", "credentials"),
        ("server_fault", "provider"),
        ("invalid_input.bot_cannot_post", "alerts"),
        ("invalid_input.option", "values"),
        ("stale_component", "other"),
    ],
)
def test_an_error_stands_where_its_reader_looks(key: str, group: str) -> None:
    """The headings are what somebody was doing, not the classes of the program."""
    assert group_of(key) == group
