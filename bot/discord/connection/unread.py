"""Answers an interaction that discord.py could not parse: its id and its token are enough for that."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import discord
import structlog
from discord.http import HTTPClient, Route

from bot.discord.connection.refusals import describe_failure
from bot.discord.context import Services
from bot.discord.problems import new_reference, problem
from bot.errors import PatchbayError
from bot.i18n.catalog import DEFAULT_LOCALE
from bot.providers.base.snowflake import read_snowflake

_log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_AUTOCOMPLETE: Final = discord.InteractionType.autocomplete.value
_MAX_TOKEN: Final = 512


async def answer_unread(http: HTTPClient, services: Services, payload: Mapping[str, Any]) -> None:
    """Tell the member alone that this did not work, in the language of the interaction."""
    services.figures.interactions.count_unread()
    interaction_id, token, locale = payload.get("id"), payload.get("token"), payload.get("locale")
    number = read_snowflake(str(interaction_id))
    if number is None or not isinstance(token, str) or not 0 < len(token) <= _MAX_TOKEN:
        return
    reference = new_reference()
    answer: dict[str, Any]
    if payload.get("type") == _AUTOCOMPLETE:
        kind, answer = discord.InteractionResponseType.autocomplete_result, {"choices": []}
    else:
        kind = discord.InteractionResponseType.channel_message
        texts = services.catalog[locale if isinstance(locale, str) else DEFAULT_LOCALE]
        embed = problem(PatchbayError(), texts, services.provider_names, reference, now=services.clock())
        flags = discord.MessageFlags(ephemeral=True).value
        answer = {"embeds": [embed.to_dict()], "flags": flags, "allowed_mentions": {"parse": []}}
    route = Route(
        "POST",
        "/interactions/{webhook_id}/{webhook_token}/callback",
        webhook_id=number,
        webhook_token=token,
    )
    try:
        await http.request(route, json={"type": kind.value, "data": answer})
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failed:
        _log.warning("answer_not_delivered", reference=reference, **describe_failure(failed))
    else:
        _log.warning("unread_interaction_answered", reference=reference)
