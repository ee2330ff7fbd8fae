"""The town of the commands' journeys, to look at what is around a command."""

from tests.cogs.conftest import (
    bot,
    check_interval,
    desk,
    empty_database,
    env,
    log,
    office,
    settings,
    start_bot,
    town,
)

__all__ = [
    "bot",
    "check_interval",
    "desk",
    "empty_database",
    "env",
    "log",
    "office",
    "settings",
    "start_bot",
    "town",
]
