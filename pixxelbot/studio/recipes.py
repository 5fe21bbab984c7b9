"""Recipes: an understood request and the pictures it starts from → one clamped, complete Recipe. No rows, no rights."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from pixxelbot.errors import InvalidRequest, OutOfRange, PromptTooLong, UnknownChoice, Unsupported
from pixxelbot.intent import Action, Changes
from pixxelbot.picture import Picture
from pixxelbot.recipe import MAX_BLENDED, MAX_COUNT, MAX_PROMPT, MAX_SEED, Limits, Recipe, aspect_of, check_stresses

STRENGTH: Final = {
    "img2img": 0.6, "vary": 0.6, "upscale": 0.3, "inpaint": 0.9, "edit": 0.6, "blend": 0.65, "arithmetic": 0.6,
}  # fmt: skip
"""Default share of noise by kind; judged by eye on the bundled model."""
STRENGTHS: Final = (0.2, 0.4, 0.6, 0.8)
"""Of a sweep where none are said."""
ZOOM: Final = 1.5
"""How much more an outpaint shows where it is not said."""
FRAMES: Final = 16
DRAWN: Final = 4
"""Pictures of one request where no number is said."""
MADE_OF_PICTURES: Final = frozenset(
    {"inpaint", "outpaint", "blend", "edit", "control", "arithmetic", "background", "sweep", "detail",
     "interpolate"}
)  # fmt: skip
"""Kinds whose pictures their words alone would not give again."""
PLAIN: Final[dict[str, Any]] = {
    "scale": None, "mask": None, "region": "", "instruction": "", "permutations": (), "directions": (), "weights": (),
    "strengths": (), "frames": None, "control": None, "plus": (), "minus": (), "prompts": (), "box": None, "of": None,
    "making": "reverse", "from_seed": None,
}  # fmt: skip
"""What only one kind of drawing has, as it stands in recipes of the others."""
MAX_UPSCALED: Final = 4096
"""Longest side of an enlargement in pixels; a PNG of 4096² stays near Discord's 25 MiB a request."""
OF_THE_MODEL: Final = frozenset({"steps", "guidance_scale", "width", "height"})
"""Options whose range depends on the model."""
MOST_SHOWN: Final = 40
"""Characters of a wrong name that are repeated in the answer."""
MOST_NAMED: Final = 20
WIDEST: Final = 4
"""Longer side over shorter."""


class Recipes:
    """Makes every Recipe there is, within the limits of the models at hand."""

    def __init__(self, limits: Mapping[str, Limits], styles: Sequence[str]) -> None:
        self.limits, self.styles = limits, styles
        self.default_model = next(iter(limits), "")

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
                model = limits.model if name in OF_THE_MODEL else ""
                raise OutOfRange(name, value, low, high, model)
        if given.aspect and not 1 / WIDEST <= _ratio(given.aspect) <= WIDEST:
            raise OutOfRange("aspect", given.aspect, f"1:{WIDEST}", f"{WIDEST}:1")
        if given.sampler and given.sampler not in limits.samplers:
            raise UnknownChoice("sampler", given.sampler, limits.samplers)
        for style, _ in given.styles or ():
            if style not in self.styles:
                raise UnknownChoice("style", style, self.styles)
        self._check_networks(given, limits if given.model else None)
        for text in (given.prompt, given.negative_prompt):
            if text and len(text) > MAX_PROMPT:
                raise PromptTooLong(len(text), MAX_PROMPT)

    def _check_networks(self, given: Changes, limits: Limits | None) -> None:
        """Raise for the first LoRA or learnt word that this model does not have, or none where it is not known yet."""
        for name, _ in given.loras or ():
            self._check_network("LoRA", name, limits, lambda one: one.loras)
        for name in given.embeddings or ():
            self._check_network("learnt word", name, limits, lambda one: one.embeddings)

    def _check_network(
        self, what: str, name: str, limits: Limits | None, of: Callable[[Limits], Sequence[str]]
    ) -> None:
        others = [one.model for one in self.limits.values() if name in of(one)]
        if others and (limits is None or limits.model in others):
            return
        if others and limits:
            raise InvalidRequest(
                f"The {what} {name} was made for {', '.join(others)}, not for {limits.model}. Choose that model, "
                "or leave it out."
            )
        asked = limits or self.limits_of(None)
        if family := dict(asked.misfits).get(name):
            raise InvalidRequest(
                f"The {what} {name} was made for models of the family {family}, and {asked.model} is of another. "
                "Leave it out."
            )
        if not of(asked):
            raise InvalidRequest(f"No {what} is installed for {asked.model}. Leave {name[:MOST_SHOWN]} out.")
        raise UnknownChoice(what, name[:MOST_SHOWN], _near(name, of(asked)))

    def imagine(self, words: str, changes: Changes, starts: Sequence[Picture]) -> Recipe:
        """Something new, from words alone or from pictures."""
        limits = self.limits_of(changes.model)
        self._check_networks(changes, limits)
        for text in (changes.prompt or words, changes.negative_prompt or ""):
            check_stresses(text)
        width, height = self._size(limits, changes, starts[0] if starts else None)
        kind = "img2img" if starts else "text2img"
        return Recipe(
            kind=kind,
            prompt=_with_learnt(changes.prompt or words, changes),
            wish=changes.wish or "",
            negative_prompt=changes.negative_prompt or "",
            width=width,
            height=height,
            aspect=changes.aspect or aspect_of(width, height),
            count=min(changes.count or DRAWN, MAX_COUNT),
            seed=_seed(changes.seed),
            steps=min(changes.steps or _steps(limits, changes), limits.max_steps),
            guidance_scale=limits.guidance_scale if changes.guidance_scale is None else changes.guidance_scale,
            sampler=changes.sampler or limits.samplers[0],
            model=limits.model,
            styles=changes.styles or (),
            strength=None if not starts else STRENGTH[kind] if changes.strength is None else changes.strength,
            mode=changes.mode or "fast",
            verbatim=bool(changes.verbatim),
            exact=bool(changes.exact),
            tile=bool(changes.tile),
            permutations=changes.permutations or (),
            chaos=changes.chaos or 0,
            stop=changes.stop or 100,
            sources=tuple(start.id for start in starts),
            loras=changes.loras or (),
            embeddings=changes.embeddings or (),
        )

    def follow(self, action: Action, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """What an action makes of the pictures it follows.

        Raises:
            Unsupported: this version has no such kind of drawing.
            OutOfRange: the result would be too large.
        """
        if action not in FOLLOW_UPS:
            raise Unsupported(action)
        for text in (changes.prompt or "", changes.negative_prompt or ""):
            check_stresses(text)
        return FOLLOW_UPS[action](self, parents, changes)

    def _again(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        return self._changed(parents[0].recipe, changes, seed=_seed(changes.seed))

    def _vary(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """Variations of one picture, or one variation of each of several."""
        count = changes.count or (len(parents) if len(parents) > 1 else DRAWN)
        return self._from_pictures("vary", parents, changes, count=count)

    def _remix(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """The parent's recipe with changes, from the parent's own noise, so that what was not mentioned stays alike.

        What was made of another picture and not of words alone is drawn from the picture that it became.
        """
        parent = parents[0]
        if parent.upload or parent.recipe.kind in MADE_OF_PICTURES:
            return self._from_pictures("img2img", [parent], changes)
        kept = changes.seed is None and bool(changes.said())
        seed = parent.seed if kept else _seed(changes.seed)
        fresh: dict[str, Any] = PLAIN | {"kind": "text2img", "sources": (), "strength": None}
        if parent.recipe.kind == "img2img":
            fresh = {}
        return self._changed(
            parent.recipe, changes, **fresh, **self._at_model_size(parent), seed=seed, count=changes.count or DRAWN
        )

    def _upscale(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        parent = parents[0]
        scale = changes.scale or 2.0
        width, height = round(parent.width * scale), round(parent.height * scale)
        if max(width, height) > MAX_UPSCALED:
            raise OutOfRange("The enlarged side in pixels", max(width, height), 64, MAX_UPSCALED)
        strength = STRENGTH["upscale"] if changes.strength is None else changes.strength
        return self._plain(parent).evolve(
            kind="upscale", sources=(parent.id,), scale=scale, width=width, height=height, strength=strength,
            count=1, seed=parent.seed, method=changes.method or "faithful",
        )  # fmt: skip

    def _edit(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        instruction = changes.instruction or changes.prompt
        if not instruction:
            raise InvalidRequest("Say what to change in the picture, for example: make it winter.")
        before = parents[0].recipe.wish or parents[0].recipe.prompt
        whole = changes.prompt or ", ".join(filter(None, (before, instruction)))
        return self._from_pictures("edit", parents[:1], changes, instruction=instruction, prompt=whole[:MAX_PROMPT])

    def _inpaint(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        if not (changes.region or changes.mask):
            raise InvalidRequest("Say which part to draw anew (the hat, the sky), or send a mask of it.")
        return self._from_pictures("inpaint", parents[:1], changes)

    def _outpaint(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """A canvas with the picture on it: of another aspect, longer on some sides, or with the picture smaller."""
        if changes.aspect:
            return self._from_pictures("outpaint", parents[:1], changes)
        parent, scale = parents[0], changes.scale or ZOOM
        limits = self.limits_of(parent.recipe.model)
        sides = changes.directions or ("out",)
        across = scale if {"left", "right"} & set(sides) else 1.0
        down = scale if {"up", "down"} & set(sides) else 1.0
        width, height = parent.width * across, parent.height * down
        shrunk = min(1.0, limits.maximum / max(width, height))
        width, height = limits.fit(width * shrunk), limits.fit(height * shrunk)
        canvas = {"width": width, "height": height, "aspect": aspect_of(width, height)}
        return self._from_pictures("outpaint", [parent], changes, directions=sides, scale=scale, **canvas)

    def _blend(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        if not 2 <= len(parents) <= MAX_BLENDED:
            raise InvalidRequest(
                f"A blend takes 2 to {MAX_BLENDED} pictures; you named {len(parents)}. Say which ones."
            )
        prompts = tuple(one.recipe.prompt for one in parents)
        wish = " and ".join(one.recipe.wish or one.recipe.prompt for one in parents)[:MAX_PROMPT]
        return self._from_pictures("blend", parents, changes, prompt="", wish=wish, prompts=prompts)

    def _interpolate(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """From one picture to another; with one picture only, from its prompt to the one that was said."""
        frames = changes.frames or FRAMES
        if len(parents) > 1:
            prompts = tuple(one.recipe.prompt for one in parents[:2])
            return self._from_pictures("interpolate", parents[:2], changes, frames=frames, prompts=prompts)
        if not changes.prompt:
            raise InvalidRequest(
                "An animation goes from one picture to another: name two, or say what to turn it into."
            )
        start, said = self._plain(parents[0]), changes.model_copy(update={"prompt": None, "wish": None})
        ways = {"kind": "interpolate", "prompts": (changes.prompt,), "frames": frames, "strength": None}
        return self._changed(start, said, **ways, sources=(), seed=parents[0].seed, count=DRAWN)

    def _arithmetic(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        if not (changes.plus or changes.minus):
            raise InvalidRequest("Say what to add or to take away, for example: minus snow plus flowers.")
        return self._from_pictures("arithmetic", parents[:1], changes)

    def _control(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        return self._from_pictures("control", parents[:1], changes, control=changes.control or "edges")

    def _sweep(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        strengths = (changes.strengths or STRENGTHS)[:MAX_COUNT]
        said = changes.model_copy(update={"count": None})
        return self._from_pictures("sweep", parents[:1], said, strengths=strengths, count=len(strengths))

    def _background(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """Each picture cut out in its own size."""
        size = {"width": parents[0].width, "height": parents[0].height}
        said = changes.model_copy(update={"count": None})
        return self._from_pictures("background", parents[:MAX_COUNT], said, **size, count=min(len(parents), MAX_COUNT))

    def _making_of(self, parents: Sequence[Picture], changes: Changes) -> Recipe:
        """The picture drawn again, step by step; one that was sent, or where asked for, on its way into noise."""
        parent = parents[0]
        if parent.upload or changes.making == "forward" or parent.recipe.kind == "interpolate":
            return self._from_pictures("making_of", [parent], changes, making="forward", count=1)
        again = {"kind": "making_of", "seed": parent.seed, "count": 1}
        if parent.recipe.kind in ("making_of", "upscale"):  # how it was drawn, not filmed or enlarged
            limits, scale = self.limits_of(parent.recipe.model), parent.recipe.scale or 1.0
            size = {"width": limits.fit(parent.width / scale), "height": limits.fit(parent.height / scale)}
            words = {"of": "text2img", "sources": (), "strength": None}
            return self._changed(self._plain(parent), changes, **again, **size, **words)
        return self._changed(parent.recipe, changes, **again, of=parent.recipe.kind)

    def _from_pictures(self, kind: str, parents: Sequence[Picture], changes: Changes, **fields: Any) -> Recipe:
        """A recipe that starts from pictures, with the first one's prompt and parameters where nothing else is said."""
        parent = parents[0]
        standing = {
            "kind": kind,
            "sources": tuple(one.id for one in parents),
            "seed": _seed(changes.seed),
            "strength": STRENGTH.get(kind) if changes.strength is None else changes.strength,
            "count": changes.count or DRAWN,
        }
        return self._changed(self._plain(parent), changes, **standing | self._at_model_size(parent) | fields)

    def _plain(self, parent: Picture) -> Recipe:
        """A picture's recipe without what only its own kind of drawing has; for an upload the model's usual one."""
        if parent.upload:
            words = parent.recipe.prompt
            usual = self.imagine(words, Changes(prompt=words or None), [parent])
            return usual.evolve(sources=(), strength=None)
        return parent.recipe.evolve(**PLAIN)

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
        self._check_networks(changes, limits)
        said = {name: value for name, value in changes.drawn().items() if name not in ("seed", "width", "height")}
        if changes.aspect or changes.width:
            fields["width"], fields["height"] = self._size(limits, changes, None)
        if changes.mode == "turbo":
            said.setdefault("steps", _steps(limits, changes))
        if changes.model and recipe.sampler not in limits.samplers:
            said.setdefault("sampler", limits.samplers[0])
        if changes.model:  # what was made for another model's family stays behind
            said.setdefault("loras", tuple(one for one in recipe.loras if one[0] in limits.loras))
            said.setdefault("embeddings", tuple(one for one in recipe.embeddings if one in limits.embeddings))
        if changes.embeddings:
            said["prompt"] = _with_learnt(said.get("prompt", fields.get("prompt", recipe.prompt)), changes)
        return recipe.evolve(**(fields | said | {"model": limits.model}))


Follow = Callable[[Recipes, Sequence[Picture], Changes], Recipe]
FOLLOW_UPS: Final[Mapping[str, Follow]] = {
    "again": Recipes._again, "vary": Recipes._vary, "remix": Recipes._remix, "upscale": Recipes._upscale,
    "edit": Recipes._edit, "inpaint": Recipes._inpaint, "outpaint": Recipes._outpaint, "blend": Recipes._blend,
    "interpolate": Recipes._interpolate, "arithmetic": Recipes._arithmetic, "control": Recipes._control,
    "sweep": Recipes._sweep, "background": Recipes._background, "making_of": Recipes._making_of,
}  # fmt: skip
"""How each follow-up makes its recipe from the pictures it follows."""


def _with_learnt(prompt: str, changes: Changes) -> str:
    """The prompt with every learnt word in it that stands neither there nor in the negative one."""
    texts = f"{prompt} {changes.negative_prompt or ''}"
    missing = [f"<{name}>" for name in changes.embeddings or () if f"<{name}>" not in texts]
    return ", ".join([prompt, *missing])[:MAX_PROMPT]


def _near(name: str, known: Sequence[str]) -> Sequence[str]:
    """The names most like this one; all, where none is."""
    return get_close_matches(name, known, n=5, cutoff=0.4) or known[:MOST_NAMED]


def _steps(limits: Limits, changes: Changes) -> int:
    return min(limits.turbo_steps, limits.steps) if changes.mode == "turbo" else limits.steps


def _seed(said: int | None) -> int:
    return secrets.randbelow(MAX_SEED + 1) if said is None else said


def _ratio(aspect: str) -> float:
    across, down = (int(part) for part in aspect.split(":"))
    if not across or not down:
        raise InvalidRequest(f"The aspect {aspect} has a zero in it. Write it like 16:9.")
    return across / down
