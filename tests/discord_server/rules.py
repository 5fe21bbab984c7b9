"""Discord's limits on messages, components and modals that its OpenAPI file does not state.

Numbers from Discord's documentation (Components, Message, Embed limits), August 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.discord_server.errors import Refusal, field_error
from tests.discord_server.world import COMPONENTS_V2, Attachment

Json = dict[str, Any]

CONTENT_LIMIT = 2000
EMBED_TEXT_LIMIT = 6000
"""Characters of all embeds of a message together."""
ROWS, BUTTONS_IN_ROW, V2_COMPONENTS, V2_TEXT = 5, 5, 40, 4000
SELECTS = (3, 5, 6, 7, 8)
ROW, BUTTON, SELECT, TEXT_INPUT, LABEL, FILE_UPLOAD, CHECKBOX = 1, 2, 3, 4, 18, 19, 23


def walk(components: list[Json]) -> Iterator[Json]:
    """All components, nested ones too, in the order they are seen."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("component", "accessory"):
            if component.get(key):
                yield from walk([component[key]])


def check_message(content: str, embeds: list[Json], components: list[Json], flags: int, filenames: set[str]) -> None:
    """Refuse a message that Discord would refuse, judged as it would be after the edit."""
    if len(content) > CONTENT_LIMIT:
        raise field_error("content", "BASE_TYPE_MAX_LENGTH", f"Must be {CONTENT_LIMIT} or fewer in length.")
    if flags & COMPONENTS_V2:
        _check_v2(content, embeds, components, filenames)
    else:
        _check_rows(components)
    if sum(_embed_text(embed) for embed in embeds) > EMBED_TEXT_LIMIT:
        raise field_error("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    for embed in embeds:
        for key in ("image", "thumbnail"):
            _check_reference((embed.get(key) or {}).get("url"), filenames, f"embeds.0.{key}")
    check_custom_ids(components)


def _check_v2(content: str, embeds: list[Json], components: list[Json], filenames: set[str]) -> None:
    if content or embeds:
        message = "The 'content' and 'embeds' fields cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        raise field_error("flags", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    everything = list(walk(components))
    if not 1 <= len(everything) <= V2_COMPONENTS:
        raise field_error("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", f"{len(everything)} components")
    text = sum(len(part.get("content") or "") for part in everything if part["type"] == 10)
    if text > V2_TEXT:
        raise field_error("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", f"{text} characters of text")
    for part in everything:
        media = [item.get("media") for item in part.get("items") or []] + [part.get("media"), part.get("file")]
        for item in media:
            _check_reference((item or {}).get("url"), filenames, "components")
    _check_row_contents(part for part in everything if part["type"] == ROW)


def _check_rows(components: list[Json]) -> None:
    if len(components) > ROWS:
        raise field_error("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for index, row in enumerate(components):
        if row["type"] != ROW:
            message = 'Value of field "type" must be one of (1,).'
            raise field_error(f"components.{index}.type", "UNION_TYPE_CHOICES", message)
    _check_row_contents(components)


def _check_row_contents(rows: Any) -> None:
    for row in rows:
        kinds = [part["type"] for part in row["components"]]
        selects = sum(kind in SELECTS for kind in kinds)
        if not kinds or len(kinds) > BUTTONS_IN_ROW or selects > 1 or (selects and len(kinds) > 1):
            message = "The specified component exceeds the maximum width"
            raise field_error("components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", message)
        for part in row["components"]:
            _check_part(part)


def _check_part(part: Json) -> None:
    if part["type"] == BUTTON:
        link, named = part["style"] == 5, bool(part.get("custom_id"))
        if link == named or link != bool(part.get("url")):
            message = "A custom id and url cannot both be specified, and one is required"
            raise field_error("components", "COMPONENT_CUSTOM_ID_REQUIRED", message)
        if not part.get("label") and not part.get("emoji"):
            raise field_error("components", "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji")
    if part["type"] == SELECT:
        values = [option["value"] for option in part["options"]]
        if len(set(values)) < len(values):
            raise field_error("components", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "Option values must be unique")
        if (part.get("max_values") or 1) > len(values) or (part.get("min_values") or 0) > (part.get("max_values") or 1):
            raise field_error("components", "NUMBER_TYPE_MAX", "min_values and max_values must fit the options")


def check_custom_ids(components: list[Json]) -> None:
    """Every custom_id at most 100 characters, and unique in its message or modal."""
    ids = [part["custom_id"] for part in walk(components) if part.get("custom_id")]
    if any(len(id) > 100 for id in ids):
        raise field_error("components", "BASE_TYPE_BAD_LENGTH", "custom_id must be between 1 and 100 in length.")
    if len(set(ids)) < len(ids):
        raise field_error("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")


def check_modal(modal: Json) -> None:
    """A modal has one to five top-level components and a title of 1–45 characters."""
    if not 1 <= len(modal["components"]) <= 5:
        raise field_error("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    if not 1 <= len(modal["title"]) <= 45:
        raise field_error("data.title", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 45 in length.")
    check_custom_ids(modal["components"])


def _embed_text(embed: Json) -> int:
    parts = [embed.get("title"), embed.get("description")]
    parts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for one in embed.get("fields") or []:
        parts += [one["name"], one["value"]]
    return sum(len(part or "") for part in parts)


def _check_reference(url: str | None, filenames: set[str], path: str) -> None:
    if url and url.startswith("attachment://") and url.removeprefix("attachment://") not in filenames:
        raise field_error(path, "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND", f"{url} was not found")


def check_mentions(mentions: Json | None) -> None:
    """`parse` and the matching list exclude one another."""
    mentions = mentions or {}
    for kind in ("users", "roles"):
        if mentions.get(kind) and kind in (mentions.get("parse") or []):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            raise field_error("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)


def answer_components(components: list[Json], attachments: list[Attachment], urls: dict[str, str]) -> list[Json]:
    """Components as Discord gives them back: numbered, without nulls, media resolved to CDN addresses."""
    numbered = _Numbering(attachments, urls)
    return [numbered.answer(component) for component in components]


class _Numbering:
    def __init__(self, attachments: list[Attachment], urls: dict[str, str]) -> None:
        self._next = 0
        self._attachments = {file.filename: file for file in attachments}
        self._urls = urls

    def answer(self, component: Json) -> Json:
        self._next += 1
        answer = {key: value for key, value in component.items() if value is not None}
        answer.setdefault("id", self._next)
        for key in ("component", "accessory"):
            if key in answer:
                answer[key] = self.answer(answer[key])
        if "components" in answer:
            answer["components"] = [self.answer(child) for child in answer["components"]]
        return self._complete(answer)

    def _complete(self, answer: Json) -> Json:
        kind = answer["type"]
        if "emoji" in answer:
            answer["emoji"] = {key: value for key, value in answer["emoji"].items() if value is not None}
        if kind in SELECTS:
            answer.setdefault("min_values", 1)
            answer.setdefault("max_values", 1)
        if kind == SELECT:
            answer["options"] = [{k: v for k, v in option.items() if v is not None} for option in answer["options"]]
        if kind == 17:
            answer = {"accent_color": None, "spoiler": False} | answer
        if kind == 14:
            answer = {"spacing": 1, "divider": True} | answer
        if kind == 11:
            answer = {"description": None, "spoiler": False} | answer | {"media": self._media(answer["media"])}
        if kind == 12:
            answer["items"] = [
                {"description": None, "spoiler": False} | item | {"media": self._media(item["media"])}
                for item in answer["items"]
            ]
        if kind == 13:
            file = self._media(answer["file"])
            answer = {"spoiler": False, "name": None, "size": None} | answer | {"file": file}
        return answer

    def _media(self, media: Json) -> Json:
        file = self._attachments.get(media["url"].removeprefix("attachment://"))
        if file is None:
            return {"id": "0", "url": media["url"], "proxy_url": media["url"], "width": None, "height": None}
        url = self._urls[file.id]
        return {
            "id": file.id,
            "url": url,
            "proxy_url": url,
            "width": file.width,
            "height": file.height,
            "content_type": file.content_type,
            "attachment_id": file.id,
        }


def refuse_unless(condition: object, code: int) -> None:
    """Raise Discord's error `code` when the condition does not hold."""
    if not condition:
        raise Refusal(code)
