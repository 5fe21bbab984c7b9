"""What people do: speak, use commands, press, choose, submit, react. Only what Discord's own client would let them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from tests.discord_server.commands import (
    CHAT,
    GUILD_INSTALL,
    IN_BOT_DM,
    IN_GUILD,
    MESSAGE_MENU,
    USER_INSTALL,
    USER_MENU,
    Commands,
    fill_options,
)
from tests.discord_server.errors import ScenarioError
from tests.discord_server.http import Upload
from tests.discord_server.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction, Interactions
from tests.discord_server.messages import Messages
from tests.discord_server.rules import BUTTON, CHECKBOX, FILE_UPLOAD, LABEL, ROW, SELECT, SELECTS, TEXT_INPUT, walk
from tests.discord_server.world import (
    Attachment,
    Channel,
    Json,
    Message,
    User,
    World,
    attachment_from,
)

MEMBER_CONTENT_LIMIT = 4000


class Members:
    """Every method takes wire-shaped arguments and acts for `user`."""

    def __init__(self, world: World, messages: Messages, interactions: Interactions, commands: Commands) -> None:
        self.world, self.messages, self.interactions, self.commands = world, messages, interactions, commands

    def _require(self, user: User, channel: Channel, *names: str) -> None:
        if not self.world.may(user.id, channel, *names):
            raise ScenarioError(f"{user.name} lacks {names} in {channel.name or 'this DM'}")

    async def say(self, user: User, channel: Channel, content: str, files: list[Json], reply_to: str | None,
                  ping: bool) -> Message:  # fmt: skip
        """Post as a person; a reply mentions its author unless `ping` is false."""
        self._require(user, channel, "send_messages")
        if len(content) > MEMBER_CONTENT_LIMIT:
            raise ScenarioError(f"at most {MEMBER_CONTENT_LIMIT} characters")
        payload: Json = {"content": content[:2000], "allowed_mentions": {"parse": ["users", "roles", "everyone"]}}
        payload["allowed_mentions"]["replied_user"] = ping
        fields: Json = {}
        if reply_to:
            place = {"guild_id": channel.guild_id} if channel.guild_id else {}
            reference = {"type": 0, "channel_id": channel.id, "message_id": reply_to} | place
            fields = {"type": 19, "reference": reference}
        uploads = {index: Upload(file["filename"], base64.b64decode(file["data"])) for index, file in enumerate(files)}
        return await self.messages.create(channel, user, payload, uploads, **fields)

    async def react(self, user: User, message: Message, emoji: str, *, add: bool) -> None:
        channel = self.world.channels[message.channel_id]
        if message.ephemeral_for or message.deleted:
            raise ScenarioError("there is nothing to react to")
        if add and emoji not in message.reactions:
            self._require(user, channel, "add_reactions")
        self._require(user, channel, "read_message_history")
        await self.messages.react(message, user, emoji, add=add)

    async def slash(self, user: User, channel: Channel, name: str, options: Json) -> Interaction:
        """`name` may name subcommands: "queue list"."""
        command, path = self._command(user, channel, name, CHAT)
        resolved: Json = {}
        given = {key: self._value(user, channel, value, resolved) for key, value in options.items()}
        data = self._data(command) | {"options": fill_options(command, path, given)}
        data |= {"resolved": resolved} if resolved else {}
        install = self._install(channel, command)
        return await self.interactions.start(COMMAND, user, channel, data, user_install=install)

    async def autocomplete(self, user: User, channel: Channel, name: str, option: str, options: Json) -> Interaction:
        command, path = self._command(user, channel, name, CHAT)
        data = self._data(command) | {"options": fill_options(command, path, options, typing=option)}
        install = self._install(channel, command)
        return await self.interactions.start(AUTOCOMPLETE, user, channel, data, user_install=install)

    async def context(self, user: User, message: Message, name: str) -> Interaction:
        """ "Apps >" on a message."""
        channel = self.world.channels[message.channel_id]
        command, _ = self._command(user, channel, name, MESSAGE_MENU)
        shown = self.world.message_payload(message)
        data = self._data(command) | {"target_id": message.id, "resolved": {"messages": {message.id: shown}}}
        install = self._install(channel, command)
        return await self.interactions.start(COMMAND, user, channel, data, user_install=install)

    async def user_context(self, user: User, channel: Channel, target: User, name: str) -> Interaction:
        """ "Apps >" on a member."""
        command, _ = self._command(user, channel, name, USER_MENU)
        resolved = self._resolved_user(target, channel)
        data = self._data(command) | {"target_id": target.id, "resolved": resolved}
        install = self._install(channel, command)
        return await self.interactions.start(COMMAND, user, channel, data, user_install=install)

    def _data(self, command: Json) -> Json:
        data = {key: command[key] for key in ("id", "name", "type")}
        return data | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})

    def _command(self, user: User, channel: Channel, name: str, kind: int) -> tuple[Json, list[str]]:
        """The command as this member sees it here, and the subcommand path."""
        first, *path = name.split() if kind == CHAT else [name]
        command = self.commands.find(first, kind, channel.guild_id)
        if command is None:
            raise ScenarioError(f"no command {first!r} is registered here")
        contexts, place = command["contexts"], IN_GUILD if channel.guild_id else IN_BOT_DM
        if contexts is not None and place not in contexts:
            raise ScenarioError(f"{first} is not offered in context {place}")
        if channel.guild_id:
            self._require(user, channel, "use_application_commands")
            rights = command["default_member_permissions"]
            held = self.world.permissions(user.id, channel)
            if rights is not None and (held & int(rights) != int(rights) or (rights == "0" and not held & 8)):
                raise ScenarioError(f"{user.name} may not use {first}")
        if command["nsfw"] and not channel.nsfw:
            raise ScenarioError(f"{first} is age-restricted")
        return command, path

    def _install(self, channel: Channel, command: Json) -> bool:
        """Whether the command comes by the member's own installation."""
        guild = self.world.guilds.get(channel.guild_id or "")
        by_user = guild is not None and not guild.has_bot
        if by_user and USER_INSTALL not in command["integration_types"]:
            raise ScenarioError(f"{command['name']} is not offered to user installs")
        if guild is not None and guild.has_bot and GUILD_INSTALL not in command["integration_types"]:
            raise ScenarioError(f"{command['name']} is only offered to user installs")
        return by_user

    def _value(self, user: User, channel: Channel, value: Any, resolved: Json) -> Any:
        """A plain value; a file, member or channel becomes its id, with itself in `resolved`."""
        if not isinstance(value, dict):
            return value
        if "data" in value:
            return self._upload(channel, value, resolved)
        if "user" in value:
            for key, found in self._resolved_user(self.world.users[value["user"]], channel).items():
                resolved.setdefault(key, {}).update(found)
            return value["user"]
        named = self.world.channels[value["channel"]]
        resolved.setdefault("channels", {})[named.id] = self.interactions.channel_payload(named, user)
        return named.id

    def _resolved_user(self, target: User, channel: Channel) -> Json:
        resolved: Json = {"users": {target.id: target.payload()}}
        guild = self.world.guilds.get(channel.guild_id or "")
        if guild and target.id in guild.members:
            rights = {"permissions": str(self.world.permissions(target.id, channel))}
            resolved["members"] = {target.id: guild.members[target.id].payload(with_user=False) | rights}
        return resolved

    def _upload(self, channel: Channel, value: Json, resolved: Json) -> str:
        attachment = self._stored(channel, value)
        shown = attachment.payload(self.world.cdn, self.world.cdn_lifetime)
        resolved.setdefault("attachments", {})[attachment.id] = shown
        return attachment.id

    def _stored(self, channel: Channel, value: Json) -> Attachment:
        data = base64.b64decode(value["data"])
        attachment = attachment_from(self.world.ids.next(), channel.id, value["filename"], data, None)
        attachment.ephemeral = True
        return self.world.store(attachment)

    # Components

    def _visible_to(self, user: User, message: Message) -> Channel:
        channel = self.world.channels[message.channel_id]
        if message.deleted:
            raise ScenarioError("the message is gone")
        if message.ephemeral_for not in (None, user.id):
            raise ScenarioError(f"{user.name} does not see this message")
        self._require(user, channel, "view_channel")
        return channel

    async def press(self, user: User, message: Message, wanted: str) -> Interaction:
        """Press the button with this label, emoji, "emoji label" or custom_id."""
        channel = self._visible_to(user, message)
        buttons = [part for part in walk(message.components) if part["type"] == BUTTON]
        found = [button for button in buttons if wanted in _names(button)]
        if len(found) != 1:
            offered = [next(iter(_names(button)), "") for button in buttons]
            raise ScenarioError(f"{len(found)} buttons are called {wanted!r}; there are {offered}")
        if found[0].get("disabled") or "custom_id" not in found[0]:
            raise ScenarioError(f"{wanted!r} cannot be pressed")
        data = {"custom_id": found[0]["custom_id"], "component_type": BUTTON, "id": found[0]["id"]}
        return await self.interactions.start(
            COMPONENT, user, channel, data, source=message, user_install=self._foreign(channel)
        )

    async def press_unseen(self, user: User, message: Message, custom_id: str) -> Interaction:
        """Press a button the message no longer shows, as a slow client does."""
        channel = self._visible_to(user, message)
        data = {"custom_id": custom_id, "component_type": BUTTON, "id": 1}
        return await self.interactions.start(COMPONENT, user, channel, data, source=message)

    async def choose(self, user: User, message: Message, menu: str | None, wanted: list[str]) -> Interaction:
        """Choose options, by label or value, in the only menu or the one with this custom_id or placeholder."""
        channel = self._visible_to(user, message)
        menus = [part for part in walk(message.components) if part["type"] in SELECTS and not part.get("disabled")]
        found = [one for one in menus if menu in (None, one["custom_id"], one.get("placeholder"))]
        if len(found) != 1:
            raise ScenarioError(f"{len(found)} menus fit {menu!r}; there are {[one['custom_id'] for one in menus]}")
        values = _chosen(found[0], wanted)
        data: Json = {"custom_id": found[0]["custom_id"], "component_type": found[0]["type"], "values": values}
        return await self.interactions.start(
            COMPONENT, user, channel, data | {"id": found[0]["id"]}, source=message, user_install=self._foreign(channel)
        )

    def _foreign(self, channel: Channel) -> bool:
        guild = self.world.guilds.get(channel.guild_id or "")
        return guild is not None and not guild.has_bot

    async def submit(self, user: User, opener: Interaction, values: Json) -> Interaction:
        """Send a modal off; fields are named by label or custom_id, unnamed ones keep what they showed."""
        if opener.modal is None:
            raise ScenarioError("no modal was opened")
        if opener.user is not user:
            raise ScenarioError(f"{user.name} does not see this modal")
        resolved: Json = {}
        left = dict(values)
        components = [self._submitted(part, left, opener.channel, resolved) for part in opener.modal["components"]]
        if left:
            labels = [name for part in opener.modal["components"] for name in _field_names(part)]
            raise ScenarioError(f"the modal has no field {sorted(left)}; it has {labels}")
        data: Json = {"custom_id": opener.modal["custom_id"], "components": components, "resolved": resolved}
        return await self.interactions.start(
            MODAL, user, opener.channel, data, source=opener.source, opened_by=opener, user_install=opener.user_install
        )

    def _submitted(self, part: Json, left: Json, channel: Channel, resolved: Json) -> Json:
        """One top-level component of a modal as it comes back."""
        if part["type"] == LABEL:
            inner = self._field(part["component"], part["label"], left, channel, resolved)
            return {"type": LABEL, "id": part.get("id", 1), "component": inner}
        if part["type"] == ROW:
            fields = [self._field(one, one.get("label", ""), left, channel, resolved) for one in part["components"]]
            return {"type": ROW, "id": part.get("id", 1), "components": fields}
        return {"type": part["type"], "id": part.get("id", 1)}

    def _field(self, part: Json, label: str, left: Json, channel: Channel, resolved: Json) -> Json:
        name = next((key for key in (part["custom_id"], label) if key in left), None)
        value = _shown_value(part) if name is None else left.pop(name)
        answer: Json = {"type": part["type"], "id": part.get("id", 1), "custom_id": part["custom_id"]}
        required = part.get("required") is not False and part["type"] != CHECKBOX
        if required and value in (None, "", []):
            raise ScenarioError(f"{label or part['custom_id']} must be filled in")
        if part["type"] == TEXT_INPUT:
            low, high = part.get("min_length") or 0, part.get("max_length") or 4000
            if value and not low <= len(value) <= high:
                raise ScenarioError(f"{label} takes {low} to {high} characters")
            return answer | {"value": value or ""}
        if part["type"] == FILE_UPLOAD:
            files = value if isinstance(value, list) else [value] if value else []
            if len(files) > (part.get("max_values") or 1):
                raise ScenarioError(f"{label} takes {part.get('max_values') or 1} files")
            return answer | {"values": [self._upload(channel, file, resolved) for file in files]}
        if part["type"] in SELECTS:
            return answer | {"values": _chosen(part, value if isinstance(value, list) else [value] if value else [])}
        if isinstance(value, list):
            return answer | {"values": [_option_value(part, one) for one in value]}
        return answer | {"value": _option_value(part, value) if part.get("options") else value}


def _names(button: Json) -> list[str]:
    emoji, label = (button.get("emoji") or {}).get("name"), button.get("label")
    both = f"{emoji} {label}" if emoji and label else None
    return [name for name in (label, emoji, both, button.get("custom_id")) if name]


def _field_names(part: Json) -> Iterator[str]:
    if part["type"] == LABEL:
        yield part["label"]
    yield from (one.get("label") or one["custom_id"] for one in part.get("components") or [])


def _option_value(part: Json, wanted: Any) -> Any:
    for option in part.get("options") or []:
        if wanted in (option["label"], option["value"]):
            return option["value"]
    if wanted is None:
        return None
    raise ScenarioError(f"no option {wanted!r}; there are {[one['label'] for one in part.get('options') or []]}")


def _chosen(menu: Json, wanted: list[str]) -> list[str]:
    values = [_option_value(menu, one) for one in wanted] if menu["type"] == SELECT else list(wanted)
    low = menu["min_values"] if menu.get("min_values") is not None else 1
    high = menu["max_values"] if menu.get("max_values") is not None else 1
    if not low <= len(values) <= high and (values or menu.get("required") is not False):
        raise ScenarioError(f"choose {low} to {high} options, not {len(values)}")
    return values


def _shown_value(part: Json) -> Any:
    """What a field holds when the member leaves it as it is."""
    if part["type"] == TEXT_INPUT:
        return part.get("value")
    if part["type"] == CHECKBOX:
        return bool(part.get("default"))
    chosen = [option["value"] for option in part.get("options") or [] if option.get("default")]
    many = part["type"] in SELECTS or part["type"] == 22
    return chosen if many else chosen[0] if chosen else None
