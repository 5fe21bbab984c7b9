"""Checks requests and answers against Discord's OpenAPI description of its HTTP API.

The file is named by `DISCORD_OPENAPI`, by default `../shared/discord/openapi.json` seen from the repository's root.
Where it is absent nothing is checked and `reason` says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_FILE = ROOT.parent / "shared" / "discord" / "openapi.json"
URI = "urn:discord"

_Form = tuple[str, dict[Any, dict[str, Any]]]
"""How a union can be decided, and its table."""


def specification_file() -> Path:
    """Where Discord's OpenAPI file is looked for."""
    return Path(os.environ.get("DISCORD_OPENAPI", DEFAULT_FILE))


class _Unions:
    """`oneOf`/`anyOf` in three frequent forms, decided without trying every branch; the rest as jsonschema does.

    Besides being several times faster, the complaint is about the branch that was meant.
    """

    def __init__(self) -> None:
        self._forms: dict[int, _Form] = {}

    def keyword(self, name: str) -> Any:
        """The check for `oneOf` or `anyOf`."""
        plain = Draft202012Validator.VALIDATORS[name]

        def union(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
            if id(branches) not in self._forms:
                self._forms[id(branches)] = _form_of(validator, branches)
            kind, table = self._forms[id(branches)]
            if kind == "constants" and type(instance) in (int, str) and instance in table:
                return
            if kind == "nullable":
                yield from () if instance is None else validator.descend(instance, table[None])
            elif kind == "tagged" and isinstance(instance, dict) and instance.get("type") in table:
                yield from validator.descend(instance, table[instance["type"]])
            else:
                yield from plain(validator, branches, instance, schema)

        return union


def _form_of(validator: Any, branches: list[dict[str, Any]]) -> _Form:
    """Constants; null or one other thing; things that carry their kind in `type`; or anything else."""
    if all("const" in branch for branch in branches):
        return "constants", {branch["const"]: branch for branch in branches}
    others = [branch for branch in branches if branch.get("type") != "null"]
    if len(branches) == 2 and len(others) == 1:
        return "nullable", {None: others[0]}
    table: dict[Any, dict[str, Any]] = {}
    for branch in branches:
        for tag in _tags(validator, branch):
            if tag in table:
                return "other", {}
            table[tag] = branch
    complete = all(_tags(validator, branch) for branch in branches)
    return ("tagged", table) if complete else ("other", {})


def _tags(validator: Any, branch: dict[str, Any]) -> tuple[Any, ...]:
    """The values that a branch allows in `type`; none when it does not say."""
    if "$ref" in branch:
        branch = validator._resolver.lookup(branch["$ref"]).contents
    allowed = branch.get("properties", {}).get("type", {})
    return tuple(allowed.get("enum", ())) if isinstance(allowed, dict) else ()


class Conformity:
    """`check_request` and `check_answer` return what is wrong, or None."""

    def __init__(self, file: Path | None = None) -> None:
        file = file or specification_file()
        self.reason = "" if file.is_file() else f"no OpenAPI file at {file}; set DISCORD_OPENAPI"
        self._operations: dict[str, Any] = {}
        self._validators: dict[tuple[str, ...], Any] = {}
        if self.reason:
            return
        answers = json.loads(file.read_text(encoding="utf-8"))
        self._operations = answers["paths"]
        requests = json.loads(file.read_text(encoding="utf-8"))
        _accept_numbers_as_snowflakes(requests)
        unions = _Unions()
        self._class = validators.extend(
            Draft202012Validator, {"oneOf": unions.keyword("oneOf"), "anyOf": unions.keyword("anyOf")}
        )
        self._registries = {"request": _registry(requests), "answer": _registry(answers)}

    def check_request(self, method: str, template: str, payload: Any, *, multipart: bool) -> str | None:
        """`template` is the path as OpenAPI writes it; `payload` the JSON body (or `payload_json`), None without."""
        operation = self._operation(method, template)
        if operation is None:
            return None
        content = operation.get("requestBody", {}).get("content", {})
        if payload is None:
            missing = operation.get("requestBody", {}).get("required") and "application/json" in content
            return "a body is required" if missing else None
        media = "multipart/form-data" if multipart else "application/json"
        if media not in content:
            return f"{media} is not accepted here" if content else None
        where = ("paths", template, method.lower(), "requestBody", "content", media, "schema")
        return self._complaint("request", where, payload)

    def check_answer(self, method: str, template: str, status: int, payload: Any) -> str | None:
        """Whether `payload` is what Discord would answer with this `status`."""
        operation = self._operation(method, template)
        if operation is None or status >= 500:
            return None
        if status == 429:
            return self._complaint("answer", ("components", "schemas", "RatelimitedResponse"), payload)
        if status >= 400:
            return self._complaint("answer", ("components", "schemas", "ErrorResponse"), payload)
        if str(status) not in operation["responses"]:
            return f"status {status} is not among {sorted(operation['responses'])}"
        if "content" not in operation["responses"][str(status)]:
            return None if payload is None else "an answer without body was expected"
        media = ("responses", str(status), "content", "application/json", "schema")
        return self._complaint("answer", ("paths", template, method.lower(), *media), payload)

    def knows(self, method: str, template: str) -> bool:
        """Whether the description has this operation."""
        return bool(self.reason) or self._operation(method, template) is not None

    def _operation(self, method: str, template: str) -> Any:
        return self._operations.get(template, {}).get(method.lower())

    def _complaint(self, side: str, where: tuple[str, ...], payload: Any) -> str | None:
        error = best_match(self._validator(side, where).iter_errors(payload))
        if error is None:
            return None
        return f"{'.'.join(str(part) for part in error.absolute_path) or 'body'}: {error.message[:400]}"

    def _validator(self, side: str, where: tuple[str, ...]) -> Any:
        if (side, *where) not in self._validators:
            pointer = "/".join(part.replace("~", "~0").replace("/", "~1") for part in where)
            pointer = pointer.replace("{", "%7B").replace("}", "%7D")
            schema = {"$ref": f"{URI}#/{pointer}"}
            self._validators[side, *where] = self._class(schema, registry=self._registries[side])
        return self._validators[side, *where]


def _registry(description: dict[str, Any]) -> Any:
    _absolute(description)
    resource = Resource.from_contents(description, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry()
    return registry.with_resource(URI, resource)


def _absolute(node: Any) -> None:
    """Turn `#/…` references into absolute ones, so that any part can be validated on its own."""
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            _absolute(child)
    if isinstance(node, dict) and isinstance(node.get("$ref"), str) and node["$ref"].startswith("#"):
        node["$ref"] = URI + node["$ref"]


def _accept_numbers_as_snowflakes(description: dict[str, Any]) -> None:
    """Discord takes a snowflake as a JSON number too, and discord.py sends some so; the description omits it."""
    pattern = {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"}
    description["components"]["schemas"]["SnowflakeType"] = {"anyOf": [pattern, {"type": "integer", "minimum": 0}]}
