"""Asks Discord whose a bot token is, before the token is passed on."""

from typing import Final

from pydantic import BaseModel, ConfigDict

from bot.errors import ProviderError
from bot.features.handover.budget import INVALID, InvalidRequestBudget
from bot.providers.base.api_client import ApiClient, Request
from bot.providers.base.error_format import ErrorFormat

# https://discord.com/developers/docs/reference#error-messages
DISCORD_ERRORS: Final = ErrorFormat(frozenset({"message", "code", "errors"}))
# https://discord.com/developers/docs/resources/application#application-object-application-flags
_MESSAGE_CONTENT: Final = 1 << 18
_MESSAGE_CONTENT_LIMITED: Final = 1 << 19
"""The same switch, of a bot in fewer than a hundred servers."""


class _Reply(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class BotUser(_Reply):
    """The Discord user that an application's bot is."""

    id: int
    username: str


class Application(_Reply):
    """https://discord.com/developers/docs/resources/application#application-object; texts are hostile."""

    id: int
    name: str
    flags: int = 0
    bot: BotUser | None = None
    bot_public: bool = True
    """False: only the application's owner can invite its bot."""
    bot_require_code_grant: bool = False
    """True: an invite link does not bring the bot into a server."""

    @property
    def reads_messages(self) -> bool:
        """Whether the Message Content intent is switched on."""
        return bool(self.flags & (_MESSAGE_CONTENT | _MESSAGE_CONTENT_LIMITED))


class PreflightService:
    """Sends a token to Discord and to nobody else."""

    def __init__(self, api: ApiClient, base: str, budget: InvalidRequestBudget) -> None:
        """base: Discord's REST interface, its version included."""
        self._api = api
        self._base = base
        self.budget = budget
        """What invalid answers count in, which the bot's own requests share."""

    async def ask(self, token: str, guild_id: int, member_id: int) -> Application | ProviderError:
        """Return the token's application, or why Discord did not tell: then the member decides.

        guild_id, member_id: whose token it is to be. Raises PreflightBudgetError, before Discord is asked.
        """
        reserved = self.budget.reserve(guild_id, member_id)
        request = Request(
            method="GET",
            base=self._base,
            segments=("applications", "@me"),
            headers={"Authorization": f"Bot {token}"},
            secrets=(token,),
        )
        try:
            application = await self._api.send(request, Application)
        except ProviderError as failure:
            if failure.status not in INVALID:
                self.budget.give_back(guild_id, member_id, reserved)
            # Its traceback, and that of what it was raised from, would keep the token for as long as anybody
            # keeps the failure.
            failure.__context__ = None
            return failure.with_traceback(None)
        self.budget.give_back(guild_id, member_id, reserved)
        return application
