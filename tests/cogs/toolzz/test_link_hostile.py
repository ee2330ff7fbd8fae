"""Hostile text from Toolzz does nothing in the answers of ``/toolzz link`` and ``/toolzz unlink``."""

from typing import Any

import discord
import pytest

from bot.discord.theme import Tone, notice
from bot.i18n.catalog import load_catalog
from bot.providers.toolzz.models import Integration
from cogs.toolzz.formatting import integration_line
from cogs.toolzz.link import server_lines, state_line
from tests.support.embeds import embed_text, fits_discord
from tests.support.harness import ENGLISH, BotHarness, embed_of, labels
from tests.support.hostile import PAYLOADS, marks, unseen
from tests.support.link_steps import link, unlink
from tests.support.sensay_steps import with_command_links as sent
from tests.support.toolzz_steps import remembered


def report(text: str) -> Integration:
    """Return a report whose texts are all this one."""
    return Integration.model_validate(
        {"id": text, "title": text, "guildName": text, "connectionStatus": text, "channelIds": [text]}
    )


@pytest.mark.parametrize(
    "build",
    [
        lambda text, texts: notice(texts, Tone.GOOD, "toolzz.link.done", how=state_line(report(text), texts)),
        lambda text, texts: notice(
            texts, Tone.INFO, "toolzz.link.already", how=state_line(report(text), texts)
        ),
        lambda text, texts: notice(
            texts,
            Tone.WARNING,
            "toolzz.link.ask",
            how="\n".join([state_line(report(text), texts), *server_lines(report(text), None, texts)]),
        ),
        lambda text, texts: notice(
            texts, Tone.WARNING, "toolzz.unlink.ask", how=integration_line(text, text)
        ),
        lambda text, texts: notice(texts, Tone.GOOD, "toolzz.unlink.done", how=integration_line(text, text)),
    ],
    ids=["linked", "already", "untold", "unlinking", "unlinked"],
)
def test_hostile_text_does_nothing(build: Any) -> None:  # noqa: ANN401 - any of the five above
    """No payload adds a ping, a link, a command, a time or any markup to what a harmless text gives."""
    texts = load_catalog()[ENGLISH]
    harmless = marks(embed_text(sent(build("x", texts))))
    for payload in PAYLOADS:
        embed = sent(build(payload, texts))
        assert marks(embed_text(embed)) <= harmless, payload
        assert unseen(embed_text(embed)) == set(), payload
        assert fits_discord(embed), payload


@pytest.mark.parametrize(
    "title",
    ["\u200b", "@everyone " * 40, "🚀" * 400, "\u202e\x00", "\u200d\u200c\ufe0f\u0301", "👩\u200d💻" * 200],
)
async def test_a_hostile_title_is_stored_harmless_and_fits_the_button(here: BotHarness, title: str) -> None:
    """A hostile title is stored short and visible, and Discord accepts the questions that show it."""
    here.toolzz.touch(here.toolzz.CONNECTED, title=title)
    await link(here)
    (kept,) = (await remembered(here)).values()
    assert 1 <= len(kept.label) <= 100
    asked = await unlink(here)
    assert embed_of(asked).title == "⚠️ Unlink this integration?"
    assert len(labels(asked)[0].encode("utf-16-le")) // 2 <= 80
    here.toolzz.touch(here.toolzz.HOMELESS, title=title)
    asked = await link(here, here.toolzz.HOMELESS)
    assert len(labels(asked)[0].encode("utf-16-le")) // 2 <= 80
    assert embed_of(asked).colour == discord.Colour(Tone.WARNING.colour)


async def test_a_name_with_joiners_is_stored_and_shown_as_it_is(here: BotHarness) -> None:
    """A title in Hindi and Persian with joined emoji is kept as the label, and the question shows it."""
    title = "👩🏽\u200d💻 क्\u200dष می\u200cخواهم 🇧🇷"
    here.toolzz.touch(here.toolzz.CONNECTED, title=title)
    await link(here)
    (kept,) = (await remembered(here)).values()
    assert kept.label == title
    assert title in embed_text(embed_of(await unlink(here)))
