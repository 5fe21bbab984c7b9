"""A conversation: what one member said in one place, what came of it, and so what "it" and "the second one" mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pixxelbot.intent import Ask, Changes, Choice, Fact, Intent, Turn
from pixxelbot.job import Request, Status
from pixxelbot.picture import Picture
from pixxelbot.planner.wording import choice_in
from pixxelbot.recipe import Limits
from pixxelbot.store import Store

REMEMBERED: Final = 40
"""Earlier requests that are looked at; a conversation that long has changed its subject."""
SHOWN: Final = 60
"""Pictures a planner is told of."""
FAVOURITES: Final = 200
"""Latest favourites by which "my favourite" is understood."""
POINTS: Final = frozenset({"undo", "show", "recipe", "favourite", "describe", "clarify", "search", "history"})
"""Actions that draw nothing, after which "it" means the pictures they spoke of."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier request and the pictures it made (or was sent with)."""

    request: Request
    pictures: tuple[Picture, ...] = ()

    @property
    def action(self) -> str:
        """What it was understood as; empty where it came to nothing."""
        return self.request.intent.action if self.request.intent and not self.request.error_code else ""

    @property
    def targets(self) -> tuple[str, ...]:
        """Ids of the pictures it spoke of."""
        return self.request.intent.targets if self.request.intent else ()

    @property
    def underway(self) -> bool:
        """Whether its pictures are still to come."""
        return self.request.status in (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The exchanges, oldest first, and whatever else a new request may speak of."""

    member_id: str
    exchanges: tuple[Exchange, ...] = ()
    pointed: tuple[Picture, ...] = ()
    """Pictures of other places that an exchange, or the message replied to, spoke of."""
    about: tuple[str, ...] = ()
    """Ids of the pictures that this request replies to."""
    locks: Changes = Changes()
    favourites: frozenset[str] = frozenset()

    @property
    def last(self) -> Exchange | None:
        """The latest exchange."""
        return self.exchanges[-1] if self.exchanges else None

    def picture(self, picture_id: str) -> Picture | None:
        """A picture that was shown or spoken of here."""
        everything = (one for exchange in self.exchanges for one in exchange.pictures)
        return next((one for one in (*self.pointed, *everything) if one.id == picture_id), None)

    @property
    def focus(self) -> tuple[str, ...]:
        """What "it" means where nothing was drawn since it was spoken of."""
        if self.about:
            return self.about
        return self.last.targets if self.last and self.last.action in POINTS else ()

    def grids(self) -> list[tuple[str, list[Picture]]]:
        """Name and pictures of each grid, the one being talked about first; deleted pictures are not there."""
        grids: dict[str, list[Picture]] = {}
        for exchange in self.exchanges:
            if exchange.pictures:
                grids[exchange.request.id] = list(exchange.pictures)
            elif exchange.action in POINTS and exchange.targets:
                self._bring_forward(grids, exchange.request.id, exchange.targets)
        if self.about:
            self._bring_forward(grids, "about", self.about)
        left = {name: [one for one in grid if not one.deleted] for name, grid in reversed(grids.items())}
        return [(name, grid) for name, grid in left.items() if grid]

    def _bring_forward(self, grids: dict[str, list[Picture]], name: str, targets: Sequence[str]) -> None:
        """The grid that holds all targets comes to the front; targets of several grids make a grid of their own."""
        holding = next((key for key, grid in grids.items() if set(targets) <= {one.id for one in grid}), None)
        if holding is not None:
            grids[holding] = grids.pop(holding)
        elif found := [one for one in map(self.picture, targets) if one is not None]:
            grids[name] = found

    def before(self) -> tuple[Picture, ...]:
        """What "go back" goes back to: the grid before the one being talked about; empty where there is none."""
        steps: list[tuple[Picture, ...]] = []
        for exchange in self.exchanges:
            if exchange.pictures:
                steps.append(exchange.pictures)
            elif exchange.action == "undo" and exchange.targets:
                del steps[-1:]
            elif exchange.action == "show":
                steps.append(tuple(one for one in map(self.picture, exchange.targets) if one is not None))
        if self.last and self.last.underway:  # not drawn yet: going back means the one that was there before
            steps.append(())
        return tuple(one for one in steps[-2] if not one.deleted) if len(steps) > 1 else ()

    def chosen(self, words: str) -> Choice | None:
        """The answer that these words choose among those the last question offered."""
        choices = self.last.request.intent.choices if self.last and self.last.request.intent else ()
        return choice_in(words, choices) if choices else None

    def ask(self, request: Request, limits: Limits, styles: tuple[str, ...]) -> Ask:
        """The request as a planner is given it."""
        grids = self.grids()
        shown: dict[str, tuple[str, Picture]] = {}
        for name, grid in grids:
            for one in grid:
                shown.setdefault(one.id, (name, one))
        kept = list(shown.values())[:SHOWN]
        last = self.last
        return Ask(
            words=request.words,
            given=request.given,
            limits=limits,
            styles=styles,
            pictures=tuple((one.id, one.recipe) for _, one in kept),
            sources=request.sources,
            facts={one.id: self._fact(name, one) for name, one in kept},
            focus=tuple(target for target in self.focus if target in shown),
            unanswered=last.request.words if last and last.action == "clarify" else "",
            now=_moment(request.created_at) if request.created_at else datetime.now(UTC),
            turns=tuple(map(_turn, self.exchanges)),
        )

    def _fact(self, grid: str, one: Picture) -> Fact:
        made = _moment(one.created_at) if one.created_at else None
        return Fact(job=grid, made=made, mine=one.member_id == self.member_id, favourite=one.id in self.favourites)


async def conversation_of(store: Store, request: Request) -> Conversation:
    """What was said before this request by its member in its place, and the pictures it may speak of."""
    place, name = request.address.channel_id, conversation_name(request)
    memory = await store.memory(request.member_id, place, name, REMEMBERED + 1, FAVOURITES)
    earlier = [one for one in reversed(memory.requests) if one.id != request.id and one.status is not Status.PLANNING]
    drawn: dict[str, list[Picture]] = {}
    for one in memory.pictures:
        drawn.setdefault(one.request_id or "", []).append(one)
    exchanges = tuple(Exchange(one, tuple(drawn.get(one.id, ()))) for one in earlier)
    known = {one.id for grid in drawn.values() for one in grid}
    named = {name for exchange in exchanges for name in (*exchange.targets, *exchange.request.sources)}
    pointed = [await store.picture(name) for name in sorted({*named, *request.about} - known)]
    return Conversation(
        member_id=request.member_id,
        exchanges=tuple(_with_sources(exchange, pointed) for exchange in exchanges),
        pointed=tuple(pointed),
        about=request.about,
        locks=memory.locks,
        favourites=memory.favourites,
    )


def conversation_name(request: Request) -> str:
    """Where a member's locks hold."""
    return request.address.channel_id or "cli"


def _with_sources(exchange: Exchange, pointed: Iterable[Picture]) -> Exchange:
    """A picture sent along counts as shown where nothing was drawn from it."""
    if exchange.pictures or exchange.underway or exchange.targets:
        return exchange
    return Exchange(exchange.request, tuple(one for one in pointed if one.id in exchange.request.sources))


def _turn(exchange: Exchange) -> Turn:
    intent = exchange.request.intent or Intent()
    recipe = exchange.pictures[0].recipe if exchange.pictures else None
    return Turn(
        words=exchange.request.words,
        action=exchange.action,
        prompt=recipe.prompt if recipe else "",
        reply=intent.reply,
        pictures=tuple(one.id for one in exchange.pictures) or intent.targets,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
