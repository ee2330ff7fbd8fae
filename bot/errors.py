"""Every error that Patchbay raises on purpose.

An error has a key and values; ``bot/discord/problems.py`` finds its text for members in the catalogues.

    PatchbayError
    ├── what keeps the bot from starting: see bot/setup_errors.py
    ├── RequestError                  a member asked for something that cannot be done
    │   ├── InvalidInputError
    │   │   └── NotListedError
    │   ├── OutsideServerError, NotInServerError, NotServedError, NotAllowedError
    │   ├── RestartingError, StaleComponentError, OutdatedCommandError, CooldownError,
    │   │   DiscordSilentError
    │   ├── PreflightBudgetError
    │   │   └── PreflightLimitError
    │   ├── NoConnectionError
    │   │   └── NoSuchConnectionError
    │   ├── ConnectionChoiceError, ConnectionChangedError, ConnectionExistsError, ConnectionLimitError
    │   └── NoGrantError, GrantLimitError, NotWatchedError, NoIncidentError, NoRouteError, RunsElsewhereError
    ├── UnreadableSecretError, ErasedSecretError  a stored secret that no key opens
    ├── UnavailableError, BusyError, DamagedError  the database takes no writes at present
    └── ProviderError                 a provider refused, failed, or could not be understood
        ├── RejectedError             400, 422, or a 2xx that says success: false
        ├── UnauthorizedError         401
        │   └── EnteredCredentialsRefusedError
        ├── ForbiddenError            403
        ├── NotFoundError             404
        │   └── UnknownUnitError      a refusal to list the unit that the credentials name
        ├── ConflictError, UnsupportedMediaError  409, 415
        ├── RateLimitedError          429
        │   └── QueueFullError        the guild has too many requests waiting; not sent
        ├── IntermediaryError         any other 4xx that is not in the provider's own format
        │   └── IntermediaryUnauthorizedError  such a 401
        ├── ServerFaultError          5xx
        ├── UnexpectedStatusError     any other status, redirects included
        ├── ProviderTimeoutError, UnreachableError  no whole answer before the deadline, or none at all
        └── NotJsonError, MalformedAnswerError, AnswerTooLargeError  not JSON, of another shape, too large
"""

from typing import ClassVar


class PatchbayError(Exception):
    """The base class. ``str()`` returns only the key, so a traceback shows no value."""

    key: ClassVar[str] = "unexpected"

    def __init__(self, **values: str | int) -> None:
        super().__init__(self.key)
        self.values = values


class RequestError(PatchbayError):
    """A member asked for something that cannot be done as asked."""


class InvalidInputError(RequestError):
    """A value cannot be right. Values: ``field`` names the rule that it breaks."""

    key = "invalid_input"

    def __init__(self, field: str, **values: str | int) -> None:
        super().__init__(field=field, **values)
        self.field = field


class NotListedError(InvalidInputError):
    """A provider's complete list lacks what a value names, so that the same value again is pointless."""


class OutsideServerError(RequestError):
    """A command was used outside a server."""

    key = "outside_server"


class NotInServerError(RequestError):
    """The commands were added to a server without the bot."""

    key = "not_in_server"


class NotServedError(RequestError):
    """The operator does not serve this server."""

    key = "not_served"


class NotAllowedError(RequestError):
    """The member may not do this. needed: the tier, or another name for what is missing.

    role_ids: of roles that it comes with in this guild.
    """

    key = "not_allowed"

    def __init__(self, needed: str, *role_ids: int) -> None:
        super().__init__(**({"roles": " ".join(map(str, role_ids))} if role_ids else {}))
        self.needed = needed


class RestartingError(RequestError):
    """The bot is stopping and starts nothing new."""

    key = "restarting"


class StaleComponentError(RequestError):
    """A form or a button belongs to an earlier run of the bot."""

    key = "stale_component"


class OutdatedCommandError(RequestError):
    """A member's Discord still shows a command that has changed."""

    key = "outdated_command"


class DiscordSilentError(RequestError):
    """Discord does not say what the server's admins allow, so nothing is changed."""

    key = "discord_silent"


class CooldownError(RequestError):
    """A member uses commands too often. Values: ``until`` (seconds since 1970)."""

    key = "cooldown"


class PreflightBudgetError(RequestError):
    """Discord has refused too many tokens of a member or a guild. Values: ``until`` (seconds since 1970)."""

    key = "preflight_budget"


class PreflightLimitError(PreflightBudgetError):
    """Discord has refused too many requests in all. Values: ``until`` (seconds since 1970)."""

    key = "preflight_limit"


class NoConnectionError(RequestError):
    """The guild has no connection with this provider. Values: ``provider`` (slug)."""

    key = "no_connection"


class NoSuchConnectionError(NoConnectionError):
    """The guild has no connection of this name with the provider. Values: ``provider``, ``name``."""

    key = "no_such_connection"


class ConnectionChoiceError(RequestError):
    """The guild has several connections and none named ``default``. Values: ``provider``, ``names``."""

    key = "connection_choice"


class ConnectionChangedError(RequestError):
    """The credentials were replaced after the question. Values: ``provider``, ``name``."""

    key = "connection_changed"


class ConnectionExistsError(RequestError):
    """The guild has a connection of this name already. Values: ``provider``, ``name``."""

    key = "connection_exists"


class ConnectionLimitError(RequestError):
    """The guild has as many connections as are allowed. Values: ``provider``, ``limit``."""

    key = "connection_limit"


class NoGrantError(RequestError):
    """No tier was granted to this role or member."""

    key = "no_grant"


class NotWatchedError(RequestError):
    """The guild has no integration of this name or id."""

    key = "not_watched"


class NoIncidentError(RequestError):
    """The guild has no such incident, or no longer has it."""

    key = "no_incident"


class NoRouteError(RequestError):
    """The guild has no channel for alerts."""

    key = "no_route"


class GrantLimitError(RequestError):
    """The guild has as many grants as are allowed. Values: ``limit``."""

    key = "grant_limit"


class RunsElsewhereError(RequestError):
    """An integration runs in another server. Values: ``server`` (its name or id, hostile text)."""

    key = "runs_elsewhere"


class UnreadableSecretError(PatchbayError):
    """A stored secret cannot be decrypted: its key is gone, or the row was changed or moved."""

    key = "unreadable_secret"


class ErasedSecretError(UnreadableSecretError):
    """A secret was erased when the bot was removed from its guild; the rest of the row is still there."""

    key = "erased_secret"


class UnavailableError(PatchbayError):
    """The database takes no writes at present. Values: ``reason``, for the host; the log has said it once."""

    key = "unavailable"


class BusyError(UnavailableError):
    """Another process has the database locked."""

    key = "busy"


class DamagedError(UnavailableError):
    """Something stored cannot be read, now or since some time: nothing is written any more."""

    key = "damaged"


class ProviderError(PatchbayError):
    """A provider refused, failed, or could not be understood.

    provider: its slug. request_id, code: the provider's own. detail: its text, redacted, still hostile.
    seconds: the deadline, if it passed. outcome_unknown: True if a write may have been carried out. support:
    what only the file for the provider's support shows, by name; redacted, still hostile.
    """

    key = "provider"
    is_temporary: ClassVar[bool] = False
    """Whether it is over when the pause is that the provider asks for with it."""
    is_unsent: bool = False
    """Whether no request was sent, so that nothing is known of the provider."""

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
        self.support: dict[str, str] = {}
        self.outcome_unknown = outcome_unknown


class RejectedError(ProviderError):
    """The provider says that the request itself is wrong."""

    key = "rejected"


class UnauthorizedError(ProviderError):
    """The provider does not accept the credentials."""

    key = "unauthorized"


class EnteredCredentialsRefusedError(UnauthorizedError):
    """The provider does not accept credentials that were just entered."""

    key = "entered_credentials_refused"


class ForbiddenError(ProviderError):
    """The provider knows the credentials but does not let them do this."""

    key = "forbidden"


class NotFoundError(ProviderError):
    """The provider has no such thing, or does not show it to these credentials."""

    key = "not_found"


class UnknownUnitError(NotFoundError):
    """The provider accepts the rest of the credentials, but shows no unit of the id that they name."""

    key = "unknown_unit"


class ConflictError(ProviderError):
    """The thing exists already, or another one prevents it."""

    key = "conflict"


class UnsupportedMediaError(ProviderError):
    """The provider did not accept the request's format."""

    key = "unsupported_media"


class RateLimitedError(ProviderError):
    """Too many requests, or a quota is used up."""

    key = "rate_limited"
    is_temporary = True


class QueueFullError(RateLimitedError):
    """Patchbay itself has not sent a request, as too many of the same guild wait for a place already."""

    key = "queue_full"
    is_unsent = True


class IntermediaryError(ProviderError):
    """Something between us and the provider, such as a proxy, refused the request in its place."""

    key = "intermediary"
    is_temporary = True


class IntermediaryUnauthorizedError(IntermediaryError):
    """The same with 401: some providers also leave it to a proxy to refuse credentials that have expired."""

    key = "intermediary_unauthorized"
    is_temporary = False


class ServerFaultError(ProviderError):
    """The provider failed on its own side."""

    key = "server_fault"
    is_temporary = True


class UnexpectedStatusError(ProviderError):
    """The provider answers with a status that its contract does not have, or with a redirect."""

    key = "unexpected_status"


class ProviderTimeoutError(ProviderError):
    """No whole answer before the deadline."""

    key = "timeout"


class UnreachableError(ProviderError):
    """The connection could not be opened, or broke. fault: why, see ``bot/network_faults.py``."""

    key = "unreachable"
    fault: str | None = None


class NotJsonError(ProviderError):
    """The answer is not JSON."""

    key = "not_json"


class MalformedAnswerError(ProviderError):
    """The answer is JSON of an unknown shape."""

    key = "malformed_answer"


class AnswerTooLargeError(ProviderError):
    """The answer has more bytes than are read."""

    key = "too_large"
