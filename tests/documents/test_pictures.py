"""The pictures in the documents show what the bot shows now, and each is in a document."""

from contextlib import AsyncExitStack
from itertools import product
from pathlib import Path

import pytest

from bot.documents.words import WORDS
from bot.i18n.catalog import LOCALES
from tests.documents.album import FOLDER, Fingerprints, kept_fingerprints, used_pictures
from tests.documents.scenes import SCENES, Scene
from tests.documents.world import open_world
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


def test_each_picture_is_in_a_page_of_its_language() -> None:
    """No picture is kept that nobody sees, and none shows replies in another language than its page."""
    shown = {
        locale: {name for page in (ROOT / "docs" / words.folder).glob("*.md") for name in used_pictures(page)}
        for locale, words in WORDS.items()
    }
    for locale in LOCALES:
        assert {name for name in shown[locale] if not name.startswith(f"{locale}-")} == set()
    assert {path.stem for path in FOLDER.glob("*.png")} == set().union(*shown.values())
