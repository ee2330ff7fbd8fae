"""What an agent's bot needs, by bit and by name, and how it gets in."""

from datetime import UTC, datetime

import discord

from bot.discord.access.agent_bots import (
    LEAST_PERMISSIONS,
    PORTAL,
    application_of,
    bot_page,
    invite_link,
    needed_permissions,
    permission_names,
)
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.snowflake import is_one_id
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
