"""Keeps a connection's earlier answers, so that an answer that has not changed is not parsed again."""

from collections.abc import Awaitable, Callable
from hashlib import blake2b
from typing import Final, TypeVar, cast

from cachetools import LRUCache
from pydantic import BaseModel

AnswerT = TypeVar("AnswerT", bound=BaseModel)
MadeT = TypeVar("MadeT")

MAX_ANSWERS: Final = 256
"""A connection needs five answers if the provider has lists, else one for each integration."""


class ResponseCache:
    """The answers to one connection's credentials, in memory only, for as long as the credentials are in use.

    It holds addresses, hashes and models, and nothing that was sent in a header.
    """

    def __init__(self) -> None:
        self._answers: LRUCache[str, tuple[bytes, BaseModel]] = LRUCache(MAX_ANSWERS)
        self.notes: dict[str, str] = {}
        """What the next check needs to know of this one: a name of the provider's own -> an id or nothing."""
        self._made: tuple[BaseModel, object] | None = None
        self.answers_read = 0
        """How many answers were read, the unchanged ones included."""

    async def read(
        self, address: str, body: bytes, answer: type[AnswerT], parse: Callable[[], Awaitable[AnswerT]]
    ) -> AnswerT:
        """Return the parsed body: the same object as long as the body is the same.

        address: with its parameters. body: without secrets. Raises what ``parse`` raises.
        """
        self.answers_read += 1
        digest = blake2b(body, digest_size=16).digest()
        before, kept = self._answers.get(address, (b"", None))
        if before == digest and isinstance(kept, answer):
            return kept
        parsed = await parse()
        self._answers[address] = digest, parsed
        return parsed

    def made_of(self, answer: AnswerT, make: Callable[[AnswerT], MadeT]) -> MadeT:
        """Return what is made of a connection's main answer: the same object as long as the answer is."""
        if self._made is None or self._made[0] is not answer:
            self._made = answer, make(answer)
        return cast("MadeT", self._made[1])
