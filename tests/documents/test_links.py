"""The documents lead to each other, in both languages."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from bot.documents.words import WORDS
from tests.support.source import ROOT, files

LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+?)$", re.MULTILINE)
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
PAGES = sorted(path for path in files() if path.suffix == ".md" and path.parts[-2] != "screenshots")


def links(page: Path) -> Iterator[str]:
    """Yield the target of each link and picture of a page that is in this repository."""
    for target in LINK.findall(page.read_text("utf-8")):
        if not re.match(r"[a-z]+:", target):
            yield unquote(target)


def anchors(page: Path) -> set[str]:
    """Return what can stand behind # in a link to a page: marks, and headings as GitHub turns them."""
    text = page.read_text("utf-8")
    return set(ANCHOR.findall(text)) | {
        re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", heading))
        .strip()
        .lower()
        .replace(" ", "-")
        for heading in HEADING.findall(text)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Each relative link names a file that exists, and a part that this file has."""
    broken = []
    for target in links(page):
        name, _, part = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (part and path.suffix == ".md" and part not in anchors(path)):
            broken.append(target)
    assert broken == []


def test_both_languages_have_the_same_pages() -> None:
    """A page for users exists in each language, with as many parts."""
    folders = [ROOT / "docs" / words.folder for words in WORDS.values()]
    one, other = ({path.name for path in folder.glob("*.md")} for folder in folders)
    assert one == other
    for name in one:
        counts = {
            len(re.findall(r"^##+ ", (folder / name).read_text("utf-8"), re.MULTILINE)) for folder in folders
        }
        assert len(counts) == 1, name


def test_a_page_stays_in_its_language() -> None:
    """Whoever reads one language is led to pages of that language, or to the other one's by its own name."""
    for words, others in zip(WORDS.values(), reversed(list(WORDS.values())), strict=True):
        for page in (ROOT / "docs" / words.folder).glob("*.md"):
            across = [target for target in links(page) if f"/{others.folder}/" in f"/{target}"]
            assert across == ([f"../{others.folder}/{page.name}"]), page.name


def test_every_page_can_be_reached() -> None:
    """From the README, links lead to each document."""
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        todo += [
            path
            for target in links(page)
            if (path := (page.parent / target.partition("#")[0]).resolve()).suffix == ".md"
            and path.exists()
            and path not in seen
        ]
    assert {path for path in PAGES if "docs" in path.relative_to(ROOT).parts} - seen == set()
