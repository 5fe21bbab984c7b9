"""What a button, a menu or a form says when it comes back. All of it is in its `custom_id`.

`px1:verb:id:n`: version 1, what to do, the id of what it is done to (mostly a job; see `views`), and a number: the
picture's place in the job from 1, 0 for all of them or for the one chosen in a menu.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self

import discord
from discord import ui

from pixxelbot.chat import asking

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

CUSTOM_ID: Final = re.compile(
    r"px1:(?P<verb>[a-z_0-9]+):(?P<id>[0-9A-Z]{26}):(?P<index>\d{1,2})(?::(?P<more>.{0,40}))?"
)


@dataclass(frozen=True, slots=True)
class Press:
    """What a `custom_id` says, and what was chosen where it is a menu's."""

    verb: str
    id: str
    index: int = 0
    more: str = ""
    """A few words more, such as what a list is filtered by."""
    chosen: tuple[str, ...] = ()

    @property
    def custom_id(self) -> str:
        """The text that Discord keeps for us."""
        return f"px1:{self.verb}:{self.id}:{self.index}" + (f":{self.more[:40]}" if self.more else "")

    @classmethod
    def read(cls, custom_id: str) -> Self | None:
        """The press behind a `custom_id`, or None where it is not ours."""
        match = CUSTOM_ID.fullmatch(custom_id)
        return None if match is None else cls(match["verb"], match["id"], int(match["index"]), match["more"] or "")


class Control(ui.DynamicItem[ui.Item[Any]], template=CUSTOM_ID):
    """A button or a menu of ours; discord.py makes it anew from its `custom_id` after any restart."""

    def __init__(self, item: ui.Item[Any], press: Press) -> None:
        super().__init__(item)
        self.press = press

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Made from what Discord sends back."""
        return cls(item, Press(match["verb"], match["id"], int(match["index"]), match["more"] or ""))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do it; whatever goes wrong reaches the member."""
        client: Bot = interaction.client
        data: Any = interaction.data or {}
        press = replace(self.press, chosen=tuple(data.get("values") or ()))
        await asking.guarded(interaction, client.chat.pressed(interaction, press))


def button(
    press: Press,
    row: int | None = None,
    *,
    label: str | None = None,
    emoji: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    disabled: bool = False,
) -> Control:
    """A button."""
    made: ui.Button[Any] = ui.Button(
        custom_id=press.custom_id, label=label, emoji=emoji, style=style, row=row, disabled=disabled
    )
    return Control(made, press)


def menu(press: Press, placeholder: str, options: list[discord.SelectOption], row: int | None = None) -> Control:
    """A menu of which one thing is chosen."""
    made: ui.Select[Any] = ui.Select(custom_id=press.custom_id, placeholder=placeholder, options=options[:25], row=row)
    return Control(made, press)


def custom_ids(components: Iterable[Any]) -> set[str]:
    """Every `custom_id` in a message's components, nested ones too."""
    found: set[str] = set()
    for part in components:
        if custom_id := getattr(part, "custom_id", None):
            found.add(str(custom_id))
        found |= custom_ids(getattr(part, "children", ()) or ())
    return found
