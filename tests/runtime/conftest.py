"""The town of the commands' journeys, to look at what is around a command."""

from tests.cogs.conftest import (
    bot,
    desk,
    empty_database,
    env,
    log,
    settings,
    start_bot,
    town,
)

__all__ = [
    "bot",
    "desk",
    "empty_database",
    "env",
    "log",
    "settings",
    "start_bot",
    "town",
]
