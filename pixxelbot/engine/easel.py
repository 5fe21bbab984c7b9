"""An easel: what a kind of drawing works with. Everything of one request that must not be shared stands on it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from typing import Any, Final, Protocol

import numpy as np
import torch
from PIL import Image, ImageOps

from pixxelbot.engine import acting, noise, preview, words
from pixxelbot.engine.checkpoint import Model, Task, plain, steady
from pixxelbot.engine.network import Network
from pixxelbot.engine.samplers import Glimpse
from pixxelbot.errors import InvalidRequest, NotANumber, NotFound, UnknownChoice, Unsupported
from pixxelbot.picture import eight_bit
from pixxelbot.recipe import Limits, Recipe

PAPER: Final = "white"
"""What shows through where a source picture is transparent."""


class Room(Protocol):
    """Where an easel stands: the engine, as far as one drawing sees it."""

    def tell(self, step: int, total: int, look: Callable[[], torch.Tensor] | None = None) -> None:
        """Tell the steps done and all steps; `look` gives the latents believed to be the finished ones, unpacked."""

    def network(self, role: str, name: str | None = None) -> Network:
        """A network beside the model; waits until it is loaded, while others go on drawing."""

    def model(self, name: str) -> Model:
        """Another model, such as one made for editing."""

    def edit_models(self) -> tuple[str, ...]:
        """Names of the models made for editing."""

    def act(self, *settings: Any) -> None:
        """What acts on every forward of the denoiser from now on."""


@dataclass(frozen=True)
class Care:
    """What is given up where memory is short."""

    tiled: bool = False
    """The autoencoder works piece by piece."""


@dataclass
class Film:
    """What a picture looked like at each step of its making."""

    frames: list[tuple[torch.Tensor, float, Any]]
    """Latents before each step, the share of noise in them, and the pipeline at work."""


class Easel:
    """One request's recipe, source pictures, and pipelines with schedulers and generators of its own."""

    def __init__(
        self, model: Model, recipe: Recipe, pictures: Mapping[str, Image.Image], room: Room, care: Care | None = None
    ) -> None:
        self.model, self.recipe, self.room, self.care = model, recipe, room, care or Care()
        self.notes: list[str] = []
        self.animation: bytes | None = None
        """In place of the grid, where the kind makes one."""
        self.whole: int | None = None
        """Steps of the whole drawing, where its calls are of different lengths."""
        self.captions: list[str] = []
        """Words under each picture of the grid."""
        self.film: Film | None = None
        self._pictures = pictures
        self._steps_before = 0
        self._learnt: dict[str, Sequence[torch.Tensor]] = {}
        self._check_sampler()
        self._note_long_prompt()
        self._act()

    @property
    def limits(self) -> Limits:
        """What the model can draw."""
        return self.model.limits

    # --- drawing ------------------------------------------------------------------------------------------------

    def paint(
        self,
        task: Task,
        *,
        seeds: Sequence[int] | None = None,
        passes: float = 1,
        features: words.Features | None = None,
        parts: Mapping[str, Any] | None = None,
        **arguments: Any,
    ) -> list[Image.Image]:
        """Run an unmodified pipeline; one picture a seed, each drawing its noise from its own generator.

        `passes` says how many such calls make up the whole drawing, for its progress. `features` stand for the prompt
        where it was read already, a row for each picture or one for all. Arguments that the model's pipeline does not
        know are left out.

        Raises:
            NotANumber: the model's output holds values that are no numbers.
        """
        pipeline = self.model.pipeline(task, self.recipe.sampler, **self._making(), **(parts or {}))
        if task == "control":
            pipeline.vae = steady(pipeline.vae)
        unet = getattr(pipeline, "unet", None)
        if task == "inpaint" and unet is not None and unet.config.in_channels == pipeline.vae.config.latent_channels:
            pipeline.unet = plain(unet)
        return self.run(pipeline, seeds=seeds, passes=passes, features=features, **arguments)

    def run(
        self,
        pipeline: Any,
        *,
        seeds: Sequence[int] | None = None,
        passes: float = 1,
        features: words.Features | None = None,
        said: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> list[Image.Image]:
        """The same with a pipeline that was made already; `said` are its prompt's arguments where they are known."""
        recipe = self.recipe
        seeds = [recipe.seed_of(index) for index in range(recipe.count)] if seeds is None else seeds
        common = {
            "num_images_per_prompt": len(seeds),
            "num_inference_steps": recipe.steps,
            "guidance_scale": recipe.guidance_scale,
            "generator": [torch.Generator().manual_seed(seed) for seed in seeds],
            "output_type": "np",
            "callback_on_step_end": self._step_teller(Glimpse(pipeline.scheduler), passes, _size(recipe, arguments)),
        }
        said = said or self._said(pipeline, arguments, features)
        if features is not None:
            said["num_images_per_prompt"] = len(seeds) // len(features["prompt_embeds"])
        known = inspect.signature(pipeline.__call__).parameters
        given = {name: value for name, value in (common | arguments | said).items() if name in known}
        return _images(pipeline, pipeline(**_true_guidance(given, known)).images)

    def read(self, prompt: str, negative: str = "", guided: bool | None = None) -> words.Features:
        """A prompt as the model's denoiser reads it, under the request's adapters."""
        pipeline = self.model.pipeline("text2img", self.recipe.sampler)
        asked = self.recipe.guidance_scale > 1 if guided is None else guided
        with self._adapters("text_encoder"), self._adapters("text_encoder_2"):
            return words.Reader(pipeline, self.model.family, self._learnt).read(prompt, negative, asked)

    def noise(self, seeds: Sequence[int]) -> torch.Tensor:
        """What text2img would start from with these seeds."""
        pipeline = self.model.pipeline("text2img", self.recipe.sampler)
        return noise.drawn(pipeline, seeds, self.recipe.width, self.recipe.height).to(self.model.dtype)

    def encoded(self, images: Sequence[Image.Image]) -> torch.Tensor:
        """The autoencoder's latents of pictures of one size."""
        levels = [torch.from_numpy(np.asarray(one.convert("RGB"), dtype=np.float32) / 127.5 - 1) for one in images]
        return noise.encoded(self._vae(), torch.stack(levels).permute(0, 3, 1, 2))

    def decoded(self, latents: torch.Tensor) -> list[Image.Image]:
        """Pictures of such latents."""
        levels = (noise.decoded(self._vae(), latents).float() / 2 + 0.5).clamp(0, 1).cpu()
        if not levels.isfinite().all():
            raise NotANumber(NO_NUMBERS)
        whole = (levels * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
        return [Image.fromarray(one) for one in whole]

    # --- what it starts from ------------------------------------------------------------------------------------

    def tell(self, step: int, total: int) -> None:
        """How far it is, where the steps are not those of a denoiser."""
        self.room.tell(step, total)

    def sources(self, size: tuple[int, int] | None = None) -> list[Image.Image]:
        """A source picture for each picture to draw, in turn, cut to the recipe's (or another) size."""
        found = self.all_sources(size)
        return list(islice(cycle(found), self.recipe.count))

    def all_sources(self, size: tuple[int, int] | None = None) -> list[Image.Image]:
        """Each source picture once, cut to the recipe's (or another) size."""
        wanted = size or (self.recipe.width, self.recipe.height)
        return [ImageOps.fit(one, wanted, Image.Resampling.LANCZOS) for one in self.originals()]

    def originals(self) -> list[Image.Image]:
        """Each source picture once, in its own size."""
        if not self.recipe.sources:
            raise InvalidRequest("This needs a picture to start from. Attach one, or name one of yours.")
        return [_flat(self._picture(name)) for name in self.recipe.sources]

    def mask(self) -> Image.Image:
        """The mask as grey levels at the recipe's size: white is drawn anew.

        Raises:
            InvalidRequest: there is none, or it marks nothing.
        """
        if self.recipe.mask is None:
            raise InvalidRequest("This needs a mask that shows what to draw anew.")
        grey = _flat(self._picture(self.recipe.mask), "black").convert("L")
        fitted = ImageOps.fit(grey, (self.recipe.width, self.recipe.height), Image.Resampling.BILINEAR)
        if fitted.getextrema()[1] < 128:  # type: ignore[operator]  # an L picture has one pair
            raise InvalidRequest("The mask marks nothing to draw anew. Paint white over what shall change.")
        return fitted

    def strength(self, default: float, share: float = 1.0) -> float:
        """The recipe's strength, or a share of it, raised to what leaves at least one step."""
        return self.at_least_a_step(share * (default if self.recipe.strength is None else self.recipe.strength))

    def at_least_a_step(self, strength: float) -> float:
        """A strength, raised to what leaves at least one step."""
        return min(1.0, max(strength, (1 + 1e-6) / self.recipe.steps))

    # --- within -------------------------------------------------------------------------------------------------

    def _said(self, pipeline: Any, arguments: Mapping[str, Any], features: words.Features | None) -> dict[str, Any]:
        """The prompt's arguments: words for the pipeline to read, or features where they take more than that."""
        if features is not None:
            return {**features, "prompt": None, "negative_prompt": None}
        prompt = arguments.get("prompt", self.recipe.prompt)
        negative = arguments.get("negative_prompt", self.recipe.negative_prompt) or ""
        reader = words.Reader(pipeline, self.model.family, self._learnt)
        if not (reader.needed(prompt, negative) or self._adapters("text_encoder") or self._adapters("text_encoder_2")):
            return {"prompt": prompt, "negative_prompt": negative or None}
        guided = arguments.get("guidance_scale", self.recipe.guidance_scale) > 1
        return {**self.read(prompt, negative, guided), "prompt": None, "negative_prompt": None}

    def _making(self) -> dict[str, bool]:
        return {"careful": self.care.tiled, "wrapping": self.recipe.tile}

    def _vae(self) -> Any:
        return self.model.pipeline("text2img", self.recipe.sampler, **self._making()).vae

    def _picture(self, name: str) -> Image.Image:
        if name not in self._pictures:
            raise NotFound("picture", name)
        return self._pictures[name]

    def _step_teller(
        self, glimpse: Glimpse, passes: float, size: tuple[int, int]
    ) -> Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]:
        before = self._steps_before

        def tell(pipeline: Any, index: int, time: Any, held: dict[str, Any]) -> dict[str, Any]:
            last = self._last_step(pipeline)
            self._steps_before = before + index + 1
            believed = held["latents"] if glimpse.believed is None else glimpse.believed
            if self.film is not None:
                noisy = believed if glimpse.noisy is None else glimpse.noisy
                self.film.frames.append((noisy, glimpse.noise_left, pipeline))
            total = max(self.whole or round(passes * last), self._steps_before)
            self.room.tell(self._steps_before, total, partial(preview.unpacked, believed, pipeline, size))
            if index + 1 == last < pipeline.num_timesteps:
                pipeline._interrupt = True
                return {**held, "latents": believed}
            return held

        return tell

    def _last_step(self, pipeline: Any) -> int:
        """Steps until the recipe's stop."""
        steps = int(pipeline.num_timesteps)
        if self.recipe.stop == 100 or not hasattr(pipeline, "interrupt"):
            return steps
        return max(1, round(steps * self.recipe.stop / 100))

    def _check_sampler(self) -> None:
        if self.recipe.sampler not in self.limits.samplers:
            raise UnknownChoice("sampler", self.recipe.sampler, self.limits.samplers)

    def _act(self) -> None:
        """Bring up what the recipe asks for besides the model."""
        for name in self.recipe.embeddings:
            held = self.room.network("embedding", name).module.tensors
            self._learnt[f"<{name}>"] = _by_tower(name, held, self.model)
        loras = [(name, self.room.network("lora", name), weight) for name, weight in self.recipe.loras]
        self._loras = [(name, held.module.tensors, held.hash, weight) for name, held, weight in loras]
        for lora in self._loras:
            if not acting.touches(lora[1], self.model.base.components):
                raise InvalidRequest(
                    f"The adapter {lora[0]} changes nothing that {self.model.name} has. Leave it out, or copy it again."
                )
        settings: list[Any] = [adapters for name in ("unet", "transformer") if (adapters := self._adapters(name))]
        if self.recipe.tile:
            if self.model.family not in words.CLIP_FAMILIES:
                raise Unsupported(f"tiling textures with the model {self.model.name}")
            settings.append(acting.Wrapping(self.model.denoiser))
        self.room.act(*settings)

    def _adapters(self, part: str) -> acting.Adapters:
        module = getattr(self.model.base, part, None)
        chosen = self._loras if module is not None else []
        prefix = {"unet": "unet.", "transformer": "transformer."}.get(part, f"{part}.")
        return acting.adapters(chosen, prefix, module)

    def _note_long_prompt(self) -> None:
        reader = words.Reader(self.model.base, self.model.family)
        if reader.windows(self.recipe.prompt) > words.MAX_WINDOWS:
            most = words.MAX_WINDOWS * (reader.towers[0][0].model_max_length - 2)
            self.notes.append(f"The model reads {most} word pieces; the end of the prompt was not seen.")


NO_NUMBERS: Final = "The model's output holds values that are no numbers. Try another sampler or fewer changes."


def _size(recipe: Recipe, arguments: Mapping[str, Any]) -> tuple[int, int]:
    return int(arguments.get("width", recipe.width)), int(arguments.get("height", recipe.height))


def _true_guidance(given: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Some transformers are guided through `true_cfg_scale`, and by a negative prompt that is not empty."""
    if "true_cfg_scale" not in known or "guidance_scale" not in given:
        return given
    scale = given["guidance_scale"]
    if "guidance_scale" in known and known["guidance_scale"].default is not None:
        return given  # distilled models (Flux) take the scale as an input
    changed = {name: value for name, value in given.items() if name != "guidance_scale"} | {"true_cfg_scale": scale}
    if given.get("prompt") is not None and not given.get("negative_prompt") and scale > 1:
        changed["negative_prompt"] = " "
    return changed


def _by_tower(name: str, tensors: Mapping[str, torch.Tensor], model: Model) -> list[torch.Tensor]:
    """A learnt word's vectors (count, width) for each of the model's text towers.

    Raises:
        InvalidRequest: it was learnt by another family.
    """
    found: list[torch.Tensor] = []
    for _, encoder in words.Reader(model.base, model.family).towers:
        width = encoder.get_input_embeddings().weight.shape[1]
        fitting = [one.reshape(-1, one.shape[-1]) for one in tensors.values() if one.shape[-1] == width]
        if not fitting:
            break
        found.append(fitting[min(len(found), len(fitting) - 1)])
    else:
        if found:
            return found
    raise InvalidRequest(
        f"The learnt word <{name}> belongs to another family of models than {model.name}. Leave it out, or choose a "
        "model of its family."
    )


def _images(pipeline: Any, drawn: np.ndarray[Any, Any]) -> list[Image.Image]:
    if not np.isfinite(drawn).all():
        raise NotANumber(NO_NUMBERS)
    return list(pipeline.numpy_to_pil(drawn))


def _flat(image: Image.Image, ground: str = PAPER) -> Image.Image:
    """RGB, transparency laid on a plain ground."""
    if image.mode.startswith(("I", "F")):
        return eight_bit(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    whole = Image.new("RGBA", clear.size, ground)
    whole.alpha_composite(clear)
    return whole.convert("RGB")
