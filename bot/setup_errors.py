"""The errors that keep the bot, or a command for whoever hosts it, from starting.

    PatchbayError
    └── SetupError                    the operator has to act before the bot can run
        ├── InvalidSettingError, MissingKeysError, InvalidKeysError, KeysCommandError,
        │   KeyNotConfiguredError
        ├── AlreadyRunningError, OtherKeyInUseError, ShardCountDiffersError, LeaseLostError
        ├── DatabaseUnusableError, DatabaseDamagedError, DatabaseNewerError,
        │   DatabaseMovedError, DatabaseUnfinishedError
        ├── DiscordLoginError, DiscordRefusedError
        ├── ShardsRefusedError, ShardingNeededError, IntentsRefusedError, OutdatedReleaseError
        └── DiscordFailedError, DiscordUnreadableError, DiscordUnreachableError

``bot/__main__.py`` shows their texts.
"""

from typing import ClassVar, Final

from bot.errors import PatchbayError

CONFIGURATION: Final = 78
"""The exit code for what stays until somebody changes something: EX_CONFIG of sysexits.h."""
TEMPORARY: Final = 75
"""The exit code for what may be over at the next start: EX_TEMPFAIL of sysexits.h."""


class SetupError(PatchbayError):
    """The bot cannot start until its operator changes something.

    exit_code: what `patchbay run` ends with, by which a supervisor knows whether a restart can help.
    """

    exit_code: ClassVar[int] = CONFIGURATION


class InvalidSettingError(SetupError):
    """A setting cannot be used. Values: ``name``, ``reason``; not its value, which may be secret."""

    key = "invalid_setting"


class MissingKeysError(SetupError):
    """No encryption key is configured. Values: ``command`` (prints a new key)."""

    key = "missing_keys"


class InvalidKeysError(SetupError):
    """An encryption key is not ``id:base64`` of 32 bytes. Values: ``command``."""

    key = "invalid_keys"


class KeysCommandError(SetupError):
    """The command that prints the keys has failed. Values: ``reason``, which holds none of its output."""

    key = "keys_command"
    exit_code = TEMPORARY  # the secret manager may be sealed, or the network not up yet


class KeyNotConfiguredError(SetupError):
    """The database needs a key that is not configured, or not with this value. Values: ``key_id``."""

    key = "key_not_configured"


class DatabaseUnusableError(SetupError):
    """The database cannot be opened, read or migrated. Values: ``path``, ``reason``."""

    key = "database_unusable"
    exit_code = TEMPORARY  # the disk may be full, another process may hold the lock


class DatabaseDamagedError(SetupError):
    """The database is damaged. Values: ``path``, ``reason``, ``backup`` (the latest one, or ``FILE``)."""

    key = "database_damaged"


class DatabaseNewerError(SetupError):
    """The database was written by a later Patchbay. Values: ``path``, ``revision``."""

    key = "database_newer"


class DatabaseMovedError(SetupError):
    """Everything was moved to another database. Values: ``path``, ``target``, both without secrets."""

    key = "database_moved"


class DatabaseUnfinishedError(SetupError):
    """Another database is still being moved into this one. Values: ``path``, ``source``, as above."""

    key = "database_unfinished"


class AlreadyRunningError(SetupError):
    """Another process runs on it. Values: ``path``, ``pid``, ``host``, ``since``; ``?`` if unknown."""

    key = "already_running"
    exit_code = TEMPORARY  # that process may be about to stop


class OtherKeyInUseError(SetupError):
    """A process on the database signs with another key. Values: ``key_id``, ``in_use`` and as above."""

    key = "other_key_in_use"
    exit_code = TEMPORARY  # as above


class ShardCountDiffersError(SetupError):
    """The processes that run have another number of shards.

    Values: ``setting``, ``count`` (theirs), and ``pid``, ``host``, ``since`` of one of them.
    """

    key = "shard_count_differs"
    exit_code = TEMPORARY  # as above


class LeaseLostError(SetupError):
    """The process could not renew its lease in time, and others may have its shards by now."""

    key = "lease_lost"
    exit_code = TEMPORARY  # the next start gets another lease


class DiscordLoginError(SetupError):
    """Discord refused the bot's own token."""

    key = "discord_login"


class DiscordRefusedError(SetupError):
    """Discord answered, but the bot cannot start. Values: ``reason``."""

    key = "discord_refused"


class ShardsRefusedError(SetupError):
    """The gateway does not take the shards that the settings name (4010)."""

    key = "discord_shards_refused"


class ShardingNeededError(SetupError):
    """The gateway wants more shards than the settings name (4011)."""

    key = "discord_sharding_needed"


class IntentsRefusedError(SetupError):
    """The gateway does not take an intent that a switch in the Developer Portal is for (4014)."""

    key = "discord_intents_refused"


class OutdatedReleaseError(SetupError):
    """The gateway no longer takes what this release sends (4012, 4013). Values: ``code``."""

    key = "discord_outdated_release"


class DiscordFailedError(SetupError):
    """Discord has a fault, or asks for a pause. Values: ``reason``."""

    key = "discord_failed"
    exit_code = TEMPORARY


class DiscordUnreadableError(SetupError):
    """What answers in Discord's place answers with something else."""

    key = "discord_unreadable"
    exit_code = TEMPORARY  # often the page of a proxy, while it is repaired


class DiscordUnreachableError(SetupError):
    """Discord cannot be reached. Values: ``reason``."""

    key = "discord_unreachable"
    exit_code = TEMPORARY
