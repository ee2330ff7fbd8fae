"""Discord accepts every embed that the theme builds."""

import random
from datetime import UTC, datetime, timedelta, timezone

import discord
import pytest

from bot.discord.theme import Field, Tone, card, duration, notice, state_symbol, state_tone, total, when
from bot.i18n.catalog import LOCALES, load_catalog
from bot.providers.base.integration import State
from tests.support.embeds import fits_discord, name_and_value, utf16_length

CARDS = 1_000
DAY, HOUR, MINUTE = 86_400, 3_600, 60
LETTERS = "ab *_<>@\\\n\U0001f600é"


def test_no_card_is_over_a_limit() -> None:
    """Discord takes each of 1,000 cards with parts of any length."""
    draw = random.Random(20261123)  # noqa: S311 - the same cards each time

    drawn = "".join(draw.choices(LETTERS, k=50_000))  # to draw each letter anew would take most of the time

    def text(longest: int) -> str:
        start = draw.randrange(len(drawn) - longest)
        return drawn[start : start + draw.choice((0, 1, draw.randint(0, longest), longest))]

    for _ in range(CARDS):
        fields = [Field(text(400), text(1500), draw.random() < 0.5) for _ in range(draw.randint(0, 30))]
        tone = draw.choice(list(Tone))
        embed = card(tone, text(400), text(draw.choice((100, 6000))), fields=fields, footer=text(3000))
        assert fits_discord(embed)
        assert total(embed) == utf16_length(embed.title) + utf16_length(embed.description) + utf16_length(
            embed.footer.text
        ) + sum(utf16_length(name) + utf16_length(value) for name, value in map(name_and_value, embed.fields))


def test_the_check_would_notice() -> None:
    """The check of these tests finds embeds that are too large, by UTF-16 units too."""
    assert not fits_discord(discord.Embed(title="x" * 257))
    assert not fits_discord(discord.Embed(description="\U0001f600" * 2049))
    assert not fits_discord(discord.Embed(description="x" * 4096).set_footer(text="x" * 2000))


def test_what_does_not_fit_goes_from_the_end() -> None:
    """The last fields are cut first; title, text and footer stay whole."""
    fields = [Field(f"field {number}", "x" * 1024) for number in range(10)]
    embed = card(Tone.INFO, "title", "text", fields=fields, footer="footer")
    assert (embed.title, embed.description, embed.footer.text) == ("🔌 title", "text", "footer")
    assert [field.name for field in embed.fields] == [f"field {number}" for number in range(6)]
    assert [len(field.value or "") for field in embed.fields[:5]] == [1024] * 5
    assert (embed.fields[5].value or "").endswith("…")
    assert total(embed) == 6000


def test_a_full_card_is_left_as_it_is() -> None:
    """A card that fits exactly is not cut."""
    embed = card(Tone.GOOD, "t" * 254, "d" * 4096, fields=[Field("n" * 100, "v" * 1024)], footer="f" * 524)
    assert total(embed) == 6000
    assert "…" not in str(embed.to_dict())


def test_an_empty_part_is_shown_as_empty() -> None:
    """An empty name or value, which Discord refuses, becomes a dash."""
    assert name_and_value(card(Tone.INFO, "t", fields=[Field("", "")]).fields[0]) == ("—", "—")
    assert card(Tone.INFO, "t").description is None


def test_a_symbol_of_its_own_takes_the_place_of_the_tones() -> None:
    """A card has the colour of its tone, and the tone's symbol unless it is given another one."""
    assert card(Tone.BAD, "x").title == "❌ x"
    assert card(Tone.BAD, "x", symbol="🔴").title == "🔴 x"
    assert card(Tone.BAD, "x").colour == discord.Colour(Tone.BAD.colour)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_state_is_never_told_by_colour_alone(locale: str) -> None:
    """Each state has a symbol and a name of its own, and a tone."""
    texts = load_catalog()[locale]
    assert len({state_symbol(state) for state in State}) == len(State)
    assert len({texts(f"state.{state}") for state in State}) == len(State)
    assert all(state_tone(state) in Tone for state in State)


def test_tones_differ() -> None:
    """No two tones share a colour or a symbol."""
    assert len({tone.colour for tone in Tone}) == len({tone.symbol for tone in Tone}) == len(Tone)


@pytest.mark.parametrize(
    "time",
    [
        1_700_000_000,
        1_700_000_000.9,
        datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        datetime(2023, 11, 14, 19, 13, 20, 900_000, tzinfo=timezone(timedelta(hours=-3))),
    ],
)
def test_times_are_discords_own(time: datetime | float) -> None:
    """A datetime and a number of seconds both become a time that each reader sees in their own zone."""
    assert when(time) == "<t:1700000000:R>"
    assert when(time, exact=True) == "<t:1700000000:f> (<t:1700000000:R>)"


@pytest.mark.parametrize(
    ("seconds", "english", "portuguese"),
    [
        (-5, "0 s", "0 s"),
        (0.9, "0 s", "0 s"),
        (59.9, "59 s", "59 s"),
        (MINUTE, "1 min", "1 min"),
        (MINUTE + 1, "1 min 1 s", "1 min 1 s"),
        (2 * HOUR + 5 * MINUTE + 59, "2 h 5 min", "2 h 5 min"),
        (HOUR + 59, "1 h", "1 h"),
        (DAY + HOUR, "1 day 1 h", "1 dia 1 h"),
        (DAY + 59 * MINUTE, "1 day", "1 dia"),
        (90 * DAY - 1, "89 days 23 h", "89 dias 23 h"),
    ],
)
def test_the_two_largest_units_are_named(seconds: float, english: str, portuguese: str) -> None:
    """What is shorter than the second unit is left out, and never rounded up."""
    assert duration(seconds, load_catalog()["en-US"]) == english
    assert duration(seconds, load_catalog()["pt-BR"]) == portuguese


@pytest.mark.parametrize("locale", LOCALES)
def test_a_notice_finds_its_texts_by_its_key(locale: str) -> None:
    """Title, description and next step are found by the key; each can be replaced; the next step is last."""
    texts = load_catalog()[locale]
    known = Field("known", "fact")
    embed = notice(texts, Tone.GOOD, "audit.mirror.started", known, channel="#log")
    assert embed.title == f"✅ {texts('audit.mirror.started')}"
    assert embed.description == texts("audit.mirror.started_how", channel="#log")
    assert [(field.name, field.value) for field in embed.fields] == [
        ("known", "fact"),
        (texts("next_step"), texts("audit.mirror.started_next")),
    ]
    replaced = notice(texts, Tone.GOOD, "no.such.key", title="Done", how="", next_step="Go on.", symbol="")
    assert (replaced.title, replaced.description) == ("Done", None)
    assert [(field.name, field.value) for field in replaced.fields] == [(texts("next_step"), "Go on.")]
