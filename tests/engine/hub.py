"""A hub on the loopback interface: hands out folders as repositories, as `huggingface_hub` asks for them."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "c0ffee" + "0" * 34


class Hub(ThreadingHTTPServer):
    """Repositories by id."""

    def __init__(self, repositories: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Desk)
        self.repositories = repositories
        self.fetched: list[str] = []
        """Files handed out, in order."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def opened(**repositories: Path) -> Iterator[Hub]:
    """A running hub; `somebody__tiny=folder` is the repository `somebody/tiny`."""
    hub = Hub({name.replace("__", "/"): folder for name, folder in repositories.items()})
    thread = threading.Thread(target=hub.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.shutdown()
        hub.server_close()
        thread.join(10)


@contextmanager
def silent() -> Iterator[str]:
    """The address of a hub that takes every call and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


class _Desk(BaseHTTPRequestHandler):
    server: Hub

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self, with_body: bool) -> None:
        path = self.path.partition("?")[0].removeprefix("/api/models/").strip("/")
        for name, folder in self.server.repositories.items():
            if not path.startswith(name):
                continue
            rest = path.removeprefix(name).strip("/")
            if rest.startswith("resolve/"):
                self._file(folder, rest.split("/", 2)[2], with_body)
            elif rest.startswith("tree/"):
                self._json([_entry(folder, file) for file in _files(folder)])
            else:
                found = [{"rfilename": file} for file in _files(folder)]
                self._json({"id": name, "modelId": name, "sha": COMMIT, "siblings": found, "private": False})
            return
        self._send(404, b"{}", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}, with_body)

    def _file(self, folder: Path, file: str, with_body: bool) -> None:
        content = (folder / file).read_bytes()
        if with_body:
            self.server.fetched.append(file)
        tag = hashlib.sha256(content).hexdigest()
        self._send(200, content, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}, with_body)

    def _json(self, value: object) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json"}, True)

    def _send(self, status: int, content: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(content)


def _files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def _entry(folder: Path, file: str) -> dict[str, object]:
    content = (folder / file).read_bytes()
    return {"type": "file", "path": file, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
