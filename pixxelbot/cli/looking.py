"""Commands that look at what was drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.tree import Tree

from pixxelbot.cli import session
from pixxelbot.cli.screen import Json, Screen, short, table, when

if TYPE_CHECKING:
    from pixxelbot.picture import Picture

PictureId = Annotated[str, typer.Argument(metavar="ID", help="Id of a picture, or its beginning.")]


def history(
    member: Annotated[
        str | None, typer.Option("--member", help="Only this member's, such as discord:123 or cli:anna.")
    ] = None,
    job: Annotated[str | None, typer.Option("--job", help="Only this job's.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, newest first.")] = 20,
    json: Json = False,
) -> None:
    """List pictures, newest first."""
    session.wait_for(_history(Screen(json), member, job, limit))


async def _history(screen: Screen, member: str | None, job: str | None, limit: int) -> None:
    async with session.opened(console=screen.news, draws=False) as app:
        job_id = (await app.store.job(job)).id if job else None
        found = await app.store.pictures(member=member, job=job_id, limit=limit)
    shown = table(f"{len(found)} pictures", "id", "made", "by", "size", "seed", "kind", "prompt")
    for one in found:
        kind = "deleted" if one.deleted else "upload" if one.upload else one.recipe.kind
        size = f"{one.width}×{one.height}"
        shown.add_row(one.id, when(one.created_at), one.member_id, size, str(one.seed), kind, short(one.recipe.prompt))
    screen.answer({"pictures": [described(one) for one in found]}, shown)


def show(
    picture: PictureId,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Copy the PNG to this file.", dir_okay=False)
    ] = None,
    json: Json = False,
) -> None:
    """Show one picture's recipe, where it comes from and what became of it."""
    session.wait_for(_show(Screen(json), picture, out))


async def _show(screen: Screen, name: str, out: Path | None) -> None:
    from pixxelbot.cli.drawing import copied

    async with session.opened(console=screen.news, draws=False) as app:
        found = await app.store.picture(name)
        children = await app.store.children(found.id)
        path = await copied(out.parent, out.name, await app.store.picture_bytes(found.id)) if out else None
    answer = described(found) | {
        "recipe": found.recipe.model_dump(mode="json"),
        "children": [child.id for child in children],
        "path": path and str(path),
    }
    screen.answer({"picture": answer}, _card(found, children))


def _card(found: Picture, children: list[Picture]) -> RenderableType:
    shown = table(found.id, "", "")
    rows = {
        "made": f"{when(found.created_at)} by {found.member_id}",
        "job": found.job_id,
        "size": f"{found.width}×{found.height}",
        "seed": str(found.seed),
        "sha256": found.sha256,
        "from": ", ".join(found.parents),
        "became": ", ".join(child.id for child in children),
        "state": "deleted" if found.deleted else "",
    }
    recipe = {
        name: str(value) for name, value in found.recipe.model_dump().items() if value not in (None, "", (), False)
    }
    for name, value in (rows | recipe).items():
        if value:
            shown.add_row(name, value)
    return shown


def lineage(picture: PictureId, json: Json = False) -> None:
    """Show the pictures that one comes from, and those that came from it."""
    session.wait_for(_lineage(Screen(json), picture))


async def _lineage(screen: Screen, name: str) -> None:
    async with session.opened(console=screen.news, draws=False) as app:
        found = await app.store.picture(name)
        ancestors = await app.store.ancestors(found.id)
        children = await app.store.children(found.id)
    answer = {
        "picture": found.id,
        "ancestors": [described(one) for one in ancestors],
        "children": [described(one) for one in children],
    }
    screen.answer(answer, _tree(found, ancestors, children))


def _tree(found: Picture, ancestors: list[Picture], children: list[Picture]) -> Tree:
    """Oldest ancestor at the root, then down to the picture, its children below it."""
    oldest_first = sorted(ancestors, key=lambda one: one.created_at)
    root = branch = Tree(_leaf(oldest_first[0]) if oldest_first else _leaf(found, "bold"))
    for ancestor in oldest_first[1:]:
        branch = branch.add(_leaf(ancestor))
    if oldest_first:
        branch = branch.add(_leaf(found, "bold"))
    for child in children:
        branch.add(_leaf(child))
    return root


def _leaf(one: Picture, style: str = "") -> RenderableType:
    from rich.text import Text

    return Text(f"{one.id}  {'upload' if one.upload else one.recipe.kind}  {short(one.recipe.prompt)}", style=style)


def described(one: Picture) -> dict[str, Any]:
    """A picture's row for scripts."""
    return {
        "id": one.id,
        "job": one.job_id,
        "index": one.index,
        "member": one.member_id,
        "kind": one.recipe.kind,
        "prompt": one.recipe.prompt,
        "seed": one.seed,
        "width": one.width,
        "height": one.height,
        "sha256": one.sha256,
        "parents": list(one.parents),
        "created_at": one.created_at,
        "upload": one.upload,
        "deleted": one.deleted,
    }
