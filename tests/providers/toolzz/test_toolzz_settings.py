"""The settings of reports, channels in only one list, and completed reports."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.toolzz.models import MAX_ENTRIES, Channel, Integration, IntegrationSettings

FULL: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "samples" / "toolzz" / "list.json").read_bytes()
)["data"][0]
NEEDED = (
    "botId",
    "unitId",
    "title",
    "guildId",
    "guildName",
    "permissions",
    "autoReplyOnMention",
    "threadAutoCreate",
    "scope",
)


def read(fields: dict[str, Any]) -> Integration:
    """Read an integration from JSON."""
    return Integration.model_validate_json(json.dumps(fields))


def full_without(*names: str) -> dict[str, Any]:
    """Return all fields except these."""
    return {name: value for name, value in FULL.items() if name not in names}


def test_settings_are_those_of_the_report() -> None:
    """Each setting has exactly the report's value."""
    assert IntegrationSettings.of(read(FULL)) == IntegrationSettings(
        agent_id="7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b21",
        unit_id="81d5c3a7-4e2f-4b96-9f08-5a7b6c1d2e30",
        title="Island Line",
        guild_id="1102345678901234568",
        guild_name="Island Line Passengers",
        channels=(Channel(id="1197654321098765432", name="timetable"),),
        permissions=9007199254740993,
        reply_on_mention=True,
        create_threads=False,
        scope="all",
    )


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", [None, {}, [1]], ids=repr)
def test_nothing_is_made_up_for_what_is_missing(name: str, value: object) -> None:
    """If one setting is missing or cannot be read, there are no settings."""
    assert IntegrationSettings.of(read(full_without(name))) is None
    assert IntegrationSettings.of(read(FULL | {name: value})) is None


@pytest.mark.parametrize(
    ("ids", "details", "settings"),
    [
        (["1"], None, ["1"]),
        (None, [{"id": "2"}], ["2"]),
        (["1"], [{"id": "2"}], ["1"]),
        ([], [], []),
        ([], None, []),
        ([], [{"id": "2"}], []),
        (None, [], None),
        (None, None, None),
        ("x", [None], None),
        ([{}], "x", None),
        ([str(number) for number in range(MAX_ENTRIES)], None, None),
        ([str(number) for number in range(MAX_ENTRIES - 1)], None, list(map(str, range(MAX_ENTRIES - 1)))),
    ],
)
def test_channels_are_written_only_if_they_were_read(
    ids: object, details: object, settings: list[str] | None
) -> None:
    """An empty list of channels is a setting; a list that is missing, broken or too long is none."""
    found = IntegrationSettings.of(read(FULL | {"channelIds": ids, "channelsDetail": details}))
    assert (None if found is None else [channel.id for channel in found.channels]) == settings


@pytest.mark.parametrize(
    ("ids", "details", "disagree"),
    [
        (["1", "2"], [{"id": "2"}, {"id": "1"}], False),
        (["1", "1"], [{"id": "1"}], False),
        (["1", "2"], [{"id": "1"}], True),
        (["1"], [{"id": "1"}, {"id": "2"}], True),
        (["1"], [{"id": "2"}], True),
        (["1"], [], False),
        ([], [{"id": "1"}], True),
        (["1"], None, False),
        (None, [{"id": "1"}], False),
        ("x", [{"id": "1"}], False),
        ([1], [{"id": "1"}], False),
    ],
)
def test_two_views_can_disagree(ids: object, details: object, disagree: bool) -> None:
    """The lists disagree if both have channels and not the same ones; the order does not matter."""
    assert read(FULL | {"channelIds": ids, "channelsDetail": details}).channels_disagree is disagree


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"title": "Other"}, True),
        ({"permissions": "9007199254740992"}, True),
        ({"channelIds": []}, True),
        ({"autoReplyOnMention": False}, True),
        ({"guildName": "Renamed"}, True),
        ({"channelsDetail": [{"id": "1197654321098765432", "name": "renamed"}]}, False),
        ({"updatedAt": "2026-05-04 00:00:00", "lastConnectedAt": "2026-05-04 00:00:00"}, False),
        ({"connectionStatus": "disconnected", "lastConnectionErrorCode": 4004}, False),
        ({"isActive": False}, False),
    ],
    ids=str,
)
def test_settings_differ_by_what_a_write_would_undo(change: dict[str, Any], differs: bool) -> None:
    """Settings differ only by values that a write would change, not by times, states or channels' names."""
    before, after = IntegrationSettings.of(read(FULL)), IntegrationSettings.of(read(FULL | change))
    assert before is not None
    assert after is not None
    assert (before.comparable != after.comparable) is differs


@given(st.randoms(use_true_random=False))
def test_the_order_of_channels_is_no_difference(order: Any) -> None:  # noqa: ANN401 - hypothesis's random
    """Settings with the same channels in another order are the same."""
    ids = [str(1188765432109876500 + number) for number in range(5)]
    shuffled = list(ids)
    order.shuffle(shuffled)
    settings = [
        IntegrationSettings.of(read(FULL | {"channelIds": each, "channelsDetail": []}))
        for each in (ids, shuffled)
    ]
    assert all(settings)
    assert len({each.comparable for each in settings if each}) == 1


@pytest.mark.parametrize("lacking", ["botId", "unitId", "guildId"])
@pytest.mark.parametrize("blank", ["", "  ", None])
def test_a_blank_id_is_none(lacking: str, blank: str | None) -> None:
    """A report with a blank id has no settings."""
    assert IntegrationSettings.of(read(FULL | {lacking: blank})) is None


@given(st.sets(st.sampled_from(sorted(FULL.keys() - {"id"}))))
def test_what_a_report_lacks_is_filled_in(absent: set[str]) -> None:
    """A completed report has its own values, and the other report's where it has none."""
    own = {name: None if name == "title" else value for name, value in FULL.items() if name not in absent}
    completed = read(own).completed_by(read(FULL))
    assert completed == read(FULL | own)
    assert not completed.is_short
    assert read(own).is_short is bool(absent - {"botToken"})
