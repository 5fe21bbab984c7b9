"""What a place allows and a member has set, applied to requests and recipes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Final

from pixxelbot.errors import PixxelbotError
from pixxelbot.intent import Changes, Intent
from pixxelbot.job import Address, Request, Status
from pixxelbot.planner.library import prompts_folder
from pixxelbot.recipe import Recipe
from pixxelbot.rights import is_operator
from pixxelbot.rules import Defaults, MemberSettings, ServerRules
from pixxelbot.store import Store

UNFINISHED: Final = (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Of a member's daily share of drawing."""

    seconds: float
    daily: float
    """Seconds, too."""


class Policy:
    """The rules of servers and channels, and members' own settings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def rules(self, address: Address) -> ServerRules:
        """What holds in a place; in direct messages the house's own rules."""
        server, channel = f"guild:{address.guild_id}", f"channel:{address.channel_id}"
        if not address.guild_id:
            return ServerRules()
        found = await self._store.preferences_of(server, channel)
        return ServerRules.load(found.get(server, {}), found.get(channel))

    async def settings(self, member_id: str) -> MemberSettings:
        """What a member has set."""
        return MemberSettings.load((await self._store.preferences_of(member_id)).get(member_id, {}))

    async def check(self, request: Request) -> None:
        """Whether a place allows a request.

        Raises:
            Refused, UnknownChoice, OutOfRange: it does not.
        """
        if is_operator(request.member_id):
            return
        rules = await self.rules(request.address)
        rules.check_place(request.address.channel_id)
        said = request.given if request.intent is None else request.intent.changes
        rules.check_given(said)
        self._check_words(rules, request, said)

    async def defaults(self, request: Request) -> Changes:
        """What something new has where its words say nothing: the member's own settings, then the server's."""
        own = await self.settings(request.member_id)
        if is_operator(request.member_id):
            return own.changes()
        rules = await self.rules(request.address)
        return self._usable(rules, own).over(self._usable(rules, rules.defaults))

    async def settled(self, request: Request, intent: Intent, recipe: Recipe) -> Recipe:
        """The recipe within the place's limits.

        Raises:
            Refused: what a planner made of the words is not drawn here, or the member has too much waiting.
        """
        if is_operator(request.member_id):
            return recipe
        rules = await self.rules(request.address)
        rules.check_given(Changes(model=recipe.model, styles=recipe.styles, loras=recipe.loras))
        self._check_words(rules, request, intent.changes, recipe.prompt, recipe.instruction)
        if rules.max_waiting is not None:
            rules.check_waiting(len(await self._store.jobs(statuses=UNFINISHED, member=request.member_id)))
        return rules.capped(recipe)

    async def time_left(self, request: Request) -> TimeLeft | None:
        """How long a member may still draw here today; None where nobody counts."""
        rules = await self.rules(request.address)
        if is_operator(request.member_id) or rules.daily_seconds is None:
            return None
        used = await self.used_today(request.member_id)
        return TimeLeft(max(rules.daily_seconds - used, 0.0), rules.daily_seconds)

    async def used_today(self, member_id: str) -> float:
        """Seconds of drawing that a member has used since midnight UTC."""
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return await self._store.used_seconds(member_id, midnight.timestamp())

    def _usable(self, rules: ServerRules, defaults: Defaults) -> Changes:
        """Defaults, without what this place does not allow."""
        said = defaults.changes()
        try:
            rules.check_given(said)
        except PixxelbotError:
            return said.model_copy(update={"model": None, "styles": None, "count": None, "steps": None})
        return said

    def _check_words(self, rules: ServerRules, request: Request, said: Changes, *more: str) -> None:
        texts = (request.words, said.prompt or "", said.instruction or "", said.region or "", *more)
        rules.check_words(texts, nsfw=request.address.nsfw, always=words("always"), mature=words("mature"))


@cache
def words(name: str) -> tuple[str, ...]:
    """One of the lists in `prompts/blocked/`, without its comments."""
    lines = (prompts_folder() / "blocked" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
