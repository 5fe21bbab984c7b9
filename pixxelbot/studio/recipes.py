"""Recipes: an understood request and the pictures it starts from → one clamped, complete Recipe. No rows, no rights."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pixxelbot.errors import InvalidRequest, OutOfRange, PromptTooLong, UnknownChoice, Unsupported
from pixxelbot.intent import Action, Changes
from pixxelbot.picture import Picture
from pixxelbot.recipe import MAX_COUNT, MAX_PROMPT, MAX_SEED, Limits, Recipe, aspect_of

STRENGTH: Final = {"img2img": 0.6, "vary": 0.6, "upscale": 0.3, "inpaint": 0.9}
"""Default share of noise by kind; judged by eye on the bundled model."""
MAX_UPSCALED: Final = 4096
"""Longest side of an enlargement in pixels; a PNG of 4096² stays near Discord's 25 MiB a request."""
WIDEST: Final = 4
"""Longer side over shorter."""


class Recipes:
    """Makes every Recipe there is, within the limits of the models at hand."""

    def __init__(self, limits: Mapping[str, Limits], styles: Sequence[str]) -> None:
        self.limits, self.styles = limits, styles
        self.default_model = next(iter(limits))

    def limits_of(self, model: str | None) -> Limits:
        """The limits of a model, of the default one where none is named.

        Raises:
            UnknownChoice: there is no such model.
        """
        name = model or self.default_model
        if name not in self.limits:
            raise UnknownChoice("model", name, self.limits)
        return self.limits[name]

    def check(self, given: Changes) -> None:
        """Raise OutOfRange or UnknownChoice for the first option outside what its model can do."""
        limits = self.limits_of(given.model)
        for name, low, high in (
            ("count", 1, MAX_COUNT),
            ("steps", 1, limits.max_steps),
            ("guidance_scale", 0, limits.max_guidance),
            ("seed", 0, MAX_SEED),
            ("strength", 0, 1),
            ("scale", 1, 8),
            ("width", limits.minimum, limits.maximum),
            ("height", limits.minimum, limits.maximum),
        ):
            value = getattr(given, name)
            if value is not None and not low <= value <= high:
                raise OutOfRange(name, value, low, high)
        if given.aspect and not 1 / WIDEST <= _ratio(given.aspect) <= WIDEST:
            raise OutOfRange("aspect", given.aspect, f"1:{WIDEST}", f"{WIDEST}:1")
        if given.sampler and given.sampler not in limits.samplers:
            raise UnknownChoice("sampler", given.sampler, limits.samplers)
        for style, _ in given.styles or ():
            if style not in self.styles:
                raise UnknownChoice("style", style, self.styles)
        for text in (given.prompt, given.negative_prompt):
            if text and len(text) > MAX_PROMPT:
                raise PromptTooLong(len(text), MAX_PROMPT)

    def imagine(self, words: str, changes: Changes, starts: Sequence[Picture]) -> Recipe:
        """Something new, from words alone or from pictures."""
        limits = self.limits_of(changes.model)
        width, height = self._size(limits, changes, starts[0] if starts else None)
        kind = "img2img" if starts else "text2img"
        return Recipe(
            kind=kind,
            prompt=changes.prompt or words,
            wish=changes.wish or "",
            negative_prompt=changes.negative_prompt or "",
            width=width,
            height=height,
            aspect=changes.aspect or aspect_of(width, height),
            count=min(changes.count or 4, MAX_COUNT),
            seed=_seed(changes.seed),
            steps=min(changes.steps or limits.steps, limits.max_steps),
            guidance_scale=limits.guidance_scale if changes.guidance_scale is None else changes.guidance_scale,
            sampler=changes.sampler or limits.samplers[0],
            model=limits.model,
            styles=changes.styles or (),
            strength=None if not starts else STRENGTH[kind] if changes.strength is None else changes.strength,
            mode=changes.mode or "fast",
            verbatim=bool(changes.verbatim),
            tile=bool(changes.tile),
            permutations=changes.permutations or (),
            chaos=changes.chaos or 0,
            stop=changes.stop or 100,
            sources=tuple(start.id for start in starts),
        )

    def follow(self, action: Action, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """What an action makes of the pictures it follows.

        Raises:
            Unsupported: this version has no such kind of drawing.
            OutOfRange: the result would be too large.
        """
        if action not in FOLLOW_UPS:
            raise Unsupported(action)
        return FOLLOW_UPS[action](self, parents, changes)

    def _again(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        return self._changed(parents[0].recipe, changes, seed=_seed(changes.seed))

    def _vary(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """Variations of one picture, or one variation of each of several."""
        parent, sources = parents[0], tuple(one.id for one in parents)
        count = changes.count or (len(sources) if len(sources) > 1 else 4)
        strength = STRENGTH["vary"] if changes.strength is None else changes.strength
        drawn = {"kind": "vary", "sources": sources, "strength": strength, "seed": _seed(changes.seed)}
        size = self._at_model_size(parent)
        return self._changed(parent.recipe, changes, **drawn, **size, count=count, scale=None, mask=None)

    def _remix(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """The parent's recipe with changes, from the parent's own noise, so that what was not mentioned stays alike."""
        parent = parents[0]
        kept = changes.seed is None and bool(changes.said())
        seed = parent.seed if kept else _seed(changes.seed)
        fresh: dict[str, Any] = {"kind": "text2img", "sources": (), "strength": None, "scale": None, "mask": None}
        if parent.recipe.kind == "img2img":
            fresh = {}
        return self._changed(
            parent.recipe, changes, **fresh, **self._at_model_size(parent), seed=seed, count=changes.count or 4
        )

    def _upscale(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        parent = parents[0]
        scale = changes.scale or 2.0
        width, height = round(parent.width * scale), round(parent.height * scale)
        if max(width, height) > MAX_UPSCALED:
            raise OutOfRange("The enlarged side in pixels", max(width, height), 64, MAX_UPSCALED)
        strength = STRENGTH["upscale"] if changes.strength is None else changes.strength
        return parent.recipe.evolve(
            kind="upscale", sources=(parent.id,), scale=scale, width=width, height=height, strength=strength,
            count=1, seed=parent.seed, mask=None,
        )  # fmt: skip

    def _size(self, limits: Limits, changes: Changes, start: Picture | None) -> tuple[int, int]:
        if changes.width and changes.height:
            return limits.fit(changes.width), limits.fit(changes.height)
        if changes.aspect:
            return limits.size(changes.aspect)
        return limits.size(f"{start.width}:{start.height}" if start else "1:1")

    def _at_model_size(self, parent: Picture) -> dict[str, Any]:
        """Width and height of an enlarged parent brought back to what the model draws."""
        limits = self.limits_of(parent.recipe.model)
        if max(parent.width, parent.height) <= limits.maximum:
            return {}
        width, height = limits.size(f"{parent.width}:{parent.height}")
        return {"width": width, "height": height}

    def _changed(self, recipe: Recipe, changes: Changes, **fields: Any) -> Recipe:
        limits = self.limits_of(changes.model or recipe.model)
        said = {name: value for name, value in changes.drawn().items() if name not in ("seed", "width", "height")}
        if changes.aspect or changes.width:
            fields["width"], fields["height"] = self._size(limits, changes, None)
        if changes.model and recipe.sampler not in limits.samplers:
            said.setdefault("sampler", limits.samplers[0])
        return recipe.evolve(**(fields | said | {"model": limits.model}))


FOLLOW_UPS: Final[Mapping[str, Callable[[Recipes, Sequence[Picture], Changes], Recipe]]] = {
    "again": Recipes._again,
    "vary": Recipes._vary,
    "remix": Recipes._remix,
    "upscale": Recipes._upscale,
}
"""How each follow-up makes its recipe from the pictures it follows."""


def _seed(said: int | None) -> int:
    return secrets.randbelow(MAX_SEED + 1) if said is None else said


def _ratio(aspect: str) -> float:
    across, down = (int(part) for part in aspect.split(":"))
    if not across or not down:
        raise InvalidRequest(f"The aspect {aspect} has a zero in it. Write it like 16:9.")
    return across / down
