"""An event that cannot be parsed costs that event alone, whatever is wrong with it."""

import random
from collections.abc import Mapping
from typing import Any

import pytest
import simcord
from simcord.interactions import base_payload
from structlog.testing import capture_logs

from tests.support.harness import BotHarness, embed_of, shown
from tests.support.odd_events import events_about, made_odd, poor_event

MUTATIONS = 400


def events(harness: BotHarness) -> dict[str, dict[str, Any]]:
    """Return a payload of each kind of event that the bot is sent, and a poor one of each other kind."""
    backend = harness.env.backend
    about = events_about(backend, harness.guild.id, harness.manager.id)
    whole: dict[str, dict[str, Any]] = {
        **about,
        "MESSAGE_CREATE": {"id": "1", "channel_id": about["CHANNEL_CREATE"]["id"], "author": {"id": "1"}},
        "RESUMED": {},
    }
    for name, kind, data in (
        ("command", 2, {"id": "1", "name": "help", "type": 1}),
        ("button", 3, {"custom_id": "setup:all", "component_type": 2}),
        ("form", 5, {"custom_id": "x", "components": []}),
    ):
        _, payload = base_payload(
            backend, type=kind, channel_id=harness.channel.id, guild_id=harness.guild.id,
            user_id=harness.manager.id, data=data,
        )  # fmt: skip
        whole[f"INTERACTION_CREATE {name}"] = dict(payload)
    known = {each.partition(" ")[0] for each in whole}
    deletions = {"CHANNEL_DELETE", "GUILD_ROLE_DELETE", "READY"}
    others = harness.bot._connection.parsers.keys() - known - deletions
    return {**whole, **dict.fromkeys(sorted(others), poor_event(about))}


async def test_no_event_ends_the_bot_or_removes_a_server(harness: BotHarness) -> None:
    """400 payloads of which something is missing, null or of another type: the other server is served."""
    await harness.connect("toolzz")
    other = harness.other_guild()
    draw, sent = random.Random(20261130), 0  # noqa: S311 - the same events each time
    whole = events(harness)
    names = list(whole)
    for number in range(MUTATIONS):
        name = names[number % len(names)]
        harness.bot._connection.parsers[name.partition(" ")[0]](made_odd(whole[name], draw))
        sent += 1
        if number % 40 == 0:
            await harness.env.settle()
    await harness.env.settle()
    assert sent == MUTATIONS
    assert not harness.bot.is_closed()
    answer = await other.manager.slash(other.channel, "help")
    assert embed_of(answer).title
    # Erased would be the first thing that a removal does.
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is None
    (connection,) = await harness.bot.services.connections._store.watchable(None)
    assert (connection.guild_id, connection.provider) == (harness.guild.id, "toolzz")
    harness.env.errors  # noqa: B018 - what handlers raised is logged, and none of it ended the bot


@pytest.mark.parametrize("payload", [{}, {"unavailable": None}, {"unavailable": "x"}, {"unavailable": False}])
async def test_a_removal_is_confirmed_before_it_counts(
    harness: BotHarness, payload: Mapping[str, object]
) -> None:
    """GUILD_DELETE of a server that the bot is still in: unavailable at once, whole again, nothing erased."""
    await harness.connect("toolzz")
    before = {channel.id for channel in whole_guild(harness).channels}
    harness.env.backend.emit("GUILD_DELETE", {"id": str(harness.guild.id), **payload})
    assert whole_guild(harness).unavailable
    await harness.env.settle()
    guild = whole_guild(harness)
    assert not guild.unavailable
    assert {channel.id for channel in guild.channels} == before
    assert guild.me is not None
    assert "Toolzz" in await harness.listed()


def whole_guild(harness: BotHarness) -> Any:  # noqa: ANN401 - asserted not to be None
    """Return the server as the bot's cache has it."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    return guild


async def test_a_server_that_was_left_is_removed(harness: BotHarness) -> None:
    """Once Discord says so too, the credentials are erased."""
    await harness.connect("toolzz")
    harness.env.backend.remove_guild(harness.guild.id)
    await harness.env.settle()
    assert harness.bot.get_guild(harness.guild.id) is None
    assert (await harness.bot.services.privacy.guilds())[harness.guild.id] is not None


async def test_a_server_that_cannot_be_read_stays_unavailable(harness: BotHarness) -> None:
    """While Discord refuses to tell, nothing is concluded; afterwards it is whole again."""
    await harness.connect("toolzz")
    for path in ("/guilds/*", "/guilds/*/channels"):
        harness.env.inject_error("GET", path, status=403, code=0)
    harness.env.backend.emit("GUILD_DELETE", {"id": str(harness.guild.id)})
    await harness.env.settle()
    assert whole_guild(harness).unavailable
    await harness.env.advance_time(30)
    await harness.env.settle()
    assert not whole_guild(harness).unavailable
    assert "Toolzz" in await harness.listed()


async def test_a_new_server_whose_first_event_is_odd_is_greeted_later(harness: BotHarness) -> None:
    """A GUILD_CREATE of a server that the bot just joined is made up for by REST."""
    backend = harness.env.backend
    emit = backend.emit

    def emit_odd(event: str, payload: Mapping[str, Any]) -> None:
        odd = {**payload, "channels": [{"id": "1", "type": 2}]}
        emit(event, odd if event == "GUILD_CREATE" else payload)

    backend.emit = emit_odd  # type: ignore[method-assign]
    guild = harness.env.create_guild("Late")
    backend.emit = emit  # type: ignore[method-assign]
    await harness.env.settle()
    cached = harness.bot.get_guild(guild.id)
    assert cached is not None
    assert not cached.unavailable
    assert cached.name == "Late"


async def test_a_channel_without_what_nobody_looks_at_costs_no_server(harness: BotHarness) -> None:
    """A Discord that always leaves out a channel's position or bitrate is served like any other."""
    http = harness.bot.http
    get = http.get_all_guild_channels

    async def get_poor(guild_id: int) -> Any:  # noqa: ANN401 - discord.py's
        channels = [{**each} for each in await get(guild_id)]
        for channel in channels:
            del channel["position"]
        return [*channels, {"id": "1102345678901234567", "type": 2, "name": "v", "bitrate": None}]

    http.get_all_guild_channels = get_poor  # type: ignore[method-assign, assignment]
    harness.env.backend.emit("GUILD_DELETE", {"id": str(harness.guild.id)})
    await harness.env.settle()
    assert not whole_guild(harness).unavailable
    assert whole_guild(harness).get_channel(1102345678901234567) is not None
    assert await harness.listed()


@pytest.mark.parametrize(
    "odd",
    [
        {"id": "1102345678901234567", "type": 0},
        {"id": None, "type": 0, "name": "x"},
        {"id": "1102345678901234567", "type": 2, "name": 5, "permission_overwrites": [None]},
        {"id": "1102345678901234567", "type": None},
    ],
)
async def test_a_channel_that_is_odd_for_good_costs_no_server(
    harness: BotHarness, odd: dict[str, Any]
) -> None:
    """The server is usable without it, each time that an event about it cannot be parsed."""
    await harness.connect("toolzz")
    http = harness.bot.http
    get, threads = http.get_all_guild_channels, http.get_active_threads

    async def get_odd(guild_id: int) -> Any:  # noqa: ANN401 - discord.py's
        return [odd, *await get(guild_id)]

    async def get_odd_threads(guild_id: int) -> Any:  # noqa: ANN401 - as above
        return {**await threads(guild_id), "threads": [{"id": "5", "type": 11}]}

    http.get_all_guild_channels = get_odd  # type: ignore[method-assign, assignment]
    http.get_active_threads = get_odd_threads  # type: ignore[method-assign, assignment]
    before = {channel.id for channel in whole_guild(harness).channels}
    for _ in range(3):
        harness.env.backend.emit("CHANNEL_UPDATE", {**odd, "guild_id": str(harness.guild.id), "name": None})
        harness.env.backend.emit("GUILD_DELETE", {"id": str(harness.guild.id)})
        await harness.env.settle()
        await harness.env.advance_time(60)  # a server in doubt again is not read at once
        assert not whole_guild(harness).unavailable
        assert {channel.id for channel in whole_guild(harness).channels} == before
    assert "Toolzz" in await harness.listed()


async def test_an_event_is_logged_once_an_hour(harness: BotHarness) -> None:
    """The line has the event's name and server, and nothing of its payload."""
    odd = {"id": "CANARY", "guild_id": str(harness.guild.id), "type": 0, "name": "CANARY"}
    with capture_logs() as logs:
        for _ in range(5):
            harness.bot._connection.parsers["CHANNEL_CREATE"](odd)
    (line,) = [each for each in logs if each["event"] == "event_skipped"]
    assert (line["event_name"], line["guild"]) == ("CHANNEL_CREATE", harness.guild.id)
    assert "CANARY" not in str(logs)


@pytest.mark.parametrize("locale", ["en-US", "pt-BR"])
async def test_the_member_whose_interaction_is_odd_is_told(harness: BotHarness, locale: str) -> None:
    """The answer is an embed in the member's language, for the member alone."""
    harness.locale = locale
    record, payload = base_payload(
        harness.env.backend,
        type=2,
        channel_id=harness.channel.id,
        guild_id=harness.guild.id,
        user_id=harness.manager.id,
        data={"id": "1", "name": "help", "type": 1},
    )
    odd = {**payload, "locale": locale, "member": None, "user": {"id": None}}
    harness.bot._connection.parsers["INTERACTION_CREATE"](odd)
    await harness.env.settle()
    told = simcord.InteractionResult(harness.env, record)
    assert harness.texts("problem.unexpected.title") in shown(told)
    assert told.response is not None
    assert told.response.ephemeral
