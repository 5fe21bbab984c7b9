"""Scenarios against the loopback Discord, written as a member's afternoon.

    async with discord_server() as discord:
        guild = await discord.guild("Studio")
        ana = await guild.member("ana")
        result = await ana.slash("imagine", prompt="a fox in snow")
        message = await result.until(lambda message: message.attachments)
        again = await ana.click(message, "V2")

Everything talks to the server's control channel; nothing here touches the bot.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from tests.discord_server.conformity import ROOT
from tests.discord_server.rules import walk

Json = dict[str, Any]
T = TypeVar("T")

PATIENCE = 30.0
"""Seconds that a scenario waits for something by default; a bound, not an expectation."""
LOADING, EPHEMERAL = 1 << 7, 1 << 6


class ScenarioFailed(AssertionError):
    """What the scenario waited for did not happen, or the server refused a step."""


@dataclass(frozen=True)
class File:
    """Something a member uploads."""

    filename: str
    data: bytes

    def wire(self) -> Json:
        return {"filename": self.filename, "data": base64.b64encode(self.data).decode()}


@dataclass(frozen=True)
class Button:
    """A button as the member sees it."""

    label: str
    emoji: str
    custom_id: str
    url: str
    disabled: bool


class Message:
    """A message as of the moment it was read. `wire` is Discord's JSON."""

    def __init__(self, discord: Discord, wire: Json) -> None:
        self.discord = discord
        self.wire = wire
        self._known: Json = wire.get("loopback", {})
        self.id: str = wire["id"]
        self.channel_id: str = wire["channel_id"]
        self.content: str = wire["content"]
        self.author_id: str = wire["author"]["id"]
        self.attachments: list[Json] = wire["attachments"]
        self.embeds: list[Json] = wire["embeds"]
        self.components: list[Json] = list(walk(wire["components"]))
        self.flags: int = wire["flags"]

    def __repr__(self) -> str:
        labels = [button.label or button.emoji for button in self.buttons]
        files = [one["filename"] for one in self.attachments]
        return f"<Message {self.text!r} files={files} buttons={labels}{' loading' if self.loading else ''}>"

    @property
    def loading(self) -> bool:
        """Still "is thinking…"."""
        return bool(self.flags & LOADING)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def deleted(self) -> bool:
        return bool(self._known["deleted"])

    @property
    def edits(self) -> list[float]:
        """Unix times of its edits."""
        return list(self._known["edits"])

    @property
    def history(self) -> list[Json]:
        """What it showed before each edit: content, attachments (file names), embeds, components, loading."""
        return list(self._known["history"])

    @property
    def reactions(self) -> dict[str, list[str]]:
        """Emoji → ids of those who reacted."""
        return dict(self._known["reactors"])

    @property
    def pings(self) -> list[str]:
        """Ids of the users it notified."""
        return [user["id"] for user in self.wire["mentions"]]

    @property
    def reply_to(self) -> str | None:
        """Id of the message that it answers."""
        return (self.wire.get("message_reference") or {}).get("message_id")

    @property
    def buttons(self) -> list[Button]:
        found = [part for part in self.components if part["type"] == 2]
        return [
            Button(
                part.get("label", ""),
                (part.get("emoji") or {}).get("name", ""),
                part.get("custom_id", ""),
                part.get("url", ""),
                part.get("disabled", False),
            )
            for part in found
        ]

    @property
    def menus(self) -> list[Json]:
        """Select menus."""
        return [part for part in self.components if part["type"] in (3, 5, 6, 7, 8)]

    @property
    def text(self) -> str:
        """All words a member reads: content, embeds, text displays."""
        parts: list[str | None] = [self.content]
        for embed in self.embeds:
            parts += [(embed.get("author") or {}).get("name"), embed.get("title"), embed.get("description")]
            parts += [f"{one['name']}: {one['value']}" for one in embed.get("fields", [])]
            parts += [(embed.get("footer") or {}).get("text")]
        parts += [part["content"] for part in self.components if part["type"] == 10]
        return "\n".join(part for part in parts if part)

    @property
    def alt_texts(self) -> list[str | None]:
        """Descriptions of its attachments."""
        return [one.get("description") for one in self.attachments]

    async def files(self) -> list[bytes]:
        """Its attachments, downloaded."""
        fresh = await self.refresh()
        return [await self.discord.download(one["url"]) for one in fresh.attachments]

    async def refresh(self) -> Message:
        """The same message as it is now."""
        return Message(self.discord, await self.discord.do("message", id=self.id))

    async def until(self, holds: Callable[[Message], object], timeout: float = PATIENCE) -> Message:
        """The message, once `holds` is true of it."""

        async def look() -> Message | None:
            fresh = await self.refresh()
            return fresh if holds(fresh) else None

        return await self.discord.eventually(look, timeout, lambda: f"message {self.id}")


class Result:
    """An interaction a member started, and what came of it."""

    def __init__(self, discord: Discord, report: Json) -> None:
        self.discord = discord
        self.id: str = report["id"]
        self._report = report

    def __repr__(self) -> str:
        return f"<Result {self.id} failed={self.failed!r} messages={self.messages}>"

    async def refresh(self) -> Result:
        """Look again."""
        self._report = await self.discord.do("interaction", id=self.id)
        return self

    @property
    def acknowledged_after(self) -> float | None:
        """Seconds from its start to the bot's first answer, by the server's clock; None so far."""
        return self._report["acknowledged_after"]  # type: ignore[no-any-return]

    @property
    def failed(self) -> str:
        """Why the member sees "the application did not respond"; empty otherwise."""
        return str(self._report["failed"])

    @property
    def response(self) -> int | None:
        """Callback type: 4 message, 5 deferred, 6 deferred update, 7 update, 8 choices, 9 modal."""
        return self._report["response"]  # type: ignore[no-any-return]

    @property
    def modal(self) -> Json | None:
        """The modal that was opened."""
        return self._report["modal"]  # type: ignore[no-any-return]

    @property
    def choices(self) -> list[Json]:
        """What autocomplete offered."""
        return list(self._report["choices"] or [])

    @property
    def messages(self) -> list[Message]:
        """@original and the follow-ups, as of the last look."""
        return [Message(self.discord, wire) for wire in self._report.get("messages", [])]

    @property
    def message(self) -> Message:
        """@original, as of the last look."""
        if not self.messages:
            raise ScenarioFailed(f"no message came of interaction {self.id} ({self.failed or 'so far'})")
        return self.messages[0]

    @property
    def follow_ups(self) -> list[Message]:
        return self.messages[1:]

    async def acknowledged(self, timeout: float = PATIENCE) -> Result:
        """Wait for the first answer, or for the member's client to give up (`failed`)."""

        answer = await self.discord.do("answered", id=self.id, timeout=timeout)
        if not answer["answered"]:
            raise ScenarioFailed(f"not answered within {timeout} s: {self!r}")
        return await self.refresh()

    async def until(self, holds: Callable[[Message], object], timeout: float = PATIENCE) -> Message:
        """The first of its messages of which `holds` is true."""

        async def look() -> Message | None:
            await self.refresh()
            return next((message for message in self.messages if not message.deleted and holds(message)), None)

        return await self.discord.eventually(look, timeout, lambda: repr(self))


class Place:
    """A channel, thread or DM."""

    def __init__(self, discord: Discord, id: str) -> None:
        self.discord, self.id = discord, id

    async def messages(self, *, deleted: bool = False) -> list[Message]:
        """All messages, oldest first, ephemeral ones too."""
        answer = await self.discord.do("messages", channel=self.id, deleted=deleted)
        return [Message(self.discord, wire) for wire in answer["messages"]]

    async def from_bot(self) -> list[Message]:
        """What the bot has posted here."""
        return [message for message in await self.messages() if message.author_id == self.discord.bot_id]

    async def until(self, holds: Callable[[Message], object], timeout: float = PATIENCE) -> Message:
        """The newest message of the bot here of which `holds` is true, once there is one."""

        async def look() -> Message | None:
            found = [message for message in await self.from_bot() if holds(message)]
            return found[-1] if found else None

        return await self.discord.eventually(look, timeout, lambda: f"channel {self.id}")

    async def thread(self, name: str, *, private: bool = False) -> Place:
        answer = await self.discord.do("thread", channel=self.id, name=name, private=private)
        return Place(self.discord, answer["id"])

    async def archive(self, *, locked: bool = False) -> None:
        await self.discord.do("change_thread", thread=self.id, archived=True, locked=locked)

    async def set_nsfw(self, nsfw: bool = True) -> None:
        await self.discord.do("change_channel", channel=self.id, nsfw=nsfw)

    async def delete(self) -> None:
        await self.discord.do("delete_channel", channel=self.id)

    async def revoke(self, permission: str) -> None:
        """The bot loses a permission here, e.g. `attach_files`."""
        await self.discord.do("set_permission", permission=permission, allow=False, channel=self.id)

    async def grant(self, permission: str) -> None:
        """The bot gets a permission here."""
        await self.discord.do("set_permission", permission=permission, allow=True, channel=self.id)


class Person:
    """Somebody on Discord. `place` is where they are when a step names no other."""

    def __init__(self, discord: Discord, id: str, name: str, place: Place) -> None:
        self.discord, self.id, self.name, self.place = discord, id, name, place

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def at(self, place: Place) -> Person:
        """The same person in another channel."""
        return Person(self.discord, self.id, self.name, place)

    async def in_dm(self) -> Person:
        """The same person in the DM with the bot."""
        return self.at(await self.dm())

    async def dm(self) -> Place:
        """The DM with the bot."""
        return Place(self.discord, (await self.discord.do("dm", user=self.id))["id"])

    async def slash(self, command: str, /, **options: Any) -> Result:
        """Use a slash command ("queue list" names a subcommand) and wait for the bot's first answer."""
        wire = {name: _wire(value) for name, value in options.items()}
        return await self._start("slash", channel=self.place.id, name=command, options=wire)

    async def begin(self, command: str, /, **options: Any) -> Result:
        """Use a slash command and do not wait for anything."""
        wire = {name: _wire(value) for name, value in options.items()}
        report = await self.discord.do("slash", user=self.id, channel=self.place.id, name=command, options=wire)
        return Result(self.discord, report)

    async def autocomplete(self, command: str, option: str, typed: Any = "", /, **others: Any) -> list[Json]:
        """The choices offered while typing an option: [{"name", "value"}]."""
        options = {name: _wire(value) for name, value in others.items()} | {option: typed}
        result = await self._start("autocomplete", channel=self.place.id, name=command, option=option, options=options)
        return result.choices

    async def context(self, message: Message, name: str) -> Result:
        """Use "Apps > name" on a message."""
        return await self._start("context", message=message.id, name=name)

    async def context_on(self, other: Person, name: str) -> Result:
        """Use "Apps > name" on a member."""
        return await self._start("user_context", channel=self.place.id, target=other.id, name=name)

    async def click(self, message: Message, button: str, *, unseen: bool = False) -> Result:
        """Press a button by label, emoji or custom_id; `unseen`: a custom_id that the message no longer shows."""
        return await self._start("press", message=message.id, button=button, unseen=unseen)

    async def choose(self, message: Message, *values: str, menu: str | None = None) -> Result:
        """Choose in a select menu, by label or value."""
        return await self._start("choose", message=message.id, values=list(values), menu=menu)

    async def submit(self, opener: Result, values: dict[str, Any] | None = None, /, **fields: Any) -> Result:
        """Submit the modal that `opener` opened; fields by label or custom_id, the others stay as shown."""
        wire = {name: _wire(value) for name, value in ((values or {}) | fields).items()}
        return await self._start("submit", interaction=opener.id, values=wire)

    async def say(self, content: str, *files: File) -> Message:
        """Post in the channel."""
        sent = await self.discord.do(
            "say", user=self.id, channel=self.place.id, content=content, files=[file.wire() for file in files]
        )
        return Message(self.discord, sent)

    async def reply(self, message: Message, content: str, *files: File, ping: bool = True) -> Message:
        """Reply; `ping` is the "@ on" of Discord's reply bar."""
        sent = await self.discord.do(
            "say", user=self.id, channel=message.channel_id, content=content, reply_to=message.id, ping=ping,
            files=[file.wire() for file in files],
        )  # fmt: skip
        return Message(self.discord, sent)

    async def react(self, message: Message, emoji: str) -> None:
        await self.discord.do("react", user=self.id, message=message.id, emoji=emoji, add=True)

    async def unreact(self, message: Message, emoji: str) -> None:
        await self.discord.do("react", user=self.id, message=message.id, emoji=emoji, add=False)

    async def close_dms(self) -> None:
        """From now on nobody can write to them (50007)."""
        await self.discord.do("set_user", user=self.id, dms_open=False)

    async def set_locale(self, locale: str) -> None:
        await self.discord.do("set_user", user=self.id, locale=locale)

    async def _start(self, verb: str, **fields: Any) -> Result:
        result = Result(self.discord, await self.discord.do(verb, user=self.id, **fields))
        return await result.acknowledged()


class Server(Place):
    """A Discord server; as a place it is its channel "general"."""

    def __init__(self, discord: Discord, id: str, channel: str) -> None:
        super().__init__(discord, channel)
        self.guild_id = id

    async def member(
        self, name: str, *, locale: str = "en-US", permissions: tuple[str, ...] = (), bot: bool = False
    ) -> Person:
        """A member, new or known from another server; `permissions` come as a role; `bot`: another bot."""
        answer = await self.discord.do(
            "member", guild=self.guild_id, name=name, locale=locale, permissions=list(permissions), bot=bot
        )
        return Person(self.discord, answer["id"], name, self)

    async def channel(self, name: str, *, nsfw: bool = False) -> Place:
        answer = await self.discord.do("channel", guild=self.guild_id, name=name, nsfw=nsfw)
        return Place(self.discord, answer["id"])

    async def role(self, name: str, *members: Person, permissions: tuple[str, ...] = ()) -> str:
        """A role; its id."""
        ids = [member.id for member in members]
        answer = await self.discord.do(
            "role", guild=self.guild_id, name=name, permissions=list(permissions), members=ids
        )
        return str(answer["id"])

    async def ban(self, person: Person) -> None:
        await self.discord.do("remove_member", guild=self.guild_id, user=person.id, ban=True)

    async def kick_bot(self) -> None:
        await self.discord.do("remove_member", guild=self.guild_id, user=self.discord.bot_id)

    async def revoke_everywhere(self, permission: str) -> None:
        """The bot loses a permission in every channel."""
        await self.discord.do("set_permission", permission=permission, allow=False, guild=self.guild_id)


class Discord:
    """A running loopback Discord, seen from the test."""

    def __init__(self, address: Json, session: aiohttp.ClientSession) -> None:
        self.address = address
        self.api, self.gateway, self.cdn = address["api"], address["gateway"], address["cdn"]
        self.token, self.bot_id = address["token"], address["bot_id"]
        self._session = session

    async def do(self, verb: str, **fields: Any) -> Json:
        """One step on the control channel."""
        async with self._session.post(f"{self.address['control']}/{verb}", json=fields) as response:
            answer: Json = await response.json()
        if response.status != 200:
            raise ScenarioFailed(f"{verb}: {answer.get('error')}")
        return answer

    async def eventually(self, look: Callable[[], Awaitable[T | None]], timeout: float, what: Callable[[], str]) -> T:
        """What `look` finds, tried anew after every change on the server."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            version = (await self.do("wait", since=-1, timeout=0))["version"]
            found = await look()
            if found is not None:
                return found
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise ScenarioFailed(f"not within {timeout} s: {what()}; violations: {await self.violations()}")
            await self.do("wait", since=version, timeout=min(left, 5.0))

    def environment(self) -> dict[str, str]:
        """The settings that point `python bot.py` here."""
        return {
            "PIXXELBOT_DISCORD_TOKEN": self.token,
            "PIXXELBOT_DISCORD_API": self.api,
            "PIXXELBOT_DISCORD_GATEWAY": self.gateway,
            "PIXXELBOT_DISCORD_CDN": self.cdn,
        }

    # The world

    async def guild(
        self, name: str = "Studio", *, has_bot: bool = True, locale: str = "en-US", premium_tier: int = 0
    ) -> Server:
        """A server with @everyone, the bot (unless `has_bot` is false) and a channel "general"."""
        answer = await self.do("guild", name=name, has_bot=has_bot, locale=locale, premium_tier=premium_tier)
        return Server(self, answer["id"], answer["channel"])

    async def person(self, name: str, *, locale: str = "en-US") -> Person:
        """Somebody in no server, in the DM with the bot."""
        id = (await self.do("member", guild=None, name=name, locale=locale))["id"]
        return Person(self, id, name, Place(self, (await self.do("dm", user=id))["id"]))

    async def set_limits(self, **limits: float) -> None:
        """acknowledge_seconds, token_seconds, attachment_limit, cdn_lifetime, cdn_seconds, heartbeat_interval,
        recommended_shards, bucket_limit with bucket_window, global_limit (requests in a second)."""
        await self.do("set_limits", **limits)

    async def grant_intents(self, *names: str) -> None:
        """Privileged intents: members, presences, message_content."""
        await self.do("set_privileged", intents=list(names))

    # The bot, seen from outside

    async def state(self) -> Json:
        """sessions, connected, identifies, resumes, commands, command_overwrites, typing, conformity (why nothing is
        checked, or empty), invalid_requests."""
        return await self.do("state")

    async def bot_ready(self, *, commands: bool = True, shards: int = 1, timeout: float = 60.0) -> Json:
        """Wait until the bot is connected (with this many shards) and has registered its commands."""

        async def look() -> Json | None:
            state = await self.state()
            known = any(state["commands"].values()) or not commands
            return state if state["connected"] >= shards and known else None

        return await self.eventually(look, timeout, lambda: "the bot's login and commands")

    async def bot_resumed(self, times: int = 1, timeout: float = 60.0) -> Json:
        """Wait until the bot has resumed a session this often."""

        async def look() -> Json | None:
            state = await self.state()
            return state if state["resumes"] >= times and state["connected"] else None

        return await self.eventually(look, timeout, lambda: "a RESUME")

    async def commands(self) -> list[Json]:
        """The global commands."""
        return list((await self.state())["commands"][""])

    async def requests(self, method: str | None = None, path: str = "") -> list[Json]:
        """Requests of the bot so far: method, path, status (0: reset), at."""
        entries = (await self.do("requests"))["requests"]
        return [one for one in entries if method in (None, one["method"]) and path in one["path"]]

    async def interactions(self) -> list[Json]:
        """Reports of every interaction, with `acknowledged_after`."""
        return list((await self.do("interactions"))["interactions"])

    async def violations(self) -> list[Json]:
        """Every breach of Discord's rules so far: kind, where, detail."""
        return list((await self.do("violations"))["violations"])

    async def forgive(self, kind: str | None = None) -> list[Json]:
        """Take violations (of a kind) off the list, because the scenario caused them."""
        return list((await self.do("forgive", kind=kind))["violations"])

    async def download(self, url: str) -> bytes:
        """A file from the CDN."""
        async with self._session.get(url) as response:
            if response.status != 200:
                raise ScenarioFailed(f"{url}: {response.status} {await response.text()}")
            return await response.read()

    async def delete(self, message: Message) -> None:
        """A moderator deletes a message."""
        await self.do("delete_message", message=message.id)

    async def age(self, message: Message) -> None:
        """The message is now older than an hour (30046 after a few edits)."""
        await self.do("age_message", message=message.id)

    # Faults

    async def fail_next(
        self, pattern: str, status: int = 500, times: int = 1, *, code: int = 0, method: str = "", after: bool = False
    ) -> None:
        """The next requests whose path matches the regular expression fail; `after`: they take effect nevertheless."""
        await self.do(
            "fault", kind="status", pattern=pattern, status=status, times=times, code=code, method=method, after=after
        )

    async def reset_next(self, pattern: str, times: int = 1, *, method: str = "", after: bool = False) -> None:
        """The connection is reset instead of an answer."""
        await self.do("fault", kind="reset", pattern=pattern, times=times, method=method, after=after)

    async def rate_limit_next(
        self,
        pattern: str,
        seconds: float = 0.5,
        times: int = 1,
        *,
        method: str = "",
        everywhere: bool = False,
        via: bool = True,
    ) -> None:
        """429; `everywhere` is the global limit, `via=False` looks like a ban by Cloudflare."""
        await self.do(
            "fault", kind="limit", pattern=pattern, seconds=seconds, times=times, method=method, via=via,
            status=1 if everywhere else 429,
        )  # fmt: skip

    async def delay_next(self, pattern: str, seconds: float, times: int = 1, *, method: str = "") -> None:
        """The server takes its time before it acts."""
        await self.do("fault", kind="delay", pattern=pattern, seconds=seconds, times=times, method=method)

    async def clear_faults(self) -> None:
        await self.do("clear_faults")

    async def expire_tokens(self, result: Result | None = None) -> None:
        """Interaction tokens (or one) die now: 50027."""
        await self.do("expire_tokens", interaction=result.id if result else None)

    async def revoke(self, permission: str, place: Place | None = None) -> None:
        """The bot loses a permission, here or everywhere."""
        await self.do("set_permission", permission=permission, allow=False, channel=place.id if place else None)

    async def drop_gateway(self, *, resume: bool = True, code: int = 4000) -> None:
        """Cut the WebSocket; without `resume` the session is lost too."""
        await self.do("drop_gateway", resumable=resume, code=code)

    async def ask_to_reconnect(self) -> None:
        """Opcode 7."""
        await self.do("reconnect")

    async def invalidate_session(self, *, resumable: bool = False) -> None:
        """Opcode 9."""
        await self.do("invalidate", resumable=resumable)

    async def replay_last_event(self, event: str | None = None) -> None:
        """Deliver the last event (of this name) a second time."""
        await self.do("replay_last", event=event)

    async def send_event(self, event: str, data: Any) -> None:
        """Any event, malformed ones too."""
        await self.do("send_raw", event=event, data=data)

    async def close_before_hello(self, times: int = 1) -> None:
        """The next gateway connections end before HELLO."""
        await self.do("close_before_hello", times=times)

    async def vanish(self, seconds: float) -> None:
        """Discord is gone for so long: connections end, and new ones are refused. Returns when it is back."""
        await self.do("vanish", seconds=seconds)
        await asyncio.sleep(seconds)

        async with asyncio.timeout(30):
            while True:
                with suppress(aiohttp.ClientError):
                    await self.state()
                    return
                await asyncio.sleep(0.2)


def _wire(value: Any) -> Any:
    """Files, people and places in the form that the control channel takes."""
    if isinstance(value, File):
        return value.wire()
    if isinstance(value, Person):
        return {"user": value.id}
    if isinstance(value, Place):
        return {"channel": value.id}
    if isinstance(value, list | tuple):
        return [_wire(one) for one in value]
    return value


@contextmanager
def aimed_at(address: Json) -> Iterator[None]:
    """Point the discord.py of this process at the loopback, and back."""
    import discord
    import yarl

    socket = discord.gateway.DiscordWebSocket
    before = discord.http.Route.BASE, socket.DEFAULT_GATEWAY, discord.Asset.BASE
    discord.http.Route.BASE = address["api"]
    socket.DEFAULT_GATEWAY = yarl.URL(address["gateway"])
    discord.Asset.BASE = address["cdn"]
    try:
        yield
    finally:
        discord.http.Route.BASE, socket.DEFAULT_GATEWAY, discord.Asset.BASE = before


@asynccontextmanager
async def discord_server(*, port: int = 0) -> AsyncIterator[Discord]:
    """A loopback Discord in a process of its own, which ends with the block (or with this process)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.discord_server", "--port", str(port), "--tied",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env=dict(os.environ),
    )  # fmt: skip
    if process.stdin is None or process.stdout is None:
        raise ScenarioFailed("the loopback has no pipes")
    try:
        address = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        timeout = aiohttp.ClientTimeout(total=60)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            yield Discord(address, session)
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
