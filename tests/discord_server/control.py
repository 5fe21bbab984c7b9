"""The control channel: POST /control/<verb> with a JSON object, answered by one. `scenario.py` is its other end."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aiohttp import web

from tests.discord_server.commands import Commands
from tests.discord_server.errors import Refusal, ScenarioError
from tests.discord_server.gateway import Gateway
from tests.discord_server.http import Bucket, Fault, Server
from tests.discord_server.interactions import Interaction, Interactions
from tests.discord_server.members import Members
from tests.discord_server.messages import Messages
from tests.discord_server.permissions import bits
from tests.discord_server.routes import Routes
from tests.discord_server.world import (
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    Channel,
    Guild,
    Json,
    Member,
    Message,
    Role,
    User,
    World,
)


class Control:
    """Each public coroutine is a verb; its keyword arguments are the JSON object's members."""

    def __init__(
        self, world: World, gateway: Gateway, server: Server, messages: Messages, interactions: Interactions,
        commands: Commands, members: Members, routes: Routes, vanish: Callable[[float], Coroutine[Any, Any, None]],
    ) -> None:  # fmt: skip
        self._vanish = vanish
        self._vanishing: asyncio.Task[None] | None = None
        self._world, self._gateway, self._server, self._messages = world, gateway, server, messages
        self._interactions, self._commands, self._members, self._routes = interactions, commands, members, routes

    async def serve(self, request: web.Request) -> web.Response:
        """Run the verb that the path names."""
        verb = getattr(self, request.match_info["verb"], None)
        if request.match_info["verb"].startswith("_") or verb is None:
            return web.json_response({"error": f"no verb {request.match_info['verb']}"}, status=404)
        try:
            answer = await verb(**await request.json())
        except (ScenarioError, Refusal, KeyError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=409)
        except TypeError as error:
            signature = inspect.signature(verb)
            return web.json_response({"error": f"{verb.__name__}{signature}: {error}"}, status=400)
        return web.Response(body=json.dumps(answer or {}).encode(), content_type="application/json")

    # Making a world

    async def guild(self, name: str, has_bot: bool = True, locale: str = "en-US", premium_tier: int = 0) -> Json:
        guild = self._world.new_guild(name, has_bot=has_bot, locale=locale)
        guild.premium_tier = premium_tier
        guild.attachment_limit = {2: 50, 3: 100}.get(premium_tier, 10) << 20
        if has_bot:
            await self._announce("GUILD_CREATE", self._gateway.guild_create(guild), guild.id)
        return {"id": guild.id, "channel": next(iter(guild.channels))}

    async def channel(self, guild: str, name: str, nsfw: bool = False) -> Json:
        channel = self._world.new_channel(self._world.guilds[guild], name, nsfw=nsfw)
        await self._announce("CHANNEL_CREATE", self._world.channel_payload(channel), guild)
        return {"id": channel.id}

    async def thread(self, channel: str, name: str, private: bool = False, owner: str | None = None) -> Json:
        parent = self._world.channels[channel]
        guild = self._world.guilds[str(parent.guild_id)]
        kind = PRIVATE_THREAD if private else PUBLIC_THREAD
        thread = self._world.new_channel(guild, name, kind, parent_id=parent.id, owner_id=owner, nsfw=parent.nsfw)
        event = self._world.channel_payload(thread) | {"newly_created": True}
        await self._announce("THREAD_CREATE", event, guild.id)
        return {"id": thread.id}

    async def change_thread(self, thread: str, archived: bool = False, locked: bool = False) -> None:
        channel = self._world.channels[thread]
        channel.archived, channel.locked = archived, locked
        await self._announce("THREAD_UPDATE", self._world.channel_payload(channel), channel.guild_id)

    async def change_channel(self, channel: str, nsfw: bool) -> None:
        found = self._world.channels[channel]
        found.nsfw = nsfw
        await self._announce("CHANNEL_UPDATE", self._world.channel_payload(found), found.guild_id)

    async def delete_channel(self, channel: str) -> None:
        found = self._world.channels.pop(channel)
        event = self._world.channel_payload(found)
        if found.guild_id:
            del self._world.guilds[found.guild_id].channels[channel]
        threads = found.parent_id is not None
        await self._announce("THREAD_DELETE" if threads else "CHANNEL_DELETE", event, found.guild_id)

    async def member(
        self, guild: str | None, name: str, locale: str = "en-US", permissions: Iterable[str] = (), bot: bool = False
    ) -> Json:
        """A person; with `guild`, a member there, with a role that has `permissions`."""
        user = next((u for u in self._world.users.values() if u.name == name and u is not self._world.bot), None)
        if user is None:
            user = User(self._world.ids.next(), name, bot=bot, locale=locale)
            self._world.users[user.id] = user
        if guild:
            await self._join(self._world.guilds[guild], user, list(permissions))
        return {"id": user.id}

    async def _join(self, guild: Guild, user: User, permissions: list[str]) -> None:
        if user.id not in guild.members:
            guild.members[user.id] = Member(user, [])
            event = guild.members[user.id].payload() | {"guild_id": guild.id}
            await self._announce("GUILD_MEMBER_ADD", event, guild.id, "members")
        if permissions:
            role = await self.role(guild.id, f"{user.name}'s rights", permissions)
            guild.members[user.id].roles.append(role["id"])

    async def role(self, guild: str, name: str, permissions: Iterable[str] = (), members: Iterable[str] = ()) -> Json:
        found = self._world.guilds[guild]
        role = Role(self._world.ids.next(), name, bits(permissions), len(found.roles))
        found.roles[role.id] = role
        for member in members:
            found.members[member].roles.append(role.id)
        await self._announce("GUILD_ROLE_CREATE", {"guild_id": guild, "role": role.payload()}, guild)
        return {"id": role.id}

    async def remove_member(self, guild: str, user: str, ban: bool = False) -> None:
        """Leaving, or a ban. The bot itself: it is kicked."""
        found = self._world.guilds[guild]
        del found.members[user]
        found.bans |= {user} if ban else set()
        if user == self._world.bot.id:
            found.has_bot = False
            await self._announce("GUILD_DELETE", {"id": guild}, guild)
            return
        event = {"guild_id": guild, "user": self._world.users[user].payload()}
        if ban:
            await self._announce("GUILD_BAN_ADD", event, guild, "moderation")
        await self._announce("GUILD_MEMBER_REMOVE", event, guild, "members")

    async def set_permission(self, permission: str, allow: bool, guild: str | None = None, channel: str | None = None,
                             user: str | None = None) -> None:  # fmt: skip
        """An overwrite for the bot (or `user`) on one channel or all of a server (or of all servers)."""
        user, bit = user or self._world.bot.id, bits([permission])
        channels = [self._world.channels[channel]] if channel else self._all_channels(guild)
        for found in channels:
            _, allowed, denied = found.overwrites.get(user, (1, 0, 0))
            allowed, denied = (allowed | bit, denied & ~bit) if allow else (allowed & ~bit, denied | bit)
            found.overwrites[user] = (1, allowed, denied)
            await self._announce("CHANNEL_UPDATE", self._world.channel_payload(found), found.guild_id)

    def _all_channels(self, guild: str | None) -> list[Channel]:
        guilds = [self._world.guilds[guild]] if guild else list(self._world.guilds.values())
        return [channel for one in guilds for channel in one.channels.values() if channel.parent_id is None]

    async def set_user(self, user: str, dms_open: bool = True, locale: str | None = None) -> None:
        self._world.users[user].dms_open = dms_open
        self._world.users[user].locale = locale or self._world.users[user].locale

    async def set_limits(self, **limits: float) -> None:
        """attachment_limit (bytes, everywhere), acknowledge_seconds, token_seconds, cdn_lifetime, cdn_seconds (until a
        file comes), heartbeat_interval, recommended_shards, bucket_limit with bucket_window, global_limit (requests in
        a second)."""
        if "attachment_limit" in limits:
            for guild in self._world.guilds.values():
                guild.attachment_limit = int(limits["attachment_limit"])
        if "bucket_limit" in limits:
            self._server.set_buckets(int(limits["bucket_limit"]), limits.get("bucket_window", 1.0))
        if "global_limit" in limits:
            self._server.everything = Bucket("global", int(limits["global_limit"]), 1.0)
        for name in ("acknowledge_seconds", "token_seconds"):
            setattr(self._interactions, name, limits.get(name, getattr(self._interactions, name)))
        self._world.cdn_lifetime = limits.get("cdn_lifetime", self._world.cdn_lifetime)
        self._world.cdn_seconds = limits.get("cdn_seconds", self._world.cdn_seconds)
        self._gateway.heartbeat_interval = limits.get("heartbeat_interval", self._gateway.heartbeat_interval)
        self._gateway.recommended_shards = int(limits.get("recommended_shards", self._gateway.recommended_shards))

    async def set_privileged(self, intents: list[str]) -> None:
        """Privileged intents that the portal grants."""
        self._gateway.privileged = set(intents)

    async def set_checks(self, enabled: bool) -> None:
        """Switch the OpenAPI checks; benchmarks may do without."""
        self._server.check = enabled

    async def _announce(self, event: str, data: Json, guild: str | None, intent: str = "guilds") -> None:
        if guild is None or self._world.guilds[guild].has_bot or event == "GUILD_DELETE":
            await self._gateway.dispatch(event, data, guild, intent)
        else:
            self._world.change()

    # What people do

    async def slash(self, user: str, channel: str, name: str, options: Json) -> Json:
        return (await self._members.slash(self._user(user), self._channel(channel), name, options)).report()

    async def autocomplete(self, user: str, channel: str, name: str, option: str, options: Json) -> Json:
        actor, place = self._user(user), self._channel(channel)
        return (await self._members.autocomplete(actor, place, name, option, options)).report()

    async def context(self, user: str, message: str, name: str) -> Json:
        return (await self._members.context(self._user(user), self._world.find_message(message), name)).report()

    async def user_context(self, user: str, channel: str, target: str, name: str) -> Json:
        actor, place = self._user(user), self._channel(channel)
        return (await self._members.user_context(actor, place, self._user(target), name)).report()

    async def press(self, user: str, message: str, button: str, unseen: bool = False) -> Json:
        actor, found = self._user(user), self._world.find_message(message)
        press = self._members.press_unseen if unseen else self._members.press
        return (await press(actor, found, button)).report()

    async def choose(self, user: str, message: str, values: list[str], menu: str | None = None) -> Json:
        found = self._world.find_message(message)
        return (await self._members.choose(self._user(user), found, menu, values)).report()

    async def submit(self, user: str, interaction: str, values: Json) -> Json:
        opener = self._interactions.by_id[interaction]
        return (await self._members.submit(self._user(user), opener, values)).report()

    async def say(self, user: str, channel: str, content: str, files: list[Json] | None = None,
                  reply_to: str | None = None, ping: bool = True) -> Json:  # fmt: skip
        place = self._channel(channel)
        return self._shown(await self._members.say(self._user(user), place, content, files or [], reply_to, ping))

    async def react(self, user: str, message: str, emoji: str, add: bool) -> None:
        await self._members.react(self._user(user), self._world.find_message(message), emoji, add=add)

    async def delete_message(self, message: str) -> None:
        await self._messages.delete(self._world.find_message(message))

    async def age_message(self, message: str) -> None:
        """From now on the message counts as older than an hour."""
        self._world.find_message(message).aged = True

    async def dm(self, user: str) -> Json:
        return {"id": self._world.dm(user).id}

    def _user(self, id: str) -> User:
        return self._world.users[id]

    def _channel(self, id: str) -> Channel:
        return self._world.channels[id]

    # What there is to see

    async def wait(self, since: int, timeout: float) -> Json:
        return {"version": await self._world.wait_for_change(since, min(timeout, 30.0))}

    async def interaction(self, id: str) -> Json:
        """An interaction with the messages that it led to."""
        found = self._interactions.by_id[id]
        version = self._world.version
        return found.report() | {"version": version, "messages": self._messages_of(found)}

    def _messages_of(self, interaction: Interaction) -> list[Json]:
        ids = [interaction.message_id, *interaction.follow_ups]
        kept = interaction.channel.messages
        return [self._shown(kept[id]) for id in ids if id in kept]

    async def message(self, id: str) -> Json:
        return self._shown(self._world.find_message(id)) | {"version": self._world.version}

    async def answered(self, id: str, timeout: float) -> Json:
        """Wait until the interaction was acknowledged or has failed."""
        found = self._interactions.by_id[id]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(found.answered.wait(), timeout)
        return {"answered": found.answered.is_set()}

    async def messages(self, channel: str, deleted: bool = False) -> Json:
        kept = self._channel(channel).messages.values()
        shown = [self._shown(message) for message in kept if deleted or not message.deleted]
        return {"messages": shown, "version": self._world.version}

    def _shown(self, message: Message) -> Json:
        """The wire form, with what only the test may know under `loopback`."""
        known = {
            "deleted": message.deleted,
            "ephemeral_for": message.ephemeral_for,
            "edits": message.edits,
            "history": message.history,
            "reactors": message.reactions,
        }
        return self._world.message_payload(message) | {"loopback": known}

    async def state(self) -> Json:
        """Sessions, commands, counts."""
        sessions = self._gateway.sessions.values()
        return {
            "version": self._world.version,
            "connected": self._gateway.connected,
            "sessions": [{"shard": s.shard, "shards": s.shards, "intents": s.intents} for s in sessions],
            "identifies": self._gateway.identifies,
            "resumes": self._gateway.resumes,
            "commands": {scope: list(known.values()) for scope, known in self._commands.scopes.items()},
            "command_overwrites": self._commands.overwrites,
            "typing": self._routes.typing,
            "invalid_requests": self._server.invalid_requests,
            "conformity": self._server.conformity.reason,
        }

    async def interactions(self) -> Json:
        """Every interaction so far, for a benchmark's figures."""
        return {"interactions": [one.report() for one in self._interactions.by_id.values()]}

    async def violations(self) -> Json:
        return {"violations": self._world.violations}

    async def forgive(self, kind: str | None = None) -> Json:
        """Forget the violations of a kind (or all), and tell which they were."""
        forgiven = [one for one in self._world.violations if kind in (None, one["kind"])]
        self._world.violations[:] = [one for one in self._world.violations if one not in forgiven]
        return {"violations": forgiven}

    async def requests(self) -> Json:
        return {"requests": list(self._server.log)}

    # What goes wrong

    async def fault(self, **fields: Any) -> None:
        self._server.faults.append(Fault(**fields))

    async def clear_faults(self) -> None:
        self._server.faults.clear()

    async def expire_tokens(self, interaction: str | None = None) -> Json:
        """The tokens of all that were acknowledged, or of one interaction even before that."""

        def chosen(one: Interaction) -> bool:
            return one.acknowledged is not None if interaction is None else one.id == interaction

        return {"expired": self._interactions.expire(chosen)}

    async def drop_gateway(self, resumable: bool = True, code: int = 4000) -> None:
        await self._gateway.drop(resumable=resumable, code=code)

    async def reconnect(self) -> None:
        await self._gateway.ask_to_reconnect()

    async def invalidate(self, resumable: bool = False) -> None:
        await self._gateway.invalidate(resumable=resumable)

    async def replay_last(self, event: str | None = None) -> None:
        await self._gateway.replay_last(event)

    async def send_raw(self, event: str, data: Any) -> None:
        await self._gateway.send_raw(event, data)

    async def close_before_hello(self, times: int = 1) -> None:
        self._gateway.close_before_hello = times

    async def vanish(self, seconds: float) -> None:
        """From shortly after this answer, nobody listens for so long; the control channel is gone as well."""
        self._vanishing = asyncio.create_task(self._vanish(seconds))

    async def sleep(self, seconds: float) -> Json:
        """The server's clock."""
        await asyncio.sleep(seconds)
        return {"monotonic": time.monotonic()}
