"""Pictures found by words: "the one with the boat", "mine from yesterday", a search."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from pixxelbot.job import Request
from pixxelbot.picture import Picture
from pixxelbot.planner.words import singular
from pixxelbot.store import Store
from pixxelbot.studio.answers import LISTED
from pixxelbot.studio.conversation import Conversation
from pixxelbot.studio.eyes import Eyes

LOOKED_THROUGH: Final = 2_000
"""Newest pictures of a member that a search looks at; more than a year's worth of most."""
NOT_CONTENT: Final = frozenset({
    "a", "an", "the", "my", "mine", "your", "our", "one", "i", "we", "me", "you", "it", "that", "this", "these",
    "those", "picture", "image", "pic", "photo", "with", "of", "from", "at", "in", "on", "and", "or", "for", "made",
    "make", "drew", "drawn", "did", "do", "wa", "was", "were", "is", "are", "showing", "show", "has", "have", "had",
    "last", "latest", "old", "all", "find", "search", "where", "there", "which", "some", "any",
})  # fmt: skip
"""Words that describe no picture."""
DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
AGO: Final = re.compile(
    rf"\b(?:(?P<day>today|yesterday|this morning|last night|tonight|last week|this week|last month)"
    rf"|(?:last |on )?(?P<weekday>{'|'.join(DAYS)})"
    r"|(?P<n>\d{1,3}|an?|two|three) (?P<unit>minute|hour|day|week)s? ago)\b",
    re.IGNORECASE,
)
FEW: Final = {"a": 1, "an": 1, "two": 2, "three": 3}

LOOKED_AT: Final = 60
"""Pictures that are looked at for one request, a tenth of a second each on two cores."""
FITS: Final = 0.5
"""Least share of the words that a picture found by them was made with."""


class Finder:
    """Looks through stored pictures by the words they were made with."""

    def __init__(self, store: Store, may_see: Callable[[Request, Picture], bool], eyes: Eyes) -> None:
        self.store, self.may_see, self.eyes = store, may_see, eyes

    async def described(self, request: Request, description: str, conversation: Conversation) -> list[Picture]:
        """The grid of this conversation that fits a description best, else the best of the member's own elsewhere."""
        here = [one for _, grid in conversation.grids() for one in grid]
        found = self._fitting(here, description)
        if not found:
            found = self._fitting(await self._own(request), description)
        return await self.narrowed([one for one in found if one.job_id == found[0].job_id], description)

    async def narrowed(self, found: Sequence[Picture], description: str) -> list[Picture]:
        """Those of several pictures that fit a description best: by their words, and among equals by their looks.

        All of them, where nobody looks.
        """
        best = max((_score(one, description) for one in found), default=0.0)
        equal = [one for one in found if _score(one, description) == best]
        return (await self._by_looks(equal, description))[:1] if len(equal) > 1 and self.eyes.open else equal

    async def _by_looks(self, found: Sequence[Picture], description: str) -> list[Picture]:
        """The pictures, the one that looks most like the words first."""
        kept = [one for one in found if not one.deleted][:LOOKED_AT]
        seen = [await self.store.picture_bytes(one.id) for one in kept]
        alike = await self.eyes.likeness(description, seen)
        return [one for _, one in sorted(zip(alike, kept, strict=True), key=lambda pair: -pair[0])]

    async def search(self, request: Request, words: str) -> list[Picture]:
        """The member's pictures that fit some words, the best first and among equals the newest.

        Where no words fit, those of the newest that look most like them.
        """
        own = await self._own(request)
        if found := self._fitting(own, words):
            return found[:LISTED]
        return (await self._by_looks(own, words))[:LISTED] if own and self.eyes.open else []

    async def alike(self, request: Request, png: bytes) -> list[Picture]:
        """The member's newest pictures, those that look most like another first.

        Raises:
            NoNetwork: nobody here looks.
        """
        own = (await self._own(request))[:LOOKED_AT]
        seen = [await self.store.picture_bytes(one.id) for one in own]
        alike = await self.eyes.resemblance(png, seen)
        return [one for _, one in sorted(zip(alike, own, strict=True), key=lambda pair: -pair[0])][:LISTED]

    async def latest(self, request: Request, words: str = "") -> list[Picture]:
        """The member's newest pictures, of the time that the words name."""
        span = span_of(words, _now(request))
        return [one for one in await self._own(request) if _within(one, span)][:LISTED]

    async def _own(self, request: Request) -> list[Picture]:
        found = await self.store.pictures(member=request.member_id, limit=LOOKED_THROUGH)
        return [one for one in found if not one.deleted and not one.upload and self.may_see(request, one)]

    def _fitting(self, pictures: Iterable[Picture], words: str) -> list[Picture]:
        """Those that fit, the best first; what comes first among equals stays first."""
        span = span_of(words, datetime.now().astimezone())
        content = words_of(AGO.sub(" ", words))
        candidates = [one for one in pictures if _within(one, span)]
        if not content:
            return candidates if span else []
        scored = [(_score(one, words), one) for one in candidates]
        return [one for score, one in sorted(scored, key=lambda pair: -pair[0]) if score >= FITS]


def words_of(text: str) -> frozenset[str]:
    """The words of a text that say what a picture shows, in the singular."""
    return frozenset(singular(word) for word in re.findall(r"\w+", text.casefold())) - NOT_CONTENT


def span_of(words: str, now: datetime) -> tuple[float, float] | None:
    """Beginning and end in Unix seconds of the time that some words name; None where they name none."""
    match = AGO.search(words)
    if not match:
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = _days(match, now, midnight)
    return start.timestamp(), end.timestamp()


def _days(match: re.Match[str], now: datetime, midnight: datetime) -> tuple[datetime, datetime]:
    day = timedelta(days=1)
    if match["weekday"]:
        back = (now.weekday() - DAYS.index(match["weekday"].lower())) % 7 or 7
        return midnight - back * day, midnight - (back - 1) * day
    if match["n"]:
        many = FEW.get(match["n"].lower()) or int(match["n"])
        unit = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": day, "week": 7 * day}[match["unit"]]
        if unit >= day:
            return midnight - many * unit, midnight - many * unit + max(unit, day)
        return now - many * unit * 1.5, now - many * unit * 0.5
    monday = midnight - now.weekday() * day
    return {
        "today": (midnight, midnight + day),
        "this morning": (midnight, midnight + day / 2),
        "tonight": (midnight + day / 2, midnight + day),
        "yesterday": (midnight - day, midnight),
        "last night": (midnight - day / 4, midnight + day / 4),
        "this week": (monday, monday + 7 * day),
        "last week": (monday - 7 * day, monday),
        "last month": (midnight - 31 * day, midnight),
    }[match["day"].lower()]


def _score(one: Picture, words: str) -> float:
    """The share of the words that the picture was made with."""
    wanted = words_of(AGO.sub(" ", words))
    made_with = words_of(f"{one.recipe.wish} {one.recipe.prompt} {one.recipe.instruction}")
    return len(wanted & made_with) / len(wanted) if wanted else 0.0


def _within(one: Picture, span: tuple[float, float] | None) -> bool:
    return span is None or span[0] <= one.created_at < span[1]


def _now(request: Request) -> datetime:
    return (
        datetime.fromtimestamp(request.created_at).astimezone() if request.created_at else datetime.now().astimezone()
    )
