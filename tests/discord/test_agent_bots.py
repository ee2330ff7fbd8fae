"""What an agent's bot needs, by bit and by name, and how it gets in."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.discord.access.agent_bots import (
    FAILURES,
    LEAST_PERMISSIONS,
    PORTAL,
    application_of,
    bot_page,
    invite_link,
    is_human,
    is_member,
    needed_permissions,
    permission_names,
    read_membership,
)
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.simulator import Answer
from bot.providers.base.snowflake import is_one_id
from tests.support.handover_steps import is_question, propose
from tests.support.harness import BotHarness, shown
from tests.support.ids import OLD_ID


def test_threads_need_one_permission_more() -> None:
    """To open threads takes Create Public Threads besides the least, which is never changed itself."""
    assert needed_permissions(create_threads=False) == LEAST_PERMISSIONS
    more = needed_permissions(create_threads=True)
    assert more.value ^ LEAST_PERMISSIONS.value == discord.Permissions(create_public_threads=True).value
    assert needed_permissions(create_threads=False) == LEAST_PERMISSIONS


def test_permissions_have_names() -> None:
    """Each one is named in both languages; bits without a name are left out."""
    for locale in LOCALES:
        texts = load_catalog()[locale]
        named = permission_names(discord.Permissions(LEAST_PERMISSIONS.value | 2**62), texts)
        assert len(named.split(", ")) == LEAST_PERMISSIONS.value.bit_count()
        assert texts("permission.send_messages") in named


def test_an_id_is_one_from_2018_on() -> None:
    """Only an id that was created in 2018 or later is surely that of an application and of its bot alike."""
    first = discord.utils.time_snowflake(datetime(2018, 1, 1, tzinfo=UTC))
    assert [is_one_id(first + step) for step in (-1, 0, 1)] == [False, True, True]
    assert [application_of(first + step) for step in (-1, 0)] == [None, first]


def test_a_confirmed_application_is_known() -> None:
    """What Discord has said of an application is worth more than its bot's id."""
    assert application_of(OLD_ID, 5) == 5
    assert application_of(None, 5) == 5
    assert application_of(OLD_ID) is None
    assert application_of(None) is None
    assert bot_page(application_of(OLD_ID)) == PORTAL


def test_an_invitation_asks_for_what_is_needed() -> None:
    """The link asks for the least unless it is told otherwise."""
    more = needed_permissions(create_threads=True)
    assert f"permissions={LEAST_PERMISSIONS.value}&" in invite_link(1, 2)
    assert f"permissions={more.value}&" in invite_link(1, 2, more)


@pytest.mark.parametrize(
    ("status", "code", "concluded"),
    [
        (404, 10007, False),
        (404, 10013, None),
        (404, 10004, None),
        (404, 0, None),
        (403, 0, None),
        (502, 0, None),
    ],
)
async def test_only_discords_own_word_says_that_nobody_is_there(
    harness: BotHarness, status: int, code: int, concluded: bool | None
) -> None:
    """A 404 without Discord's code for an unknown member is no conclusion: it may come from in between."""
    harness.env.inject_error("GET", "/guilds/*/members/*", status=status, code=code, times=None)
    assert await is_member(harness.bot, harness.guild.id, OLD_ID) is concluded


@pytest.mark.parametrize(("status", "code"), [(404, 0), (404, 10013), (403, 0), (502, 0)])
async def test_what_discord_does_not_say_makes_nobody_a_person(
    harness: BotHarness, status: int, code: int
) -> None:
    """Only an account that Discord shows is known to be a person's."""
    harness.env.inject_error("GET", "/users/*", status=status, code=code, times=None)
    assert not await is_human(harness.bot, harness.manager.id)


async def test_an_account_that_discord_shows_is_known(harness: BotHarness) -> None:
    """A person is one, and the bot is none."""
    assert await is_human(harness.bot, harness.manager.id)
    assert not await is_human(harness.bot, harness.bot.application_id or 0)


@pytest.mark.parametrize("kind", [discord.NotFound, discord.HTTPException])
async def test_a_page_is_no_conclusion(kind: type[discord.HTTPException]) -> None:
    """An HTML page by 404 has no code of Discord's."""

    async def fetch(_: int) -> None:
        response: Any = SimpleNamespace(status=404, reason="Not Found")
        raise kind(response, "<html><body>404</body></html>")

    guild: Any = SimpleNamespace(fetch_member=fetch)
    with pytest.raises(FAILURES):
        await read_membership(guild, OLD_ID)


@pytest.mark.parametrize("fault", [Answer.html(404), Answer(404, {"message": "404: Not Found", "code": 0})])
async def test_a_preflight_concludes_nothing_from_a_404(harness: BotHarness, fault: Answer) -> None:
    """The question says that Discord could not be asked, and the member decides; no bot is called absent."""
    await harness.connect("sensay")
    harness.discord_api.fail(fault, times=None)
    harness.env.inject_error("GET", "/guilds/*/members/*", status=404, code=0, times=None)
    asked = await propose(harness)
    assert is_question(asked)
    assert harness.texts("preflight.member_unknown") in shown(asked)
    assert harness.texts("preflight.not_in_server") not in shown(asked)
    refused, _, _ = harness.texts("preflight.refused", provider="Sensay", portal="").partition("[")
    assert refused not in shown(asked)
