"""Pictures: files that are whole or absent, rows that keep their place in the lineage."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixxelbot.errors import NotFound, StorageFull, StorageUnwritable
from pixxelbot.job import Address, Status
from pixxelbot.settings import Settings
from pixxelbot.store import Store
from pixxelbot.store.files import PictureFiles
from tests import factories
from tests.databases import drawn, rendered, running, stored_files


async def test_an_upload_is_kept_and_read_back(store: Store) -> None:
    picture = await store.keep_upload(factories.png(), "discord:1", 64, 48)
    assert picture.upload and await store.picture(picture.id) == picture
    assert await store.picture_bytes(picture.id) == factories.png()
    assert picture in await store.pictures(member="discord:1")


async def test_lineage_is_walked_both_ways(store: Store) -> None:
    upload = await store.keep_upload(factories.png(), "discord:1", 64, 48)
    child_job = await drawn(store, recipe=factories.recipe(kind="vary", sources=(upload.id,), count=2))
    child, sibling = await store.pictures(job=child_job.id)
    grandchild_job = await drawn(store, recipe=factories.recipe(kind="vary", sources=(child.id, upload.id)))
    (grandchild,) = await store.pictures(job=grandchild_job.id)
    assert grandchild.parents == (child.id, upload.id)
    assert [one.id for one in await store.ancestors(grandchild.id)] == [child.id, upload.id]
    assert {one.id for one in await store.children(upload.id)} == {child.id, sibling.id, grandchild.id}
    assert await store.children(sibling.id) == []


async def test_a_deleted_picture_leaves_its_row_and_takes_its_bytes_and_grid(store: Store, settings: Settings) -> None:
    job = await drawn(store, recipe=factories.recipe(count=2))
    first, second = await store.pictures(job=job.id)
    await store.delete_picture(first.id, by="discord:1")
    assert (await store.picture(first.id)).deleted
    with pytest.raises(NotFound):
        await store.picture_bytes(first.id)
    assert await store.grid_bytes(job.id) is None
    assert await store.picture_bytes(second.id)
    assert len(stored_files(settings)) == 1


async def test_pictures_are_listed_in_pages_without_gap_or_repeat(store: Store) -> None:
    for number in range(3):
        await drawn(
            store, factories.request(address=Address(channel_id=str(number % 2))), recipe=factories.recipe(count=3)
        )
    await store.keep_upload(factories.png(), "discord:1", 64, 48)
    everything = [one.id for one in await store.pictures(member="discord:1")]
    paged: list[str] = []
    while page := await store.pictures(member="discord:1", limit=2, before=paged[-1] if paged else None):
        paged += [one.id for one in page]
    assert paged == everything and len(everything) == 10
    assert len(await store.pictures(channel="1")) == 3


async def test_a_message_leads_to_its_pictures(store: Store) -> None:
    job = await drawn(store, recipe=factories.recipe(count=2))
    (entry,) = await store.due(time.time())
    await store.delivered(entry, "555")
    await store.remember_message(job.id, "556", "20")
    await store.remember_message(job.id, "556", "20")
    for message in ("555", "556"):
        assert [one.index for one in await store.pictures_of_message(message)] == [0, 1]
    assert await store.pictures_of_message("1") == []


async def test_the_sweep_removes_old_files_without_rows_and_nothing_else(store: Store, settings: Settings) -> None:
    await drawn(store, recipe=factories.recipe(count=2))
    known = stored_files(settings)
    orphan, half = known[0].with_name("01ORPHAN.png"), known[0].with_name(".01HALF.png.ab12.part")
    for file in (orphan, half):
        file.write_bytes(b"?")
    assert await store.sweep() == 0
    assert await store.sweep(older_than=-1) == 2
    assert stored_files(settings) == known


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageUnwritable, match="PIXXELBOT_HOME"):
        await Store.open(factories.settings(tmp_path / "file" / "data"))


async def test_pictures_that_cannot_be_written_leave_the_job_running(store: Store, settings: Settings) -> None:
    job, epoch = await running(store)
    (settings.home / "pictures").write_text("in the way")
    with pytest.raises(StorageUnwritable):
        await store.finish_job(job, epoch, rendered(job))
    assert (await store.job(job.id)).status is Status.RUNNING


def test_a_file_system_by_url_serves_as_well() -> None:
    files = PictureFiles("memory://pixxelbot-test")
    files.write({"01AB/01ABC.png": b"one"})
    assert files.read("01AB/01ABC.png") == b"one"
    assert files.free() is None
    files.remove(["01AB/01ABC.png", "01AB/gone.png"])
    with pytest.raises(NotFound):
        files.read("01AB/01ABC.png")


FULL_DISK = """
import os, resource, signal, sys
from pixxelbot.errors import StorageFull
from pixxelbot.store.files import PictureFiles
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
files = PictureFiles(sys.argv[1])
try:
    files.write({"01AA/first.png": bytes(50_000), "01AB/second.png": bytes(200_000)})
except StorageFull as error:
    print(error.code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file size limit to set")
def test_a_disk_that_fills_in_the_middle_of_a_save_leaves_no_half_file(tmp_path: Path) -> None:
    """The kernel itself cuts the write off, as it does on a full disk."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, tmp_path.as_uri()], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == StorageFull.code
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []
