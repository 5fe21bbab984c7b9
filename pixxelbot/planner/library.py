"""The prompts folder: at the repository's root beside the package, or inside the installed package."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

PACKAGE: Final = Path(str(resources.files("pixxelbot")))


@cache
def prompts_folder() -> Path:
    """Where templates, styles and expansion rules lie.

    Raises:
        FileNotFoundError: the installation lacks them.
    """
    for folder in (PACKAGE / "prompts", PACKAGE.parent / "prompts"):
        if (folder / "plan.system.j2").is_file():
            return folder
    raise FileNotFoundError(f"there is no prompts folder in {PACKAGE} or beside it; install pixxelbot again")


def read_yaml(file: Path) -> dict[str, Any]:
    """The mapping in a YAML file of the prompts folder.

    Raises:
        ValueError: the file holds something else.
    """
    content = yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    if not isinstance(content, dict):
        raise ValueError(f"{file} does not hold a mapping")
    return content
