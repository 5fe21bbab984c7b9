"""Interactions: what a member starts, the three seconds to answer, and the token's fifteen minutes.

Source: Discord's documentation, "Receiving and Responding", August 2026.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.discord_server.errors import Refusal, field_error
from tests.discord_server.gateway import Gateway
from tests.discord_server.http import Call
from tests.discord_server.messages import Messages
from tests.discord_server.permissions import bits
from tests.discord_server.rules import check_modal
from tests.discord_server.world import EPHEMERAL, Channel, Guild, Json, Message, User, World

ACKNOWLEDGE_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60.0
USER_INSTALL_FOLLOW_UPS = 5
"""Follow-ups of an interaction where the bot is not in the server."""
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
"""Interaction types."""
PONG, MESSAGE, DEFER, DEFER_UPDATE, UPDATE, CHOICES, OPEN_MODAL = 1, 4, 5, 6, 7, 8, 9
"""Callback types."""
REPLY = 19
"""Message type of answers to components, and of follow-ups: they refer to what they follow."""
FOREIGN_PERMISSIONS = bits(("attach_files", "embed_links", "mention_everyone", "use_external_emojis"))
"""`app_permissions` where the bot is not in the server."""
ALLOWED_CALLBACKS = {
    COMMAND: (MESSAGE, DEFER, OPEN_MODAL),
    COMPONENT: (MESSAGE, DEFER, DEFER_UPDATE, UPDATE, OPEN_MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL: (MESSAGE, DEFER, DEFER_UPDATE, UPDATE),
}


@dataclass
class Interaction:
    """One interaction; times are of the monotonic clock. `message_id` is its @original."""

    id: str
    token: str
    type: int
    user: User
    channel: Channel
    guild: Guild | None
    data: Json
    source: Message | None = None
    opened_by: Interaction | None = None
    created: float = field(default_factory=time.monotonic)
    acknowledged: float | None = None
    response: int | None = None
    message_id: str | None = None
    deferred: bool = False
    ephemeral: bool = False
    follow_ups: list[str] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None
    failed: str = ""
    expired: bool = False
    user_install: bool = False
    listeners: frozenset[tuple[str, int]] = frozenset()
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def fail(self, why: str) -> None:
        """The member's client gives up."""
        self.failed = why
        self.answered.set()

    def metadata(self) -> Json:
        """`interaction_metadata` of the messages it leads to."""
        body: Json = {"id": self.id, "type": self.type, "user": self.user.payload()}
        owners = {"1": self.user.id} if self.user_install else {"0": self.guild.id if self.guild else "0"}
        body["authorizing_integration_owners"] = owners
        if self.type == COMPONENT and self.source:
            body["interacted_message_id"] = self.source.id
        if self.type == MODAL and self.opened_by:
            body["triggering_interaction_metadata"] = self.opened_by.metadata()
        return body

    def report(self) -> Json:
        """What a test may know about it."""
        delay = None if self.acknowledged is None else self.acknowledged - self.created
        return {
            "id": self.id,
            "acknowledged_after": delay,
            "response": self.response,
            "message_id": self.message_id,
            "deferred": self.deferred,
            "ephemeral": self.ephemeral,
            "follow_ups": self.follow_ups,
            "modal": self.modal,
            "choices": self.choices,
            "failed": self.failed,
            "channel_id": self.channel.id,
            "created": self.created,
        }


class Interactions:
    """Starts interactions and takes the bot's answers to them."""

    def __init__(self, world: World, gateway: Gateway, messages: Messages) -> None:
        self.world, self.gateway, self.messages = world, gateway, messages
        self.by_id: dict[str, Interaction] = {}
        self.by_token: dict[str, Interaction] = {}
        self.acknowledge_seconds = ACKNOWLEDGE_SECONDS
        self.token_seconds = TOKEN_SECONDS
        self._watches: set[asyncio.Task[None]] = set()

    async def start(
        self, type: int, user: User, channel: Channel, data: Json, *,
        source: Message | None = None, opened_by: Interaction | None = None, user_install: bool = False,
    ) -> Interaction:  # fmt: skip
        """Send INTERACTION_CREATE and watch the clock."""
        guild = self.world.guilds.get(channel.guild_id or "")
        interaction = Interaction(
            self.world.ids.next(), secrets.token_urlsafe(48), type, user, channel, guild, data,
            source=source, opened_by=opened_by, user_install=user_install,
        )  # fmt: skip
        self.by_id[interaction.id] = self.by_token[interaction.token] = interaction
        interaction.listeners = self._listeners(guild)
        heard = await self.gateway.dispatch("INTERACTION_CREATE", self._payload(interaction), self._shard_of(guild))
        if not heard:
            interaction.fail("no bot was connected")
            self.world.change()
        watch = asyncio.create_task(self._watch(interaction))
        self._watches.add(watch)
        watch.add_done_callback(self._watches.discard)
        return interaction

    def _shard_of(self, guild: Guild | None) -> str | None:
        return guild.id if guild else None

    async def _watch(self, interaction: Interaction) -> None:
        """An interaction nobody answered in time has failed, as the member's client says."""
        await asyncio.sleep(self.acknowledge_seconds)
        if interaction.acknowledged is None and not interaction.failed:
            interaction.fail("the application did not respond")
            detail = f"not acknowledged within {self.acknowledge_seconds} s: {str(interaction.data)[:300]}"
            self._blame("unanswered", interaction, detail)
            self.world.change()

    def _listeners(self, guild: Guild | None) -> frozenset[tuple[str, int]]:
        """The sessions that hear of interactions there, each with the number of its connection."""
        sessions = self.gateway.listeners(guild.id if guild else None)
        return frozenset((one.id, one.connections) for one in sessions if one.connection is not None)

    def _blame(self, kind: str, interaction: Interaction, detail: str) -> None:
        """A violation, unless the bot was not connected all the time."""
        if interaction.listeners & self._listeners(interaction.guild):
            self.world.violation(kind, f"interaction {interaction.id}", detail)

    def _payload(self, interaction: Interaction) -> Json:
        guild, user, channel = interaction.guild, interaction.user, interaction.channel
        body: Json = {
            "id": interaction.id,
            "application_id": self.world.application_id,
            "type": interaction.type,
            "data": interaction.data,
            "token": interaction.token,
            "version": 1,
            "channel_id": channel.id,
            "channel": self.channel_payload(channel, user),
            "app_permissions": str(self._app_permissions(interaction)),
            "locale": user.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "attachment_size_limit": self.world.attachment_limit(channel.guild_id),
            "authorizing_integration_owners": interaction.metadata()["authorizing_integration_owners"],
        }
        if guild is None:
            body |= {"user": user.payload(), "context": 1}
        else:
            member = guild.members[user.id].payload() | {"permissions": str(self.world.permissions(user.id, channel))}
            place = {"id": guild.id, "locale": guild.locale, "features": []}
            body |= {"guild_id": guild.id, "guild": place, "guild_locale": guild.locale, "member": member, "context": 0}
        if interaction.source:
            body["message"] = self.world.message_payload(interaction.source)
        return body

    def _app_permissions(self, interaction: Interaction) -> int:
        if interaction.user_install:
            return FOREIGN_PERMISSIONS
        return self.world.permissions(self.world.bot.id, interaction.channel)

    def channel_payload(self, channel: Channel, user: User) -> Json:
        """The partial channel of an interaction, with the member's permissions."""
        return self.world.channel_payload(channel) | {"permissions": str(self.world.permissions(user.id, channel))}

    # The bot's answers

    async def callback(self, call: Call) -> Any:
        """POST /interactions/{id}/{token}/callback."""
        interaction = self.by_id.get(call["interaction_id"])
        if interaction is None or interaction.token != call["interaction_token"]:
            raise Refusal(10062)
        self._check_first_answer(interaction, call.payload["type"])
        await self._answer(interaction, call.payload["type"], call.payload.get("data") or {}, call)
        interaction.acknowledged = time.monotonic()
        interaction.response = call.payload["type"]
        interaction.answered.set()
        self.world.change()
        if call.query.get("with_response") not in ("1", "true", "True"):
            return 204, None
        return self._callback_answer(interaction)

    def _check_first_answer(self, interaction: Interaction, kind: int) -> None:
        if interaction.acknowledged is not None:
            raise Refusal(40060)
        late = time.monotonic() - interaction.created - self.acknowledge_seconds
        if late > 0 or interaction.expired:
            self._blame("late", interaction, f"acknowledged {late:.2f} s too late")
            raise Refusal(10062)
        if kind not in ALLOWED_CALLBACKS[interaction.type]:
            raise field_error("type", "BASE_TYPE_CHOICES", f"Callback {kind} does not answer type {interaction.type}")
        if kind in (DEFER_UPDATE, UPDATE) and interaction.source is None:
            raise field_error("type", "BASE_TYPE_CHOICES", "There is no message to update")

    async def _answer(self, interaction: Interaction, kind: int, data: Json, call: Call) -> None:
        if kind == MESSAGE:
            message = await self._post(interaction, data, call)
            interaction.message_id = message.id
        elif kind == DEFER:
            interaction.deferred, interaction.ephemeral = True, bool((data.get("flags") or 0) & EPHEMERAL)
            fields = self._fields(interaction, ephemeral=interaction.ephemeral)
            message = await self.messages.add_placeholder(interaction.channel, **fields)
            interaction.message_id = message.id
        elif kind in (DEFER_UPDATE, UPDATE) and interaction.source:
            interaction.message_id = interaction.source.id
            if kind == UPDATE:
                await self.messages.edit(interaction.source, data, call.files)
        elif kind == CHOICES:
            interaction.choices = data.get("choices") or []
        elif kind == OPEN_MODAL:
            check_modal(data)
            interaction.modal = data

    def _callback_answer(self, interaction: Interaction) -> Json:
        answer: Json = {"id": interaction.id, "type": interaction.type, "channel_id": interaction.channel.id}
        if interaction.guild:
            answer["guild_id"] = interaction.guild.id
        if interaction.message_id:
            answer |= {
                "response_message_id": interaction.message_id,
                "response_message_loading": interaction.deferred,
                "response_message_ephemeral": interaction.ephemeral,
            }
        body: Json = {"interaction": answer}
        if interaction.response in (MESSAGE, UPDATE) and interaction.message_id:
            message = interaction.channel.messages[interaction.message_id]
            body["resource"] = {"type": interaction.response, "message": self.world.message_payload(message)}
        return body

    async def _post(self, interaction: Interaction, data: Json, call: Call) -> Message:
        ephemeral = bool((data.get("flags") or 0) & EPHEMERAL)
        interaction.ephemeral = ephemeral if interaction.message_id is None else interaction.ephemeral
        fields = self._fields(interaction, ephemeral=ephemeral)
        return await self.messages.create(interaction.channel, self.world.bot, data, call.files, **fields)

    def _fields(self, interaction: Interaction, *, ephemeral: bool) -> Json:
        """What marks a message as an interaction's."""
        fields: Json = {"application_id": self.world.application_id, "interaction": interaction.metadata()}
        if ephemeral:
            fields |= {"ephemeral_for": interaction.user.id, "flags": EPHEMERAL}
        above = interaction.message_id or (interaction.source.id if interaction.source else None)
        if above is None:
            return fields | {"type": 20 if interaction.data.get("type", 1) == 1 else 23}
        place = {"guild_id": interaction.guild.id} if interaction.guild else {}
        reference = {"type": 0, "channel_id": interaction.channel.id, "message_id": above} | place
        return fields | {"type": REPLY, "reference": reference}

    # Webhook endpoints, by the token

    def of_token(self, call: Call) -> Interaction:
        """The interaction that a webhook URL names; 50027 when its token is dead."""
        interaction = self.by_token.get(call["webhook_token"])
        if interaction is None or call["webhook_id"] != self.world.application_id:
            raise Refusal(10015)
        if interaction.expired or time.monotonic() - interaction.created > self.token_seconds:
            raise Refusal(50027)
        if interaction.acknowledged is None:
            raise Refusal(10015)
        return interaction

    async def follow_up(self, call: Call) -> Any:
        """POST /webhooks/{app}/{token}: the first one after a deferral fills the placeholder."""
        interaction = self.of_token(call)
        if interaction.user_install and len(interaction.follow_ups) >= USER_INSTALL_FOLLOW_UPS:
            raise Refusal(40094)
        if interaction.deferred and not interaction.follow_ups and self._original(interaction).loading:
            message = await self.messages.edit(self._original(interaction), call.payload, call.files)
        else:
            message = await self._post(interaction, call.payload, call)
            interaction.follow_ups.append(message.id)
        self.world.change()
        answer = self.world.message_payload(message)
        return answer if call.query.get("wait") in ("true", "1", "True") else (204, None)

    def _original(self, interaction: Interaction) -> Message:
        return self.world.message(interaction.channel, interaction.message_id or "")

    def named_message(self, call: Call) -> Message:
        """`@original` or one of the interaction's own messages."""
        interaction = self.of_token(call)
        if call.path.endswith("/@original"):
            return self._original(interaction)
        if call["message_id"] not in (interaction.message_id, *interaction.follow_ups):
            raise Refusal(10008)
        return self.world.message(interaction.channel, call["message_id"])

    async def get_message(self, call: Call) -> Json:
        return self.world.message_payload(self.named_message(call))

    async def edit_message(self, call: Call) -> Json:
        return self.world.message_payload(await self.messages.edit(self.named_message(call), call.payload, call.files))

    async def delete_message(self, call: Call) -> Any:
        await self.messages.delete(self.named_message(call))
        return 204, None

    def expire(self, chosen: Callable[[Interaction], bool] = lambda _: True) -> int:
        """Kill the tokens of these interactions; how many there were."""
        found = [interaction for interaction in self.by_id.values() if chosen(interaction) and not interaction.expired]
        for interaction in found:
            interaction.expired = True
        return len(found)
