"""Where videos live: the store that keeps them, and what a file is by its bytes."""

from __future__ import annotations

from kinetoscope.assets.store import FolderStore, Kept, Store, StoreUnavailable, open_store

__all__ = ["FolderStore", "Kept", "Store", "StoreUnavailable", "open_store"]
