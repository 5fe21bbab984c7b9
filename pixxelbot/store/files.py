"""Picture files, in a local folder or anywhere fsspec reaches: either whole under their name, or not there."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import fsspec

from pixxelbot.errors import ConfigurationError, NotFound, StorageFull, StorageUnwritable

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a file system says that has no room left for this user."""
PARTIAL: Final = ".part"
"""Ending of a file that is being written."""


class PictureFiles:
    """Files by key, such as `01KA/01KA….png`. The methods block; call them in a thread.

    `variable` is where the operator said so.
    """

    def __init__(self, url: str, variable: str = "PIXXELBOT_HOME") -> None:
        self.url, self.variable = url, variable
        try:
            self._remote, root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ConfigurationError("PIXXELBOT_STORAGE", url, f"write a URL that fsspec knows ({error})") from error
        self._root = str(root)
        self._local = Path(self._root) if "file" in _protocols(self._remote) else None

    @property
    def folder(self) -> Path | None:
        """The local folder, where there is one."""
        return self._local

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write all of them durably, or leave none.

        Raises:
            StorageFull: no room; nothing of these files is left.
            StorageUnwritable: the folder cannot be written.
        """
        written: list[str] = []
        try:
            with self._words(sum(map(len, files.values()))):
                folders = self._make_folders(files)
                for key, data in files.items():
                    written.append(key)
                    self._write(key, data)
                self._sync(folders)
        except (StorageFull, StorageUnwritable):
            self.remove(written)
            raise

    def read(self, key: str) -> bytes:
        """The bytes under a key.

        Raises:
            NotFound: there are none.
        """
        try:
            content: bytes = self._remote.cat_file(f"{self._root}/{key}")
        except FileNotFoundError:
            raise NotFound("picture file", key) from None
        return content

    def remove(self, keys: list[str]) -> None:
        """Remove these; what is not there needs no removing."""
        for key in keys:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                self._remote.rm_file(f"{self._root}/{key}")

    def older_than(self, seconds: float) -> Iterator[list[str]]:
        """Keys of files untouched for so long, one folder at a time; half-written ones too."""
        limit = time.time() - seconds
        with contextlib.suppress(FileNotFoundError):
            for folder in sorted(self._remote.ls(self._root, detail=False)):
                name = str(folder).rsplit("/", 1)[-1]
                if not self._remote.isdir(folder):
                    continue
                found = self._remote.ls(folder, detail=True, refresh=True)
                yield [f"{name}/{_name(entry)}" for entry in found if _touched(entry) <= limit]

    def free(self) -> int | None:
        """Bytes free on the local disk; None where that has no meaning."""
        if self._local is None:
            return None
        folder = self._local
        while not folder.exists():
            folder = folder.parent
        return shutil.disk_usage(folder).free

    def _write(self, key: str, data: bytes) -> None:
        if self._local is None:
            self._remote.pipe_file(f"{self._root}/{key}", data)
            return
        path = self._local / key
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
        try:
            with partial.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise

    def _make_folders(self, keys: Iterable[str]) -> set[Path]:
        """The folders whose names change: those of the files, and above each one that is new, its parent."""
        if self._local is None:
            return set()
        folders = {(self._local / key).parent for key in keys}
        above = {folder.parent for folder in folders if not folder.exists()}
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        return folders | above

    def _sync(self, folders: set[Path]) -> None:
        """Make the new names themselves outlive a power cut."""
        if os.name == "nt":  # Windows cannot open a folder; NTFS journals names itself
            return
        for folder in folders:
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    @contextlib.contextmanager
    def _words(self, needed: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in FULL:
                raise StorageFull(self.url, self.free() or 0, needed) from error
            raise StorageUnwritable(self.url, error.strerror or str(error), self.variable) from error


def _protocols(filesystem: fsspec.AbstractFileSystem) -> tuple[str, ...]:
    known = filesystem.protocol
    return (known,) if isinstance(known, str) else tuple(known)


def _name(entry: Mapping[str, object]) -> str:
    return str(entry["name"]).rsplit("/", 1)[-1]


def _touched(entry: Mapping[str, object]) -> float:
    """Unix seconds of the last change; a store that does not say has its files spared."""
    when = entry.get("mtime") or entry.get("LastModified") or entry.get("created")
    if hasattr(when, "timestamp"):
        return float(when.timestamp())
    return float(when) if isinstance(when, int | float) else float("inf")
