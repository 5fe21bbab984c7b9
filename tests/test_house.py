"""The house's import rules: which room may know which, and where each foreign library lives."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
HOUSE: Final = ROOT / "pixxelbot"

VALUES: Final = frozenset(
    {
        "errors", "fetch", "frames", "hub", "intent", "job", "memory", "models", "picture", "profile", "question",
        "recipe", "region", "rights", "rules", "settings", "vote",
    }
)  # fmt: skip
"""Modules that every room may import, and that import only one another."""

MAY_IMPORT: Final[dict[str, frozenset[str]]] = {
    "app": frozenset({"chat", "web", "studio", "planner", "store", "dispatch"}),
    "chat": frozenset({"studio"}),
    "web": frozenset({"studio"}),
    "cli": frozenset({"app", "studio", "store.admin", "evaluation", "bundled"}),
    "studio": frozenset({"planner", "store", "dispatch"}),
    "dispatch": frozenset({"store"}),
    "engine": frozenset(),
    "planner": frozenset(),
    "store": frozenset(),
    "evaluation": frozenset({"engine", "bundled"}),
    "bundled": frozenset(),
} | dict.fromkeys(VALUES, frozenset())
"""Room → rooms it may import, besides itself and the values."""

LIVES_IN: Final = {
    "torch": {"engine", "evaluation", "bundled"},
    "diffusers": {"engine", "evaluation", "bundled"},
    "transformers": {"engine", "evaluation", "bundled"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "discord": {"chat"},
    "openai": {"planner"},
    "jinja2": {"planner"},
    "typer": {"cli"},
    "rich": {"cli"},
    "huggingface_hub": {"hub"},
}
"""Foreign library → the rooms that may know it."""

HEAVY: Final = frozenset({"torch", "diffusers", "transformers"})


def modules() -> list[Path]:
    return sorted(file for file in HOUSE.rglob("*.py") if file.name != "__init__.py" or file.stat().st_size)


def room_of(file: Path) -> str:
    return file.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(file: Path) -> Iterator[str]:
    """Dotted names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are written out in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_allowed(room: str, imported: str) -> bool:
    other = imported.removeprefix("pixxelbot.")
    if other == "__version__":
        return True
    if other.split(".")[0] in {room, *VALUES}:
        return True
    return any(other == known or other.startswith(f"{known}.") for known in MAY_IMPORT[room])


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(HOUSE)))
def test_a_room_imports_only_the_rooms_below_it(file: Path) -> None:
    own = [name for name in imports(file) if name.startswith("pixxelbot.")]
    assert [name for name in own if not is_allowed(room_of(file), name)] == []


@pytest.mark.parametrize("file", modules(), ids=lambda file: str(file.relative_to(HOUSE)))
def test_a_foreign_library_stays_in_its_room(file: Path) -> None:
    roots = {name.split(".")[0] for name in imports(file)}
    assert [name for name in roots if room_of(file) not in LIVES_IN.get(name, {room_of(file)})] == []


def test_the_dispatcher_knows_a_renderer_only_through_its_seam() -> None:
    deciding = list((HOUSE / "dispatch").glob("*.py"))
    assert [
        file for file in deciding for name in imports(file) if name.startswith("pixxelbot.dispatch.renderers")
    ] == []


def test_nothing_outside_the_engine_loads_torch() -> None:
    names = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in modules()
        if room_of(file) not in {"engine", "evaluation", "bundled"}
    ]
    heavy = sorted(HEAVY)
    script = f"import sys, {', '.join([*names, 'bot'])}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_room_is_named_in_the_rules() -> None:
    assert {room_of(file) for file in modules()} <= MAY_IMPORT.keys()
