"""A small bot on the real discord.py, for the emulator's own tests: one of everything pixxelbot uses."""

from __future__ import annotations

import asyncio
import io
import re
from typing import Any, Self

import discord
from discord import app_commands
from PIL import Image


def picture(size: int = 32, colour: str = "orange") -> bytes:
    """A PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(buffer, "PNG")
    return buffer.getvalue()


class VaryButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"px1:vary:(?P<index>\d)"):
    """Works on messages of an earlier life of the bot."""

    def __init__(self, index: int) -> None:
        super().__init__(discord.ui.Button(label=f"V{index}", custom_id=f"px1:vary:{index}"))
        self.index = index

    @classmethod
    async def from_custom_id(cls, interaction: Any, item: Any, match: re.Match[str]) -> Self:
        return cls(int(match["index"]))

    async def callback(self, interaction: Any) -> None:
        await interaction.response.defer(thinking=True)
        await interaction.edit_original_response(content=f"varied {self.index}")


class RemixModal(discord.ui.Modal, title="Remix"):
    """Text, a menu and a file."""

    prompt: Any = discord.ui.Label(text="Prompt", component=discord.ui.TextInput(default="a fox", max_length=4000))
    kind: Any = discord.ui.Label(
        text="Strength",
        component=discord.ui.Select(
            options=[discord.SelectOption(label="Subtle", value="s"), discord.SelectOption(label="Strong", value="x")]
        ),
    )
    mask: Any = discord.ui.Label(text="Mask", component=discord.ui.FileUpload(required=False))

    async def on_submit(self, interaction: Any) -> None:
        files = [await one.read() for one in self.mask.component.values]
        words = f"{self.prompt.component.value}/{self.kind.component.values[0]}/{[len(one) for one in files]}"
        await interaction.response.send_message(words, ephemeral=True)


class RemixButton(discord.ui.Button[Any]):
    def __init__(self) -> None:
        super().__init__(emoji="✏️", custom_id="px1:remix")

    async def callback(self, interaction: Any) -> None:
        await interaction.response.send_modal(RemixModal())


def result_view() -> discord.ui.View:
    """Buttons under a result."""
    view = discord.ui.View(timeout=None)
    for index in (1, 2):
        view.add_item(VaryButton(index))
    view.add_item(RemixButton())
    return view


class SmallBot(discord.AutoShardedClient):
    """Keeps what it heard in `heard`, errors in `errors`."""

    def __init__(self, **options: Any) -> None:
        intents = discord.Intents(guilds=True, messages=True, reactions=True)
        allowed = discord.AllowedMentions.none()
        super().__init__(intents=intents, allowed_mentions=allowed, guild_ready_timeout=0.05, **options)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[tuple[str, Any]] = []
        self.errors: list[Exception] = []
        add_drawing(self)
        add_talking(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The loopback has no limit of one identify in five seconds."""

    async def setup_hook(self) -> None:
        self.add_dynamic_items(VaryButton)
        view = discord.ui.View(timeout=None)
        view.add_item(RemixButton())
        self.add_view(view)
        await self.tree.sync()

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        self.heard.append(("reaction", (str(event.emoji), event.message_id, event.user_id, event.message_author_id)))

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        self.heard.append(("unreaction", (str(event.emoji), event.message_id)))

    async def on_message(self, message: discord.Message) -> None:
        if self.user is None or message.author == self.user:
            return
        self.heard.append(("message", message.content))
        if self.user in message.mentions or message.guild is None:
            async with message.channel.typing():
                files = [await one.to_file() for one in message.attachments]
                await message.reply(f"you said {message.clean_content}", files=files)

    async def on_resumed(self) -> None:
        self.heard.append(("resumed", None))

    async def attempt(self, work: Any) -> None:
        """Await something and keep the error that Discord answers."""
        try:
            await work
        except (discord.HTTPException, OSError) as error:
            self.errors.append(error)


def add_drawing(bot: SmallBot) -> None:
    """imagine, gallery, remix and the menu "Describe"."""

    @bot.tree.command(description="Draw a picture")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    @app_commands.describe(prompt="what to draw", image="a picture to start from", count="how many")
    async def imagine(
        interaction: discord.Interaction,
        prompt: app_commands.Range[str, 1, 4000],
        image: discord.Attachment | None = None,
        count: app_commands.Range[int, 1, 10] = 1,
        style: str | None = None,
    ) -> None:
        await interaction.response.defer(thinking=True)
        start = [discord.File(io.BytesIO(await image.read()), "start.png")] if image else []
        drawn = [discord.File(io.BytesIO(picture()), f"fox{n}.png", description=f"{prompt} {n}") for n in range(count)]
        await bot.attempt(
            interaction.edit_original_response(content=prompt, attachments=start + drawn, view=result_view())
        )

    @imagine.autocomplete("style")
    async def styles(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        names = ("art-deco", "streetwear")
        return [app_commands.Choice(name=name, value=name) for name in names if name.startswith(typed)]

    @bot.tree.command(description="A view of components v2")
    async def gallery(interaction: discord.Interaction) -> None:
        view = discord.ui.LayoutView(timeout=None)
        shown: Any = discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://a.png", description="a square"))
        row: Any = discord.ui.ActionRow(RemixButton())
        view.add_item(discord.ui.Container(discord.ui.TextDisplay("# Gallery"), shown, row))
        await interaction.response.send_message(view=view, file=discord.File(io.BytesIO(picture()), "a.png"))

    @bot.tree.command(description="Opens a modal")
    async def remix(interaction: discord.Interaction) -> None:
        await interaction.response.send_modal(RemixModal())

    @bot.tree.context_menu(name="Describe")
    async def describe(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"{len(message.attachments)} pictures: {message.content}")


def add_talking(bot: SmallBot) -> None:
    """slow, post, fidget, history."""

    @bot.tree.command(description="Answers too late")
    async def slow(interaction: discord.Interaction, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await bot.attempt(interaction.response.send_message("at last"))

    @bot.tree.command(description="Posts through the channel")
    @app_commands.allowed_installs(guilds=True, users=True)
    async def post(interaction: discord.Interaction, text: str = "here", size: int = 0, repeat: int = 1) -> None:
        await interaction.response.send_message("posting", ephemeral=True)
        for _ in range(repeat):
            files = [discord.File(io.BytesIO(b"x" * size), "blob.bin")] if size else []
            channel: Any = interaction.channel
            await bot.attempt(channel.send(text, files=files))

    @bot.tree.command(description="Edits a message again and again")
    async def fidget(interaction: discord.Interaction, message: str, times: int) -> None:
        await interaction.response.defer(ephemeral=True)
        channel: Any = interaction.channel
        for number in range(times):
            await bot.attempt(channel.get_partial_message(int(message)).edit(content=f"edit {number}", embed=None))
        await interaction.followup.send("done", ephemeral=True)
        await interaction.followup.send("really done", ephemeral=True)

    @bot.tree.command(description="Reads the channel")
    async def history(interaction: discord.Interaction) -> None:
        channel: Any = interaction.channel
        found = [one async for one in channel.history(limit=10)]
        await interaction.response.send_message(f"{len(found)} messages", ephemeral=True)
