"""What Sensay lists is hostile text, or holds secrets: neither reaches a member."""

import io
from collections.abc import Callable

import discord
import pytest

from bot.i18n.catalog import load_catalog
from bot.providers.base.integration import Choice
from bot.providers.sensay.models import DiscordIntegration, Replica
from cogs.sensay.replica import label_of
from cogs.sensay.status import beyond_card, overview_embed, status_card
from tests.support.embeds import embed_text, fits_discord
from tests.support.exposure import everything_said
from tests.support.harness import ENGLISH, BotHarness
from tests.support.hostile import PAYLOADS, marks, plain_marks, unseen
from tests.support.sensay_steps import (
    LATER,
    PLACED,
    choose,
    status,
    with_command_links,
)


async def test_tokens_of_the_list_are_kept_nowhere(
    harness: BotHarness, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """The bot tokens that Sensay sends in clear text reach no message, log, cache or file."""
    await harness.connect("sensay")
    await harness.manager.autocomplete(harness.channel, "sensay status", "replica", "")
    asked = await status(harness)
    await choose(harness, asked, harness.sensay.ACTIVE)
    await harness.manager.slash(harness.channel, "sensay replicas")
    lists = harness.bot.services.choices._lists.of(harness.guild.id)
    cached = [everything_said(task.result()) for task in lists.values()]
    assert "Harbour Desk" in cached[0]
    for place_ in (harness.sent_to_discord(), log.getvalue(), "".join(capfd.readouterr()), *cached):
        assert "FAKE-TOKEN" not in place_
        assert "not-a-real" not in place_
    assert b"FAKE-TOKEN" not in harness.stored_bytes()


def of_text(text: str) -> Replica:
    """Return a replica in which every text is this one."""
    return Replica.model_construct(
        uuid=text,
        name=text,
        short_description=text,
        discord_integration=DiscordIntegration.model_construct(service_name=text, is_active=True),
    )


def show_status(text: str) -> discord.Embed:
    """Return the card of one replica of this text."""
    texts = load_catalog()[ENGLISH]
    return status_card(of_text(text), PLACED, LATER, texts).embed(texts)


def show_details(text: str) -> discord.Embed:
    """Return all that is known of one replica of this text."""
    texts = load_catalog()[ENGLISH]
    return status_card(of_text(text), PLACED, LATER, texts).embed(texts, details=True)


def show_overview(text: str) -> discord.Embed:
    """Return the overview of three replicas of this text."""
    return overview_embed(
        [of_text(text)] * 3, 1, {text: PLACED}, LATER, load_catalog()[ENGLISH], complete=True
    )


def show_beyond(text: str) -> discord.Embed:
    """Return the embed for a replica of this text that was not found."""
    texts = load_catalog()[ENGLISH]
    return beyond_card(Choice(text, text), LATER, texts).embed(texts, details=True)


@pytest.mark.parametrize("show", [show_status, show_details, show_overview, show_beyond])
def test_hostile_text_does_nothing(show: Callable[[str], discord.Embed]) -> None:
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless text gives."""
    harmless = marks(embed_text(with_command_links(show("x"))))
    for payload in PAYLOADS:
        embed = with_command_links(show(payload))
        assert marks(embed_text(embed)) <= harmless, payload
        assert unseen(embed_text(embed)) == set(), payload
        assert plain_marks(label_of(of_text(payload))) == {}, payload
        assert fits_discord(embed), payload
