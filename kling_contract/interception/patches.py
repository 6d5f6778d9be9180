"""Attributes of other modules that are replaced for a time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Patch(NamedTuple):
    """`value` stands for what `owner`, a module or a class, has or inherits under `name`."""

    owner: Any
    name: str
    value: Any


@contextmanager
def applied(patches: Sequence[Patch]) -> Iterator[None]:
    """Replace attributes, and put back what was there, even if it was only inherited; what others put there stays."""
    absent = object()
    before = [vars(owner).get(name, absent) for owner, name, _ in patches]
    for patch in patches:
        setattr(*patch)
    try:
        yield
    finally:
        for (owner, name, ours), value in zip(reversed(patches), reversed(before), strict=True):
            if vars(owner).get(name, absent) is ours:
                delattr(owner, name) if value is absent else setattr(owner, name, value)
