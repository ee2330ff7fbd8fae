"""Proves what a unit's list says of its own completeness, however Toolzz may come to write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.toolzz.models import MAX_ENTRIES, AgentList, IntegrationList, OutlineList
from tests.support.toolzz_replies import anything

COUNTS = ("total", "totalCount", "total_count", "totalItems", "count", "itemCount")
FURTHER = ("hasMore", "has_more", "hasNext", "hasNextPage", "nextCursor", "next_cursor", "nextPage", "next")
PAGES = ("totalPages", "total_pages", "lastPage")
LEVELS = (None, "meta", "pagination", "page", "pageInfo", "paging", "links")
SAYS_NO: tuple[object, ...] = (None, False, "", 0, [], {})
SAYS_YES: tuple[object, ...] = (True, 2, "bmV4dA", "https://example.org/?page=2", {"href": "/2"})


def is_complete(entries: object, extra: dict[str, Any], level: str | None = None, wrap: str = "data") -> bool:
    """Read a list of integrations with more fields in its envelope; return whether it is complete."""
    more = extra if level is None else {level: extra}
    raw = json.dumps({wrap: entries, **more})
    read = [kind.model_validate_json(raw) for kind in (IntegrationList, OutlineList, AgentList)]
    (complete,) = {each.complete for each in read}
    return complete


def entries(number: int) -> list[dict[str, str]]:
    """Return so many entries."""
    return [{"id": f"a{each}"} for each in range(number)]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("number", [0, 1, 30])
def test_a_larger_total_means_that_there_are_more(level: str | None, name: str, number: int) -> None:
    """A total of as many entries as there are, or fewer, says that these are all."""
    for total in (-5, 0, number - 1, number, number + 1, 2 * number + 1):
        assert is_complete(entries(number), {name: total}, level) is (total <= number), total


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", FURTHER)
@pytest.mark.parametrize("wrap", ["data", "items"])
def test_a_further_page_means_that_there_are_more(level: str | None, name: str, wrap: str) -> None:
    """A cursor, a number, a link or a plain yes says so; null, false and what is empty do not."""
    assert {is_complete(entries(2), {name: value}, level, wrap) for value in SAYS_YES} == {False}
    assert {is_complete(entries(2), {name: value}, level, wrap) for value in SAYS_NO} == {True}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", PAGES)
def test_more_than_one_page_means_that_there_are_more(level: str | None, name: str) -> None:
    """The list is read without a page number, so it is the first of them."""
    for pages in range(-1, 10):
        assert is_complete(entries(2), {name: pages}, level) is (pages <= 1), pages


@pytest.mark.parametrize("raw", ["[]", '[{"id": "a"}]', '{"data": []}', '{"items": [{"id": "a"}]}'])
def test_a_list_without_any_hint_is_complete(raw: str) -> None:
    """Toolzz documents no paging, so a list that says nothing of it has all entries."""
    assert IntegrationList.model_validate_json(raw).complete


@given(st.integers(1, 5), st.integers(0, 5))
def test_an_entry_that_is_left_out_makes_a_list_incomplete(known: int, unreadable: int) -> None:
    """Nobody knows what an entry without an id stands for."""
    mixed = [*entries(known), *[{"title": "of nobody"}] * unreadable]
    assert is_complete(mixed, {}) is (unreadable == 0)


def test_a_list_that_is_cut_is_incomplete() -> None:
    """Only so many entries are read."""
    assert is_complete(entries(MAX_ENTRIES), {})
    assert not is_complete(entries(MAX_ENTRIES + 1), {})


@given(st.dictionaries(st.sampled_from([*COUNTS, *FURTHER, *PAGES, *filter(None, LEVELS)]), anything))
def test_any_hint_can_be_read(extra: dict[str, Any]) -> None:
    """Whatever stands in the envelope, the entries are read."""
    listed = IntegrationList.model_validate({"data": entries(2), **extra})
    assert [entry.id for entry in listed.data] == ["a0", "a1"]
