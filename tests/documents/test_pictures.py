"""The pictures in the documents show what the bot shows now, and each is in a document."""

import json
from contextlib import AsyncExitStack
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot.documents.words import WORDS
from bot.i18n.catalog import LOCALES
from tests.documents.album import FOLDER, Fingerprints, hash_of, kept_fingerprints, used_pictures
from tests.documents.scenes import SCENES, Scene
from tests.documents.screenshots import WIDTH, Photographs, sharp_browser
from tests.documents.world import open_world
from tests.support.browser import CHROMIUM
from tests.support.source import ROOT


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: a picture is read from the disk."""


@pytest.mark.parametrize(
    ("scene", "locale"),
    list(product(SCENES, LOCALES)),
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
async def test_no_picture_is_stale(scene: Scene, locale: str, tmp_path: Path, empty_database: Path) -> None:
    """What a picture shows has not changed since it was taken."""
    album = Fingerprints(locale)
    async with AsyncExitStack() as stack:
        await scene(await open_world(stack, tmp_path, empty_database, locale), album)
    kept = kept_fingerprints()
    assert [name for name, shown in album.taken.items() if kept.get(name) != shown] == [], (
        "run `make screenshots`"
    )


REPLY: dict[str, Any] = {
    "embeds": [
        {
            "title": "Down",
            "description": "Since <t:1700000000:R>, by <@1456074443980800019>",
            "color": 1,
            "fields": [{"name": "Next step", "value": "Wait", "inline": False}],
        }
    ],
    "components": [
        {"components": [{"type": 2, "label": "Mute", "style": 1, "custom_id": "a:1456074443980800019"}]}
    ],
    "files": [["history.csv", None]],
}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1700000000", "1800000000"),
        ("1456074443980800019", "1180000000000000123"),
        ("a:1456074443980800019", "b:agent"),
    ],
)
def test_what_differs_from_run_to_run_makes_no_picture_stale(old: str, new: str) -> None:
    """Times, IDs, and what no reader sees are not compared."""
    assert hash_of(json.loads(json.dumps(REPLY).replace(old, new))) == hash_of(REPLY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Since", "From"),
        ("Down", "down"),
        ("Next step", "Details"),
        ("Wait", "Go on"),
        ('"label": "Mute"', '"label": "Silence"'),
        ('"style": 1', '"style": 4'),
        ('"style": 1', '"style": 1, "disabled": true'),
        ('"color": 1', '"color": 2'),
        (":R>", ":f>"),
        ("history.csv", "states.csv"),
    ],
)
def test_what_a_reader_sees_makes_a_picture_stale(old: str, new: str) -> None:
    """A text, a button, a colour, the form of a time, or the name of a file."""
    assert hash_of(json.loads(json.dumps(REPLY).replace(old, new))) != hash_of(REPLY)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
async def test_a_picture_is_taken(tmp_path: Path, empty_database: Path) -> None:
    """`make screenshots` draws a reply with two pixels for each of CSS, and takes its fingerprint."""
    async with AsyncExitStack() as stack:
        world = await open_world(stack, tmp_path, empty_database, LOCALES[0])
        browser = await stack.enter_async_context(sharp_browser())
        album = Photographs(world, LOCALES[0], browser, tmp_path)
        await album.shoot("help", await world.run("help"))
    with Image.open(tmp_path / f"{LOCALES[0]}-help.png") as picture:
        assert picture.width > WIDTH
        assert picture.height > 200
    assert set(album.taken) == {f"{LOCALES[0]}-help"}


def test_each_picture_is_in_a_page_of_its_language() -> None:
    """No picture is kept that nobody sees, and none shows replies in another language than its page."""
    shown = {
        locale: {name for page in (ROOT / "docs" / words.folder).glob("*.md") for name in used_pictures(page)}
        for locale, words in WORDS.items()
    }
    for locale in LOCALES:
        assert {name for name in shown[locale] if not name.startswith(f"{locale}-")} == set()
    assert {path.stem for path in FOLDER.glob("*.png")} == set().union(*shown.values())
