"""Values within a bound: when there are too many, those that nobody used for longest go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

V = TypeVar("V")


class Bounded(Generic[V]):
    """Values by key, each of a size, `most` in all; `gone` is called with each value that has to go.

    With `alone`, the last one is kept even if it alone is larger than that, unless `most` is 0. A key is `owner/name`,
    so that all of one owner can be forgotten at once. Any thread may use this.
    """

    def __init__(self, most: int, gone: Callable[[V], object] | None = None, *, alone: bool = False) -> None:
        self.most, self._gone, self._alone = most, gone, alone and most > 0
        self._held: OrderedDict[str, tuple[V, int]] = OrderedDict()
        self._owned: dict[str, set[str]] = {}
        self._size = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> V | None:
        """Return a value, which is then the one that was used last."""
        with self._lock:
            if key not in self._held:
                return None
            self._held.move_to_end(key)
            return self._held[key][0]

    def peek(self, key: str) -> V | None:
        """Return a value without using it."""
        found = self._held.get(key)
        return None if found is None else found[0]

    def put(self, key: str, value: V, size: int) -> bool:
        """Keep a value in place of any that has its key; False, and nothing kept, if it is larger than the bound."""
        self.drop(key)
        if size > self.most and not self._alone:
            return False
        with self._lock:
            self._held[key] = value, size
            self._owned.setdefault(_owner(key), set()).add(key)
            self._size += size
            going = []
            while self._size > self.most and (len(self._held) > 1 or not self._alone):
                going.append(self._taken(next(iter(self._held))))
        self._let_go(going)
        return True

    def drop(self, key: str) -> None:
        """Let one value go, if there is one."""
        self._drop([key])

    def forget(self, owner: str) -> None:
        """Let everything go whose key begins with `owner`, which ends with a slash."""
        with self._lock:
            keys = list(self._owned.get(owner, ()))
        self._drop(keys)

    def _drop(self, keys: list[str]) -> None:
        with self._lock:
            going = [self._taken(key) for key in keys if key in self._held]
        self._let_go(going)

    def _let_go(self, values: list[V]) -> None:
        if self._gone is not None:
            for value in values:
                self._gone(value)

    def _taken(self, key: str) -> V:
        value, size = self._held.pop(key)
        self._size -= size
        keys = self._owned[_owner(key)]
        keys.discard(key)
        if not keys:
            del self._owned[_owner(key)]
        return value


def _owner(key: str) -> str:
    return key[: key.index("/") + 1]
