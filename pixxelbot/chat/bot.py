"""The bot on Discord: a client under a supervisor, and the one object that the app talks to."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from dataclasses import replace
from typing import Any, Final
from weakref import WeakValueDictionary

import aiohttp
import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from pixxelbot.chat import asking, buttons, connecting, reactions, resending, talk, words
from pixxelbot.chat.commands import tree
from pixxelbot.chat.deliver import Postman
from pixxelbot.chat.fetching import fetch_link
from pixxelbot.chat.press import Control, Press, custom_ids
from pixxelbot.chat.preview import Previews
from pixxelbot.chat.records import Records
from pixxelbot.chat.starboard import Starboard
from pixxelbot.chat.votes import Votes
from pixxelbot.errors import ConfigurationError, DeliveryError, QueueClosed
from pixxelbot.job import Delivery, Job, Link, Progress, Request
from pixxelbot.recipe import Limits
from pixxelbot.settings import Settings
from pixxelbot.studio import Studio

log = logging.getLogger(__name__)

CALM: Final = 60.0
"""A client that ran for so many seconds starts the delays anew."""
SYNC_PATIENCE: Final = 5.0
"""Seconds for which the gateway waits until the commands are told; after that they are told beside it."""
SYNC_DELAY: Final = 30.0
"""Seconds between tries to tell Discord the commands."""
PATIENCE: Final = 60.0
"""Longest rate-limit pause in seconds that discord.py sits out itself; longer ones go back to the outbox."""
NO_TOKEN: Final = (4004,)
BAD_SHARDS: Final = (4010, 4011)
BAD_INTENTS: Final = (4013, 4014)


def point_at(settings: Settings) -> None:
    """Let discord.py speak to the configured addresses; without any, to Discord's."""
    if settings.discord_api:
        Route.BASE = settings.discord_api
    if settings.discord_gateway:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.discord_gateway)
    if settings.discord_cdn:
        discord.Asset.BASE = settings.discord_cdn
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot does not speak


def intents() -> discord.Intents:
    """The least that the bot needs: none of them is privileged."""
    return discord.Intents(
        guilds=True, guild_messages=True, dm_messages=True, guild_reactions=True, dm_reactions=True
    )  # fmt: skip


class Bot(discord.AutoShardedClient):
    """One connected client; the supervisor makes a new one whenever it ends."""

    def __init__(self, chat: Chat) -> None:
        settings = chat.settings
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            shard_count=settings.shard_count,
            max_ratelimit_timeout=PATIENCE,
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self.shard_ids = list(settings.shard_ids) if settings.shard_ids else None
        resending.mend(self.http)
        self.chat = chat
        self.tree = tree.build_tree(self)
        self._tasks: set[asyncio.Task[None]] = set()

    async def setup_hook(self) -> None:
        """Between login and the gateway: buttons, commands, and what an earlier run left."""
        self.add_dynamic_items(Control)
        await self._count_shards()
        self._start(self.chat.previews.resume())
        await asyncio.wait({self._start(self._sync_commands())}, timeout=SYNC_PATIENCE)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """What discord.py does not pass on: forms opened before its start, and buttons that a message shows no more."""
        data: Any = interaction.data or {}
        press = Press.read(str(data.get("custom_id", "")))
        if press is None:
            return
        if interaction.type is discord.InteractionType.modal_submit:
            await asking.guarded(interaction, buttons.submitted(interaction, press))
        elif interaction.type is discord.InteractionType.component and not _shows(interaction.message, press):
            chosen = replace(press, chosen=tuple(data.get("values") or ()))
            await asking.guarded(interaction, self.chat.pressed(interaction, chosen))

    async def on_shard_connect(self, shard_id: int) -> None:
        """Bounded pauses; and a configured gateway wins over the one that READY names for resuming."""
        shard = self.shards.get(shard_id)
        if shard:
            connecting.bound(shard)
        if shard and self.chat.settings.discord_gateway:
            shard._parent.ws.gateway = DiscordWebSocket.DEFAULT_GATEWAY

    async def on_ready(self) -> None:
        """The gateway has told all."""
        log.info("connected to Discord as %s, in %d servers", self.user, len(self.guilds))

    async def on_message(self, message: discord.Message) -> None:
        """Somebody said something; its text comes along only where it concerns the bot."""
        await talk.heard(self.chat, message)

    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """A reaction on any message."""
        await reactions.added(self.chat, event)

    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """A reaction taken back."""
        await reactions.removed(self.chat, event)

    async def close(self) -> None:
        """Disconnect."""
        for task in self._tasks:
            task.cancel()
        await super().close()

    async def _count_shards(self) -> None:
        """Ask for the shard count here where a gateway is configured, so that discord.py keeps to that gateway."""
        if not self.chat.settings.discord_gateway or self.shard_count is not None:
            return
        try:
            self.shard_count, _, _ = await self.http.get_bot_gateway()
        except discord.GatewayNotFound:
            self.shard_count = 1

    async def _sync_commands(self) -> None:
        """Tell Discord the commands, if they differ from what it was last told."""
        print_ = await tree.fingerprint(self.tree, self.application_id)
        while await self.chat.store.flag(tree.SYNCED) != print_:
            try:
                await self.tree.sync()
                await self.chat.store.set_flag(tree.SYNCED, print_)
            except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
                log.warning("the commands could not be told to Discord, trying again: %s", error)
                await asyncio.sleep(SYNC_DELAY)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("work beside the client failed", exc_info=task.exception())


def _shows(message: discord.Message | None, press: Press) -> bool:
    """Whether a message has the button or menu that was pressed; it may have been edited since the member saw it."""
    return message is not None and press.custom_id in custom_ids(message.components)


class Chat:
    """Discord as the app sees it: run it, deliver through it, tell it of progress."""

    def __init__(self, settings: Settings, studio: Studio, store: Records, limits: Mapping[str, Limits]) -> None:
        self.settings, self.studio, self.store, self.limits = settings, studio, store, limits
        self.client: Bot | None = None
        self.postman = Postman(store, studio, lambda: self.client)
        self.previews = Previews(settings, studio, store, self.postman)
        studio.reply_listeners.append(self.previews.on_reply)
        studio.fetch = self._fetch
        self.votes, self.starboard = Votes(self), Starboard(self)
        self.reacting: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.noting: WeakValueDictionary[str, asyncio.Task[None]] = WeakValueDictionary()
        """By the id of a form: what it is about, being stored."""
        self._closing = asyncio.Event()

    async def run(self) -> None:
        """Keep a client connected until `close`; one that ends by itself is replaced, ever more slowly.

        Raises:
            ConfigurationError: Discord refuses the token, the intents or the shards; trying again would not help.
        """
        point_at(self.settings)
        connecting.quieten()
        resending.use()
        beside = [asyncio.create_task(work) for work in (self.votes.run(), self.starboard.run())]
        try:
            await self._keep_connected()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _keep_connected(self) -> None:
        delays = connecting.Delays()
        while not self._closing.is_set():
            started = time.monotonic()
            error = await self._run_one_client()
            if self._closing.is_set():
                return
            _raise_if_hopeless(error)
            if time.monotonic() - started > CALM:
                delays.reset()
            delay = delays.take()
            log.warning("the connection to Discord ended (%s); anew in %.1f s", connecting.reason(error), delay)
            await self._pause(delay)

    async def close(self) -> None:
        """Accept nothing more and disconnect; what is unfinished goes on at the next start."""
        self._closing.set()
        await self.previews.close()
        if self.client is not None:
            await self.client.close()

    async def deliver(self, delivery: Delivery) -> str | None:
        """Bring an entry of the outbox to its member; returns the id of the message that shows it."""
        await self.previews.finish(delivery.request.id)
        request = await self.store.request(delivery.request.id)  # its placeholder may be known only now
        placeholder = request.address.message_id
        if delivery.kind == "result" and delivery.job and placeholder:  # before anybody can react to what it shows
            await self.store.remember_message(delivery.job.id, placeholder, request.address.channel_id)
        message_id = await self.postman.deliver(replace(delivery, request=request))
        if delivery.kind == "result" and message_id and request.address.channel_id:
            await self._hint(request, message_id)
        return message_id

    async def _hint(self, request: Request, message_id: str) -> None:
        rules = await self.studio.policy.rules(request.address)
        if rules.hints and request.address.channel_id:
            try:
                await reactions.hint(self, request.address.channel_id, message_id)
            except DeliveryError as error:
                log.info("no hints under message %s: %s", message_id, error)

    async def pressed(self, interaction: discord.Interaction[Any], press: Press) -> None:
        """A button was pressed, or something chosen from a menu."""
        await buttons.pressed(interaction, press)

    async def speaker(self, member_id: str, locale: str) -> words.Words:
        """The words in a member's language: the one they set, else that of a locale."""
        return await self.postman.speaker(member_id, locale)

    async def speaker_of(self, member_id: str, guild_id: int | None) -> words.Words:
        """The same where Discord does not say the member's language: that of their last request, else the server's."""
        last = await self.store.requests(member=member_id, limit=1)
        guild = self.client.get_guild(guild_id) if self.client and guild_id else None
        locale = last[0].locale if last else str(guild.preferred_locale) if guild else words.SOURCE
        return await self.speaker(member_id, locale)

    def on_progress(self, job: Job, progress: Progress) -> None:
        """A render moved on."""
        self.previews.on_progress(job, progress)

    async def _fetch(self, link: Link) -> bytes:
        return await fetch_link(link, self.settings.discord_cdn)

    def check_open(self) -> None:
        """Raise QueueClosed while the bot is stopping."""
        if self._closing.is_set():
            raise QueueClosed("the bot is being restarted")

    async def _run_one_client(self) -> BaseException | None:
        """One client from login to its end; returns why it ended. A malformed event, too, ends discord.py."""
        token = self.settings.discord_token
        self.client = client = Bot(self)
        try:
            return await asking.failure(client.start(token.get_secret_value() if token else ""))
        finally:
            await client.close()

    async def _pause(self, seconds: float) -> None:
        sleeping = asyncio.create_task(self._closing.wait())
        await asyncio.wait({sleeping}, timeout=seconds)
        sleeping.cancel()


def _raise_if_hopeless(error: BaseException | None) -> None:
    code = error.code if isinstance(error, discord.ConnectionClosed) else None
    if isinstance(error, discord.LoginFailure) or code in NO_TOKEN:
        raise ConfigurationError(
            "PIXXELBOT_DISCORD_TOKEN",
            "…",
            "Discord refuses this token; copy it again (developer portal → Bot → Reset Token)",
        )
    if isinstance(error, discord.PrivilegedIntentsRequired) or code in BAD_INTENTS:
        raise ConfigurationError(
            "PIXXELBOT_DISCORD_TOKEN", "…", "its application may not use the intents guilds and reactions"
        )
    if code in BAD_SHARDS:
        raise ConfigurationError("PIXXELBOT_SHARD_COUNT", "…", "Discord wants another number of shards; leave it unset")
