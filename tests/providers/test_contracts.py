"""The contract of every provider is valid, and its simulator answers as the contract says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from bot.providers import providers, slugs
from bot.providers.base.simulator import Sample, Simulator, simulators
from tests.support.contract import Contract, Pointer, Reply

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture(params=slugs())
def contract(request: pytest.FixtureRequest) -> Contract:
    return Contract.of(request.param)


@pytest.fixture(params=simulators(), ids=lambda simulator: simulator.slug)
def simulator(request: pytest.FixtureRequest) -> Simulator:
    made = request.param()
    assert isinstance(made, Simulator)
    return made


async def send(url: str, sample: Sample) -> Reply:
    """Send a sample without headers of the client library that could matter to a provider."""
    body = None if sample.body is None else json.dumps(sample.body).encode()
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
        session.request(
            sample.method, url + sample.path, headers=sample.headers, data=body, allow_redirects=False
        ) as reply,
    ):
        return Reply(reply.status, reply.headers, await reply.read())


def schemas(contract: Contract) -> Iterator[Pointer]:
    for pointer, node in contract.walk():
        if pointer[:-1] == ("components", "schemas"):
            yield pointer
        elif isinstance(node, Mapping) and "schema" in node:
            yield (*pointer, "schema")


def examples(contract: Contract) -> Iterator[tuple[Pointer, Any]]:
    """Yield the schema and the value of each example: beside a schema, or listed in one."""
    for pointer, node in contract.walk():
        if not isinstance(node, Mapping):
            continue
        listed = node.get("examples")
        if isinstance(listed, list):
            yield from ((pointer, value) for value in listed)
        elif isinstance(listed, Mapping):
            yield from (((*pointer, "schema"), example["value"]) for example in listed.values())
        if "example" in node:
            yield (*pointer, "schema"), node["example"]


def field_names(value: object) -> Iterator[str]:
    """Yield the name of each field in a JSON value; UUIDs as keys are no names."""
    if isinstance(value, Mapping):
        yield from (name for name in value if not UUID.fullmatch(name))
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from field_names(inner)


def test_references_lead_somewhere(contract: Contract) -> None:
    """Every $ref of a contract names a place in the same file."""
    for pointer, node in contract.walk():
        if isinstance(node, Mapping) and "$ref" in node:
            contract.resolve(pointer)


def test_schemas_are_schemas(contract: Contract) -> None:
    """Every schema of a contract is valid JSON Schema 2020-12."""
    for pointer in schemas(contract):
        Draft202012Validator.check_schema(contract.resolve(pointer)[1])


def test_examples_are_true(contract: Contract) -> None:
    """Every example of a contract is what its schema asks for."""
    found = list(examples(contract))
    assert found
    for pointer, value in found:
        assert contract.problems(pointer, value) == [], pointer


def test_operations_are_complete(contract: Contract) -> None:
    """Each operation has its own id, a source, and a declaration of each parameter in its path."""
    assert re.fullmatch(r"3\.1\.\d+", contract.document["openapi"])
    ids = []
    for pointer in contract.operations():
        _, operation = contract.resolve(pointer)
        ids.append(operation["operationId"])
        assert operation["x-source"].startswith("https://")
        parameters = [
            contract.resolve((*pointer, "parameters", str(index)))[1]
            for index in range(len(operation["parameters"]))
        ]
        declared = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
        assert declared == set(re.findall(r"{(\w+)}", pointer[1]))
    assert len(ids) == len(set(ids))


async def test_simulators_answer_as_documented(simulator: Simulator) -> None:
    """The samples lead to every documented reply of every operation, and to no other reply."""
    contract = Contract.of(simulator.slug)
    seen = set()
    async with simulator:
        for sample in simulator.samples():
            reply = await send(simulator.url, sample)
            seen.add(contract.check(sample.method, sample.path, reply))
    assert seen == contract.replies()


async def test_simulators_invent_no_fields(simulator: Simulator) -> None:
    """A good reply has only fields of the contract, so that a misspelt optional one is found."""
    contract = Contract.of(simulator.slug)
    async with simulator:
        for sample in simulator.samples():
            reply = await send(simulator.url, sample)
            if reply.status < 400:
                assert set(field_names(json.loads(reply.body))) <= contract.fields(), sample


async def test_simulators_refuse_what_is_not_documented(simulator: Simulator) -> None:
    """A body that the contract forbids never succeeds."""
    contract = Contract.of(simulator.slug)
    async with simulator:
        for sample in simulator.samples():
            operation = contract.operation(sample.method, sample.path)
            schema = (*operation, "requestBody", "content", "application/json", "schema")
            if "requestBody" not in contract.resolve(operation)[1] or not contract.problems(
                schema, sample.body
            ):
                continue
            assert (await send(simulator.url, sample)).status >= 400, sample


def test_simulators_suit_their_provider(simulator: Simulator) -> None:
    """A simulator replaces every address of its provider, and its credentials fill the provider's fields."""
    (provider,) = [provider for provider in providers() if provider.slug == simulator.slug]
    assert simulator.environment().keys() == {endpoint.setting for endpoint in provider.endpoints}
    assert all(url.startswith(simulator.url) for url in simulator.environment().values())

    required = {field.id for field in provider.fields if field.required}
    for credentials in (simulator.credentials, simulator.refused_credentials):
        assert required <= credentials.keys() <= {field.id for field in provider.fields}
    assert simulator.credentials != simulator.refused_credentials
