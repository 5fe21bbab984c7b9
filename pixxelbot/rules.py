"""What members set for themselves, and what a server's administrators set for all: defaults, limits, policy."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from pixxelbot.errors import InvalidRequest, OutOfRange, Refused, UnknownChoice
from pixxelbot.intent import Changes
from pixxelbot.recipe import MAX_COUNT, MAX_PROMPT, Recipe

NsfwPolicy = Literal["refuse", "spoiler", "allow"]
MAX_PATTERNS: Final = 500
"""Blocked words of one server; each is looked for in every request."""
MAX_PATTERN: Final = 100
"""Characters of one."""
SPELLED: Final = re.compile(r"(?<!\w)(?:\w[\W_]{1,2}){2,}\w(?!\w)")
"""A word spelled with something between its letters: `n.u.d.e`."""


class Defaults(BaseModel):
    """What a request has where it says nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str | None = None
    style: str | None = None
    aspect: str | None = Field(default=None, pattern=r"^\d{1,4}:\d{1,4}$")
    count: int | None = Field(default=None, ge=1, le=MAX_COUNT)
    steps: int | None = Field(default=None, ge=1, le=150)
    guidance_scale: float | None = Field(default=None, ge=0, le=50)
    sampler: str | None = None
    negative_prompt: str | None = Field(default=None, max_length=MAX_PROMPT)
    verbatim: bool | None = None

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> Self:
        """Read what was stored by this or an earlier version."""
        return cls.model_validate(stored)

    def changes(self) -> Changes:
        """As fields of a request."""
        said = self.model_dump(exclude_none=True, include=set(Defaults.model_fields) - {"style"})
        return Changes(**said, styles=((self.style, 1.0),) if self.style else None)


class MemberSettings(Defaults):
    """One member's own."""

    language: str | None = None
    """Locale of replies; Discord's own setting where unset."""
    spoiler: bool = False
    """Hide this member's results behind a spoiler."""


D = TypeVar("D", bound=Defaults)


def checked(kind: type[D], said: Mapping[str, Any]) -> D:
    """Values as settings, those that are None left out.

    Raises:
        InvalidRequest: one of them makes no sense.
    """
    try:
        return kind.model_validate({name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidRequest(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}") from None


class ServerRules(BaseModel):
    """What the administrators of a server allow there; a channel's own values stand over the server's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    defaults: Defaults = Defaults()
    models: tuple[str, ...] = ()
    """Allowed models; empty: all."""
    styles: tuple[str, ...] = ()
    """Allowed styles; empty: all."""
    loras: tuple[str, ...] = ()
    """Allowed LoRAs; empty: all that are installed."""
    channels: tuple[str, ...] = ()
    """Channels where the bot may be used; empty: all."""
    closed: tuple[str, ...] = ()
    """Channels where it may not."""
    roles: tuple[str, ...] = ()
    """Roles that may use the bot; empty: everybody."""
    moderators: tuple[str, ...] = ()
    """Roles that may delete and cancel others' pictures, besides those who may manage messages."""
    weights: dict[str, float] = {}
    """Role → share of the queue; the largest of a member's roles counts."""
    max_count: int | None = Field(default=None, ge=1, le=MAX_COUNT)
    max_steps: int | None = Field(default=None, ge=1, le=150)
    max_waiting: int | None = Field(default=None, ge=1, le=100)
    """Requests of one member that may wait or run together."""
    daily_seconds: float | None = Field(default=None, gt=0)
    """Seconds of drawing one member may use in a day (UTC)."""
    reactions: dict[str, str] = {}
    """Emoji → what it does, over the built-in ones; empty text: nothing."""
    blocked: tuple[str, ...] = ()
    """Words and phrases that are refused; `*` stands for any letters, `?` for one."""
    nsfw: NsfwPolicy = "spoiler"
    """Mature themes: refused everywhere; or, in age-restricted channels only, behind a spoiler or plainly."""
    starboard: str | None = None
    """Channel for the day's favourites."""
    stars: int = Field(default=1, ge=1, le=1000)
    """Favourites that a picture needs for the starboard."""
    hints: bool = False
    """Put the reactions under each result, to be pressed."""

    @field_validator("weights")
    @classmethod
    def _bearable(cls, value: dict[str, float]) -> dict[str, float]:
        if any(not 0.1 <= weight <= 100 for weight in value.values()):
            raise ValueError("a weight lies between 0.1 and 100")
        return value

    @field_validator("blocked")
    @classmethod
    def _patterns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) > MAX_PATTERNS or any(not plain(one) or len(one) > MAX_PATTERN for one in value):
            raise ValueError(f"at most {MAX_PATTERNS} words or phrases of 1 to {MAX_PATTERN} characters")
        return value

    @classmethod
    def load(cls, server: Mapping[str, Any], channel: Mapping[str, Any] | None = None) -> Self:
        """Read what was stored for a server and, over it, for one of its channels."""
        own = dict(channel or {})
        defaults = {**server.get("defaults", {}), **own.pop("defaults", {})}
        return cls.model_validate({**server, **own, "defaults": defaults})

    def weight_of(self, roles: Iterable[str]) -> float:
        """The share of a member with these roles."""
        return max((self.weights[role] for role in roles if role in self.weights), default=1.0)

    def check_place(self, channel_id: str | None, parent_id: str | None = None) -> None:
        """Raise Refused where the bot may not be used here."""
        here = {one for one in (channel_id, parent_id) if one}
        if here & set(self.closed) or (self.channels and not here & set(self.channels)):
            raise Refused("Pictures are not made in this channel; the server's administrators chose others for that.")

    def check_roles(self, roles: Iterable[str]) -> None:
        """Raise Refused for a member without an allowed role."""
        if self.roles and not set(roles) & set(self.roles):
            raise Refused("On this server only certain roles may ask for pictures, and you have none of them.")

    def check_given(self, given: Changes) -> None:
        """Raise for a model, style or number that is not allowed here."""
        if given.model and self.models and given.model not in self.models:
            raise UnknownChoice("model", given.model, self.models)
        for style, _ in given.styles or ():
            if self.styles and style not in self.styles:
                raise UnknownChoice("style", style, self.styles)
        for lora, _ in given.loras or ():
            if self.loras and lora not in self.loras:
                raise UnknownChoice("LoRA", lora, self.loras)
        for name, value, most in (("count", given.count, self.max_count), ("steps", given.steps, self.max_steps)):
            if value is not None and most is not None and value > most:
                raise OutOfRange(name, value, 1, most)

    def check_words(self, texts: Iterable[str], *, nsfw: bool, always: Iterable[str], mature: Iterable[str]) -> bool:
        """Raise Refused for words that are not allowed here; whether there are mature ones that are."""
        said = [text for text in texts if text]
        if first := matching(said, (*always, *self.blocked)):
            raise Refused(f"“{first}” is not drawn here. Say it another way, or ask for something else.")
        grown = matching(said, mature)
        if grown and (self.nsfw == "refuse" or not nsfw):
            where = "on this server" if self.nsfw == "refuse" else "outside age-restricted channels"
            raise Refused(f"“{grown}” is a theme for adults, and is not drawn {where}.")
        return bool(grown)

    def capped(self, recipe: Recipe) -> Recipe:
        """The recipe within this server's limits."""
        count, steps = min(recipe.count, self.max_count or MAX_COUNT), min(recipe.steps, self.max_steps or recipe.steps)
        return recipe if (count, steps) == (recipe.count, recipe.steps) else recipe.evolve(count=count, steps=steps)

    def check_waiting(self, waiting: int) -> None:
        """Raise Refused when a member has too much waiting."""
        if self.max_waiting is not None and waiting >= self.max_waiting:
            raise Refused(
                f"You have {waiting} requests waiting, and {self.max_waiting} is the most here. Wait for one."
            )

    def hides(self, *, nsfw: bool) -> bool:
        """Whether a result in such a channel is shown behind a spoiler."""
        return nsfw and self.nsfw == "spoiler"


def plain(text: str) -> str:
    """Text as it is compared: one case, no accents, no invisible letters, one space between words."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    kept = (one for one in letters if unicodedata.category(one) not in ("Mn", "Cf"))
    return " ".join("".join(kept).split())


def matching(texts: Iterable[str], patterns: Iterable[str]) -> str | None:
    """The first pattern that stands in one of the texts as whole words, also when spelled out letter by letter."""
    sought = [(pattern, _compiled(plain(pattern))) for pattern in patterns]
    for text in texts:
        read = plain(text)
        spelled = " ".join(re.sub(r"[\W_]", "", found) for found in SPELLED.findall(read))
        for pattern, compiled in sought:
            if compiled.search(read) or (spelled and compiled.search(spelled)):
                return pattern
    return None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A glob as an expression that cannot run away: all stars but the last take the shortest way and keep to it."""
    first, *others = [re.escape(part).replace(r"\?", r"\w") for part in re.sub(r"\*+", "*", pattern).split("*")]
    middle = "".join(rf"(?>\w*?{part})" for part in others[:-1])
    whole = first + middle + (rf"\w*{others[-1]}" if others else "")
    script = any(ord(one) > 0x2E7F for one in pattern)  # Japanese and the like put no space between words
    return re.compile(whole if script else rf"(?<!\w){whole}(?!\w)")
