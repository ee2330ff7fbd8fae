"""Generates replies of Toolzz from the contract: allowed ones, similar ones and broken ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.support.contract import Contract, Pointer

CONTRACT: Final = Contract.of("toolzz")
CLEAR: Final = "CANARY-0123456789abcdefg.not-real.CANARY-0123456789abcdef"
"""A text of the same shape as Discord's tokens."""
SECRETS: Final = (CLEAR, "****-CANARY", "CANARY-****")

_EXTRA_NAMES = ("systemPrompt", "_id", "token", "", "id ", "ID", "__proto__", "model_config", "state")
_SCALARS: SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["", "\0\u202e", "1e999", "٣", "0000-00-00 00:00:00", "x" * 5_000])
)
anything: Final[SearchStrategy[Any]] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_SECRET = st.sampled_from(SECRETS)
_EXTRA = st.dictionaries(st.sampled_from(_EXTRA_NAMES), _SECRET | st.lists(_SECRET, max_size=2), max_size=2)


def reply_schema(name: str) -> Mapping[str, Any]:
    """Return the schema of an operation's reply with status 200."""
    for pointer in CONTRACT.operations():
        if CONTRACT.resolve(pointer)[1]["operationId"] == name:
            return _at((*pointer, "responses", "200", "content", "application/json", "schema"))
    raise LookupError(name)


def allowed(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    """Generate values that a schema allows, some with fields that it does not know."""
    if "$ref" in schema:
        return allowed(_at(tuple(schema["$ref"].removeprefix("#/").split("/"))))
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return st.one_of([_of_kind(kind, schema) for kind in kinds])


def bent(reply: Any) -> SearchStrategy[Any]:  # noqa: ANN401 - JSON of any shape
    """Generate replies with numbers as text, text as numbers, and optional fields that are null or absent."""
    if isinstance(reply, list):
        return st.tuples(*map(bent, reply)).map(list)
    if isinstance(reply, dict):
        optional = {
            name: bent(value) | st.none()
            for name, value in reply.items()
            if name not in {"id", "data", "items"}
        }
        needed = {name: bent(reply[name]) for name in reply.keys() - optional.keys()}
        return st.fixed_dictionaries(needed, optional=optional)
    if isinstance(reply, str) and reply.isascii() and reply.isdecimal():
        return st.sampled_from([reply, int(reply)])
    if isinstance(reply, bool | int):
        return st.sampled_from([reply, json.dumps(reply)])
    return st.just(reply)


def broken(reply: Any) -> SearchStrategy[bytes]:  # noqa: ANN401 - JSON of any shape
    """Generate the bytes of replies with one value replaced, that are cut, or that are no JSON."""
    text = json.dumps(reply)
    return st.one_of(
        _swapped(reply).map(lambda other: json.dumps(other).encode()),
        st.integers(0, len(text)).map(lambda place: text[:place].encode()),
        st.binary(max_size=20).map(lambda odd: text.encode() + odd),
        anything.map(lambda other: json.dumps(other).encode()),
        st.binary(max_size=40),
    )


def _at(pointer: Pointer) -> Mapping[str, Any]:
    schema = CONTRACT.resolve(pointer)[1]
    assert isinstance(schema, Mapping)
    return schema


def _of_kind(kind: str, schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    if kind == "object":
        fields = schema["properties"]
        needed = set(schema.get("required", ()))
        drawn = st.fixed_dictionaries(
            {name: allowed(fields[name]) for name in sorted(needed)},
            optional={name: allowed(fields[name]) for name in sorted(fields.keys() - needed)},
        )
        return st.tuples(_EXTRA, drawn).map(lambda parts: parts[0] | parts[1])
    if kind == "array":
        return st.lists(allowed(schema["items"]), max_size=3)
    if kind == "string":
        return _SECRET if schema.get("x-sensitive") else _text(schema)
    return {"boolean": st.booleans(), "integer": st.integers(), "null": st.none()}[kind]


def _text(schema: Mapping[str, Any]) -> SearchStrategy[str]:
    if schema.get("format") == "uuid":
        return st.uuids().map(str)
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    # The examples of an open list of words are as likely as any other text.
    examples = [example for example in schema.get("examples", []) if isinstance(example, str)]
    return st.text(max_size=30) | st.sampled_from(examples) if examples else st.text(max_size=30)


def _swapped(reply: Any) -> SearchStrategy[Any]:  # noqa: ANN401 - JSON of any shape
    """Generate replies with one value replaced by anything."""
    if isinstance(reply, dict) and reply:
        return anything | st.sampled_from(sorted(reply)).flatmap(
            lambda name: _swapped(reply[name]).map(lambda other: {**reply, name: other})
        )
    if isinstance(reply, list) and reply:
        return anything | st.integers(0, len(reply) - 1).flatmap(
            lambda place: _swapped(reply[place]).map(
                lambda other: [*reply[:place], other, *reply[place + 1 :]]
            )
        )
    return anything
