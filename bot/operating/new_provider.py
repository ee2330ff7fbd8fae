"""``patchbay new-provider``: writes a working skeleton of a provider, both halves, from templates."""

import keyword
import re
import shutil
import subprocess  # nosec B404 - runs this program's own module
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Final

_SLUG: Final = re.compile(r"[a-z][a-z0-9]{1,19}")
_MAX_NAME: Final = 30
_TEMPLATES: Final = files("bot.operating") / "provider_template"
_SUFFIX: Final = ".template"


class NewProviderError(Exception):
    """The skeleton cannot be written; the text says why."""


def write_provider(slug: str, name: str, root: Path) -> list[Path]:
    """Write ``bot/providers/<slug>`` and ``cogs/<slug>`` into a checkout, and what they add to its documents.

    name: the provider's proper name. Returns the files of the two folders. Raises NewProviderError, and
    writes nothing, if the slug or the name cannot be used, root is no checkout, or a folder is there already.
    """
    name = name.strip()
    folders = {"provider": root / "bot" / "providers" / slug, "cog": root / "cogs" / slug}
    _check(slug, name, root, folders.values())
    values = {"slug": slug, "SLUG": slug.upper(), "Class": slug.capitalize(), "name": name}
    written = []
    for half, folder in folders.items():
        for template, path in _templates(_TEMPLATES / half, folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(Template(template.read_text("utf-8")).substitute(values), "utf-8")
            written.append(path)
    # Another process, because this one may have imported another checkout, and without the new provider.
    command = [sys.executable, "-m", "bot.documents"]
    try:
        subprocess.run(command, cwd=root, check=True)  # noqa: S603 # nosec B603 - no text from outside
    except subprocess.CalledProcessError:
        for folder in folders.values():
            shutil.rmtree(folder)
        raise NewProviderError("the documents cannot be written; see above") from None
    return written


def _check(slug: str, name: str, root: Path, folders: Iterable[Path]) -> None:
    if not _SLUG.fullmatch(slug) or keyword.iskeyword(slug):
        raise NewProviderError(
            f"{slug!r} is no slug: 2 to 20 lower-case letters and digits, a letter first, no Python keyword"
        )
    if not name or len(name) > _MAX_NAME or not name.isprintable() or not set(name).isdisjoint('"\\{}'):
        raise NewProviderError("the name is empty, too long, or has characters that do not belong in a name")
    if not (root / "README.md").is_file():
        raise NewProviderError(f"this is no checkout of Patchbay: {root / 'README.md'} is missing")
    for folder in folders:
        if not folder.parent.is_dir():
            raise NewProviderError(f"this is no checkout of Patchbay: {folder.parent} is missing")
        if folder.exists():
            raise NewProviderError(f"{folder} exists already")


def _templates(source: Traversable, folder: Path) -> Iterator[tuple[Traversable, Path]]:
    """Yield each template below a folder of templates, with the path that it is written to."""
    for entry in source.iterdir():
        if entry.is_dir():
            yield from _templates(entry, folder / entry.name)
        elif entry.name.endswith(_SUFFIX):
            yield entry, folder / entry.name.removesuffix(_SUFFIX)
