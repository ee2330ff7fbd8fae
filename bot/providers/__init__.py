"""Finds the providers: each folder here but ``base`` is one."""

import functools
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import cast

from bot.providers.base.provider import Provider

FOLDER = Path(__file__).parent


@functools.cache
def slugs() -> tuple[str, ...]:
    """Return the slugs of all providers, in alphabetical order."""
    packages = (module.name for module in pkgutil.iter_modules([str(FOLDER)]) if module.ispkg)
    return tuple(sorted(name for name in packages if name != "base"))


@functools.cache
def providers() -> tuple[type[Provider], ...]:
    """Return every provider's class."""
    return tuple(cast("type[Provider]", import_module(f"{__name__}.{slug}").PROVIDER) for slug in slugs())
