"""Custom ids carry values to the component that is pressed, within Discord's 100 characters."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cogs
from bot.discord.components import PersistentComponent
from bot.discord.pages import MAX_PAGES
from bot.discord.routes import (
    MAX_CUSTOM_ID,
    ConnectionName,
    CustomIdFormat,
    IntegrationId,
    PageNumber,
    ProviderSlug,
    Segment,
    Snowflake,
    Ternary,
    renewed,
)
from bot.providers import providers


class Owner:
    """A class whose annotations describe every kind of field."""

    connection: ConnectionName
    provider: ProviderSlug
    integration: IntegrationId
    page: PageNumber
    member: Snowflake
    answer: Ternary
    tier: Literal["viewer", "manager"]
    day: Annotated[str, Segment("[0-9]{8}|")]
    other: str


FORMAT = CustomIdFormat(
    "help:{connection}:{provider}:{integration}.{page}:{member}:{answer}:{tier}:{day}", Owner
)
MENU = CustomIdFormat(FORMAT.route, Owner, is_menu=True)
VALUES = st.fixed_dictionaries(
    {
        "connection": st.from_regex(r"[a-z0-9_-]{1,20}", fullmatch=True),
        "provider": st.from_regex(r"[a-z0-9_-]{1,32}", fullmatch=True),
        "integration": st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
        "page": st.integers(0, 99_999),
        "member": st.none() | st.integers(1, 2**64 - 1),
        "answer": st.sampled_from([True, False, None]),
        "tier": st.sampled_from(["viewer", "manager"]),
        "day": st.sampled_from(["", "20261129"]),
    }
)


@given(VALUES)
def test_values_come_back(values: dict[str, Any]) -> None:
    """What is written into a custom id is what is read from it."""
    match = FORMAT.pattern.fullmatch(FORMAT.write(values))
    assert match is not None
    assert FORMAT.read(match) == values


def test_a_literal_part_is_no_pattern() -> None:
    """The parts of a route between its fields match only themselves."""
    route = CustomIdFormat("a.b:{page}", Owner)
    assert route.pattern.fullmatch("a.b:1")
    assert not route.pattern.fullmatch("aXb:1")


@given(VALUES)
def test_a_menus_custom_id_differs_each_time(values: dict[str, Any]) -> None:
    """Its end differs from the one before, and changes nothing of what is read; it may be missing."""
    plain, first = FORMAT.write(values), MENU.write(values)
    second = renewed(first)
    assert first.partition("~")[0] == second.partition("~")[0] == plain
    for written in {plain, first, second}:
        match = MENU.pattern.fullmatch(written)
        assert match is not None
        assert MENU.read(match) == values
    fits = len(plain) + 5 <= MAX_CUSTOM_ID
    assert (first != plain) is (second != first) is fits
    assert max(len(first), len(second)) <= max(MAX_CUSTOM_ID, len(plain))


@pytest.mark.parametrize("field", ["other", "missing"])
def test_a_field_needs_a_segment(field: str) -> None:
    """A field whose annotation does not say how it is written fails when the class is made."""
    with pytest.raises(TypeError, match=field):
        CustomIdFormat(f"help:{{{field}}}", Owner)


def test_every_route_fits() -> None:
    """No component has a custom id that is longer than Discord allows.

    A provider's slug counts as the longest slug that there is, and a page as the last one that a list can
    have.
    """
    for package in pkgutil.iter_modules(cogs.__path__):
        importlib.import_module(f"cogs.{package.name}")
    found = {kind for kind in components(PersistentComponent) if kind.__module__.startswith("cogs.")}
    assert len(found) > 20
    lengths = {f"{kind.__name__} {kind.route}": max_length(kind.custom_id_format) for kind in found}
    assert {name: length for name, length in lengths.items() if length > MAX_CUSTOM_ID} == {}
    # The ids of units have 36 characters in fact, with which there is room for the end that differs.
    full = {kind.__name__ for kind in found if kind.is_menu and max_length(kind.custom_id_format) > 95}
    assert full == {"ToolzzIntegrationSelect"}


def components(
    base: Any,  # noqa: ANN401 - mypy takes no abstract class here
) -> Iterator[type[PersistentComponent[Any]]]:
    """Yield every component below a class that has a route."""
    for kind in base.__subclasses__():
        if kind.route:
            yield kind
        yield from components(kind)


def max_length(format_: CustomIdFormat) -> int:
    """Return how many characters a custom id of a route has at most."""
    literal = format_.route.format_map(dict.fromkeys(format_.segments, ""))
    return len(literal) + sum(map(max_width, format_.segments.values()))


def max_width(segment: Segment) -> int:
    """Return how many characters a value has at most."""
    if segment in get_args(ProviderSlug):
        return max(len(provider.slug) for provider in providers())
    if segment in get_args(PageNumber):
        return len(str(MAX_PAGES))
    width: int = re._parser.parse(segment.pattern).getwidth()[1]  # type: ignore[attr-defined]
    return width


def test_the_longest_custom_id_is_measured() -> None:
    """The measure counts the longest value of each field, and what stands between the fields."""
    assert (
        max_length(CustomIdFormat("help:{connection}:{tier}:{day}:{answer}", Owner))
        == 5 + 20 + 1 + 7 + 1 + 8 + 1 + 1
    )
