"""Which event loop runs."""

from __future__ import annotations

import asyncio


def is_asyncio() -> bool:
    """Say whether asyncio's event loop runs in this thread; on another (trio's) what needs it is done at once."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
