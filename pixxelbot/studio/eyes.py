"""The networks that compare words with pictures, where the operator has set some up; they answer between two steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, Literal

from pixxelbot.errors import NoNetwork, RendererCrashed
from pixxelbot.question import Answer, Question

Asks = Callable[[Question, Sequence[bytes]], Awaitable[Answer]]
AT_ONCE: Final = 64
"""Phrases or pictures of one question; more would keep the drawings beside it waiting."""


class Eyes:
    """Asks the renderer's networks. Without a network of the role needed, every question raises NoNetwork."""

    def __init__(self, asks: Asks | None = None, roles: Collection[str] = ()) -> None:
        self._asks, self._roles = asks, frozenset(roles)

    @property
    def finds_parts(self) -> bool:
        """Whether "the hat" is found in a picture."""
        return "segmenter" in self._roles

    @property
    def open(self) -> bool:
        """Whether pictures and words can be compared."""
        return self._asks is not None and "clip" in self._roles

    async def likeness(self, words: str, pictures: Sequence[bytes]) -> list[float]:
        """The cosine between some words and each picture.

        Raises:
            NoNetwork, RendererCrashed: there is nobody to ask.
        """
        (said,) = await self.vectors([words])
        seen = await self._in_parts("embed_picture", (), pictures)
        return [_cosine(said, one) for one in seen]

    async def resemblance(self, picture: bytes, others: Sequence[bytes]) -> list[float]:
        """The cosine between a picture and each of others."""
        whole, *seen = await self._in_parts("embed_picture", (), [picture, *others])
        return [_cosine(whole, one) for one in seen]

    async def vectors(self, phrases: Sequence[str]) -> list[tuple[float, ...]]:
        """A vector of length 1 for each phrase."""
        return await self._in_parts("embed_text", phrases, ())

    async def rank(self, picture: bytes, phrases: Sequence[str]) -> list[tuple[float, str]]:
        """The phrases with how well each describes a picture (shares of 1), the best first."""
        answer = await self._ask(Question(kind="rank", words=tuple(phrases)), [picture])
        return sorted(zip(answer.scores, phrases, strict=True), reverse=True)

    async def part(self, picture: bytes, words: str) -> bytes:
        """Where in a picture that is which the words name: a grey PNG of its size, white there.

        Raises:
            NoNetwork, RendererCrashed: there is nobody to ask.
        """
        if self._asks is None or not self.finds_parts:
            raise NoNetwork("segmenter")
        question = Question(kind="segment", words=(words,))
        try:
            return (await self._asks(question, [picture])).masks[0]
        except RendererCrashed:  # another is started: once more, and then it is the member's to know
            return (await self._asks(question, [picture])).masks[0]

    async def _in_parts(
        self, kind: Literal["embed_text", "embed_picture"], phrases: Sequence[str], pictures: Sequence[bytes]
    ) -> list[tuple[float, ...]]:
        found: list[tuple[float, ...]] = []
        for start in range(0, max(len(phrases), len(pictures)), AT_ONCE):
            words, shown = tuple(phrases[start : start + AT_ONCE]), pictures[start : start + AT_ONCE]
            found += (await self._ask(Question(kind=kind, words=words), shown)).vectors
        return found

    async def _ask(self, question: Question, pictures: Sequence[bytes]) -> Answer:
        if self._asks is None or not self.open:
            raise NoNetwork("clip")
        try:
            return await self._asks(question, pictures)
        except RendererCrashed:  # another is started: once more, and then it is the member's to know
            return await self._asks(question, pictures)


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
