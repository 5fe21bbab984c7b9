"""Application commands: the registry that the bot fills, and what a member may make of a command.

Limits from Discord's documentation, "Application Commands", August 2026.
"""

from __future__ import annotations

import re
from typing import Any

from tests.discord_server.errors import Refusal, ScenarioError, field_error
from tests.discord_server.http import Call
from tests.discord_server.world import Json, World

CHAT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
COMMAND_LIMITS = {CHAT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
CHARACTERS = 8000
"""Of names, descriptions and values of one command."""
NAME = re.compile(r"^[-_'\w]{1,32}$")
IN_GUILD, IN_BOT_DM = 0, 1
GUILD_INSTALL, USER_INSTALL = 0, 1


class Commands:
    """Commands by scope: "" is global, otherwise a server's id."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.scopes: dict[str, dict[str, Json]] = {"": {}}
        self.overwrites = 0

    def _scope(self, call: Call) -> dict[str, Json]:
        if call["application_id"] != self.world.application_id:
            raise Refusal(10002)
        guild_id = call.params.get("guild_id", "")
        if guild_id and not self.world.guild(guild_id):
            raise Refusal(50001)
        return self.scopes.setdefault(guild_id, {})

    async def list_all(self, call: Call) -> list[Json]:
        return list(self._scope(call).values())

    async def overwrite(self, call: Call) -> list[Json]:
        """PUT: the whole list; a command keeps its id when name and type stay."""
        scope = self._scope(call)
        known = {(old["name"], old["type"]): old["id"] for old in scope.values()}
        fresh = [self._made(call, entry, known.get((entry["name"], entry.get("type") or 1))) for entry in call.payload]
        for kind, limit in COMMAND_LIMITS.items():
            if sum(command["type"] == kind for command in fresh) > limit:
                raise Refusal(30032)
        names = [(command["name"], command["type"]) for command in fresh]
        if len(set(names)) < len(names):
            raise field_error("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
        scope.clear()
        scope.update({command["id"]: command for command in fresh})
        self.overwrites += 1
        return fresh

    async def create(self, call: Call) -> Any:
        scope = self._scope(call)
        kind = call.payload.get("type") or 1
        same = [old["id"] for old in scope.values() if (old["name"], old["type"]) == (call.payload["name"], kind)]
        command = self._made(call, call.payload, same[0] if same else None)
        scope[command["id"]] = command
        return (200 if same else 201), command

    async def get(self, call: Call) -> Json:
        return self._known(call)

    async def edit(self, call: Call) -> Json:
        old = self._known(call)
        command = self._made(call, old | call.payload, old["id"])
        self._scope(call)[command["id"]] = command
        return command

    async def delete(self, call: Call) -> Any:
        del self._scope(call)[self._known(call)["id"]]
        return 204, None

    def _known(self, call: Call) -> Json:
        scope = self._scope(call)
        if call["command_id"] not in scope:
            raise Refusal(10063)
        return scope[call["command_id"]]

    def _made(self, call: Call, entry: Json, id: str | None) -> Json:
        """A command as Discord answers it."""
        kind = entry.get("type") or CHAT
        _check(entry, kind)
        rights = entry.get("default_member_permissions")
        command: Json = {
            "id": id or self.world.ids.next(),
            "application_id": self.world.application_id,
            "version": self.world.ids.next(),
            "type": kind,
            "name": entry["name"],
            "name_localizations": entry.get("name_localizations"),
            "description": entry.get("description") or "",
            "description_localizations": entry.get("description_localizations"),
            "default_member_permissions": None if rights is None else str(rights),
            "dm_permission": entry.get("dm_permission") is not False,
            "nsfw": bool(entry.get("nsfw")),
            "integration_types": entry.get("integration_types") or [GUILD_INSTALL],
            "contexts": entry.get("contexts"),
        }
        if entry.get("options"):
            command["options"] = [_answer_option(option) for option in entry["options"]]
        return command | ({"guild_id": call["guild_id"]} if "guild_id" in call.params else {})

    def find(self, name: str, kind: int, guild_id: str | None) -> Json | None:
        """The command that a member sees under this name; a server's own first."""
        for scope in (self.scopes.get(guild_id or "-", {}), self.scopes[""]):
            for command in scope.values():
                if (command["name"], command["type"]) == (name, kind):
                    return command
        return None


def _answer_option(option: Json) -> Json:
    answer = {key: value for key, value in option.items() if value is not None}
    if "options" in answer:
        answer["options"] = [_answer_option(child) for child in answer["options"]]
    return answer


def _check(entry: Json, kind: int) -> None:
    if kind == CHAT:
        _check_name(entry["name"])
        _check_options(entry.get("options") or [])
        if not entry.get("description"):
            raise field_error("description", "BASE_TYPE_REQUIRED", "This field is required")
    elif entry.get("description") or entry.get("options"):
        raise field_error("description", "APPLICATION_COMMAND_CONTEXT_MENU", "Context menus have no description")
    if _characters(entry) > CHARACTERS:
        raise field_error("options", "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")


def _check_name(name: str) -> None:
    if not NAME.match(name) or name != name.lower():
        raise field_error("name", "APPLICATION_COMMAND_INVALID_NAME", f"Command name is invalid: {name}")


def _check_options(options: list[Json]) -> None:
    if len(options) > 25:
        raise field_error("options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    required_over = False
    for option in options:
        _check_name(option["name"])
        if option.get("required") and required_over:
            message = "Required options must be placed before non-required options"
            raise field_error("options", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", message)
        required_over = required_over or not option.get("required")
        if option.get("choices") and option.get("autocomplete"):
            raise field_error("options", "APPLICATION_COMMAND_AUTOCOMPLETE", "choices and autocomplete exclude another")
        _check_options(option.get("options") or [])
    names = [option["name"] for option in options]
    if len(set(names)) < len(names):
        raise field_error("options", "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option names must be unique")


def _characters(entry: Json) -> int:
    """Discord counts the longest localization of each name and description."""
    total = 0
    for key in ("name", "description"):
        forms = [entry.get(key) or "", *(entry.get(f"{key}_localizations") or {}).values()]
        total += max(len(form) for form in forms)
    total += sum(len(str(choice["value"])) + len(choice["name"]) for choice in entry.get("choices") or [])
    return total + sum(_characters(option) for option in entry.get("options") or [])


def fill_options(command: Json, path: list[str], given: Json, *, typing: str | None = None) -> list[Json]:
    """The `options` of an interaction: `path` names subcommands, `typing` the option being completed."""
    if path:
        inner = next((one for one in command.get("options", []) if one["name"] == path[0]), None)
        if inner is None:
            raise ScenarioError(f"{command['name']} has no subcommand {path[0]}")
        nested = fill_options(inner, path[1:], given, typing=typing)
        return [{"name": inner["name"], "type": inner["type"], "options": nested}]
    known = {option["name"]: option for option in command.get("options", [])}
    unknown = set(given) - set(known)
    if unknown:
        raise ScenarioError(f"{command['name']} has no option {sorted(unknown)}; it has {sorted(known)}")
    if typing is None:
        missing = [name for name, option in known.items() if option.get("required") and name not in given]
        if missing:
            raise ScenarioError(f"{command['name']} needs {missing}")
    return [_filled(known[name], value, focused=name == typing) for name, value in given.items()]


def _filled(option: Json, value: Any, *, focused: bool) -> Json:
    if focused:
        return {"name": option["name"], "type": option["type"], "value": value, "focused": True}
    allowed = [choice["value"] for choice in option.get("choices", [])]
    if allowed and value not in allowed:
        raise ScenarioError(f"{option['name']} must be one of {allowed}, not {value!r}")
    kinds: dict[int, Any] = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}
    if option["type"] in kinds and not isinstance(value, kinds[option["type"]]):
        raise ScenarioError(f"{option['name']} takes {kinds[option['type']]}, not {value!r}")
    if option["type"] in (INTEGER, NUMBER) and not (
        option.get("min_value", value) <= value <= option.get("max_value", value)
    ):
        raise ScenarioError(f"{option['name']} must be {option.get('min_value')} to {option.get('max_value')}")
    if option["type"] == STRING and not option.get("min_length", 0) <= len(value) <= option.get("max_length", 6000):
        raise ScenarioError(f"{option['name']} takes up to {option.get('max_length', 6000)} characters")
    return {"name": option["name"], "type": option["type"], "value": value}
