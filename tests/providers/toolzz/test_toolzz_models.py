"""A report needs only an id; every other field may be missing or wrong."""

import json
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.providers.base.integration import State
from bot.providers.toolzz.models import Channel, Integration, IntegrationList
from tests.support.contract import Contract
from tests.support.exposure import everything_said

SAMPLES = Path(__file__).parents[2] / "samples" / "toolzz"
TABLE: dict[str, Any] = json.loads((SAMPLES / "table.json").read_bytes())
FIELDS = sorted(Contract.of("toolzz").document["components"]["schemas"]["Integration"]["properties"])
OPTIONAL = [field for field in FIELDS if field != "id"]
WRONG: list[Any] = [
    None, "", "maybe", "x" * 5_000, 0, -1, 7, 1.5, float("nan"), float("inf"), 10**30, True, False,
    [], [None], [[]], [{}], [{"id": None}], ["x", None], {}, {"id": []}, {"deep": [[[[{}]]]]},
]  # fmt: skip

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(WRONG),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def read(**fields: object) -> Integration:
    """Read an integration from JSON; an id is added."""
    return Integration.model_validate_json(json.dumps({"id": "a", **fields}))


def read_sample(name: str) -> Integration:
    """Read one of the four documented forms."""
    raw = (SAMPLES / f"{name}.json").read_bytes()
    return (
        IntegrationList.model_validate_json(raw).data[0]
        if name == "list"
        else Integration.model_validate_json(raw)
    )


def reported(text: str, *parts: int, tzinfo: tzinfo | None = None) -> dict[str, object]:
    """Return what a model's dump has of a time, by default of one without a zone."""
    time = datetime(*parts, tzinfo=tzinfo)  # type: ignore[arg-type, misc]
    return {"text": text, "time": time, "host": "", "offset": None}


@pytest.mark.parametrize(("name", "count"), [("create", 8), ("read", 8), ("list", 24), ("table", 25)])
def test_each_projection_is_read(name: str, count: int) -> None:
    """Each of the four documented forms can be read, and fields that it lacks are absent."""
    raw = json.loads((SAMPLES / f"{name}.json").read_bytes())
    raw = raw["data"][0] if name == "list" else raw
    assert len(raw) == count
    assert set(raw) <= set(FIELDS)
    report = read_sample(name)
    assert report.id == "3f6c2b90-7d1e-4a58-b0c4-92e5d8a1f601"
    assert report.guild_name == "Island Line Passengers"
    assert report.channels[0] == Channel(id="1197654321098765432", name="timetable")
    assert (
        report.state
        is {
            "create": State.CONNECTED,
            "read": State.CONNECTED,
            "list": State.DISCONNECTED,
            "table": State.INACTIVE,
        }[name]
    )
    assert "FAKE-TOKEN" not in everything_said(report) + report.model_dump_json()


def test_every_field_has_its_place() -> None:
    """All 25 fields except the bot token are read."""
    assert read_sample("table").model_dump() == {
        "id": "3f6c2b90-7d1e-4a58-b0c4-92e5d8a1f601",
        "title": "Island Line",
        "connection_status": "disconnected",
        "is_active": False,
        "agent_id": "7b2a9d40-6c1f-4e83-b5d7-0f3e8c6a1b21",
        "bot_client_id": "1219876543210987654",
        "is_token_masked": True,
        "unit_id": "81d5c3a7-4e2f-4b96-9f08-5a7b6c1d2e30",
        "guild_id": "1102345678901234568",
        "guild_name": "Island Line Passengers",
        "channel_ids": ("1197654321098765432", "1197654321098765433"),
        "channels_detail": ({"id": "1197654321098765432", "name": "timetable"},),
        "scope": "none",
        "permissions": 6755399441055744,
        "reply_on_mention": False,
        "create_threads": True,
        "welcome_message": "Where to?",
        "last_connected_at": reported("2026-05-02T11:40:07.310Z", 2026, 5, 2, 11, 40, 7, 310_000, tzinfo=UTC),
        "last_disconnected_at": None,
        "error_code": None,
        "code_in_message": None,
        "error_message": None,
        "created_at": reported("2026-05-02 11:40:05.518233", 2026, 5, 2, 11, 40, 5, 518_233),
        "updated_at": reported("2026-05-03 23:59:01", 2026, 5, 3, 23, 59, 1),
        "deleted_at": reported("2026-06-01 00:00:00.5", 2026, 6, 1, 0, 0, 0, 500_000),
        "is_deleted": True,
    }


def test_the_id_alone_is_a_report() -> None:
    """An integration with only an id has the state unknown."""
    report = read()
    assert report == Integration(id="a")
    assert (report.state, report.channels) == (State.UNKNOWN, ())


@pytest.mark.parametrize("value", [None, "", "x", 7, [], {}], ids=repr)
def test_no_id_is_no_report(value: object) -> None:
    """Null and structures are refused as an id; text and numbers are accepted."""
    if value is None or isinstance(value, list | dict):
        with pytest.raises(ValidationError):
            read(id=value)
    else:
        assert read(id=value).id == str(value)
    with pytest.raises(ValidationError):
        Integration.model_validate_json("{}")


def sent_as(name: str) -> str:
    """Return the name of a model's field in a reply."""
    others = {"is_deleted": "deletedAt", "code_in_message": "lastConnectionErrorMessage"}
    return others.get(name) or Integration.model_fields[name].alias or name


@pytest.mark.parametrize(
    ("value", "deleted"),
    [(1767225600, True), ("yesterday", True), ("2026-05-03", True), ("", False), (" ", False), (None, False)],
)
def test_a_deletion_need_not_be_readable(value: object, deleted: bool) -> None:
    """An integration with any time of deletion is deleted, even if the time cannot be read."""
    report = read(deletedAt=value, connectionStatus="connected", isActive=True)
    assert report.is_deleted is deleted
    assert (report.state is State.INACTIVE) is deleted


def test_an_entry_without_an_id_is_left_out() -> None:
    """A list is read without its entries that have no id."""
    envelope = {"data": [{"id": "a"}, {"title": "nobody"}, None, {"id": ""}, {"id": "b"}]}
    assert [entry.id for entry in IntegrationList.model_validate(envelope).data] == ["a", "b"]


@given(st.sets(st.sampled_from(OPTIONAL)), st.sets(st.sampled_from(OPTIONAL)))
def test_any_field_may_be_missing(absent: set[str], null: set[str]) -> None:
    """A field that is missing or null does not affect the other fields."""
    raw = {name: None if name in null else value for name, value in TABLE.items() if name not in absent}
    report, full = Integration.model_validate_json(json.dumps(raw)), read_sample("table")
    for name, field in Integration.model_fields.items():
        gone = sent_as(name) in absent | null
        assert getattr(report, name) == (field.default if gone else getattr(full, name)), name


@given(st.dictionaries(st.sampled_from(OPTIONAL), anything))
def test_a_wrong_type_is_a_missing_field(wrong: dict[str, object]) -> None:
    """A field of a wrong type does not affect the other fields."""
    report, full = Integration.model_validate_json(json.dumps(TABLE | wrong)), read_sample("table")
    assert isinstance(report.state, State)
    assert all(isinstance(channel, Channel) for channel in report.channels)
    for name in Integration.model_fields:
        if sent_as(name) not in wrong:
            assert getattr(report, name) == getattr(full, name), name


@pytest.mark.parametrize("field", OPTIONAL)
@pytest.mark.parametrize("value", [{}, [], [[]], [None], {"id": []}], ids=repr)
def test_a_structure_stands_for_nothing(field: str, value: object) -> None:
    """A list or an object in place of a simple value has no value, and the report knows that it was there.

    An empty list of channels is a value: there are no channels.
    """
    report, names = (
        read(**{field: value}),
        [name for name in Integration.model_fields if sent_as(name) == field],
    )
    channels = {"channelIds": "channel_ids", "channelsDetail": "channels_detail"}
    none = {channels[field]: ()} if field in channels and value == [] else {}
    assert report.model_dump() == read().model_dump() | none
    assert all(report.holds(name) for name in names if Integration.model_fields[name].alias == field)


@pytest.mark.parametrize(
    ("value", "bits"),
    [
        ("9007199254740993", 9007199254740993),
        (9007199254740993, 9007199254740993),
        ("0", 0),
        (str(2**64 - 1), 2**64 - 1),
        ("18014398509481984", 2**54),
        (9007199254740993.0, None),
        ("-1", None),
        (-1, None),
        ("0x10", None),
        ("1e3", None),
        ("٣", None),
        ("9" * 21, None),
        (10**30, None),
        (True, None),
        ("", None),
        (None, None),
    ],
    ids=repr,
)
def test_permissions_keep_every_bit(value: object, bits: int | None) -> None:
    """Every bit of a bit field is kept; what may have lost bits is absent."""
    assert read(permissions=value).permissions == bits


def test_numbers_serve_as_text() -> None:
    """Ids, codes and names that are numbers are read as text."""
    report = read(
        id=42,
        lastConnectionErrorCode=4014,
        guildId=1102345678901234568,
        botClientId=1219876543210987654,
        title=7,
        channelIds=[1197654321098765432],
        channelsDetail=[{"id": 1197654321098765432, "name": 8}],
    )
    assert (report.id, report.error_code, report.title) == ("42", "4014", "7")
    assert (report.guild_id, report.bot_client_id) == ("1102345678901234568", "1219876543210987654")
    assert report.channels == (Channel(id="1197654321098765432", name="8"),)


@pytest.mark.parametrize(
    ("ids", "details", "channels"),
    [
        (["1", "2"], [{"id": "2", "name": "two"}, {"id": "1", "name": "one"}], [("1", "one"), ("2", "two")]),
        (["1", "2"], [{"id": "1", "name": "one"}], [("1", "one"), ("2", None)]),
        (["1"], [{"id": "1", "name": "one"}, {"id": "9", "name": "gone"}], [("1", "one")]),
        (["1"], [{"id": "9", "name": "gone"}], [("1", None)]),
        (["1"], None, [("1", None)]),
        (["1"], "x", [("1", None)]),
        (["1"], [{"id": "1"}], [("1", None)]),
        (["1"], [{"id": "1", "name": {}}], [("1", None)]),
        ([], [{"id": "1", "name": "one"}], []),
        (None, [{"id": "1", "name": "one"}], [("1", "one")]),
        ("x", [{"id": "1", "name": "one"}], [("1", "one")]),
        ([None], [{"id": "1", "name": "one"}], [("1", "one")]),
        ([], [], []),
        (None, None, []),
    ],
)
def test_channels_that_disagree(ids: object, details: object, channels: list[tuple[str, str | None]]) -> None:
    """The ids of the channels come from one list, and their names from the other."""
    found = read(channelIds=ids, channelsDetail=details)
    assert [(channel.id, channel.name) for channel in found.channels] == channels
    assert found.ids_of_channels == tuple(channel_id for channel_id, _ in channels)


def test_a_thousand_channels_are_read() -> None:
    """A thousand channels are read."""
    many = [str(10**18 + number) for number in range(1_000)]
    report = read(channelIds=many, channelsDetail=[{"id": channel, "name": channel} for channel in many])
    assert [channel.name for channel in report.channels] == many


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"connectionStatus": "connected", "isActive": True}, State.CONNECTED),
        ({"connectionStatus": " Connected ", "isActive": True}, State.CONNECTED),
        ({"connectionStatus": "disconnected", "isActive": True}, State.DISCONNECTED),
        ({"connectionStatus": "error", "isActive": True}, State.ERROR),
        ({"connectionStatus": "connected"}, State.CONNECTED),
        ({"connectionStatus": "connected", "isActive": False}, State.INACTIVE),
        ({"connectionStatus": "disconnected", "isActive": False}, State.INACTIVE),
        ({"connectionStatus": "connected", "deletedAt": "2026-06-01 00:00:00"}, State.INACTIVE),
        ({"connectionStatus": "connected", "deletedAt": ""}, State.CONNECTED),
        ({"connectionStatus": "connecting", "isActive": True}, State.UNKNOWN),
        ({"connectionStatus": "hibernating"}, State.UNKNOWN),
        ({"connectionStatus": "inactive"}, State.UNKNOWN),
        ({"connectionStatus": "unknown"}, State.UNKNOWN),
        ({"connectionStatus": "CONNECTED!"}, State.UNKNOWN),
        ({"connectionStatus": ""}, State.UNKNOWN),
        ({"connectionStatus": 1, "isActive": "maybe"}, State.UNKNOWN),
        ({"isActive": True}, State.UNKNOWN),
    ],
)
def test_a_state_is_not_guessed(fields: dict[str, object], state: State) -> None:
    """Documented words have their states; switched off and deleted are inactive; other words are unknown."""
    assert read(**fields).state is state


@given(st.text())
def test_any_word_has_a_state(word: str) -> None:
    """Every word has a state."""
    known = {State.CONNECTED, State.DISCONNECTED, State.ERROR}
    report = read(connectionStatus=word)
    assert report.connection_status == word
    assert report.state is (State(word.strip().lower()) if word.strip().lower() in known else State.UNKNOWN)


@pytest.mark.parametrize(
    "envelope",
    [
        {"data": [{"id": "a"}, {"id": "b"}]},
        {"items": [{"id": "a"}, {"id": "b"}]},
        [{"id": "a"}, {"id": "b"}],
        {"data": [{"id": "a"}, {"id": "b"}], "items": [{"id": "c"}], "total": 2},
    ],
    ids=["data", "items", "bare", "both"],
)
def test_lists_come_in_three_envelopes(envelope: object) -> None:
    """A list is read under ``data``, under ``items`` and without an envelope."""
    read_back = IntegrationList.model_validate_json(json.dumps(envelope))
    assert [entry.id for entry in read_back.data] == ["a", "b"]


@pytest.mark.parametrize(
    "envelope", [{}, {"data": None}, {"data": {}}, {"rows": []}, [None], [{}], 7, "x", None]
)
def test_what_is_no_list_is_refused(envelope: object) -> None:
    """A reply without a list is refused, and is not read as an empty list."""
    with pytest.raises(ValidationError):
        IntegrationList.model_validate_json(json.dumps(envelope))


@pytest.mark.parametrize("envelope", [{"data": []}, {"items": []}, []])
def test_a_unit_may_be_empty(envelope: object) -> None:
    """An empty list is accepted."""
    assert IntegrationList.model_validate_json(json.dumps(envelope)).data == ()
