"""An understood request settled: the pictures it means are found, rights are checked, and it ends in a recipe or words.

Nothing is changed here, so that the same way serves `plan`, which only looks.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pixxelbot.errors import NotFound, Refused
from pixxelbot.intent import Action, Changes, Intent
from pixxelbot.job import Request
from pixxelbot.picture import Picture
from pixxelbot.planner import own, styles
from pixxelbot.planner.wording import to_shorten
from pixxelbot.planner.words import one_line
from pixxelbot.recipe import MAX_PROMPT, Recipe
from pixxelbot.store import Store
from pixxelbot.studio import answers
from pixxelbot.studio.conversation import Conversation
from pixxelbot.studio.finding import Finder
from pixxelbot.studio.looking import Looking
from pixxelbot.studio.recipes import FOLLOW_UPS, Recipes

NOTHING_BEFORE: Final = "There is nothing here to go back to."
GONE_BACK: Final = "Back to the picture before. Say what to change in it."
STILL_DRAWING: Final = "The last one is still being drawn, so I took the one before it."
NO_START: Final = "There is no picture to start from, so the strength changes nothing."
SHOWN: Final = "Your pictures:"
YOURS: Final = "Your latest pictures:"
ALIKE: Final = "Pictures of yours that are most like that one:"
EXPLAINED: Final = (
    "prompt", "negative_prompt", "styles", "aspect", "count", "seed", "steps", "guidance_scale", "sampler", "model",
    "strength", "loras", "embeddings",
)  # fmt: skip
"""Parameters that carry a reason."""
SEVERAL: Final = frozenset({"blend", "interpolate"})
"""What takes several pictures: a description of all of them is none of a single one."""
LOCKABLE: Final = frozenset(answers.NAMES) - {"strength", "scale", "region"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a request comes to: an intent with its pictures and words found, and where something is drawn its recipe."""

    intent: Intent
    recipe: Recipe | None = None


May = Callable[[Request, Action, Picture], bool]
"""Whether the request's member may do this with that picture there."""


class Settling:
    """Turns intents into decisions."""

    def __init__(self, store: Store, recipes: Recipes, finder: Finder, looking: Looking, may: May) -> None:
        self.store, self.recipes, self.finder, self.looking, self.may = store, recipes, finder, looking, may

    async def settle(
        self, request: Request, intent: Intent, conversation: Conversation, defaults: Changes | None = None
    ) -> Decision:
        """The decision on an intent; `defaults` are what something new has where nothing is said.

        Raises:
            NotFound: a picture meant is not there.
            Refused: it is not the member's to use here.
            InvalidRequest: it cannot be drawn as asked.
        """
        locks = Changes() if intent.confirmed else conversation.locks  # they were in force when it was offered
        if intent.action == "imagine":
            return await self._imagine(request, intent, locks, defaults or Changes())
        if intent.action in FOLLOW_UPS:
            return await self._follow_up(request, intent, conversation, locks)
        if intent.action in IN_WORDS:
            return Decision(await IN_WORDS[intent.action](self, request, intent, conversation))
        return Decision(intent)

    # --- drawing ------------------------------------------------------------------------------------------------

    async def _imagine(self, request: Request, intent: Intent, locks: Changes, defaults: Changes) -> Decision:
        given = request.given.over(locks)
        starts = [await self.store.picture(name) for name in dict.fromkeys((*request.sources, *intent.targets))]
        self._check_rights(request, "imagine", starts)
        said = self._under(given.over(intent.changes), defaults, request.words)
        recipe = self.recipes.imagine(request.words, said, starts)
        sources = {"you set it": request.given, "locked here": locks, "your default": defaults}
        reasons = _explained(intent, recipe, sources, "usual for this model")
        notes = intent.notes if starts or given.strength is None else (*intent.notes, NO_START)
        return Decision(_with(intent, targets=(), reasons=reasons, notes=notes), recipe)

    def _under(self, said: Changes, defaults: Changes, words: str) -> Changes:
        """What was said, and where it is silent the defaults; a style of theirs is laid over the prompt."""
        prompt, negative = said.prompt or words, said.negative_prompt or ""
        if defaults.styles and said.styles is None and not said.verbatim:
            family = self.recipes.limits_of(said.model or defaults.model).family
            prompt, negative, _ = styles.apply(defaults.styles, prompt, negative, family)
        negative = styles.join(negative, defaults.negative_prompt or "")
        laid = {"prompt": prompt[:MAX_PROMPT], "negative_prompt": negative[:MAX_PROMPT]}
        return said.model_copy(update=laid).over(defaults)

    async def _follow_up(
        self, request: Request, intent: Intent, conversation: Conversation, locks: Changes
    ) -> Decision:
        parents = await self._meant(request, intent, conversation)
        if not parents:
            raise NotFound("picture", intent.description or "your last one")
        if intent.action == "interpolate" and len(parents) == 1 and not intent.changes.prompt:
            parents = _with_neighbour(parents[0], conversation)
        self._check_rights(request, intent.action, parents)
        recipe = self.recipes.follow(intent.action, parents, request.given.over(locks).over(intent.changes))
        notes = intent.notes
        if conversation.last and conversation.last.underway and intent.planner != "none":
            notes = (*notes, STILL_DRAWING)
        sources = {"you set it": request.given, "locked here": locks}
        reasons = _explained(intent, recipe, sources, "as in the picture", {one.seed for one in parents})
        return Decision(_with(intent, targets=_ids(parents), notes=notes, reasons=reasons), recipe)

    def _check_rights(self, request: Request, action: Action, found: Sequence[Picture]) -> None:
        for one in found:
            if not self.may(request, action, one):
                raise Refused("That picture was made elsewhere, where not everybody here may look; it stays there.")
            if one.deleted:
                raise NotFound("picture", one.id)

    async def _meant(self, request: Request, intent: Intent, conversation: Conversation) -> list[Picture]:
        """The pictures named, else those described, else what is being talked about."""
        if request.sources and not intent.targets:
            return [await self.store.picture(source) for source in request.sources]
        if intent.targets:
            named = [conversation.picture(target) or await self.store.picture(target) for target in intent.targets]
            one_is_meant = intent.description and intent.action not in SEVERAL
            return await self.finder.narrowed(named, intent.description) if one_is_meant else named
        if intent.description:
            return await self.finder.described(request, intent.description, conversation)
        grids = conversation.grids()
        return [one for one in grids[0][1] if one.id in conversation.focus] or grids[0][1][:1] if grids else []

    # --- answering in words -------------------------------------------------------------------------------------

    async def _undo(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        named = tuple(one for one in map(conversation.picture, intent.targets) if one is not None)
        before = named or conversation.before()
        reply = GONE_BACK if before else NOTHING_BEFORE
        return _with(intent, targets=tuple(one.id for one in before), reply=reply)

    async def _recipe(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        found = (await self._seen(request, intent, conversation))[:1]
        return _with(intent, targets=_ids(found), reply="\n\n".join(map(answers.recipe_in_words, found)))

    async def _describe(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        one = (await self._seen(request, intent, conversation))[0]
        return await self.looking.describe(one, intent, self.recipes.limits_of(request.given.model))

    async def _shorten(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        text = to_shorten(intent.query or request.words)
        grids = conversation.grids()
        if not text and grids:
            text = grids[0][1][0].recipe.prompt
        return await self.looking.shorten(intent, text)

    async def _favourite(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        return _with(intent, targets=_ids(await self._seen(request, intent, conversation)))

    async def _show(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        found = await self._seen(request, intent, conversation)
        return _with(intent, targets=_ids(found), reply=answers.list_in_words(found, SHOWN))

    async def _seen(self, request: Request, intent: Intent, conversation: Conversation) -> list[Picture]:
        found = await self._meant(request, intent, conversation)
        if not found:
            raise NotFound("picture", intent.description or "your last one")
        self._check_rights(request, intent.action, found)
        return found

    async def _history(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        found = await self.finder.latest(request, intent.query or intent.description)
        return _with(intent, targets=_ids(found), reply=answers.list_in_words(found, YOURS))

    async def _search(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        wanted = intent.query or intent.description or request.words
        shown = [await self.store.picture(name) for name in request.sources]
        if shown and not intent.query:
            self._check_rights(request, "show", shown)
            found = await self.finder.alike(request, await self.store.picture_bytes(shown[0].id))
            return _with(intent, targets=_ids(found), reply=answers.list_in_words(found, ALIKE))
        found = await self.finder.search(request, wanted)
        return _with(
            intent,
            query=wanted,
            targets=_ids(found),
            reply=answers.list_in_words(found, f"Pictures of “{one_line(wanted)}”:"),
        )

    async def _settings(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        """What this conversation keeps stands in `changes` afterwards; the member's own settings stay in `own`."""
        if intent.own is None:
            kept = self._locked(intent, conversation)
            return _with(intent, changes=kept, reply=answers.locks_in_words(kept))
        beside = {name: value for name, value in intent.changes.said().items() if name not in own.SETTINGS}
        kept = self._locked(_with(intent, changes=Changes.model_validate(beside)), conversation)
        locked = answers.locks_in_words(kept) if beside else ""
        return _with(intent, changes=kept, reply=intent.reply or locked)

    def _locked(self, intent: Intent, conversation: Conversation) -> Changes:
        """What was kept, less what is released, and what is to be kept now: as said, else as it is in the picture."""
        said, released = intent.changes.said(), intent.changes.unlocks
        kept = conversation.locks.said()
        if released is not None:
            kept = {name: value for name, value in kept.items() if released and name not in released}
        grids = conversation.grids()
        shown = grids[0][1][0] if grids else None
        here = shown.recipe.model_dump() | {"seed": shown.seed} if shown else {}
        for name in intent.changes.locks or said:
            value = said.get(name, here.get(name))
            if name in LOCKABLE and value is not None:
                kept[name] = value
        return Changes.model_validate(kept)


Answered = Callable[[Settling, Request, Intent, Conversation], Awaitable[Intent]]
IN_WORDS: Final[Mapping[str, Answered]] = {
    "undo": Settling._undo,
    "recipe": Settling._recipe,
    "show": Settling._show,
    "describe": Settling._describe,
    "shorten": Settling._shorten,
    "favourite": Settling._favourite,
    "history": Settling._history,
    "search": Settling._search,
    "settings": Settling._settings,
}
"""How each action that draws nothing finds its answer."""


def _explained(
    intent: Intent, recipe: Recipe, sources: Mapping[str, Changes], otherwise: str, seeds: Collection[int] = ()
) -> dict[str, str]:
    """One line on why each parameter has its value, the planner's own where it gave one; `seeds` are the pictures'."""
    reasons = dict(intent.reasons)
    values = recipe.model_dump()
    for name in EXPLAINED:
        if name in reasons or values[name] in (None, "", ()):
            continue
        said = (reason for reason, changes in sources.items() if name in changes.said())
        by_chance = name == "seed" and recipe.kind == "text2img" and recipe.seed not in seeds
        standing = "chosen by chance" if by_chance else otherwise
        reasons[name] = next(said, "you asked for it" if name in intent.changes.said() else standing)
    return reasons


def _with_neighbour(one: Picture, conversation: Conversation) -> list[Picture]:
    """A picture and the next of its grid: an animation has to go somewhere."""
    grid = next((grid for _, grid in conversation.grids() if one in grid), [one])
    place = grid.index(one)
    return [one, *grid[place + 1 : place + 2]] if place + 1 < len(grid) else [*grid[place - 1 : place], one]


def _with(intent: Intent, **fields: Any) -> Intent:
    return intent.model_copy(update=fields)


def _ids(found: Sequence[Picture]) -> tuple[str, ...]:
    return tuple(one.id for one in found)
