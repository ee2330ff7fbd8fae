"""Every error that Patchbay raises on purpose.

An error carries a key and values, no sentence: ``bot/ui/problems.py`` words it for members and
``bot/__main__.py`` for the operator, both from the catalogues.

    PatchbayError
    ├── SetupError                    the operator has to act before the bot can run
    │   ├── InvalidSettingError
    │   ├── MissingKeysError
    │   ├── InvalidKeysError
    │   ├── DatabaseUnusableError
    │   ├── DatabaseNewerError
    │   ├── DiscordLoginError
    │   └── DiscordUnreachableError
    ├── RequestError                  a member asked for something that cannot be done
    │   ├── InvalidInputError
    │   ├── OutsideServerError
    │   ├── NotInServerError
    │   ├── NotServedError
    │   ├── NotAllowedError
    │   ├── RestartingError
    │   ├── StaleComponentError
    │   ├── OutdatedCommandError
    │   ├── CooldownError
    │   ├── NoConnectionError
    │   │   └── NoSuchConnectionError
    │   ├── ConnectionChoiceError
    │   ├── ConnectionChangedError
    │   ├── ConnectionExistsError
    │   ├── ConnectionLimitError
    │   ├── NoGrantError
    │   ├── GrantLimitError
    │   ├── NotWatchedError
    │   ├── NoIncidentError
    │   ├── NoRouteError
    │   └── RunsElsewhereError
    ├── UnreadableSecretError         a stored secret that no key opens
    │   └── ErasedSecretError
    └── ProviderError                 a provider refused, failed, or could not be understood
        ├── RejectedError             400, 422, or a 2xx that says success: false
        ├── UnauthorizedError         401
        │   └── EnteredCredentialsRefusedError
        ├── ForbiddenError            403
        ├── NotFoundError             404
        ├── ConflictError             409
        ├── UnsupportedMediaError     415
        ├── RateLimitedError          429
        ├── ServerFaultError          5xx
        ├── UnexpectedStatusError     any other status, redirects included
        ├── ProviderTimeoutError      no whole answer before the deadline
        ├── UnreachableError          no answer at all
        ├── NotJsonError              an answer that is not JSON
        ├── MalformedAnswerError      JSON of another shape
        └── AnswerTooLargeError       more bytes than we are willing to read
"""

from __future__ import annotations

from typing import ClassVar


class PatchbayError(Exception):
    """Base of the tree; ``str()`` gives the key alone, so a traceback shows no value."""

    key: ClassVar[str] = "unexpected"

    def __init__(self, **values: str | int) -> None:
        super().__init__(self.key)
        self.values = values


class SetupError(PatchbayError):
    """The bot cannot start until its operator changes something."""

    key = "setup"


class InvalidSettingError(SetupError):
    """Values: ``name`` (the variable) and ``reason``; never the value itself, which may be a secret."""

    key = "invalid_setting"


class MissingKeysError(SetupError):
    """No encryption key is configured. Values: ``command`` (prints a new key)."""

    key = "missing_keys"


class InvalidKeysError(SetupError):
    """An encryption key is not ``id:base64`` of 32 bytes. Values: ``command``."""

    key = "invalid_keys"


class DatabaseUnusableError(SetupError):
    """The database cannot be opened, read or migrated. Values: ``path``, ``reason``."""

    key = "database_unusable"


class DatabaseNewerError(SetupError):
    """The database was written by a later Patchbay. Values: ``path``, ``revision``."""

    key = "database_newer"


class DiscordLoginError(SetupError):
    """Discord refused the bot's own token."""

    key = "discord_login"


class DiscordUnreachableError(SetupError):
    """Nobody answers at Discord's address. Values: ``reason``."""

    key = "discord_unreachable"


class RequestError(PatchbayError):
    """A member asked for something that cannot be done as asked."""


class InvalidInputError(RequestError):
    """A value that cannot be right. Values: ``field`` names the rule that it broke."""

    key = "invalid_input"

    def __init__(self, field: str, **values: str | int) -> None:
        super().__init__(field=field, **values)
        self.field = field


class OutsideServerError(RequestError):
    """Commands work inside a server only."""

    key = "outside_server"


class NotInServerError(RequestError):
    """Only our commands were added to a server, and not the bot."""

    key = "not_in_server"


class NotServedError(RequestError):
    """The operator does not let this server be served."""

    key = "not_served"


class NotAllowedError(RequestError):
    """The member may not do this. needed: the tier, or another word for what is missing."""

    key = "not_allowed"

    def __init__(self, needed: str) -> None:
        super().__init__()
        self.needed = needed


class RestartingError(RequestError):
    """The bot is closing and takes nothing new."""

    key = "restarting"


class StaleComponentError(RequestError):
    """A form or a button of an earlier run of the bot."""

    key = "stale_component"


class OutdatedCommandError(RequestError):
    """A member's Discord still shows a command that has changed."""

    key = "outdated_command"


class CooldownError(RequestError):
    """A member asks more often than a command allows. Values: ``until`` (seconds since 1970)."""

    key = "cooldown"


class NoConnectionError(RequestError):
    """The guild has none with this provider. Values: ``provider`` (slug)."""

    key = "no_connection"


class NoSuchConnectionError(NoConnectionError):
    """None of this name. Values: ``provider``, ``name``."""

    key = "no_such_connection"


class ConnectionChoiceError(RequestError):
    """Several connections and none named ``default``. Values: ``provider``, ``names``."""

    key = "connection_choice"


class ConnectionChangedError(RequestError):
    """Other credentials have taken the place of those asked about. Values: ``provider``, ``name``."""

    key = "connection_changed"


class ConnectionExistsError(RequestError):
    """Values: ``provider``, ``name``."""

    key = "connection_exists"


class ConnectionLimitError(RequestError):
    """Values: ``provider``, ``limit``."""

    key = "connection_limit"


class NoGrantError(RequestError):
    """Nothing was granted to this role or member."""

    key = "no_grant"


class NotWatchedError(RequestError):
    """The guild has no integration of this name or id."""

    key = "not_watched"


class NoIncidentError(RequestError):
    """The guild has no such incident, or has it no longer."""

    key = "no_incident"


class NoRouteError(RequestError):
    """The guild's alerts go nowhere."""

    key = "no_route"


class GrantLimitError(RequestError):
    """Values: ``limit``."""

    key = "grant_limit"


class RunsElsewhereError(RequestError):
    """An integration belongs to another server. Values: ``server`` (its name or id, hostile text)."""

    key = "runs_elsewhere"


class UnreadableSecretError(PatchbayError):
    """A stored secret does not open: its key is gone, or the row was changed or moved."""

    key = "unreadable_secret"


class ErasedSecretError(UnreadableSecretError):
    """A secret was erased when the bot was removed from its guild; the rest of the row is still there."""

    key = "erased_secret"


class ProviderError(PatchbayError):
    """A provider refused, failed, or could not be understood.

    provider: its slug. status: HTTP status, if there was one. request_id: the provider's own reference.
    detail: the provider's own words, redacted, still hostile. code: its word for this kind of error.
    retry_after: seconds. seconds: how long we waited, where that was too long.
    outcome_unknown: True when a write may have been carried out although we have no answer.
    """

    key = "provider"

    def __init__(
        self,
        provider: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        detail: str | None = None,
        code: str | None = None,
        retry_after: int | None = None,
        seconds: int | None = None,
        outcome_unknown: bool = False,
    ) -> None:
        super().__init__()
        self.provider = provider
        self.status = status
        self.request_id = request_id
        self.detail = detail
        self.code = code
        self.retry_after = retry_after
        self.seconds = seconds
        self.outcome_unknown = outcome_unknown


class RejectedError(ProviderError):
    """The provider found the request itself wrong."""

    key = "rejected"


class UnauthorizedError(ProviderError):
    """The provider does not accept the credentials."""

    key = "unauthorized"


class EnteredCredentialsRefusedError(UnauthorizedError):
    """The provider does not accept credentials that were just entered."""

    key = "entered_credentials_refused"


class ForbiddenError(ProviderError):
    """The credentials are known and may not do this."""

    key = "forbidden"


class NotFoundError(ProviderError):
    """The provider has no such thing, or does not show it to these credentials."""

    key = "not_found"


class ConflictError(ProviderError):
    """It is there already, or something else stands in the way."""

    key = "conflict"


class UnsupportedMediaError(ProviderError):
    """The provider did not accept the request's format."""

    key = "unsupported_media"


class RateLimitedError(ProviderError):
    """Too many requests, or a quota is used up."""

    key = "rate_limited"


class ServerFaultError(ProviderError):
    """The provider failed on its own side."""

    key = "server_fault"


class UnexpectedStatusError(ProviderError):
    """A status that no contract speaks of; redirects are never followed and end here."""

    key = "unexpected_status"


class ProviderTimeoutError(ProviderError):
    """No whole answer before the deadline."""

    key = "timeout"


class UnreachableError(ProviderError):
    """The connection could not be made, or broke."""

    key = "unreachable"


class NotJsonError(ProviderError):
    """The answer is not JSON."""

    key = "not_json"


class MalformedAnswerError(ProviderError):
    """The answer is JSON of a shape that we do not know."""

    key = "malformed_answer"


class AnswerTooLargeError(ProviderError):
    """The answer has more bytes than we are willing to read."""

    key = "too_large"
