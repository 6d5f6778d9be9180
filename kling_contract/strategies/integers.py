"""Whole numbers to draw, each strategy made once: making one takes longer than drawing from it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


@functools.cache
def index(count: int) -> SearchStrategy[int]:
    """Return the strategy of a place in a list of so many, the first being the simplest."""
    return st.integers(0, count - 1)


@functools.cache
def between(least: int, most: int) -> SearchStrategy[int]:
    """Return the whole numbers from `least` to `most`."""
    return st.integers(least, most)
