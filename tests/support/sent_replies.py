"""Reads from the simulated Discord which replies the bot has sent, and what each of them answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import discord
import simcord

_CALLBACK: Final = "callback"
_SHOWS_FORM: Final = 9
"""The type of a callback that opens a form."""


class SentReply(NamedTuple):
    """One state of a reply.

    to: what it answers: a command such as ``toolzz status``, or the first two parts of a button's route. What
    a form or a button without a route answers has the name of what opened it.
    """

    to: str
    embed: discord.Embed


class AskedFor:
    """What members have asked for, by the token of the interaction."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._forms: dict[str, str] = {}
        self._pressed: dict[str, int] = {}

    def note(self, payload: Mapping[str, Any]) -> None:
        """Take note of an interaction that is about to reach the bot."""
        token, data = payload["token"], payload.get("data") or {}
        custom_id = str(data.get("custom_id", ""))
        if "name" in data:
            self._names[token] = _command(data)
        elif ":" in custom_id:
            # The end of a menu's custom id differs each time that it is shown.
            self._names[token] = ":".join(custom_id.partition("~")[0].split(":")[:2])
        elif "component_type" in data:
            self._pressed[token] = int((payload.get("message") or {}).get("id", 0))
        else:
            self._forms[token] = custom_id

    def replies(self, env: simcord.Env) -> Iterator[SentReply]:
        """Yield every embed that was sent in answer to an interaction."""
        openers: dict[str, str] = {}
        known = {*self._names, *self._forms, *self._pressed}
        authors = {
            message: each.token
            for each in env.backend.interactions.values()
            for message in (each.message_id, *each.followup_ids)
            if message != each.source_message_id
        }

        def name_of(token: str | None) -> str:
            if token in self._forms:
                return openers.get(self._forms[token], "")
            if token in self._pressed:
                return name_of(authors.get(self._pressed[token]))
            return self._names.get(token or "", "")

        for sent in env.http_requests:
            token = next((part for part in sent.path.split("/") if part in known), None)
            if token is None or not isinstance(sent.json, dict):
                continue
            is_first = sent.path.endswith(_CALLBACK)
            data = (sent.json.get("data") if is_first else sent.json) or {}
            if is_first and sent.json.get("type") == _SHOWS_FORM:
                openers[data["custom_id"]] = name_of(token)
            for embed in data.get("embeds") or ():
                yield SentReply(name_of(token), discord.Embed.from_dict(embed))


def _command(data: Mapping[str, Any]) -> str:
    inner = [option["name"] for option in data.get("options") or () if option["type"] in {1, 2}]
    return " ".join([data["name"], *inner])
