"""Nothing that comes from outside becomes a label: the number of series does not grow with use."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.discord.connection.interaction_tally import UNKNOWN, Ending
from bot.features.alerts.incident_store import Kind
from bot.features.alerts.store import MessageKind
from bot.features.monitoring.check_result import CheckOutcome
from bot.operating.metrics.stored import OTHER
from bot.providers.base.integration import State
from bot.providers.base.simulator import Answer
from bot.settings import Settings
from tests.support.building import open_harness
from tests.support.harness import BotHarness
from tests.support.hostile import ATTACKS
from tests.support.persistent_components import persistent_components
from tests.support.scraping import scraper

SERVERS = 50
TEXTS = st.one_of(st.text(max_size=90), st.sampled_from(ATTACKS), st.just("help"), st.just("toolzz:status"))
KINDS = st.sampled_from(list(discord.InteractionType))


def allowed(harness: BotHarness) -> dict[str, set[str]]:
    """Return the values that each label of the members' metrics may have, from the program alone."""
    tree = harness.bot.tree
    commands = {command.qualified_name for command in tree.walk_commands()}
    for kind in (discord.AppCommandType.user, discord.AppCommandType.message):
        commands |= {entry.name for entry in tree.walk_commands(type=kind)}
    routes = {kind.custom_id_format.name for kind in persistent_components(harness.bot)}
    hosts = {host for each in harness.bot.services.providers.values() for host, _ in each.slots}
    return {
        "command": commands | routes | {UNKNOWN},
        "kind": {"command", "suggestions", "component", "form", UNKNOWN}
        | set(Kind)
        | set(MessageKind)
        | {OTHER},
        "result": set(Ending) | {each.name.lower() for each in CheckOutcome} | {"sent", "failed"},
        "host": hosts,
        "provider": set(harness.bot.services.providers) | {OTHER},
        "state": set(State) | {OTHER},
        "shard": {"0"},
        "queue": {"reads", "writes", "results", "questions"},
        "operation": {"read", "write"},
        "file": {"database", "log"},
    }


async def strange(harness: BotHarness, page: Any, sent: list[tuple[Any, str, str]]) -> None:  # noqa: ANN401 - a Scraper
    """Send what a member, or an odd client, may send, and look at every label afterwards."""
    asked = await harness.manager.slash(harness.channel, "help")
    for kind, text, other in sent:
        data = {
            "id": "1",
            "name": text,
            "type": 1,
            "custom_id": text[:100],
            "component_type": 2,
            "components": [],
            "options": [{"name": other, "type": 3, "value": text, "focused": True}],
        }
        harness.send(kind, harness.manager, data, message=asked.response)
    await harness.env.settle()
    _ = harness.env.errors
    values = allowed(harness)
    now = await page.scrape()
    for name, has, _ in now.series():
        for label, value in has.items():
            if label in values:
                assert value in values[label], (name, label, value)
            elif label == "status":
                assert value.isdecimal() or value in {"timeout", "failed", "other"}
            else:
                assert label in {"le", "version", "python", "discord_py", "schema"}


@settings(max_examples=8)
@given(sent=st.lists(st.tuples(KINDS, TEXTS, TEXTS), min_size=5, max_size=25))
def test_whatever_members_send_the_labels_stay_ours(
    empty_database: Path, sent: list[tuple[Any, str, str]]
) -> None:
    """Names of commands and options, custom ids and typed text never become a label."""

    async def work() -> None:
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            harness = await open_harness(stack, folder, empty_database)
            known = Settings(database_url=SecretStr(f"sqlite:///{harness.database}"))
            page = await stack.enter_async_context(scraper(harness.bot, known))
            await strange(harness, page, sent)

    asyncio.run(work())


async def test_no_server_is_named(harness: BotHarness, settings: Settings) -> None:
    """With fifty servers in use no id, name, connection or agent of any is on the page, and no more series
    than with one.
    """
    harness.remove_cooldowns()
    harness.toolzz.place_in_guild(str(harness.guild.id), "Harbour Ops", [(str(harness.channel.id), "bridge")])

    async def use(one: BotHarness) -> None:
        await one.connect("toolzz", "plover-desk")
        await one.manager.slash(one.channel, "connections list")
        await one.bot.services.poller.check_guild(one.guild.id)

    async with scraper(harness.bot, settings) as page:
        await use(harness)
        alone = await page.scrape()
        servers = [harness, *(harness.other_guild() for _ in range(SERVERS - 1))]
        for one in servers[1:]:
            await use(one)
        harness.toolzz.fail(Answer(418, {}))
        now = await page.scrape()
    assert now.values("patchbay_servers") == [SERVERS]
    assert now.value("patchbay_interactions_total", command="connections list") == SERVERS
    for one in servers:
        for number in (one.guild.id, one.channel.id, one.manager.id):
            assert str(number) not in now.text
    for name in ("plover-desk", "Harbour", "Elsewhere", harness.toolzz.CONNECTED, "Suporte", "mira", "rui"):
        assert name not in now.text, name
    assert len(list(now.series())) == len(list(alone.series()))


@pytest.fixture
def blockbuster() -> None:
    """Allow blocking calls: a bot is built inside an example."""
