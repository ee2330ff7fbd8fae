"""Embeds that Discord accepts, whatever goes in."""

import random
from datetime import UTC, datetime, timedelta, timezone

import discord
import pytest

from bot.i18n.catalog import LOCALES, load_catalog
from bot.kit.integration import State
from bot.ui.theme import Field, Tone, card, state_symbol, state_tone, total, when

CARDS = 1_000
LETTERS = "ab *_<>@\\\n\U0001f600é"
LIMITS = {"title": 256, "description": 4096, "name": 256, "value": 1024, "footer": 2048}


def utf16(text: str | None) -> int:
    """Count as Discord does."""
    return len((text or "").encode("utf-16-le")) // 2


def accepted(embed: discord.Embed) -> bool:
    """Tell whether Discord takes this embed, by its documented limits."""
    parts = [("title", embed.title), ("description", embed.description), ("footer", embed.footer.text)]
    parts += [
        (part, text)
        for field in embed.fields
        for part, text in zip(("name", "value"), field_of(field), strict=True)
    ]
    return (
        all(utf16(text) <= LIMITS[part] for part, text in parts)
        and sum(utf16(text) for _, text in parts) <= 6000
        and len(embed.fields) <= 25
        and all(text for field in embed.fields for text in field_of(field))
    )


def field_of(field: object) -> tuple[str, str]:
    """Return an embed field's name and value."""
    return str(getattr(field, "name", "")), str(getattr(field, "value", ""))


def test_no_card_is_over_a_limit() -> None:
    """Of 1,000 cards with parts of any length, Discord would take each one."""
    draw = random.Random(20261123)  # noqa: S311 - the same cards each time

    def text(longest: int) -> str:
        return "".join(draw.choices(LETTERS, k=draw.choice((0, 1, draw.randint(0, longest), longest))))

    for _ in range(CARDS):
        fields = [Field(text(400), text(1500), draw.random() < 0.5) for _ in range(draw.randint(0, 30))]
        tone = draw.choice(list(Tone))
        embed = card(tone, text(400), text(draw.choice((100, 6000))), fields=fields, footer=text(3000))
        assert accepted(embed)
        assert total(embed) == utf16(embed.title) + utf16(embed.description) + utf16(embed.footer.text) + sum(
            utf16(name) + utf16(value) for name, value in map(field_of, embed.fields)
        )


def test_the_check_would_notice() -> None:
    """An embed built past the card is found to be too large, by UTF-16 units too."""
    assert not accepted(discord.Embed(title="x" * 257))
    assert not accepted(discord.Embed(description="\U0001f600" * 2049))
    assert not accepted(discord.Embed(description="x" * 4096).set_footer(text="x" * 2000))


def test_what_does_not_fit_goes_from_the_end() -> None:
    """Title, text and footer stay whole while the last fields are cut."""
    fields = [Field(f"field {number}", "x" * 1024) for number in range(10)]
    embed = card(Tone.INFO, "title", "text", fields=fields, footer="footer")
    assert (embed.title, embed.description, embed.footer.text) == ("🔌 title", "text", "footer")
    assert [field.name for field in embed.fields] == [f"field {number}" for number in range(6)]
    assert [len(field.value or "") for field in embed.fields[:5]] == [1024] * 5
    assert (embed.fields[5].value or "").endswith("…")
    assert total(embed) == 6000


def test_a_full_card_is_left_as_it_is() -> None:
    """What fits exactly is not cut."""
    embed = card(Tone.GOOD, "t" * 254, "d" * 4096, fields=[Field("n" * 100, "v" * 1024)], footer="f" * 524)
    assert total(embed) == 6000
    assert "…" not in str(embed.to_dict())


def test_an_empty_part_is_shown_as_empty() -> None:
    """Discord refuses a field without name or value, so a dash stands there."""
    assert field_of(card(Tone.INFO, "t", fields=[Field("", "")]).fields[0]) == ("—", "—")
    assert card(Tone.INFO, "t").description is None


def test_a_symbol_of_its_own_takes_the_place_of_the_tones() -> None:
    """The tone gives the colour, and the symbol unless another is wanted."""
    assert card(Tone.BAD, "x").title == "❌ x"
    assert card(Tone.BAD, "x", symbol="🔴").title == "🔴 x"
    assert card(Tone.BAD, "x").colour == discord.Colour(Tone.BAD.colour)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_state_is_never_told_by_colour_alone(locale: str) -> None:
    """Each state has its own symbol and its own word, beside a tone."""
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
    """A time of either kind becomes one that each reader sees in their own zone."""
    assert when(time) == "<t:1700000000:R>"
    assert when(time, exact=True) == "<t:1700000000:f> (<t:1700000000:R>)"
