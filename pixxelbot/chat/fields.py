"""Fields of recipes, settings and rules as members read them: their names and values in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from pixxelbot.chat import words
from pixxelbot.chat.cards import quoted
from pixxelbot.chat.words import Words

NOTHING: Final = "–"
LONGEST: Final = 200
"""Characters of one value."""
KINDS: Final = frozenset({"kind", "of"})
"""Fields whose value is a kind of drawing."""

MENTIONS: Final[Mapping[str, str]] = {
    "roles": "<@&{}>", "moderators": "<@&{}>", "weights": "<@&{}>", "channels": "<#{}>", "closed": "<#{}>",
    "starboard": "<#{}>",
}  # fmt: skip
"""Rules that hold ids of roles or channels, and how Discord shows those."""

What = Literal["field", "rule"]
"""Of a recipe or a member's settings; or of a server's rules."""


def name_of(say: Words, name: str, what: What = "field") -> str:
    """What members call a field; one that a language model made up keeps its name."""
    return _text(say, f"{what}.{name}", name)


def line(say: Words, name: str, value: Any, what: What = "field") -> str:
    """A field and its value."""
    return f"{name_of(say, name, what)}: {value_of(say, name, _mentioned(name, value) if what == 'rule' else value)}"


def value_of(say: Words, name: str, value: Any) -> str:
    """A field's value in words."""
    return _kind(say, value) if name in KINDS else shown(say, value)


def shown(say: Words, value: Any) -> str:
    """A value in words."""
    match value:
        case None | "" | () | []:
            return NOTHING
        case bool():
            return say("value.yes" if value else "value.no")
        case float():
            return f"{value:g}"
        case Mapping():
            fields = ((name_of(say, str(name)), one) for name, one in value.items() if one is not None)
            return ", ".join(f"{name} = {shown(say, one)}" for name, one in fields)
        case (str(name), float(weight)):
            return quoted(name, LONGEST) + ("" if weight == 1 else f" × {weight:g}")
        case tuple() | list():
            return ", ".join(shown(say, one) for one in value)
    return quoted(str(value), LONGEST)


def _mentioned(name: str, value: Any) -> Any:
    form = MENTIONS.get(name)
    if form is None:
        return value
    if isinstance(value, Mapping):
        return {form.format(one): share for one, share in value.items()}
    return form.format(value) if isinstance(value, str) else tuple(form.format(one) for one in value)


def _kind(say: Words, value: Any) -> str:
    return _text(say, f"kind.{value}", _text(say, f"action.{value}", shown(say, value)))


def _text(say: Words, key: str, otherwise: str) -> str:
    return say(key) if key in words.of(words.SOURCE).texts else otherwise
