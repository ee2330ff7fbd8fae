"""Finds the providers: each folder here is one."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from bot.kit.provider import Provider
    from bot.kit.simulator import Simulator

FOLDER = Path(__file__).parent


def slugs() -> tuple[str, ...]:
    """Return the slugs of all providers, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules([str(FOLDER)]) if module.ispkg))


def providers() -> tuple[type[Provider], ...]:
    """Return every provider's class."""
    return tuple(cast("type[Provider]", import_module(f"{__name__}.{slug}").PROVIDER) for slug in slugs())


def simulators() -> tuple[type[Simulator], ...]:
    """Return every provider's simulator class; imports aiohttp's server."""
    return tuple(
        cast("type[Simulator]", import_module(f"{__name__}.{slug}.simulator").SIMULATOR) for slug in slugs()
    )
