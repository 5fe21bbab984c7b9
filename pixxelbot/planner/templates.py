"""The prompt templates in `prompts/`, each with a version in its first line."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pixxelbot.planner.library import prompts_folder


def render(name: str, **values: Any) -> str:
    """The template `NAME.j2` filled in.

    Raises:
        jinja2.UndefinedError: the template asks for a value that was not given.
    """
    return _environment().get_template(f"{name}.j2").render(**values).strip()


@cache
def version(name: str) -> str:
    """Name and version of a template, such as `plan.system v1`."""
    head = (prompts_folder() / f"{name}.j2").read_text(encoding="utf-8").partition("\n")[0]
    match = re.fullmatch(r"\{# version: (\d+) #\}", head.strip())
    if not match:
        raise ValueError(f"the template {name}.j2 lacks its first line {{# version: N #}}")
    return f"{name} v{match[1]}"


@cache
def _environment() -> Environment:
    # The result is text for a language model, where HTML escapes would be noise.
    return Environment(loader=FileSystemLoader(prompts_folder()), undefined=StrictUndefined, autoescape=False)  # noqa: S701
