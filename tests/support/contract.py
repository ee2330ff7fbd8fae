"""Reads a provider's contract and checks HTTP requests and replies against it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from bot.providers import FOLDER

_METHODS = {"get", "put", "post", "delete", "patch"}
_URI = "urn:contract"

Pointer = tuple[str, ...]


@dataclass(frozen=True)
class Reply:
    """An HTTP reply: header names in any case, the body as bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Contract:
    """A provider's OpenAPI file. A pointer is a tuple of the keys that lead to a place in it."""

    def __init__(self, path: Path) -> None:
        self.document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        resource: Resource[Any] = DRAFT202012.create_resource(self.document)
        self._registry: Registry[Any] = Registry().with_resource(_URI, resource)

    @classmethod
    def of(cls, slug: str) -> Contract:
        """Return the contract in the provider's folder."""
        return cls(FOLDER / slug / "contract.yaml")

    def resolve(self, pointer: Pointer) -> tuple[Pointer, Any]:
        """Follow references; return the final pointer and what is there.

        Raises:
            KeyError: nothing is there.

        """
        node: Any = self.document
        at: Pointer = ()
        for key in pointer:
            node, at = (node[int(key)] if isinstance(node, list) else node[key]), (*at, key)
            while isinstance(node, Mapping) and "$ref" in node:
                at, node = self.resolve(_read_pointer(node["$ref"]))
        return at, node

    def walk(self, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
        """Yield every place of the file, without following references."""
        node: Any = self.document
        for key in pointer:
            node = node[int(key)] if isinstance(node, list) else node[key]
        yield pointer, node
        if isinstance(node, list):
            node = dict(enumerate(node))
        for key in node if isinstance(node, Mapping) else ():
            yield from self.walk((*pointer, str(key)))

    def operations(self) -> list[Pointer]:
        """Return the pointers to the operations."""
        paths = self.document["paths"]
        return [("paths", path, method) for path in paths for method in paths[path] if method in _METHODS]

    def replies(self) -> set[tuple[str, str]]:
        """Return every documented reply as (operationId, status or `default`)."""
        operations = [self.resolve(pointer)[1] for pointer in self.operations()]
        return {
            (operation["operationId"], status)
            for operation in operations
            for status in operation["responses"]
        }

    def fields(self) -> set[str]:
        """Return the name of every field of every schema."""
        return {pointer[-1] for pointer, _ in self.walk() if pointer[-2:-1] == ("properties",)}

    def operation(self, method: str, target: str) -> Pointer:
        """Find the operation of a request; the path may begin with a server's base.

        Raises:
            LookupError: there is none.

        """
        path = urlsplit(target).path
        for pointer in self.operations():
            template = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pointer[1]))
            if pointer[2] == method.lower() and re.fullmatch(rf"(/[\w.-]+)*{template}", path):
                return pointer
        raise LookupError(f"no documented operation: {method} {path}")

    def problems(self, pointer: Pointer, instance: object) -> list[str]:
        """Return what is wrong with a value for the schema at `pointer`."""
        fragment = "/".join(quote(key.replace("~", "~0").replace("/", "~1")) for key in pointer)
        validator = Draft202012Validator(
            {"$ref": f"{_URI}#/{fragment}"},
            registry=self._registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(instance)]

    def check(self, method: str, target: str, reply: Reply) -> tuple[str, str]:
        """Check a reply against the contract, and return which documented reply it is.

        Raises:
            LookupError: the operation or the status is not documented.
            AssertionError: the media type, a header or the body is not as documented.

        """
        where = self.operation(method, target)
        operation = self.resolve(where)[1]
        status = str(reply.status) if str(reply.status) in operation["responses"] else "default"
        where, response = self.resolve((*where, "responses", status))

        headers = {name.lower(): value for name, value in reply.headers.items()}
        for name in response.get("headers", {}):
            assert name.lower() in headers, f"{name} is missing"
            wrong = self.problems(
                (*self.resolve((*where, "headers", name))[0], "schema"), headers[name.lower()]
            )
            assert not wrong, wrong

        media = headers.get("content-type", "").partition(";")[0]
        assert media in response["content"], f"{media!r} is not documented"
        body = json.loads(reply.body) if media == "application/json" else reply.body.decode()
        wrong = self.problems((*where, "content", media, "schema"), body)
        assert not wrong, wrong
        return operation["operationId"], status

    def check_request(self, method: str, target: str, headers: Mapping[str, str], body: object) -> str:
        """Check a request against the contract, and return the operation's id. headers: names in any case.

        Raises:
            LookupError: the operation is not documented.
            AssertionError: credentials are missing, or a parameter or the body is not as documented.

        """
        where = self.operation(method, target)
        operation = self.resolve(where)[1]
        headers = {name.lower(): value for name, value in headers.items()}
        ways = operation.get("security", self.document["security"])
        assert any(all(self._is_signed(scheme, headers) for scheme in way) for way in ways), "not signed"

        sent = {("header", name): [value] for name, value in headers.items()}
        sent |= {("query", name): values for name, values in parse_qs(urlsplit(target).query).items()}
        for index in range(len(operation["parameters"])):
            at, parameter = self.resolve((*where, "parameters", str(index)))
            place = parameter["in"]
            name = parameter["name"].lower() if place == "header" else parameter["name"]
            for value in sent.pop((place, name), []):
                integer = parameter["schema"]["type"] == "integer"
                wrong = self.problems((*at, "schema"), int(value) if integer else value)
                assert not wrong, wrong
        unknown = [name for place, name in sent if place == "query"]
        assert not unknown, f"parameters that are not documented: {unknown}"

        if "requestBody" in operation:
            wrong = self.problems((*where, "requestBody", "content", "application/json", "schema"), body)
            assert not wrong, wrong
        else:
            assert body is None, "a body where none is documented"
        return str(operation["operationId"])

    def _is_signed(self, scheme: str, headers: Mapping[str, str]) -> bool:
        _, way = self.resolve(("components", "securitySchemes", scheme))
        if way["type"] == "apiKey":
            return way["in"] == "header" and bool(headers.get(way["name"].lower()))
        return headers.get("authorization", "").lower().startswith(f"{way['scheme']} ")


def _read_pointer(reference: str) -> Pointer:
    assert reference.startswith("#/"), f"{reference} is not in this file"
    return tuple(key.replace("~1", "/").replace("~0", "~") for key in reference[2:].split("/"))
