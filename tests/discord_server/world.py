"""What exists on the loopback Discord: users, servers, channels, messages, and how each looks on the wire.

Everything is kept in memory and named by snowflakes (decimal strings). `payload()` methods give Discord's JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import mimetypes
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from PIL import Image, UnidentifiedImageError

from tests.discord_server.errors import Refusal, ScenarioError
from tests.discord_server.permissions import ALL, EVERYONE, bits, combine

Json = dict[str, Any]

EPOCH_MS = 1_420_070_400_000
"""First millisecond of a Discord snowflake."""
MIB = 1024 * 1024
EPHEMERAL, LOADING, COMPONENTS_V2, SUPPRESS_EMBEDS = 1 << 6, 1 << 7, 1 << 15, 1 << 2
"""Message flags."""
TEXT, DM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
"""Channel types."""
THREADS = (10, PUBLIC_THREAD, PRIVATE_THREAD)


def now_text() -> str:
    """This moment as Discord writes it."""
    return datetime.now(UTC).isoformat()


class Snowflakes:
    """Sortable ids: milliseconds since 2015 above 22 bits of counter."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """A new id, greater than all before it."""
        self._last = max(self._last + 1, (int(time.time() * 1000) - EPOCH_MS) << 22)
        return str(self._last)


@dataclass
class User:
    """A person or a bot. `dms_open` false: nobody may write to them (50007)."""

    id: str
    name: str
    bot: bool = False
    locale: str = "en-US"
    dms_open: bool = True

    def payload(self) -> Json:
        return {
            "id": self.id,
            "username": self.name,
            "discriminator": "0000" if self.bot else "0",
            "global_name": None if self.bot else self.name.title(),
            "avatar": None,
            "bot": self.bot,
            "system": False,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": None,
        }


@dataclass
class Role:
    """A role of a server. `permissions` is a bit set."""

    id: str
    name: str
    permissions: int
    position: int = 0
    managed_by: str | None = None

    def payload(self) -> Json:
        body: Json = {
            "id": self.id,
            "name": self.name,
            "permissions": str(self.permissions),
            "position": self.position,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": self.managed_by is not None,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        return body | ({"tags": {"bot_id": self.managed_by}} if self.managed_by else {})


@dataclass
class Member:
    """A user in a server."""

    user: User
    roles: list[str]
    joined_at: str = field(default_factory=now_text)

    def payload(self, *, with_user: bool = True) -> Json:
        body: Json = {
            "roles": list(self.roles),
            "nick": None,
            "avatar": None,
            "banner": None,
            "joined_at": self.joined_at,
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
        return body | ({"user": self.user.payload()} if with_user else {})


@dataclass
class Attachment:
    """A file on the CDN. `expires` is a Unix time: from then on its URL is dead, until the message is read again."""

    id: str
    channel_id: str
    filename: str
    data: bytes
    content_type: str
    width: int | None = None
    height: int | None = None
    description: str | None = None
    ephemeral: bool = False

    def payload(self, cdn: str, lifetime: float) -> Json:
        expires = f"{int(time.time() + lifetime):x}"
        path = f"{cdn}/attachments/{self.channel_id}/{self.id}/{self.filename}"
        url = f"{path}?ex={expires}&is=0&hm={self.signature(expires)}&"
        body: Json = {
            "id": self.id,
            "filename": self.filename,
            "size": len(self.data),
            "url": url,
            "proxy_url": url,
            "content_type": self.content_type,
        }
        if self.width and self.height:
            body |= {"width": self.width, "height": self.height}
        if self.description is not None:
            body["description"] = self.description
        if self.ephemeral:
            body["ephemeral"] = True
        return body

    def signature(self, expires: str) -> str:
        """What the CDN expects in `hm`."""
        return hashlib.sha256(f"{self.id}/{self.filename}/{expires}".encode()).hexdigest()


def attachment_from(id: str, channel_id: str, filename: str, data: bytes, description: str | None) -> Attachment:
    """Type and pixel size read from the bytes, as Discord does."""
    attachment = Attachment(
        id, channel_id, filename, data, mimetypes.guess_type(filename)[0] or "application/octet-stream"
    )
    attachment.description = description
    try:
        with Image.open(io.BytesIO(data)) as image:
            attachment.width, attachment.height = image.size
            attachment.content_type = Image.MIME.get(image.format or "", attachment.content_type)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        pass  # not a picture: Discord keeps the type that the name suggests
    return attachment


@dataclass
class Message:
    """One message; `edits` are the Unix times of its edits, `history` what it showed before each."""

    id: str
    channel_id: str
    author: User
    content: str = ""
    type: int = 0
    flags: int = 0
    attachments: list[Attachment] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    poll: Json | None = None
    timestamp: str = field(default_factory=now_text)
    edited_at: str | None = None
    mentions: list[str] = field(default_factory=list)
    mention_roles: list[str] = field(default_factory=list)
    mention_everyone: bool = False
    reactions: dict[str, list[str]] = field(default_factory=dict)
    reference: Json | None = None
    interaction: Json | None = None
    application_id: str | None = None
    nonce: str | None = None
    ephemeral_for: str | None = None
    deleted: bool = False
    aged: bool = False
    old_edits: int = 0
    edits: list[float] = field(default_factory=list)
    history: list[Json] = field(default_factory=list)

    @property
    def loading(self) -> bool:
        """Shows "is thinking…"."""
        return bool(self.flags & LOADING)


@dataclass
class Channel:
    """A text channel, thread or DM. `overwrites`: id → (type 0 role / 1 member, allow, deny)."""

    id: str
    type: int
    name: str = ""
    guild_id: str | None = None
    parent_id: str | None = None
    position: int = 0
    nsfw: bool = False
    archived: bool = False
    locked: bool = False
    owner_id: str | None = None
    recipients: list[str] = field(default_factory=list)
    overwrites: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)


@dataclass
class Guild:
    """A server. `has_bot` false: the app is only installed by its members, for themselves."""

    id: str
    name: str
    owner_id: str
    has_bot: bool = True
    locale: str = "en-US"
    premium_tier: int = 0
    attachment_limit: int = 10 * MIB
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    bans: set[str] = field(default_factory=set)

    def payload(self) -> Json:
        """The part common to the HTTP answer and GUILD_CREATE."""
        return {
            "id": self.id,
            "name": self.name,
            "icon": None,
            "description": None,
            "home_header": None,
            "splash": None,
            "discovery_splash": None,
            "features": [],
            "banner": None,
            "owner_id": self.owner_id,
            "application_id": None,
            "region": "deprecated",
            "afk_channel_id": None,
            "afk_timeout": 300,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "widget_enabled": False,
            "widget_channel_id": None,
            "verification_level": 0,
            "roles": [role.payload() for role in self.roles.values()],
            "default_message_notifications": 0,
            "mfa_level": 0,
            "explicit_content_filter": 0,
            "max_presences": None,
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "vanity_url_code": None,
            "premium_tier": self.premium_tier,
            "premium_subscription_count": 0,
            "preferred_locale": self.locale,
            "rules_channel_id": None,
            "safety_alerts_channel_id": None,
            "public_updates_channel_id": None,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "nsfw_level": 0,
            "emojis": [],
            "stickers": [],
            "incidents_data": None,
        }


class World:
    """All that exists, the clock of changes, and the questions the rest of the server asks about it."""

    def __init__(self) -> None:
        self.ids = Snowflakes()
        self.token = "loopback-bot-token"
        self.cdn = ""
        self.cdn_lifetime = 24 * 3600.0
        self.cdn_seconds = 0.0
        self.users: dict[str, User] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.attachments: dict[str, Attachment] = {}
        self.application_id = self.ids.next()
        self.bot = User(self.application_id, "pixxelbot", bot=True)
        self.owner = User(self.ids.next(), "operator")
        self.users |= {self.bot.id: self.bot, self.owner.id: self.owner}
        self.user_installs: set[str] = set()
        self.violations: list[Json] = []
        self.version = 0
        self._changed = asyncio.Event()

    def change(self) -> None:
        """Wake everyone who waits for something to happen."""
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for_change(self, since: int, timeout: float) -> int:
        """The current version, once it is past `since` or after `timeout` seconds."""
        if self.version <= since:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), timeout)
        return self.version

    def violation(self, kind: str, where: str, detail: str) -> None:
        """Keep a breach of Discord's rules for the test's end."""
        self.violations.append({"kind": kind, "where": where, "detail": detail[:2000]})
        self.change()

    def user(self, user_id: str) -> User:
        """A user by id, or 10013."""
        if user_id not in self.users:
            raise Refusal(10013)
        return self.users[user_id]

    def guild(self, guild_id: str) -> Guild:
        """A server where the bot is, or 10004."""
        guild = self.guilds.get(guild_id)
        if guild is None or not guild.has_bot:
            raise Refusal(10004)
        return guild

    def channel(self, channel_id: str) -> Channel:
        """A channel by id, or 10003."""
        if channel_id not in self.channels:
            raise Refusal(10003)
        return self.channels[channel_id]

    def message(self, channel: Channel, message_id: str) -> Message:
        """A message that still exists, or 10008."""
        message = channel.messages.get(message_id)
        if message is None or message.deleted:
            raise Refusal(10008)
        return message

    def find_message(self, message_id: str) -> Message:
        """A message wherever it is, deleted or not."""
        for channel in self.channels.values():
            if message_id in channel.messages:
                return channel.messages[message_id]
        raise ScenarioError(f"no message {message_id}")

    def dm(self, user_id: str) -> Channel:
        """The direct channel between the bot and a user, made at its first use."""
        for channel in self.channels.values():
            if channel.type == DM and channel.recipients == [user_id]:
                return channel
        channel = Channel(self.ids.next(), DM, recipients=[user_id])
        self.channels[channel.id] = channel
        return channel

    def permissions(self, user_id: str, channel: Channel) -> int:
        """What `user_id` may do in `channel`; 0 where they are no member."""
        if channel.guild_id is None:
            return ALL if user_id == self.bot.id or user_id in channel.recipients else 0
        guild = self.guilds[channel.guild_id]
        member = guild.members.get(user_id)
        if member is None:
            return 0
        if guild.owner_id == user_id:
            return ALL
        if channel.type in THREADS:
            channel = guild.channels[str(channel.parent_id)]
        base = guild.roles[guild.id].permissions
        for role_id in member.roles:
            base |= guild.roles[role_id].permissions
        changes = {key: (allow, deny) for key, (_, allow, deny) in channel.overwrites.items()}
        of_roles = [changes[role_id] for role_id in member.roles if role_id in changes]
        return combine(base, changes.get(guild.id, (0, 0)), of_roles, changes.get(user_id, (0, 0)))

    def may(self, user_id: str, channel: Channel, *names: str) -> bool:
        """Whether all the named permissions are there."""
        wanted = bits(names)
        return self.permissions(user_id, channel) & wanted == wanted

    def attachment_limit(self, guild_id: str | None) -> int:
        """Bytes a file may have there."""
        return self.guilds[guild_id].attachment_limit if guild_id in self.guilds else 10 * MIB

    def new_guild(self, name: str, *, has_bot: bool, locale: str) -> Guild:
        """A server with @everyone, the bot's own role and the channel "general"."""
        guild = Guild(self.ids.next(), name, self.owner.id, has_bot=has_bot, locale=locale)
        guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE)
        guild.members[self.owner.id] = Member(self.owner, [])
        if has_bot:
            role = Role(self.ids.next(), self.bot.name, 0, 1, managed_by=self.bot.id)
            guild.roles[role.id] = role
            guild.members[self.bot.id] = Member(self.bot, [role.id])
        self.guilds[guild.id] = guild
        self.new_channel(guild, "general")
        return guild

    def new_channel(
        self, guild: Guild, name: str, type: int = TEXT, *, id: str | None = None, **fields: Any
    ) -> Channel:
        """A channel or thread of `guild`."""
        channel = Channel(id or self.ids.next(), type, name, guild.id, position=len(guild.channels), **fields)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        return channel

    def store(self, attachment: Attachment) -> Attachment:
        """Put a file on the CDN."""
        self.attachments[attachment.id] = attachment
        return attachment

    def channel_payload(self, channel: Channel) -> Json:
        """A channel as HTTP answers and gateway events show it."""
        last = next((m.id for m in reversed(channel.messages.values()) if not m.ephemeral_for), None)
        body: Json = {"id": channel.id, "type": channel.type, "flags": 0, "last_message_id": last}
        if channel.type == DM:
            return body | {"recipients": [self.users[user].payload() for user in channel.recipients]}
        body |= {"guild_id": channel.guild_id, "name": channel.name, "rate_limit_per_user": 0}
        body["parent_id"] = channel.parent_id
        if channel.type in THREADS:
            count = len(channel.messages)
            return body | {
                "owner_id": channel.owner_id or self.owner.id,
                "message_count": count,
                "total_message_sent": count,
                "member_count": 2,
                "thread_metadata": {
                    "archived": channel.archived,
                    "auto_archive_duration": 1440,
                    "archive_timestamp": now_text(),
                    "locked": channel.locked,
                    "create_timestamp": now_text(),
                }
                | ({"invitable": True} if channel.type == PRIVATE_THREAD else {}),
            }
        return body | {
            "position": channel.position,
            "nsfw": channel.nsfw,
            "topic": None,
            "permission_overwrites": [
                {"id": key, "type": kind, "allow": str(allow), "deny": str(deny)}
                for key, (kind, allow, deny) in channel.overwrites.items()
            ],
        }

    def message_payload(self, message: Message, *, nested: bool = False) -> Json:
        """A message as HTTP answers and gateway events show it."""
        channel = self.channels[message.channel_id]
        body: Json = {
            "id": message.id,
            "channel_id": message.channel_id,
            "type": message.type,
            "content": message.content,
            "author": message.author.payload(),
            "timestamp": message.timestamp,
            "edited_timestamp": message.edited_at,
            "tts": False,
            "pinned": False,
            "flags": message.flags,
            "mentions": [self.users[user].payload() for user in message.mentions],
            "mention_roles": message.mention_roles,
            "mention_everyone": message.mention_everyone,
            "attachments": [file.payload(self.cdn, self.cdn_lifetime) for file in message.attachments],
            "embeds": message.embeds,
            "components": message.components,
        }
        if message.reactions and not nested:
            body["reactions"] = [self._reaction_payload(*item) for item in message.reactions.items()]
        if message.application_id:
            body["application_id"] = message.application_id
        if message.interaction:
            body |= {"interaction_metadata": message.interaction, "webhook_id": self.application_id}
        if message.poll:
            body["poll"] = message.poll
        if message.nonce is not None:
            body["nonce"] = message.nonce
        if message.reference:
            body["message_reference"] = message.reference
            original = channel.messages.get(str(message.reference.get("message_id")))
            if not nested:
                shown = None if original is None or original.deleted else self.message_payload(original, nested=True)
                body["referenced_message"] = shown
        return body

    def _reaction_payload(self, emoji: str, users: list[str]) -> Json:
        return {
            "emoji": emoji_payload(emoji),
            "count": len(users),
            "count_details": {"burst": 0, "normal": len(users)},
            "burst_colors": [],
            "me_burst": False,
            "me": self.bot.id in users,
        }


def emoji_payload(emoji: str) -> Json:
    """`🔁` or `name:id` as a partial emoji."""
    name, _, id = emoji.partition(":")
    return {"id": id or None, "name": name}
