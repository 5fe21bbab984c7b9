"""Migrations go up and down on both databases and agree with the models."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from pixxelbot.errors import StoreError
from pixxelbot.settings import Settings
from pixxelbot.store import Store, migrations
from tests import factories


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def write_version(connection: Connection, version: str) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = :version"), {"version": version})


async def test_up_agrees_with_the_models_and_down_leaves_nothing(settings: Settings) -> None:
    store = await Store.open(settings)
    assert await store.migrate() is None
    assert await store.database.write(migrations.differences) == []
    await store.migrate()
    await store.accept(factories.request())
    await store.downgrade("base")
    assert await store.database.read(tables) == {"alembic_version"}
    await store.migrate()
    assert await store.requests() == []
    assert await store.database.write(migrations.differences) == []
    await store.close()


async def test_a_database_that_is_behind_is_backed_up_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await Store.open(factories.settings(tmp_path))
    await store.migrate()
    address = factories.Address(channel_id="1", interaction_token="very-secret-token")
    asked, _ = await store.accept(factories.request(address=address))
    await store.close()

    old = await Store.open(factories.settings(tmp_path))
    monkeypatch.setattr(migrations, "head", lambda: "9998")
    saved = await old.migrate()
    await old.close()
    assert saved and saved.parent == tmp_path / "backups"
    with sqlite3.connect(saved) as copy:
        assert copy.execute("SELECT id, interaction_token FROM requests").fetchall() == [(asked.id, None)]
    assert b"very-secret-token" not in saved.read_bytes()


async def test_a_database_of_a_newer_version_is_left_alone(settings: Settings) -> None:
    store = await Store.open(settings)
    await store.migrate()
    await store.database.write(lambda connection: write_version(connection, "9999"))
    with pytest.raises(StoreError, match="newer version"):
        await store.migrate()
    await store.close()


def test_the_migrations_are_found_beside_the_package_or_inside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (migrations.folder() / "env.py").is_file()
    (tmp_path / "migrations").mkdir()
    monkeypatch.setattr(migrations, "PACKAGE", tmp_path)
    assert migrations.folder() == tmp_path / "migrations"
