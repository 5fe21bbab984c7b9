"""The HTTP API, version 10: one short handler per route that the loopback serves."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from tests.discord_server.commands import Commands
from tests.discord_server.errors import Refusal
from tests.discord_server.gateway import Gateway
from tests.discord_server.http import Call, Handler, Server
from tests.discord_server.interactions import Interactions
from tests.discord_server.messages import REACTION_KINDS, Messages
from tests.discord_server.world import (
    DM,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    Channel,
    Json,
    Message,
    World,
)

NO_CONTENT = (204, None)
Route = tuple[str, str, Handler]
"""Method, path as OpenAPI writes it, handler."""


class Routes:
    """Handlers by Discord's resources."""

    def __init__(
        self, world: World, gateway: Gateway, messages: Messages, interactions: Interactions, commands: Commands
    ) -> None:
        self.world, self.gateway, self.messages = world, gateway, messages
        self.interactions, self.commands = interactions, commands
        self.typing: list[str] = []
        self._nonces: dict[tuple[str, str], Message] = {}

    def add_to(self, server: Server, app: web.Application) -> None:
        """Register every route of the tables below, and refuse the rest."""
        for method, template, handler in [*self._own_routes(), *self._command_routes()]:
            server.route(app, method, template, handler)
        for method, template, handler in self._public_routes():
            server.route(app, method, template, handler, public=True)
        app.router.add_route("*", "/api/{rest:.*}", server.refuse_unknown)

    def _own_routes(self) -> list[Route]:
        """Literal paths before those with names in them: aiohttp takes the first that fits."""
        message = "/channels/{channel_id}/messages/{message_id}"
        reactions = message + "/reactions"
        return [
            ("GET", "/gateway/bot", self.gateway_bot),
            ("GET", "/users/@me", self.me),
            ("POST", "/users/@me/channels", self.open_dm),
            ("GET", "/users/{user_id}", self.get_user),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/applications/@me", self.application),
            ("GET", "/guilds/{guild_id}", self.get_guild),
            ("GET", "/guilds/{guild_id}/channels", self.get_channels),
            ("GET", "/guilds/{guild_id}/roles", self.get_roles),
            ("GET", "/guilds/{guild_id}/members/{user_id}", self.get_member),
            ("GET", "/guilds/{guild_id}/threads/active", self.active_threads),
            ("GET", "/channels/{channel_id}", self.get_channel),
            ("POST", "/channels/{channel_id}/typing", self.type_in),
            ("GET", "/channels/{channel_id}/messages", self.list_messages),
            ("POST", "/channels/{channel_id}/messages", self.post_message),
            ("POST", "/channels/{channel_id}/messages/bulk-delete", self.bulk_delete),
            ("POST", "/channels/{channel_id}/threads", self.new_thread),
            ("GET", message, self.get_message),
            ("PATCH", message, self.edit_message),
            ("DELETE", message, self.delete_message),
            ("POST", message + "/threads", self.new_thread),
            ("DELETE", reactions, self.clear_reactions),
            ("PUT", reactions + "/{emoji_name}/@me", self.add_reaction),
            ("DELETE", reactions + "/{emoji_name}/@me", self.remove_own_reaction),
            ("GET", reactions + "/{emoji_name}", self.list_reactions),
            ("DELETE", reactions + "/{emoji_name}", self.clear_reactions),
            ("DELETE", reactions + "/{emoji_name}/{user_id}", self.remove_reaction),
        ]

    def _command_routes(self) -> list[Route]:
        commands, application = self.commands, "/applications/{application_id}"
        table: list[Route] = []
        for scope in (f"{application}/commands", f"{application}/guilds/{{guild_id}}/commands"):
            one = scope + "/{command_id}"
            table += [("GET", scope, commands.list_all), ("PUT", scope, commands.overwrite)]
            table += [("POST", scope, commands.create), ("GET", one, commands.get)]
            table += [("PATCH", one, commands.edit), ("DELETE", one, commands.delete)]
        return table

    def _public_routes(self) -> list[Route]:
        """Those that an interaction's token opens, and /gateway."""
        webhook, interactions = "/webhooks/{webhook_id}/{webhook_token}", self.interactions
        table: list[Route] = [
            ("GET", "/gateway", self.gateway_url),
            ("POST", "/interactions/{interaction_id}/{interaction_token}/callback", interactions.callback),
            ("POST", webhook, interactions.follow_up),
        ]
        for message in (webhook + "/messages/@original", webhook + "/messages/{message_id}"):
            table += [("GET", message, interactions.get_message), ("PATCH", message, interactions.edit_message)]
            table += [("DELETE", message, interactions.delete_message)]
        return table

    # Who am I, where is the gateway

    async def gateway_url(self, call: Call) -> Json:
        return {"url": self.gateway.url}

    async def gateway_bot(self, call: Call) -> Json:
        limit = {"total": 1000, "remaining": 1000 - self.gateway.identifies, "reset_after": 0, "max_concurrency": 1}
        return {"url": self.gateway.url, "shards": self.gateway.recommended_shards, "session_start_limit": limit}

    async def me(self, call: Call) -> Json:
        return self.world.bot.payload() | {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}

    async def application(self, call: Call) -> Json:
        install: Json = {"oauth2_install_params": {"scopes": ["applications.commands", "bot"], "permissions": "0"}}
        return {
            "id": self.world.application_id,
            "name": self.world.bot.name,
            "icon": None,
            "description": "",
            "type": None,
            "bot": self.world.bot.payload(),
            "bot_public": True,
            "bot_require_code_grant": False,
            "integration_types_config": {"0": install, "1": {}},
            "verify_key": "0" * 64,
            "flags": 0,
            "flags_new": "0",
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.world.owner.payload(),
            "approximate_guild_count": len(self.world.guilds),
            "approximate_user_install_count": len(self.world.user_installs),
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
        }

    async def get_user(self, call: Call) -> Json:
        return self.world.user(call["user_id"]).payload()

    async def open_dm(self, call: Call) -> Json:
        user = self.world.user(str(call.payload["recipient_id"]))
        return self.world.channel_payload(self.world.dm(user.id))

    # Servers and channels

    async def get_guild(self, call: Call) -> Json:
        return self.world.guild(call["guild_id"]).payload()

    async def get_channels(self, call: Call) -> list[Json]:
        channels = self.world.guild(call["guild_id"]).channels.values()
        return [self.world.channel_payload(channel) for channel in channels if channel.parent_id is None]

    async def get_roles(self, call: Call) -> list[Json]:
        return [role.payload() for role in self.world.guild(call["guild_id"]).roles.values()]

    async def get_member(self, call: Call) -> Json:
        member = self.world.guild(call["guild_id"]).members.get(call["user_id"])
        if member is None:
            raise Refusal(10007)
        return member.payload()

    async def active_threads(self, call: Call) -> Json:
        channels = self.world.guild(call["guild_id"]).channels.values()
        threads = [self.world.channel_payload(item) for item in channels if item.parent_id and not item.archived]
        return {"threads": threads, "members": [], "has_more": False}

    async def get_channel(self, call: Call) -> Json:
        return self.world.channel_payload(self._visible(call))

    async def type_in(self, call: Call) -> Any:
        channel = self._visible(call)
        self.messages.require_post(channel, call)
        self.typing.append(channel.id)
        return NO_CONTENT

    async def new_thread(self, call: Call) -> Any:
        """A thread begun from a message has that message's id."""
        parent = self._visible(call)
        private = call.payload.get("type") == PRIVATE_THREAD
        right = "create_private_threads" if private else "create_public_threads"
        if parent.guild_id is None or not self.world.may(self.world.bot.id, parent, right):
            raise Refusal(50013)
        thread = self.world.new_channel(
            self.world.guilds[parent.guild_id], call.payload["name"], PRIVATE_THREAD if private else PUBLIC_THREAD,
            id=call.params.get("message_id"), parent_id=parent.id, owner_id=self.world.bot.id,
        )  # fmt: skip
        body = self.world.channel_payload(thread)
        await self.gateway.dispatch("THREAD_CREATE", body | {"newly_created": True}, thread.guild_id, "guilds")
        return 201, body

    def _visible(self, call: Call) -> Channel:
        channel = self.world.channel(call["channel_id"])
        self.messages.require_view(channel)
        return channel

    # Messages

    async def list_messages(self, call: Call) -> list[Json]:
        channel = self._visible(call)
        if not self.world.may(self.world.bot.id, channel, "read_message_history"):
            return []
        limit = int(call.query.get("limit", 50))
        found = [m for m in channel.messages.values() if not m.deleted and not m.ephemeral_for]
        if "around" in call.query:
            near = sorted(found, key=lambda m: abs(int(m.id) - int(call.query["around"])))[:limit]
            found = sorted(near, key=lambda m: int(m.id))
        found = [m for m in found if int(m.id) < int(call.query.get("before", 1 << 63))]
        found = [m for m in found if int(m.id) > int(call.query.get("after", 0))]
        found = found[:limit] if "after" in call.query else found[-limit:]
        return [self.world.message_payload(m) for m in reversed(found)]

    async def post_message(self, call: Call) -> Json:
        channel = self.world.channel(call["channel_id"])
        self.messages.require_post(channel, call)
        nonce = call.payload.get("nonce")
        if nonce is not None and call.payload.get("enforce_nonce") and (channel.id, str(nonce)) in self._nonces:
            return self.world.message_payload(self._nonces[channel.id, str(nonce)])
        fields: Json = {"nonce": None if nonce is None else str(nonce)}
        reference = call.payload.get("message_reference")
        if reference:
            fields |= self._reference(channel, reference)
        message = await self.messages.create(channel, self.world.bot, call.payload, call.files, **fields)
        if nonce is not None:
            self._nonces[channel.id, str(nonce)] = message
        return self.world.message_payload(message)

    def _reference(self, channel: Channel, reference: Json) -> Json:
        original = channel.messages.get(str(reference["message_id"]))
        if original is None or original.deleted or original.ephemeral_for:
            if reference.get("fail_if_not_exists", True) is not False:
                raise Refusal(50035, errors=_unknown_reference())
            return {}
        named: Json = {"type": 0, "channel_id": channel.id, "message_id": original.id}
        return {"type": 19, "reference": named | ({"guild_id": channel.guild_id} if channel.guild_id else {})}

    async def get_message(self, call: Call) -> Json:
        channel = self.world.channel(call["channel_id"])
        self.messages.require_history(channel)
        return self.world.message_payload(self._shown(channel, call))

    async def edit_message(self, call: Call) -> Json:
        channel = self._visible(call)
        message = self._shown(channel, call)
        if message.author is not self.world.bot:
            raise Refusal(50005)
        if channel.type != DM:
            self.messages.require_parts(channel, call)
        self.messages.require_unarchived(channel)
        return self.world.message_payload(await self.messages.edit(message, call.payload, call.files))

    async def delete_message(self, call: Call) -> Any:
        channel = self._visible(call)
        message = self._shown(channel, call)
        if message.author is not self.world.bot:
            if channel.type == DM:
                raise Refusal(50003)
            self._require(channel, "manage_messages")
        self.messages.require_unarchived(channel)
        await self.messages.delete(message)
        return NO_CONTENT

    async def bulk_delete(self, call: Call) -> Any:
        channel = self._visible(call)
        self._require(channel, "manage_messages")
        for message_id in call.payload["messages"]:
            message = channel.messages.get(str(message_id))
            if message is not None and not message.deleted:
                await self.messages.delete(message)
        return NO_CONTENT

    def _shown(self, channel: Channel, call: Call) -> Message:
        """A message that the channel's endpoints know: ephemeral ones they do not."""
        message = self.world.message(channel, call["message_id"])
        if message.ephemeral_for:
            raise Refusal(10008)
        return message

    def _require(self, channel: Channel, *names: str) -> None:
        if not self.world.may(self.world.bot.id, channel, *names):
            raise Refusal(50013)

    # Reactions

    async def add_reaction(self, call: Call) -> Any:
        channel = self._visible(call)
        self.messages.require_history(channel)
        message, emoji = self._shown(channel, call), call["emoji_name"]
        if emoji not in message.reactions:
            self._require(channel, "add_reactions")
            if len(message.reactions) >= REACTION_KINDS:
                raise Refusal(30010)
        self.messages.require_unarchived(channel)
        await self.messages.react(message, self.world.bot, emoji, add=True)
        return NO_CONTENT

    async def remove_own_reaction(self, call: Call) -> Any:
        message = self._shown(self._visible(call), call)
        await self.messages.react(message, self.world.bot, call["emoji_name"], add=False)
        return NO_CONTENT

    async def remove_reaction(self, call: Call) -> Any:
        channel = self._visible(call)
        self._require(channel, "manage_messages")
        user = self.world.user(call["user_id"])
        await self.messages.react(self._shown(channel, call), user, call["emoji_name"], add=False)
        return NO_CONTENT

    async def clear_reactions(self, call: Call) -> Any:
        channel = self._visible(call)
        self._require(channel, "manage_messages")
        message = self._shown(channel, call)
        chosen = [call["emoji_name"]] if "emoji_name" in call.params else list(message.reactions)
        for emoji in chosen:
            message.reactions.pop(emoji, None)
        self.world.change()
        return NO_CONTENT

    async def list_reactions(self, call: Call) -> list[Json]:
        message = self._shown(self._visible(call), call)
        users = message.reactions.get(call["emoji_name"], [])
        return [self.world.users[user].payload() for user in users[: int(call.query.get("limit", 25))]]


def _unknown_reference() -> Json:
    complaint = {"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}
    return {"message_reference": {"_errors": [complaint]}}
