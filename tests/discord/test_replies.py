"""Commands that our texts name become links when an embed is sent, and Discord still accepts the embed."""

import random

import discord
import pytest

from bot.discord.replies import _link_commands
from bot.discord.sync import CommandLinks
from bot.discord.theme import Field, Tone, card, total
from tests.support.embeds import fits_discord

LINKS = CommandLinks()
LINKS.ids = {"connections": 1102345678901234567, "help": 1102345678901234568}
CARDS = 500


def linked(text: str) -> str:
    """Return a text as it is sent."""
    embed = discord.Embed(description=text)
    _link_commands(embed, LINKS)
    return embed.description or ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Use `/connections add`.", "Use </connections add:1102345678901234567>."),
        ("`/help` lists your commands", "</help:1102345678901234568> lists your commands"),
        (
            "`/connections add` or `/help`",
            "</connections add:1102345678901234567> or </help:1102345678901234568>",
        ),
        ("`/nobody knows`", "`/nobody knows`"),
        ("`/connections add provider:sensay`", "`/connections add provider:sensay`"),
        ("`patchbay doctor`", "`patchbay doctor`"),
        ("/help", "/help"),
        (r"\`/help\`", r"\`/help\`"),
        ("`\u200b/help`", "`\u200b/help`"),
    ],
)
def test_commands_that_discord_knows_become_links(text: str, shown: str) -> None:
    """A command in code that has an id is linked; anything else stays as it is."""
    assert linked(text) == shown


def test_every_field_is_linked() -> None:
    """Text and values are linked; names, title and footer, where Discord links nothing, are not."""
    embed = card(Tone.INFO, "`/help`", "`/help`", fields=[Field("`/help`", "`/help`")], footer="`/help`")
    _link_commands(embed, LINKS)
    link = "</help:1102345678901234568>"
    assert (embed.description, embed.fields[0].value) == (link, link)
    assert (embed.title, embed.fields[0].name, embed.footer.text) == ("🔌 `/help`", "`/help`", "`/help`")


def test_a_link_that_does_not_fit_stays_a_command() -> None:
    """Where a link would go over a field's limit or the message's, the command stays readable as code."""
    full = "`/help`" + "x" * 1017
    embed = card(Tone.INFO, "t", "d", fields=[Field("n", full), Field("n", "`/help`")])
    _link_commands(embed, LINKS)
    assert embed.fields[0].value == full
    assert (embed.fields[1].value or "").startswith("</help:")
    embed = card(
        Tone.INFO, "t" * 254, "d" * 4096, fields=[Field("n" * 100, "v" * 1024), Field("n", "`/help`")]
    )
    embed.set_footer(text="\U0001f600" * ((6000 - total(embed)) // 2))
    _link_commands(embed, LINKS)
    assert embed.fields[1].value == "`/help`"
    assert fits_discord(embed)


def test_no_embed_grows_over_a_limit() -> None:
    """Of 500 embeds full of commands and of characters beyond the basic plane, Discord takes each one."""
    draw = random.Random(20261123)  # noqa: S311 - the same embeds each time
    for _ in range(CARDS):
        pieces = draw.choices(("`/help` ", "`/connections add` ", "\U0001f600" * 9, "word "), k=600)
        text = "".join(pieces)
        fields = [
            Field(text[:50], text[start : start + 900]) for start in range(0, 900 * draw.randint(0, 6), 900)
        ]
        embed = card(Tone.INFO, text[:200], text[: draw.randint(0, 4000)], fields=fields, footer=text[:90])
        _link_commands(embed, LINKS)
        assert fits_discord(embed)
