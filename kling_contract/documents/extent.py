"""How large and how deep a document is once every alias and reference is written out.

Eight lines of aliases of aliases say more than any machine can hold, and a parser that recurses falls over a file that
is nested deep enough. Both are counted here first, without recursion over the text and without writing anything out.
"""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

MOST = 100_000  # parts; the largest bundled document has 5000
DEEPEST = 100  # levels

_LARGE = f"more than {MOST} parts, once each alias and reference is written out"
_DEEP = f"more than {DEEPEST} levels deep"


class _Open(msgspec.Struct):
    """A list or mapping that is being read: its parts so far, and the levels below it."""

    anchor: str | None
    size: int = 1
    height: int = 0

    def add(self, size: int, height: int) -> None:
        self.size += size
        self.height = max(self.height, height + 1)


def check_text(text: bytes) -> None:
    """Raise `yaml.MarkedYAMLError` for a YAML text that is too large or too deep, or whose alias is in itself."""
    known: dict[str | None, tuple[int, int]] = {}
    stack = [_Open(None)]
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        problem = _count(event, stack, known) or _excess(stack[-1].size, max(stack[-1].height, len(stack)))
        if problem:
            mark: Any = event.start_mark
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


def _count(event: yaml.Event, stack: list[_Open], known: dict[str | None, tuple[int, int]]) -> str | None:
    """Add what an event brings to the innermost open part; return what is wrong with it."""
    if isinstance(event, yaml.CollectionStartEvent):
        stack.append(_Open(event.anchor))
    elif isinstance(event, yaml.CollectionEndEvent):
        done = stack.pop()
        known[done.anchor] = done.size, done.height
        stack[-1].add(done.size, done.height)
    elif isinstance(event, yaml.ScalarEvent):
        known[event.anchor] = 1, 0
        stack[-1].add(1, 0)
    elif isinstance(event, yaml.AliasEvent):
        if any(each.anchor == event.anchor for each in stack):
            return f"*{event.anchor} stands in itself"
        stack[-1].add(*known.get(event.anchor, (1, 0)))
    return None


def excess(tree: Any) -> str | None:
    """Return what is too much about a tree, whose parts may stand in several places, else None."""
    try:
        return _excess(*_measure(tree, {}))
    except RecursionError:
        return _DEEP


def _excess(size: int, height: int) -> str | None:
    return _LARGE if size > MOST else _DEEP if height > DEEPEST else None


def _measure(node: Any, known: dict[int, tuple[int, int]]) -> tuple[int, int]:
    if not isinstance(node, (dict, list)):
        return 1, 0
    if id(node) not in known:
        below = [_measure(part, known) for part in (node.values() if isinstance(node, dict) else node)]
        size = 1 + sum(size for size, _ in below)
        known[id(node)] = size, max((height + 1 for _, height in below), default=0)
    return known[id(node)]
