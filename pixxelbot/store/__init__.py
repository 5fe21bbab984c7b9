from pixxelbot.store.store import Store

__all__ = ["Store"]
