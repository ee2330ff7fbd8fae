"""What a connection's earlier reads gave, so that an answer that stays the same is not parsed again."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final, TypeVar

from cachetools import LRUCache
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable

AnswerT = TypeVar("AnswerT", bound=BaseModel)

MOST_ANSWERS: Final = 256
"""Where a provider lists, a connection needs five at most, and else one for each of its integrations."""


class Memo:
    """Belongs to one connection's credentials, and ends with them; kept in memory alone.

    Addresses, hashes and models are all that it has, so what was sent in a header is not in it.
    """

    def __init__(self) -> None:
        self._answers: LRUCache[str, tuple[bytes, BaseModel]] = LRUCache(MOST_ANSWERS)
        self.facts: dict[str, str] = {}
        """What a provider need not be asked for twice: its own word -> no secret."""

    def read(
        self, address: str, body: bytes, answer: type[AnswerT], parse: Callable[[bytes], AnswerT]
    ) -> AnswerT:
        """Return what ``parse`` makes of a body, the same object as long as the body is the same.

        address: all of it, parameters included. body: already without secrets. Raises what ``parse`` does.
        """
        digest = blake2b(body, digest_size=16).digest()
        before, kept = self._answers.get(address, (b"", None))
        if before == digest and isinstance(kept, answer):
            return kept
        parsed = parse(body)
        self._answers[address] = digest, parsed
        return parsed
