"""Making and changing messages: what a channel post, a webhook follow-up and an interaction's answer share."""

from __future__ import annotations

import re
import time
from typing import Any

from tests.discord_server.errors import Refusal, field_error
from tests.discord_server.gateway import Gateway
from tests.discord_server.http import Call, Upload
from tests.discord_server.rules import answer_components, check_mentions, check_message
from tests.discord_server.world import (
    COMPONENTS_V2,
    DM,
    EPHEMERAL,
    LOADING,
    SUPPRESS_EMBEDS,
    THREADS,
    Attachment,
    Channel,
    Json,
    Message,
    User,
    World,
    attachment_from,
    now_text,
)

OLD_EDITS = 5
"""Edits that a message older than an hour takes before 30046 (Discord keeps the number to itself)."""
SETTABLE_FLAGS = EPHEMERAL | SUPPRESS_EMBEDS | COMPONENTS_V2 | 1 << 12
ATTACHMENTS = 10
REACTION_KINDS = 20


class Messages:
    """Every change of a message goes through here and out to the gateway."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world = world
        self.gateway = gateway

    async def create(
        self, channel: Channel, author: User, payload: Json, files: dict[int, Upload], **fields: Any
    ) -> Message:
        """Post a message, already known to be allowed."""
        message = Message(self.world.ids.next(), channel.id, author, **fields)
        message.flags |= (payload.get("flags") or 0) & SETTABLE_FLAGS
        self._fill(message, channel, payload, files)
        if not (message.content or message.embeds or message.attachments or message.components or message.poll):
            raise Refusal(50006)
        channel.messages[message.id] = message
        await self.gateway.dispatch_message("MESSAGE_CREATE", message, channel)
        return message

    async def add_placeholder(self, channel: Channel, **fields: Any) -> Message:
        """The "is thinking…" message of a deferred interaction."""
        message = Message(self.world.ids.next(), channel.id, self.world.bot, **fields)
        message.flags |= LOADING
        channel.messages[message.id] = message
        await self.gateway.dispatch_message("MESSAGE_CREATE", message, channel)
        return message

    async def edit(self, message: Message, payload: Json, files: dict[int, Upload]) -> Message:
        """Change what `payload` names; the first edit of a placeholder makes it a message."""
        channel = self.world.channels[message.channel_id]
        if message.aged and not message.loading:
            message.old_edits += 1
            if message.old_edits > OLD_EDITS:
                raise Refusal(30046)
        if message.flags & COMPONENTS_V2 and "flags" in payload and not (payload["flags"] or 0) & COMPONENTS_V2:
            raise field_error("flags", "BASE_TYPE_INVALID", "IS_COMPONENTS_V2 cannot be removed")
        before = self.snapshot(message)
        flags = (payload.get("flags") or 0) & (COMPONENTS_V2 | SUPPRESS_EMBEDS)
        message.flags = (message.flags | flags) & ~LOADING
        self._fill(message, channel, payload, files)
        message.history.append(before)
        message.edits.append(time.time())
        message.edited_at = now_text()
        await self.gateway.dispatch_message("MESSAGE_UPDATE", message, channel)
        return message

    def snapshot(self, message: Message) -> Json:
        """What the message shows now, for its history."""
        return {
            "content": message.content,
            "attachments": [file.filename for file in message.attachments],
            "embeds": message.embeds,
            "components": message.components,
            "loading": message.loading,
        }

    def _fill(self, message: Message, channel: Channel, payload: Json, files: dict[int, Upload]) -> None:
        """Check everything first and only then change the message."""
        check_mentions(payload.get("allowed_mentions"))
        content = (payload["content"] or "") if "content" in payload else message.content
        embeds = (payload["embeds"] or []) if "embeds" in payload else message.embeds
        raw = (payload["components"] or []) if "components" in payload else None
        attachments = self._attachments(message, channel, payload, files)
        names = {file.filename for file in attachments}
        check_message(content, embeds, message.components if raw is None else raw, message.flags, names)
        urls = {file.id: file.payload(self.world.cdn, self.world.cdn_lifetime)["url"] for file in attachments}
        if raw is not None:
            message.components = answer_components(raw, attachments, urls)
        by_name = {file.filename: urls[file.id] for file in attachments}
        message.content, message.embeds = content, [_answer_embed(embed, by_name) for embed in embeds]
        message.attachments = attachments
        if payload.get("poll"):
            message.poll = self._poll(payload["poll"])
        self._mention(message, channel, payload.get("allowed_mentions"))

    def _attachments(
        self, message: Message, channel: Channel, payload: Json, files: dict[int, Upload]
    ) -> list[Attachment]:
        """Those kept, then the new ones; their metadata come from `attachments`."""
        self._check_sizes(channel, files)
        listed = payload.get("attachments")
        kept = {file.id: file for file in message.attachments}
        result = list(kept.values()) if "attachments" not in payload else []
        used: set[int] = set()
        for entry in listed or []:
            if str(entry["id"]) in kept:
                result.append(kept[str(entry["id"])])
                continue
            index = int(entry["id"])
            if index not in files:
                raise field_error("attachments", "ATTACHMENT_NOT_FOUND", f"Attachment data not found: {entry['id']}")
            used.add(index)
            result.append(self._new_file(message, files[index], entry))
        result += [self._new_file(message, files[index], {}) for index in sorted(set(files) - used)]
        if len(result) > ATTACHMENTS:
            raise field_error("attachments", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
        return result

    def _check_sizes(self, channel: Channel, files: dict[int, Upload]) -> None:
        for file in files.values():
            if len(file.data) > self.world.attachment_limit(channel.guild_id):
                raise Refusal(40005)
            if not file.data:
                self.world.violation("empty file", f"channel {channel.id}", f"{file.filename} has no bytes")

    def _new_file(self, message: Message, upload: Upload, entry: Json) -> Attachment:
        filename = re.sub(r"[^\w.\-]", "_", entry.get("filename") or upload.filename)
        id, description = self.world.ids.next(), entry.get("description")
        attachment = attachment_from(id, message.channel_id, filename, upload.data, description)
        attachment.ephemeral = bool(message.ephemeral_for)
        return self.world.store(attachment)

    def _mention(self, message: Message, channel: Channel, allowed: Json | None) -> None:
        """Who is pinged: what the text names, what `allowed_mentions` lets through."""
        text, everything = message.content, allowed is None
        allowed = allowed or {}
        parse = allowed.get("parse") or []
        named = list(dict.fromkeys(re.findall(r"<@!?(\d+)>", text)))
        users = [id for id in named if everything or "users" in parse or id in map(str, allowed.get("users") or [])]
        roles = list(dict.fromkeys(re.findall(r"<@&(\d+)>", text)))
        message.mention_roles = [
            id for id in roles if everything or "roles" in parse or id in map(str, allowed.get("roles") or [])
        ]
        if message.reference and (allowed.get("replied_user") or everything):
            original = channel.messages.get(str(message.reference.get("message_id")))
            users += [original.author.id] if original and original.author.id not in users else []
        message.mentions = [id for id in users if id in self.world.users]
        shouted = re.search(r"@(everyone|here)\b", text) is not None and (everything or "everyone" in parse)
        message.mention_everyone = shouted and self.world.may(message.author.id, channel, "mention_everyone")

    def _poll(self, poll: Json) -> Json:
        answers = [
            {"answer_id": number, "poll_media": answer["poll_media"]}
            for number, answer in enumerate(poll["answers"], start=1)
        ]
        return {
            "question": poll["question"],
            "answers": answers,
            "expiry": now_text(),
            "allow_multiselect": bool(poll.get("allow_multiselect")),
            "layout_type": poll.get("layout_type") or 1,
            "results": {"is_finalized": False, "answer_counts": []},
        }

    async def delete(self, message: Message) -> None:
        """Remove a message; its row stays for the test to look at."""
        channel = self.world.channels[message.channel_id]
        message.deleted = True
        if message.ephemeral_for:
            self.world.change()
            return
        event: Json = {"id": message.id, "channel_id": channel.id}
        event |= {"guild_id": channel.guild_id} if channel.guild_id else {}
        intent = "guild_messages" if channel.guild_id else "dm_messages"
        await self.gateway.dispatch("MESSAGE_DELETE", event, channel.guild_id, intent)

    async def react(self, message: Message, user: User, emoji: str, *, add: bool) -> None:
        """Add or take back one reaction, and say so on the gateway."""
        users = message.reactions.setdefault(emoji, [])
        if add == (user.id in users):
            return
        if add:
            users.append(user.id)
        else:
            users.remove(user.id)
        message.reactions = {key: value for key, value in message.reactions.items() if value}
        await self._announce_reaction(message, user, emoji, add=add)

    async def _announce_reaction(self, message: Message, user: User, emoji: str, *, add: bool) -> None:
        channel = self.world.channels[message.channel_id]
        name, _, id = emoji.partition(":")
        event: Json = {
            "user_id": user.id,
            "channel_id": channel.id,
            "message_id": message.id,
            "emoji": {"id": id or None, "name": name},
            "burst": False,
            "type": 0,
        }
        if add:
            event["message_author_id"] = message.author.id
        if channel.guild_id:
            event["guild_id"] = channel.guild_id
            member = self.world.guilds[channel.guild_id].members.get(user.id)
            event |= {"member": member.payload()} if add and member else {}
        if not self.world.may(self.world.bot.id, channel, "view_channel"):
            self.world.change()
            return
        intent = "guild_reactions" if channel.guild_id else "dm_reactions"
        await self.gateway.dispatch(f"MESSAGE_REACTION_{'ADD' if add else 'REMOVE'}", event, channel.guild_id, intent)

    def require_post(self, channel: Channel, call: Call) -> None:
        """Discord's checks before the bot may post in a channel."""
        if channel.type == DM:
            if not self.world.users[channel.recipients[0]].dms_open:
                raise Refusal(50007)
            return
        self.require_view(channel)
        self._require(channel, "send_messages_in_threads" if channel.type in THREADS else "send_messages")
        self.require_parts(channel, call)
        if (call.payload or {}).get("message_reference") and not self._has(channel, "read_message_history"):
            raise Refusal(160002)
        if channel.archived and channel.locked:
            raise Refusal(50083)
        channel.archived = False  # posting in an archived thread opens it again

    def require_parts(self, channel: Channel, call: Call) -> None:
        """Files and embeds need a permission each."""
        if call.files:
            self._require(channel, "attach_files")
        if (call.payload or {}).get("embeds"):
            self._require(channel, "embed_links")
        if (call.payload or {}).get("poll"):
            self._require(channel, "send_polls")

    def require_view(self, channel: Channel) -> None:
        """Without VIEW_CHANNEL, or out of the server, Discord says Missing Access."""
        if not self._has(channel, "view_channel"):
            raise Refusal(50001)

    def require_history(self, channel: Channel) -> None:
        """Reading a message needs both permissions."""
        self.require_view(channel)
        if not self._has(channel, "read_message_history"):
            raise Refusal(50001)

    def require_unarchived(self, channel: Channel) -> None:
        """Editing and reacting do not open an archived thread."""
        if channel.archived:
            raise Refusal(50083)

    def _has(self, channel: Channel, *names: str) -> bool:
        return self.world.may(self.world.bot.id, channel, *names)

    def _require(self, channel: Channel, *names: str) -> None:
        if not self._has(channel, *names):
            raise Refusal(50013)


def _answer_embed(embed: Json, urls: dict[str, str]) -> Json:
    """An embed as Discord gives it back: typed, without nulls, `attachment://` resolved."""
    answer = {key: value for key, value in embed.items() if value is not None}
    answer.setdefault("type", "rich")
    for key in ("image", "thumbnail"):
        if key in answer:
            url = answer[key]["url"]
            answer[key] = {"url": urls.get(url.removeprefix("attachment://"), url)}
    if "fields" in answer:
        answer["fields"] = [{"inline": False} | field for field in answer["fields"]]
    return answer
