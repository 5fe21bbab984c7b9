"""Stores on both databases."""

from tests.databases import server, settings, store

__all__ = ["server", "settings", "store"]
