"""Keeps a connection's earlier answers, so that what has not changed is not parsed again."""

import marshal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, TypeVar, cast

from cachetools import LRUCache
from pydantic import BaseModel, ValidationInfo, ValidatorFunctionWrapHandler

AnswerT = TypeVar("AnswerT", bound=BaseModel)
EntryT = TypeVar("EntryT", bound=BaseModel)
MadeT = TypeVar("MadeT")

MAX_ANSWERS: Final = 256
"""A connection needs five answers if the provider has lists, else one for each integration."""


class KnownEntries:
    """The entries of a list: those that are as they were in the list before are not parsed again.

    It is the context in which pydantic parses an answer, and serves the lists that ask for it.
    """

    def __init__(self, before: Mapping[bytes, BaseModel]) -> None:
        """before: the entries of the same list that came before, by their digests."""
        self._before = before
        self.found: dict[bytes, BaseModel] = {}

    def read(self, entry: Any, parse: Callable[[Any], EntryT]) -> EntryT:  # noqa: ANN401 - any JSON
        """Return a parsed entry: the same object as long as the entry is the same. entry: parsed JSON."""
        # By the second version of the format, the same values always give the same bytes.
        digest = _digest(marshal.dumps(entry, 2))
        kept = self._before.get(digest)
        self.found[digest] = parsed = parse(entry) if kept is None else cast("EntryT", kept)
        return parsed


def read_unless_known(value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> object:
    """Have an entry parsed, unless it is known: the wrap validator of a list's entries."""
    known: KnownEntries | None = info.context
    return read(value) if known is None else known.read(value, read)


class ResponseCache:
    """The answers to one connection's credentials, in memory only, for as long as the credentials are in use.

    It holds addresses, hashes and models, and nothing that was sent in a header.
    """

    def __init__(self) -> None:
        self._answers: LRUCache[str, tuple[bytes, BaseModel, Mapping[bytes, BaseModel]]]
        self._answers = LRUCache(MAX_ANSWERS)
        self.notes: dict[str, str] = {}
        """What the next check needs to know of this one: a name of the provider's own -> an id or nothing."""
        self._made: tuple[Sequence[BaseModel], Sequence[object]] = (), ()
        self.answers_read = 0
        """How many answers were read, the unchanged ones included."""

    async def read(
        self,
        address: str,
        body: bytes,
        answer: type[AnswerT],
        parse: Callable[[KnownEntries], Awaitable[AnswerT]],
    ) -> AnswerT:
        """Return the parsed body: the same object as long as the body is the same.

        address: with its parameters. body: without secrets. Raises what ``parse`` raises.
        """
        self.answers_read += 1
        digest = _digest(body)
        before, kept, entries = self._answers.get(address, (b"", None, {}))
        is_same_kind = isinstance(kept, answer)
        if before == digest and is_same_kind:
            return cast("AnswerT", kept)
        known = KnownEntries(entries if is_same_kind else {})
        parsed = await parse(known)
        self._answers[address] = digest, parsed, known.found
        return parsed

    def made_of(self, entries: Sequence[EntryT], make: Callable[[EntryT], MadeT]) -> Sequence[MadeT]:
        """Return what is made of each entry of a connection's main list.

        It is the same object as long as the entry is, and so is the whole as long as the list is.
        """
        before, made = self._made
        if entries is not before:
            known = {id(entry): of_entry for entry, of_entry in zip(before, made, strict=True)}
            made = [known[id(each)] if id(each) in known else make(each) for each in entries]
            self._made = entries, made
        return cast("Sequence[MadeT]", made)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
