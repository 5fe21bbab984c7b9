"""The gateway, version 10: sessions, identify, heartbeats, dispatch with intents, resume with replay.

Source: Discord's documentation, "Gateway" (close codes, opcodes, intents), August 2026.
"""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.discord_server.world import Channel, Guild, Message, World

Json = dict[str, Any]

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT = 0, 1, 2, 3, 4, 6, 7
REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 8, 9, 10, 11
INTENTS = {
    "guilds": 0,
    "members": 1,
    "moderation": 2,
    "presences": 8,
    "guild_messages": 9,
    "guild_reactions": 10,
    "guild_typing": 11,
    "dm_messages": 12,
    "dm_reactions": 13,
    "message_content": 15,
    "guild_polls": 24,
    "dm_polls": 25,
}
"""Name → bit number; the loopback sends events of these only."""
PRIVILEGED = ("members", "presences", "message_content")
ALL_INTENTS = (1 << 26) - 1
REPLAY_LENGTH = 1000
"""Events that a session keeps for a RESUME."""
COMMANDS_PER_MINUTE = 120
PAYLOAD_LIMIT = 4096
"""Bytes of one gateway message from the bot."""


@dataclass
class Session:
    """One bot session on one shard; it outlives its connection until it is invalidated."""

    id: str
    shard: int
    shards: int
    intents: int
    sequence: int = 0
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAY_LENGTH))
    connection: Connection | None = None
    connections: int = 1

    def wants(self, intent: str | None) -> bool:
        """Whether events under this intent are sent here; None is always sent."""
        return intent is None or bool(self.intents & (1 << INTENTS[intent]))

    def can_replay(self, position: int) -> bool:
        """Whether all events after `position` are still kept."""
        return self.sequence - len(self.sent) <= position <= self.sequence

    async def send(self, event: str, data: Any) -> None:
        """Number, keep and, when connected, send one event."""
        self.sequence += 1
        text = json.dumps({"op": DISPATCH, "t": event, "s": self.sequence, "d": data})
        self.sent.append((self.sequence, text))
        if self.connection is not None:
            await self.connection.send_text(text)


class Connection:
    """One WebSocket, with its own zlib stream when the bot asked for that."""

    def __init__(self, socket: web.WebSocketResponse, *, compress: bool) -> None:
        self.socket = socket
        self._stream = zlib.compressobj() if compress else None
        self._commands: deque[float] = deque(maxlen=COMMANDS_PER_MINUTE)
        self.last_heartbeat = time.monotonic()
        self.closed_here = False

    async def close(self, code: int) -> None:
        """End the connection from our side."""
        self.closed_here = True
        await self.socket.close(code=code)

    async def send(self, op: int, data: Any = None) -> None:
        await self.send_text(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def send_text(self, text: str) -> None:
        """Send; a connection that is already gone is no error, its session keeps the event."""
        try:
            if self._stream is None:
                await self.socket.send_str(text)
            else:
                packed = self._stream.compress(text.encode()) + self._stream.flush(zlib.Z_SYNC_FLUSH)
                await self.socket.send_bytes(packed)
        except (ConnectionError, RuntimeError):
            return

    def too_many_commands(self) -> bool:
        """Count one command; more than 120 in 60 s are refused (4008)."""
        now = time.monotonic()
        full = len(self._commands) == COMMANDS_PER_MINUTE and now - self._commands[0] < 60
        self._commands.append(now)
        return full


class Gateway:
    """All sessions, and the ways to disturb them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.recommended_shards = 1
        self.heartbeat_interval = 41.25
        self.privileged: set[str] = set()
        self.close_before_hello = 0
        self.identifies = 0
        self.resumes = 0
        self._connections: set[Connection] = set()

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One WebSocket from HELLO to its end."""
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        connection = Connection(socket, compress=request.query.get("compress") == "zlib-stream")
        if self.close_before_hello:
            self.close_before_hello -= 1
            await socket.close(code=1001)
            return socket
        if request.query.get("v") != "10" or request.query.get("encoding", "json") != "json":
            await socket.close(code=4012)
            return socket
        self._connections.add(connection)
        await connection.send(HELLO, {"heartbeat_interval": int(self.heartbeat_interval * 1000)})
        watch = asyncio.create_task(self._watch_heartbeat(connection))
        try:
            await self._converse(connection)
        finally:
            watch.cancel()
            self._connections.discard(connection)
            self._detach(connection)
        return socket

    async def _converse(self, connection: Connection) -> None:
        async for frame in connection.socket:
            if frame.type is not WSMsgType.TEXT:
                await connection.close(4002)
                return
            close_code = await self._receive(connection, frame.data)
            if close_code:
                self.world.violation("gateway", "gateway", f"closed with {close_code} after {frame.data[:200]}")
                await connection.close(close_code)
                return

    async def _receive(self, connection: Connection, text: str) -> int | None:
        """Act on one command; a number is the close code it earned."""
        try:
            command = json.loads(text)
            op, data = command["op"], command.get("d")
        except (ValueError, KeyError, TypeError):
            return 4002
        if len(text.encode()) > PAYLOAD_LIMIT:
            return 4002
        if op == HEARTBEAT:
            connection.last_heartbeat = time.monotonic()
            await connection.send(HEARTBEAT_ACK)
            return None
        if connection.too_many_commands():
            return 4008
        session = self._session_of(connection)
        if op == IDENTIFY:
            return 4005 if session else await self._identify(connection, data)
        if op == RESUME:
            return 4005 if session else await self._resume(connection, data)
        if session is None:
            return 4003
        if op == REQUEST_MEMBERS:
            await self._send_members(session, data)
            return None
        return None if op in (PRESENCE, VOICE) else 4001

    async def _identify(self, connection: Connection, data: Json) -> int | None:
        shard, shards = data.get("shard") or (0, 1)
        if data.get("token") != self.world.token:
            return 4004
        if not 0 <= shard < shards:
            return 4010
        if not isinstance(data.get("intents"), int) or data["intents"] & ~ALL_INTENTS:
            return 4013
        forbidden = [name for name in PRIVILEGED if name not in self.privileged]
        if any(data["intents"] & (1 << INTENTS[name]) for name in forbidden):
            return 4014
        self.identifies += 1
        self._drop_replaced(shard)
        session = Session(f"session{self.world.ids.next()}", shard, shards, data["intents"], connection=connection)
        self.sessions[session.id] = session
        await session.send("READY", self._ready(session))
        for guild in self._guilds_of(session):
            await session.send("GUILD_CREATE", self.guild_create(guild))
        self.world.change()
        return None

    def _drop_replaced(self, shard: int) -> None:
        """A session whose connection is gone is forgotten when its shard identifies anew."""
        for session in list(self.sessions.values()):
            if session.shard == shard and session.connection is None:
                del self.sessions[session.id]

    def _ready(self, session: Session) -> Json:
        return {
            "v": 10,
            "user": self.world.bot.payload() | {"mfa_enabled": True, "verified": True, "email": None},
            "guilds": [{"id": guild.id, "unavailable": True} for guild in self._guilds_of(session)],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [session.shard, session.shards],
            "application": {"id": self.world.application_id, "flags": 0},
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
        }

    async def _resume(self, connection: Connection, data: Json) -> int | None:
        if data.get("token") != self.world.token:
            return 4004
        session = self.sessions.get(str(data.get("session_id")))
        position = data.get("seq") or 0
        if session is None or not session.can_replay(position):
            await connection.send(INVALID_SESSION, False)
            return None
        self.resumes += 1
        while position < session.sequence:  # events may come in while we send those missed
            for number, text in [item for item in session.sent if item[0] > position]:
                await connection.send_text(text)
                position = number
        session.connection = connection
        session.connections += 1
        await session.send("RESUMED", {"_trace": []})
        self.world.change()
        return None

    def _session_of(self, connection: Connection) -> Session | None:
        return next((item for item in self.sessions.values() if item.connection is connection), None)

    def _detach(self, connection: Connection) -> None:
        """A clean close (1000, 1001) by the bot ends its session; anything else can be resumed."""
        session = self._session_of(connection)
        if session is not None:
            session.connection = None
            if not connection.closed_here and connection.socket.close_code in (1000, 1001):
                self.sessions.pop(session.id, None)
        self.world.change()

    async def _watch_heartbeat(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_interval)
            if time.monotonic() - connection.last_heartbeat > 2 * self.heartbeat_interval:
                self.world.violation("heartbeat", "gateway", "no heartbeat for two intervals")
                await connection.close(4000)
                return

    async def _send_members(self, session: Session, data: Json) -> None:
        guild = self.world.guilds[str(data["guild_id"])]
        wanted = {str(user) for user in data.get("user_ids") or []}
        query, limit = data.get("query") or "", data.get("limit") or len(guild.members)
        found = [
            member.payload()
            for member in guild.members.values()
            if (member.user.id in wanted if wanted else member.user.name.startswith(query))
        ]
        chunk = {"guild_id": guild.id, "members": found[:limit], "chunk_index": 0, "chunk_count": 1}
        await session.send("GUILD_MEMBERS_CHUNK", chunk | ({"nonce": data["nonce"]} if data.get("nonce") else {}))

    def guild_create(self, guild: Guild) -> Json:
        """GUILD_CREATE: the bot alone as member, as Discord sends to bots without the members intent."""
        channels = [item for item in guild.channels.values() if item.parent_id is None]
        threads = [item for item in guild.channels.values() if item.parent_id is not None and not item.archived]
        visible = [item for item in threads if self.world.may(self.world.bot.id, item, "view_channel")]
        return guild.payload() | {
            "joined_at": guild.members[self.world.bot.id].joined_at,
            "large": False,
            "unavailable": False,
            "member_count": len(guild.members),
            "members": [guild.members[self.world.bot.id].payload()],
            "channels": [self.world.channel_payload(item) for item in channels],
            "threads": [self.world.channel_payload(item) for item in visible],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _guilds_of(self, session: Session) -> list[Guild]:
        guilds = (guild for guild in self.world.guilds.values() if guild.has_bot)
        return [guild for guild in guilds if self._shard(guild.id, session.shards) == session.shard]

    @staticmethod
    def _shard(guild_id: str | None, shards: int) -> int:
        return (int(guild_id) >> 22) % shards if guild_id else 0

    def listeners(self, guild_id: str | None) -> list[Session]:
        """The sessions that hear about this server (None: direct messages), connected or to be resumed."""
        sessions = list(self.sessions.values())
        return [item for item in sessions if self._shard(guild_id, item.shards) == item.shard]

    async def dispatch(
        self, event: str, data: Json, guild_id: str | None, intent: str | None = None,
        shape: Callable[[Session, Json], Json] | None = None,
    ) -> int:  # fmt: skip
        """Send an event to every session that wants it; how many there were."""
        sessions = [session for session in self.listeners(guild_id) if session.wants(intent)]
        for session in sessions:
            await session.send(event, shape(session, data) if shape else data)
        self.world.change()
        return len(sessions)

    async def dispatch_message(self, event: str, message: Message, channel: Channel) -> None:
        """MESSAGE_CREATE or MESSAGE_UPDATE, without its content where the intents forbid it."""
        if message.ephemeral_for or not self.world.may(self.world.bot.id, channel, "view_channel"):
            self.world.change()
            return
        data = self.world.message_payload(message)
        if channel.guild_id:
            data["guild_id"] = channel.guild_id
            member = self.world.guilds[channel.guild_id].members.get(message.author.id)
            data |= {"member": member.payload(with_user=False)} if member else {}
        intent = "guild_messages" if channel.guild_id else "dm_messages"
        await self.dispatch(event, data, channel.guild_id, intent, self._without_content)

    def _without_content(self, session: Session, data: Json) -> Json:
        """What a bot without the message_content intent sees of a message that does not concern it."""
        bot = self.world.bot.id
        mentioned = any(user["id"] == bot for user in data["mentions"])
        own = data["author"]["id"] == bot or "guild_id" not in data
        if session.wants("message_content") or own or mentioned:
            return data
        return data | {"content": "", "attachments": [], "embeds": [], "components": []}

    async def drop(self, *, resumable: bool = True, code: int = 4000) -> None:
        """Cut every connection; without `resumable` the sessions are forgotten as well."""
        if not resumable:
            self.sessions.clear()
        for connection in list(self._connections):
            await connection.close(code)

    async def ask_to_reconnect(self) -> None:
        """Opcode 7 on every connection."""
        for connection in list(self._connections):
            await connection.send(RECONNECT)

    async def invalidate(self, *, resumable: bool) -> None:
        """Opcode 9 on every connection."""
        for connection in list(self._connections):
            await connection.send(INVALID_SESSION, resumable)
        if not resumable:
            self.sessions.clear()

    async def replay_last(self, event: str | None = None) -> None:
        """Send the last event (of this name) once more, as Discord now and then does."""
        for session in self.sessions.values():
            for _, text in reversed(session.sent):
                packet = json.loads(text)
                if event in (None, packet["t"]) and packet["t"] not in ("READY", "RESUMED"):
                    await session.send(packet["t"], packet["d"])
                    break

    async def send_raw(self, event: str, data: Any) -> None:
        """Any event at all, malformed ones too, to every session."""
        for session in self.sessions.values():
            await session.send(event, data)

    @property
    def connected(self) -> int:
        """Sessions with a living connection."""
        return sum(session.connection is not None for session in self.sessions.values())
