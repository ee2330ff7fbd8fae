"""An agent that its provider runs and that Discord lets answer nowhere is blocked, wherever it is shown."""

from __future__ import annotations

from typing import Final

import discord
import pytest

from bot.discord.connection.packed_guild import PackedGuild
from bot.discord.theme import Tone, state_word, when
from bot.i18n.catalog import LOCALES
from bot.providers.base.integration import State
from tests.support.agent_in_server import ABSENT, CAUSES, CONNECT, NO_CHANNEL, SOON, TIMED_OUT, Agent, Cause
from tests.support.alert_steps import run_alerts
from tests.support.harness import BotHarness, embed_of, field, final, shown

READ: Final = discord.Permissions(
    view_channel=True, read_message_history=True, use_application_commands=True
).value
HOUR: Final = 3600


@pytest.fixture
def provider() -> str:
    """The slug of the provider that runs the agent."""
    return "toolzz"


@pytest.fixture
def locale() -> str:
    """The language of the server and of its members."""
    return "en-US"


@pytest.fixture
async def agent(harness: BotHarness, provider: str, locale: str) -> Agent:
    """An agent that can answer, in a server whose board shows it."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale(locale)
    agent = await CONNECT[provider](harness)
    harness.locale = locale
    # Toolzz's list does not say which bot an agent is: the first check finds the agent, the second its bot.
    await agent.check(2)
    await agent.run("integrations board", channel=harness.guild.create_text_channel("alarm"))
    assert await agent.state() is State.CONNECTED
    return agent


def pack(harness: BotHarness) -> None:
    """Let the bot keep the server as if nobody had asked about it for a while."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert isinstance(guild, PackedGuild)
    while not guild.is_packed:
        guild.pack_unless_used()


async def send_alerts(agent: Agent, on: str = "default") -> None:
    """Have the manager send alerts to the channel with the board."""
    await run_alerts(agent.harness, "set", channel=agent.harness.guild.channels["alarm"], on=on)


# --- everywhere ---


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.key)
@pytest.mark.parametrize("provider", CONNECT)
async def test_it_is_blocked_wherever_it_is_shown(agent: Agent, cause: Cause) -> None:
    """Overview, board, status, history, diagnosis and alert give the state and its reason; all recover."""
    texts = agent.texts
    word, up = (state_word(texts, agent.provider, state) for state in (State.BLOCKED, State.CONNECTED))
    await send_alerts(agent)
    cause.begin(agent)
    await agent.check()
    assert agent.alerts() == [], "the route wants two checks"
    await agent.check()
    why = cause.why(agent)

    line, reason = await agent.overview()
    assert line == f"⛔ **{agent.name}** · {word}"
    assert reason == f"↳ {why}"
    assert agent.board().startswith(f"**{texts.plural('board.attention', 1)}**\n")
    assert f"⛔ **{agent.name}** · {word}\n" in agent.board()
    assert f"\n↳ {why}\n" in agent.board()
    for status in (await agent.own_status(), await agent.run("integrations status", integration=agent.key)):
        assert embed_of(status).title == f"⛔ {agent.name}"
        assert embed_of(status).colour == discord.Colour(Tone.BAD.colour)
        assert f"**{word}** · " in (embed_of(status).description or "")
        assert_fix(agent, cause, field(status, texts("next_step")))
        assert (when(agent.until, exact=True) in shown(status)) is (cause is TIMED_OUT)
    listed = await agent.run({"toolzz": "toolzz list", "sensay": "sensay replicas"}[agent.provider])
    (line,) = [each for each in shown(listed).splitlines() if f"**{agent.name}**" in each]
    assert line.startswith(f"⛔ **{agent.name}** · ")
    assert f" · {word}" in line
    past = await agent.run("integrations history", integration=agent.key)
    assert (embed_of(past).description or "").startswith(f"⛔ **{word}** · {why}\n")
    found = await agent.run("integrations diagnose", integration=agent.key)
    assert "❌" in shown(found)
    assert (when(agent.until, exact=True) in shown(found)) is (cause is TIMED_OUT)
    (alert,) = agent.alerts()
    assert alert.title == f"⛔ {texts('alerts.message.title', number=1, state=word, name=agent.name)}"
    assert why in (alert.description or "").splitlines()
    assert alert.colour == discord.Colour(Tone.BAD.colour)

    cause.end(agent)
    await agent.check(2)
    (line,) = await agent.overview()
    assert line == f"🟢 **{agent.name}** · {up}"
    assert agent.board().startswith(f"🟢 **{agent.name}** · {up}\n")
    assert embed_of(await agent.own_status()).title == f"🟢 {agent.name}"
    (alert,) = agent.alerts()
    assert texts("alerts.message.recovered") in (alert.title or "")
    past = await agent.run("integrations history", integration=agent.key)
    assert f"⛔ **{word}** · " in (embed_of(past).description or "")


def assert_fix(agent: Agent, cause: Cause, step: str) -> None:
    """Check that a next step is that of the cause."""
    if cause is ABSENT:
        assert f"client_id={agent.bot.id}&" in step
        return
    key = "channels" if (agent.provider, cause) == ("toolzz", NO_CHANNEL) else cause.key
    assert step == agent.texts(f"{agent.provider}.next.{key}")


@pytest.mark.parametrize("provider", CONNECT)
async def test_blocked_is_no_availability(agent: Agent) -> None:
    """An hour in which it could answer and one in which it could not make one half."""
    harness = agent.harness
    await harness.env.advance_time(HOUR - 2 * SOON)
    agent.kick()
    await agent.check()
    await harness.env.advance_time(HOUR - SOON)
    past = await agent.run("integrations history", integration=agent.key)
    texts = agent.texts
    shares = [item.value or "" for item in embed_of(past).fields if "%" in (item.value or "")]
    assert shares
    assert all(share.startswith(f"**{texts.percent(0.5)}**") or "**49" in share for share in shares), shares


# --- some channels ---


@pytest.mark.parametrize("locale", LOCALES)
async def test_some_channels_are_a_note(agent: Agent) -> None:
    """Where it can answer in three of five channels it is connected, with a note, and nobody is alerted."""
    texts = agent.texts
    await send_alerts(agent)
    agent.silence(2)
    await agent.check(3)
    note = texts.plural("state.why.usable", 5, usable=3)
    line, reason = await agent.overview()
    assert line == f"🟢 **{agent.name}** · {texts('state.connected')}"
    assert reason == f"↳ {note}"
    assert f"↳ {note}" in agent.board()
    status = await agent.own_status()
    assert embed_of(status).title == f"🟢 {agent.name}"
    assert embed_of(status).colour == discord.Colour(Tone.WARNING.colour)
    assert texts.plural("state.why.usable", 5, usable=3) in shown(status)
    past = await agent.run("integrations history", integration=agent.key)
    assert note in (embed_of(past).description or "")
    assert agent.alerts() == []


@pytest.mark.parametrize("on", ["failing", "unknown", "default", "all", "partial"])
async def test_some_channels_alert_where_that_is_wanted(agent: Agent, on: str) -> None:
    """Only one choice of the option sends an alert; it warns, and ends when all channels are usable."""
    await send_alerts(agent, on)
    agent.silence(2)
    await agent.check(2)
    if on != "partial":
        assert agent.alerts() == []
        return
    (alert,) = agent.alerts()
    assert alert.colour == discord.Colour(Tone.WARNING.colour)
    assert agent.texts("alerts.message.partial") in (alert.title or "")
    assert agent.texts.plural("state.why.usable", 5, usable=3) in (alert.description or "").splitlines()
    agent.let_speak()
    await agent.check(2)
    (alert,) = agent.alerts()
    assert agent.texts("alerts.message.recovered") in (alert.title or "")


@pytest.mark.parametrize(
    ("on", "alerts"), [("failing", 0), ("unknown", 0), ("default", 1), ("all", 1), ("partial", 1)]
)
async def test_blocked_alerts_where_that_is_wanted(agent: Agent, on: str, alerts: int) -> None:
    """Whoever wants to hear of disconnects and errors only hears nothing of a bot that was kicked."""
    await send_alerts(agent, on)
    agent.kick()
    await agent.check(3)
    assert await agent.state() is State.BLOCKED
    assert len(agent.alerts()) == alerts


# --- what Discord does not say ---


@pytest.mark.parametrize("provider", CONNECT)
async def test_nothing_is_concluded_while_discord_does_not_answer(agent: Agent) -> None:
    """The last state stays, be it good or bad, until Discord answers again."""
    env = agent.harness.env
    await send_alerts(agent)
    for change, before, after in (
        (agent.kick, State.CONNECTED, State.BLOCKED),
        (agent.invite, State.BLOCKED, State.CONNECTED),
    ):
        env.inject_error("GET", "/guilds/*/members/*", status=500, times=None)
        change()
        await agent.check(3)
        assert await agent.state() is before
        assert len(agent.alerts()) == (before is State.BLOCKED)
        env.backend.faults.clear()
        await agent.check(2)
        assert await agent.state() is after


async def test_nothing_is_concluded_during_an_outage(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Discord has the server unavailable, its agents stay as they were."""
    await send_alerts(agent)
    guild = agent.harness.bot.get_guild(agent.harness.guild.id)
    assert guild is not None
    agent.kick()
    with monkeypatch.context() as outage:
        outage.setattr(guild, "unavailable", True)
        await agent.check(3)
        assert await agent.state() is State.CONNECTED
        assert agent.alerts() == []
    await agent.check(2)
    assert await agent.state() is State.BLOCKED
    assert len(agent.alerts()) == 1


# --- what the gateway tells ---


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("provider", CONNECT)
async def test_a_channels_permissions_are_followed(agent: Agent, is_packed: bool) -> None:
    """The overview shows what an overwrite changed without a request to the provider.

    is_packed: whether nobody has asked about the server for a while.
    """
    simulator = agent.harness.simulator(agent.provider)
    simulator.requests.clear()
    for change, symbol in ((agent.silence, "⛔"), (agent.let_speak, "🟢")):
        if is_packed:
            pack(agent.harness)
        change()
        await agent.harness.env.advance_time(SOON)
        assert (await agent.overview())[0].startswith(symbol)
        assert f"{symbol} **{agent.name}** · " in agent.board()
    assert not simulator.requests


@pytest.mark.parametrize("provider", CONNECT)
async def test_a_deleted_role_is_followed(agent: Agent) -> None:
    """A bot that loses the role by which it may write is blocked without a request to the provider."""
    guild, backend = agent.harness.guild, agent.harness.env.backend
    role = guild.create_role("Agents", permissions=discord.Permissions(administrator=True))
    backend.add_member_role(guild.id, agent.bot.id, role.id)
    backend.edit_role(guild.id, guild.default_role.id, {"permissions": READ})
    await agent.check()
    assert (await agent.overview())[0].startswith("🟢")
    simulator = agent.harness.simulator(agent.provider)
    simulator.requests.clear()
    backend.delete_role(guild.id, role.id)
    await agent.harness.env.advance_time(SOON)
    line, reason = await agent.overview()
    assert line.startswith("⛔")
    assert reason == f"↳ {NO_CHANNEL.why(agent)}"
    assert not simulator.requests


async def test_a_viewer_is_offered_a_blocked_one_first(agent: Agent) -> None:
    """Suggestions show the state, too."""
    viewer = agent.harness.moderator()
    agent.kick()
    await agent.check()
    (choice,) = await viewer.autocomplete(agent.harness.channel, "integrations status", "integration", "")
    assert choice == {"name": f"⛔ {agent.name}", "value": agent.key}
    seen = await viewer.slash(agent.harness.channel, "integrations status", integration=choice["value"])
    assert final(seen).ephemeral
