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
MULTIPART_METHODS = ("POST", "PATCH", "PUT")


def specification_file() -> Path:
    """Where Discord's OpenAPI file is looked for."""
    return Path(os.environ.get("DISCORD_OPENAPI", DEFAULT_FILE))


def _branch_types(validator: Any, branch: dict[str, Any]) -> tuple[int, ...] | None:
    """The values that a union's branch allows in `type`; None when it does not say."""
    if "$ref" in branch:
        branch = validator._resolver.lookup(branch["$ref"]).contents
    allowed = branch.get("properties", {}).get("type", {})
    return tuple(allowed["enum"]) if isinstance(allowed, dict) and "enum" in allowed else None


class _Unions:
    """`oneOf`/`anyOf` of things that carry their kind in `type`: look at the one branch that can fit.

    Much faster than trying all, and the complaint is about the right branch.
    """

    def __init__(self) -> None:
        self._tables: dict[int, dict[int, dict[str, Any]] | None] = {}

    def check(self, keyword: str) -> Any:
        plain = Draft202012Validator.VALIDATORS[keyword]

        def union(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
            table = self._table(validator, branches)
            if table is None or not isinstance(instance, dict) or instance.get("type") not in table:
                yield from plain(validator, branches, instance, schema)
                return
            yield from validator.descend(instance, table[instance["type"]])

        return union

    def _table(self, validator: Any, branches: list[dict[str, Any]]) -> dict[int, dict[str, Any]] | None:
        if id(branches) not in self._tables:
            table: dict[int, dict[str, Any]] | None = {}
            for branch in branches:
                for kind in _branch_types(validator, branch) or ("none",):
                    table = None if table is None or kind in table or kind == "none" else table | {kind: branch}
            self._tables[id(branches)] = table
        return self._tables[id(branches)]


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
            Draft202012Validator, {"oneOf": unions.check("oneOf"), "anyOf": unions.check("anyOf")}
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


def _registry(description: dict[str, Any]) -> Registry[Any]:
    _absolute(description)
    resource = Resource.from_contents(description, default_specification=DRAFT202012)
    return Registry().with_resource(URI, resource)


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
