"""The errors that keep the bot, or a command for whoever hosts it, from starting.

    PatchbayError
    └── SetupError                    the operator has to act before the bot can run
        ├── InvalidSettingError, MissingKeysError, InvalidKeysError, KeysCommandError,
        │   KeyNotConfiguredError
        ├── AlreadyRunningError, OtherKeyInUseError
        ├── DatabaseUnusableError, DatabaseDamagedError, DatabaseNewerError
        └── DiscordLoginError, DiscordRefusedError, DiscordUnreachableError

``bot/__main__.py`` shows their texts.
"""

from bot.errors import PatchbayError


class SetupError(PatchbayError):
    """The bot cannot start until its operator changes something."""


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


class KeyNotConfiguredError(SetupError):
    """The database needs a key that is not configured, or not with this value. Values: ``key_id``."""

    key = "key_not_configured"


class DatabaseUnusableError(SetupError):
    """The database cannot be opened, read or migrated. Values: ``path``, ``reason``."""

    key = "database_unusable"


class DatabaseDamagedError(SetupError):
    """The database is damaged. Values: ``path``, ``reason``, ``backup`` (the latest one, or ``FILE``)."""

    key = "database_damaged"


class DatabaseNewerError(SetupError):
    """The database was written by a later Patchbay. Values: ``path``, ``revision``."""

    key = "database_newer"


class AlreadyRunningError(SetupError):
    """Another process runs on it. Values: ``path``, ``pid``, ``host``, ``since``; ``?`` if unknown."""

    key = "already_running"


class OtherKeyInUseError(SetupError):
    """A process on the database signs with another key. Values: ``key_id``, ``in_use`` and as above."""

    key = "other_key_in_use"


class DiscordLoginError(SetupError):
    """Discord refused the bot's own token."""

    key = "discord_login"


class DiscordRefusedError(SetupError):
    """Discord answered, but the bot cannot start. Values: ``reason``."""

    key = "discord_refused"


class DiscordUnreachableError(SetupError):
    """Discord cannot be reached. Values: ``reason``."""

    key = "discord_unreachable"
