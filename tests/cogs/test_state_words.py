"""An integration's state has the same word and the same symbol wherever it is shown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import discord
import pytest
import simcord

from bot.discord.theme import state_symbol, state_word
from bot.features.alerts.service import RouteSettings
from bot.features.history.service import look_back
from bot.i18n.catalog import DEFAULT_LOCALE, LOCALES
from bot.pictures.timeline import Legend
from bot.providers.base.integration import State
from cogs.integrations.history_files import panels
from tests.support.alert_steps import run_alerts
from tests.support.embeds import embed_text
from tests.support.handover_steps import hand_over, token_of
from tests.support.harness import BotHarness, buttons, embed_of, field, final, shown
from tests.support.sensay_steps import status as sensay_status
from tests.support.setup_steps import choose, open_setup
from tests.support.short_replies import lines
from tests.support.toolzz_agent import add_agent_bot, press
from tests.support.toolzz_steps import move_here

SOON = 8.0
"""Seconds after which a board or an alert shows a change."""
SYMBOLS = "".join(state_symbol(state) for state in State)
TOOLZZ: dict[State, dict[str, object]] = {
    State.CONNECTED: {},
    State.BLOCKED: {},
    State.DISCONNECTED: {"connectionStatus": "disconnected"},
    State.ERROR: {"connectionStatus": "error"},
    State.INACTIVE: {"isActive": False},
    State.UNKNOWN: {"connectionStatus": "hibernating"},
}
SENSAY = {State.CONNECTED: True, State.BLOCKED: True, State.INACTIVE: False, State.UNKNOWN: None}
WORDS = {
    ("sensay", State.CONNECTED): ("Active", "Ativa"),
    ("sensay", State.BLOCKED): ("Blocked", "Bloqueada"),
    ("sensay", State.INACTIVE): ("Inactive", "Inativa"),
    ("sensay", State.UNKNOWN): ("Unknown", "Desconhecida"),
    ("toolzz", State.CONNECTED): ("Connected", "Conectada"),
    ("toolzz", State.BLOCKED): ("Blocked", "Bloqueada"),
    ("toolzz", State.DISCONNECTED): ("Disconnected", "Desconectada"),
    ("toolzz", State.ERROR): ("Error", "Com erro"),
    ("toolzz", State.INACTIVE): ("Inactive", "Inativa"),
    ("toolzz", State.UNKNOWN): ("Unknown", "Desconhecida"),
}


@dataclass
class Subject:
    """The one integration that there is. key: as in ``Watched``. name: as it is shown."""

    harness: BotHarness
    provider: str
    state: State
    key: str
    name: str

    @property
    def id(self) -> str:
        """The provider's own id."""
        return self.key.partition(":")[2]

    async def run(self, command: str, **options: Any) -> Any:  # noqa: ANN401 - simcord's own
        """Have the manager run a command."""
        return await self.harness.manager.slash(self.harness.channel, command, **options)

    def line_of(self, text: str) -> str:
        """Return the line of a text that names the integration."""
        return next(line for line in text.splitlines() if f"**{self.name}**" in line)

    def option_of(self, result: Any) -> str:  # noqa: ANN401 - simcord's own
        """Return the symbol and the description of the integration's entry in a menu."""
        (found,) = (
            option
            for item in buttons(result)
            for option in item.get("options", [])
            if option["value"] in {self.key, self.id}
        )
        return f"{found['emoji']['name']} {found['description']}"


async def toolzz_in(harness: BotHarness, state: State) -> Subject:
    """Have Toolzz list one linked integration in this state, which was connected before.

    Its bot is in the server, unless that is what blocks it.
    """
    wanted = harness.toolzz.CONNECTED
    move_here(harness)
    bot = add_agent_bot(harness)
    harness.toolzz.integrations = {wanted: harness.toolzz.integrations[wanted]}
    await harness.connect("toolzz")
    await harness.manager.slash(harness.channel, "toolzz link", integration=wanted)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    harness.toolzz.touch(wanted, **TOOLZZ[state])
    if state is State.BLOCKED:
        await dismiss(harness, bot)
    return Subject(harness, "toolzz", state, f"toolzz:{wanted}", "Suporte da loja")


async def sensay_in(harness: BotHarness, state: State) -> Subject:
    """Have Sensay list one replica in this state, which was put into the server and active before.

    Its bot is in the server, unless that is what blocks it.
    """
    wanted = harness.sensay.UNCONNECTED
    harness.sensay.replicas = {wanted: harness.sensay.replicas[wanted]}
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay connect", "replica", "job")
    bot = harness.guild.add_member(harness.env.create_user("desk", bot=True))
    harness.discord_api.introduce(token_of(bot.id), "Desk")
    await hand_over(harness, token=token_of(bot.id))
    await harness.bot.services.poller.check_guild(harness.guild.id)
    harness.sensay.replicas[wanted]["discord_integration"]["is_active"] = SENSAY[state]
    if state is State.BLOCKED:
        await dismiss(harness, bot)
    return Subject(harness, "sensay", state, f"sensay:{wanted}", "Job Applications")


async def dismiss(harness: BotHarness, bot: simcord.MemberActor) -> None:
    """Let a bot leave, which the gateway tells by the end of its integration."""
    harness.guild.remove_member(bot)
    gone = {"id": "1", "guild_id": str(harness.guild.id), "application_id": str(bot.id)}
    harness.env.backend.emit("INTEGRATION_DELETE", gone)
    await harness.env.settle()


MAKE: dict[str, Callable[[BotHarness, State], Awaitable[Subject]]] = {
    "toolzz": toolzz_in,
    "sensay": sensay_in,
}


async def everywhere(of: Subject) -> AsyncIterator[tuple[str, str]]:
    """Run every command that shows a state; yield which one, and the part that shows it with its symbol."""
    harness = of.harness
    await harness.bot.services.alerts.set_route(
        harness.guild.id,
        harness.channel.id,
        RouteSettings(states=tuple(set(State) - {State.CONNECTED}), checks=1),
        member_id=harness.manager.id,
    )
    await of.run("integrations board", channel=harness.channel)
    await harness.bot.services.poller.check_guild(harness.guild.id)
    await harness.env.advance_time(SOON)
    posted = {(message.embeds[0].title or "")[0]: message.embeds[0] for message in harness.channel.history()}
    if of.state is not State.CONNECTED:  # a board has words only for those that are not
        yield "board", of.line_of(posted["📡"].description or "")
        (alert,) = (embed for symbol, embed in posted.items() if symbol != "📡")
        yield "alert", (alert.title or "").partition(":")[0]
        yield "alerts list", of.line_of(shown(await run_alerts(harness, "list")))
    overview = await of.run("integrations overview")
    yield "overview", of.line_of(shown(overview))
    yield "overview's menu", of.option_of(overview)
    yield "integrations status", headed(shown(await of.run("integrations status", integration=of.key)))
    if of.state is not State.BLOCKED:  # the diagnosis has one step for the provider and one for Discord
        diagnosis = shown(await of.run("integrations diagnose", integration=of.key))
        yield "diagnose", next(line for line in diagnosis.splitlines() if re.search(f"[{SYMBOLS}] ", line))
    async for each in in_history(of):
        yield each
    steps = await choose(harness, await open_setup(harness), of.provider)
    yield "setup", of.line_of(shown(steps))


async def in_history(of: Subject) -> AsyncIterator[tuple[str, str]]:
    """Yield where the history shows the present state; files have no symbol, so it is added."""
    harness, symbol = of.harness, state_symbol(of.state)
    history = await of.run("integrations history", integration=of.key)
    first, _, _, newest, *_ = (embed_of(history).description or "").splitlines()
    yield "history", first
    yield "history's changes", newest
    table = next(each for each in final(history).attachments if each.filename.endswith(".csv"))
    rows = list(csv.DictReader(io.StringIO((harness.env.backend.cdn.get(table.url) or b"").decode())))
    yield "table", f"{symbol} {rows[-1]['state']}"
    watched = await harness.bot.services.monitoring.find(harness.guild.id, of.key)
    now = int(harness.env.now().timestamp())
    past = look_back(await harness.bot.services.monitoring.history(harness.guild.id, watched, 0), 1, now)
    (legend,) = (each for each in panels(of.provider, past, harness.texts) if isinstance(each, Legend))
    yield "legend", f"{symbol} {legend.names[of.state]}"


def headed(text: str) -> str:
    """Return the symbol of the title, and the first text in bold."""
    return f"{text[0]} {marked(text)}"


def marked(text: str) -> str:
    """Return the first text in bold."""
    found = re.search(r"\*\*(.+?)\*\*", text)
    assert found is not None, text
    return found[1]


async def of_toolzz(of: Subject) -> AsyncIterator[tuple[str, str]]:
    """Yield where Toolzz's own commands show the state."""
    listed = await of.run("toolzz list")
    yield "toolzz list", of.line_of(shown(listed))
    yield "toolzz list's count", shown(listed).splitlines()[1]
    yield "toolzz list's menu", of.option_of(listed)
    yield "toolzz status", headed(shown(await of.run("toolzz status", integration=of.id)))
    linked = await of.run("toolzz link", integration=of.id)
    yield "toolzz link", lines(linked)[1]


async def of_sensay(of: Subject) -> AsyncIterator[tuple[str, str]]:
    """Yield where Sensay's own commands show the state."""
    texts, all_replicas = of.harness.texts, await sensay_status(of.harness)
    yield "sensay status, all", of.line_of(shown(all_replicas))
    yield "sensay status's menu", of.option_of(all_replicas)
    one = await sensay_status(of.harness, of.id)
    yield "sensay status", headed(shown(one))
    if of.state is not State.BLOCKED:  # what Sensay lists says nothing of that
        symbol = shown(one)[0]
        await press(of.harness, one, texts("status.details"))
        yield "sensay status's list", f"{symbol} {marked(field(one, texts('sensay.status.lists')))}"
    yield "sensay replicas", of.line_of(shown(await of.run("sensay replicas")))
    asked = await of.run("sensay disconnect", replica=of.id)
    await of.harness.manager.click(final(asked).message, label=buttons(asked)[0]["label"])
    if of.state is not State.BLOCKED:
        yield "sensay disconnect", lines(asked)[2].partition(": ")[2]


OWN: dict[str, Callable[[Subject], AsyncIterator[tuple[str, str]]]] = {
    "toolzz": of_toolzz,
    "sensay": of_sensay,
}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("provider", "state"), WORDS)
async def test_a_state_has_one_word(harness: BotHarness, provider: str, state: State, locale: str) -> None:
    """Every command, message, menu and file shows an integration's state by one symbol and one word."""
    guild = harness.bot.get_guild(harness.guild.id)
    assert guild is not None
    guild.preferred_locale = discord.Locale(locale)
    of = await MAKE[provider](harness, state)
    harness.locale = locale
    harness.remove_cooldowns()
    word = WORDS[provider, state][LOCALES.index(locale)]
    others = {each[LOCALES.index(locale)] for each in WORDS.values()} - {word}
    found = [each for places in (everywhere(of), OWN[provider](of)) async for each in places]
    assert len(found) >= 14
    for where, part in found:
        assert set(part) & set(SYMBOLS) == {state_symbol(state)}, (where, part)
        assert re.search(rf"\b{word}\b", part), (where, part)
        assert not [other for other in others if re.search(rf"\b{other}\b", part)], (where, part)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("provider", "state"), WORDS)
async def test_what_can_be_picked_is_worded_alike(
    harness: BotHarness, provider: str, state: State, locale: str
) -> None:
    """`/setup` offers what is not linked yet with symbol and word, and suggestions have the symbol."""
    of = await MAKE[provider](harness, state)
    await harness.bot.services.integrations.forget(harness.guild.id, provider, of.id)
    harness.locale = locale
    symbol, word = state_symbol(state), WORDS[provider, state][LOCALES.index(locale)]
    assert of.option_of(await choose(harness, await open_setup(harness), provider)) == f"{symbol} {word}"
    option = {"sensay": "replica", "toolzz": "integration"}[provider]
    (suggested,) = await harness.manager.autocomplete(harness.channel, f"{provider} status", option, "")
    assert suggested["name"] == f"{symbol} {of.name}"


@pytest.mark.parametrize("locale", LOCALES)
async def test_what_sensay_lists_after_a_handover_is_worded_alike(harness: BotHarness, locale: str) -> None:
    """The answer to a token that Sensay took names the state as the status does."""
    await harness.connect("sensay")
    harness.locale = locale
    listed = lines(await hand_over(harness))[1]
    assert listed == f"🟢 {WORDS['sensay', State.CONNECTED][LOCALES.index(locale)]}"


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_deleted_integration_is_inactive_everywhere(harness: BotHarness, locale: str) -> None:
    """Toolzz's list, its menu, its status and the diagnosis say the same of a deleted integration."""
    of = await toolzz_in(harness, State.CONNECTED)
    harness.toolzz.touch(of.id, deletedAt=harness.toolzz.now())
    harness.locale = locale
    texts = harness.texts
    word, gone, marked = (
        texts("state.inactive"),
        texts("state.why.gone", provider="Toolzz"),
        texts("toolzz.list.gone"),
    )
    listed = await of.run("toolzz list")
    assert of.line_of(shown(listed)).startswith(f"⚪ **{of.name}** · {word} · {marked}")
    assert of.option_of(listed) == f"⚪ {word} · {marked}"
    assert f"**{word}** · {gone}" in embed_text(embed_of(await of.run("toolzz status", integration=of.id)))
    await of.harness.bot.services.poller.check_guild(harness.guild.id)
    assert f" · ⚪ {word} · {gone}" in shown(await of.run("integrations diagnose", integration=of.key))
    assert of.line_of(shown(await of.run("integrations overview"))).startswith(f"⚪ **{of.name}** · {word}")


def test_a_provider_words_a_state_with_a_word(harness: BotHarness) -> None:
    """A word of a provider's own is no sentence; where it has none, the shared word stands."""
    for locale in LOCALES:
        texts = harness.bot.services.catalog[locale]
        for provider in [*harness.bot.services.providers, "parrots"]:
            words = [state_word(texts, provider, state) for state in State]
            assert len(set(words)) == len(State)
            assert all(len(word) <= 25 and "." not in word for word in words)
    texts = harness.bot.services.catalog[DEFAULT_LOCALE]
    assert state_word(texts, "parrots", State.CONNECTED) == texts("state.connected")
